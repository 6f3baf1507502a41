//! A shell that waits for this process to end, however it ends, and clears up after it.
//!
//! Servers must outlive single tests and must not outlive the test process; `Drop` does not run for
//! statics, and nothing runs at SIGKILL. So every server's pid and every directory is written to a
//! pipe whose other end is held by a small shell: at end of file it stops what is left (only pids
//! it was told), waits, and removes the directories.

use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
pids='' dirs=()
# a zombie nobody reaps counts as gone
alive() { [ -r "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }
while read -r what value; do
  case $what in
    # the last started is stopped first: servers before those they use
    pid) pids="$value $pids" ;;
    gone) pids=$(for p in $pids; do [ "$p" = "$value" ] || echo "$p"; done) ;;
    dir) dirs+=("$value") ;;
  esac
done
for p in $pids; do
  kill -CONT "$p" 2>/dev/null
  kill -TERM "$p" 2>/dev/null
  for _ in $(seq 100); do
    alive "$p" || break
    sleep 0.1
  done
  alive "$p" && kill -KILL "$p" 2>/dev/null
done
for d in "${dirs[@]}"; do rm -rf -- "$d"; done
"#;

#[expect(clippy::zombie_processes, reason = "it outlives this process on purpose")]
fn pipe() -> &'static Mutex<ChildStdin> {
    static PIPE: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    PIPE.get_or_init(|| {
        let child = Command::new("setsid")
            .args(["bash", "-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setsid (util-linux) and bash are there on every Debian");
        Mutex::new(child.stdin.unwrap())
    })
}

fn tell(what: &str, value: &str) {
    let mut pipe = pipe().lock().unwrap();
    writeln!(pipe, "{what} {value}").expect("the janitor lives as long as this process");
}

/// Has `pid` stopped when this process ends.
pub fn process(pid: u32) {
    tell("pid", &pid.to_string());
}

/// `pid` has ended and may soon be somebody else.
pub fn process_gone(pid: u32) {
    tell("gone", &pid.to_string());
}

/// Has `path` removed when this process ends.
pub fn directory(path: &Path) {
    tell("dir", path.to_str().unwrap());
}
