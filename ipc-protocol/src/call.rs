//! The table of methods. Dispatch, scopes, documentation and schema are made from it and from
//! nothing else.

use crate::{
    account, address, blob, connect, daemon, data, doctor, email, event, hello, identity, mailbox,
    standard, status, submission, thread,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

words! {
    /// What a connection may do.
    pub enum Scope {
        /// See how accounts stand.
        Status = "status",
        /// Read mail; includes `status`.
        Read = "read",
        /// Keywords, moves, syncing now.
        Organize = "organize",
        /// Put bytes for a draft.
        Draft = "draft",
        /// Send, and change what is being sent.
        Send = "send",
        /// Connect, change and remove accounts.
        Accounts = "accounts",
        /// Hand out access tokens.
        Tokens = "tokens",
        /// Steer the daemon.
        Admin = "admin",
    }
}

impl Scope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[
        Self::Status,
        Self::Read,
        Self::Organize,
        Self::Draft,
        Self::Send,
        Self::Accounts,
        Self::Tokens,
        Self::Admin,
    ];
}

/// Ties parameters to their method and answer.
pub trait Call: Serialize + DeserializeOwned {
    /// The method.
    const METHOD: Method;
    /// Its answer.
    type Reply: Serialize + DeserializeOwned;
}

/// How parameters are decoded; the daemon's decoder finds unknown ones too.
pub trait Decode {
    /// Why it failed.
    type Error;
    /// Decodes them as `T`.
    fn decode<T: DeserializeOwned>(self) -> Result<T, Self::Error>;
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $params:ty => $reply:ty, $scope:ident $mode:ident;)*) => {
        /// Every method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Method {
            $($(#[doc = $doc])+ $variant,)*
        }

        /// A call with its parameters decoded. Dispatch is an exhaustive match over it.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {
            $($(#[doc = $doc])+ $variant($params),)*
        }

        impl Method {
            /// Every method, in the order of SPEC.md.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The method of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The scope it needs.
            #[must_use]
            pub fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            /// Whether it changes something: such calls of one connection run in arrival order.
            #[must_use]
            pub fn mutating(self) -> bool {
                match self { $(Self::$variant => methods!(@ $mode),)* }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)* }
            }
        }

        impl Request {
            /// Decodes the parameters of `method`.
            pub fn decode<D: Decode>(method: Method, decoder: D) -> Result<Self, D::Error> {
                match method {
                    $(Method::$variant => decoder.decode::<$params>().map(Self::$variant),)*
                }
            }

            /// Its method.
            #[must_use]
            pub fn method(&self) -> Method {
                match self { $(Self::$variant(_) => Method::$variant,)* }
            }
        }

        $(impl Call for $params {
            const METHOD: Method = Method::$variant;
            type Reply = $reply;
        })*

        #[cfg(feature = "schema")]
        pub(crate) fn schemas(
            generator: &mut schemars::SchemaGenerator,
        ) -> Vec<(Method, schemars::Schema, schemars::Schema)> {
            vec![$((
                Method::$variant,
                <$params as schemars::JsonSchema>::json_schema(generator),
                generator.subschema_for::<$reply>(),
            )),*]
        }
    };
    (@ read) => { false };
    (@ write) => { true };
}

/// Answer of `rpc.discover`: the `OpenRPC` document.
pub type Discovery = serde_json::Value;

methods! {
    /// Says who is there, and gives up scopes.
    Hello "hello" hello::Hello => hello::HelloReply, Status write;
    /// The document of this protocol in the `OpenRPC` format.
    Discover "rpc.discover" hello::Discover => Discovery, Status read;
    /// Everything `chapar status` prints.
    Status "status" status::Status => status::StatusReply, Status read;
    /// Begins a stream of events from a cursor.
    EventSubscribe "event/subscribe" event::EventSubscribe => event::SubscribeReply, Status write;
    /// Ends a stream of events.
    EventUnsubscribe "event/unsubscribe" event::EventUnsubscribe => standard::Done, Status write;
    /// Events after a cursor; waits for the first when asked to.
    EventGet "event/get" event::EventGet => event::EventGetReply, Status read;
    /// Gives a request up. A notification; the request is still answered.
    CancelRequest "$/cancelRequest" event::CancelRequest => standard::Done, Status read;
    /// Accounts by id, with where they stand.
    AccountGet "Account/get" account::AccountGet => standard::GetReply<account::Account>, Status read;
    /// Ids of accounts.
    AccountQuery "Account/query" account::AccountQuery => standard::QueryReply, Status read;
    /// Accounts created, changed and removed since a state.
    AccountChanges "Account/changes" account::AccountChanges => standard::ChangesReply, Status read;
    /// Changes settings, pauses, removes.
    AccountSet "Account/set" account::AccountSet => standard::SetReply, Accounts write;
    /// Looks for the servers of an address, each checked live.
    AccountDiscover "Account/discover" connect::AccountDiscover => connect::DiscoverReply, Accounts read;
    /// Begins to prove a mailbox; saves it once both servers are proved.
    AccountConnect "Account/connect" connect::AccountConnect => connect::ConnectReply, Accounts write;
    /// Where an attempt to connect stands; waits for news when asked to.
    AccountConnectStatus "Account/connectStatus" connect::AccountConnectStatus => connect::ConnectStatusReply, Accounts read;
    /// Takes the address at which the browser ended, pasted by the person.
    AccountConnectAnswer "Account/connectAnswer" connect::AccountConnectAnswer => standard::Done, Accounts read;
    /// Gives an attempt to connect up.
    AccountConnectCancel "Account/connectCancel" connect::AccountConnectCancel => standard::Done, Accounts write;
    /// An access token for other programs (msmtp, mbsync).
    AccountToken "Account/token" connect::AccountToken => connect::TokenReply, Tokens read;
    /// Syncs now, and tries what waits for a retry or is set aside; answers when a sync that began
    /// after the call ended.
    AccountSync "Account/sync" account::AccountSync => standard::Done, Organize read;
    /// Which addresses and hosts can be taken for others. Nobody is asked.
    AddressCheck "Address/check" address::AddressCheck => address::AddressCheckReply, Status read;
    /// Identities by id.
    IdentityGet "Identity/get" identity::IdentityGet => standard::GetReply<identity::Identity>, Read read;
    /// Changes names, Reply-To, Bcc and signatures.
    IdentitySet "Identity/set" identity::IdentitySet => standard::SetReply, Accounts write;
    /// Mailboxes by id.
    MailboxGet "Mailbox/get" mailbox::MailboxGet => standard::GetReply<mailbox::Mailbox>, Read read;
    /// Ids of mailboxes.
    MailboxQuery "Mailbox/query" mailbox::MailboxQuery => standard::QueryReply, Read read;
    /// Mailboxes created, changed and removed since a state.
    MailboxChanges "Mailbox/changes" mailbox::MailboxChanges => standard::ChangesReply, Read read;
    /// Emails by id, with their texts when asked for.
    EmailGet "Email/get" email::EmailGet => standard::GetReply<email::Email>, Read read;
    /// Ids of emails, newest first.
    EmailQuery "Email/query" email::EmailQuery => standard::QueryReply, Read read;
    /// Emails created, changed and removed since a state.
    EmailChanges "Email/changes" email::EmailChanges => standard::ChangesReply, Read read;
    /// Composes and queues a message; answers when it is on disk.
    EmailSend "Email/send" email::EmailSend => email::SendReply, Send write;
    /// Threads by id.
    ThreadGet "Thread/get" thread::ThreadGet => standard::GetReply<thread::Thread>, Read read;
    /// Submissions by id.
    SubmissionGet "EmailSubmission/get" submission::SubmissionGet => standard::GetReply<submission::EmailSubmission>, Read read;
    /// Ids of submissions, newest first.
    SubmissionQuery "EmailSubmission/query" submission::SubmissionQuery => standard::QueryReply, Read read;
    /// Submissions created, changed and removed since a state.
    SubmissionChanges "EmailSubmission/changes" submission::SubmissionChanges => standard::ChangesReply, Read read;
    /// Takes back, tries now, settles.
    SubmissionSet "EmailSubmission/set" submission::SubmissionSet => standard::SetReply, Send write;
    /// Bytes inline, up to 256 KiB.
    BlobGet "Blob/get" blob::BlobGet => standard::GetReply<blob::Blob>, Read read;
    /// Bytes as a stream after the answer; ends the connection.
    BlobOpen "Blob/open" blob::BlobOpen => blob::OpenReply, Read read;
    /// Takes bytes as a stream after the request; ends the connection.
    BlobPut "Blob/put" blob::BlobPut => blob::PutReply, Draft write;
    /// Checks everything a mailbox depends on, with what mends it.
    DoctorRun "Doctor/run" doctor::DoctorRun => doctor::DoctorReply, Status read;
    /// Forgets an account's mirrored mail, or everything.
    DataForget "Data/forget" data::DataForget => data::DataForgetReply, Accounts write;
    /// Reads the configuration again.
    DaemonReload "Daemon/reload" daemon::DaemonReload => standard::Done, Admin write;
    /// Answers, then stops the daemon in order.
    DaemonStop "Daemon/stop" daemon::DaemonStop => standard::Done, Admin write;
}

#[cfg(test)]
mod tests {
    use super::Method;

    #[test]
    fn every_name_finds_its_method_and_every_method_says_what_it_does() {
        for method in Method::ALL {
            assert_eq!(Method::from_name(method.name()), Some(*method));
            assert!(method.doc().len() > 5, "{method:?}");
        }
        assert_eq!(Method::from_name("no/such"), None);
    }

    #[test]
    fn the_methods_so_far_are_all_here() {
        let names: Vec<_> = Method::ALL.iter().map(|method| method.name()).collect();
        assert_eq!(
            names.join(" "),
            "hello rpc.discover status event/subscribe event/unsubscribe event/get $/cancelRequest \
             Account/get Account/query Account/changes Account/set Account/discover \
             Account/connect Account/connectStatus Account/connectAnswer \
             Account/connectCancel Account/token Account/sync Address/check Identity/get Identity/set \
             Mailbox/get Mailbox/query Mailbox/changes Email/get Email/query Email/changes \
             Email/send Thread/get EmailSubmission/get EmailSubmission/query \
             EmailSubmission/changes EmailSubmission/set Blob/get Blob/open Blob/put \
             Doctor/run Data/forget Daemon/reload Daemon/stop"
        );
    }
}
