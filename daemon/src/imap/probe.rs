//! A look at a server without a login: does it speak IMAP inside verified TLS, and what does it
//! offer? Must never send anything about the person.

use super::failure::Doing;
use super::wire::Wire;
use super::{limits, login};
use crate::world::World;
use crate::world::net::{Reach, unless_tls_at_once};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::verdict::{Failure, ImapStep};

/// The capabilities of the server before a login, as it names them inside TLS.
pub async fn offers(
    world: &World,
    endpoint: &Endpoint,
    ca_pem: Option<&str>,
    reach: Reach,
) -> Result<Vec<String>, Failure> {
    let host = &endpoint.host;
    let mut wire = Wire::new(world.clock.clone(), host).await?;
    let stream = reach.connect(world.net.as_ref(), host, endpoint.port).await?;
    let known = match endpoint.security {
        Security::Tls => {
            wire.attach(world.net.secure(stream, host, ca_pem).await?);
            login::greeting(&mut wire).await?
        }
        Security::StartTls => {
            wire.attach(stream);
            let plain = login::start_tls(&mut wire);
            let plain = unless_tls_at_once(world, endpoint, ca_pem, reach, plain).await;
            let plain = plain.map_err(login::unproved)?;
            wire.attach(world.net.secure(plain, host, ca_pem).await?);
            None
        }
    };
    let capabilities = match known {
        Some(known) => known,
        None => login::capabilities(&mut wire).await?,
    };
    // LOGOUT is a courtesy: nobody waits for the answer
    let doing = Doing(ImapStep::Other, "leaving");
    let patience = limits::LOGOUT;
    let _ = crate::world::clock::within(&*wire.clock(), patience, wire.send("LOGOUT", doing)).await;
    Ok(capabilities.words())
}
