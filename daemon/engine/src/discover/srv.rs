//! What SRV records mean (RFC 6186, 8314, 2782).

use super::{ALTERNATIVES, Proposal, Source, Target, host_name, is_within, pairs};
use crate::account::{Endpoint, Security};
use crate::verdict::Failure;

/// How far a record is believed that leads out of the domain: without DNSSEC anybody on the way
/// may have written it, and the certificate proves only that other name (RFC 6186 §6).
const ELSEWHERE: u8 = 40;

/// One record. An empty target says that the service is not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of RFC 2782")]
pub struct Record {
    pub target: String,
    pub port: u16,
    pub priority: u16,
    pub weight: u16,
}

/// The records of the four services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the services of RFC 6186 §3.2, 3.1 and RFC 8314 §5.1")]
pub struct Records {
    pub imaps: Vec<Record>,
    pub imap: Vec<Record>,
    pub submissions: Vec<Record>,
    pub submission: Vec<Record>,
}

/// What the records propose, best first; nothing where there are none. Fails with
/// `discover.no_imap` when they say that a service is not offered, or name only one side.
pub fn proposals(records: &Records, target: &Target) -> Result<Vec<Proposal>, Failure> {
    let imap = both(&records.imaps, &records.imap, 993);
    let smtp = both(&records.submissions, &records.submission, 465);
    let any = |lists: [&[Record]; 2]| lists.iter().any(|list| !list.is_empty());
    let asked_imap = any([&records.imaps, &records.imap]);
    let asked_smtp = any([&records.submissions, &records.submission]);
    if !asked_imap && !asked_smtp {
        return Ok(Vec::new());
    }
    if imap.is_empty() || smtp.is_empty() {
        let domain = &target.domain;
        let what = if imap.is_empty() { "IMAP" } else { "submission" };
        let said = if imap.is_empty() { asked_imap } else { asked_smtp };
        let says = if said { "says that it offers no" } else { "names no server for" };
        let message = format!("{domain} {says} {what} (SRV)");
        return Err(Failure::of("discover.no_imap", message, None));
    }
    let found = pairs(&imap, &smtp).into_iter().map(|(imap, smtp)| proposal(imap, smtp, target));
    Ok(found.collect())
}

fn proposal(imap: Endpoint, smtp: Endpoint, target: &Target) -> Proposal {
    let strangers: Vec<_> = [&imap.host, &smtp.host]
        .into_iter()
        .filter(|host| !is_within(host, &target.domain))
        .cloned()
        .collect();
    let mut proposal = Proposal::of(Source::Srv, imap, smtp, target.email.clone());
    if let Some(host) = strangers.first() {
        proposal.trust = ELSEWHERE;
        proposal.found_by = format!("SRV, leads to {host}");
    }
    proposal
}

/// The endpoints of a service that begins with TLS, then of its STARTTLS sibling.
fn both(implicit: &[Record], starttls: &[Record], tls_port: u16) -> Vec<Endpoint> {
    let mut found = endpoints(implicit, |_| Security::Tls);
    // the older record with the newer port is a common slip
    let by_port = |port| if port == tls_port { Security::Tls } else { Security::StartTls };
    found.extend(endpoints(starttls, by_port));
    found.truncate(ALTERNATIVES);
    found
}

/// Lowest priority first. Where weights ask for a share of the clients (RFC 2782), we take the
/// heaviest: one client in a life decides nothing about load, and the same answer shall give the
/// same result.
fn endpoints(records: &[Record], security: impl Fn(u16) -> Security) -> Vec<Endpoint> {
    let mut records: Vec<_> = records.iter().collect();
    records.sort_by_key(|record| (record.priority, std::cmp::Reverse(record.weight)));
    let endpoint = |record: &&Record| {
        let host = host_name(&record.target)?;
        let port = Some(record.port).filter(|port| *port > 0)?;
        Some(Endpoint { host, port, security: security(port) })
    };
    records.iter().filter_map(endpoint).collect()
}
