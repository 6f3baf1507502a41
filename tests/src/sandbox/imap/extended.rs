//! The commands imap-codec does not read: LIST with options (RFC 5258, 5819, 6154), NAMESPACE.

use super::text;

/// LIST with selection or return options.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ExtendedList {
    pub(super) subscribed: bool,
    pub(super) special_use_only: bool,
    pub(super) reference: String,
    pub(super) patterns: Vec<String>,
    pub(super) status: Vec<String>,
}

/// Whether this is `tag NAMESPACE`.
pub(super) fn is_namespace(raw: &[u8]) -> bool {
    let words: Vec<String> =
        raw.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(text).collect();
    words.len() == 2 && words[1].eq_ignore_ascii_case("NAMESPACE")
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
}

/// Reads an extended LIST; `None` when it is a plain one, another command or unreadable.
pub(super) fn list(raw: &[u8]) -> Option<ExtendedList> {
    let line = std::str::from_utf8(raw).ok()?.trim_end();
    let mut words = line.splitn(3, ' ');
    let (_, name, rest) = (words.next()?, words.next()?, words.next()?);
    if !name.eq_ignore_ascii_case("LIST") {
        return None;
    }
    let mut tokens = tokens(rest)?.into_iter().peekable();
    let mut list = ExtendedList::default();
    let selects = tokens.peek() == Some(&Token::Open);
    if selects {
        for word in group(&mut tokens)? {
            list.subscribed |= word == "SUBSCRIBED";
            list.special_use_only |= word == "SPECIAL-USE";
        }
    }
    list.reference = word(&mut tokens)?;
    list.patterns = match tokens.peek()? {
        Token::Open => strings(&mut tokens)?,
        _ => vec![word(&mut tokens)?],
    };
    match tokens.next() {
        None => return selects.then_some(list),
        Some(Token::Word(word)) if word.eq_ignore_ascii_case("RETURN") => {}
        Some(_) => return None,
    }
    (tokens.next()? == Token::Open).then_some(())?;
    loop {
        match tokens.next()? {
            Token::Close => return Some(list),
            Token::Word(word) if word.eq_ignore_ascii_case("STATUS") => {
                list.status = group(&mut tokens)?;
            }
            Token::Word(_) => {}
            Token::Open => return None,
        }
    }
}

fn word(tokens: &mut impl Iterator<Item = Token>) -> Option<String> {
    match tokens.next()? {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

fn strings(tokens: &mut impl Iterator<Item = Token>) -> Option<Vec<String>> {
    (tokens.next()? == Token::Open).then_some(())?;
    let mut words = Vec::new();
    loop {
        match tokens.next()? {
            Token::Close => return Some(words),
            Token::Word(word) => words.push(word),
            Token::Open => return None,
        }
    }
}

fn group(tokens: &mut impl Iterator<Item = Token>) -> Option<Vec<String>> {
    let words = strings(tokens)?;
    Some(words.iter().map(|word| word.to_ascii_uppercase()).collect())
}

fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '(' => {
                tokens.push(Token::Open);
                &rest[1..]
            }
            ')' => {
                tokens.push(Token::Close);
                &rest[1..]
            }
            '"' => {
                let (word, after) = quoted(&rest[1..])?;
                tokens.push(Token::Word(word));
                after
            }
            _ => {
                let end = rest.find([' ', '(', ')', '"']).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].into()));
                &rest[end..]
            }
        }
        .trim_start();
    }
    Some(tokens)
}

fn quoted(rest: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((word, &rest[at + 1..])),
            '\\' => word.push(characters.next()?.1),
            other => word.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_options_and_leaves_plain_lists_alone() {
        let raw = b"a1 LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT))\r\n";
        let read = list(raw).unwrap();
        assert_eq!(read.patterns, ["*"]);
        assert_eq!(read.status, ["MESSAGES", "UIDNEXT"]);
        let read = list(b"a1 LIST (SUBSCRIBED) \"\" (\"INBOX\" \"a\\\"b\")\r\n").unwrap();
        assert!(read.subscribed);
        assert_eq!(read.patterns, ["INBOX", "a\"b"]);
        assert_eq!(list(b"a1 LIST \"\" \"*\"\r\n"), None);
        assert_eq!(list(b"a1 LSUB \"\" \"*\"\r\n"), None);
        assert_eq!(list(b"a1 LIST \"\" \"*\" RETURN (\r\n"), None);
    }
}
