//! SELECT, EXAMINE and STATUS (RFC 9051 §6.3.2, §6.3.11, RFC 7162 §3.1).

use super::code::Code;
use super::failure;
use super::failure::Doing;
use super::guard::frame::Frame;
use super::session::Session;
use super::text;
use super::value::{Reader, Value};
use super::wire::{Answer, Word};
use chapar_engine::mailbox::ServerState;
use chapar_engine::verdict::{Failure, ImapStep};

/// A mailbox's numbers as they come in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub exists: Option<u32>,
    pub uidvalidity: Option<u32>,
    pub uidnext: Option<u32>,
    pub unseen: Option<u32>,
    pub modseq: Option<u64>,
}

impl Numbers {
    /// The whole state, if the indispensable parts came. A UIDVALIDITY of 0 breaks RFC 9051 §2.3.1.1
    /// and is a number like another all the same: some servers say it of every mailbox.
    pub(super) fn state(self) -> Option<ServerState> {
        Some(ServerState {
            uidvalidity: self.uidvalidity?,
            uidnext: self.uidnext.filter(|&number| number > 0)?,
            modseq: self.modseq.filter(|&number| number > 0),
            exists: self.exists?,
            unseen: self.unseen,
        })
    }

    /// Whether UIDNEXT can be this: each message has a UID of its own below it.
    fn allows(&self, uidnext: u32) -> bool {
        uidnext > 0 && self.exists.is_none_or(|exists| uidnext > exists)
    }

    /// What `other` says takes the place of what is missing.
    fn or(self, other: Self) -> Self {
        Self {
            exists: self.exists.or(other.exists),
            uidvalidity: self.uidvalidity.or(other.uidvalidity),
            uidnext: self.uidnext.or(other.uidnext),
            unseen: self.unseen.or(other.unseen),
            modseq: self.modseq.or(other.modseq),
        }
    }

    fn take_code(&mut self, code: &Code) {
        match code.name.as_str() {
            "UIDVALIDITY" => self.uidvalidity = code.number(),
            "UIDNEXT" => self.uidnext = code.number(),
            "HIGHESTMODSEQ" => self.modseq = code.number(),
            _ => {}
        }
    }
}

/// A STATUS answer: mailbox and numbers.
pub(super) fn read_status(mut frame: Frame) -> Option<(Vec<u8>, Numbers)> {
    let line = std::mem::take(&mut frame.line);
    let mut reader = Reader::new(&line, &mut frame.literals);
    reader.word()?;
    reader.word()?;
    let name = reader.value()?.into_bytes()?;
    let items = reader.value()?;
    let mut numbers = Numbers::default();
    for pair in items.list()?.chunks_exact(2) {
        let [word, value] = pair else { continue };
        numbers.take_item(word.str()?, value);
    }
    Some((name, numbers))
}

impl Numbers {
    fn take_item(&mut self, word: &str, value: &Value) {
        let small = || value.number().and_then(|number| u32::try_from(number).ok());
        match word.to_ascii_uppercase().as_str() {
            "MESSAGES" => self.exists = small(),
            "UIDNEXT" => self.uidnext = small(),
            "UIDVALIDITY" => self.uidvalidity = small(),
            "UNSEEN" => self.unseen = small(),
            "HIGHESTMODSEQ" => self.modseq = value.number(),
            _ => {}
        }
    }
}

impl Session {
    /// The STATUS items this server knows.
    pub(super) fn status_items(&self) -> &'static str {
        if self.offers("CONDSTORE") {
            "MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ"
        } else {
            "MESSAGES UIDNEXT UIDVALIDITY UNSEEN"
        }
    }

    /// STATUS of a mailbox that is not selected.
    pub async fn status(&mut self, wire_name: &str) -> Result<ServerState, Failure> {
        let doing = Doing(ImapStep::List, "asking for the state of a mailbox");
        let numbers = self.numbers(wire_name).await?;
        numbers.state().ok_or_else(|| incomplete(&self.wire.host, doing))
    }

    /// What STATUS says of a mailbox.
    async fn numbers(&mut self, wire_name: &str) -> Result<Numbers, Failure> {
        let doing = Doing(ImapStep::List, "asking for the state of a mailbox");
        let name = mailbox(wire_name)?;
        let command = format!("STATUS {name} ({})", self.status_items());
        let tag = self.wire.send(&command, doing).await?;
        let patience = self.wire.usual();
        let mut found = Numbers::default();
        self.wire
            .finish(&tag, doing, patience, &mut |answer| match answer {
                Answer::Data(frame) if frame.kind().eq_ignore_ascii_case(b"STATUS") => {
                    if let Some((_, numbers)) = read_status(frame) {
                        found = numbers;
                    }
                    Ok(None)
                }
                answer => Ok(Some(answer)),
            })
            .await?;
        Ok(found)
    }

    /// SELECTs (or EXAMINEs when `read_only`).
    pub async fn select(
        &mut self,
        wire_name: &str,
        read_only: bool,
    ) -> Result<ServerState, Failure> {
        let doing = Doing(ImapStep::Select, "opening a mailbox");
        let name = mailbox(wire_name)?;
        let verb = if read_only { "EXAMINE" } else { "SELECT" };
        let condstore = if self.offers("CONDSTORE") { " (CONDSTORE)" } else { "" };
        let tag = self.wire.send(&format!("{verb} {name}{condstore}"), doing).await?;
        let patience = self.wire.usual();
        let mut numbers = Numbers::default();
        self.wire
            .finish(&tag, doing, patience, &mut |answer| {
                match &answer {
                    Answer::Exists(count) => numbers.exists = Some(*count),
                    Answer::Status { word: Word::Ok, code: Some(code) } => numbers.take_code(code),
                    _ => return Ok(Some(answer)),
                }
                Ok(None)
            })
            .await?;
        self.wire.hints.exists = numbers.exists.unwrap_or(0);
        self.wire.hints.changed = false;
        if numbers.exists.is_none() || numbers.uidvalidity.is_none() {
            numbers = numbers.or(self.asked_again(wire_name).await?);
            self.wire.hints.exists = numbers.exists.unwrap_or(0);
        }
        if numbers.uidvalidity.is_some() && !numbers.uidnext.is_some_and(|uid| numbers.allows(uid))
        {
            // RFC 3501 servers may leave it out; what others say is too small for the messages
            let found = self.highest_uid().await?.saturating_add(1);
            numbers.uidnext = numbers.uidnext.max(Some(found));
        }
        numbers.state().ok_or_else(|| incomplete(&self.wire.host, doing))
    }

    /// What STATUS says where SELECT left out what no mirror can do without; nothing when the
    /// server refuses STATUS too.
    async fn asked_again(&mut self, wire_name: &str) -> Result<Numbers, Failure> {
        match self.numbers(wire_name).await {
            Err(failure) if self.wire.is_ended() => Err(failure),
            answered => Ok(answered.unwrap_or_default()),
        }
    }

    /// The highest UID of the selected mailbox, 0 when it is empty.
    async fn highest_uid(&mut self) -> Result<u32, Failure> {
        if self.wire.hints.exists == 0 {
            return Ok(0);
        }
        let mut highest = 0;
        let which = super::Which::Uids("*".to_owned());
        self.fetch(which, super::Items::Flags, &mut |fetched| {
            highest = highest.max(fetched.uid);
        })
        .await?;
        Ok(highest)
    }
}

/// A mailbox name as an argument.
pub(super) fn mailbox(wire_name: &str) -> Result<String, Failure> {
    text::quoted(wire_name).ok_or_else(|| failure::unsayable("the name of the mailbox"))
}

fn incomplete(host: &str, doing: Doing) -> Failure {
    failure::protocol(host, doing, "UIDVALIDITY or the count of messages is missing")
}
