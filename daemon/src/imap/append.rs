//! APPEND (RFC 9051 §6.3.12) with LITERAL+ or LITERAL- (RFC 7888) and UIDPLUS (RFC 4315).

use super::date;
use super::failure::Doing;
use super::select::mailbox;
use super::session::Session;
use super::wire::{Answer, Ended};
use chapar_engine::flags::Flags;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, ImapStep, Verdict};

const DOING: Doing = Doing(ImapStep::Append, "filing a message");
/// What LITERAL- lets go without asking (RFC 7888 §5).
const LITERAL_MINUS_BYTES: usize = 4096;

impl Session {
    /// APPEND; the new UID where UIDPLUS says it. A lost reply is `Verdict::Unknown`.
    pub async fn append(
        &mut self,
        wire_name: &str,
        flags: &Flags,
        at: Wall,
        bytes: &[u8],
    ) -> Result<Option<u32>, Failure> {
        let name = mailbox(wire_name)?;
        let at_once = self.offers("LITERAL+")
            || (self.offers("LITERAL-") && bytes.len() <= LITERAL_MINUS_BYTES);
        let command = format!(
            "APPEND {name} {} \"{}\" {{{}{}}}",
            flags.to_imap(),
            date::write(at),
            bytes.len(),
            if at_once { "+" } else { "" },
        );
        let tag = self.wire.send(&command, DOING).await?;
        if !at_once && let Some(refused) = self.await_go_ahead(&tag).await? {
            return Ok(appended_uid(&refused));
        }
        self.wire.write(bytes, DOING).await?;
        // from here on the server has all it needs: a lost link leaves it open what it did
        let patience = self.wire.usual();
        let ended = match self.wire.write(b"\r\n", DOING).await {
            Ok(()) => {
                let mut hint = |answer| Ok(Some(answer));
                self.wire.finish(&tag, DOING, patience, &mut hint).await
            }
            Err(failure) => Err(failure),
        };
        ended
            .map(|ended| appended_uid(&ended))
            .map_err(|failure| unknown(failure, self.wire.is_ended()))
    }

    /// Waits for `+`; a tagged answer instead is the end of the command.
    async fn await_go_ahead(&mut self, tag: &str) -> Result<Option<Ended>, Failure> {
        let patience = self.wire.usual();
        loop {
            match self.wire.next(DOING, patience).await? {
                Answer::Continue(_) => return Ok(None),
                Answer::Done(ended) => return self.wire.close(tag, DOING, ended).map(Some),
                answer => self.wire.pass(&answer, DOING)?,
            }
        }
    }
}

/// A tagged NO is an answer; everything that ended the link is not.
fn unknown(failure: Failure, ended: bool) -> Failure {
    if !ended {
        return failure;
    }
    Failure { verdict: Verdict::Unknown, ..failure }
}

/// The UID in `[APPENDUID validity uid]`.
fn appended_uid(ended: &Ended) -> Option<u32> {
    let code = ended.code.as_ref().filter(|code| code.name == "APPENDUID")?;
    let uid = code.args.split_ascii_whitespace().nth(1)?;
    uid.parse().ok().filter(|&uid| uid > 0)
}
