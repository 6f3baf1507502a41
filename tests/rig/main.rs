//! Real servers, real processes, real socket: chapar against Debian's Dovecot and Postfix.
//!
//! Needs root and the packages that `tests/run` installs. Every test has mailboxes and a home of its
//! own on the one shared pair of servers, and every home ends with the canary scan.
//!
//! Two knobs make it longer: `CHAPAR_KILLS=200` for the kills while sending, `CHAPAR_RIG_LONG=1` for a
//! daemon stopped five minutes instead of seconds and for ten minutes of tokens that end. What cannot be done on a machine (no network
//! namespace, no overlay for Cyrus) says SKIPPED and why.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests report by panicking"
)]

mod borrowed;
mod connect;
mod cyrus;
mod desktop;
mod discovery;
mod doctor;
mod first_sync;
mod half_open;
mod inplace;
mod issuers;
mod keyring;
mod lifetime;
mod memory;
mod outbox;
mod push;
mod relays;
mod refuse;
mod send;
mod servers;
mod signin;
mod stream;

use std::time::Duration;

use chapar_tests::rig::home::Home;
use chapar_tests::rig::{Rig, User};

/// A first sync of a few thousand mails takes seconds in the test profile.
const SYNC_LIMIT: Duration = Duration::from_mins(2);

/// A running daemon with one live account on a mailbox of its own.
fn live() -> (Home, User, String) {
    let rig = Rig::shared();
    let user = rig.user();
    let home = Home::new();
    home.start();
    let account = home.connect_ok(rig, &user);
    home.wait_live(&account, SYNC_LIMIT);
    (home, user, account)
}
