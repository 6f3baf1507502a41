//! Private temporary directories, free ports and random names.
//!
//! Paths stay short, because Unix socket paths end at 107 bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::janitor;
use crate::remains;

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

/// `N` different loopback ports nobody listens on at this moment.
///
/// All are bound before any is let go, so that they differ.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    std::array::from_fn(|i| held[i].local_addr().unwrap().port())
}
