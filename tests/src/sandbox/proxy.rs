//! A TCP proxy on loopback that cuts, stalls, delays and counts, at any byte of either direction.
//!
//! It sees encrypted bytes and understands none of them, so it stands before any server.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes moved at a time.
const PIECE_BYTES: usize = 16 << 10;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the client.
    ToServer,
    /// From the server.
    ToClient,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// Orderly end on both sides.
    Fin,
    /// Reset on both sides.
    Rst,
    /// Nothing moves any more in either direction; both connections stay open.
    Stall,
}

/// What befalls one connection: exactly `at` bytes pass in `direction`, then the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which direction is counted.
    pub direction: Direction,
    /// How many bytes of it pass.
    pub at: u64,
    /// What happens then.
    pub cut: Cut,
}

/// What went through since the start or the last [`Proxy::reset`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Bytes from clients.
    pub to_server: u64,
    /// Bytes to clients.
    pub to_client: u64,
    /// Times a client spoke after its server had: each costs one round trip on a real link.
    pub round_trips: u64,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    plans: Mutex<VecDeque<Option<Plan>>>,
    counts: Mutex<Counts>,
    delay: Mutex<Duration>,
    refuse: AtomicBool,
    cut_all: watch::Sender<Option<Cut>>,
}

/// A running proxy and its controls; stops when dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to `target`.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            target,
            plans: Mutex::default(),
            counts: Mutex::default(),
            delay: Mutex::default(),
            refuse: AtomicBool::new(false),
            cut_all: watch::Sender::new(None),
        });
        let mut task = JoinSet::new();
        task.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { port, shared, _task: task })
    }

    /// Lays plans for the next connections, in order; `None` lets one pass unharmed.
    pub fn plan(&self, plans: impl IntoIterator<Item = Option<Plan>>) {
        self.shared.plans.lock().unwrap().extend(plans);
    }

    /// Does this to all connections that are open now.
    pub fn cut_all(&self, cut: Cut) {
        self.shared.cut_all.send_replace(Some(cut));
    }

    /// Waits this long before each piece is passed on, in both directions.
    pub fn delay(&self, by: Duration) {
        *self.shared.delay.lock().unwrap() = by;
    }

    /// Whether new connections are reset at once.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuse.store(refuse, Ordering::SeqCst);
    }

    /// What went through.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.shared.counts.lock().unwrap()
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        *self.shared.counts.lock().unwrap() = Counts::default();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                if shared.refuse.load(Ordering::SeqCst) {
                    let _ = client.set_zero_linger();
                    continue;
                }
                shared.counts.lock().unwrap().connections += 1;
                let plan = shared.plans.lock().unwrap().pop_front().flatten();
                links.spawn(link(client, plan, Arc::clone(&shared)));
            }
            Some(_) = links.join_next() => {}
        }
    }
}

async fn link(client: TcpStream, plan: Option<Plan>, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cuts = shared.cut_all.subscribe();
    cuts.mark_unchanged();
    let limit = |direction| plan.filter(|plan| plan.direction == direction).map(|plan| plan.at);
    let client_spoke = AtomicBool::new(false);
    let mut up = Pump {
        from: from_client,
        to: to_server,
        direction: Direction::ToServer,
        left: limit(Direction::ToServer),
    };
    let mut down = Pump {
        from: from_server,
        to: to_client,
        direction: Direction::ToClient,
        left: limit(Direction::ToClient),
    };
    let cut = {
        // a half that reached the plan's byte ends the link; a half at EOF waits for the other
        let (up, down) = (up.run(&shared, &client_spoke), down.run(&shared, &client_spoke));
        let both = async { tokio::try_join!(up, down).is_err() };
        tokio::select! {
            reached = both => plan.filter(|_| reached).map(|plan| plan.cut),
            _ = cuts.changed() => *cuts.borrow_and_update(),
        }
    };
    match cut {
        Some(Cut::Rst) => {
            let _ = up.from.as_ref().set_zero_linger();
            let _ = down.from.as_ref().set_zero_linger();
            // dropping a write half would send FIN before the reset
            up.to.forget();
            down.to.forget();
        }
        Some(Cut::Stall) => std::future::pending().await,
        Some(Cut::Fin) | None => {}
    }
}

/// The plan's byte has passed.
struct Reached;

struct Pump {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    direction: Direction,
    left: Option<u64>,
}

impl Pump {
    /// Moves bytes until one side ends; an error is the plan's byte.
    async fn run(&mut self, shared: &Shared, client_spoke: &AtomicBool) -> Result<(), Reached> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if self.left == Some(0) {
                return Err(Reached);
            }
            let Ok(read @ 1..) = self.from.read(&mut piece).await else {
                let _ = self.to.shutdown().await;
                return Ok(());
            };
            let pass = self
                .left
                .map_or(read, |left| usize::try_from(left).map_or(read, |left| read.min(left)));
            let delay = *shared.delay.lock().unwrap();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            self.count(shared, client_spoke, pass);
            if self.to.write_all(&piece[..pass]).await.is_err() {
                return Ok(());
            }
            if let Some(left) = self.left.as_mut() {
                *left -= pass as u64;
            }
        }
    }

    fn count(&self, shared: &Shared, client_spoke: &AtomicBool, bytes: usize) {
        let mut counts = shared.counts.lock().unwrap();
        match self.direction {
            Direction::ToServer => {
                counts.to_server += bytes as u64;
                counts.round_trips += u64::from(!client_spoke.swap(true, Ordering::SeqCst));
            }
            Direction::ToClient => {
                counts.to_client += bytes as u64;
                client_spoke.store(false, Ordering::SeqCst);
            }
        }
    }
}
