//! UID SEARCH (RFC 9051 §6.4.4), answered as SEARCH or ESEARCH.

use super::failure::Doing;
use super::guard::frame::{Allowance, Frame};
use super::session::Session;
use super::value::Reader;
use super::wire::Answer;
use super::{failure, limits, text};
use chapar_engine::sync::{UidGatherer, UidSet};
use chapar_engine::verdict::{Failure, ImapStep};

impl Session {
    /// UID SEARCH with the given criteria in wire form.
    pub async fn search(&mut self, criteria: &str) -> Result<UidSet, Failure> {
        self.find(criteria).await.map(Option::unwrap_or_default)
    }

    /// The same; `None` when the server said OK without a SEARCH response, so that it is not known
    /// whether there is nothing (RFC 9051 §6.4.4 demands a response, some servers send none).
    pub async fn find(&mut self, criteria: &str) -> Result<Option<UidSet>, Failure> {
        let doing = Doing(ImapStep::Search, "searching");
        if criteria.is_empty() || criteria.contains(['\r', '\n', '\0']) || !criteria.is_ascii() {
            return Err(failure::unsayable("the search"));
        }
        self.wire.allow(Allowance {
            line: limits::SEARCH_LINE_BYTES,
            answers: limits::BULK_BYTES,
            ..Allowance::default()
        });
        let tag = self.wire.send(&format!("UID SEARCH {criteria}"), doing).await?;
        let patience = self.wire.usual();
        let mut uids = UidGatherer::default();
        let mut responded = false;
        let mut hold = self.wire.hold();
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
                hold.set(uids.weight());
                responded = true;
                read.map(|()| None)
                    .ok_or_else(|| "a SEARCH response that cannot be read".to_owned())
            })
            .await;
        self.wire.allow(Allowance::default());
        result?;
        Ok(responded.then(|| uids.into_set()))
    }

    /// UID SEARCH HEADER Message-ID.
    pub async fn search_message_id(&mut self, message_id: &str) -> Result<UidSet, Failure> {
        let bare = message_id.trim_start_matches('<').trim_end_matches('>');
        let quoted = text::quoted_ascii(&format!("<{bare}>"))
            .filter(|_| !bare.is_empty())
            .ok_or_else(|| failure::unsayable("the Message-ID"))?;
        self.search(&format!("HEADER Message-ID {quoted}")).await
    }
}

/// `* SEARCH 1 2 3`, `* SEARCH 1 2 (MODSEQ 9)`. `None` when something else stands there.
fn read_search(frame: &Frame, uids: &mut UidGatherer) -> Option<()> {
    for word in frame.data().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        if word.starts_with(b"(") {
            break;
        }
        let uid = number(word)?;
        uids.add(uid, uid).then_some(())?;
    }
    Some(())
}

/// `* ESEARCH (TAG "x") UID MIN 1 ALL 1:3,5`: only ALL is of interest.
fn read_esearch(frame: &mut Frame, uids: &mut UidGatherer) -> Option<()> {
    let line = std::mem::take(&mut frame.line);
    let mut reader = Reader::new(&line, &mut frame.literals);
    let is_all = |word: &[u8]| word.eq_ignore_ascii_case(b"ALL");
    while let Some(value) = reader.value() {
        if value.bytes().is_some_and(is_all) {
            let set = reader.value()?;
            for range in set.str()?.split(',') {
                let (from, to) = range.split_once(':').unwrap_or((range, range));
                uids.add(number(from.as_bytes())?, number(to.as_bytes())?).then_some(())?;
            }
        }
    }
    Some(())
}

fn number(word: &[u8]) -> Option<u32> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<String> {
        let mut frame = Frame { line: line.as_bytes().to_vec(), ..Frame::default() };
        let mut uids = UidGatherer::default();
        match frame.kind() {
            b"SEARCH" => read_search(&frame, &mut uids)?,
            _ => read_esearch(&mut frame, &mut uids)?,
        }
        Some(uids.into_set().to_string())
    }

    #[test]
    fn both_forms() {
        for (line, set) in [
            ("* SEARCH", ""),
            ("* SEARCH 5 3 4294967295 ", "3,5,4294967295"),
            ("* SEARCH 5 (MODSEQ 917)", "5"),
            ("* ESEARCH (TAG \"A\") UID MIN 2 ALL 2:4,9 COUNT 4", "2:4,9"),
            ("* ESEARCH (TAG \"A\") UID COUNT 0", ""),
            ("* ESEARCH (TAG \"A\") UID ALL 4294967295:1", "1:4294967295"),
        ] {
            assert_eq!(read(line).as_deref(), Some(set), "{line}");
        }
    }

    #[test]
    fn lies_are_refused() {
        for line in [
            "* SEARCH 0",
            "* SEARCH 4294967296",
            "* SEARCH -1",
            "* SEARCH x",
            "* ESEARCH (TAG \"A\") UID ALL 0:9",
            "* ESEARCH (TAG \"A\") UID ALL 1:4294967296",
            "* ESEARCH UID ALL 1:*",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
