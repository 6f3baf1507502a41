//! Live checks: each server once, however many sources name it.

use super::Check;
use crate::world::World;
use crate::world::net::Reach;
use crate::{imap, smtp};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::discover::Proposal;
use chapar_engine::time::Boot;
use std::time::Duration;

/// What a server is asked for; also the key of its one check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    side: Side,
    host: String,
    port: u16,
    security: Security,
    reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Imap,
    Smtp,
}

/// Words kept of what a server offers: real ones have below forty.
const OFFERS: usize = 100;

impl Question {
    /// The two questions of a proposal.
    pub(super) fn both(proposal: &Proposal) -> [Self; 2] {
        let outside = proposal.from_outside;
        let reach = if outside { Reach::PublicOnly } else { Reach::Anywhere };
        [Self::new(Side::Imap, &proposal.imap, reach), Self::new(Side::Smtp, &proposal.smtp, reach)]
    }

    /// To an IMAP server that was guessed.
    pub(super) fn imap(endpoint: &Endpoint) -> Self {
        Self::new(Side::Imap, endpoint, Reach::PublicOnly)
    }

    /// To a submission server that was guessed.
    pub(super) fn smtp(endpoint: &Endpoint) -> Self {
        Self::new(Side::Smtp, endpoint, Reach::PublicOnly)
    }

    fn new(side: Side, endpoint: &Endpoint, reach: Reach) -> Self {
        let Endpoint { host, port, security } = endpoint.clone();
        Self { side, host, port, security, reach }
    }

    /// The server, for people.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Asks; who waits decides for how long.
    pub(super) async fn ask(self, world: &World, ca_pem: Option<&str>) -> (Self, Check) {
        let begun = world.clock.boot();
        let endpoint =
            Endpoint { host: self.host.clone(), port: self.port, security: self.security };
        let mut outcome = match self.side {
            Side::Imap => imap::offers(world, &endpoint, ca_pem, self.reach).await,
            Side::Smtp => smtp::offers(world, &endpoint, ca_pem, self.reach).await,
        };
        if let Ok(offers) = &mut outcome {
            offers.truncate(OFFERS);
        }
        (self, Check { took: since(world, begun), outcome })
    }
}

pub(super) fn since(world: &World, begun: Boot) -> Duration {
    world.clock.boot().until_from(begun)
}
