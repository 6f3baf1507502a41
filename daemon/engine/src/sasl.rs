//! SASL by access token: OAUTHBEARER (RFC 7628) and XOAUTH2, what is said and how a refusal reads.

use crate::secret::{Secret, base64};
use zeroize::Zeroizing;

/// Servers whose SASL-IR (RFC 4959) cannot be relied on, by the end of their names: Coremail takes
/// an initial response and loses it.
const NO_INITIAL_RESPONSE: &[&str] = &[".163.com", ".126.com", ".yeah.net", ".188.com"];

/// What chapar can do of what a server may offer, to end a sentence with.
pub const SPOKEN: &str =
    "chapar speaks: inside TLS these are PLAIN, LOGIN, OAUTHBEARER and XOAUTH2";

/// A mechanism that shows an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// RFC 7628.
    OAuthBearer,
    /// The older one, of Google and Microsoft.
    XOAuth2,
}

impl Bearer {
    /// The better one of those offered: the one with a standard first.
    pub fn of(mut offers: impl FnMut(&str) -> bool) -> Option<Self> {
        [Self::OAuthBearer, Self::XOAuth2].into_iter().find(|bearer| offers(bearer.name()))
    }

    /// Its name in AUTH and AUTHENTICATE.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// The response in base64; `None` when the user name cannot stand in one.
    #[must_use]
    pub fn response(
        self,
        user: &str,
        token: &Secret,
        host: &str,
        port: u16,
    ) -> Option<Zeroizing<String>> {
        let ends_a_field = |c: char| matches!(c, '\0' | '\u{1}' | '\r' | '\n');
        if user.contains(ends_a_field) || token.expose().contains(ends_a_field) {
            return None;
        }
        let token = token.expose();
        let plain = Zeroizing::new(match self {
            Self::OAuthBearer => format!(
                "n,a={},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}",
                saslname(user)
            ),
            Self::XOAuth2 => format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"),
        });
        Some(base64(plain.as_bytes()))
    }

    /// What answers the server's report of why it refuses, so that it says so: ^A in base64
    /// (RFC 7628 §3.2.3), or an empty line.
    #[must_use]
    pub fn acknowledgement(self) -> &'static str {
        match self {
            Self::OAuthBearer => "AQ==",
            Self::XOAuth2 => "",
        }
    }
}

/// A user name in a GS2 header (RFC 5801 §4).
fn saslname(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

/// Whether an initial response may go with the command to this host, where it is offered.
#[must_use]
pub fn initial_response_works(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    !NO_INITIAL_RESPONSE.iter().any(|end| host.ends_with(end))
}

/// The server's report of why it refuses a token, out of its base64: JSON, as it stands.
#[must_use]
pub fn report(challenge: &str) -> Option<String> {
    let text = String::from_utf8(decode(challenge.trim())?).ok()?;
    text.trim_start().starts_with('{').then_some(text)
}

/// RFC 4648 §4, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for place in 0..4 {
            let digit = chunk.get(place).map_or(Some(0), |byte| value(*byte))?;
            group = group << 6 | digit;
        }
        let [_, high, middle, low] = group.to_be_bytes();
        bytes.extend([high, middle, low].iter().take(chunk.len() - 1));
    }
    Some(bytes)
}

/// What a digit of base64 stands for.
fn value(digit: u8) -> Option<u32> {
    Some(match digit {
        b'A'..=b'Z' => u32::from(digit) - 65,
        b'a'..=b'z' => u32::from(digit) - 71,
        b'0'..=b'9' => u32::from(digit) + 4,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(bearer: Bearer, user: &str) -> Option<String> {
        let token = Secret::new("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==".into());
        let response = bearer.response(user, &token, "server.example.com", 143)?;
        Some(String::from_utf8(decode(&response).unwrap()).unwrap())
    }

    #[test]
    fn the_example_of_rfc_7628() {
        assert_eq!(
            plain(Bearer::OAuthBearer, "user@example.com").unwrap(),
            "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer \
             vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}"
        );
    }

    #[test]
    fn the_example_of_google() {
        let token = Secret::new("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg".into());
        let response = Bearer::XOAuth2.response("someuser@example.com", &token, "h", 1).unwrap();
        assert_eq!(
            *response,
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
    }

    #[test]
    fn user_names_cannot_say_anything_else() {
        assert!(
            plain(Bearer::OAuthBearer, "a,b=c").unwrap().starts_with("n,a=a=2Cb=3Dc,\u{1}host=")
        );
        assert!(plain(Bearer::XOAuth2, "a,b=c").unwrap().starts_with("user=a,b=c\u{1}"));
        for user in ["a\u{1}auth=Bearer x", "a\0", "a\r\n", "\n"] {
            assert_eq!(plain(Bearer::OAuthBearer, user), None);
            assert_eq!(plain(Bearer::XOAuth2, user), None);
        }
    }

    #[test]
    fn the_standard_one_first() {
        assert_eq!(Bearer::of(|_| true), Some(Bearer::OAuthBearer));
        assert_eq!(Bearer::of(|name| name == "XOAUTH2"), Some(Bearer::XOAuth2));
        assert_eq!(Bearer::of(|name| name == "PLAIN"), None);
    }

    #[test]
    fn reports() {
        let json =
            "{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}";
        assert_eq!(report(&base64(json.as_bytes())).as_deref(), Some(json));
        for other in ["", "AQ==", "A", "####", "aGVsbG8=", "//////"] {
            assert_eq!(report(other), None, "{other}");
        }
    }

    #[test]
    fn decoding_undoes_encoding() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(decode(&base64(&bytes)).unwrap(), bytes);
        }
    }

    #[test]
    fn quirky_servers() {
        assert!(
            !initial_response_works("imap.163.com") && !initial_response_works("IMAP.126.com.")
        );
        assert!(initial_response_works("imap.gmail.com") && initial_response_works("x163.com"));
    }
}
