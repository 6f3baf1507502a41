//! One sign-in: from the question to the issuer to the grant. Three ways race: the redirect to a
//! one-shot page on loopback, the pasted final address, and the device code.

use super::Granted;
use crate::config::Config;
use crate::world::World;
use chapar_engine::secret::Secret;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use tokio::sync::mpsc;

/// What is to be signed in.
#[derive(Clone, Debug, Default)]
pub struct SignInRequest {
    /// The address; the hint given to the issuer and what the answer is compared with.
    pub email: String,
    /// Key of a provider in the built-in table or the configuration; `None`: by `issuer`.
    pub provider: Option<String>,
    /// Issuer identifier (an `https` URL) whose metadata is read; wins over the provider's.
    pub issuer: Option<String>,
    /// The person's own client, over the configured and the built-in one.
    pub client_id: Option<String>,
    /// Its secret, where it has one.
    pub client_secret: Option<Secret>,
    /// Scopes beside or instead of the provider's; empty: the provider's.
    pub scopes: Vec<String>,
    /// Ask for a device code too.
    pub device: bool,
    /// PEM of an authority trusted for the issuer beside the system's.
    pub ca_pem: Option<String>,
    /// The issuer's address came from discovery, not from the person: private addresses are refused.
    pub discovered: bool,
}

/// What the person has to do, until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Issuer identifier, for people.
    pub issuer: String,
    /// The address to open in a browser.
    pub authorize_url: String,
    /// Port of the loopback page, for `ssh -L`.
    pub port: u16,
    /// The code to type, where the issuer gives one.
    pub device: Option<DevicePrompt>,
    /// When the attempt ends by itself.
    pub expires_at: Wall,
}

/// A device code (RFC 8628 §3.2) as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The code.
    pub user_code: String,
    /// Where to type it.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
}

/// A sign-in under way: the page listens, the person has not answered yet. Dropping it closes the
/// page and ends the attempt.
pub struct SignIn {
    /// What to tell the person.
    pub prompt: Prompt,
}

impl SignIn {
    /// Asks the issuer for its metadata (and registration, and a device code), binds the loopback
    /// page. Nothing is opened: the browser is the client's affair.
    pub async fn begin(
        _world: &World,
        _config: &Config,
        _request: &SignInRequest,
    ) -> Result<Self, Failure> {
        todo!()
    }

    /// Waits for the person by whichever way answers first; `pasted` carries addresses the browser
    /// ended at. Exchanges the code and checks what came. A pasted address that is none of this
    /// attempt is answered through the failure of `Refused` verdict `oauth.pasted` only when no
    /// other way is left; see `pasted`'s sender for the immediate answer.
    pub async fn finish(
        self,
        _world: &World,
        _pasted: mpsc::Receiver<Pasted>,
    ) -> Result<Granted, Failure> {
        todo!()
    }
}

/// A pasted final address and where its immediate answer goes.
pub struct Pasted {
    /// The address, with code and state in it.
    pub address: Secret,
    /// `Ok` when it belongs to this attempt and holds a code, else why not; the attempt goes on.
    pub answer: tokio::sync::oneshot::Sender<Result<(), Failure>>,
}
