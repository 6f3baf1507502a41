//! The JSON of PACC (draft-ietf-mailmaint-pacc): proved by its digest before it is read.

use chapar_engine::discover::{Proposal, Target, pacc};
use chapar_engine::secret::base64;
use chapar_engine::verdict::Failure;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Where the document stands at its host.
pub(super) const PATH: &str = ".well-known/user-agent-configuration.json";

/// What `body` proposes if `records`, the TXT records beside it, vouch for it. Fails with
/// `discover.digest` when they do not, with `discover.document` when it is no such document.
pub(super) fn proposals(
    body: &[u8],
    records: &[String],
    target: &Target,
) -> Result<Vec<Proposal>, Failure> {
    let domain = &target.domain;
    let json: Result<Value, _> = serde_json::from_slice(body);
    let json = json.map_err(|error| {
        let message =
            format!("what ua-auto-config.{domain} says about its mail servers cannot be used");
        Failure::of("discover.document", message, Some(&error.to_string()))
    })?;
    if !pacc::vouched(records, &base64(&Sha256::digest(body))) {
        let message = format!(
            "the TXT record _ua-auto-config.{domain} does not vouch for what ua-auto-config.{domain} says"
        );
        return Err(Failure::of("discover.digest", message, None));
    }
    let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let password = match json.pointer("/authentication/password") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(_) => true,
    };
    let document = pacc::Document {
        imap: text("/protocols/imap/host"),
        smtp: text("/protocols/smtp/host").or_else(|| text("/protocols/submit/host")),
        issuer: text("/authentication/oauth-public/issuer"),
        password,
    };
    pacc::proposals(&document, target)
}
