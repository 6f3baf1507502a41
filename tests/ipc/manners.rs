//! Clients that speak the language and behave badly: pour, stall, crowd, leave, never read, or are
//! somebody else. Each costs a bounded amount, and the daemon stays up for everybody else.

use crate::hostile::Town;
use crate::raw::Raw;
use crate::shared;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A line of 1 GB: closed early, and never held.
#[test]
fn an_endless_line_is_cut_off_early() {
    let _shared = shared();
    let mut town = Town::new();
    let before = town.place.memory("VmHWM");
    let mut stream = UnixStream::connect(town.place.socket()).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let piece = vec![b'x'; 1 << 20];
    let begun = Instant::now();
    let mut sent: u64 = 0;
    stream.write_all(b"{\"a\":\"").unwrap();
    let refused = loop {
        match stream.write(&piece) {
            Ok(count) => sent += count as u64,
            Err(error) => break error,
        }
        assert!(sent < 1 << 30, "a whole gigabyte was taken");
    };
    let mut said = String::new();
    let _ = stream.set_read_timeout(Some(Duration::from_mins(1)));
    let _ = stream.read_to_string(&mut said);
    let grown = town.place.memory("VmHWM") - before;
    println!(
        "closed after {} MiB and {:?} ({refused}), +{grown} kB, said {said}",
        sent >> 20,
        begun.elapsed()
    );
    assert!(grown < 8 << 10, "+{grown} kB");
    town.is_well();
}

/// 2,000 connections: as many as are allowed are served, the others are told, and when the crowd
/// leaves everything is as before. The daemon runs with the 1,024 descriptors of an ordinary
/// session.
#[test]
fn two_thousand_connections_are_served_or_told() {
    let _shared = shared();
    let mut town = Town::new();
    let mut crowd = Vec::new();
    for _ in 0..2_000 {
        let mut raw = Raw::lines(&town.place.socket());
        raw.ask("hello", &json!({}));
        crowd.push(raw);
    }
    let (mut served, mut told) = (0, 0);
    for raw in &mut crowd {
        let answer = raw.read().expect("served or told");
        if answer.get("result").is_some() {
            served += 1;
        } else {
            assert_eq!(answer["error"]["data"]["type"], "rateLimit", "{answer}");
            assert_ne!(answer["error"]["data"]["remedy"], json!([]));
            told += 1;
        }
    }
    println!("{served} served, {told} told, VmRSS {} kB", town.place.memory("VmRSS"));
    assert_eq!(served, 1_023, "1,024 with the good one");
    assert_eq!(town.good.call("status", &json!({}))["daemon"]["clients"], 1_024);
    drop(crowd);
    let deadline = Instant::now() + Duration::from_mins(1);
    while town.good.call("status", &json!({}))["daemon"]["clients"] != 1 {
        assert!(Instant::now() < deadline, "the seats are not given back");
        std::thread::sleep(Duration::from_millis(20));
    }
    town.is_well();
}

#[test]
fn half_closing_and_leaving_in_the_middle_harm_nobody() {
    let _shared = shared();
    let mut town = Town::new();
    // Asked, half-closed: all answers come, then the end. The last line needs no line end.
    let two = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"hello\"}";
    let said = town.said(two, true);
    assert_eq!(said.len(), 2, "{said:?}");
    // A waiting call of a half-closed client is still answered.
    let wait = br#"{"jsonrpc":"2.0","id":1,"method":"event/get","params":{"types":["daemon.stopping"],"waitMs":300}}"#;
    let said = town.said(wait, true);
    assert_eq!(said[0]["result"]["events"], json!([]));
    assert_eq!(town.said(b"", true).len(), 0, "nothing said, nothing answered");
    // Gone in the middle of calls, of a message, of an upload, of a download.
    for round in 0..40 {
        let mut raw = Raw::lines(&town.place.socket());
        match round % 4 {
            0 => drop(raw.ask("rpc.discover", &json!({}))),
            1 => raw.bytes(b"{\"jsonrpc\":\"2.0\",\"id\"").unwrap(),
            2 => {
                raw.ask("Blob/put", &json!({"size": 1_000_000}));
                raw.bytes(&vec![7; 100_000]).unwrap();
            }
            _ => {
                let wait = json!({"types": ["daemon.stopping"], "waitMs": 60_000});
                raw.ask("event/get", &wait);
            }
        }
        drop(raw);
    }
    let spool = town.place.state().join("spool");
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let clients = town.good.call("status", &json!({}))["daemon"]["clients"].as_u64();
        let files = std::fs::read_dir(&spool).map_or(0, Iterator::count);
        if clients == Some(1) && files == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{clients:?} clients, {files} cut uploads are left");
        std::thread::sleep(Duration::from_millis(20));
    }
    town.is_well();
}

/// Who asks much and reads nothing stops being read; it costs a bounded amount of memory.
#[test]
fn a_client_that_asks_and_never_reads_is_not_read_on() {
    let _shared = shared();
    let mut town = Town::new();
    let before = town.place.memory("VmRSS");
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = UnixStream::connect(town.place.socket()).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
        let line = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n".repeat(1_000);
        let mut sent = 0;
        while let Ok(count) = stream.write(&line) {
            sent += count;
            assert!(sent < 64 << 20, "it is read on and on");
        }
        streams.push(stream);
    }
    let grown = town.place.memory("VmRSS").saturating_sub(before);
    println!("4 clients that never read: +{grown} kB");
    assert!(grown < 24 << 10, "+{grown} kB");
    town.is_well();
}

/// The kernel says who connects; the mode of the file is not the only lock.
#[test]
fn another_user_is_refused_by_what_the_kernel_says() {
    let _shared = shared();
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    let mut town = Town::new();
    let program = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(10)\ntry:\n s.connect(sys.argv[1])\nexcept PermissionError:\n print('closed'); sys.exit()\ntry: s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\\n')\nexcept BrokenPipeError: pass\nout=b''\nwhile True:\n try: d=s.recv(65536)\n except ConnectionResetError: break\n if not d: break\n out+=d\nprint(out.decode())";
    let nobody = |town: &Town| {
        let python = ["/usr/bin/python3", "/usr/local/bin/python3"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())?;
        let mut command = Command::new(python);
        command.args(["-c", program]).arg(town.place.socket());
        command.uid(65_534).gid(65_534).current_dir("/").stderr(Stdio::inherit());
        Some(String::from_utf8(command.output().unwrap().stdout).unwrap())
    };
    let Some(closed) = nobody(&town) else {
        println!("SKIPPED: no system Python");
        return;
    };
    assert_eq!(closed.trim(), "closed", "the directory keeps others out");
    // The door stands open by somebody's mistake: the daemon still looks at who comes.
    for path in [town.place.dir().join("run"), town.place.dir().join("run/chapar")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(town.place.socket(), open).unwrap();
    let said = nobody(&town).unwrap();
    let said = said.trim();
    assert_eq!(said.lines().count(), 1, "{said}");
    let answer: Value = serde_json::from_str(said).unwrap();
    assert_eq!(answer["error"]["data"]["type"], "forbidden");
    assert_eq!(answer["id"], Value::Null);
    assert_ne!(answer["error"]["data"]["remedy"], json!([]));
    println!("  {}", answer["error"]["message"]);
    town.is_well();
}

/// Nothing listens on the network, ever.
#[test]
fn there_is_no_listening_network_socket() {
    let _shared = shared();
    let town = Town::new();
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{}/fd", town.place.pid())).unwrap().flatten() {
        if let Ok(target) = std::fs::read_link(entry.path()) {
            let target = target.display().to_string();
            sockets.extend(
                target.strip_prefix("socket:[").map(|rest| rest.trim_end_matches(']').to_owned()),
            );
        }
    }
    assert!(!sockets.is_empty(), "its own socket is there");
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let rows = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for row in rows.lines().skip(1) {
            let inode = row.split_whitespace().nth(9).unwrap();
            assert!(!sockets.iter().any(|one| one == inode), "{table}: {row}");
        }
    }
}
