//! HTTP/1.1 (RFC 9112) of the issuer: as much as authorization servers and their pages need, read
//! by hand, because the product reads with hyper.

use super::form::Form;
use crate::sandbox::base64;
use crate::sandbox::wire::{End, Wire};
use std::fmt::Write as _;
use std::time::Duration;

/// The most header lines of a request.
const HEADERS: usize = 64;
/// The largest request body: forms and registrations have below 8 KiB.
const BODY_BYTES: usize = 64 << 10;

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Fields of the query.
    pub query: Form,
    /// The body.
    pub body: Vec<u8>,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

impl Request {
    /// Reads the next request; [`End::Closed`] when the client has no more.
    pub async fn read(wire: &mut Wire) -> Result<Self, End> {
        let line = text(&wire.line().await?);
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(End::Closed);
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: method.into(),
            path: path.into(),
            query: Form::parse(query),
            ..Self::default()
        };
        for _ in 0..=HEADERS {
            let line = text(&wire.line().await?);
            if line.is_empty() {
                let length = request.header("content-length").unwrap_or("0");
                let length = length.parse().ok().filter(|length| *length <= BODY_BYTES);
                request.body = wire.bytes(length.ok_or(End::Closed)?).await?;
                return Ok(request);
            }
            if let Some((name, value)) = line.split_once(':') {
                request.headers.push((name.trim().to_ascii_lowercase(), value.trim().into()));
            }
        }
        Err(End::Closed)
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The body as a form; `None` when it says that it is something else.
    #[must_use]
    pub fn form(&self) -> Option<Form> {
        let media = self.header("content-type").unwrap_or_default();
        media
            .starts_with("application/x-www-form-urlencoded")
            .then(|| Form::parse(&String::from_utf8_lossy(&self.body)))
    }

    /// User and password of HTTP Basic (RFC 7617), each form-encoded (RFC 6749 §2.3.1).
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        let coded = self.header("authorization")?.strip_prefix("Basic ")?;
        let plain = String::from_utf8(base64::decode(coded)?).ok()?;
        let (user, password) = plain.split_once(':')?;
        Some((super::form::decoded(user), super::form::decoded(password)))
    }

    /// The token of `Authorization: Bearer` (RFC 6750 §2.1).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// Whether the client wants to go on with this connection.
    #[must_use]
    pub fn stays(&self) -> bool {
        !self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// One answer, and what a fault may say instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Media type; empty: none is said.
    pub media_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// A page.
    #[must_use]
    pub fn html(status: u16, body: String) -> Self {
        Self::of(status, "text/html; charset=utf-8", body)
    }

    /// A JSON value.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    /// Nothing but a status.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// To another address.
    #[must_use]
    pub fn redirect(to: &str) -> Self {
        Self::empty(302).with("location", to)
    }

    /// Any body.
    #[must_use]
    pub fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, media_type: media_type.into(), body: body.into(), headers: vec![] }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with `Retry-After`.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.with("retry-after", &wait.as_secs().to_string())
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn bytes(&self, stays: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let _ = write!(head, "content-length: {}\r\n", self.body.len());
        if !self.media_type.is_empty() {
            let _ = write!(head, "content-type: {}\r\n", self.media_type);
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        // RFC 6749 §5.1: nothing of an authorization server may be kept
        head.push_str("cache-control: no-store\r\npragma: no-cache\r\n");
        head.push_str(if stays { "\r\n" } else { "connection: close\r\n\r\n" });
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
