//! A TCP proxy on loopback: counts bytes and turns, and breaks connections in the ways networks do.
//!
//! It sees ciphertext only. A turn is a change of direction from client to server: the number of
//! times the client waited for an answer, whatever the delay of the link.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often a stalled direction looks whether it may go on.
const STALL_POLL: Duration = Duration::from_millis(20);

/// What went through, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Bytes from client to server.
    pub up: u64,
    /// Bytes from server to client.
    pub down: u64,
    /// Changes of direction from client to server.
    pub turns: u64,
}

#[derive(Default)]
struct Shared {
    /// Connections numbered below this pass nothing and are told nothing.
    stalled_below: AtomicU64,
    connections: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    turns: AtomicU64,
    /// Where later connections go.
    target: AtomicU16,
    open: Mutex<Vec<TcpStream>>,
}

/// A listening proxy; it lives as long as the test process.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on a free port and passes everything to `target` on loopback, `delay` later each way.
    pub fn start(target: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        shared.target.store(target, Ordering::SeqCst);
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // while the server is down the client sees what it would see without us
                let Ok(server) =
                    TcpStream::connect(("127.0.0.1", state.target.load(Ordering::SeqCst)))
                else {
                    continue;
                };
                join(client, server, &state, delay);
            }
        });
        Self { port, shared }
    }

    /// Later connections go to another port.
    pub fn turn_to(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Nothing passes any more on the connections open now, and nobody is told: half-open links.
    /// Later connections pass.
    pub fn stall(&self) {
        let opened = self.shared.connections.load(Ordering::SeqCst);
        self.shared.stalled_below.store(opened, Ordering::SeqCst);
    }

    /// Resets every open connection (RST).
    pub fn reset(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// What went through.
    pub fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let shared = &self.shared;
        Counts {
            connections: of(&shared.connections),
            up: of(&shared.up),
            down: of(&shared.down),
            turns: of(&shared.turns),
        }
    }
}

fn join(client: TcpStream, server: TcpStream, shared: &Arc<Shared>, delay: Duration) {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    shared.open.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
    // true while the last bytes seen came from the client
    let asking = Arc::new(AtomicBool::new(false));
    let (up_in, up_out) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (state, flag) = (Arc::clone(shared), Arc::clone(&asking));
    thread::spawn(move || {
        pump(up_in, up_out, &state, number, delay, |bytes| {
            state.up.fetch_add(bytes, Ordering::SeqCst);
            if !flag.swap(true, Ordering::SeqCst) {
                state.turns.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    let state = Arc::clone(shared);
    thread::spawn(move || {
        pump(server, client, &state, number, delay, |bytes| {
            state.down.fetch_add(bytes, Ordering::SeqCst);
            asking.store(false, Ordering::SeqCst);
        });
    });
}

fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    shared: &Shared,
    number: u64,
    delay: Duration,
    count: impl Fn(u64),
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 {
            break;
        }
        thread::sleep(delay);
        while number < shared.stalled_below.load(Ordering::SeqCst) {
            thread::sleep(STALL_POLL);
        }
        count(n as u64);
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
