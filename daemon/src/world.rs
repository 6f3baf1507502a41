//! The doors through which every side effect goes: clock, net, entropy, secrets, desktop, disk.
//!
//! The same daemon runs on the real world and on a simulated one; the difference is the value
//! passed to it, never a branch in the product.

pub mod clock;
pub mod dns;
pub mod entropy;
pub mod link;
pub mod net;
pub mod notify;
pub mod secrets;

use crate::config::VaultChoice;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future, for the doors' object-safe traits.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Every side effect has a door.
#[derive(Clone)]
pub struct World {
    /// Time.
    pub clock: Arc<dyn clock::Clock>,
    /// Connections.
    pub net: Arc<dyn net::Net>,
    /// Names and services.
    pub dns: Arc<dyn dns::Dns>,
    /// Randomness.
    pub entropy: Arc<dyn entropy::Entropy>,
    /// Passwords and tokens at rest.
    pub secrets: Arc<dyn secrets::Secrets>,
    /// The desktop notification service.
    pub desktop: Arc<dyn notify::Desktop>,
    /// Network changes and resumes, as hints.
    pub link: link::LinkWatch,
}

impl World {
    /// The real world: this machine's clock, network, kernel randomness, session bus and the
    /// state directory `state` for the sealed vault. Touches nothing yet; the returned monitor
    /// must be run for `link` to move.
    #[must_use]
    pub fn real(state: &Path, vault: VaultChoice) -> (Self, link::Monitor) {
        let clock: Arc<dyn clock::Clock> = Arc::new(clock::RealClock);
        let entropy: Arc<dyn entropy::Entropy> = Arc::new(entropy::KernelEntropy);
        let (monitor, link) = link::Monitor::new(Arc::clone(&clock));
        let world = Self {
            net: Arc::new(net::RealNet::new(Arc::clone(&clock))),
            dns: Arc::new(dns::SystemDns::new(Arc::clone(&clock), link.clone())),
            secrets: Arc::new(secrets::Vaults::new(
                vault,
                secrets::sealed::SealedFile::new(state, Arc::clone(&entropy)),
                secrets::keyring::Keyring::new(Arc::clone(&clock)),
                Arc::clone(&clock),
            )),
            desktop: Arc::new(notify::SessionDesktop::new(Arc::clone(&clock))),
            clock,
            entropy,
            link,
        };
        (world, monitor)
    }
}
