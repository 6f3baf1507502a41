//! Strings on the wire: quoting.

/// `text` as a quoted string; `None` when it holds what a line cannot (CR, LF, NUL).
pub(super) fn quoted(text: &str) -> Option<String> {
    if text.contains(['\r', '\n', '\0']) {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2 + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    Some(out)
}

/// The same for what must be ASCII.
pub(super) fn quoted_ascii(text: &str) -> Option<String> {
    text.is_ascii().then(|| quoted(text)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting() {
        assert_eq!(quoted(r#"a"b\c"#).as_deref(), Some(r#""a\"b\\c""#));
        assert_eq!(quoted("a\r\nA1 LOGOUT"), None);
        assert_eq!(quoted_ascii("p\u{e4}ss"), None);
    }
}
