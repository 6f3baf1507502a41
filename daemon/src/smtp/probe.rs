//! A look at a server without a login: does it speak SMTP inside verified TLS, and what does it
//! offer? Must never send anything about the person.

use super::QUIT;
use super::names::Names;
use super::prelude::{Plain, prelude};
use crate::world::World;
use crate::world::clock::within;
use crate::world::net::{Reach, unless_tls_at_once};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::verdict::Failure;
use tokio::io::AsyncWriteExt as _;

/// The EHLO keywords (RFC 5321 §4.1.1.1) of the server inside TLS, each with its parameters.
pub async fn offers(
    world: &World,
    endpoint: &Endpoint,
    ca_pem: Option<&str>,
    reach: Reach,
) -> Result<Vec<String>, Failure> {
    let Endpoint { host, port, security } = endpoint;
    let mut names = Names::new();
    let mut stream = reach.connect(world.net.as_ref(), host, *port).await?;
    if *security == Security::StartTls {
        let prelude = prelude(world, &mut stream, host, &mut names);
        unless_tls_at_once(world, endpoint, ca_pem, reach, prelude).await?;
    }
    let mut stream = world.net.secure(stream, host, ca_pem).await?;
    let mut inside = Plain { world, stream: &mut stream, host, is_secret: true };
    if *security == Security::Tls {
        inside.greeting().await?;
    }
    let ehlo = inside.introduce(&mut names).await?;
    // QUIT is a courtesy: nobody waits for the answer
    let leaving = async {
        stream.write_all(b"QUIT\r\n").await?;
        stream.flush().await
    };
    let _ = within(world.clock.as_ref(), QUIT, leaving).await;
    Ok(ehlo.lines.into_iter().skip(1).filter(|line| !line.is_empty()).collect())
}
