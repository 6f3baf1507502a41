//! From [`Document`] to proposals: placeholders filled in, nothing without TLS.

use super::{Document, Server};
use crate::account::{Endpoint, Security};
use crate::discover::{Proposal, Source, Target, host_name, pairs, user_name};
use crate::provider::Way;
use crate::verdict::Failure;

/// What a document proposes for the target, best first. Fails with `discover.no_tls` when it has
/// servers but none with TLS, with `discover.no_imap` when it has none of a kind that is needed.
pub fn proposals(
    document: &Document,
    target: &Target,
    source: Source,
) -> Result<Vec<Proposal>, Failure> {
    let imap = usable(&document.imap, target);
    let smtp = usable(&document.smtp, target);
    if imap.is_empty() || smtp.is_empty() {
        return Err(refusal(document, target, imap.is_empty()));
    }
    let found = pairs(&imap, &smtp).into_iter();
    Ok(found.map(|(imap, smtp)| proposal(imap, smtp, document, target, source)).collect())
}

fn proposal(
    imap: Usable,
    smtp: Usable,
    document: &Document,
    target: &Target,
    source: Source,
) -> Proposal {
    // a server that says nothing of its login name has that of the other
    let user = user_name(if imap.user.is_empty() { &smtp.user } else { &imap.user }, target);
    let both: Vec<Way> = imap.ways.iter().filter(|way| smtp.ways.contains(way)).copied().collect();
    let ways = if both.is_empty() { &imap.ways } else { &both };
    let (issuer, scopes) = (document.issuer.as_deref(), &document.scopes);
    Proposal::of(source, imap.endpoint, smtp.endpoint, user).signing_in(ways, issuer, scopes)
}

#[derive(Clone)]
struct Usable {
    endpoint: Endpoint,
    ways: Vec<Way>,
    user: String,
}

/// The servers with TLS, those that begin with it first; otherwise in the document's order.
fn usable(servers: &[Server], target: &Target) -> Vec<Usable> {
    let usable = |server: &Server| {
        let endpoint = Endpoint {
            host: host_name(&filled(&server.host, target))?,
            port: server.port?,
            security: server.security?,
        };
        let user = filled(&server.user, target);
        (!server.ways.is_empty()).then(|| Usable { endpoint, ways: server.ways.clone(), user })
    };
    let mut usable: Vec<_> = servers.iter().filter_map(usable).collect();
    usable.sort_by_key(|server| server.endpoint.security != Security::Tls);
    usable
}

/// Puts the address in the place of the placeholders; some documents forget the second `%`.
fn filled(text: &str, target: &Target) -> String {
    let mut text = text.to_owned();
    for (name, value) in [
        ("EMAILADDRESS", &target.email),
        ("EMAILLOCALPART", &target.local),
        ("EMAILDOMAIN", &target.domain),
    ] {
        text = text.replace(&format!("%{name}%"), value);
        if let Some(before) = text.strip_suffix(&format!("%{name}")) {
            text = format!("{before}{value}");
        }
    }
    text
}

fn refusal(document: &Document, target: &Target, no_imap: bool) -> Failure {
    let domain = &target.domain;
    let (list, what) = if no_imap {
        (&document.imap, "IMAP server")
    } else {
        (&document.smtp, "submission server")
    };
    if list.iter().any(|server| server.security.is_none() && !server.ways.is_empty()) {
        let message = format!("the only {what} listed for {domain} has no TLS; it is not used");
        return Failure::of("discover.no_tls", message, None);
    }
    let instead = if document.others { "; other kinds of servers are" } else { "" };
    let message = format!("no usable {what} is listed for {domain}{instead}");
    Failure::of("discover.no_imap", message, None)
}
