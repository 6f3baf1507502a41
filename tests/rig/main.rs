//! Real servers, real processes, real socket: chapar against Debian's Dovecot and Postfix.
//!
//! Needs root and the packages that `tests/run` installs. Every test has mailboxes and a home of its
//! own on the one shared pair of servers.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests report by panicking"
)]

mod servers;
