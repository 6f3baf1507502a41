//! The checked-in `openrpc.json` as a judge: the subset of JSON Schema that it uses, and nothing
//! silently passed over.
//!
//! Stricter than JSON Schema on purpose: a member that the schema does not list is a failure, and
//! so is the word `other`, which is for reading newer daemons and never sent.

use serde_json::{Map, Value};
use std::sync::OnceLock;

/// The document.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        serde_json::from_str(include_str!("../../ipc-protocol/openrpc.json")).unwrap()
    })
}

/// One method's entry.
pub(crate) fn method(name: &str) -> Option<&'static Value> {
    let methods = document()["methods"].as_array().unwrap();
    methods.iter().find(|method| method["name"] == name)
}

/// Every method's name, from the document.
pub(crate) fn methods() -> Vec<&'static str> {
    let methods = document()["methods"].as_array().unwrap();
    methods.iter().map(|method| method["name"].as_str().unwrap()).collect()
}

/// Judges a result.
pub(crate) fn result(name: &str, value: &Value) {
    let method = method(name).unwrap_or_else(|| panic!("{name} is not in the document"));
    judge(name, &method["result"]["schema"], value);
}

/// Judges the parameters of a call that succeeded: the document must allow what the daemon takes.
pub(crate) fn params(name: &str, value: &Value) {
    let method = method(name).unwrap();
    let empty = Map::new();
    let given = value.as_object().unwrap_or(&empty);
    let listed = method["params"].as_array().unwrap();
    for (key, value) in given {
        let param = listed.iter().find(|param| param["name"] == key.as_str());
        let param = param.unwrap_or_else(|| panic!("{name} took `{key}`, which is not listed"));
        judge(&format!("{name}({key})"), &param["schema"], value);
    }
    for param in listed.iter().filter(|param| param["required"] == true) {
        let key = param["name"].as_str().unwrap();
        assert!(given.contains_key(key), "{name} took a call without the required `{key}`");
    }
}

/// Judges an error object, its code against the table.
pub(crate) fn error(value: &Value) {
    judge("error", &document()["components"]["schemas"]["Error"], value);
    for member in ["code", "message", "data"] {
        assert!(value.get(member).is_some(), "an error without {member}: {value}");
    }
    let data = &value["data"];
    let row = &document()["components"]["errors"][data["type"].as_str().unwrap()];
    assert_eq!(row["code"], value["code"], "{value}");
    assert!(data["retryable"].is_boolean() && data["remedy"].is_array(), "{value}");
    assert!(value["message"].as_str().is_some_and(|text| text.len() > 10), "{value}");
}

/// Judges the params of an `event` notification.
pub(crate) fn event(value: &Value) {
    assert!(value["subscription"].is_string(), "a streamed event names its subscription: {value}");
    event_data(value).unwrap_or_else(|why| panic!("event: {why}: {value}"));
    judge("event", &document()["components"]["schemas"]["Event"], value);
}

/// Judges the params of a `$/progress` notification.
pub(crate) fn progress(value: &Value) {
    judge("progress", &document()["components"]["schemas"]["CallProgress"], value);
    let part = &value["value"];
    assert!(part["done"].as_u64() <= part["total"].as_u64(), "{value}");
}

fn event_data(value: &Value) -> Result<(), String> {
    let kind = value["type"].as_str().ok_or("no type")?;
    let rows = document()["x-events"].as_array().unwrap();
    let row = rows.iter().find(|row| row["type"] == kind).ok_or(format!("{kind} is not listed"))?;
    check(&row["data"], &value["data"], kind)
}

fn judge(what: &str, schema: &Value, value: &Value) {
    check(schema, value, what).unwrap_or_else(|why| panic!("{why}\nin {value}"));
}

fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let rules = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(rules) => rules,
        other => return Err(format!("{at}: a schema that is {other}")),
    };
    for (rule, demand) in rules {
        let fits = match rule.as_str() {
            "title" | "description" | "default" | "deprecated" => Ok(()),
            "$ref" => reference(demand.as_str().unwrap(), value, at),
            "type" => kind(demand, value).then_some(()).ok_or(format!("{at}: not {demand}")),
            "const" => (demand == value && value != "other")
                .then_some(())
                .ok_or(format!("{at}: {value} is not {demand}")),
            "anyOf" => one_of(demand, value, at, 1..=usize::MAX),
            "oneOf" => one_of(demand, value, at, 1..=1),
            "minimum" | "maximum" => bound(rule, demand, value, at),
            "format" => format_of(demand, value, at),
            "items" => each(demand, value, at),
            "properties" => properties(rules, demand, value, at),
            "additionalProperties" => additional(rules, demand, value, at),
            "required" => required(demand, value, at),
            unknown => Err(format!("{at}: the judge does not know the rule `{unknown}`")),
        };
        fits?;
    }
    Ok(())
}

fn reference(target: &str, value: &Value, at: &str) -> Result<(), String> {
    let name = target.strip_prefix("#/components/schemas/").ok_or(format!("{at}: {target}"))?;
    let schema = document()["components"]["schemas"].get(name);
    check(schema.ok_or(format!("{at}: {target} leads nowhere"))?, value, at)?;
    if name == "Event" { event_data(value) } else { Ok(()) }
}

fn kind(demand: &Value, value: &Value) -> bool {
    let fits = |word: &str| match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match demand {
        Value::String(word) => fits(word),
        Value::Array(words) => words.iter().any(|word| fits(word.as_str().unwrap())),
        _ => false,
    }
}

fn one_of(
    demand: &Value,
    value: &Value,
    at: &str,
    count: std::ops::RangeInclusive<usize>,
) -> Result<(), String> {
    let tried: Vec<_> =
        demand.as_array().unwrap().iter().map(|schema| check(schema, value, at)).collect();
    if count.contains(&tried.iter().filter(|fits| fits.is_ok()).count()) {
        return Ok(());
    }
    let why: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
    Err(format!("{at}: none or too many of: {}", why.join("; ")))
}

fn bound(rule: &str, demand: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let edge = demand.as_f64().unwrap();
    let fits = if rule == "minimum" { number >= edge } else { number <= edge };
    fits.then_some(()).ok_or(format!("{at}: {number} against {rule} {edge}"))
}

fn format_of(demand: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(number) = value.as_number() else { return Ok(()) };
    let fits = match demand.as_str().unwrap() {
        "uint16" => number.as_u64().is_some_and(|number| u16::try_from(number).is_ok()),
        "uint32" => number.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
        "int32" => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "uint64" => number.is_u64(),
        "int64" => number.is_i64() || number.is_u64(),
        other => return Err(format!("{at}: the judge does not know the format {other}")),
    };
    fits.then_some(()).ok_or(format!("{at}: {number} is no {demand}"))
}

fn each(demand: &Value, value: &Value, at: &str) -> Result<(), String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().enumerate().try_for_each(|(n, item)| check(demand, item, &format!("{at}[{n}]")))
}

fn properties(
    rules: &Map<String, Value>,
    demand: &Value,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    for (name, member) in object {
        match demand.get(name) {
            Some(schema) => check(schema, member, &format!("{at}.{name}"))?,
            None if rules.contains_key("additionalProperties") => {}
            None => return Err(format!("{at}: `{name}` is not listed")),
        }
    }
    Ok(())
}

fn additional(
    rules: &Map<String, Value>,
    demand: &Value,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    let listed = |name: &str| rules.get("properties").is_some_and(|all| all.get(name).is_some());
    let mut others = object.iter().filter(|(name, _)| !listed(name));
    others.try_for_each(|(name, member)| check(demand, member, &format!("{at}.{name}")))
}

fn required(demand: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    let mut names = demand.as_array().unwrap().iter().filter_map(Value::as_str);
    let missing = names.find(|name| !object.contains_key(*name));
    missing.map_or(Ok(()), |name| Err(format!("{at}: `{name}` is missing")))
}

/// The judge itself must be able to say no.
#[test]
fn the_judge_refuses() {
    let done = |value: &str| serde_json::from_str::<Value>(value).unwrap();
    let refused = |name: &str, value: &str| {
        let schema = &document()["components"]["schemas"][name];
        check(schema, &done(value), name).unwrap_err()
    };
    refused("SubscribeReply", r#"{"subscription":1}"#);
    refused("SubscribeReply", r#"{"resync":"no"}"#);
    refused("SubscribeReply", r#"{"surprise":true}"#);
    refused("Endpoint", r#"{"host":"h","port":70000,"security":"tls"}"#);
    refused("Endpoint", r#"{"host":"h","port":1,"security":"other"}"#);
    refused("Endpoint", r#"{"host":"h","port":1}"#);
    refused("QueryReply", r#"{"total":-1}"#);
    refused("EventGetReply", r#"{"events":[{"cursor":"x:1","at":"t","type":"no.such"}]}"#);
    let wrong =
        r#"{"events":[{"cursor":"x:1","at":"t","type":"sync.started","data":{"total":"3"}}]}"#;
    refused("EventGetReply", wrong);
}
