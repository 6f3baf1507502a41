//! Tests against scripted servers: every danger measured in async-imap, hostile servers, attacks
//! on STARTTLS, real transcripts.

mod corpus;
mod hostile;
mod nostarttls;
mod peer;
mod verbs;
