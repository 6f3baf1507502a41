//! One answer that is not the true one: something of it is left out, comes late, twice or in another
//! order, is refused, cut off, or says something else.

use std::time::Duration;

/// What happens to one answer. Numbers choose which of its responses; they wrap around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// One untagged response does not come.
    Leaves(usize),
    /// No untagged response comes.
    LeavesAll,
    /// One untagged response comes twice.
    Repeats(usize),
    /// Two untagged responses change places.
    Swaps(usize),
    /// One untagged response comes after the tagged one.
    Late(usize),
    /// The command gets this instead: `NO text` or `BAD text`.
    Refuses(&'static str),
    /// `* BYE` comes instead, and the connection ends.
    Bye,
    /// The connection ends after this many bytes.
    Cuts(usize),
    /// After this many bytes nothing comes any more.
    Silent(usize),
    /// The answer waits.
    Waits(Duration),
    /// One of several numbers of a SEARCH response is not there.
    Omits(usize),
    /// One FETCH response has lost its literals and what belongs to them.
    Strips(usize),
    /// One number of EXISTS, UIDNEXT or MESSAGES is one too high (`true`) or too low.
    Miscounts(bool),
}

/// An answer as it is given.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) bytes: Vec<u8>,
    pub(super) after: Option<Duration>,
    pub(super) then: Then,
}

/// What the server does after it.
#[derive(Debug)]
pub(super) enum Then {
    GoesOn,
    HangsUp,
    IsSilent,
}

/// Commands whose answer is one piece, and about mail: a login that is refused is another story.
pub(super) fn is_answered_whole(command: &str) -> bool {
    matches!(
        command,
        "LIST" | "LSUB" | "STATUS" | "EXAMINE" | "SELECT" | "FETCH" | "SEARCH" | "NOOP"
    )
}

impl Lie {
    /// The answer that is given in the place of `answer`; `None` when this lie cannot be told of it.
    pub(super) fn tell(&self, answer: &[u8]) -> Option<Told> {
        let mut parts = split(answer);
        let tagged = parts.pop()?;
        let count = parts.len();
        let goes_on = |bytes: Vec<u8>| Told { bytes, after: None, then: Then::GoesOn };
        let pick = |at: usize, from: usize| (from > 0).then(|| at % from.max(1));
        match self {
            Self::Leaves(at) => drop(parts.remove(pick(*at, count)?)),
            Self::LeavesAll => {
                pick(0, count)?;
                parts.clear();
            }
            Self::Repeats(at) => {
                let at = pick(*at, count)?;
                parts.insert(at, parts[at].clone());
            }
            Self::Swaps(at) => {
                let at = pick(*at, count.saturating_sub(1))?;
                parts.swap(at, at + 1);
            }
            Self::Late(at) => {
                let late = parts.remove(pick(*at, count)?);
                return Some(goes_on([parts.concat(), tagged, late].concat()));
            }
            Self::Refuses(text) => {
                let tag = tagged.split(|byte| *byte == b' ').next()?;
                return Some(goes_on([tag, b" ", text.as_bytes(), b"\r\n"].concat()));
            }
            Self::Bye => {
                let bytes = b"* BYE Not today.\r\n".to_vec();
                return Some(Told { bytes, after: None, then: Then::HangsUp });
            }
            Self::Cuts(at) | Self::Silent(at) => {
                let is_cut = matches!(self, Self::Cuts(_));
                let bytes = answer[..at % answer.len()].to_vec();
                let then = if is_cut { Then::HangsUp } else { Then::IsSilent };
                return Some(Told { bytes, after: None, then });
            }
            Self::Waits(by) => {
                let bytes = answer.to_vec();
                return Some(Told { bytes, after: Some(*by), then: Then::GoesOn });
            }
            Self::Omits(at) => {
                let found = parts.iter_mut().find(|part| part.starts_with(b"* SEARCH "))?;
                let text = String::from_utf8_lossy(found).trim_end().to_owned();
                let mut words: Vec<&str> = text.split(' ').collect();
                words.remove(2 + pick(*at, words.len() - 2)?);
                *found = format!("{}\r\n", words.join(" ")).into_bytes();
            }
            Self::Strips(at) => {
                let is_full = |part: &Vec<u8>| part.windows(2).any(|two| two == b"}\r");
                let full: Vec<usize> = (0..count).filter(|at| is_full(&parts[*at])).collect();
                let part = &mut parts[full[pick(*at, full.len())?]];
                let end = part.windows(5).position(|word| word == b"BODY[")?;
                part.truncate(end);
                part.extend_from_slice(b")\r\n");
            }
            Self::Miscounts(up) => {
                let word = ["EXISTS", "UIDNEXT", "MESSAGES"];
                let (at, text) = parts.iter().enumerate().find_map(|(at, part)| {
                    let text = String::from_utf8_lossy(part).into_owned();
                    let word = word.iter().find(|word| text.contains(**word))?;
                    Some((at, miscount(&text, word, *up)?))
                })?;
                parts[at] = text.into_bytes();
            }
        }
        parts.push(tagged);
        Some(goes_on(parts.concat()))
    }
}

/// The same text with the number before or after `word` one off.
fn miscount(text: &str, word: &str, up: bool) -> Option<String> {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let at = words.iter().position(|it| it.trim_start_matches(['(', '[']).trim_end() == word)?;
    let at = if word == "EXISTS" { at.checked_sub(1)? } else { at + 1 };
    let old = words.get(at)?.clone();
    let digits: String = old.chars().filter(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().ok()?;
    let number = if up { number + 1 } else { number.checked_sub(1).filter(|it| *it > 0)? };
    words[at] = old.replace(&digits, &number.to_string());
    Some(words.join(" "))
}

/// An answer's responses with their literals, the tagged one last.
fn split(answer: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(length) = answer[at..].iter().position(|byte| *byte == b'\n') {
        let line = &answer[at..=at + length];
        at += length + 1;
        if let Some((count, _)) = super::literal(line.trim_ascii_end()) {
            at = (at + count).min(answer.len());
            continue;
        }
        parts.push(answer[begin..at].to_vec());
        begin = at;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"* 1 FETCH (UID 7 BODY[] {4}\r\na\r\nb FLAGS ())\r\n* 2 EXISTS\r\n\
          * OK [UIDNEXT 9] Next\r\n* SEARCH 4 5\r\nA1 OK done\r\n";

    fn told(lie: &Lie) -> Option<String> {
        Some(String::from_utf8(lie.tell(ANSWER)?.bytes).unwrap())
    }

    #[test]
    fn each_lie_changes_one_thing() {
        let whole = String::from_utf8(ANSWER.to_vec()).unwrap();
        let fetch = "* 1 FETCH (UID 7 BODY[] {4}\r\na\r\nb FLAGS ())\r\n";
        for (lie, expected) in [
            (Lie::Leaves(4), whole.replacen(fetch, "", 1)),
            (Lie::LeavesAll, "A1 OK done\r\n".to_owned()),
            (Lie::Repeats(0), format!("{fetch}{whole}")),
            (
                Lie::Swaps(1),
                whole.replace("* 2 EXISTS\r\n", "").replace("* SEARCH", "* 2 EXISTS\r\n* SEARCH"),
            ),
            (Lie::Late(1), whole.replace("* 2 EXISTS\r\n", "") + "* 2 EXISTS\r\n"),
            (Lie::Refuses("NO never"), "A1 NO never\r\n".to_owned()),
            (Lie::Cuts(5), "* 1 F".to_owned()),
            (Lie::Omits(1), whole.replace(" 4 5", " 4")),
            (Lie::Strips(0), whole.replace(fetch, "* 1 FETCH (UID 7 )\r\n")),
            (Lie::Miscounts(true), whole.replace("2 EXISTS", "3 EXISTS")),
        ] {
            assert_eq!(told(&lie).as_deref(), Some(expected.as_str()), "{lie:?}");
        }
        assert!(Lie::Omits(0).tell(b"A1 OK\r\n").is_none());
        assert!(Lie::Leaves(0).tell(b"A1 OK\r\n").is_none());
    }
}
