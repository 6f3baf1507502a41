//! Resolves a name and connects to the first address that answers (RFC 8305). Names every way in
//! which that fails.

use crate::world::clock::{Clock, within};
use chapar_engine::verdict::{Failure, Verdict};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// The system's resolver tries each server twice for 5 s.
const RESOLVE: Duration = Duration::from_secs(12);
/// All addresses of a host together; Linux alone would try a silent one for two minutes.
const CONNECT: Duration = Duration::from_secs(30);
/// RFC 8305 §8: the next address is tried after this long without an answer.
const STAGGER: Duration = Duration::from_millis(250);
/// Addresses tried at most: a name may have hundreds.
const ADDRESSES: usize = 8;

/// A TCP connection to `host`.
pub(super) async fn dial(clock: &dyn Clock, host: &str, port: u16) -> Result<TcpStream, Failure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = match within(clock, RESOLVE, lookup_host((bare, port))).await {
        None => return Err(timeout(host, port, "its name was not resolved", RESOLVE)),
        Some(Err(error)) => return Err(unresolved(host, &error)),
        Some(Ok(found)) => interleaved(found.collect()),
    };
    if addresses.is_empty() {
        return Err(unresolved(host, &io::Error::other("no address")));
    }
    match within(clock, CONNECT, race(clock, &addresses)).await {
        None => Err(timeout(host, port, "no answer", CONNECT)),
        Some(Err(error)) => Err(unreached(host, port, &error)),
        Some(Ok(stream)) => {
            // commands are small and waited for: Nagle would add a round trip to each
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
            Ok(stream)
        }
    }
}

/// IPv6 and IPv4 in turn, IPv6 first, each family in the resolver's order.
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let (six, four): (Vec<_>, Vec<_>) = found.into_iter().partition(SocketAddr::is_ipv6);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut order = Vec::new();
    loop {
        let pair = [six.next(), four.next()];
        if pair == [None, None] || order.len() >= ADDRESSES {
            order.truncate(ADDRESSES);
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

/// Starts the attempts one after the other; the first that stands wins, the rest are dropped.
/// Fails with the last attempt's reason.
async fn race(clock: &dyn Clock, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter();
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::other("no address");
    if let Some(first) = waiting.next() {
        trying.push(TcpStream::connect(*first));
    }
    let mut stagger = clock.sleep_until(clock.boot().after(STAGGER));
    loop {
        tokio::select! {
            done = trying.next(), if !trying.is_empty() => match done {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => last = error,
                None => {}
            },
            () = &mut stagger, if waiting.len() > 0 => {}
        }
        match waiting.next() {
            Some(next) => {
                trying.push(TcpStream::connect(*next));
                stagger = clock.sleep_until(clock.boot().after(STAGGER));
            }
            None if trying.is_empty() => return Err(last),
            None => {}
        }
    }
}

fn timeout(host: &str, port: u16, what: &str, limit: Duration) -> Failure {
    Failure {
        code: "net.timeout",
        message: format!("{host}:{port}: {what} within {} s", limit.as_secs()),
        detail: None,
        verdict: Verdict::Retry,
    }
}

fn unresolved(host: &str, error: &io::Error) -> Failure {
    Failure {
        code: "net.unknown_host",
        message: format!(
            "no server named {} was found; check the spelling and the network",
            host.escape_default()
        ),
        detail: Some(error.to_string()),
        verdict: Verdict::Retry,
    }
}

fn unreached(host: &str, port: u16, error: &io::Error) -> Failure {
    let (code, what) = match error.kind() {
        io::ErrorKind::ConnectionRefused => ("net.refused", "refuses connections; check the port"),
        io::ErrorKind::TimedOut => ("net.timeout", "does not answer"),
        _ => ("net.unreachable", "cannot be reached; check the network"),
    };
    Failure {
        code,
        message: format!("{host}:{port} {what}"),
        detail: Some(error.to_string()),
        verdict: Verdict::Retry,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::world::clock::RealClock;
    use tokio::net::TcpListener;

    #[test]
    fn families_alternate_and_are_bounded() {
        let found = (0..20)
            .map(|n| format!("127.0.0.{n}:1").parse().unwrap())
            .chain(["[::1]:1".parse().unwrap()])
            .collect();
        let order = interleaved(found);
        assert_eq!(order.len(), ADDRESSES);
        assert!(order.first().unwrap().is_ipv6());
        assert!(order.get(1).unwrap().is_ipv4());
    }

    #[tokio::test]
    async fn the_second_address_is_tried_when_the_first_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(race(&RealClock, &[closed, open]).await.is_ok());
        let refused = race(&RealClock, &[closed]).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn failures_have_their_codes() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let refused = dial(&RealClock, "127.0.0.1", closed.port()).await.unwrap_err();
        assert_eq!(refused.code, "net.refused");
        let unknown = dial(&RealClock, "no-such-host.invalid", 1).await.unwrap_err();
        assert!(["net.unknown_host", "net.timeout"].contains(&unknown.code));
    }
}
