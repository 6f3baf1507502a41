//! What the provider's mail servers ask the issuer: does this token open that mailbox, and until
//! when?

use super::grant::{AccessToken, Grant};
use super::rules::SessionEnd;
use super::{Book, Issuer};
use crate::sandbox::faults::Service;
use crate::sandbox::provider::Now;
use std::time::Duration;

/// A session's right to go on.
#[derive(Clone, Debug)]
pub struct Lease {
    issuer: Issuer,
    token: String,
}

/// What a token opens.
#[derive(Clone, Debug)]
pub enum Mail {
    /// The mailbox.
    Open(Lease),
    /// The login is taken, but nothing after it works.
    Unconnected(Lease),
    /// Nothing.
    Closed,
}

impl Issuer {
    /// Whether `token` opens `mailbox` over `service` at `now`.
    #[must_use]
    pub fn opens(&self, token: &str, mailbox: &str, service: Service, now: i64) -> Mail {
        let book = self.book();
        let Some((grant, held)) = book.token(token) else { return Mail::Closed };
        let needed = match service {
            Service::Smtp => self.shape.mail_scopes().smtp,
            _ => self.shape.mail_scopes().imap,
        };
        let scoped = needed.is_empty()
            || needed.iter().any(|scope| held.scopes.iter().any(|held| held == scope));
        if held.dead || now >= held.expires_at || !scoped {
            return Mail::Closed;
        }
        let lease = Lease { issuer: self.clone(), token: token.into() };
        let own = grant.user == mailbox;
        let shared = book.shared.contains(&(grant.user.clone(), mailbox.into()));
        if !own && !shared {
            let lenient = book.rules.takes_any_name && service == Service::Imap;
            return if lenient { Mail::Unconnected(lease) } else { Mail::Closed };
        }
        if book.unconnected.contains(mailbox) && service == Service::Imap {
            return Mail::Unconnected(lease);
        }
        if self.store.knows(mailbox) { Mail::Open(lease) } else { Mail::Closed }
    }
}

impl Lease {
    /// Waits until the session has to end; for ever, if it may go on.
    pub async fn ended(&self, now: &Now) {
        let mut deaths = self.issuer.deaths.subscribe();
        loop {
            let Some(left) = self.left(now()) else { return };
            tokio::select! {
                biased;
                changed = deaths.changed() => {
                    let _ = changed;
                }
                // no timer for ever: simulated time would jump there
                () = tokio::time::sleep(left), if left < Duration::MAX => {}
            }
        }
    }

    /// The words at its end.
    #[must_use]
    pub fn farewell(&self) -> &'static str {
        self.issuer.shape.farewell()
    }

    /// What is left, in whole seconds as the clock has them; `None` = it is over.
    fn left(&self, now: i64) -> Option<Duration> {
        let book = self.issuer.book();
        let held = book.token(&self.token).map(|(_, held)| (held.dead, held.expires_at));
        let (dead, expires_at) = held?;
        match book.rules.session_end {
            SessionEnd::Never => Some(Duration::MAX),
            SessionEnd::AtExpiryOrRevocation if dead => None,
            _ => {
                let left = u64::try_from(expires_at - now).ok().filter(|left| *left > 0);
                left.map(Duration::from_secs)
            }
        }
    }
}

impl Book {
    /// The access token and its grant.
    pub(super) fn token(&self, value: &str) -> Option<(&Grant, &AccessToken)> {
        self.grants.iter().find_map(|grant| {
            grant.access.iter().find(|held| held.value == value).map(|held| (grant, held))
        })
    }
}
