//! The account: its settings and its state machine.

use crate::credential::{Auth, Credential, Login};
use crate::discover::Source;
use crate::id::AccountId;
use crate::time::Wall;

/// How a connection is made safe (RFC 8314). There is no third way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// Plain greeting, then STARTTLS, or nothing.
    StartTls,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// DNS name; what the certificate must be for.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How TLS begins.
    pub security: Security,
}

/// How the person hears of the end of the first sync and of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyBy {
    /// Desktop notification.
    Desktop,
    /// A mail to their own address.
    Mail,
    /// Not at all; events only.
    None,
}

/// One account's settings. Secrets are elsewhere (`world::secrets`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Local id.
    pub id: AccountId,
    /// Short name, unique, chosen by the person.
    pub name: String,
    /// Its address.
    pub email: String,
    /// Provider key (`other` when unknown).
    pub provider: String,
    /// IMAP server.
    pub imap: Endpoint,
    /// Submission server.
    pub smtp: Endpoint,
    /// Login name on both.
    pub user: String,
    /// How it signs in.
    pub auth: Auth,
    /// Counts its moves to another login: a new password gets a place of its own in the vault, so
    /// that the old one stands until the store says otherwise.
    pub slot: u32,
    /// How the servers were found, a phrase such as `autoconfig, HTTPS`; `None`: named by the person.
    pub found_by: Option<String>,
    /// PEM of an authority trusted for this account beside the system's.
    pub ca_pem: Option<String>,
    /// Stopped by the person.
    pub paused: bool,
    /// First-sync budget in messages.
    pub window: u32,
    /// How to tell the person.
    pub notify: NotifyBy,
    /// When it was saved.
    pub created_at: Wall,
    /// When the first sync ended.
    pub first_synced_at: Option<Wall>,
}

impl Account {
    /// The login at its IMAP server with `credential`.
    #[must_use]
    pub fn imap_login(&self, credential: Credential) -> Login {
        self.login(&self.imap, credential)
    }

    /// The login at its submission server with `credential`.
    #[must_use]
    pub fn smtp_login(&self, credential: Credential) -> Login {
        self.login(&self.smtp, credential)
    }

    fn login(&self, endpoint: &Endpoint, credential: Credential) -> Login {
        let (endpoint, user, ca_pem) = (endpoint.clone(), self.user.clone(), self.ca_pem.clone());
        Login { endpoint, user, credential, ca_pem, public_only: self.was_found_outside() }
    }

    /// Whether somebody outside named its servers: then they may only be at public addresses, as
    /// they were when they were found, until the person names them (`account update --imap`).
    #[must_use]
    pub fn was_found_outside(&self) -> bool {
        let own = [Source::Config.phrase(), Source::Provider.phrase()];
        self.found_by.as_deref().is_some_and(|found| !own.contains(&found))
    }

    /// Under which key its secret lies in the vault of the store `instance`.
    #[must_use]
    pub fn secret_key(&self, instance: &str) -> String {
        let place = format!("account/{instance}/{}", self.id.0);
        match (&self.auth, self.slot) {
            // one record that itself holds what is replaced and what replaces it
            (Auth::Grant(_), _) => format!("{place}/grant"),
            (Auth::Password, 0) => format!("{place}/password"),
            (Auth::Password, slot) => format!("{place}/password/{slot}"),
        }
    }

    /// Where and as whom it logs in, without the secret.
    #[must_use]
    pub fn way(&self) -> Way {
        Way {
            imap: self.imap.clone(),
            smtp: self.smtp.clone(),
            user: self.user.clone(),
            ca_pem: self.ca_pem.clone(),
            auth: self.auth.clone(),
            slot: self.slot,
        }
    }
}

/// How an account reaches its mailbox: a session stands on one of these, and has to be replaced
/// when the account's is another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "see Account")]
pub struct Way {
    pub imap: Endpoint,
    pub smtp: Endpoint,
    pub user: String,
    pub ca_pem: Option<String>,
    pub auth: Auth,
    pub slot: u32,
}

/// Where an account stands; the words of `chapar status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Dialling for the first time since start.
    Connecting,
    /// First sync under way; usable.
    Syncing,
    /// Push session stands.
    Live,
    /// Not reachable; retrying.
    Offline,
    /// The provider asked to slow down.
    Throttled,
    /// The credential is refused.
    AuthExpired,
    /// A setting is wrong.
    SettingsWrong,
    /// Stopped by the person.
    Paused,
}

mod machine;
mod same;

pub use machine::{Action, Input, Machine};
pub use same::{Evidence, Sameness};
