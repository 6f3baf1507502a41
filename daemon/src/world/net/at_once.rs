//! A port on which TLS begins at once, taken for one with STARTTLS: both sides would wait for the
//! other to speak. Must never end an attempt at a server that is only slow.

use super::Reach;
use crate::world::World;
use chapar_engine::account::Endpoint;
use chapar_engine::verdict::{Failure, Verdict};
use std::time::Duration;

/// Servers greet at once; those that let a stranger wait do so for some seconds.
const SILENCE: Duration = Duration::from_secs(4);

/// `speaking`, which begins with the server's greeting on a plain connection; when that is late,
/// another connection looks whether TLS is what the port expects. Failure code: `tls.at_once`.
pub async fn unless_tls_at_once<T>(
    world: &World,
    endpoint: &Endpoint,
    ca_pem: Option<&str>,
    reach: Reach,
    speaking: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let looking = async {
        world.clock.sleep_until(world.clock.boot().after(SILENCE)).await;
        if !speaks_tls(world, endpoint, ca_pem, reach).await {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        spoken = speaking => spoken,
        () = looking => Err(at_once(endpoint)),
    }
}

/// Whether the port answers a TLS handshake, with whatever certificate. Nothing else is said there.
async fn speaks_tls(
    world: &World,
    Endpoint { host, port, .. }: &Endpoint,
    ca_pem: Option<&str>,
    reach: Reach,
) -> bool {
    let Ok(stream) = reach.connect(world.net.as_ref(), host, *port).await else { return false };
    match world.net.secure(stream, host, ca_pem).await {
        Ok(_) => true,
        Err(failure) => {
            let is_other = ["tls.not_tls", "tls.ca_file", "tls.invalid"].contains(&failure.code);
            failure.code.starts_with("tls.") && !is_other
        }
    }
}

fn at_once(Endpoint { host, port, .. }: &Endpoint) -> Failure {
    Failure {
        code: "tls.at_once",
        message: format!(
            "{host}:{port} begins with TLS at once, not with STARTTLS \u{2013} not connecting"
        ),
        detail: None,
        verdict: Verdict::FixSettings,
    }
}
