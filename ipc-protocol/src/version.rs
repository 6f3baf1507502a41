//! Versions and capability names.

/// Major version; part of the socket's file name. A major never changes meaning, it only grows.
pub const MAJOR: u32 = 1;
/// Counts additions; for people. Programs test [`CAPABILITIES`] or `rpc.discover`.
pub const REVISION: u32 = 1;
/// What this daemon offers beyond the methods themselves.
pub const CAPABILITIES: &[&str] =
    &["account/password", "blob/stream", "email/send", "event/resume"];
