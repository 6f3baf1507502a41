//! Strict parameters: what a method does not know is an error, named.

use super::limits;
use chapar_ipc_protocol::call::{Decode, Method, Request};
use chapar_ipc_protocol::error::{Error, ErrorType};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Decodes the parameters of `method`; absent ones are an empty object.
pub(super) fn decode(method: Method, params: Option<&RawValue>) -> Result<Request, Error> {
    let text = params.map_or("{}", RawValue::get);
    Request::decode(method, Strict { method, text })
}

struct Strict<'p> {
    method: Method,
    text: &'p str,
}

impl Decode for Strict<'_> {
    type Error = Error;

    fn decode<T: DeserializeOwned>(self) -> Result<T, Error> {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let mut reader = serde_json::Deserializer::from_str(self.text);
        let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
        let decoded = serde_ignored::deserialize(tracked, |path| {
            if unknown.len() < limits::NAMED_UNKNOWN {
                unknown.push(plain(&path.to_string()));
            }
        });
        let name = self.method.name();
        let value = decoded.map_err(|error| {
            let fault = fault(&plain(&track.path().to_string()), &error);
            Error::new(ErrorType::InvalidArguments, format!("{name}: {fault}."))
        })?;
        if unknown.is_empty() {
            return Ok(value);
        }
        let mut error = Error::new(
            ErrorType::InvalidArguments,
            format!("{name} has no parameter `{}`.", unknown.join("`, `")),
        );
        error.data.unknown = unknown;
        Err(error)
    }
}

/// What is wrong with the parameter at `at`, in our words. The value is never shown: it may be a
/// password.
fn fault(at: &str, error: &serde_json::Error) -> String {
    let words = error.to_string();
    let named = |before: &str| words.split_once(before)?.1.split('`').next().map(str::to_owned);
    let within = |name: &str| if at == "." { name.to_owned() } else { format!("{at}.{name}") };
    if let Some(name) = named("missing field `") {
        return format!("`{}` is missing", within(&name));
    }
    if let Some(name) = named("duplicate field `") {
        return format!("`{}` is given twice", within(&name));
    }
    let what = if at == "." { "what it was given".to_owned() } else { format!("`{at}`") };
    let wanted = words.split_once(", expected ").map(|(_, wanted)| wanted);
    let wanted = wanted.and_then(|wanted| wanted.split(" at line ").next());
    match wanted.and_then(kind) {
        Some(kind) => format!("{what} must be {kind}"),
        None => format!("{what} is not of the type that it must have"),
    }
}

/// A type as the decoder names it, for people.
fn kind(wanted: &str) -> Option<&'static str> {
    Some(match wanted {
        "a string" | "string" | "a borrowed string" => "a string",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i32" | "i64" => "a whole number",
        "variant identifier" | "string or map" => "one of its words, as a string",
        other if other.starts_with("struct ") => "an object",
        _ => return None,
    })
}

/// `filter.?.foo` of `serde_ignored` (the `?` stands for an option) in a client's words.
fn plain(path: &str) -> String {
    let parts: Vec<_> = path.split('.').filter(|part| *part != "?").collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::decode;
    use chapar_ipc_protocol::call::Method;
    use chapar_ipc_protocol::error::ErrorType;
    use serde_json::value::RawValue;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn unknown_parameters_are_named_at_every_depth() {
        let params = raw(r#"{"filter":{"inbox":1,"text":"a"},"bogus":{"x":1}}"#);
        let error = decode(Method::EmailQuery, Some(&params)).unwrap_err();
        assert_eq!(error.data.r#type, ErrorType::InvalidArguments);
        assert_eq!(error.data.unknown, ["filter.inbox", "bogus"]);
    }

    #[test]
    fn a_wrong_type_never_shows_a_password() {
        let params = raw(r#"{"email":"a@b.example","password":1234567}"#);
        let error = decode(Method::AccountConnect, Some(&params)).unwrap_err();
        assert!(!error.message.contains("1234567"), "{}", error.message);
    }

    #[test]
    fn what_is_wrong_is_named_in_our_words() {
        for (method, params, wanted) in [
            (Method::EmailQuery, r#"{"limit":"5"}"#, "`limit` must be a whole number"),
            (Method::EmailQuery, r#"{"limit":-5}"#, "`limit` must be a whole number"),
            (Method::EmailQuery, r#"{"filter":{"from":7}}"#, "`filter.from` must be a string"),
            (Method::EmailQuery, r#"{"filter":[]}"#, "`filter`"),
            (Method::ThreadGet, r#"{"ids":{}}"#, "`ids` must be a list"),
            (Method::ThreadGet, r#"{"ids":["T1",2]}"#, "`ids[1]` must be a string"),
            (Method::ThreadGet, "{}", "`ids` is missing"),
            (Method::EmailQuery, r#"{"limit":1,"limit":2}"#, "`limit` is given twice"),
            (Method::EmailQuery, r#"{"limit":1e400}"#, "`limit`"),
            (Method::EmailGet, r#"{"fetchAllBodyValues":"yes"}"#, "must be true or false"),
            (Method::CancelRequest, r#"{"id":[]}"#, "`id`"),
        ] {
            let message = decode(method, Some(&raw(params))).unwrap_err().message;
            assert!(message.contains(wanted), "{params}: {message}");
            for foreign in ["expected", "invalid type", "line 1", "column", "untagged", "struct"] {
                assert!(!message.contains(foreign), "{params}: {message}");
            }
        }
    }

    #[test]
    fn absent_parameters_are_an_empty_object() {
        assert!(decode(Method::Status, None).is_ok());
        assert!(decode(Method::ThreadGet, None).is_err());
    }
}
