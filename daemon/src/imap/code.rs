//! Response codes and the free text after them (RFC 9051 §7.1), kept as the server wrote them.

use super::limits;

/// `[NAME arguments]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// Upper case.
    pub name: String,
    /// Everything up to the bracket.
    pub args: String,
}

impl Code {
    /// The arguments as one number.
    pub(super) fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.args.trim().parse().ok()
    }
}

/// Splits what follows a status word into its code, if any, and its text, fit to be shown.
pub(super) fn read(rest: &[u8]) -> (Option<Code>, String) {
    let bracketed = rest.strip_prefix(b"[").and_then(|inside| {
        let end = closing_bracket(inside)?;
        Some((inside.get(..end)?, inside.get(end + 1..)?))
    });
    let Some((inside, text)) = bracketed else {
        return (None, clean(rest));
    };
    let inside = String::from_utf8_lossy(inside.get(..limits::CODE_BYTES).unwrap_or(inside));
    let (name, args) = inside.split_once(' ').unwrap_or((&inside, ""));
    let code = Code { name: name.to_ascii_uppercase(), args: args.to_owned() };
    (Some(code), clean(text))
}

/// Where the `]` is that ends the code, quoted strings aside.
fn closing_bracket(inside: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in inside.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return Some(at),
            _ => {}
        }
    }
    // an odd quote somewhere: the first bracket then
    inside.iter().position(|&byte| byte == b']')
}

/// A server's words on one line, without what could steer a terminal, at most
/// [`limits::TEXT_CHARS`] characters.
pub(super) fn clean(text: &[u8]) -> String {
    let steers = |c: char| c.is_control() || is_bidi_control(c);
    // a character has at most four bytes
    let start = text.get(..limits::TEXT_CHARS * 4).unwrap_or(text);
    let shown: String = String::from_utf8_lossy(start)
        .chars()
        .map(|c| if steers(c) { ' ' } else { c })
        .take(limits::TEXT_CHARS)
        .collect();
    shown.trim().to_owned()
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (line, name, args, text) in [
            ("[UIDVALIDITY 7] UIDs valid", "UIDVALIDITY", "7", "UIDs valid"),
            ("[alert]d\u{e9}j\u{e0}", "ALERT", "", "d\u{e9}j\u{e0}"),
            ("[X \"a]b\"] t", "X", "\"a]b\"", "t"),
            ("[X \"a] t", "X", "\"a", "t"),
            ("[PERMANENTFLAGS ()] t", "PERMANENTFLAGS", "()", "t"),
        ] {
            let (code, said) = read(line.as_bytes());
            let code = code.map(|code| (code.name, code.args));
            assert_eq!(code, Some((name.to_owned(), args.to_owned())), "{line}");
            assert_eq!(said, text);
        }
        for line in ["no code", "[open", "", "a [x]"] {
            assert_eq!(read(line.as_bytes()), (None, line.to_owned()));
        }
    }

    #[test]
    fn words_cannot_steer_a_terminal() {
        assert_eq!(clean(b"\x1b[2Jgone\r\x07"), "[2Jgone");
        assert_eq!(clean(&[b'x'; 10_000]).len(), limits::TEXT_CHARS);
        assert_eq!(clean(b"\xff\xfe"), "\u{fffd}\u{fffd}");
    }
}
