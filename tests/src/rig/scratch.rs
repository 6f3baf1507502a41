//! Private temporary directories, free ports and random names.
//!
//! Paths stay short, because Unix socket paths end at 107 bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::janitor;
use crate::remains;

/// The first port that a server of a test may have; below it other programs are at home.
const FIRST_PORT: u16 = 10_240;
/// Enough that two servers hardly ever choose the same one.
const FEWEST_PORTS: usize = 2_000;
/// Ports tried until one is free.
const PORT_TRIES: u32 = 64;

/// A directory of our own under the system's temporary directory, gone when dropped.
pub struct Scratch {
    path: PathBuf,
    is_world: bool,
}

impl Scratch {
    /// Creates `/tmp/chapar-LABEL-RANDOM`, mode 0755 (servers under other users look inside).
    pub fn new(label: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chapar-{label}-{}", random_hex(4)));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        janitor::directory(&path);
        Self { path, is_world: false }
    }

    /// The same for a home in which the product runs: when dropped, all that lies in it goes to the
    /// canary scan, where one follows.
    pub fn world(label: &str) -> Self {
        remains::processes::watch();
        let mut made = Self::new(label);
        made.is_world = true;
        made
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_world && remains::keep(&self.path) {
            return;
        }
        // what a dying server still writes makes this fail; the janitor removes the rest
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// `bytes` random bytes as lower-case hex.
pub fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut buffer).unwrap();
    let mut text = String::new();
    for byte in buffer {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `N` different loopback ports nobody listens on at this moment, and that the kernel gives to no
/// connection either: a server may take seconds until it is at its port, and thousands of connections
/// of other tests begin meanwhile.
///
/// All are bound before any is let go, so that they differ.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| held_port());
    std::array::from_fn(|i| held[i].local_addr().unwrap().port())
}

/// One of [`free_ports`], nobody else's as long as this is held.
pub fn held_port() -> TcpListener {
    let range = unasked();
    let count = u32::from(range.end() - range.start()) + 1;
    let port = || {
        let random = u32::from_str_radix(&random_hex(3), 16).unwrap() % count;
        range.start() + u16::try_from(random).unwrap()
    };
    let tries = (0..PORT_TRIES).map(|_| TcpListener::bind(("127.0.0.1", port())));
    tries.flatten().next().expect("a free port")
}

/// The larger part of the ports that are neither well known nor given to connections; 0, any that
/// is free, where connections may have nearly all.
fn unasked() -> RangeInclusive<u16> {
    let given = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
    let mut bounds = given.split_whitespace().map(|bound| bound.parse::<u16>().unwrap());
    let (first, last) = (bounds.next().unwrap(), bounds.next().unwrap());
    let below = FIRST_PORT..=first.saturating_sub(1);
    let above = last.saturating_add(1)..=u16::MAX;
    let larger = if below.len() >= above.len() { below } else { above };
    if larger.len() < FEWEST_PORTS { 0..=0 } else { larger }
}
