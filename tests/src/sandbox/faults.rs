//! Faults as plain values: what goes wrong, where, and how often.
//!
//! A rule is taken by the first connection or command it fits and counts down. Faults of TCP at a
//! byte offset of the encrypted stream are the proxy's business.

use super::ca::CertificateKind;
use super::imap::lie::Lie;
use super::oauth::http::Answer;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// Which service a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// IMAP.
    Imap,
    /// Submission.
    Smtp,
    /// The authorization server. Its commands are the endpoints in upper case: `METADATA`,
    /// `AUTHORIZE`, `PAGE`, `TOKEN` (and, more closely, `EXCHANGE`, `REFRESH`, `POLL`), `DEVICE`,
    /// `DEVICEPAGE`, `REVOKE`, `REGISTER`, `USERINFO`.
    Issuer,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The greeting is this line instead (no CRLF); the session ends after it when it is not an
    /// `OK`, `PREAUTH` or `220`.
    Greeting(String),
    /// The connection ends after this many bytes of plain text to the client.
    DropAfter(u64),
    /// After this many bytes to the client nothing is sent or read any more; the connection stays.
    StallAfter(u64),
    /// Replies go out in pieces of `bytes` with `pause` between them.
    Dribble {
        /// Bytes a piece.
        bytes: usize,
        /// Time between pieces.
        pause: Duration,
    },
    /// The next FETCH literal is announced whole, but only this many bytes of it come, then EOF.
    LiteralCut(usize),
    /// The next command of this name (upper case; SMTP: also `DOT` for the end of data) gets this
    /// reply: for IMAP `NO text` or `BAD text`, for SMTP the whole line.
    Reply {
        /// The command.
        command: String,
        /// The reply without tag and CRLF.
        text: String,
    },
    /// The connection ends when this command comes, before (`false`) or after (`true`) it was done,
    /// without a reply in both cases.
    Hangup {
        /// The command.
        command: String,
        /// Whether the command takes effect.
        done: bool,
    },
    /// The reply to this command waits.
    Delay {
        /// The command.
        command: String,
        /// How long.
        by: Duration,
    },
    /// The issuer answers this, instead of (`false`) or after (`true`) doing what was asked.
    Http {
        /// The endpoint.
        command: String,
        /// The answer.
        answer: Answer,
        /// Whether the request takes effect.
        done: bool,
    },
    /// The issuer never answers; the connection stays.
    Hang {
        /// The endpoint.
        command: String,
        /// Whether the request takes effect.
        done: bool,
    },
    /// TLS presents this certificate.
    Certificate(CertificateKind),
    /// `STARTTLS` is not offered and refused.
    NoStartTls,
    /// A mailbox does not open.
    Mailbox {
        /// Its name.
        name: String,
        /// What happens instead.
        harm: Harm,
    },
    /// A message is not handed out: whatever FETCH asks for bytes of it ends in harm.
    Message {
        /// The mailbox.
        mailbox: String,
        /// The UID.
        uid: u32,
        /// What happens instead.
        harm: Harm,
    },
    /// A message has this INTERNALDATE (with its quotes, or NIL).
    InternalDate {
        /// The UID, in any mailbox.
        uid: u32,
        /// What stands there.
        date: String,
    },
    /// SELECT and STATUS say once that a mailbox is empty, LIST that there is none (F-17).
    Empty,
}

/// How a mailbox or a message is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Harm {
    /// A tagged `NO text` or `BAD text`.
    Says(String),
    /// `* BYE`, and the end.
    Bye,
    /// The connection ends without a word.
    Closes,
    /// A literal is announced and never ends; of a mailbox: silence.
    Silent,
    /// OK, without what matters: UIDVALIDITY, or the bytes of the message.
    Blank,
    /// A literal that is empty.
    Empty,
}

#[derive(Clone, Debug)]
struct Rule {
    service: Service,
    fault: Fault,
    left: u32,
}

/// What ends open sessions from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kick {
    /// `* BYE text` or `421 text`, then EOF.
    Bye(String),
    /// EOF without a word.
    Drop,
}

/// The provider's faults; cheap to clone.
#[derive(Clone, Debug)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    kick: watch::Sender<Option<Kick>>,
    /// Answers that are given in order before the one that is not, and what happens to that one.
    lie: Arc<Mutex<Option<(u32, Lie)>>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { rules: Arc::default(), kick: watch::Sender::new(None), lie: Arc::default() }
    }
}

impl Faults {
    /// Adds a rule that holds `times` times.
    pub fn add(&self, service: Service, fault: Fault, times: u32) {
        self.lock().push(Rule { service, fault, left: times });
    }

    /// Adds a rule that holds until [`Self::clear`].
    pub fn always(&self, service: Service, fault: Fault) {
        self.add(service, fault, u32::MAX);
    }

    /// After so many answers of the IMAP server one is a lie: the first to which it can be done.
    pub fn lie(&self, after: u32, lie: Lie) {
        *self.lies() = Some((after, lie));
    }

    /// Whether the lie was told.
    #[must_use]
    pub fn has_lied(&self) -> bool {
        self.lies().is_none()
    }

    /// The lie that is due at this answer; it stays due until [`Self::lied`].
    pub(super) fn due_lie(&self) -> Option<Lie> {
        let mut lies = self.lies();
        let (left, lie) = lies.as_mut()?;
        *left = left.saturating_sub(1);
        (*left == 0).then(|| lie.clone())
    }

    pub(super) fn lied(&self) {
        *self.lies() = None;
    }

    fn lies(&self) -> std::sync::MutexGuard<'_, Option<(u32, Lie)>> {
        self.lie.lock().expect("no holder of the lock panics")
    }

    /// All is well again.
    pub fn clear(&self) {
        self.lock().clear();
        self.lied();
    }

    /// Ends every open session now.
    pub fn kick(&self, kick: Kick) {
        self.kick.send_replace(Some(kick));
    }

    pub(super) fn kicks(&self) -> watch::Receiver<Option<Kick>> {
        let mut kicks = self.kick.subscribe();
        kicks.mark_unchanged();
        kicks
    }

    /// Takes the first rule of `service` that `fits`.
    pub(super) fn take<R>(
        &self,
        service: Service,
        fits: impl Fn(&Fault) -> Option<R>,
    ) -> Option<R> {
        let mut rules = self.lock();
        let (at, found) = rules.iter().enumerate().find_map(|(at, rule)| {
            (rule.service == service).then(|| fits(&rule.fault)).flatten().map(|found| (at, found))
        })?;
        let rule = &mut rules[at];
        if rule.left != u32::MAX {
            rule.left -= 1;
            if rule.left == 0 {
                rules.remove(at);
            }
        }
        Some(found)
    }

    /// The reply, if any, that `command` gets instead of its own.
    pub(super) fn reply(&self, service: Service, command: &str) -> Option<String> {
        self.take(service, |fault| match fault {
            Fault::Reply { command: of, text } if of == command => Some(text.clone()),
            _ => None,
        })
    }

    /// Whether the connection ends at `command`, and whether the command takes effect first.
    pub(super) fn hangup(&self, service: Service, command: &str) -> Option<bool> {
        self.take(service, |fault| match fault {
            Fault::Hangup { command: of, done } if of == command => Some(*done),
            _ => None,
        })
    }

    /// What happens when this mailbox is opened.
    pub(super) fn mailbox(&self, name: &str) -> Option<Harm> {
        self.take(Service::Imap, |fault| match fault {
            Fault::Mailbox { name: of, harm } if of == name => Some(harm.clone()),
            _ => None,
        })
    }

    /// What happens when bytes of this message are fetched.
    pub(super) fn message(&self, name: &str, of_uid: u32) -> Option<Harm> {
        self.take(Service::Imap, |fault| match fault {
            Fault::Message { mailbox, uid, harm } if mailbox == name && *uid == of_uid => {
                Some(harm.clone())
            }
            _ => None,
        })
    }

    /// What stands in the place of the INTERNALDATE of a message.
    pub(super) fn internal_date(&self, of_uid: u32) -> Option<String> {
        self.take(Service::Imap, |fault| match fault {
            Fault::InternalDate { uid, date } if *uid == of_uid => Some(date.clone()),
            _ => None,
        })
    }

    /// How long the reply to `command` waits.
    pub(super) fn delay(&self, service: Service, command: &str) -> Option<Duration> {
        self.take(service, |fault| match fault {
            Fault::Delay { command: of, by } if of == command => Some(*by),
            _ => None,
        })
    }

    /// Whether `command` is never answered, and whether it takes effect first.
    pub(super) fn hang(&self, service: Service, command: &str) -> Option<bool> {
        self.take(service, |fault| match fault {
            Fault::Hang { command: of, done } if of == command => Some(*done),
            _ => None,
        })
    }

    /// What the issuer answers instead, and whether the request takes effect first.
    pub(super) fn http(&self, command: &str) -> Option<(Answer, bool)> {
        self.take(Service::Issuer, |fault| match fault {
            Fault::Http { command: of, answer, done } if of == command => {
                Some((answer.clone(), *done))
            }
            _ => None,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().expect("no holder of the lock panics")
    }
}
