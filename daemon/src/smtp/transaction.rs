//! One mail transaction up to the message: MAIL, RCPT for each recipient, DATA. Owns what counts of
//! it when the server hangs up in between: every reply that was read.

use super::{Ready, Reply, Session, Wire, envelope, fault};
use chapar_engine::verdict::Failure;

/// Recipients in one flight: their commands and replies fit the socket buffers of both sides, so
/// that neither waits for the other to read (RFC 2920 §3.1).
const FLIGHT: usize = 50;

/// How far a transaction came.
pub struct Begun<'s> {
    /// Each recipient's reply in order; where recipients were accepted but DATA was refused, their
    /// replies are DATA's: it is about them. Fewer than recipients when [`Begun::cut`].
    pub replies: Vec<Reply>,
    /// The server hung up before it had answered everything: nothing was sent, and the session is
    /// over.
    pub cut: Option<Failure>,
    /// There when at least one recipient was accepted and the server waits for the message.
    pub ready: Option<Ready<'s>>,
}

/// What was answered.
#[derive(Default)]
struct Answers {
    sender: Option<Reply>,
    recipients: Vec<Reply>,
    data: Option<Reply>,
    cut: Option<Failure>,
}

impl Answers {
    fn has_accepted(&self) -> bool {
        self.recipients.iter().any(Reply::is_positive)
    }

    /// With 421 a server says that it hangs up, not what it thinks of a recipient (RFC 5321 §4.2.3).
    fn settle(&mut self, host: &str) {
        if self.cut.is_none() {
            return;
        }
        let closing = self.recipients.iter().position(|reply| reply.code == 421);
        if let Some(reply) = closing.and_then(|at| self.recipients.drain(at..).next()) {
            self.cut = Some(fault::closing(host, &reply));
        }
    }
}

impl Session {
    /// MAIL, RCPT for each, DATA. Fails while no recipient was spoken of.
    pub async fn begin(
        &mut self,
        from: &str,
        recipients: &[String],
        size: u64,
        eight_bit: bool,
    ) -> Result<Begun<'_>, Failure> {
        let Some(mut wire) = self.wire.take() else {
            return Err(fault::lost(&self.host, "MAIL", "the session is over"));
        };
        if let Some(refusal) = preflight(&wire, from, recipients, size, eight_bit) {
            self.wire = Some(wire);
            return Err(refusal);
        }
        let utf8 = !from.is_ascii() || recipients.iter().any(|to| !to.is_ascii());
        let mail = envelope::mail(from, size, eight_bit, utf8, &wire.extensions);
        let mut answers = Answers::default();
        let asked = if wire.extensions.pipelining {
            wire.flights(mail, recipients, &mut answers).await
        } else {
            wire.one_by_one(&mail, recipients, &mut answers).await
        };
        answers.cut = asked.err();
        answers.settle(&self.host);
        self.judge(wire, answers, from, recipients.len()).await
    }

    /// What the answers make of the transaction.
    async fn judge(
        &mut self,
        mut wire: Wire,
        mut answers: Answers,
        from: &str,
        count: usize,
    ) -> Result<Begun<'_>, Failure> {
        let Some(sender) = answers.sender.clone() else {
            let unheard = || fault::lost(&self.host, "MAIL", "no reply");
            return Err(answers.cut.unwrap_or_else(unheard));
        };
        let all = answers.recipients.len() == count;
        if !sender.is_positive() {
            // after a refused sender nothing that is said can be relied on but the refusal
            let waits = answers.data.as_ref().is_some_and(Reply::is_intermediate);
            if answers.cut.is_none() && !waits && wire.ask("RSET\r\n", "RSET").await.is_ok() {
                self.wire = Some(wire);
            }
            return Err(fault::sender(&self.host, from, &sender));
        }
        if answers.cut.is_some() && (answers.has_accepted() || !all) {
            return Ok(Begun { replies: answers.recipients, cut: answers.cut, ready: None });
        }
        match &answers.data {
            Some(data) if data.is_intermediate() && answers.has_accepted() => {
                let ready = Some(Ready { session: self, wire });
                return Ok(Begun { replies: answers.recipients, cut: None, ready });
            }
            // nobody to send to and yet it waits for a message: an empty one ends that
            // (RFC 2920 §3.1)
            Some(data) if data.is_intermediate() => {
                let _ = wire.ask(".\r\n", "the empty message").await;
            }
            Some(data) if answers.has_accepted() => {
                let accepted = answers.recipients.iter_mut().filter(|reply| reply.is_positive());
                let data = data.clone();
                if data.code < 400 {
                    return Err(fault::bad_reply(&self.host, "DATA", &data.to_string()));
                }
                accepted.for_each(|reply| reply.clone_from(&data));
            }
            _ => {}
        }
        // what is known stays known when the server hangs up now
        if answers.cut.is_none() && wire.ask("RSET\r\n", "RSET").await.is_ok() {
            self.wire = Some(wire);
        }
        Ok(Begun { replies: answers.recipients, cut: None, ready: None })
    }
}

/// What is wrong with the transaction before a byte of it is sent.
fn preflight(
    wire: &Wire,
    from: &str,
    recipients: &[String],
    size: u64,
    eight_bit: bool,
) -> Option<Failure> {
    if let Some(limit) = wire.extensions.max_size.filter(|limit| size > *limit) {
        return Some(fault::too_large(&wire.host, size, limit));
    }
    envelope::check(from, recipients, &wire.extensions, eight_bit, &wire.host).err()
}

impl Wire {
    /// All commands in as few flights as fit (RFC 2920).
    async fn flights(
        &mut self,
        mail: String,
        recipients: &[String],
        answers: &mut Answers,
    ) -> Result<(), Failure> {
        let mut flight = mail;
        let mut asked = 0;
        let mut chunks = recipients.chunks(FLIGHT).peekable();
        while let Some(chunk) = chunks.next() {
            for to in chunk {
                flight.push_str(&envelope::rcpt(to));
            }
            if chunks.peek().is_none() {
                flight.push_str("DATA\r\n");
            }
            let first = self.ask(&flight, "MAIL").await?;
            if answers.sender.is_none() {
                answers.sender = Some(first);
            } else {
                answers.recipients.push(first);
            }
            flight.clear();
            asked += chunk.len();
            while answers.recipients.len() < asked {
                answers.recipients.push(self.next("RCPT").await?);
            }
        }
        answers.data = Some(self.next("DATA").await?);
        Ok(())
    }

    /// One command, one reply; stops asking when the answer is known.
    async fn one_by_one(
        &mut self,
        mail: &str,
        recipients: &[String],
        answers: &mut Answers,
    ) -> Result<(), Failure> {
        let sender = answers.sender.insert(self.ask(mail, "MAIL").await?);
        if !sender.is_positive() {
            return Ok(());
        }
        for to in recipients {
            answers.recipients.push(self.ask(&envelope::rcpt(to), "RCPT").await?);
        }
        if answers.has_accepted() {
            answers.data = Some(self.ask("DATA\r\n", "DATA").await?);
        }
        Ok(())
    }
}
