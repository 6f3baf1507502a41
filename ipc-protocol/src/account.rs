//! Accounts: one person's connection to one provider. JMAP knows accounts only in its session
//! object; these methods are chapar's own.

#![expect(clippy::option_option, reason = "in a patch, null removes and absent keeps")]

use crate::connect::{AuthKind, GrantPicture};
use crate::doctor::Who;
use crate::id::{AccountId, State, UtcDate};
use crate::secret::Secret;
use crate::standard::Object;
use std::collections::BTreeMap;

words! {
    /// How TLS begins (RFC 8314). There is no third way.
    pub enum Security {
        /// From the first byte.
        Tls = "tls",
        /// After STARTTLS, or nothing.
        Starttls = "starttls",
    }

    /// How the person hears of the end of the first sync and of trouble.
    pub enum NotifyBy {
        /// Desktop notification.
        Desktop = "desktop",
        /// A mail to their own address.
        Mail = "mail",
        /// Events only.
        None = "none",
    }

    /// Where an account stands.
    pub enum AccountState {
        /// Dialling for the first time since the daemon's start.
        Connecting = "connecting",
        /// First sync under way; usable.
        Syncing = "syncing",
        /// The push session stands.
        Live = "live",
        /// Not reachable; retrying.
        Offline = "offline",
        /// The provider asked to slow down.
        Throttled = "throttled",
        /// The credential is refused.
        AuthExpired = "authExpired",
        /// A setting is wrong.
        SettingsWrong = "settingsWrong",
        /// Stopped by the person.
        Paused = "paused",
    }

    /// How bad a condition is.
    pub enum Severity {
        /// Over.
        Ok = "ok",
        /// Worth knowing.
        Info = "info",
        /// Works, but not fully.
        Warning = "warning",
        /// Does not work.
        Error = "error",
    }
}

wire! {
    /// Where a server is.
    pub struct Endpoint {
        /// DNS name; what the certificate must be for.
        pub host: String,
        /// TCP port.
        pub port: u16,
        /// How TLS begins.
        pub security: Security,
    }
}

object! {
    /// Something a person may have to act on.
    pub struct Health {
        /// Stable code, such as `imap.auth`.
        pub code: String,
        /// How bad.
        pub severity: Severity,
        /// Since when.
        pub since: UtcDate,
        /// One line.
        pub title: String,
        /// The other side's own words.
        pub detail: Option<String>,
        /// Who can end it.
        pub who: Option<Who>,
        /// Commands that help, each as its words.
        pub remedy: Vec<Vec<String>>,
    }

    /// How far a first sync is.
    pub struct Progress {
        /// Messages here.
        pub done: u64,
        /// Messages planned.
        pub total: u64,
        /// The mailbox at work.
        pub mailbox: Option<String>,
        /// Bytes fetched.
        pub bytes: u64,
        /// Why nothing moves, when nothing moves.
        pub stalled: Option<String>,
    }

    /// What of an account is not mirrored at present, and what was mended. The conditions
    /// `mailbox.aside` and `mail.aside` say which and why.
    pub struct Aside {
        /// Mailboxes that do not open.
        pub mailboxes: u64,
        /// Mails that the server does not hand out.
        pub mails: u64,
        /// Mails whose mirror differed from the server and was mended, since the daemon's start.
        pub mended: u64,
    }

    /// One account with where it stands.
    pub struct Account {
        /// Its id.
        pub id: AccountId,
        /// Short name, unique, chosen by the person.
        pub name: String,
        /// Its address.
        pub email: String,
        /// Name shown beside the address in mail sent.
        pub display_name: Option<String>,
        /// Provider key, `other` when unknown.
        pub provider: String,
        /// IMAP server.
        pub imap: Option<Endpoint>,
        /// Submission server.
        pub smtp: Option<Endpoint>,
        /// Login name.
        pub user: String,
        /// How it signs in.
        pub auth: AuthKind,
        /// The OAuth grant, when it signs in by one.
        pub grant: Option<GrantPicture>,
        /// How its servers were found; null: named by the person.
        pub found_by: Option<String>,
        /// Stopped by the person.
        pub paused: bool,
        /// Messages mirrored by a first sync.
        pub window: u32,
        /// How to tell the person.
        pub notify: NotifyBy,
        /// Where it stands.
        pub state: AccountState,
        /// When the server was last asked.
        pub last_check: Option<UtcDate>,
        /// When mail last arrived.
        pub last_new: Option<UtcDate>,
        /// How news arrive, such as `IDLE, INBOX`; null while no push session stands.
        pub push: Option<String>,
        /// The first sync, while it runs.
        pub progress: Option<Progress>,
        /// Conditions, worst first.
        pub health: Vec<Health>,
        /// What is not mirrored at present.
        pub aside: Aside,
        /// Messages mirrored.
        pub mails: u64,
        /// Mailboxes known.
        pub mailboxes: u64,
    }
}

impl Object for Account {
    const TYPE: &'static str = "Account";
    const PROPERTIES: &'static [&'static str] = &[
        "id",
        "name",
        "email",
        "displayName",
        "provider",
        "imap",
        "smtp",
        "user",
        "auth",
        "grant",
        "foundBy",
        "paused",
        "window",
        "notify",
        "state",
        "lastCheck",
        "lastNew",
        "push",
        "progress",
        "health",
        "aside",
        "mails",
        "mailboxes",
    ];
}

wire! {
    /// Parameters of `Account/get`.
    #[derive(Default)]
    pub struct AccountGet {
        /// Which; null = all.
        pub ids: Option<Vec<AccountId>>,
        /// Which properties; null = all.
        pub properties: Option<Vec<String>>,
    }

    /// Which accounts; absent = any.
    #[derive(Default)]
    pub struct AccountFilter {
        /// With exactly this name.
        pub name: Option<String>,
        /// With this address, compared without case.
        pub email: Option<String>,
        /// In one of these states.
        pub states: Option<Vec<AccountState>>,
    }

    /// Parameters of `Account/query`.
    #[derive(Default)]
    pub struct AccountQuery {
        /// Which.
        pub filter: Option<AccountFilter>,
        /// First result wanted, from 0.
        pub position: Option<u64>,
        /// At most this many.
        pub limit: Option<u64>,
    }

    /// Parameters of `Account/changes`.
    pub struct AccountChanges {
        /// A state given by `/get` or `/changes`.
        pub since_state: State,
        /// At most this many changes.
        pub max_changes: Option<u64>,
    }

    /// What of one account to change; absent = as it is.
    #[derive(Default)]
    pub struct AccountPatch {
        /// Short name.
        pub name: Option<String>,
        /// Stop or go on.
        pub paused: Option<bool>,
        /// Messages mirrored by a first sync.
        pub window: Option<u32>,
        /// How to tell the person.
        pub notify: Option<NotifyBy>,
        /// IMAP server; the account connects anew with it, and says so when it is wrong.
        pub imap: Option<Endpoint>,
        /// Submission server; used from the next message on.
        pub smtp: Option<Endpoint>,
        /// Login name.
        pub user: Option<String>,
        /// Name shown in mail sent; null or empty removes it.
        #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        pub display_name: Option<Option<String>>,
        /// New password; proved with the settings then in force before it is saved; never given back.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub password: Option<Secret>,
        /// PEM of an authority trusted for this account; null removes it.
        #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        pub ca_pem: Option<Option<String>>,
    }

    /// Parameters of `Account/set`. Accounts are created by `Account/connect`.
    #[derive(Default)]
    pub struct AccountSet {
        /// Refuse with `stateMismatch` unless this is the state.
        pub if_in_state: Option<State>,
        /// What to change, by id.
        pub update: Option<BTreeMap<AccountId, AccountPatch>>,
        /// Which to disconnect; their mail and secrets on this machine go too.
        pub destroy: Option<Vec<AccountId>>,
        /// Lets go of mails that still wait to be sent; without it an account that has some is not
        /// destroyed (`submission.waiting`).
        pub discard_outbox: Option<bool>,
    }

    /// Parameters of `Account/sync`. The answer comes when that pass ended.
    pub struct AccountSync {
        /// Which.
        pub account_id: AccountId,
        /// Asks for `$/progress` notifications with this token until the answer comes.
        pub progress_token: Option<String>,
    }
}

/// Tells a given null from an absent field.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}
