//! HTML as a mail brings it: read once, shown as text or cleaned, never run.
//!
//! Owns how bytes of HTML become tags and words. One pass without recursion: neither nesting nor
//! attributes nor what is never closed make it cost more than its length. Must never fetch anything.

mod lexer;
mod link;
mod nesting;
mod render;
mod safe;

pub(super) use render::{Links, to_text};
pub(super) use safe::safe;

#[cfg(test)]
mod tests;
