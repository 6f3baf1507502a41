//! The session: what one login can do. Each verb is in a file of its own.

use super::failure::Doing;
use super::guard::budget::Hold;
use super::wire::Wire;
use super::{Items, Login, limits, login};
use crate::world::World;
use chapar_engine::verdict::{Failure, ImapStep};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// What a server says it can do, upper case.
#[derive(Clone, Debug, Default)]
pub(super) struct Capabilities(BTreeSet<String>);

impl Capabilities {
    pub(super) fn read(words: &[u8]) -> Self {
        Self(
            words
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty() && word.len() <= limits::CAPABILITY_BYTES)
                .take(limits::CAPABILITIES)
                .map(|word| String::from_utf8_lossy(word).to_ascii_uppercase())
                .collect(),
        )
    }

    /// Every word, in order.
    pub(super) fn words(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// The SASL mechanisms.
    pub(super) fn mechanisms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|word| word.strip_prefix("AUTH="))
    }
}

/// A live session.
pub struct Session {
    pub(super) wire: Wire,
    capabilities: Capabilities,
    pub(super) server: Option<String>,
    /// Messages whose facts the person wants to have mirrored.
    rows: usize,
    /// Bytes a message body may have.
    pub(super) body_bytes: u64,
    /// The server said IDLE and refused it: NOOPs instead.
    pub(super) idle_refused: bool,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("host", &self.wire.host)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(wire: Wire, capabilities: Capabilities) -> Self {
        Self {
            wire,
            capabilities,
            server: None,
            rows: 0,
            body_bytes: chapar_engine::limits::MESSAGE_BYTES,
            idle_refused: false,
        }
    }

    /// Dials, verifies TLS, greets, authenticates, reads capabilities, sends ID and ENABLE.
    /// Not one byte of the credential leaves before TLS is verified.
    pub async fn login(world: &World, login: &Login) -> Result<Self, Failure> {
        login::login(world, login).await
    }

    /// Whether the server offers `capability` (upper case) after login.
    #[must_use]
    pub fn offers(&self, capability: &str) -> bool {
        self.capabilities.has(capability)
    }

    /// The server's name and version from ID (RFC 2971), for quirks and status.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Sets how large the bodies of the next fetches may be: what RFC822.SIZE said. A server that
    /// sends more than that and [`limits::LITERAL_SLACK_BYTES`] breaks the session.
    pub fn expect_at_most(&mut self, bytes: u64) {
        self.body_bytes = bytes.min(chapar_engine::limits::MESSAGE_BYTES);
    }

    /// A hold on the session's budget, for whoever keeps what it fetches: what is held too much
    /// there ends the session at the next response.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.wire.hold()
    }

    /// Sets of how many messages the facts are wanted at one time: what a person's window asks for
    /// beyond [`limits::ROWS`] is held beyond the usual budget.
    pub fn expect_rows(&mut self, rows: usize) {
        self.rows = rows;
    }

    /// What this question may need beyond the usual budget because a person wants it: a message
    /// larger than what is mirrored by itself, a window of many messages.
    pub(super) fn lend(&self, items: Items) {
        let usual = u64::from(chapar_engine::limits::WHOLE_BYTES).saturating_mul(2) + (1 << 20);
        let body = Some(self.body_bytes).filter(|bytes| items == Items::Whole && *bytes > usual);
        let body = usize::try_from(body.unwrap_or(0)).unwrap_or(usize::MAX);
        let rows = self.rows.saturating_sub(limits::ROWS).saturating_mul(limits::ROW_BYTES);
        self.wire.lend(body.saturating_add(rows));
    }

    /// Whether unsolicited data said that the selected mailbox changed since last asked; clears it.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.wire.hints.changed)
    }

    /// Whether nothing more can be asked: the link broke, or the server ended it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.wire.is_ended()
    }

    /// NOOP under a deadline: is the link alive?
    pub async fn probe(&mut self, within: Duration) -> Result<(), Failure> {
        let doing = Doing(ImapStep::Other, "asking whether it is still there");
        let tag = self.wire.send("NOOP", doing).await?;
        let patience = self.wire.patience(within, within);
        self.wire.finish(&tag, doing, patience, &mut |answer| Ok(Some(answer))).await.map(drop)
    }

    /// LOGOUT under a short deadline; never fails.
    pub async fn logout(mut self) {
        let clock = self.wire.clock();
        let limit = clock.boot().after(limits::LOGOUT);
        // BYE, the tagged OK, a closed link: each is an end
        let _ = super::wire::within(
            &*clock,
            limit,
            self.wire.command("LOGOUT", Doing(ImapStep::Other, "leaving")),
        )
        .await;
    }
}
