//! The wire of chapar: JSON-RPC 2.0, one object a line, over one local socket per user.
//!
//! This crate owns the names, shapes, framing and errors that the daemon and its clients share,
//! and nothing else: no mail logic, no tokio, no engine types. Objects carry the property names of
//! RFC 8620 and 8621. `SPEC.md` beside this crate says it all for other languages; `openrpc.json`
//! says it for machines and is what `rpc.discover` serves.
//!
//! ```text
//! → {"jsonrpc":"2.0","id":1,"method":"status","params":{}}
//! ← {"jsonrpc":"2.0","id":1,"result":{"daemon":{…},"accounts":[…],"outbox":{…}}}
//! ```
//!
//! The table of methods is in [`call`]; everything else (dispatch, scopes, schema) is made from it.

#[macro_use]
mod shape;

pub mod account;
pub mod address;
pub mod blob;
pub mod call;
pub mod connect;
pub mod daemon;
pub mod data;
pub mod doctor;
pub mod email;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod frame;
pub mod hello;
pub mod id;
pub mod identity;
pub mod mailbox;
pub mod message;
pub mod progress;
pub mod secret;
pub mod settings;
pub mod standard;
pub mod status;
pub mod submission;
pub mod thread;
pub mod version;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "schema")]
pub mod schema;

/// The `OpenRPC` document of this protocol, as checked in and as `rpc.discover` serves it.
pub const OPENRPC: &str = include_str!("../openrpc.json");
