//! The suite: the parts of the product and of the harness against each other.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod sandbox;
mod tls;
