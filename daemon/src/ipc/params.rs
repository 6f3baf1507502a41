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
        let mut reader = serde_json::Deserializer::from_str(self.text);
        let decoded = serde_ignored::deserialize(&mut reader, |path| {
            if unknown.len() < limits::NAMED_UNKNOWN {
                unknown.push(plain(&path.to_string()));
            }
        });
        let name = self.method.name();
        let value = decoded.map_err(|error| {
            // The reader's words quote what was given, which may be a password.
            let reason = if self.carries_secret() {
                format!("line {}, column {}", error.line(), error.column())
            } else {
                error.to_string()
            };
            Error::new(
                ErrorType::InvalidArguments,
                format!("A parameter of {name} is missing or of the wrong type: {reason}."),
            )
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

impl Strict<'_> {
    fn carries_secret(&self) -> bool {
        matches!(self.method, Method::AccountConnect | Method::AccountSet)
    }
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
    fn absent_parameters_are_an_empty_object() {
        assert!(decode(Method::Status, None).is_ok());
        assert!(decode(Method::ThreadGet, None).is_err());
    }
}
