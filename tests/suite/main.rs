//! The suite: the parts of the product and of the harness against each other.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod announce;
mod discover;
mod faults;
mod http;
mod ispdb;
mod issuer;
mod killed;
mod killed_refresh;
mod kills;
mod place;
mod sandbox;
mod signin;
mod tls;
mod tls_sweep;
mod tracer;
