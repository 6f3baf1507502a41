//! Passwords and tokens at rest.

use super::BoxFuture;
use chapar_engine::secret::Secret;

/// Where secrets lie, as `status` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// `secret-service`, `file`, `none`.
    pub kind: &'static str,
    /// One sentence: what it is and what it protects against.
    pub protects: String,
}

/// Why a secret could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// The collection is locked and could not be unlocked without asking.
    #[error("the keyring is locked")]
    Locked,
    /// There is no backend, or it went away or did not answer in time.
    #[error("no keyring answers: {0}")]
    Unavailable(String),
    /// The backend answered, but not with what was stored.
    #[error("the keyring returned something else than was stored: {0}")]
    Corrupt(String),
}

/// The door to secrets. Keys are `account/<store instance>/<id>/<what>`. No call blocks longer
/// than [`crate::limits`] allows.
pub trait Secrets: Send + Sync {
    /// Which backend is in use at present.
    fn vault(&self) -> BoxFuture<'_, Vault>;
    /// Stores `secret` durably under `key`, then reads it back.
    fn put<'a>(
        &'a self,
        key: &'a str,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), SecretsError>>;
    /// Reads the secret under `key`; `None` when there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>>;
    /// Deletes it; deleting what is not there is not an error.
    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>>;
}
