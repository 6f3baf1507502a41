//! Discovery as a person sees it: where the servers were found, and whether to use them.

use std::time::Duration;

use chapar_ipc_protocol::account::{Endpoint, Security};
use chapar_ipc_protocol::connect::{AccountDiscover, AuthKind, Candidate, DiscoverReply};
use chapar_ipc_protocol::error::Error;

use super::super::lookalike;
use super::attempt::refused;
use crate::ask;
use crate::daemon::{Daemon, fault_of_wire};
use crate::error::Fault;
use crate::render::progress::Progress;
use crate::screen::{Line, Screen, Style, columns};

/// Discovery ends within 3 s, its live checks included; the rest is for a daemon that is busy.
const PATIENCE: Duration = Duration::from_secs(15);

/// The way that was chosen.
#[derive(Debug)]
pub(crate) struct Way {
    /// Its servers, and how to sign in.
    pub(crate) candidate: Candidate,
}

impl Way {
    /// Whether the provider's own sign-in can be used: it has one, and a client for it is known.
    pub(crate) fn can_sign_in(&self) -> bool {
        let first = self.candidate.auth.first() == Some(&AuthKind::Oauth2);
        let only = !self.candidate.auth.contains(&AuthKind::Password);
        only || (first && self.candidate.client_known)
    }
}

/// What a search came to.
pub(crate) enum Looked {
    /// Servers that hold.
    Found(Box<Way>),
    /// Nothing that can be used.
    Nothing {
        /// The usual names were tried too.
        guessed: bool,
    },
}

/// Looks for the servers of an address and tells what was found. Without a network, and when the
/// servers of a provider that is known do not hold, that is the fault: there are no others to name.
pub(crate) fn looked_for(
    screen: &Screen,
    daemon: &mut Daemon,
    email: &str,
    ca_pem: Option<&str>,
) -> Result<Looked, Fault> {
    let domain = email.rsplit_once('@').map_or(email, |(_, domain)| domain);
    screen.say(&Line::of(format!("Looking for {domain} …")));
    let question = AccountDiscover {
        email: email.to_owned(),
        ca_pem: ca_pem.map(str::to_owned),
        imap: None,
        smtp: None,
        // a token has to differ from those of other searches that are under way
        progress_token: screen.redraws.then(|| format!("connect-{}", std::process::id())),
    };
    let mut progress = Progress::waiting(screen, "Asking where the mail is");
    let reply = daemon.call_watched(&question, PATIENCE, &mut progress)?;
    let ms = reply.ms;
    match choose(reply) {
        Ok(candidate) => {
            tell(screen, domain, &candidate, ms);
            let servers = [&candidate.imap, &candidate.smtp].into_iter().flatten();
            let hosts = servers.map(|server| server.host.as_str());
            lookalike::tell(screen, &lookalike::among(daemon, hosts)?);
            Ok(Looked::Found(Box::new(Way { candidate })))
        }
        Err(reply) => {
            if let Some(error) = reason_to_stop(&reply) {
                return Err(refused(fault_of_wire(error)));
            }
            tell_nothing(screen, domain, &reply);
            let guessed = reply.asked.iter().any(|asked| asked.source == "guess");
            Ok(Looked::Nothing { guessed })
        }
    }
}

/// The best candidate of which both servers hold.
fn choose(mut reply: DiscoverReply) -> Result<Candidate, DiscoverReply> {
    let holds = |candidate: &Candidate| {
        candidate.imap_check.ok
            && candidate.smtp_check.ok
            && candidate.imap.is_some()
            && candidate.smtp.is_some()
    };
    match reply.candidates.iter().position(holds) {
        Some(best) => Ok(reply.candidates.swap_remove(best)),
        None => Err(reply),
    }
}

/// Why asking for other servers would help nobody.
fn reason_to_stop(reply: &DiscoverReply) -> Option<&Error> {
    let offline = |error: &&Error| error.data.code.as_deref() == Some("net.offline");
    let known = reply.candidates.iter().any(|one| matches!(&*one.source, "provider" | "config"));
    reply.error.as_ref().filter(|error| known || offline(error))
}

fn tell(screen: &Screen, domain: &str, candidate: &Candidate, ms: u64) {
    let seconds = seconds(ms);
    if candidate.provider == "other" {
        screen.say(&Line::of(format!("found in {seconds}")));
    } else {
        let hosted = format!("{domain} is hosted by {}", candidate.provider_name);
        let how = match candidate.source.as_str() {
            "provider" => "known without asking".to_owned(),
            _ => format!("found by {}, {seconds}", candidate.found_by),
        };
        let room = screen.width.min(80).saturating_sub(columns(&how));
        if columns(&hosted) + 2 <= room {
            let gap = " ".repeat(room - columns(&hosted));
            screen.say(&Line::of(hosted + &gap).with(Style::Dim, how));
        } else {
            screen.say(&Line::of(hosted));
            screen.say(&Line::new().with(Style::Dim, format!("  {how}")));
        }
    }
}

fn tell_nothing(screen: &Screen, domain: &str, reply: &DiscoverReply) {
    let asked: Vec<&str> = reply.asked.iter().map(|asked| spoken(&asked.source)).collect();
    screen.tell(&if asked.is_empty() {
        format!(
            "Could not find the mail servers for {domain}: chapar does not know this domain, and the \
             setting discover.ask = false keeps it from asking anybody else."
        )
    } else {
        format!("Could not find the mail servers for {domain}.")
    });
    if screen.verbose > 0 && !asked.is_empty() {
        screen.tell(&format!("Asked: {} ({}).", asked.join(", "), seconds(reply.ms)));
    }
    for candidate in &reply.candidates {
        for check in [&candidate.imap_check, &candidate.smtp_check] {
            if let Some(error) = &check.error {
                screen.caution(&format!("{} ({})", error.message, candidate.found_by));
            }
        }
    }
}

/// A source as people call it.
fn spoken(source: &str) -> &str {
    match source {
        "well-known" => "the domain's own page",
        "pacc" => "PACC",
        "ispdb" => "ISPDB",
        "mx" => "MX",
        "srv" => "SRV",
        "guess" => "the usual names",
        other => other,
    }
}

/// Shows the servers and asks whether to use them.
pub(crate) fn confirm(screen: &Screen, way: &Way, yes: bool) -> Result<(), Fault> {
    let candidate = &way.candidate;
    let login = if candidate.user.contains('@') { "full address" } else { &candidate.user };
    screen.say(
        &server("incoming", candidate.imap.as_ref())
            .text(format!("   login: {login}"))
            .with(Style::Dim, format!("   ({})", candidate.found_by)),
    );
    screen.say(&server("outgoing", candidate.smtp.as_ref()));
    if yes || !screen.asks {
        return Ok(());
    }
    let answer = ask::optional(screen, "Use these? [Y/n]")?;
    if matches!(answer.to_ascii_lowercase().as_str(), "" | "y" | "yes") {
        return Ok(());
    }
    Err(ask::canceled().hint("name the servers yourself: --imap HOST[:PORT] --smtp HOST[:PORT]"))
}

fn server(what: &str, at: Option<&Endpoint>) -> Line {
    let Some(at) = at else { return Line::of(format!("  {what}  –")) };
    let how = if at.security == Security::Starttls { "STARTTLS" } else { "TLS" };
    Line::of(format!("  {what}  {}:{}   {how}", at.host, at.port))
}

/// `0.4 s`.
fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
