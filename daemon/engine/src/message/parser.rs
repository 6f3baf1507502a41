//! The one door to the MIME parser.
//!
//! Its debug assertions and index arithmetic give way on some broken mails (found by the corpora),
//! so a panic of it is caught here and is "cannot be parsed" like any other defect.

use mail_parser::{Message, MessageParser};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The whole message.
pub(super) fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    // nothing of ours is shared with the parser, so nothing can be left half done
    catch_unwind(AssertUnwindSafe(|| MessageParser::new().parse(bytes))).unwrap_or_default()
}

/// The headers alone.
pub(super) fn parse_headers(bytes: &[u8]) -> Option<Message<'_>> {
    catch_unwind(AssertUnwindSafe(|| MessageParser::new().parse_headers(bytes))).unwrap_or_default()
}
