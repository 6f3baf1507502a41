//! PACC (draft-ietf-mailmaint-pacc): one JSON document at a name of the domain, proved by a digest
//! in the DNS. The draft fixes ports: 993 and 465, TLS from the start.

use super::{Proposal, Source, Target, host_name, issuer_url};
use crate::account::{Endpoint, Security};
use crate::provider::Way;
use crate::verdict::Failure;

/// What the document says, as far as it concerns us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// `protocols.imap.host`.
    pub imap: Option<String>,
    /// `protocols.smtp.host`, in newer drafts `protocols.submit.host`.
    pub smtp: Option<String>,
    /// `authentication.oauth-public.issuer`.
    pub issuer: Option<String>,
    /// `authentication.password`.
    pub password: bool,
}

/// Whether one of the TXT records of `_ua-auto-config.DOMAIN` vouches for a document with this
/// SHA-256 in base64: `v=UAAC1; a=sha256; d=…`.
#[must_use]
pub fn vouched(records: &[String], digest: &str) -> bool {
    let bare = |text: &str| text.trim().trim_end_matches('=').to_owned();
    let vouches = |record: &String| {
        let tag = |name: &str| {
            let tags = record.split(';').filter_map(|tag| tag.split_once('='));
            let mut found = tags.filter(|(key, _)| key.trim() == name).map(|(_, value)| value);
            found.next().map(str::trim)
        };
        tag("v") == Some("UAAC1")
            && tag("a") == Some("sha256")
            && tag("d").is_some_and(|said| bare(said) == bare(digest))
    };
    records.iter().any(vouches)
}

/// What the document proposes. Fails with `discover.no_imap` when it names no two servers.
pub fn proposals(document: &Document, target: &Target) -> Result<Vec<Proposal>, Failure> {
    let server = |host: &Option<String>, port| {
        let host = host_name(host.as_deref()?)?;
        Some(Endpoint { host, port, security: Security::Tls })
    };
    let (Some(imap), Some(smtp)) = (server(&document.imap, 993), server(&document.smtp, 465))
    else {
        let message = format!("{} names no IMAP and submission server (PACC)", target.domain);
        return Err(Failure::of("discover.no_imap", message, None));
    };
    let issuer = document.issuer.as_deref().and_then(issuer_url);
    let oauth = issuer.as_ref().map(|_| Way::Oauth2);
    let password = document.password.then_some(Way::Password);
    let ways: Vec<_> = oauth.into_iter().chain(password).collect();
    let proposal = Proposal::of(Source::Pacc, imap, smtp, target.email.clone());
    Ok(vec![proposal.signing_in(&ways, issuer.as_deref(), &[])])
}
