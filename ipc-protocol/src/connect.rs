//! Connecting a mailbox: discovery, sign-in, proof. Nothing is saved before both servers are proved.

use crate::account::{Endpoint, NotifyBy, Security};
use crate::error::Error;
use crate::id::{AccountId, ConnectId, UtcDate};
use crate::secret::Secret;

words! {
    /// Where an attempt to connect stands.
    pub enum ConnectState {
        /// The person has to sign in at the issuer.
        SigningIn = "signingIn",
        /// Steps are being proved.
        Proving = "proving",
        /// Proved and saved.
        Done = "done",
        /// Given up; nothing was saved.
        Failed = "failed",
        /// Given up by the person; nothing was saved.
        Canceled = "canceled",
    }

    /// What was proved.
    pub enum StepKind {
        /// The person signed in at the issuer; the detail is the address, empty when the issuer did
        /// not say who signed in.
        SignedIn = "signedIn",
        /// Login at the IMAP server.
        Imap = "imap",
        /// Login at the submission server.
        Smtp = "smtp",
        /// The new login opens the same mailbox as the old one.
        SameMailbox = "sameMailbox",
        /// Settings and secret stored.
        Saved = "saved",
        /// The new connection receives; the old one closed after it.
        Switched = "switched",
        /// The old secret is gone.
        Forgotten = "forgotten",
    }

    /// How an account signs in.
    pub enum AuthKind {
        /// By password or app password.
        Password = "password",
        /// By OAuth 2.0.
        Oauth2 = "oauth2",
    }
}

wire! {
    /// Parameters of `Account/discover`.
    pub struct AccountDiscover {
        /// The address.
        pub email: String,
        /// PEM of an authority trusted for this account beside the system's.
        pub ca_pem: Option<String>,
        /// The IMAP server that the person named. With both servers nobody is asked: these two are
        /// looked at, within 20 seconds.
        pub imap: Option<Endpoint>,
        /// The submission server that the person named.
        pub smtp: Option<Endpoint>,
        /// Asks for `$/progress` notifications with this token until the answer comes.
        pub progress_token: Option<String>,
    }

    /// How to sign in by OAuth; absent = by the provider's facts.
    #[derive(Default)]
    pub struct OauthWish {
        /// Key of a provider.
        pub provider: Option<String>,
        /// Issuer identifier, an `https` URL.
        pub issuer: Option<String>,
        /// The person's own client.
        pub client_id: Option<String>,
        /// Its secret, where it has one; never given back.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub client_secret: Option<Secret>,
        /// Scopes in place of the provider's.
        pub scopes: Option<Vec<String>>,
        /// Ask for a device code too.
        pub device: Option<bool>,
    }

    /// Parameters of `Account/connect`. Nothing is saved before both servers are proved.
    pub struct AccountConnect {
        /// The address; with `replaceAccountId` it may be absent.
        pub email: Option<String>,
        /// Short name; the local part of the address when absent.
        pub name: Option<String>,
        /// Name shown in mail sent.
        pub display_name: Option<String>,
        /// IMAP server; absent: the account's, or the provider's.
        pub imap: Option<Endpoint>,
        /// Submission server; absent: the account's, or the provider's.
        pub smtp: Option<Endpoint>,
        /// Login name; the address when absent.
        pub user: Option<String>,
        /// How to sign in; absent: `oauth2` when `oauth` is given, else `password`.
        pub auth: Option<AuthKind>,
        /// The password; never given back.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub password: Option<Secret>,
        /// How to sign in by OAuth.
        pub oauth: Option<OauthWish>,
        /// PEM of an authority trusted for this account beside the system's.
        pub ca_pem: Option<String>,
        /// Messages mirrored by the first sync.
        pub window: Option<u32>,
        /// How to tell the person.
        pub notify: Option<NotifyBy>,
        /// How the servers were found, as `Account/discover` said it.
        pub found_by: Option<String>,
        /// Move this account to the new login in place: same id, mail, outbox. The old login works
        /// until the new one is proved on the same mailbox.
        pub replace_account_id: Option<AccountId>,
        /// The signed-in person may have another address than the account: an alias or a shared
        /// mailbox that the person confirmed.
        pub alias_confirmed: Option<bool>,
    }

    /// Parameters of `Account/connectStatus`.
    pub struct AccountConnectStatus {
        /// The attempt.
        pub connect_id: ConnectId,
        /// Steps already seen; the answer waits for more than these.
        pub seen: Option<u64>,
        /// Wait at most this long for news; at most 60,000.
        pub wait_ms: Option<u64>,
    }

    /// Parameters of `Account/connectAnswer`: the address the browser ended at, pasted.
    pub struct AccountConnectAnswer {
        /// The attempt.
        pub connect_id: ConnectId,
        /// The whole address, with `code` and `state` in it; never given back.
        pub address: Secret,
    }

    /// Parameters of `Account/connectCancel`.
    pub struct AccountConnectCancel {
        /// The attempt.
        pub connect_id: ConnectId,
    }

    /// Parameters of `Account/token`. Audited: the log says who asked and for which account.
    pub struct AccountToken {
        /// Which.
        pub account_id: AccountId,
        /// It has to hold this much longer; at most 3,600.
        pub min_valid_s: Option<u64>,
    }
}

object! {
    /// What a live check of a server found; no credential was sent.
    pub struct ServerCheck {
        /// Its certificate was verified and it answered.
        pub ok: bool,
        /// How long it took.
        pub ms: u64,
        /// Capabilities (RFC 9051) or EHLO keywords (RFC 5321).
        pub offers: Vec<String>,
        /// Why it is no good.
        pub error: Option<Error>,
    }

    /// One way to reach a mailbox.
    pub struct Candidate {
        /// `named`, `provider`, `config`, `autoconfig`, `well-known`, `ispdb`, `pacc`, `srv`, `mx`, `guess`.
        pub source: String,
        /// The same for people.
        pub found_by: String,
        /// How far it is believed: 0 (a guess) to 100 (the built-in table).
        pub trust: u8,
        /// Provider key, `other` when unknown.
        pub provider: String,
        /// The provider's name for people.
        pub provider_name: String,
        /// IMAP server.
        pub imap: Option<Endpoint>,
        /// Submission server.
        pub smtp: Option<Endpoint>,
        /// Login name.
        pub user: String,
        /// Ways to sign in, best first.
        pub auth: Vec<AuthKind>,
        /// Issuer identifier, when it is not the provider's own.
        pub issuer: Option<String>,
        /// Scopes named with the issuer.
        pub scopes: Vec<String>,
        /// A client for the sign-in is known; else one has to be named.
        pub client_known: bool,
        /// What a person has to know before a password works here, such as "app password".
        pub password_note: Option<String>,
        /// The IMAP server, live.
        pub imap_check: ServerCheck,
        /// The submission server, live.
        pub smtp_check: ServerCheck,
    }

    /// One source that was asked.
    pub struct AskedSource {
        /// See [`Candidate::source`].
        pub source: String,
        /// How long it took.
        pub ms: u64,
        /// How many candidates it gave.
        pub found: u64,
        /// Why none.
        pub error: Option<Error>,
    }

    /// Answer of `Account/discover`.
    pub struct DiscoverReply {
        /// Best first; those whose servers do not hold last, and those are not to be chosen.
        pub candidates: Vec<Candidate>,
        /// Every source heard or waited for; not those whose answer could change nothing any more.
        pub asked: Vec<AskedSource>,
        /// Why there is none to choose, with what to do then.
        pub error: Option<Error>,
        /// How long it all took.
        pub ms: u64,
    }

    /// What the person has to do to sign in, until when.
    pub struct SignInPrompt {
        /// Issuer identifier.
        pub issuer: String,
        /// Open this in a browser.
        pub authorize_url: String,
        /// Port of the page on loopback where the browser ends, for `ssh -L`.
        pub port: u16,
        /// Code to type, where the issuer gives one.
        pub user_code: Option<String>,
        /// Where to type it.
        pub verification_uri: Option<String>,
        /// The same with the code in it.
        pub verification_uri_complete: Option<String>,
        /// When the attempt ends by itself.
        pub expires_at: UtcDate,
    }

    /// Answer of `Account/connect`.
    pub struct ConnectReply {
        /// The attempt; ask `Account/connectStatus` about it.
        pub connect_id: ConnectId,
        /// What the person has to do, when the sign-in is by OAuth.
        pub sign_in: Option<SignInPrompt>,
    }

    /// One proved step.
    pub struct ConnectStep {
        /// What was proved.
        pub what: StepKind,
        /// By whom or where, in words.
        pub detail: String,
        /// How long it took.
        pub ms: u64,
    }

    /// Answer of `Account/connectStatus`.
    pub struct ConnectStatusReply {
        /// Steps proved so far, in order.
        pub steps: Vec<ConnectStep>,
        /// Where it stands.
        pub state: ConnectState,
        /// What the person has to do, while `signingIn`. A new one replaces an old one when the
        /// page has to be opened again.
        pub sign_in: Option<SignInPrompt>,
        /// Why the page has to be opened again, such as a box that was not ticked.
        pub notice: Option<Error>,
        /// The account, once `done`.
        pub account_id: Option<AccountId>,
        /// Why it `failed`.
        pub error: Option<Error>,
    }

    /// Answer of `Account/token`.
    pub struct TokenReply {
        /// The token.
        pub access_token: Secret,
        /// When it ends, if the issuer said so.
        pub expires_at: Option<UtcDate>,
        /// Login name to use it with.
        pub user: String,
        /// SASL mechanisms it is for.
        pub mechanisms: Vec<String>,
    }

    /// The OAuth grant of an account, without its secrets.
    pub struct GrantPicture {
        /// Issuer identifier.
        pub issuer: String,
        /// As which client.
        pub client_id: String,
        /// What was granted.
        pub scopes: Vec<String>,
    }
}

/// The usual way for a port: TLS from the start, STARTTLS on 143 and 587.
#[must_use]
pub fn security_of_port(port: u16) -> Security {
    if matches!(port, 143 | 587) { Security::Starttls } else { Security::Tls }
}
