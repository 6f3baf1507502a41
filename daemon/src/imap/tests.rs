//! Tests against scripted servers: every danger measured in async-imap, hostile servers,
//! on STARTTLS, real transcripts.

mod corpus;
mod hostile;
mod peer;
mod numbers;
mod sign_in;
mod verbs;
