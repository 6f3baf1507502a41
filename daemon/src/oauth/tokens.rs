//! The token broker: one owner per account, one refresh at a time.

use super::{Access, Granted};
use crate::config::Config;
use crate::store::Store;
use crate::world::World;
use chapar_engine::account::Account;
use chapar_engine::id::AccountId;
use chapar_engine::verdict::Failure;
use std::time::Duration;
use tokio::sync::watch;

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Tokens {}

impl Tokens {
    /// A broker that has asked nobody yet.
    #[must_use]
    pub fn new(_world: World, _store: Store, _config: watch::Receiver<Config>) -> Self {
        Self {}
    }

    /// An access token of the account that holds for at least `at_least` more (or as long as the
    /// issuer gives them); refreshes when it has to, once for all who ask.
    pub async fn access(&self, _account: &Account, _at_least: Duration) -> Result<Access, Failure> {
        todo!()
    }

    /// A mail server refused this token although it should hold: the next one is a new one, unless
    /// somebody got a new one meanwhile.
    pub fn distrust(&self, _account: AccountId, _refused: &Access) {
        todo!()
    }

    /// Makes a grant's secrets durable for the account, in place of any it had. To be called before
    /// the account that refers to them is stored.
    pub async fn adopt(&self, _account: AccountId, _granted: &Granted) -> Result<(), Failure> {
        todo!()
    }

    /// Puts back what `adopt` replaced: the switch did not happen.
    pub async fn restore(&self, _account: AccountId) -> Result<(), Failure> {
        todo!()
    }

    /// The switch did happen: what `adopt` replaced is forgotten.
    pub async fn settle(&self, _account: AccountId) -> Result<(), Failure> {
        todo!()
    }

    /// Forgets the grant's secrets here, and gives them back at the issuer where it can (RFC 7009);
    /// true when the issuer took them.
    pub async fn revoke(&self, _account: &Account) -> Result<bool, Failure> {
        todo!()
    }
}
