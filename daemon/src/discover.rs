//! Discovery: which servers, and which way to sign in, belong to an address.
//!
//! Owns the questions asked of DNS and HTTP and their limits; what the answers mean is decided in
//! the engine. Must never offer a server whose TLS was not verified, never ask over plain HTTP, and
//! never send anything but the address's domain to others than the domain itself.

mod ask;
mod check;
mod entry;
mod pacc;
mod race;

use crate::config::Config;
use crate::world::World;
use chapar_engine::account::Endpoint;
use chapar_engine::discover::{Proposal, Source, Target};
use chapar_engine::verdict::Failure;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// From the question to the answer, whatever anybody says: as long as a person waits without
/// wondering. Leaves a tenth of a second of the promised three for the way to the client.
const LIMIT: Duration = Duration::from_millis(2_900);
/// The same for servers that the person named. There are no others to fall back on, so a slow one has
/// its time: that of its greeting over a bad line.
const NAMED_LIMIT: Duration = Duration::from_secs(20);
/// One source: what is left is for the live checks of what it named.
const ANSWER: Duration = Duration::from_millis(1_900);
/// The usual names are tried when nobody named servers for this long.
const GUESS_AFTER: Duration = Duration::from_secs(1);
/// Servers checked live: an answer from outside may list many, and is no order to scan somebody.
const CHECKS: usize = 24;
/// Bytes of a document: the longest real one has 9 KiB.
const DOCUMENT_BYTES: usize = 256 << 10;
/// Redirects of a document, each to `https` again: real ones need two.
const REDIRECTS: u8 = 3;

/// One way to reach a mailbox, checked live.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// What was proposed, and by whom.
    pub proposal: Proposal,
    /// What the live check of the IMAP server found.
    pub imap: Check,
    /// What the live check of the submission server found.
    pub smtp: Check,
}

impl Candidate {
    /// Whether both servers hold: only such a one may be chosen.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.imap.outcome.is_ok() && self.smtp.outcome.is_ok()
    }
}

/// A live check: TLS verified, greeting and capabilities read, no credential sent.
#[derive(Clone, Debug)]
pub struct Check {
    /// How long it took.
    pub took: Duration,
    /// What the server offers (capabilities or EHLO keywords), or why it is no good.
    pub outcome: Result<Vec<String>, Failure>,
}

/// One source that was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which.
    pub source: Source,
    /// How long it took.
    pub took: Duration,
    /// How many proposals it gave, or why none.
    pub outcome: Result<usize, Failure>,
}

/// All that was found for an address.
#[derive(Clone, Debug)]
pub struct Found {
    /// Candidates whose servers hold, best first; then those that do not, with the reason.
    pub candidates: Vec<Candidate>,
    /// Every source that was heard or waited for; those whose answer could change nothing any more
    /// are not.
    pub asked: Vec<Asked>,
    /// How long it took.
    pub took: Duration,
}

impl Found {
    /// Whether everything that was tried failed on the way, as without a network. One answer, also
    /// that there is no such name, says that there is one.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        let outside = |asked: &&Asked| {
            !matches!(
                asked.source,
                Source::Named | Source::Config | Source::Provider | Source::Guess
            )
        };
        let code = |failure: Option<&Failure>| failure.map(|failure| failure.code);
        let asked = self.asked.iter().filter(outside);
        let asked = asked.map(|asked| code(asked.outcome.as_ref().err()));
        let checks = self.candidates.iter().flat_map(|one| [&one.imap, &one.smtp]);
        let checks = checks.map(|check| code(check.outcome.as_ref().err()));
        let codes: Vec<_> = asked.chain(checks).collect();
        let lost = ["net.offline", "net.unreachable", "net.timeout"].map(Some);
        // silence alone may be a slow network: somebody has to have said that there is no way
        !codes.is_empty()
            && codes.iter().all(|code| lost.contains(code))
            && codes.iter().any(|code| *code != Some("net.timeout"))
    }
}

/// How far a discovery is; cheap to clone, read by whoever wants to know.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Mutex<Step>>);

/// Questions and checks: answered, begun, and what came last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "see above")]
pub struct Step {
    pub done: u64,
    pub total: u64,
    pub message: Option<String>,
}

impl Progress {
    /// How far it is now.
    #[must_use]
    pub fn now(&self) -> Step {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begun(&self, count: usize) {
        let mut step = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        step.total += u64::try_from(count).unwrap_or_default();
    }

    fn ended(&self, message: String) {
        let mut step = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        step.done += 1;
        step.message = Some(message);
    }
}

/// Looks for the servers of `email`; at most [`LIMIT`], whatever anybody answers.
pub async fn discover(
    world: &World,
    config: &Config,
    email: &str,
    ca_pem: Option<&str>,
    progress: &Progress,
) -> Result<Found, Failure> {
    let target = target(email).ok_or_else(|| no_address(email))?;
    let known = entry::known(config, &target)?;
    if known.is_empty() && !config.discover {
        return Ok(Found { candidates: vec![], asked: vec![], took: Duration::ZERO });
    }
    let ca_pem = entry::authority(config, known.first(), ca_pem)?;
    let race = race::Race::new(world, config, &target, ca_pem.as_deref(), progress);
    Ok(race.run(known).await)
}

/// Looks at the two servers that the person named for `email`, at most [`NAMED_LIMIT`]. Nobody is
/// asked for others.
pub async fn look_at(
    world: &World,
    config: &Config,
    email: &str,
    (imap, smtp): (Endpoint, Endpoint),
    ca_pem: Option<&str>,
    progress: &Progress,
) -> Result<Found, Failure> {
    let target = target(email).ok_or_else(|| no_address(email))?;
    let named = Proposal {
        from_outside: false,
        ..Proposal::of(Source::Named, imap, smtp, email.to_owned())
    };
    let configured = authority_of(config, &named.provider, &named.imap)?;
    let ca_pem = ca_pem.map(str::to_owned).or(configured);
    let race = race::Race::new(world, config, &target, ca_pem.as_deref(), progress);
    Ok(race.within(NAMED_LIMIT).run(vec![named]).await)
}

fn no_address(email: &str) -> Failure {
    let message = format!("{} is not a mail address", email.escape_default());
    Failure::of("account.settings", message, None)
}

/// The servers of the provider `key` for an address anywhere, out of the configuration and the
/// built-in table; `None` when neither names any.
pub fn servers_of(config: &Config, key: &str, email: &str) -> Result<Option<Proposal>, Failure> {
    target(email).map_or(Ok(None), |target| entry::of_key(config, key, &target))
}

/// The authority that the configuration trusts for a provider's servers.
pub fn authority_of(
    config: &Config,
    key: &str,
    imap: &Endpoint,
) -> Result<Option<String>, Failure> {
    entry::authority_of(config, key, imap)
}

/// The target with its domain as the DNS has it (RFC 5890).
fn target(email: &str) -> Option<Target> {
    let (_, domain) = email.rsplit_once('@')?;
    // a URL's host may be written in percent signs, a mail domain may not
    match url::Host::parse(domain).ok().filter(|_| !domain.contains('%'))? {
        url::Host::Domain(ascii) => Target::new(email, &ascii),
        _ => None,
    }
}
