//! The JSON-RPC 2.0 envelope: requests, answers, notifications.

use crate::error::{Error, ErrorType};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Largest integer id: what every JSON reader keeps exact (2^53 − 1).
pub const MAX_ID: i64 = (1 << 53) - 1;
/// Bytes of a string id: ids are echoed and kept while in flight, so they are bounded.
pub const MAX_ID_BYTES: usize = 256;

/// The id of a request, echoed in its answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum RequestId {
    /// An integer.
    Number(i64),
    /// A string.
    Text(String),
}

impl RequestId {
    /// Reads one; `None` for what cannot be an id.
    fn read(raw: &RawValue) -> Result<Option<Self>, Malformed> {
        let id = match text(raw) {
            Some(text) => Some(Self::Text(text?)),
            None => raw.get().parse().ok().map(Self::Number),
        };
        Ok(id.filter(Self::is_valid))
    }

    /// Whether it is inside the limits.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        match self {
            Self::Number(number) => (-MAX_ID..=MAX_ID).contains(number),
            Self::Text(text) => text.len() <= MAX_ID_BYTES,
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A request or notification as it came, parameters still undecoded.
#[derive(Debug)]
pub struct Incoming {
    /// `None`: a notification.
    pub id: Option<RequestId>,
    /// The method's name.
    pub method: String,
    /// The parameters, an object; `None` when absent.
    pub params: Option<Box<RawValue>>,
}

/// The members of a request as they stand in its bytes.
#[derive(Default)]
struct Envelope<'m> {
    jsonrpc: Option<&'m RawValue>,
    id: Option<&'m RawValue>,
    method: Option<&'m RawValue>,
    params: Option<&'m RawValue>,
    /// A member that is there twice: which one is meant cannot be told.
    twice: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let value: &RawValue = map.next_value()?;
                    let (name, place) = match name.as_ref() {
                        "jsonrpc" => ("jsonrpc", &mut envelope.jsonrpc),
                        "id" => ("id", &mut envelope.id),
                        "method" => ("method", &mut envelope.method),
                        "params" => ("params", &mut envelope.params),
                        _ => continue,
                    };
                    if place.replace(value).is_some() {
                        envelope.twice = Some(name);
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The text of a JSON string; `None` for another kind of value.
fn text(raw: &RawValue) -> Option<Result<String, Malformed>> {
    let raw = raw.get();
    raw.starts_with('"').then(|| serde_json::from_str(raw).map_err(|error| not_json(&error)))
}

/// What the parser stumbled on, in our words.
fn not_json(error: &serde_json::Error) -> Malformed {
    let place = error.column();
    let reason = if error.is_eof() {
        "it ends in the middle".to_owned()
    } else {
        format!("what stands at byte {place} does not belong there")
    };
    parse_error(&reason)
}

fn parse_error(reason: &str) -> Malformed {
    let message = format!("This is not one JSON object: {reason}.");
    Malformed::fatal(Error::new(ErrorType::ParseError, message))
}

/// Why bytes were not a request. `fatal`: the connection cannot be trusted to be in step any more.
#[derive(Debug)]
pub struct Malformed {
    /// The id, when one could be read.
    pub id: Option<RequestId>,
    /// What to answer.
    pub error: Error,
    /// The bytes are not JSON: answer with a null id and close.
    pub fatal: bool,
}

impl Malformed {
    fn fatal(error: Error) -> Self {
        Self { id: None, error, fatal: true }
    }
}

impl Incoming {
    /// Reads one message. Depth is checked before anything recursive looks at it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        crate::frame::check_depth(bytes).map_err(|error| parse_error(&error.to_string()))?;
        if bytes.first() != Some(&b'{') {
            return Err(parse_error("it does not begin with `{`"));
        }
        let envelope: Envelope<'_> =
            serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
        Self::check(&envelope)
    }

    fn check(envelope: &Envelope<'_>) -> Result<Self, Malformed> {
        let refuse = |id: Option<&RequestId>, reason: &str| Malformed {
            id: id.cloned(),
            error: Error::new(ErrorType::InvalidRequest, reason),
            fatal: false,
        };
        if let Some(name) = envelope.twice {
            return Err(refuse(None, &format!("`{name}` is given twice.")));
        }
        let id = match envelope.id {
            None => None,
            Some(raw) => Some(RequestId::read(raw)?.ok_or_else(|| {
                let rule =
                    "`id` must be a string of at most 256 bytes or an integer within 2^53 − 1.";
                refuse(None, rule)
            })?),
        };
        let version = envelope.jsonrpc.and_then(text).transpose()?;
        if version.as_deref() != Some("2.0") {
            return Err(refuse(id.as_ref(), "`jsonrpc` must be \"2.0\"."));
        }
        let Some(method) = envelope.method else {
            return Err(refuse(id.as_ref(), "`method` is missing."));
        };
        let Some(method) = text(method).transpose()? else {
            return Err(refuse(id.as_ref(), "`method` must be a string."));
        };
        let params = envelope.params.filter(|params| params.get() != "null");
        if params.is_some_and(|params| !params.get().starts_with('{')) {
            return Err(refuse(id.as_ref(), "`params` must be an object."));
        }
        Ok(Self { id, method, params: params.map(ToOwned::to_owned) })
    }
}

/// A request on its way out.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "JSON-RPC 2.0 §4")]
pub struct Outgoing<'a, P> {
    pub jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    pub method: &'a str,
    pub params: P,
}

/// What a client reads: an answer or a notification.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "JSON-RPC 2.0 §5")]
pub struct Answer {
    #[serde(default)]
    pub id: Option<RequestId>,
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub params: Option<Box<RawValue>>,
    #[serde(default)]
    pub result: Option<Box<RawValue>>,
    #[serde(default)]
    pub error: Option<Error>,
}

#[derive(Serialize)]
struct Success<'a, T> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    result: &'a T,
}

#[derive(Serialize)]
struct Refusal<'a> {
    jsonrpc: &'static str,
    id: Option<&'a RequestId>,
    error: &'a Error,
}

#[derive(Serialize)]
struct Notification<'a, T> {
    jsonrpc: &'static str,
    method: &'a str,
    params: &'a T,
}

/// The bytes of an answer with a result.
pub fn success<T: Serialize>(id: &RequestId, result: &T) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Success { jsonrpc: "2.0", id, result })
}

/// The bytes of an answer with an error.
pub fn refusal(id: Option<&RequestId>, error: &Error) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Refusal { jsonrpc: "2.0", id, error })
}

/// The bytes of a notification.
pub fn notification<T: Serialize>(method: &str, params: &T) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Notification { jsonrpc: "2.0", method, params })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Incoming, RequestId};
    use crate::error::ErrorType;

    #[test]
    fn reads_requests_and_notifications() {
        let request =
            Incoming::parse(br#"{"jsonrpc":"2.0","id":7,"method":"status","params":{}}"#).unwrap();
        assert_eq!(request.id, Some(RequestId::Number(7)));
        assert_eq!(request.method, "status");
        let notification =
            Incoming::parse(br#"{"jsonrpc":"2.0","method":"$/cancelRequest"}"#).unwrap();
        assert!(notification.id.is_none() && notification.params.is_none());
    }

    #[test]
    fn names_the_fault() {
        let cases: [(&[u8], ErrorType, bool); 16] = [
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"s"}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":true,"method":"s"}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":[1],"method":"s"}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":2,"id":1,"method":"s"}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"s"}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":1,"method":"\ud800"}"#, ErrorType::ParseError, true),
            (b"[]", ErrorType::ParseError, true),
            (b"{", ErrorType::ParseError, true),
            (b"{\"a\":\xff}", ErrorType::ParseError, true),
            (b"{}", ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":1}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, ErrorType::InvalidRequest, false),
            (br#"{"jsonrpc":"2.0","id":null,"method":"status"}"#, ErrorType::InvalidRequest, false),
            (
                br#"{"jsonrpc":"2.0","id":9007199254740992,"method":"s"}"#,
                ErrorType::InvalidRequest,
                false,
            ),
            (
                br#"{"jsonrpc":"2.0","id":1,"method":"s","params":[1]}"#,
                ErrorType::InvalidRequest,
                false,
            ),
        ];
        for (bytes, kind, fatal) in cases {
            let malformed = Incoming::parse(bytes).unwrap_err();
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(malformed.error.data.r#type, kind, "{text}");
            assert_eq!(malformed.fatal, fatal, "{text}");
            // serde's own words: none of them is ours
            for word in ["expected", "invalid", "EOF", "line 1", "variant", "duplicate"] {
                assert!(!malformed.error.message.contains(word), "{}", malformed.error.message);
            }
        }
    }
}
