//! `application/x-www-form-urlencoded`, read and written by hand: queries, form bodies, redirects.

use std::fmt::Write as _;

/// Fields in the order they came; a name may come more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a query or a form body.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let fields = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            fields
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
        )
    }

    /// The first value of `name`; `None` when it is absent or empty (RFC 6749 §3.1 holds both for
    /// one).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let first = self.0.iter().find(|(of, _)| of == name)?;
        Some(first.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Every value of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// Whether a name comes twice, which RFC 6749 §3.1 forbids.
    #[must_use]
    pub fn repeats(&self) -> bool {
        let names: std::collections::BTreeSet<_> = self.0.iter().map(|(name, _)| name).collect();
        names.len() < self.0.len()
    }

    /// Adds a field.
    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a field when there is a value.
    pub fn add_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// As a query or a form body.
    #[must_use]
    pub fn encode(&self) -> String {
        let pairs =
            self.0.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Percent-encoded, all but the unreserved characters of RFC 3986 §2.3.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Undoes percent-encoding and `+`; what is no encoding stands for itself.
#[must_use]
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let hex =
            || u8::from_str_radix(std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?, 16).ok();
        match (byte, (*byte == b'%').then(hex).flatten()) {
            (_, Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(*other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut form = Form::default();
        form.add("scope", "openid https://mail.example/ +1%&=ü");
        form.add("state", "");
        form.add_some("absent", None);
        assert_eq!(Form::parse(&form.encode()), form);
        assert_eq!(form.get("state"), None);
        assert_eq!(Form::parse("a=1+2&a=%zz&b").all("a").collect::<Vec<_>>(), ["1 2", "%zz"]);
        assert!(Form::parse("a=1&a=1").repeats() && !Form::parse("a=1&b=1").repeats());
    }
}
