//! `Account/discover`.

use super::account::{ca_pem, endpoint};
use super::{Answer, answer, line};
use crate::config::Config;
use crate::discover::{self, Asked, Candidate, Check, Found, Progress};
use crate::ipc::{Services, convert, fault};
use crate::oauth::client_known;
use chapar_engine::discover::Source;
use chapar_engine::provider::Way;
use chapar_engine::verdict::Failure;
use chapar_ipc_protocol::connect as wire;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(in crate::ipc) async fn discover(services: &Services, params: wire::AccountDiscover) -> Answer {
    line("email", &params.email)?;
    let mailbox = params.email.rsplit_once('@');
    if mailbox.is_none_or(|(local, domain)| local.is_empty() || domain.is_empty()) {
        return Err(fault::argument(format!("`email`: `{}` is not a mail address.", params.email)));
    }
    let ca_pem = params.ca_pem.map(ca_pem).transpose()?;
    let config = services.accounts.config();
    let told = Told::begin(&services.discoveries, &params.email);
    let (world, email) = (&services.world, &params.email);
    let ca_pem = ca_pem.as_deref();
    let found = match (params.imap, params.smtp) {
        (Some(imap), Some(smtp)) => {
            let named = (endpoint("imap", imap)?, endpoint("smtp", smtp)?);
            discover::look_at(world, &config, email, named, ca_pem, &told.progress).await
        }
        (None, None) => discover::discover(world, &config, email, ca_pem, &told.progress).await,
        _ => return Err(fault::argument("`imap` and `smtp` are named both or not at all.")),
    };
    let found = found.map_err(|failure| fault::unsaved(&failure))?;
    answer(&reply(&config, &params.email, &found))
}

/// A discovery in the list of those under way, until dropped.
struct Told<'s> {
    list: &'s Mutex<BTreeMap<String, Progress>>,
    email: String,
    progress: Progress,
}

impl<'s> Told<'s> {
    fn begin(list: &'s Mutex<BTreeMap<String, Progress>>, email: &str) -> Self {
        let progress = Progress::default();
        let mut open = list.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(email.to_owned(), progress.clone());
        Self { list, email: email.to_owned(), progress }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.email);
    }
}

fn reply(config: &Config, email: &str, found: &Found) -> wire::DiscoverReply {
    let nothing = !found.candidates.iter().any(Candidate::holds);
    wire::DiscoverReply {
        error: nothing.then(|| fault::unsaved(&why(email, found))),
        candidates: found.candidates.iter().map(|one| candidate(config, one)).collect(),
        asked: found.asked.iter().map(asked).collect(),
        ms: milliseconds(found.took),
    }
}

/// Why there is nothing to choose: the network when nobody answered, the reason of the best candidate,
/// else that there is none.
fn why(email: &str, found: &Found) -> Failure {
    // of one server that somebody named its own failure says more
    let named = found.candidates.iter().any(|one| one.proposal.source == Source::Named);
    if !named && found.is_offline() {
        let message = "nobody answers: this machine seems to be offline";
        return Failure::of("net.offline", message, None);
    }
    let best = found.candidates.first();
    let broken =
        best.and_then(|best| best.imap.outcome.as_ref().err().or(best.smtp.outcome.as_ref().err()));
    broken.cloned().unwrap_or_else(|| {
        let domain = email.rsplit_once('@').map_or(email, |(_, domain)| domain);
        Failure::of("discover.nothing", format!("no mail servers were found for {domain}"), None)
    })
}

fn candidate(config: &Config, candidate: &Candidate) -> wire::Candidate {
    let proposal = &candidate.proposal;
    let way = |way: &Way| match way {
        Way::Oauth2 => wire::AuthKind::Oauth2,
        Way::Password => wire::AuthKind::Password,
    };
    wire::Candidate {
        source: proposal.source.word().to_owned(),
        found_by: proposal.found_by.clone(),
        trust: proposal.trust,
        provider: proposal.provider.clone(),
        provider_name: proposal.provider_name.clone(),
        imap: Some(convert::endpoint(&proposal.imap)),
        smtp: Some(convert::endpoint(&proposal.smtp)),
        user: proposal.user.clone(),
        auth: proposal.ways.iter().map(way).collect(),
        issuer: proposal.issuer.clone(),
        scopes: proposal.scopes.clone(),
        client_known: client_known(config, &proposal.provider, proposal.issuer.as_deref()),
        password_note: proposal.password_note.clone(),
        imap_check: check(&candidate.imap),
        smtp_check: check(&candidate.smtp),
    }
}

fn check(check: &Check) -> wire::ServerCheck {
    wire::ServerCheck {
        ok: check.outcome.is_ok(),
        ms: milliseconds(check.took),
        offers: check.outcome.as_ref().cloned().unwrap_or_default(),
        error: check.outcome.as_ref().err().map(fault::unsaved),
    }
}

fn asked(asked: &Asked) -> wire::AskedSource {
    wire::AskedSource {
        source: asked.source.word().to_owned(),
        ms: milliseconds(asked.took),
        found: asked.outcome.as_ref().map_or(0, |count| *count as u64),
        error: asked.outcome.as_ref().err().map(fault::unsaved),
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
