//! APPEND (RFC 9051 §6.3.12) with LITERAL+ or LITERAL- (RFC 7888) and UIDPLUS (RFC 4315).

use super::date;
use super::failure::Doing;
use super::limits;
use super::select::mailbox;
use super::session::Session;
use super::wire::{Answer, Ended};
use chapar_engine::flags::Flags;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, ImapStep, Verdict};
use std::io::Read;

const DOING: Doing = Doing(ImapStep::Append, "filing a message");
/// What LITERAL- lets go without asking (RFC 7888 §5).
const LITERAL_MINUS_BYTES: u64 = 4096;

impl Session {
    /// APPEND of the `size` bytes that `from` gives; the new UID where UIDPLUS says it. A lost reply is
    /// `Verdict::Unknown`; when `from` fails the session ends, and nothing was appended.
    pub async fn append(
        &mut self,
        wire_name: &str,
        flags: &Flags,
        at: Wall,
        size: u64,
        from: impl Read + Send,
    ) -> Result<Option<u32>, Failure> {
        let name = mailbox(wire_name)?;
        let at_once =
            self.offers("LITERAL+") || (self.offers("LITERAL-") && size <= LITERAL_MINUS_BYTES);
        let command = format!(
            "APPEND {name} {} \"{}\" {{{}{}}}",
            flags.to_imap(),
            date::write(at),
            size,
            if at_once { "+" } else { "" },
        );
        let tag = self.wire.send(&command, DOING).await?;
        if !at_once && let Some(refused) = self.await_go_ahead(&tag).await? {
            return Ok(appended_uid(&refused));
        }
        self.pour(size, from).await?;
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

    /// Writes the literal, a piece at a time.
    async fn pour(&mut self, size: u64, mut from: impl Read + Send) -> Result<(), Failure> {
        let (mut left, mut piece) = (size, vec![0; limits::UPLOAD_CHUNK]);
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let piece = piece.get_mut(..wanted).unwrap_or_default();
            if let Err(error) = from.read_exact(piece) {
                // a literal that was begun can only be ended by its last byte, or with the session
                return Err(self.wire.give_up(DOING, &error));
            }
            self.wire.write(piece, DOING).await?;
            left -= wanted as u64;
        }
        Ok(())
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
