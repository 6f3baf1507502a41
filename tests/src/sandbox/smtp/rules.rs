//! Which recipients are refused, by the local part of the address, so that a test or a person at
//! the demo can choose the outcome.

use crate::sandbox::provider::Provider;

/// The reply that refuses `address`; `None` = accepted.
///
/// `reject…` 550, `full…` 552, `tempfail…` 451 each time, `greylist…` 450 the first time. Addresses
/// of the provider's own domains must exist, except those of the rules.
pub(super) fn refuse(provider: &Provider, address: &str) -> Option<String> {
    let local = address.split('@').next().unwrap_or_default();
    if local.starts_with("reject") {
        return Some(format!("550 5.1.1 <{address}>: no such user"));
    }
    if local.starts_with("full") {
        return Some(format!("552 5.2.2 <{address}>: mailbox full"));
    }
    if local.starts_with("tempfail") {
        return Some(format!("451 4.3.0 <{address}>: try again later"));
    }
    if local.starts_with("greylist") {
        let mut seen = provider.greylisted.lock().expect("no holder of the lock panics");
        if seen.insert(address.to_owned()) {
            return Some(format!("450 4.2.0 <{address}>: greylisted, try again later"));
        }
    }
    if local.starts_with("answer") || local.starts_with("greylist") {
        return None;
    }
    let domain = |user: &str| user.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    let ours = provider.store.users().iter().any(|user| domain(user) == domain(address));
    (ours && !provider.store.knows(address)).then(|| format!("550 5.1.1 <{address}>: no such user"))
}
