//! Modified UTF-7 of mailbox names (RFC 3501 §5.1.3).
//!
//! Owns the spelling of mailbox names on the wire. Decoding must never fail: what is no valid
//! modified UTF-7 stays as it is, so that every mailbox has a name to show. The wire name, not the
//! decoded one, goes into commands.

/// The base64 alphabet of modified UTF-7: `,` instead of `/`.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Spells `name` for the wire.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut shifted: Vec<u16> = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut shifted, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            shifted.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    flush(&mut shifted, &mut out);
    out
}

/// Writes the gathered UTF-16 as one `&…-` run.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    if units.is_empty() {
        return;
    }
    out.push('&');
    let (mut bits, mut count) = (0_u32, 0);
    for unit in units.drain(..) {
        bits = (bits << 16) | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            out.push(letter(bits >> count));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(letter(bits << (6 - count)));
    }
    out.push('-');
}

/// The letter of the low six bits.
fn letter(bits: u32) -> char {
    let at = usize::try_from(bits & 63).unwrap_or(0);
    ALPHABET.get(at).copied().map_or('A', char::from)
}

/// Reads a wire name; a run that is not valid stays as it is.
#[must_use]
pub fn decode(wire: &str) -> String {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    while let Some((plain, run)) = rest.split_once('&') {
        out.push_str(plain);
        let Some((coded, after)) = run.split_once('-') else {
            out.push('&');
            rest = run;
            continue;
        };
        if let Some(text) = decode_run(coded) {
            out.push_str(&text);
            rest = after;
        } else {
            // only the shift character is taken: a valid run may follow inside
            out.push('&');
            rest = run;
        }
    }
    out.push_str(rest);
    out
}

/// Decodes what stands between `&` and `-`; `None` when it is not valid. Nothing stands for `&`.
fn decode_run(coded: &str) -> Option<String> {
    if coded.is_empty() {
        return Some("&".to_owned());
    }
    let mut units = Vec::with_capacity(coded.len() * 6 / 16);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in coded.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == byte)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    // at most five padding bits, all zero, and at least one unit
    if bits != 0 || count >= 6 || units.is_empty() {
        return None;
    }
    // printable ASCII may not be shifted (RFC 3501 §5.1.3), but some servers do it. Nobody is misled:
    // commands say the name as the server spelled it
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Xorshift;

    #[test]
    fn known_answers() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("", ""),
            ("Tom & Jerry", "Tom &- Jerry"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
            ("😀", "&2D3eAA-"),
            ("a\tb", "a&AAk-b"),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire), name);
        }
    }

    #[test]
    fn invalid_runs_stay_as_they_are() {
        for wire in ["&", "a&b", "&!-", "&AA-", "&2D0-", "&AP8", "a&&b", "&ü-"] {
            assert_eq!(decode(wire), wire, "{wire}");
        }
        assert_eq!(decode("x&y&APw-"), "x&yü");
    }

    #[test]
    fn shifted_ascii_is_read() {
        for (wire, name) in [
            ("&AGE-", "a"),
            ("&BB8EPgRHBEIEMAAgADIAMAAyADQ-", "Почта 2024"),
            ("&BBQEPgQ8ACAAJgAgBCEEMAQ0-/x", "Дом & Сад/x"),
            ("&ACY-&AP8-", "&ÿ"),
        ] {
            assert_eq!(decode(wire), name);
        }
    }

    #[test]
    fn every_name_survives_the_round_trip() {
        let mut random = Xorshift::new(7);
        for _ in 0..20_000 {
            let name: String = (0..random.below(12)).map(|_| random.char()).collect();
            let wire = encode(&name);
            assert!(wire.bytes().all(|b| (b' '..=b'~').contains(&b)), "{wire}");
            assert_eq!(decode(&wire), name);
        }
    }

    #[test]
    fn decoding_takes_anything() {
        let mut random = Xorshift::new(8);
        for _ in 0..20_000 {
            let noise: String = (0..random.below(20))
                .map(|_| ['&', '-', 'A', 'P', 'w', ',', '+', 'ü', '/', '2', 'D'][random.below(11)])
                .collect();
            let _ = decode(&noise);
        }
    }
}
