//! The sandbox is what it says: independent clients read it, its faults and its proxy do exactly
//! what they were told.

use chapar_tests::sandbox::corpus::{MAILBOXES, fill};
use chapar_tests::sandbox::provider::{Personality, Provider};
use chapar_tests::sandbox::proxy::{Cut, Direction, Plan, Proxy};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PASSWORD: &str = "hadova-Kanarka-3316";

/// Python's imaplib and smtplib, which share nothing with this repository.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_reads_and_writes_it() {
    let provider = Provider::new(Personality::default());
    let user = "ada@example.test";
    provider.store.add_account(user, PASSWORD);
    fill(&provider.store, user, &MAILBOXES, 300, 1, jiff::Timestamp::now().as_second());
    let ports = provider.listen([0; 4]).await.unwrap();
    let ca_file = std::env::temp_dir().join(format!("chapar-suite-{}.pem", std::process::id()));
    std::fs::write(&ca_file, provider.ca_pem()).unwrap();
    let world = serde_json::json!({
        "imaps": ports.imaps, "imap": ports.imap, "smtps": ports.smtps,
        "submission": ports.submission, "caFile": ca_file,
        "users": [{"user": user, "password": PASSWORD}],
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/sandbox_probe.py");
    let ran = tokio::task::spawn_blocking(move || {
        let mut child = std::process::Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{world}\n").as_bytes())?;
        child.wait_with_output()
    });
    let ran = ran.await.unwrap();
    std::fs::remove_file(&ca_file).unwrap();
    let Ok(output) = ran else {
        eprintln!("python3 is not here: the independent clients were not run");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    assert_eq!(said.lines().last(), Some("sandbox probe: all held"));
    assert_eq!(provider.ledger.leaks().len(), 1, "only the refused login in the clear");
}

async fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn the_proxy_cuts_at_the_exact_byte_and_counts() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    for (direction, at, cut) in [
        (Direction::ToClient, 0, Cut::Fin),
        (Direction::ToClient, 7, Cut::Fin),
        (Direction::ToClient, 9, Cut::Rst),
        (Direction::ToServer, 5, Cut::Fin),
    ] {
        proxy.plan([Some(Plan { direction, at, cut })]);
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        stream.write_all(b"0123456789abcdef").await.unwrap();
        let mut heard = Vec::new();
        let ended = stream.read_to_end(&mut heard).await;
        if direction == Direction::ToClient && cut == Cut::Fin {
            assert_eq!(heard.len() as u64, at, "{direction:?} {cut:?}");
        }
        assert!(heard.len() as u64 <= at);
        if cut == Cut::Rst {
            assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
    assert_eq!(proxy.counts().connections, 4);
    proxy.reset();
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut [0; 4]).await.unwrap();
    }
    let counts = proxy.counts();
    assert_eq!((counts.to_server, counts.to_client, counts.round_trips), (12, 12, 3));
    proxy.cut_all(Cut::Stall);
    stream.write_all(b"ping").await.unwrap();
    let mut silent = [0; 4];
    let wait = std::time::Duration::from_millis(100);
    assert!(tokio::time::timeout(wait, stream.read_exact(&mut silent)).await.is_err());
}
