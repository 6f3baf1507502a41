//! Child processes with time limits: nothing the rig starts can hang a test.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::janitor;
use crate::remains::processes;

/// How often a condition is looked at again.
const POLL: Duration = Duration::from_millis(20);

/// What a finished process left.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, as bytes (an exported mail need not be UTF-8).
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// Wall time.
    pub took: Duration,
}

impl Ran {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs to the end, feeding `stdin`; kills and panics after `limit`.
pub fn run(command: &mut Command, stdin: &[u8], limit: Duration) -> Ran {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
    processes::note(child.id());
    let input = stdin.to_vec();
    let mut pipe = child.stdin.take().unwrap();
    // a process that does not read its input closes the pipe; that is its right
    thread::spawn(move || pipe.write_all(&input));
    let out = drain(child.stdout.take().unwrap());
    let err = drain(child.stderr.take().unwrap());
    let ended = poll(limit, || child.try_wait().unwrap());
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command:?} did not end within {limit:?}");
    }
    Ran {
        code: ended.and_then(|status| status.code()),
        stdout: out.join().unwrap(),
        stderr: String::from_utf8_lossy(&err.join().unwrap()).into_owned(),
        took: started.elapsed(),
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        let _ = pipe.read_to_end(&mut all);
        all
    })
}

/// Runs to the end and demands exit code 0; standard output as text.
pub fn run_ok(command: &mut Command, limit: Duration) -> String {
    let ran = run(command, b"", limit);
    assert_eq!(ran.code, Some(0), "{command:?} failed: {} {}", ran.text(), ran.stderr);
    ran.text()
}

/// Looks until `ready` answers or `limit` is over.
pub fn poll<T>(limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(POLL);
    }
}

/// As [`poll`], but the limit is a failure of the test.
pub fn wait_for<T>(limit: Duration, what: &str, ready: impl FnMut() -> Option<T>) -> T {
    poll(limit, ready).unwrap_or_else(|| panic!("{what}: not within {limit:?}"))
}

/// Waits until something accepts connections on a loopback port.
pub fn wait_for_port(port: u16, limit: Duration, who: &str) {
    wait_for(limit, &format!("{who} listening on port {port}"), || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
}

/// A server of ours: its pid is known to the janitor, its end is waited for.
pub struct Server {
    name: &'static str,
    child: Child,
}

impl Server {
    /// Starts it with no input and with its output thrown away (servers keep their own logs).
    pub fn spawn(name: &'static str, command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {name} ({command:?}): {e}"));
        janitor::process(child.id());
        processes::note(child.id());
        Self { name, child }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|e| panic!("cannot signal {}: {e}", self.name));
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its own end and says its exit code.
    pub fn wait(&mut self, limit: Duration) -> Option<i32> {
        let status = wait_for(limit, &format!("the end of {}", self.name), || {
            self.child.try_wait().unwrap()
        });
        janitor::process_gone(self.child.id());
        status.code()
    }

    /// Asks it to end and waits; kills it when it does not.
    pub fn stop(&mut self, limit: Duration) {
        if !self.is_running() {
            janitor::process_gone(self.child.id());
            return;
        }
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        if poll(limit, || self.child.try_wait().unwrap()).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        janitor::process_gone(self.child.id());
    }

    /// Ends it with SIGKILL, as a crash or the kernel would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        janitor::process_gone(self.child.id());
    }
}

/// Servers are given this long before they are killed on drop.
const STOP_LIMIT: Duration = Duration::from_mins(1);

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(STOP_LIMIT);
    }
}
