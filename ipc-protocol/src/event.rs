//! Events: what happened, in the order of the journal.
//!
//! One table gives each type its wire name, the shape of its `data` and the scope that may see it.

use crate::account::Severity;
use crate::call::Scope;
use crate::doctor::Who;
use crate::email::EmailAddress;
use crate::error::Remedy;
use crate::id::{
    AccountId, Cursor, EmailId, IdentityId, MailboxId, State, SubmissionId, SubscriptionId,
    ThreadId, UtcDate,
};
use crate::standard::Truncated;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest wait of `event/get` and `Account/connectStatus`, in milliseconds: below the idle limits
/// that scripts put on themselves.
pub const MAX_WAIT_MS: u64 = 60_000;

object! {
    /// Nothing beyond the type.
    pub struct Plain {}

    /// `account.added`, `account.removed`.
    pub struct AccountNamed {
        /// Short name.
        pub name: String,
        /// Address.
        pub email: String,
    }

    /// The other side's own words.
    pub struct Detail {
        /// The words.
        pub detail: String,
    }

    /// `sync.started`.
    pub struct SyncStarted {
        /// The first sync of the account.
        pub initial: bool,
        /// Messages planned.
        pub total: u64,
    }

    /// `sync.progress`.
    pub struct SyncProgress {
        /// Messages here.
        pub done: u64,
        /// Messages planned.
        pub total: u64,
        /// The mailbox at work.
        pub mailbox_id: Option<MailboxId>,
    }

    /// `sync.completed`.
    pub struct SyncCompleted {
        /// The first sync of the account.
        pub initial: bool,
        /// Messages mirrored now.
        pub emails: u64,
        /// Messages new in this sync.
        pub added: u64,
        /// Messages gone in this sync.
        pub removed: u64,
        /// Messages whose keywords changed.
        pub flagged: u64,
    }

    /// `email.received`.
    pub struct EmailReceived {
        /// The email.
        pub email_id: EmailId,
        /// Its conversation.
        pub thread_id: ThreadId,
        /// Where it lies.
        pub mailbox_ids: BTreeMap<MailboxId, bool>,
        /// From.
        pub from: Vec<EmailAddress>,
        /// Subject.
        pub subject: String,
        /// First readable text.
        pub preview: String,
    }

    /// `email.sent`.
    pub struct EmailSent {
        /// The email in Sent.
        pub email_id: EmailId,
        /// Its conversation.
        pub thread_id: ThreadId,
        /// The submission it is the copy of; null for mail sent elsewhere.
        pub submission_id: Option<SubmissionId>,
    }

    /// `email.replied`.
    pub struct EmailReplied {
        /// The answer.
        pub email_id: EmailId,
        /// What it answers.
        pub submission_id: SubmissionId,
    }

    /// `submission.queued`, `.unknown`, `.canceled`.
    pub struct SubmissionMoved {
        /// The submission.
        pub submission_id: SubmissionId,
    }

    /// `submission.accepted`, `.failed`.
    pub struct SubmissionEnded {
        /// The submission.
        pub submission_id: SubmissionId,
        /// The server's reply.
        pub reply: String,
    }

    /// `submission.deferred`.
    pub struct SubmissionDeferred {
        /// The submission.
        pub submission_id: SubmissionId,
        /// The server's reply.
        pub reply: String,
        /// When it is tried again.
        pub next_attempt_at: UtcDate,
    }

    /// `identity.updated`.
    pub struct IdentityUpdated {
        /// The identity.
        pub identity_id: IdentityId,
    }

    /// `state.changed` (RFC 8620 §7.1).
    pub struct StateChanged {
        /// Account → type → its new state.
        pub changed: BTreeMap<AccountId, BTreeMap<String, State>>,
    }

    /// `health.changed`.
    pub struct HealthChanged {
        /// Stable code.
        pub code: String,
        /// How bad; `ok` = over.
        pub severity: Severity,
        /// One line.
        pub title: String,
        /// Who can end it.
        pub who: Option<Who>,
        /// What to do.
        pub remedy: Vec<Remedy>,
    }

    /// `daemon.stopping`.
    pub struct DaemonStopping {
        /// Why.
        pub reason: String,
        /// Come back with the cursor.
        pub restart: bool,
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident $name:literal $data:ident $scope:ident;)*) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum EventData {
            $($(#[$doc])* $variant($data),)*
            /// A type that this version does not know, as it came.
            Other {
                /// Its name.
                name: String,
                /// Its data.
                data: Value,
            },
        }

        /// Every type: name and the scope that may see it.
        pub const TYPES: &[(&str, Scope)] = &[$(($name, Scope::$scope)),*];

        impl EventData {
            /// The type's name on the wire.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)*
                    Self::Other { name, .. } => name,
                }
            }

            /// The scope that may see it.
            #[must_use]
            pub fn scope(&self) -> Scope {
                match self {
                    $(Self::$variant(_) => Scope::$scope,)*
                    Self::Other { .. } => Scope::Read,
                }
            }

            fn read(name: &str, data: Value) -> Self {
                match name {
                    $($name => match serde_json::from_value(data.clone()) {
                        Ok(known) => Self::$variant(known),
                        Err(_) => Self::Other { name: name.to_owned(), data },
                    },)*
                    _ => Self::Other { name: name.to_owned(), data },
                }
            }

            fn write<S: serde::ser::SerializeMap>(&self, map: &mut S) -> Result<(), S::Error> {
                match self {
                    $(Self::$variant(data) => map.serialize_entry("data", data),)*
                    Self::Other { data, .. } => map.serialize_entry("data", data),
                }
            }
        }

        impl EventData {
            /// The words of all of them.
            pub const NAMES: &'static [&'static str] = &[$($name),*];
        }

        #[cfg(feature = "schema")]
        pub(crate) fn data_schemas(
            generator: &mut schemars::SchemaGenerator,
        ) -> Vec<(&'static str, schemars::Schema)> {
            vec![$(($name, generator.subschema_for::<$data>())),*]
        }
    };
}

events! {
    /// Replay is done; from here on it is live.
    StreamLive "stream.live" Plain Status;
    /// The cursor moved though nothing matched; at most one a minute.
    StreamBookmark "stream.bookmark" Plain Status;
    /// The history asked for is gone: fetch everything again.
    StreamResync "stream.resync" Plain Status;
    /// Objects changed; ask `/changes` from the state held.
    StateChanged "state.changed" StateChanged Status;
    /// An account was proved and saved.
    AccountAdded "account.added" AccountNamed Status;
    /// Its push session stands (again).
    AccountConnected "account.connected" Plain Status;
    /// The server refused the stored credential.
    AccountAuthExpired "account.authExpired" Detail Status;
    /// It cannot be reached at present.
    AccountOffline "account.offline" Detail Status;
    /// Name, settings or pause changed.
    AccountUpdated "account.updated" Plain Status;
    /// It was removed from this machine.
    AccountRemoved "account.removed" AccountNamed Status;
    /// A sync with something to do began.
    SyncStarted "sync.started" SyncStarted Status;
    /// Part of a first sync was stored.
    SyncProgress "sync.progress" SyncProgress Status;
    /// A sync ended with nothing left to do.
    SyncCompleted "sync.completed" SyncCompleted Status;
    /// A sync could not go on.
    SyncFailed "sync.failed" Detail Status;
    /// A message new to the server arrived; never for the first sync.
    EmailReceived "email.received" EmailReceived Read;
    /// A message of ours appeared in Sent.
    EmailSent "email.sent" EmailSent Read;
    /// A received message answers one of our submissions.
    EmailReplied "email.replied" EmailReplied Read;
    /// A submission is durable and will be sent.
    SubmissionQueued "submission.queued" SubmissionMoved Read;
    /// Every recipient not refused was accepted.
    SubmissionAccepted "submission.accepted" SubmissionEnded Read;
    /// It will be tried again.
    SubmissionDeferred "submission.deferred" SubmissionDeferred Read;
    /// No recipient accepted it, finally.
    SubmissionFailed "submission.failed" SubmissionEnded Read;
    /// Whether it was sent is not known; it is being looked for.
    SubmissionUnknown "submission.unknown" SubmissionMoved Read;
    /// It was canceled before it was sent.
    SubmissionCanceled "submission.canceled" SubmissionMoved Read;
    /// An identity changed.
    IdentityUpdated "identity.updated" IdentityUpdated Read;
    /// A condition of an account began, changed or ended.
    HealthChanged "health.changed" HealthChanged Status;
    /// The daemon stops.
    DaemonStopping "daemon.stopping" DaemonStopping Status;
}

/// One event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "RawEvent")]
pub struct Event {
    /// The subscription it answers; absent in `event/get`.
    pub subscription: Option<SubscriptionId>,
    /// Its place: resume after it with `since`.
    pub cursor: Cursor,
    /// When it was recorded.
    pub at: UtcDate,
    /// The account it concerns.
    pub account_id: Option<AccountId>,
    /// What happened.
    pub data: EventData,
    /// What of `data` was cut so that the event fits into a message.
    pub truncated: Option<Truncated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Event"))]
struct RawEvent {
    subscription: Option<SubscriptionId>,
    cursor: Cursor,
    at: UtcDate,
    r#type: String,
    account_id: Option<AccountId>,
    #[serde(default)]
    data: Value,
    /// What of `data` was cut so that the event fits into a message: field → how many there are in
    /// all; for a text, its bytes. Absent when nothing was.
    truncated: Option<Truncated>,
}

impl From<RawEvent> for Event {
    fn from(raw: RawEvent) -> Self {
        Self {
            subscription: raw.subscription,
            cursor: raw.cursor,
            at: raw.at,
            account_id: raw.account_id,
            data: EventData::read(&raw.r#type, raw.data),
            truncated: raw.truncated,
        }
    }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        if let Some(subscription) = &self.subscription {
            map.serialize_entry("subscription", subscription)?;
        }
        map.serialize_entry("cursor", &self.cursor)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("type", self.data.name())?;
        if let Some(account) = &self.account_id {
            map.serialize_entry("accountId", account)?;
        }
        self.data.write(&mut map)?;
        if let Some(truncated) = &self.truncated {
            map.serialize_entry("truncated", truncated)?;
        }
        map.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Event {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        RawEvent::json_schema(generator)
    }
}

/// Whether `name` is one of `types`, each a name or a prefix ending in `.`.
#[must_use]
pub fn matches(types: &[String], name: &str) -> bool {
    types.iter().any(|wanted| {
        wanted == name || (wanted.ends_with('.') && name.starts_with(wanted.as_str()))
    })
}

wire! {
    /// Parameters of `event/subscribe`.
    #[derive(Default)]
    pub struct EventSubscribe {
        /// Resume after this place; null = from now on.
        pub since: Option<Cursor>,
        /// Names, or prefixes ending in a dot; null = all.
        pub types: Option<Vec<String>>,
        /// Of these accounts, and events of no account; null = all.
        pub account_ids: Option<Vec<AccountId>>,
    }

    /// Parameters of `event/unsubscribe`.
    pub struct EventUnsubscribe {
        /// Which.
        pub subscription: SubscriptionId,
    }

    /// Parameters of `event/get`, the long-poll form.
    #[derive(Default)]
    pub struct EventGet {
        /// After this place; null = from now on.
        pub since: Option<Cursor>,
        /// Names, or prefixes ending in a dot; null = all.
        pub types: Option<Vec<String>>,
        /// Of these accounts, and events of no account; null = all.
        pub account_ids: Option<Vec<AccountId>>,
        /// At most this many, at most 500; 100 when absent.
        pub limit: Option<u64>,
        /// Wait at most this long for the first; at most 60,000; 0 when absent.
        pub wait_ms: Option<u64>,
    }

    /// Parameters of the notification `$/cancelRequest`.
    pub struct CancelRequest {
        /// The request to give up; it is answered with `canceled`.
        pub id: crate::message::RequestId,
    }
}

object! {
    /// Answer of `event/subscribe`. `event` notifications follow it.
    pub struct SubscribeReply {
        /// Its name in each event.
        pub subscription: SubscriptionId,
        /// Where it begins.
        pub cursor: Cursor,
        /// The history asked for is gone: fetch everything again.
        pub resync: bool,
    }
}

/// Answer of `event/get`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct EventGetReply {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Ask again after this.
    pub cursor: Cursor,
    /// More are there already.
    pub has_more: bool,
    /// The history asked for is gone: fetch everything again.
    pub resync: bool,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Event, EventData, TYPES, matches};

    #[test]
    fn known_and_unknown_types_come_back_as_they_went() {
        for text in [
            r#"{"subscription":"s1","cursor":"x:1","at":"t","type":"sync.started","accountId":"a1","data":{"initial":true,"total":3}}"#,
            r#"{"cursor":"x:2","at":"t","type":"tracking.opened","data":{"confidence":"human"}}"#,
            r#"{"cursor":"x:3","at":"t","type":"sync.started","data":{"initial":"perhaps"}}"#,
        ] {
            let event: Event = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
        }
        let unknown: Event =
            serde_json::from_str(r#"{"cursor":"x:2","at":"t","type":"a.b"}"#).unwrap();
        assert!(matches!(unknown.data, EventData::Other { .. }));
    }

    #[test]
    fn prefixes_end_in_a_dot() {
        let types = vec!["email.".to_owned(), "sync.failed".to_owned()];
        assert!(matches(&types, "email.received") && matches(&types, "sync.failed"));
        assert!(!matches(&types, "sync.failed2") && !matches(&types, "emailx"));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = TYPES.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TYPES.len());
    }
}
