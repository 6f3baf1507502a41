//! UID SEARCH (RFC 9051 §6.4.4), answered as SEARCH or ESEARCH.

use super::failure::Doing;
use super::guard::frame::{Allowance, Frame};
use super::session::Session;
use super::value::Reader;
use super::wire::Answer;
use super::{failure, limits, text};
use chapar_engine::verdict::{Failure, ImapStep};

impl Session {
    /// UID SEARCH with the given criteria in wire form; UIDs ascending.
    pub async fn search(&mut self, criteria: &str) -> Result<Vec<u32>, Failure> {
        let doing = Doing(ImapStep::Search, "searching");
        if criteria.is_empty() || criteria.contains(['\r', '\n', '\0']) || !criteria.is_ascii() {
            return Err(failure::unsayable("the search"));
        }
        self.wire.allow(Allowance { line: limits::SEARCH_LINE_BYTES, ..Allowance::default() });
        let tag = self.wire.send(&format!("UID SEARCH {criteria}"), doing).await?;
        let patience = self.wire.usual();
        let mut uids = Vec::new();
        let result = self
            .wire
            .finish(&tag, doing, patience, &mut |answer| {
                let Answer::Data(mut frame) = answer else {
                    return Ok(Some(answer));
                };
                let read = match frame.kind().to_ascii_uppercase().as_slice() {
                    b"SEARCH" => read_search(&frame, &mut uids),
                    b"ESEARCH" => read_esearch(&mut frame, &mut uids),
                    _ => return Ok(Some(Answer::Data(frame))),
                };
                read.map(|()| None)
                    .ok_or_else(|| "a SEARCH response that cannot be read".to_owned())
            })
            .await;
        self.wire.allow(Allowance::default());
        result?;
        uids.sort_unstable();
        uids.dedup();
        Ok(uids)
    }

    /// UID SEARCH HEADER Message-ID.
    pub async fn search_message_id(&mut self, message_id: &str) -> Result<Vec<u32>, Failure> {
        let bare = message_id.trim_start_matches('<').trim_end_matches('>');
        let quoted = text::quoted_ascii(&format!("<{bare}>"))
            .filter(|_| !bare.is_empty())
            .ok_or_else(|| failure::unsayable("the Message-ID"))?;
        self.search(&format!("HEADER Message-ID {quoted}")).await
    }
}

/// `* SEARCH 1 2 3`, `* SEARCH 1 2 (MODSEQ 9)`. `None` when there are too many or something else.
fn read_search(frame: &Frame, uids: &mut Vec<u32>) -> Option<()> {
    for word in frame.data().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        if word.starts_with(b"(") {
            break;
        }
        let uid = std::str::from_utf8(word).ok()?.parse().ok()?;
        push(uid..=uid, uids)?;
    }
    Some(())
}

/// `* ESEARCH (TAG "x") UID MIN 1 ALL 1:3,5`: only ALL is of interest.
fn read_esearch(frame: &mut Frame, uids: &mut Vec<u32>) -> Option<()> {
    let line = std::mem::take(&mut frame.line);
    let mut reader = Reader::new(&line, &mut frame.literals);
    let is_all = |word: &[u8]| word.eq_ignore_ascii_case(b"ALL");
    while let Some(value) = reader.value() {
        if value.bytes().is_some_and(is_all) {
            let set = reader.value()?;
            for range in set.str()?.split(',') {
                let (from, to) = range.split_once(':').unwrap_or((range, range));
                let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
                push(from.min(to)..=from.max(to), uids)?;
            }
        }
    }
    Some(())
}

fn push(range: std::ops::RangeInclusive<u32>, uids: &mut Vec<u32>) -> Option<()> {
    let count = u64::from(range.end() - range.start()) + 1;
    let room = limits::SEARCH_UIDS.saturating_sub(uids.len()) as u64;
    if *range.start() == 0 || count > room {
        return None;
    }
    uids.extend(range);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Vec<u32>> {
        let mut frame = Frame { line: line.as_bytes().to_vec(), ..Frame::default() };
        let mut uids = Vec::new();
        match frame.kind() {
            b"SEARCH" => read_search(&frame, &mut uids)?,
            _ => read_esearch(&mut frame, &mut uids)?,
        }
        Some(uids)
    }

    #[test]
    fn both_forms() {
        assert_eq!(read("* SEARCH"), Some(vec![]));
        assert_eq!(read("* SEARCH 5 3 4294967295 "), Some(vec![5, 3, u32::MAX]));
        assert_eq!(read("* SEARCH 5 (MODSEQ 917)"), Some(vec![5]));
        assert_eq!(
            read("* ESEARCH (TAG \"A\") UID MIN 2 ALL 2:4,9 COUNT 4"),
            Some(vec![2, 3, 4, 9])
        );
        assert_eq!(read("* ESEARCH (TAG \"A\") UID COUNT 0"), Some(vec![]));
    }

    #[test]
    fn lies_are_refused() {
        for line in [
            "* SEARCH 0",
            "* SEARCH 4294967296",
            "* SEARCH -1",
            "* SEARCH x",
            "* ESEARCH (TAG \"A\") UID ALL 1:4294967295",
            "* ESEARCH UID ALL 1:*",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
