//! Discovery on a small internet and on virtual time: who is believed, how long it takes, and what
//! becomes of answers that mean no good.

mod order;
mod refused;
mod sources;
mod told;

use chapar_daemon::config::Config;
use chapar_daemon::discover::{Candidate, Found, Progress, discover};
use chapar_engine::discover::Source;
use chapar_tests::sim;
use chapar_tests::sim::internet::{Internet, autoconfig};
use std::sync::Arc;
use std::time::Duration;

const EMAIL: &str = "ana@firm.example";
const LIMIT: Duration = Duration::from_secs(3);
const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
const CONFIG: &str = "/mail/config-v1.1.xml";
const PACC: &str = "/.well-known/user-agent-configuration.json";
const DIRECTORY: &str = "autoconfig.thunderbird.net";

/// An autoconfig document with these servers on the ports that begin with TLS.
fn document(imap: &str, smtp: &str) -> String {
    autoconfig(&[(imap, 993, "SSL")], &[(smtp, 465, "SSL")])
}

/// Discovers on the internet that `build` makes; what was found, and the internet afterwards.
fn found_for(email: &str, build: impl FnOnce(&Internet)) -> (Found, Arc<Internet>) {
    with(&Config::default(), email, build)
}

fn found(build: impl FnOnce(&Internet)) -> (Found, Arc<Internet>) {
    found_for(EMAIL, build)
}

fn with(config: &Config, email: &str, build: impl FnOnce(&Internet)) -> (Found, Arc<Internet>) {
    sim::run(async {
        let internet = Internet::new();
        build(&internet);
        let world = internet.world();
        let begun = tokio::time::Instant::now();
        let found = discover(&world, config, email, None, &Progress::default()).await.unwrap();
        assert!(begun.elapsed() <= LIMIT, "{:?}", begun.elapsed());
        for line in internet.said() {
            let upper = line.to_uppercase();
            assert!(!upper.contains("AUTH") || upper.starts_with("GET "), "no credential: {line}");
            assert!(!upper.contains(" LOGIN "), "no credential: {line}");
        }
        (found, internet)
    })
}

/// Source and IMAP host of the one to be chosen.
fn chosen(found: &Found) -> Option<(Source, &str)> {
    let best = found.candidates.first().filter(|candidate| candidate.holds())?;
    Some((best.proposal.source, best.proposal.imap.host.as_str()))
}

fn code_of(found: &Found, source: Source) -> &'static str {
    let asked = found.asked.iter().find(|asked| asked.source == source);
    let asked = asked.unwrap_or_else(|| panic!("{source:?} in {:?}", found.asked));
    asked.outcome.as_ref().map_or_else(|failure| failure.code, |_| "ok")
}

fn codes(candidate: &Candidate) -> (&'static str, &'static str) {
    let code = |check: &chapar_daemon::discover::Check| {
        check.outcome.as_ref().map_or_else(|failure| failure.code, |_| "ok")
    };
    (code(&candidate.imap), code(&candidate.smtp))
}
