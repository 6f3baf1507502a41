//! Everything `chapar status` prints, in one call.

use crate::account::{Account, Health};
use crate::id::UtcDate;

wire! {
    /// Parameters of `status`.
    #[derive(Default)]
    pub struct Status {}
}

object! {
    /// Where secrets lie.
    pub struct VaultInfo {
        /// `secret-service`, `file` or `none`.
        pub kind: String,
        /// What it is and what it protects against.
        pub protects: String,
    }

    /// The daemon itself.
    pub struct DaemonStatus {
        /// Its version.
        pub version: String,
        /// Its process.
        pub pid: u32,
        /// Resident memory in bytes.
        pub rss_bytes: u64,
        /// How long it runs.
        pub uptime_ms: u64,
        /// Since when it runs.
        pub started_at: UtcDate,
        /// Its store.
        pub instance: String,
        /// Its socket.
        pub socket: String,
        /// Where secrets lie.
        pub vault: VaultInfo,
        /// Database and packs, in bytes.
        pub disk_bytes: u64,
        /// Connections at present, this one too.
        pub clients: u64,
    }

    /// The outbox in numbers of submissions.
    pub struct OutboxStatus {
        /// Due, or waiting for the next try.
        pub waiting: u64,
        /// For later, not tried yet.
        pub scheduled: u64,
        /// May have been sent; being looked for.
        pub unknown: u64,
        /// Refused for good and kept.
        pub failed: u64,
        /// On the wire now.
        pub sending: u64,
    }

    /// Answer of `status`.
    pub struct StatusReply {
        /// The daemon itself.
        pub daemon: DaemonStatus,
        /// Every account by id.
        pub accounts: Vec<Account>,
        /// Ids of accounts that did not fit into the message: ask `Account/get` for these. Absent
        /// when all fit.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub not_fetched: Vec<String>,
        /// The outbox.
        pub outbox: OutboxStatus,
        /// Conditions of this machine: its disk, its clock, the store, the program.
        pub health: Vec<Health>,
    }
}
