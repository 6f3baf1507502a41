//! What a client says in AUTHENTICATE XOAUTH2 and OAUTHBEARER, and how it is refused.

use super::oauth::shape::{GOOGLE_MAIL, MICROSOFT_IMAP, Shape};
use serde_json::json;

/// A name and the token that is said to open its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) user: String,
    pub(super) token: String,
}

/// Reads the response of `mechanism`; `None` when it is none.
pub(super) fn read(mechanism: &str, said: &[u8]) -> Option<Bearer> {
    if mechanism == "XOAUTH2" { xoauth2(said) } else { oauthbearer(said) }
}

/// XOAUTH2: `user=U ^A auth=Bearer T ^A ^A`.
fn xoauth2(said: &[u8]) -> Option<Bearer> {
    let text = std::str::from_utf8(said).ok()?;
    let mut fields = text.strip_suffix("\x01\x01")?.split('\x01');
    let user = fields.next()?.strip_prefix("user=")?;
    let token = bearer(fields.next()?)?;
    (fields.next().is_none() && !user.is_empty()).then(|| Bearer { user: user.into(), token })
}

/// OAUTHBEARER (RFC 7628 §3.1): a GS2 header without channel binding, then the fields.
fn oauthbearer(said: &[u8]) -> Option<Bearer> {
    let text = std::str::from_utf8(said).ok()?;
    let (header, fields) = text.strip_suffix("\x01\x01")?.split_once('\x01')?;
    let user = header.strip_prefix("n,a=")?.strip_suffix(',')?;
    let user = unescaped(user)?;
    let mut token = None;
    for field in fields.split('\x01') {
        let (name, value) = field.split_once('=')?;
        match name {
            "auth" => token = bearer(field),
            "host" | "port" => {
                let _ = Some(value).filter(|value| !value.is_empty())?;
            }
            _ => {}
        }
    }
    Some(Bearer { user, token: token? })
}

/// The token of `auth=Bearer T`; the scheme is read without case (RFC 6750, RFC 9110 §11.1).
fn bearer(field: &str) -> Option<String> {
    let value = field.strip_prefix("auth=")?;
    let (scheme, token) = value.split_once(' ')?;
    let printable = token.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    (scheme.eq_ignore_ascii_case("bearer") && printable && !token.is_empty()).then(|| token.into())
}

/// `=2C` and `=3D` of a GS2 name (RFC 5801 §4).
fn unescaped(name: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('=') {
        out.push_str(before);
        let (code, tail) = after.split_at_checked(2)?;
        out.push(match code {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        rest = tail;
    }
    out.push_str(rest);
    (!name.contains(',') && !out.is_empty()).then_some(out)
}

/// The JSON that a refused client gets before the end of the exchange: of Google and Microsoft for
/// XOAUTH2, of RFC 7628 §3.2.2 for OAUTHBEARER.
pub(super) fn challenge(mechanism: &str, shape: Shape) -> String {
    let scope = match shape {
        Shape::Generic => "mail",
        Shape::Google => GOOGLE_MAIL,
        Shape::Microsoft => MICROSOFT_IMAP,
    };
    if mechanism == "XOAUTH2" {
        json!({ "status": "400", "schemes": "Bearer", "scope": scope }).to_string()
    } else {
        json!({ "status": "invalid_token", "scope": scope }).to_string()
    }
}

/// Whether `line` ends a refused exchange as it has to: XOAUTH2 with an empty line, OAUTHBEARER
/// with a single `^A` (RFC 7628 §3.2.3).
pub(super) fn acknowledges(mechanism: &str, line: &[u8]) -> bool {
    if mechanism == "XOAUTH2" { line.is_empty() } else { line == b"AQ==" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nonsense_is_not() {
        let right = Some(Bearer { user: "a=b,c@x".into(), token: "t.1~/+=".into() });
        assert_eq!(xoauth2(b"user=a=b,c@x\x01auth=Bearer t.1~/+=\x01\x01"), right);
        let said = b"n,a=a=3Db=2Cc@x,\x01host=h\x01port=993\x01auth=Bearer t.1~/+=\x01\x01";
        assert_eq!(oauthbearer(said), right);
        assert_eq!(oauthbearer(b"n,a=a,\x01auth=bearer t\x01\x01").unwrap().token, "t");
        for wrong in [
            &b""[..],
            b"user=a\x01auth=Bearer t\x01",
            b"user=\x01auth=Bearer t\x01\x01",
            b"user=a\x01auth=Basic t\x01\x01",
            b"user=a\x01auth=Bearer \x01\x01",
            b"user=a\x01auth=Bearer t u\x01\x01",
        ] {
            assert_eq!(xoauth2(wrong), None, "{wrong:?}");
        }
        for wrong in [
            &b"y,a=a,\x01auth=Bearer t\x01\x01"[..],
            b"n,,\x01auth=Bearer t\x01\x01",
            b"n,a=a=2Xb,\x01auth=Bearer t\x01\x01",
            b"n,a=a,\x01host=h\x01\x01",
            b"n,a=a,\x01auth=Bearer t\x01",
        ] {
            assert_eq!(oauthbearer(wrong), None, "{wrong:?}");
        }
    }
}
