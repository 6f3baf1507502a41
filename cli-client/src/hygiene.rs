//! What may reach a terminal: the one place that takes control out of text from mail and daemon.
//!
//! Everything printed goes through [`clean`] at the sink ([`crate::screen`]); JSON goes through
//! [`escape_json`], which loses nothing. No other module decides what is harmless.

use std::borrow::Cow;
use std::fmt::Write;
use std::iter::Peekable;
use std::str::Chars;

/// Longest terminal string (OSC, DCS …) that is taken out whole. A mail could otherwise open one
/// and hide the rest of the screen's text; what is longer is shown as the text it is.
const STRING_LIMIT: usize = 4096;

/// Longest CSI sequence taken out whole; real ones are below 40 characters.
const CSI_LIMIT: usize = 64;

/// Whether line ends are part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// One line: line ends and tabs become spaces.
    One,
    /// Text of several lines: line ends and tabs stay.
    Many,
}

/// Returns `text` without anything that steers a terminal or reorders what a person reads.
pub(crate) fn clean(text: &str, lines: Lines) -> Cow<'_, str> {
    let suspect = |c: char| is_control(c) && !(lines == Lines::Many && matches!(c, '\n' | '\t'));
    if !text.chars().any(suspect) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_csi(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\t' if lines == Lines::Many => kept.push(c),
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' if lines == Lines::Many => kept.push('\n'),
            '\n' | '\t' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                kept.push(' ');
            }
            c if is_control(c) => {}
            c => kept.push(c),
        }
    }
    Cow::Owned(kept)
}

/// Returns serialised JSON with every control and direction character written as `\uXXXX`.
///
/// `serde_json` leaves DEL, C1 and bidirectional controls as they are. They can stand only inside
/// strings, so the escaped text is the same value.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    let suspect = |c: char| is_control(c) && c != '\n';
    if !json.chars().any(suspect) {
        return Cow::Borrowed(json);
    }
    let mut kept = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if suspect(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // writing to a String cannot fail
                let _ = write!(kept, "\\u{unit:04x}");
            }
        } else {
            kept.push(c);
        }
    }
    Cow::Owned(kept)
}

/// Says whether a character acts instead of being shown: C0, DEL, C1, line and paragraph
/// separators, marks and overrides of direction, invisible joiners that hide text, language tags.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Skips what follows ESC.
fn skip_escape(rest: &mut Peekable<Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            skip_csi(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            rest.next();
            skip_string(rest);
        }
        // nF escapes (ESC ( B): intermediates, then one final byte
        Some(' '..='/') => {
            while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            rest.next_if(|c| matches!(c, '0'..='~'));
        }
        Some('0'..='Z' | '\\' | '`'..='~') => {
            rest.next();
        }
        _ => {}
    }
}

/// Skips the parameters and the final byte of a control sequence (ECMA-48 §5.4), if there is one.
fn skip_csi(rest: &mut Peekable<Chars<'_>>) {
    let mut ahead = rest.clone();
    for _ in 0..CSI_LIMIT {
        match ahead.next() {
            Some(' '..='?') => {}
            Some('@'..='~') => {
                *rest = ahead;
                return;
            }
            _ => return,
        }
    }
}

/// Skips a terminal string with its terminator (BEL, ESC \ or ST), if it ends within the limit and
/// on its line.
fn skip_string(rest: &mut Peekable<Chars<'_>>) {
    let mut ahead = rest.clone();
    for _ in 0..STRING_LIMIT {
        match ahead.next() {
            None | Some('\n' | '\r') => return,
            Some('\u{7}' | '\u{9c}') => break,
            Some('\u{1b}') => {
                ahead.next_if_eq(&'\\');
                break;
            }
            Some(_) => {}
        }
    }
    *rest = ahead;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic text of letters, controls and introducers (xorshift; the seed is the case).
    fn noise(seed: u64, length: usize) -> String {
        const POOL: &[char] = &[
            'a',
            'Z',
            '7',
            ' ',
            ';',
            '[',
            ']',
            '\\',
            'm',
            'P',
            '(',
            'é',
            '漢',
            '😀',
            '\n',
            '\r',
            '\t',
            '\0',
            '\u{7}',
            '\u{8}',
            '\u{b}',
            '\u{1b}',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{90}',
            '\u{9b}',
            '\u{9c}',
            '\u{9d}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ];
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        (0..length)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                POOL[(state >> 33) as usize % POOL.len()]
            })
            .collect()
    }

    #[test]
    fn nothing_that_acts_is_left() {
        for seed in 0..20_000 {
            let text = noise(seed, (seed % 60) as usize);
            let one = clean(&text, Lines::One);
            assert!(!one.chars().any(is_control), "seed {seed}: {one:?}");
            let many = clean(&text, Lines::Many);
            let left = many.chars().any(|c| is_control(c) && c != '\n' && c != '\t');
            assert!(!left, "seed {seed}: {many:?}");
        }
    }

    #[test]
    fn cleaning_twice_changes_nothing_more() {
        for seed in 0..20_000 {
            let text = noise(seed, 40);
            for lines in [Lines::One, Lines::Many] {
                let once = clean(&text, lines).into_owned();
                assert_eq!(clean(&once, lines), once, "seed {seed}");
            }
        }
    }

    #[test]
    fn text_without_escapes_keeps_every_letter() {
        for seed in 0..20_000 {
            let text: String = noise(seed, 40)
                .chars()
                .filter(|c| !matches!(c, '\u{1b}' | '\u{80}'..='\u{9f}'))
                .collect();
            let letters = |s: &str| -> String {
                s.chars().filter(|c| !c.is_whitespace() && !is_control(*c)).collect()
            };
            assert_eq!(letters(&clean(&text, Lines::One)), letters(&text), "seed {seed}");
        }
    }

    #[test]
    fn sequences_go_whole_and_lone_introducers_hide_nothing() {
        for (text, shown) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9d}52;c;AAAA\u{9c}y", "y"),
            ("\u{9b}2Jz", "z"),
            ("\u{1b}(Bok", "ok"),
            ("\u{1b}c", ""),
            ("\u{1b}]never ends", "never ends"),
            ("\u{1b}Pq\nnext", "q next"),
            ("a\u{202e}cba", "acba"),
            ("a\r\nb", "a b"),
        ] {
            assert_eq!(clean(text, Lines::One), shown, "{text:?}");
        }
    }

    #[test]
    fn json_stays_the_same_value() {
        for seed in 0..5_000 {
            let text = noise(seed, 40);
            let json = serde_json::to_string(&text).unwrap();
            let escaped = escape_json(&json);
            assert!(!escaped.chars().any(is_control), "seed {seed}");
            assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }
}
