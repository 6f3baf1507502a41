//! The protocol as JSON Schema and `OpenRPC`, made from the same types and table that run it.

use crate::call::{self, Method, Scope};
use crate::error::ErrorType;
use crate::{event, version};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The `OpenRPC` 1.4 document: every method with its parameters, answer, scope and errors; every
/// event type; every shared type.
#[must_use]
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let methods: Vec<Value> = call::schemas(&mut generator)
        .into_iter()
        .map(|(method, params, reply)| describe(method, &params.to_value(), reply.as_value()))
        .collect();
    let events: Vec<Value> = event::data_schemas(&mut generator)
        .into_iter()
        .zip(event::TYPES)
        .map(|((name, data), (_, scope))| {
            json!({ "type": name, "scope": scope.word(), "data": data.to_value() })
        })
        .collect();
    generator.subschema_for::<event::Event>();
    generator.subschema_for::<crate::error::Error>();
    generator.subschema_for::<crate::progress::CallProgress>();
    json!({
        "openrpc": "1.4.0",
        "info": {
            "title": "chapar IPC",
            "version": format!("{}.{}", version::MAJOR, version::REVISION),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "methods": methods,
        "components": {
            "schemas": generator.take_definitions(true),
            "errors": errors(),
        },
        "x-events": events,
        "x-scopes": Scope::ALL.iter().map(|scope| scope.word()).collect::<Vec<_>>(),
    })
}

fn describe(method: Method, params: &Value, reply: &Value) -> Value {
    let required: Vec<&str> = params
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let empty = Map::new();
    let properties = params.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let params: Vec<Value> = properties
        .iter()
        .map(|(name, schema)| {
            json!({ "name": name, "required": required.contains(&name.as_str()), "schema": schema })
        })
        .collect();
    json!({
        "name": method.name(),
        "summary": method.doc(),
        "paramStructure": "by-name",
        "params": params,
        "result": { "name": "result", "schema": reply },
        "x-scope": method.scope().word(),
        "x-mutating": method.mutating(),
    })
}

fn errors() -> Map<String, Value> {
    let row = |kind: &ErrorType| {
        let row = json!({
            "code": kind.code(),
            "message": kind.word(),
            "data": {
                "type": kind.word(),
                "retryable": kind.retryable(),
                "exitCode": kind.exit_code(),
            },
        });
        (kind.word().to_owned(), row)
    };
    ErrorType::ALL.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::document;
    use crate::account::Account;
    use crate::email::Email;
    use crate::identity::Identity;
    use crate::mailbox::Mailbox;
    use crate::standard::Object;
    use crate::submission::EmailSubmission;
    use crate::thread::Thread;
    use std::collections::BTreeSet;

    #[test]
    fn the_checked_in_document_is_the_one_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openrpc.json");
        let fresh = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("CHAPAR_BLESS").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap();
        assert!(kept == fresh, "openrpc.json is stale: run the tests once with CHAPAR_BLESS=1");
    }

    #[test]
    fn the_tables_of_the_specification_are_those_of_the_code() {
        let spec = include_str!("../SPEC.md");
        for method in crate::call::Method::ALL {
            let changes = if method.mutating() { "yes" } else { "" };
            let (name, scope, doc) = (method.name(), method.scope().word(), method.doc());
            let row = format!("| `{name}` | {scope} | {changes} | {doc} |");
            assert!(spec.contains(&row), "SPEC.md lacks: {row}");
        }
        for kind in crate::error::ErrorType::ALL {
            let retry = if kind.retryable() { "yes" } else { "" };
            let code = kind.code().to_string().replace('-', "−");
            let row = format!("| `{}` | {code} | {} | {retry} |", kind.word(), kind.exit_code());
            assert!(spec.contains(&row), "SPEC.md lacks: {row}");
        }
    }

    #[test]
    fn the_table_of_events_is_that_of_the_code() {
        let spec = include_str!("../SPEC.md");
        let mut generator = schemars::SchemaGenerator::default();
        let shapes = crate::event::data_schemas(&mut generator);
        for (name, scope) in crate::event::TYPES {
            let begin = format!("| `{name}` | {} | ", scope.word());
            let row = spec.lines().find(|line| line.starts_with(&begin));
            let row = row.unwrap_or_else(|| panic!("SPEC.md lacks: {begin}"));
            let cells: Vec<&str> = row.split(" | ").collect();
            let told: BTreeSet<&str> =
                cells[2].split('`').map(str::trim).filter(|word| !word.is_empty()).collect();
            let (_, schema) = shapes.iter().find(|(shape, _)| shape == name).unwrap();
            let reference = schema.get("$ref").unwrap().as_str().unwrap();
            let target = generator.definitions()[reference.rsplit('/').next().unwrap()].clone();
            let fields = target.get("properties").and_then(|it| it.as_object().cloned());
            let fields = fields.unwrap_or_default();
            assert_eq!(told, fields.keys().map(String::as_str).collect(), "{name}");
            assert!(cells[3].len() > 10, "{row}");
        }
    }

    #[test]
    fn it_fits_one_message() {
        let line = serde_json::to_vec(&document()).unwrap();
        assert!(line.len() < crate::frame::MAX_MESSAGE / 2, "{} bytes", line.len());
    }

    #[test]
    fn every_reference_has_its_target() {
        let document = document();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for piece in text.split("\"$ref\":\"").skip(1) {
            let target = piece.split('"').next().unwrap();
            let name = target.strip_prefix("#/components/schemas/").unwrap();
            assert!(schemas.contains_key(name), "{target}");
        }
    }

    #[test]
    fn the_property_lists_are_those_of_the_types() {
        fn check<T: Object + schemars::JsonSchema>() {
            let schema = schemars::schema_for!(T);
            let known = schema.get("properties").unwrap().as_object().unwrap();
            let known: BTreeSet<&str> = known.keys().map(String::as_str).collect();
            let listed: BTreeSet<&str> = T::PROPERTIES.iter().copied().collect();
            assert_eq!(known, listed, "{}", T::TYPE);
        }
        check::<Account>();
        check::<Email>();
        check::<EmailSubmission>();
        check::<Identity>();
        check::<Mailbox>();
        check::<Thread>();
    }
}
