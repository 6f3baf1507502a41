//! Mailbox names: the bytes that a server has for one, and what a person is shown.
//!
//! A name is kept as a `String`, because nearly every name is one. Bytes that are no UTF-8 stand in
//! it as characters of a private range, one a byte (as the encoding OPTU-8 does it), so that a command
//! can say the name exactly as the server did.

use chapar_engine::mutf7;
use std::borrow::Cow;

/// The first character that stands for a byte: that of byte 0x80.
const FIRST: u32 = 0xef80;

/// The name as it is kept. Nothing is lost: [`to_wire`] undoes it.
pub(super) fn of_wire(bytes: &[u8]) -> String {
    let mut name = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if byte_of(c).is_some() {
                let mut own = [0; 4];
                name.extend(c.encode_utf8(&mut own).bytes().filter_map(stand_in));
            } else {
                name.push(c);
            }
        }
        name.extend(chunk.invalid().iter().copied().filter_map(stand_in));
    }
    name
}

/// The bytes of a command that may hold such names.
pub(super) fn to_wire(text: &str) -> Cow<'_, [u8]> {
    if !text.chars().any(|c| byte_of(c).is_some()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte_of(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// What a person is shown: modified UTF-7 decoded, bytes that are no UTF-8 read as Latin-1.
pub(super) fn shown(name: &str) -> String {
    if !name.chars().any(|c| byte_of(c).is_some()) {
        return mutf7::decode(name);
    }
    // Latin-1 has control characters where Windows has letters: those are shown as unreadable
    let latin = |byte: u8| if (0x80..0xa0).contains(&byte) { '\u{fffd}' } else { char::from(byte) };
    let readable: String = name.chars().map(|c| byte_of(c).map_or(c, latin)).collect();
    mutf7::decode(&readable)
}

/// The character that stands for a byte of 0x80 and above.
fn stand_in(byte: u8) -> Option<char> {
    let offset = u32::from(byte).checked_sub(0x80)?;
    char::from_u32(FIRST + offset)
}

/// The byte that a character stands for.
fn byte_of(c: char) -> Option<u8> {
    let offset = u32::from(c).checked_sub(FIRST)?;
    u8::try_from(offset + 0x80).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        let all: Vec<u8> = (1..=255).collect();
        for bytes in [
            b"INBOX".as_slice(),
            b"Stra\xdfe",
            b"\xc5\x81\xf3d\xc5\xba",
            "Łódź \u{ef80}\u{efff} 😀".as_bytes(),
            b"\xef\xbe\x80\xef\xbe",
            &all,
        ] {
            assert_eq!(to_wire(&of_wire(bytes)).as_ref(), bytes);
        }
    }

    #[test]
    fn shown_to_people() {
        for (wire, shown_as) in [
            (b"Entw&APw-rfe".as_slice(), "Entwürfe"),
            (b"Entw\xfcrfe", "Entwürfe"),
            ("Łódź".as_bytes(), "Łódź"),
            (b"R\xe9sum\xe9s/&AOk-t\xe9", "Résumés/été"),
            (b"price \x80", "price \u{fffd}"),
        ] {
            assert_eq!(shown(&of_wire(wire)), shown_as);
        }
    }
}
