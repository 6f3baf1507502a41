//! Signing in (RFC 4954): PLAIN, else LOGIN, as offered; only ever called inside TLS.

use super::{Wire, fault};
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use zeroize::Zeroizing;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Signs in as `user`; the reply's own words are kept when it is refused.
pub(super) async fn sign_in(wire: &mut Wire, user: &str, password: &Secret) -> Result<(), Failure> {
    if user.contains('\0') || password.expose().contains('\0') {
        return Err(fault::refused(
            "smtp.bad_credential",
            "a user name or password cannot contain a NUL character; enter it again".to_owned(),
        ));
    }
    let reply = if wire.extensions.plain {
        let text = Zeroizing::new(format!("\0{user}\0{}", password.expose()));
        let line = Zeroizing::new(format!("AUTH PLAIN {}\r\n", base64(text.as_bytes()).as_str()));
        wire.ask(&line, "AUTH").await?
    } else if wire.extensions.login {
        let mut reply = wire.ask("AUTH LOGIN\r\n", "AUTH").await?;
        for answer in [user, password.expose()] {
            if reply.code == 334 {
                let line = Zeroizing::new(format!("{}\r\n", base64(answer.as_bytes()).as_str()));
                reply = wire.ask(&line, "AUTH").await?;
            }
        }
        reply
    } else {
        return Err(fault::no_mechanism(&wire.host, &wire.extensions.mechanisms));
    };
    match reply.code {
        235 => Ok(()),
        // a challenge nobody expects: give the exchange up (RFC 4954 §4) and keep the real reply
        334 => {
            let reply = wire.ask("*\r\n", "AUTH").await?;
            Err(fault::sign_in(&wire.host, user, &reply))
        }
        400.. => Err(fault::sign_in(&wire.host, user, &reply)),
        _ => Err(fault::bad_reply(&wire.host, "AUTH", &reply.to_string())),
    }
}

/// Base64 with padding (RFC 4648 §4), in a buffer that is wiped.
fn base64(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    for group in bytes.chunks(3) {
        let mut three = [0; 3];
        for (place, byte) in three.iter_mut().zip(group) {
            *place = *byte;
        }
        let [a, b, c] = three.map(usize::from);
        let digits = [a >> 2, (a << 4 | b >> 4) & 63, (b << 2 | c >> 6) & 63, c & 63];
        for (place, digit) in digits.iter().enumerate() {
            let known = place <= group.len();
            let symbol = ALPHABET.get(*digit).copied().unwrap_or(b'=');
            text.push(char::from(if known { symbol } else { b'=' }));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()).as_str(), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]).as_str(), "//79");
    }
}
