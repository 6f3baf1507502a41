//! The optional first call: versions, limits, and scopes given up.

use crate::account::Health;
use crate::call::Scope;
use crate::id::Cursor;

wire! {
    /// Parameters of `hello`.
    #[derive(Default)]
    pub struct Hello {
        /// Who calls; for people, never for decisions.
        pub client: Option<ClientInfo>,
        /// Keep only these for the life of the connection; null = keep all.
        pub scopes: Option<Vec<Scope>>,
    }

    /// Who calls.
    #[derive(Default)]
    pub struct ClientInfo {
        /// Program.
        pub name: String,
        /// Its version.
        pub version: Option<String>,
    }

    /// Parameters of `rpc.discover`.
    #[derive(Default)]
    pub struct Discover {}
}

object! {
    /// Name and version.
    pub struct ServerInfo {
        /// `chapard`.
        pub name: String,
        /// Its version.
        pub version: String,
    }

    /// Version of the protocol.
    pub struct ProtocolInfo {
        /// Part of the socket's name; only grows.
        pub major: u32,
        /// Counts additions.
        pub revision: u32,
    }

    /// What one message and one call may carry.
    pub struct Limits {
        /// Bytes of a message.
        pub max_message: u64,
        /// Requests in flight on a connection.
        pub max_in_flight: u64,
        /// Ids in one `/get`.
        pub max_get: u64,
        /// Bytes of a blob given inline.
        pub inline_blob: u64,
        /// Bytes of a blob put or opened.
        pub max_blob: u64,
    }

    /// Answer of `hello`.
    pub struct HelloReply {
        /// Who answers.
        pub server: ServerInfo,
        /// Which protocol.
        pub protocol: ProtocolInfo,
        /// This store; a cursor of another one is refused.
        pub instance: String,
        /// The newest place in the journal.
        pub cursor: Cursor,
        /// The grant of this socket; null on the full one.
        pub grant: Option<String>,
        /// What this connection may do now.
        pub scopes: Vec<Scope>,
        /// What is offered.
        pub capabilities: Vec<String>,
        /// What one message and one call may carry.
        pub limits: Limits,
        /// Methods that will go.
        pub deprecated: Vec<String>,
        /// Conditions of the daemon itself.
        pub health: Vec<Health>,
    }
}
