//! Resolves a name and connects to the first address that answers (RFC 8305). Names every way in
//! which that fails.

use crate::world::clock::{Clock, within};
use chapar_engine::verdict::{Failure, Verdict};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpStream, UdpSocket, lookup_host};

/// The system's resolver tries each server twice for 5 s.
const RESOLVE: Duration = Duration::from_secs(12);
/// All addresses of a host together; Linux alone would try a silent one for two minutes.
const CONNECT: Duration = Duration::from_secs(30);
/// RFC 8305 §8: the next address is tried after this long without an answer.
const STAGGER: Duration = Duration::from_millis(250);
/// Addresses tried at most: a name may have hundreds.
const ADDRESSES: usize = 8;

/// A TCP connection to one of the addresses of `host` that `allowed` lets through.
pub(super) async fn dial(
    clock: &dyn Clock,
    host: &str,
    port: u16,
    allowed: fn(IpAddr) -> bool,
) -> Result<TcpStream, Failure> {
    let addresses = resolve(clock, host, port).await?;
    let reachable = addresses.into_iter().filter(|address| allowed(address.ip())).collect();
    let addresses = interleaved(reachable);
    if addresses.is_empty() {
        let message =
            format!("{host} is a private address; an answer from outside may not name one");
        return Err(Failure::of("net.private", message, None));
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

/// The addresses of `host`, at least one.
pub(super) async fn resolve(
    clock: &dyn Clock,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, Failure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match within(clock, RESOLVE, lookup_host((bare, port))).await {
        None => Err(timeout(host, port, "its name was not resolved", RESOLVE)),
        Some(Err(error)) => Err(unresolved(host, &error)),
        Some(Ok(found)) => {
            let addresses: Vec<_> = found.collect();
            if addresses.is_empty() {
                return Err(unresolved(host, &io::Error::other("no address")));
            }
            Ok(addresses)
        }
    }
}

/// The address from which `host` is reached: the one the kernel would send from. Nothing is sent.
pub(super) async fn own_address(clock: &dyn Clock, host: &str) -> Option<IpAddr> {
    /// Any port will do.
    const SUBMISSION: u16 = 587;
    let there = resolve(clock, host, SUBMISSION).await.ok()?.into_iter().next()?;
    let any: IpAddr = match there {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    socket.connect(there).await.ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

/// Whether an address is somebody's on the internet (RFC 6890).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_4(four),
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => is_public_4(four),
            None => is_public_6(six),
        },
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // shared address space, IETF protocol assignments, benchmarking
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

/// Global unicast is `2000::/3`; Teredo, 6to4 and NAT64 carry an IPv4 address that nobody checked.
fn is_public_6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    (0x2000..0x4000).contains(&first) && first != 0x2002 && (first, second) != (0x2001, 0)
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
    if is_silence(error) {
        return Failure {
            code: "net.offline",
            message: format!("{} could not be looked up: {}", host.escape_default(), why_silent()),
            detail: Some(error.to_string()),
            verdict: Verdict::Retry,
        };
    }
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

/// Whether a name was not found because nobody answered: `EAI_AGAIN`, in the words of glibc and musl.
/// std gives its text alone.
fn is_silence(error: &io::Error) -> bool {
    let text = error.to_string();
    text.ends_with("Temporary failure in name resolution") || text.ends_with("Try again")
}

/// What that means here: without a route to anywhere, there is no network.
fn why_silent() -> &'static str {
    // documentation addresses (RFC 5737, RFC 3849): connecting UDP sends nothing, it asks for a route
    let route = |from: &str, to: &str| {
        std::net::UdpSocket::bind(from).and_then(|socket| socket.connect(to)).is_ok()
    };
    if route("0.0.0.0:0", "192.0.2.1:9") || route("[::]:0", "[2001:db8::1]:9") {
        "no name server answers; look whether the network works"
    } else {
        "this machine has no network"
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

    #[test]
    fn special_addresses_are_not_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["9.9.9.9", "203.0.113.1", "2620:fe::fe", "::ffff:9.9.9.9"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_refused_where_only_public_ones_may_be() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let refused = dial(&RealClock, "localhost", port, is_public).await.unwrap_err();
        assert_eq!(refused.code, "net.private");
    }

    #[tokio::test]
    async fn failures_have_their_codes() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let refused = dial(&RealClock, "127.0.0.1", closed.port(), |_| true).await.unwrap_err();
        assert_eq!(refused.code, "net.refused");
        let unknown = dial(&RealClock, "no-such-host.invalid", 1, |_| true).await.unwrap_err();
        assert!(["net.unknown_host", "net.timeout", "net.offline"].contains(&unknown.code));
    }

    #[test]
    fn nobody_answering_is_no_name_that_is_unknown() {
        let said = |text: &str| {
            let text = format!("failed to lookup address information: {text}");
            unresolved("mail.example.org", &io::Error::other(text))
        };
        assert_eq!(said("Name or service not known").code, "net.unknown_host");
        assert_eq!(said("Temporary failure in name resolution").code, "net.offline");
        assert_eq!(said("Try again").code, "net.offline");
        assert_eq!(said("No address associated with hostname").code, "net.unknown_host");
    }
}
