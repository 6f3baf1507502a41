//! The decisions of chapar, and nothing else.
//!
//! This crate owns every rule: what a failure means, what to fetch next, when to try again, what a
//! message says about itself, which phase a submission is in. It must never do anything: no
//! socket, file, clock, randomness, task or lock. Time and entropy come in as arguments, actions go
//! out as values, so each rule is tested in microseconds and replayed exactly.

#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that panics has failed, which is what it is for"
    )
)]

pub mod account;
pub mod address;
pub mod backoff;
pub mod compose;
pub mod credential;
pub mod discover;
pub mod event;
pub mod flags;
pub mod grant;
pub mod id;
pub mod limits;
pub mod lookalike;
pub mod mailbox;
pub mod message;
pub mod mutf7;
pub mod oauth;
pub mod provider;
pub mod sasl;
pub mod said;
pub mod secret;
pub mod submission;
pub mod sync;
#[cfg(test)]
mod testing;
pub mod thread;
pub mod time;
pub mod verdict;
