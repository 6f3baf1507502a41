//! chapard: does what the engine decided.
//!
//! Module order is layer order: a module uses only modules above it. Data flows one way: server →
//! `imap` → `account` → `store` → journal → `ipc` → client. The store is the truth; every channel
//! carries hints only.

pub mod account;
pub mod config;
pub mod desktop;
pub mod imap;
pub mod ipc;
pub mod limits;
pub mod log;
pub mod paths;
pub mod shutdown;
pub mod smtp;
pub mod store;
pub mod supervisor;
pub mod world;
