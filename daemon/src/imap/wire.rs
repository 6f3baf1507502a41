//! The checked connection: sends commands and reads responses through async-imap, and nothing
//! else of it.
//!
//! Every command demands its tagged answer, every wait has a deadline, the end of the stream is
//! always an error. A command whose future was dropped midway leaves the wire unusable, so that
//! its answers are never taken for those of the next. Must never decide what data mean.

use super::code::{self, Code};
use super::failure;
use super::failure::Doing;
use super::guard::budget::Hold;
use super::guard::frame::{Allowance, Frame, Violation};
use super::guard::{Activity, Guard, sort};
use super::{limits, name};
use crate::world::clock::Clock;
use crate::world::net::{BoxStream, ended};
use async_imap::imap_proto::{MailboxDatum, Response, Status};
use chapar_engine::time::Boot;
use chapar_engine::verdict::{Failure, ImapStep};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// One response of the server.
#[derive(Debug)]
pub(super) enum Answer {
    /// The tagged end of a command.
    Done(Ended),
    /// `+`: go on; the text after it.
    Continue(String),
    /// Untagged OK, NO, BAD with its code.
    Status {
        word: Word,
        code: Option<Code>,
    },
    /// The server says goodbye.
    Bye {
        code: Option<Code>,
        text: String,
    },
    /// The greeting of a session that needs no login.
    Preauth,
    Exists(u32),
    Expunge,
    Recent,
    /// Everything else, for the reader of its kind.
    Data(Frame),
}

impl Answer {
    /// The word that says what kind of data this is, if it is data: `FETCH`, `LIST`.
    pub(super) fn is_data(&self, kind: &str) -> bool {
        matches!(self, Self::Data(frame) if frame.kind().eq_ignore_ascii_case(kind.as_bytes()))
    }
}

impl Frame {
    /// The word after `*` and a number, if any.
    pub(super) fn kind(&self) -> &[u8] {
        let (first, rest) = sort::split_word(&self.line);
        if first != b"*" {
            return b"";
        }
        let (second, rest) = sort::split_word(rest);
        if second.iter().all(u8::is_ascii_digit) { sort::split_word(rest).0 } else { second }
    }

    /// What follows that word.
    pub(super) fn data(&self) -> &[u8] {
        let (_, rest) = sort::split_word(&self.line);
        let (second, rest) = sort::split_word(rest);
        if second.iter().all(u8::is_ascii_digit) { sort::split_word(rest).1 } else { rest }
    }
}

/// A status word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Ok,
    No,
    Bad,
    Preauth,
    Bye,
}

impl Word {
    fn of(status: &Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::No => Self::No,
            Status::Bad => Self::Bad,
            Status::PreAuth => Self::Preauth,
            Status::Bye => Self::Bye,
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
            Self::Preauth => "PREAUTH",
            Self::Bye => "BYE",
        })
    }
}

/// A tagged answer.
#[derive(Debug)]
pub(super) struct Ended {
    pub tag: String,
    pub word: Word,
    pub code: Option<Code>,
    pub text: String,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Without a byte.
    pub silence: Duration,
    /// In all.
    pub until: Boot,
}

/// What the mailbox that is selected was said to be, by data nobody asked for.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pub exists: u32,
    pub changed: bool,
}

impl Hints {
    /// Draws the hint from one response.
    fn note(&mut self, answer: &Answer) {
        match answer {
            Answer::Exists(count) => {
                self.changed |= *count != self.exists;
                self.exists = *count;
            }
            Answer::Expunge => {
                self.changed = true;
                self.exists = self.exists.saturating_sub(1);
            }
            answer => self.changed |= answer.is_data("FETCH") || answer.is_data("VANISHED"),
        }
    }
}

/// The wire.
pub(super) struct Wire {
    imap: async_imap::Session<Guard>,
    clock: Arc<dyn Clock>,
    activity: Activity,
    /// Tags sent and not answered, oldest first.
    open: Vec<String>,
    /// Ours count apart from those of async-imap.
    own_tags: u32,
    /// What ended it.
    ended: Option<Failure>,
    unasked: usize,
    pub hints: Hints,
    pub host: String,
}

impl Wire {
    /// async-imap makes a session only out of its own login, which would put the credential
    /// through its buffers and its log. So it logs in to nobody: a guard without a server takes
    /// the bytes of that command and answers it. The server is attached afterwards.
    pub(super) async fn new(clock: Arc<dyn Clock>, host: &str) -> Result<Self, Failure> {
        struct Nothing;
        impl async_imap::Authenticator for Nothing {
            type Response = &'static str;
            fn process(&mut self, _: &[u8]) -> &'static str {
                ""
            }
        }
        let guard = Guard::answering(b"A0001 OK -\r\n");
        let activity = guard.activity();
        let imap = async_imap::Client::new(guard).authenticate("NOTHING", Nothing).await.map_err(
            |(error, _)| {
                failure::protocol(host, Doing(ImapStep::Other, "starting"), &error.to_string())
            },
        )?;
        Ok(Self {
            imap,
            clock,
            activity,
            open: Vec::new(),
            own_tags: 0,
            ended: None,
            unasked: 0,
            hints: Hints::default(),
            host: host.to_owned(),
        })
    }

    /// Puts the wire on `stream`.
    pub(super) fn attach(&mut self, stream: BoxStream) {
        self.imap.get_mut().attach(stream);
        self.hints = Hints::default();
    }

    /// Takes the stream back; `None` when bytes wait that nobody may have sent yet.
    pub(super) fn detach(&mut self) -> Option<BoxStream> {
        self.imap.get_mut().detach()
    }

    /// What the next responses may hold.
    pub(super) fn allow(&mut self, allowance: Allowance) {
        self.imap.get_mut().allow(allowance);
    }

    /// A hold on the session's budget.
    pub(super) fn hold(&self) -> Hold {
        self.imap.get_ref().budget().hold()
    }

    /// Lets `bytes` be held beyond the usual from now on.
    pub(super) fn lend(&self, bytes: usize) {
        self.imap.get_ref().budget().lend(bytes);
    }

    /// The clock all waits go by.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Patience for one command.
    pub(super) fn patience(&self, silence: Duration, total: Duration) -> Patience {
        Patience { silence, until: self.clock.boot().after(total) }
    }

    /// The patience of most commands.
    pub(super) fn usual(&self) -> Patience {
        self.patience(limits::PROGRESS, limits::COMMAND)
    }

    /// Sends one command; its answer is read by [`Self::finish`].
    pub(super) async fn send(&mut self, command: &str, doing: Doing) -> Result<String, Failure> {
        if let Cow::Owned(bytes) = name::to_wire(command) {
            // the name of a mailbox that is no UTF-8, which async-imap could not write
            return self.send_raw(&bytes, doing).await;
        }
        self.begin()?;
        // whatever happens from here to the tagged answer, the wire is not free
        self.open.push(String::new());
        let clock = self.clock();
        let limit = clock.boot().after(limits::PROGRESS);
        let sent = within(&*clock, limit, self.imap.run_command(command)).await;
        match sent {
            Some(Ok(tag)) => {
                self.open.pop();
                self.open.push(tag.0.clone());
                Ok(tag.0)
            }
            Some(Err(error)) => Err(self.end(failure::lost(&self.host, doing, &error.to_string()))),
            None => Err(self.end(failure::silent(&self.host, doing, "nothing could be sent"))),
        }
    }

    /// Sends one command that holds a secret, past async-imap and its log, under a tag of ours.
    pub(super) async fn send_secret(
        &mut self,
        command: &str,
        doing: Doing,
    ) -> Result<String, Failure> {
        self.send_raw(command.as_bytes(), doing).await
    }

    /// Sends one command past async-imap, under a tag of ours; the copy is wiped.
    async fn send_raw(&mut self, command: &[u8], doing: Doing) -> Result<String, Failure> {
        self.begin()?;
        self.own_tags += 1;
        let tag = format!("S{}", self.own_tags);
        self.open.push(tag.clone());
        let line = [tag.as_bytes(), b" ", command, b"\r\n"].concat();
        self.write(&zeroize::Zeroizing::new(line), doing).await?;
        Ok(tag)
    }

    /// Writes raw bytes within the command that is open: a literal, DONE, a SASL answer.
    pub(super) async fn write(&mut self, bytes: &[u8], doing: Doing) -> Result<(), Failure> {
        let clock = self.clock();
        for chunk in bytes.chunks(limits::UPLOAD_CHUNK) {
            let guard = self.imap.get_mut();
            let limit = clock.boot().after(limits::PROGRESS);
            let written = within(&*clock, limit, async {
                guard.write_all(chunk).await?;
                guard.flush().await
            });
            match written.await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    return Err(self.end(failure::lost(&self.host, doing, &error.to_string())));
                }
                None => {
                    let detail = "nothing could be sent";
                    return Err(self.end(failure::silent(&self.host, doing, detail)));
                }
            }
        }
        Ok(())
    }

    /// Ends the wire within a literal of which the rest cannot be read here.
    pub(super) fn give_up(&mut self, doing: Doing, why: &std::io::Error) -> Failure {
        self.end(failure::lost(&self.host, doing, &format!("the message could not be read: {why}")))
    }

    /// Reads until the answer tagged `tag` and demands that it be OK. Untagged answers go to
    /// `each` in order; what it gives back was not its own and becomes a hint.
    pub(super) async fn finish(
        &mut self,
        tag: &str,
        doing: Doing,
        patience: Patience,
        each: &mut (dyn FnMut(Answer) -> Result<Option<Answer>, String> + Send),
    ) -> Result<Ended, Failure> {
        loop {
            let answer = match self.next(doing, patience).await? {
                Answer::Done(ended) => return self.close(tag, doing, ended),
                answer => answer,
            };
            match each(answer) {
                Ok(None) => {}
                Ok(Some(other)) => self.pass(&other, doing)?,
                Err(detail) => return Err(self.broken(doing, &detail)),
            }
        }
    }

    /// A command whose untagged answers are hints at most.
    pub(super) async fn command(&mut self, command: &str, doing: Doing) -> Result<Ended, Failure> {
        let tag = self.send(command, doing).await?;
        let patience = self.usual();
        self.finish(&tag, doing, patience, &mut |answer| Ok(Some(answer))).await
    }

    /// Takes a tagged answer as the one to `tag` and demands that it be OK.
    pub(super) fn close(
        &mut self,
        tag: &str,
        doing: Doing,
        ended: Ended,
    ) -> Result<Ended, Failure> {
        let ended = self.take(tag, doing, ended)?;
        if ended.word == Word::Ok {
            return Ok(ended);
        }
        let (code, text) = (ended.code.as_ref(), &ended.text);
        Err(failure::answered(&self.host, doing, ended.word, code, text))
    }

    /// Takes a tagged answer as the one to `tag`, whatever it says.
    pub(super) fn take(&mut self, tag: &str, doing: Doing, ended: Ended) -> Result<Ended, Failure> {
        if ended.tag != tag || self.open.first().map(String::as_str) != Some(tag) {
            let detail = format!("an answer tagged {} where {tag} was due", ended.tag);
            return Err(self.broken(doing, &detail));
        }
        self.open.remove(0);
        Ok(ended)
    }

    /// Notes an answer that nobody asked for.
    pub(super) fn pass(&mut self, answer: &Answer, doing: Doing) -> Result<(), Failure> {
        self.hints.note(answer);
        self.unasked += 1;
        if self.unasked > limits::UNSOLICITED {
            let detail = format!("more than {} responses nobody asked for", limits::UNSOLICITED);
            return Err(self.broken(doing, &detail));
        }
        Ok(())
    }

    /// Whether the wire is beyond use.
    pub(super) fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Ends the wire over a broken rule.
    pub(super) fn broken(&mut self, doing: Doing, detail: &str) -> Failure {
        let failure = failure::protocol(&self.host, doing, detail);
        self.end(failure)
    }

    /// The next response, whatever it is.
    pub(super) async fn next(
        &mut self,
        doing: Doing,
        patience: Patience,
    ) -> Result<Answer, Failure> {
        if let Some(failure) = &self.ended {
            return Err(failure.clone());
        }
        let Some(read) = self.read(patience).await else {
            let detail = "no answer came in time";
            return Err(self.end(failure::silent(&self.host, doing, detail)));
        };
        let shown = match read {
            Ok(Some(shown)) => shown,
            Ok(None) => {
                let detail = "the server closed the connection";
                return Err(self.end(failure::lost(&self.host, doing, detail)));
            }
            Err(error) => return Err(self.read_failed(&error, doing)),
        };
        let Some(frame) = self.imap.get_mut().take_frame() else {
            return Err(self.broken(doing, "a response out of step"));
        };
        match answer(shown, frame) {
            Answer::Bye { code, text } => {
                let failure = failure::answered(&self.host, doing, Word::Bye, code.as_ref(), &text);
                Err(self.end(failure))
            }
            answer => Ok(answer),
        }
    }

    /// Reads one response; `None` when patience ran out. Safe to drop.
    async fn read(&mut self, patience: Patience) -> Option<std::io::Result<Option<Shown>>> {
        let Self { imap, clock, activity, .. } = self;
        let mut read = pin!(imap.read_response());
        loop {
            let before = activity.bytes();
            let quiet = clock.boot().after(patience.silence).min(patience.until);
            if let Some(read) = within(&**clock, quiet, read.as_mut()).await {
                return Some(read.map(|read| read.map(|response| Shown::of(response.parsed()))));
            }
            if activity.bytes() == before || clock.boot() >= patience.until {
                return None;
            }
        }
    }

    fn read_failed(&mut self, error: &std::io::Error, doing: Doing) -> Failure {
        let violation = error.get_ref().and_then(|inner| inner.downcast_ref::<Violation>());
        let failure = match violation {
            Some(Violation::Held(_) | Violation::Answers(_)) => {
                failure::too_much(&self.host, doing, &error.to_string())
            }
            Some(violation) => failure::protocol(&self.host, doing, &violation.to_string()),
            None => failure::lost(&self.host, doing, ended(error)),
        };
        self.end(failure)
    }

    fn begin(&mut self) -> Result<(), Failure> {
        if let Some(failure) = &self.ended {
            return Err(failure.clone());
        }
        if !self.open.is_empty() {
            let failure = failure::interrupted(&self.host);
            return Err(self.end(failure));
        }
        self.unasked = 0;
        self.imap.get_mut().begin();
        Ok(())
    }

    fn end(&mut self, failure: Failure) -> Failure {
        self.ended = Some(failure.clone());
        failure
    }
}

/// Awaits `work` until `deadline`; `None` when that comes first.
pub(super) async fn within<T>(
    clock: &dyn Clock,
    deadline: Boot,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = clock.sleep_until(deadline) => None,
    }
}

/// What async-imap read.
enum Shown {
    Done(String, Word),
    Continue,
    Status(Word),
    Exists(u32),
    Recent,
    Expunge,
    Other,
}

impl Shown {
    fn of(response: &Response<'_>) -> Self {
        match response {
            Response::Done { tag, status, .. } => Self::Done(tag.0.clone(), Word::of(status)),
            Response::Continue(_) => Self::Continue,
            Response::Data { status, .. } => Self::Status(Word::of(status)),
            Response::MailboxData(MailboxDatum::Exists(count)) => Self::Exists(*count),
            Response::MailboxData(MailboxDatum::Recent(_)) => Self::Recent,
            Response::Expunge(_) => Self::Expunge,
            _ => Self::Other,
        }
    }
}

/// Joins what async-imap read with the response it stands for.
fn answer(shown: Shown, frame: Frame) -> Answer {
    let (first, after) = sort::split_word(&frame.line);
    let (second, rest) = sort::split_word(after);
    match shown {
        Shown::Done(tag, word) => {
            let (code, text) = code::read(rest);
            Answer::Done(Ended { tag, word, code, text })
        }
        Shown::Continue => Answer::Continue(String::from_utf8_lossy(after).trim().to_owned()),
        Shown::Exists(count) => Answer::Exists(count),
        Shown::Recent => Answer::Recent,
        Shown::Expunge => Answer::Expunge,
        Shown::Status(word) if first == b"*" && sort::is_status(second) => {
            let (code, text) = code::read(rest);
            match word {
                Word::Bye => Answer::Bye { code, text },
                Word::Preauth => Answer::Preauth,
                word => Answer::Status { word, code },
            }
        }
        Shown::Status(_) | Shown::Other => Answer::Data(frame),
    }
}
