//! The transitions. Each is a pure change of one [`Submission`]; the caller makes it durable before
//! the step it permits is taken.
//!
//! The one promise: a recipient that is `InFlight`, `Unknown` or `Accepted` is never put back to
//! `Waiting`, except where it is certain that the final dot was not sent, where the server said no,
//! and where the person says "send again". Each recipient has a life of its own: one that waits is
//! tried on while another is of unknown fate.

use super::agenda::NEVER;
use super::{Delivery, Due, Filing, GIVEN_UP, Phase, Recipient, Search, Submission, is_reply_line};
use crate::backoff::fraction;
use crate::limits::RETRY_FOR;
use crate::time::Wall;
use crate::verdict::{SmtpStep, is_temporary};
use std::time::Duration;

/// Waits between tries; the last one repeats (RFC 5321 §4.5.4.1 asks for 30 minutes and more, two
/// early tries get past greylisting).
const RETRIES: [Duration; 6] =
    [minute(1), minute(5), minute(15), minute(60), minute(120), minute(240)];
/// Which of [`RETRIES`] is the longest while the server cannot be reached: it said nothing that
/// asks for more, and may be back any minute.
const UNREACHED: usize = 2;
/// The longest wait between tries: the last of [`RETRIES`] and a [`SPREAD`]th of it.
pub(super) const LONGEST_RETRY: Duration = minute(240 + 48);
/// Waits are spread by up to this part of them.
const SPREAD: u32 = 5;
/// A message is not given up after fewer tries, however long ago the first one was: the machine may
/// have been off for days, or its clock set.
const FEWEST: u32 = 8;

/// A number of minutes.
const fn minute(count: u64) -> Duration {
    Duration::from_mins(count)
}

/// The submission does not allow this step where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("submission S{id} is {phase}, so it cannot be {attempted}")]
pub struct WrongPhase {
    /// Which one.
    pub id: u64,
    /// Where it stands, in words.
    pub phase: &'static str,
    /// What was asked for.
    pub attempted: &'static str,
}

/// What a server said to RCPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcptReply {
    /// Of which recipient.
    pub email: String,
    /// Reply code (RFC 5321 §4.2).
    pub code: u16,
    /// The reply without its code, on one line.
    pub text: String,
}

impl Submission {
    /// Takes it for sending. Durable before a connection is used for it. Returns the recipients to
    /// name in RCPT, in order.
    pub fn claim(&mut self, now: Wall) -> Result<Vec<String>, WrongPhase> {
        if !self.is_due(Due::Send, now) {
            return Err(self.wrong("sent now"));
        }
        self.phase = Phase::Sending;
        self.tried_since.get_or_insert(now);
        self.attempts = self.attempts.saturating_add(1);
        let waiting = self.recipients.iter().filter(|recipient| is_waiting(recipient));
        Ok(waiting.map(|recipient| recipient.email.clone()).collect())
    }

    /// The replies to RCPT. True when at least one was accepted.
    pub fn rcpt_replies(&mut self, replies: &[RcptReply]) -> Result<bool, WrongPhase> {
        if self.phase != Phase::Sending {
            return Err(self.wrong("answered for its recipients"));
        }
        for RcptReply { email, code, text } in replies {
            let is_asked = |it: &&mut Recipient| is_waiting(it) && it.email == *email;
            let Some(recipient) = self.recipients.iter_mut().find(is_asked) else { continue };
            let reply = format!("{code} {text}");
            recipient.delivery = match code {
                200..=299 => Delivery::InFlight,
                _ if is_temporary(*code, text, SmtpStep::Rcpt) => {
                    Delivery::Waiting { reply: Some(reply.clone()) }
                }
                _ => Delivery::Refused { reply: reply.clone() },
            };
            if !(200..300).contains(code) {
                self.last_reply = Some(reply);
            }
        }
        Ok(self.recipients.iter().any(is_in_flight))
    }

    /// The server hung up before it had answered for each recipient: what it answered counts, and
    /// nothing was sent to those it accepted. The rest may be tried at once in another transaction.
    pub fn cut_off(&mut self, replies: &[RcptReply], why: &str) -> Result<(), WrongPhase> {
        self.rcpt_replies(replies)?;
        self.put_off(why);
        Ok(())
    }

    /// The message is refused for good before the final dot, for every recipient not settled yet:
    /// at login, at MAIL, or by chapar itself. `words` is the server's reply line, or chapar's own
    /// words.
    pub fn declined(&mut self, words: &str, now: Wall, entropy: u64) -> Result<(), WrongPhase> {
        if self.phase != Phase::Sending {
            return Err(self.wrong("declined"));
        }
        self.land(|_| refused(words));
        self.settle_waiting(|_| refused(words));
        self.last_reply = Some(words.to_owned());
        self.deferred(now, entropy);
        Ok(())
    }

    /// The final dot is about to be written. Durable before it is.
    pub fn dot_pending(&mut self) -> Result<(), WrongPhase> {
        if self.phase != Phase::Sending || !self.recipients.iter().any(is_in_flight) {
            return Err(self.wrong("given its final dot"));
        }
        self.phase = Phase::DotPending;
        Ok(())
    }

    /// The server answered the final dot.
    pub fn answered(
        &mut self,
        (code, text): (u16, &str),
        now: Wall,
        entropy: u64,
    ) -> Result<(), WrongPhase> {
        if self.phase != Phase::DotPending {
            return Err(self.wrong("answered"));
        }
        let reply = format!("{code} {text}");
        let accepted = (200..300).contains(&code);
        let temporary = is_temporary(code, text, SmtpStep::Dot);
        self.land(|_| match (accepted, temporary) {
            (true, _) => Delivery::Accepted { reply: reply.clone() },
            (false, true) => waiting(&reply),
            (false, false) => refused(&reply),
        });
        self.last_reply = Some(reply);
        self.deferred(now, entropy);
        Ok(())
    }

    /// The connection was lost at or after the final dot: what became of the recipients of this
    /// transaction is unknown, and looked for. Those that the server put off are tried again.
    pub fn lost(&mut self, now: Wall, entropy: u64) -> Result<(), WrongPhase> {
        if self.phase != Phase::DotPending {
            return Err(self.wrong("lost"));
        }
        self.land(|_| Delivery::Unknown);
        self.losses = self.losses.saturating_add(1);
        self.search = Some(Search::new(now));
        self.deferred(now, entropy);
        Ok(())
    }

    /// The try ended and it is certain that the final dot was not sent; `why` in words.
    pub fn not_sent(&mut self, now: Wall, entropy: u64, why: &str) -> Result<(), WrongPhase> {
        if !matches!(self.phase, Phase::Sending | Phase::DotPending) {
            return Err(self.wrong("put back"));
        }
        self.put_off(why);
        self.last_reply = Some(why.to_owned());
        self.deferred(now, entropy);
        Ok(())
    }

    /// The server could not be reached, or not be logged in to: it said nothing about the message.
    pub fn unreached(&mut self, now: Wall, entropy: u64, why: &str) -> Result<(), WrongPhase> {
        if self.phase != Phase::Sending {
            return Err(self.wrong("put back"));
        }
        self.put_off(why);
        self.last_reply = Some(why.to_owned());
        let step = usize::try_from(self.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        self.ended(step.min(UNREACHED), now, entropy);
        Ok(())
    }

    /// Puts right what a crash left behind; called once for each at start. True when it changed.
    pub fn recovered(&mut self, now: Wall, entropy: u64) -> bool {
        match self.phase {
            Phase::Sending => {
                // the final dot is written only after DotPending is durable
                self.land(|_| Delivery::Waiting { reply: None });
                self.phase = Phase::Queued { next: now };
                self.settle(now);
                true
            }
            Phase::DotPending => self.lost(now, entropy).is_ok(),
            _ => false,
        }
    }

    /// Cancels what was not sent yet. Recipients that accepted it keep it, and those of unknown
    /// fate are looked for on.
    pub fn cancel(&mut self, now: Wall) -> Result<(), WrongPhase> {
        let Phase::Queued { .. } = self.phase else {
            return Err(self.wrong("canceled"));
        };
        if self.has_unknown() || self.recipients.iter().any(is_accepted) {
            self.settle_waiting(|_| refused("canceled before it was sent"));
            self.settle(now);
        } else {
            self.phase = Phase::Canceled;
        }
        Ok(())
    }

    /// Tries again now what waits or failed; the five days begin anew.
    pub fn retry_now(&mut self, now: Wall) -> Result<(), WrongPhase> {
        match self.phase {
            Phase::Queued { .. } => {}
            Phase::Failed => {
                for recipient in &mut self.recipients {
                    if let Delivery::Refused { reply } = &recipient.delivery {
                        recipient.delivery = waiting(reply);
                    }
                }
            }
            _ => return Err(self.wrong("tried again")),
        }
        self.send_at = self.send_at.min(now);
        self.tried_since = None;
        self.deferrals = 0;
        self.phase = Phase::Queued { next: now };
        Ok(())
    }

    /// The network came back: a retry that waits is due now; the five days go on.
    pub fn hurry(&mut self, now: Wall) -> Result<(), WrongPhase> {
        match &mut self.phase {
            Phase::Queued { next } if self.attempts > 0 => {
                *next = now.min(*next);
                Ok(())
            }
            _ => Err(self.wrong("hurried")),
        }
    }

    /// No recipient was accepted at RCPT: each one's reply stands, and the rest waits.
    pub fn not_accepted(&mut self, now: Wall, entropy: u64) -> Result<(), WrongPhase> {
        if self.phase != Phase::Sending {
            return Err(self.wrong("refused for every recipient"));
        }
        self.deferred(now, entropy);
        Ok(())
    }

    /// Recipients that are still to be tried, in order.
    pub fn waiting(&self) -> impl Iterator<Item = &str> {
        let waiting = self.recipients.iter().filter(|recipient| is_waiting(recipient));
        waiting.map(|recipient| recipient.email.as_str())
    }

    /// Changes every recipient in flight.
    fn land(&mut self, outcome: impl Fn(&Recipient) -> Delivery) {
        for recipient in self.recipients.iter_mut().filter(|recipient| is_in_flight(recipient)) {
            recipient.delivery = outcome(recipient);
        }
    }

    /// Says to every recipient who waits why: who was in flight, and of whom the server said nothing.
    /// What the server said of a recipient stands until it says something else.
    fn put_off(&mut self, why: &str) {
        self.land(|_| waiting(why));
        for recipient in &mut self.recipients {
            if let Delivery::Waiting { reply } = &mut recipient.delivery
                && !reply.as_deref().is_some_and(is_reply_line)
            {
                *reply = Some(why.to_owned());
            }
        }
    }

    /// Changes every waiting recipient.
    fn settle_waiting(&mut self, outcome: impl Fn(&str) -> Delivery) {
        let last = self.last_reply.as_deref().unwrap_or("no answer");
        for recipient in &mut self.recipients {
            if let Delivery::Waiting { reply } = &recipient.delivery {
                recipient.delivery = outcome(reply.as_deref().unwrap_or(last));
            }
        }
    }

    /// A try in which the server was heard has ended: the waits grow.
    fn deferred(&mut self, now: Wall, entropy: u64) {
        let step = usize::try_from(self.deferrals).unwrap_or(usize::MAX);
        self.deferrals = self.deferrals.saturating_add(1);
        self.ended(step, now, entropy);
    }

    /// A try has ended, none is in flight any more. Who waits is tried again after the wait of this
    /// step, or is given up when the time is over.
    fn ended(&mut self, step: usize, now: Wall, entropy: u64) {
        let over = self.tried_since.unwrap_or(now).after(RETRY_FOR);
        if now >= over && self.attempts >= FEWEST {
            self.settle_waiting(|reply| refused(&format!("{GIVEN_UP}{reply}")));
        }
        let [.., last] = RETRIES;
        let wait = RETRIES.get(step).copied().unwrap_or(last);
        let next = now.after(wait).after(fraction(wait / SPREAD, entropy));
        // one last try when the time is over, not long after
        let next = if now < over { next.min(over.max(now.after(minute(1)))) } else { next };
        self.phase = Phase::Queued { next };
        self.settle(now);
    }

    /// What follows from the recipients: the copy, the search and the phase. A running transaction
    /// runs on, and who waits goes on waiting for the same instant.
    pub(super) fn settle(&mut self, now: Wall) {
        let accepted = self.recipients.iter().any(is_accepted);
        if accepted && self.filing == Filing::Pending {
            self.filing = Filing::Wanted { next: now, tries: 0 };
        }
        let unknown = self.has_unknown();
        let proof = self.is_proof();
        self.search = self.search.filter(|_| unknown);
        if let Some(search) = self.search.as_mut().filter(|_| !proof) {
            search.next = NEVER;
        }
        let waits = self.recipients.iter().any(is_waiting);
        self.phase = match self.phase {
            running @ (Phase::Sending | Phase::DotPending) => running,
            queued @ Phase::Queued { .. } if waits => queued,
            _ if unknown => Phase::Unknown,
            _ if accepted => Phase::Sent,
            _ => Phase::Failed,
        };
    }

    /// The error for a step that is not allowed here.
    pub(super) fn wrong(&self, attempted: &'static str) -> WrongPhase {
        let phase = match self.phase {
            Phase::Queued { .. } => "waiting to be sent",
            Phase::Sending => "being sent",
            Phase::DotPending => "at its final dot",
            Phase::Unknown => "of unknown fate",
            Phase::Sent => "sent",
            Phase::Failed => "failed",
            Phase::Canceled => "canceled",
        };
        WrongPhase { id: self.id.0, phase, attempted }
    }
}

/// To be tried again, with the last reply.
fn waiting(reply: &str) -> Delivery {
    Delivery::Waiting { reply: Some(reply.to_owned()) }
}

/// Refused for good.
fn refused(reply: &str) -> Delivery {
    Delivery::Refused { reply: reply.to_owned() }
}

/// Whether it will be tried.
fn is_waiting(recipient: &Recipient) -> bool {
    matches!(recipient.delivery, Delivery::Waiting { .. })
}

/// Whether it is part of the running transaction.
fn is_in_flight(recipient: &Recipient) -> bool {
    recipient.delivery == Delivery::InFlight
}

/// Whether the server took it.
pub(super) fn is_accepted(recipient: &Recipient) -> bool {
    matches!(recipient.delivery, Delivery::Accepted { .. })
}

#[cfg(test)]
mod tests;
