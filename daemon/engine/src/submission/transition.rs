//! The transitions. Each is a pure change of one [`Submission`]; the caller makes it durable before
//! the step it permits is taken.
//!
//! The one promise: a recipient that is `InFlight`, `Unknown` or `Accepted` is never put back to
//! `Waiting`, except where it is certain that the final dot was not sent, where the server said no,
//! and where the person says "send again".

use super::{Delivery, Filing, Phase, Recipient, Submission};
use crate::backoff::fraction;
use crate::limits::RETRY_FOR;
use crate::time::Wall;
use crate::verdict::{SmtpStep, is_temporary};
use std::time::Duration;

/// Waits between tries; the last one repeats (RFC 5321 §4.5.4.1 asks for 30 minutes and more, two
/// early tries get past greylisting).
const RETRIES: [Duration; 6] =
    [minute(1), minute(5), minute(15), minute(60), minute(120), minute(240)];
/// Waits between looks for a message of unknown fate; then every [`LOOK_EVERY`].
const LOOKS: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];
/// See [`LOOKS`].
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// How long it is looked for before only the person can say.
const LOOK_FOR: Duration = Duration::from_hours(24);
/// An instant that never comes.
const NEVER: Wall = Wall(i64::MAX);

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

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// [`Submission::claim`] it and send.
    Send,
    /// Look for the Message-ID, then [`Submission::looked`].
    Look,
    /// Look for the copy in Sent and append it when absent.
    File,
}

/// What the person says about a message of unknown fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It was sent.
    Sent,
    /// Send it again, though it may arrive twice.
    Resend,
}

impl Submission {
    /// When something is due next; `None` when nothing will be by itself.
    #[must_use]
    pub fn due_at(&self) -> Option<Wall> {
        self.agenda().map(|(at, _)| at).min()
    }

    /// What is due now, the most urgent first.
    #[must_use]
    pub fn due(&self, now: Wall) -> Option<Due> {
        let ripe = self.agenda().filter(|(at, _)| *at <= now);
        ripe.map(|(_, due)| due).min()
    }

    /// Everything that will be due.
    fn agenda(&self) -> impl Iterator<Item = (Wall, Due)> + use<> {
        let sending = match self.phase {
            Phase::Queued { next } => Some((next, Due::Send)),
            Phase::Unknown { next, .. } => Some((next, Due::Look)),
            _ => None,
        };
        let filing = match self.filing {
            Filing::Wanted { next, .. } => Some((next, Due::File)),
            _ => None,
        };
        sending.into_iter().chain(filing).filter(|(at, _)| *at < NEVER)
    }

    /// Takes it for sending. Durable before a connection is used for it. Returns the recipients to
    /// name in RCPT, in order.
    pub fn claim(&mut self, now: Wall) -> Result<Vec<String>, WrongPhase> {
        match self.phase {
            Phase::Queued { next } if next <= now => {}
            _ => return Err(self.wrong("sent now")),
        }
        self.phase = Phase::Sending;
        self.attempts = self.attempts.saturating_add(1);
        let waiting = self.recipients.iter().filter(|recipient| is_waiting(recipient));
        Ok(waiting.map(|recipient| recipient.email.clone()).collect())
    }

    /// The replies to RCPT, in the order of [`Self::claim`]. True when at least one was accepted.
    pub fn rcpt_replies(&mut self, replies: &[(u16, String)]) -> Result<bool, WrongPhase> {
        if self.phase != Phase::Sending {
            return Err(self.wrong("answered for its recipients"));
        }
        let waiting = self.recipients.iter_mut().filter(|recipient| is_waiting(recipient));
        for (recipient, (code, text)) in waiting.zip(replies) {
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

    /// The whole transaction was declined before the final dot: login, MAIL, or DATA itself. A final
    /// refusal ends it for every recipient not settled yet.
    pub fn declined(
        &mut self,
        (code, text): (u16, &str),
        during: SmtpStep,
        now: Wall,
        entropy: u64,
    ) -> Result<(), WrongPhase> {
        if self.phase != Phase::Sending {
            return Err(self.wrong("declined"));
        }
        let reply = format!("{code} {text}");
        let temporary = is_temporary(code, text, during);
        self.land(|_| if temporary { waiting(&reply) } else { refused(&reply) });
        self.settle_waiting(|_| if temporary { waiting(&reply) } else { refused(&reply) });
        self.last_reply = Some(reply);
        self.settle(now, entropy);
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
        self.settle(now, entropy);
        Ok(())
    }

    /// The connection was lost at or after the final dot.
    pub fn lost(&mut self, now: Wall) -> Result<(), WrongPhase> {
        if self.phase != Phase::DotPending {
            return Err(self.wrong("lost"));
        }
        self.land(|_| Delivery::Unknown);
        let [first, ..] = LOOKS;
        self.phase = Phase::Unknown { next: now.after(first), looks: 0, since: now };
        Ok(())
    }

    /// The try ended and it is certain that the final dot was not sent; `why` in words.
    pub fn not_sent(&mut self, now: Wall, entropy: u64, why: &str) -> Result<(), WrongPhase> {
        if !matches!(self.phase, Phase::Sending | Phase::DotPending) {
            return Err(self.wrong("put back"));
        }
        self.land(|_| waiting(why));
        self.last_reply = Some(why.to_owned());
        self.settle(now, entropy);
        Ok(())
    }

    /// Puts right what a crash left behind; called once for each at start. True when it changed.
    pub fn recovered(&mut self, now: Wall) -> bool {
        match self.phase {
            Phase::Sending => {
                // the final dot is written only after DotPending is durable
                self.land(|_| Delivery::Waiting { reply: None });
                self.phase = Phase::Queued { next: now };
                true
            }
            Phase::DotPending => self.lost(now).is_ok(),
            _ => false,
        }
    }

    /// The result of a look for the Message-ID on the server.
    pub fn looked(&mut self, found: bool, now: Wall, entropy: u64) -> Result<(), WrongPhase> {
        let Phase::Unknown { looks, since, .. } = self.phase else {
            return Err(self.wrong("looked for"));
        };
        if found {
            self.clear_unknown(|| Delivery::Accepted { reply: "found in Sent".to_owned() });
            // filing searches Sent first, so a copy that is there is not filed twice
            self.settle(now, entropy);
            return Ok(());
        }
        let looks = looks.saturating_add(1);
        let wait = usize::try_from(looks).ok().and_then(|n| LOOKS.get(n)).copied();
        let next = now.after(wait.unwrap_or(LOOK_EVERY));
        let over = next > since.after(LOOK_FOR);
        self.phase = Phase::Unknown { next: if over { NEVER } else { next }, looks, since };
        Ok(())
    }

    /// The person says what became of it.
    pub fn resolve(
        &mut self,
        resolution: Resolution,
        now: Wall,
        entropy: u64,
    ) -> Result<(), WrongPhase> {
        let Phase::Unknown { .. } = self.phase else {
            return Err(self.wrong("resolved"));
        };
        match resolution {
            Resolution::Sent => {
                self.clear_unknown(|| Delivery::Accepted { reply: "said to be sent".to_owned() });
                self.settle(now, entropy);
            }
            Resolution::Resend => {
                self.clear_unknown(|| Delivery::Waiting { reply: None });
                self.send_at = self.send_at.max(now);
                self.phase = Phase::Queued { next: now };
            }
        }
        Ok(())
    }

    /// Cancels what was not sent yet. Recipients that accepted it keep it.
    pub fn cancel(&mut self, now: Wall) -> Result<(), WrongPhase> {
        let Phase::Queued { .. } = self.phase else {
            return Err(self.wrong("canceled"));
        };
        if self.recipients.iter().any(is_accepted) {
            self.settle_waiting(|_| refused("canceled before it was sent"));
            self.settle(now, 0);
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
        self.send_at = now;
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
        self.settle(now, entropy);
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

    /// Changes every recipient of unknown fate.
    fn clear_unknown(&mut self, outcome: impl Fn() -> Delivery) {
        for recipient in &mut self.recipients {
            if recipient.delivery == Delivery::Unknown {
                recipient.delivery = outcome();
            }
        }
    }

    /// Changes every waiting recipient.
    fn settle_waiting(&mut self, outcome: impl Fn(&str) -> Delivery) {
        for recipient in &mut self.recipients {
            if let Delivery::Waiting { reply } = &recipient.delivery {
                recipient.delivery = outcome(reply.as_deref().unwrap_or("no answer"));
            }
        }
    }

    /// The phase that follows from the recipients when none is in flight or unknown.
    fn settle(&mut self, now: Wall, entropy: u64) {
        if now >= self.send_at.after(RETRY_FOR) {
            self.settle_waiting(|reply| refused(&format!("given up after five days: {reply}")));
        }
        let accepted = self.recipients.iter().any(is_accepted);
        if accepted && self.filing == Filing::Pending {
            self.filing = Filing::Wanted { next: now, tries: 0 };
        }
        self.phase = if self.recipients.iter().any(is_waiting) {
            Phase::Queued { next: self.next_try(now, entropy) }
        } else if accepted {
            Phase::Sent
        } else {
            Phase::Failed
        };
    }

    /// When it is tried again: the step for this many tries, up to a fifth later.
    fn next_try(&self, now: Wall, entropy: u64) -> Wall {
        let step = usize::try_from(self.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let [.., last] = RETRIES;
        let wait = RETRIES.get(step).copied().unwrap_or(last);
        let next = now.after(wait).after(fraction(wait / 5, entropy));
        // one last try when the time is over, not long after
        next.min(self.send_at.after(RETRY_FOR).max(now.after(minute(1))))
    }

    /// The error for a step that is not allowed here.
    fn wrong(&self, attempted: &'static str) -> WrongPhase {
        let phase = match self.phase {
            Phase::Queued { .. } => "waiting to be sent",
            Phase::Sending => "being sent",
            Phase::DotPending => "at its final dot",
            Phase::Unknown { .. } => "of unknown fate",
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
fn is_accepted(recipient: &Recipient) -> bool {
    matches!(recipient.delivery, Delivery::Accepted { .. })
}

#[cfg(test)]
mod tests;
