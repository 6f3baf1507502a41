//! The rows, by area; the order within an area is from likely to rare.

mod tls;
mod net;
mod discover;
mod oauth;
mod imap;
mod smtp;
mod account;
mod submission;
mod secrets;
mod store;
mod local;
mod machine;
mod input;

use crate::Condition;

/// Every area.
pub(crate) static AREAS: &[&[Condition]] = &[
    tls::ROWS,
    net::ROWS,
    discover::ROWS,
    oauth::ROWS,
    imap::ROWS,
    smtp::ROWS,
    account::ROWS,
    submission::ROWS,
    secrets::ROWS,
    store::ROWS,
    local::ROWS,
    machine::ROWS,
    input::ROWS,
];
