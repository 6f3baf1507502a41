//! One attempt: the sign-in, then both servers proved step by step, as the daemon reports it.

use std::time::Duration;

use chapar_conditions::Names;
use chapar_ipc_protocol::account::{Account, Endpoint};
use chapar_ipc_protocol::connect::{
    AccountConnect, AccountConnectCancel, AccountConnectStatus, AuthKind, ConnectState,
    ConnectStatusReply, ConnectStep, StepKind,
};
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::id::ConnectId;

use super::read_account;
use super::sign_in::SignIn;
use crate::ask;
use crate::daemon::{Daemon, fault_of_wire};
use crate::error::Fault;
use crate::interrupt::Interrupt;
use crate::render::progress::{Progress, done_line};
use crate::screen::{Line, Screen, Style};

/// How long one question about the attempt may wait for news; short, so that Ctrl-C and a pasted
/// address are heard.
const NEWS_WAIT: Duration = Duration::from_millis(200);
/// The first answer waits for the issuer: its metadata, a registration, a device code.
const BEGIN_WAIT: Duration = Duration::from_secs(20);

/// How an attempt meets the person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'n> {
    /// No browser is to be opened.
    pub(crate) paste: bool,
    /// What a command that mends a refusal is filled in with.
    pub(crate) names: Names<'n>,
    /// The account that is moved: what the request does not name stays as it is there.
    pub(crate) moved: Option<&'n Account>,
}

/// Has the mailbox proved and saved; prints each step as it is done. Whatever ends it before the
/// end, Ctrl-C too, leaves everything as it was.
pub(crate) fn prove(
    screen: &Screen,
    daemon: &mut Daemon,
    request: AccountConnect,
    how: How<'_>,
) -> Result<(Account, Vec<ConnectStep>), Fault> {
    attempt(screen, daemon, request, how).map_err(|fault| named(fault, how.names))
}

fn attempt(
    screen: &Screen,
    daemon: &mut Daemon,
    request: AccountConnect,
    how: How<'_>,
) -> Result<(Account, Vec<ConnectStep>), Fault> {
    let interrupt = Interrupt::listen();
    let places = Places::of(&request, how.moved);
    let first = match request.auth {
        Some(AuthKind::Oauth2) => "Preparing the sign-in".to_owned(),
        _ => places.next(&[]),
    };
    let mut waiting = Progress::waiting(screen, first);
    let begun = daemon.call_watched(&request, BEGIN_WAIT, &mut waiting).map_err(refused)?;
    drop(request);
    let mut attempt = Attempt { id: begun.connect_id, seen: 0, noticed: None, is_settled: false };
    let mut sign_in = SignIn::new(screen, how.paste);
    if let Some(prompt) = &begun.sign_in {
        sign_in.show(prompt)?;
    }
    loop {
        if interrupt.came() && !attempt.is_settled {
            sign_in.leave_prompt();
            attempt.give_up(screen, daemon)?;
        }
        let reply = daemon.call_slow(&attempt.question(), NEWS_WAIT)?;
        if reply.state != ConnectState::SigningIn || attempt.has_news(&reply) {
            sign_in.leave_prompt();
        }
        if attempt.has_news(&reply) || reply.state != ConnectState::Proving {
            waiting.turn_to(places.next(&reply.steps));
        }
        attempt.tell(screen, &reply);
        match reply.state {
            ConnectState::SigningIn => {
                if let Some(prompt) = &reply.sign_in {
                    sign_in.show(prompt)?;
                }
                sign_in.take_pasted(daemon, &attempt.id);
            }
            ConnectState::Proving => waiting.tick(),
            _ => return outcome(daemon, &places, reply),
        }
    }
}

/// Where an attempt goes, for the line that says what is waited for.
struct Places {
    imap: Option<Endpoint>,
    smtp: Option<Endpoint>,
}

impl Places {
    fn of(request: &AccountConnect, moved: Option<&Account>) -> Self {
        let imap = request.imap.as_ref().or_else(|| moved?.imap.as_ref());
        let smtp = request.smtp.as_ref().or_else(|| moved?.smtp.as_ref());
        Self { imap: imap.cloned(), smtp: smtp.cloned() }
    }

    /// A refusal with what helps at the server it came from: the one after `steps`.
    fn advise(&self, fault: Fault, steps: &[ConnectStep]) -> Fault {
        let at_smtp = steps.iter().any(|step| step.what == StepKind::Imap);
        let (flag, at) = if at_smtp { ("--smtp", &self.smtp) } else { ("--imap", &self.imap) };
        match at {
            Some(at) => with_port(fault, flag, at),
            None => fault,
        }
    }

    /// What comes after `steps`.
    fn next(&self, steps: &[ConnectStep]) -> String {
        let done = |kind: StepKind| steps.iter().any(|step| step.what == kind);
        if done(StepKind::Smtp) {
            "Saving".to_owned()
        } else if done(StepKind::Imap) {
            format!("Signing in at {}", host(self.smtp.as_ref(), "the SMTP server"))
        } else {
            format!("Signing in at {}", host(self.imap.as_ref(), "the IMAP server"))
        }
    }
}

fn host<'h>(at: Option<&'h Endpoint>, usual: &'h str) -> &'h str {
    at.map_or(usual, |at| &at.host)
}

/// With the flag that mends it, where TLS did not begin at a server that is known.
pub(super) fn with_port(mut fault: Fault, flag: &str, at: &Endpoint) -> Fault {
    let (usual, starttls) = if flag == "--imap" { (993, 143) } else { (465, 587) };
    let advice = match fault.code.as_str() {
        "tls.not_tls" if at.port == starttls => {
            format!("{flag} {}:{starttls} {flag}-security starttls", at.host)
        }
        "tls.at_once" => format!("{flag} {}:{} {flag}-security tls", at.host, at.port),
        "tls.not_tls" if at.port != usual => format!(
            "{flag} {host}:{} {flag}-security starttls, or {flag} {host}:{usual}",
            at.port,
            host = at.host
        ),
        "tls.not_offered" | "tls.refused" if at.port != usual => {
            format!("{flag} {}:{usual}", at.host)
        }
        "tls.not_tls" => format!("{flag}-security starttls, if this port is for STARTTLS"),
        _ => return fault,
    };
    fault.remedy.clear();
    fault.hint(advice)
}

struct Attempt {
    id: ConnectId,
    seen: usize,
    /// The notice told last.
    noticed: Option<String>,
    /// It cannot be given up any more.
    is_settled: bool,
}

impl Attempt {
    fn question(&self) -> AccountConnectStatus {
        AccountConnectStatus {
            connect_id: self.id.clone(),
            seen: u64::try_from(self.seen).ok(),
            wait_ms: u64::try_from(NEWS_WAIT.as_millis()).ok(),
        }
    }

    fn has_news(&self, reply: &ConnectStatusReply) -> bool {
        let notice = reply.notice.as_ref().map(|notice| &notice.message);
        reply.steps.len() > self.seen || notice != self.noticed.as_ref()
    }

    fn tell(&mut self, screen: &Screen, reply: &ConnectStatusReply) {
        for step in reply.steps.iter().skip(self.seen) {
            screen.say(&step_line(step));
        }
        self.seen = self.seen.max(reply.steps.len());
        let notice = reply.notice.as_ref().map(|notice| notice.message.clone());
        if let Some(error) = reply.notice.as_ref().filter(|_| notice != self.noticed) {
            tell_notice(screen, error);
        }
        self.noticed = notice;
    }

    /// Gives it up; one that is being saved already goes on.
    fn give_up(&mut self, screen: &Screen, daemon: &mut Daemon) -> Result<(), Fault> {
        match daemon.call(&AccountConnectCancel { connect_id: self.id.clone() }) {
            Ok(_) => Err(ask::canceled()),
            Err(fault) if fault.code == "object.unknown" => {
                self.is_settled = true;
                screen.caution("too late to cancel: it is being saved");
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Why the page is opened again, and what to do otherwise there.
fn tell_notice(screen: &Screen, error: &Error) {
    screen.caution(&error.message);
    if error.data.code.as_deref() == Some("oauth.missing_scope") {
        screen.tell(
            "A box on the consent page was not ticked. The page opens again: tick all boxes.",
        );
    }
}

fn step_line(step: &ConnectStep) -> Line {
    let ms = matches!(step.what, StepKind::Imap | StepKind::Smtp).then_some(step.ms);
    let good = |text: String| Line::new().with(Style::Good, "✓").text(format!(" {text}"));
    match step.what {
        StepKind::Imap => done_line("IMAP", &step.detail, ms),
        StepKind::Smtp => done_line("SMTP", &step.detail, ms),
        StepKind::Saved => done_line("Saved", &step.detail, ms),
        StepKind::SignedIn if step.detail.is_empty() => {
            good("Signed in; the issuer did not say who signed in".to_owned())
        }
        StepKind::SignedIn => good(format!("Signed in as {}", step.detail))
            .with(Style::Dim, "   access renews itself"),
        StepKind::SameMailbox => good(format!("Same mailbox: {}", step.detail)),
        StepKind::Switched | StepKind::Forgotten | StepKind::Other => good(capital(&step.detail)),
    }
}

/// A phrase as the beginning of a sentence.
fn capital(phrase: &str) -> String {
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters.as_str().chars()).collect()
    })
}

fn outcome(
    daemon: &mut Daemon,
    places: &Places,
    reply: ConnectStatusReply,
) -> Result<(Account, Vec<ConnectStep>), Fault> {
    match (reply.state, reply.account_id, reply.error) {
        (ConnectState::Done, Some(id), _) => {
            let account = read_account(daemon, &id)?;
            Ok((account, reply.steps))
        }
        (ConnectState::Canceled, ..) => Err(ask::canceled()),
        (_, _, Some(error)) => Err(places.advise(refused(fault_of_wire(&error)), &reply.steps)),
        (state, ..) => Err(Fault::new(
            "socket.protocol",
            format!("the attempt ended as {:?} without a reason", state.word()),
        )),
    }
}

/// A refusal while nothing is saved yet: what is told is how to connect, not how to look.
pub(crate) fn refused(mut fault: Fault) -> Fault {
    let is_of_account = |word: &String| ["status", "sync", "outbox"].contains(&word.as_str());
    fault.remedy.retain(|remedy| !remedy.command.get(1).is_some_and(is_of_account));
    let Some(hint) = hint(&fault.code) else {
        return fault;
    };
    // the same in general words, and for an account that goes on by itself
    fault.remedy.clear();
    fault.hint(hint)
}

/// The refusal with the command that goes with its advice, which the daemon had no name for.
pub(crate) fn named(mut fault: Fault, names: Names<'_>) -> Fault {
    let advice = fault.remedy.first_mut().filter(|advice| advice.command.is_empty());
    let first = chapar_conditions::find(&fault.code).and_then(|row| row.first_command_for(names));
    if let (Some(advice), Some(command)) = (advice, first) {
        advice.command = command;
    }
    fault
}

/// What helps while connecting, where the error itself does not say it.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "imap.auth" | "smtp.auth" => {
            "the right password; where the login is not the address: \
             --user NAME; with two-factor sign-in: an app password of the provider"
        }
        "imap.not_imap" => "the port of IMAP: 993, or 143 with STARTTLS; 465 and 587 are for SMTP",
        "smtp.not_smtp" => "the port of SMTP: 465, or 587 with STARTTLS; 993 and 143 are for IMAP",
        "imap.preauth" => "port 993, where TLS is there from the start",
        "tls.not_offered" | "tls.refused" => {
            "the port where TLS is there from the start: 993 for IMAP, 465 for SMTP"
        }
        "tls.expired" => {
            "another name of the server, if your provider publishes one; if the clock of this \
             machine is wrong, set it first"
        }
        "tls.wrong_host" => {
            "in a hotel, a train or an office: sign in to its network first (open any web page), then \
             the same command again"
        }
        "net.unknown_host" | "net.refused" | "net.timeout" | "net.unreachable" => {
            "the server and the port that your provider publishes: --imap HOST:PORT --smtp \
             HOST:PORT"
        }
        _ => return None,
    })
}
