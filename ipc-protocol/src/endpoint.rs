//! Where the socket is, for daemon and client alike.
//!
//! The usual place is decided purely: the environment comes in as a function, so that both sides
//! decide the same and a test can ask for any environment. A daemon elsewhere is named by its lock.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes of a socket path that every system takes (macOS `sun_path` is 104 with its NUL).
pub const MAX_PATH: usize = 103;
/// Bytes of the lock file that are read.
const LOCK_BYTES: u64 = 4096;
/// Overrides everything.
pub const VARIABLE: &str = "CHAPAR_SOCKET";

/// Why there is no socket path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing says where a person's files are.
    #[error("neither XDG_RUNTIME_DIR nor HOME is set: set HOME, or CHAPAR_SOCKET to a path")]
    NoHome,
    /// The system's limit on socket paths.
    #[error(
        "the socket path {path} has {length} bytes, more than the {MAX_PATH} a socket path may \
         have: set XDG_RUNTIME_DIR or CHAPAR_SOCKET to a shorter one"
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its bytes.
        length: usize,
    },
    /// Relative paths depend on the caller's directory.
    #[error("the socket path {0} is not absolute: give a path that begins with /")]
    Relative(PathBuf),
}

/// The socket's path: `CHAPAR_SOCKET`, else `$XDG_RUNTIME_DIR/chapar/v1.sock`, else
/// `$XDG_STATE_HOME/chapar/run/v1.sock`, else `~/.local/state/chapar/run/v1.sock`.
pub fn socket_path(env: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, EndpointError> {
    let given = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG base directory specification: relative values are to be ignored.
    let base = |name: &str| given(name).filter(|path| path.is_absolute());
    if let Some(path) = given(VARIABLE) {
        return check(path);
    }
    if let Some(runtime) = base("XDG_RUNTIME_DIR") {
        return check(runtime.join("chapar/v1.sock"));
    }
    let state = base("XDG_STATE_HOME")
        .or_else(|| base("HOME").map(|home| home.join(".local/state")))
        .ok_or(EndpointError::NoHome)?;
    check(state.join("chapar/run/v1.sock"))
}

/// The path of this process's environment.
pub fn default_socket() -> Result<PathBuf, EndpointError> {
    socket_path(|name| std::env::var_os(name))
}

/// The socket of the daemon that has locked the state directory, when that is another one than `usual`:
/// a daemon that was started in another environment (cron, su, ssh) listens elsewhere. The second line
/// of `$XDG_STATE_HOME/chapar/chapard.lock` has its path. It is not known whether the daemon still runs.
#[must_use]
pub fn locked_socket(usual: &Path) -> Option<PathBuf> {
    let base =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        base("XDG_STATE_HOME").or_else(|| base("HOME").map(|it| it.join(".local/state")))?;
    socket_in(&state.join("chapar/chapard.lock"), usual)
}

fn socket_in(lock: &Path, usual: &Path) -> Option<PathBuf> {
    let mut text = String::new();
    let file = std::fs::File::open(lock).ok()?;
    file.take(LOCK_BYTES).read_to_string(&mut text).ok()?;
    let path = PathBuf::from(text.lines().nth(1)?);
    check(path).ok().filter(|path| path != usual)
}

/// Refuses a path that no socket can have.
pub fn check(path: PathBuf) -> Result<PathBuf, EndpointError> {
    let length = length(&path);
    if length > MAX_PATH {
        return Err(EndpointError::TooLong { path, length });
    }
    if !path.is_absolute() {
        return Err(EndpointError::Relative(path));
    }
    Ok(path)
}

fn length(path: &Path) -> usize {
    path.as_os_str().as_encoded_bytes().len()
}

#[cfg(test)]
mod tests {
    use super::{EndpointError, socket_path};
    use std::path::PathBuf;

    fn with(pairs: &[(&str, &str)]) -> Result<PathBuf, EndpointError> {
        socket_path(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
        })
    }

    #[test]
    fn order_of_places() {
        let all = [
            ("CHAPAR_SOCKET", "/s"),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
            ("XDG_STATE_HOME", "/st"),
            ("HOME", "/home/a"),
        ];
        let places = [
            "/s",
            "/run/user/1/chapar/v1.sock",
            "/st/chapar/run/v1.sock",
            "/home/a/.local/state/chapar/run/v1.sock",
        ];
        for (skip, place) in places.iter().enumerate() {
            assert_eq!(with(all.get(skip..).unwrap_or_default()), Ok(PathBuf::from(place)));
        }
        assert_eq!(with(&[]), Err(EndpointError::NoHome));
        assert_eq!(with(&[("XDG_RUNTIME_DIR", "x"), ("HOME", "")]), Err(EndpointError::NoHome));
    }

    #[test]
    fn a_lock_names_the_socket_of_a_daemon_elsewhere() {
        let lock = std::env::temp_dir().join(format!("chapar-lock-{}", std::process::id()));
        let found = |text: &str| {
            std::fs::write(&lock, text).expect("a file below /tmp");
            super::socket_in(&lock, "/usual/v1.sock".as_ref())
        };
        assert_eq!(found("12\n/else/v1.sock\n"), Some(PathBuf::from("/else/v1.sock")));
        for other in ["12\n/usual/v1.sock\n", "12\n", "", "12\nrelative\n"] {
            assert_eq!(found(other), None, "{other:?}");
        }
        assert_eq!(found(&format!("1\n/{}\n", "x".repeat(9_000))), None);
        std::fs::remove_file(&lock).expect("the same file");
        assert_eq!(super::socket_in(&lock, "/usual".as_ref()), None);
    }

    #[test]
    fn impossible_paths_are_refused() {
        let long = format!("/{}", "x".repeat(103));
        assert!(matches!(
            with(&[("CHAPAR_SOCKET", &long)]),
            Err(EndpointError::TooLong { length: 104, .. })
        ));
        assert!(matches!(with(&[("CHAPAR_SOCKET", "a/b")]), Err(EndpointError::Relative(_))));
    }
}
