//! A mail provider in one process: IMAP, SMTP submission, an OAuth issuer and a certificate
//! authority, on loopback ports or on in-memory pipes.
//!
//! It exists so that the product can be shown and tested without any installed server. It reads
//! with other parsers than the product does (imap-codec, smtp-proto), so that a misreading cannot
//! cancel itself out. It must never use a type or function of the product except the stream type
//! that the product's doors hand over. Real servers stay the proof (see `rig`).

pub mod base64;
pub mod ca;
pub mod corpus;
pub mod faults;
pub mod imap;
pub mod ledger;
pub mod mailstore;
pub mod mutf7;
pub mod oauth;
pub mod provider;
pub mod proxy;
mod sasl;
pub mod smtp;
pub mod wire;
