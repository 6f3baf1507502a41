//! trial
use chapar_daemon::{Daemon, config::VaultChoice, store::Store, supervisor::*, world::World};
use chapar_engine::{account::*, address::Address, compose::Draft, secret::Secret};
use chapar_tests::sandbox::{
    corpus,
    provider::{Personality, Provider},
};
use std::time::{Duration, Instant};
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let provider = Provider::new(Personality::default());
    provider.store.add_account("ana@work.demo", "pw");
    provider.store.add_account("bo@work.demo", "pw");
    corpus::fill(
        &provider.store,
        "ana@work.demo",
        &["INBOX", "Archive", "Projects/Größe"],
        3000,
        7,
        1_790_000_000,
    );
    let ports = provider.listen([0; 4]).await.unwrap();
    let dir = std::env::temp_dir().join(format!("trial-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (world, _m) = World::real(&dir, VaultChoice::File);
    let store = Store::open(&dir.join("s"), world.clock.wall()).unwrap();
    let daemon = Daemon::start(world, store.clone(), dir.join("spool"), dir.join("sock")).unwrap();
    let accounts = daemon.services.accounts.clone();
    let e = |port| Endpoint {
        host: "localhost".into(),
        port,
        security: chapar_engine::account::Security::Tls,
    };
    let began = Instant::now();
    let id = accounts
        .connect(ConnectRequest {
            email: "ana@work.demo".into(),
            name: None,
            display_name: None,
            imap: e(ports.imaps),
            smtp: e(ports.smtps),
            user: "ana@work.demo".into(),
            password: Secret::new("pw".into()),
            ca_pem: Some(provider.ca_pem()),
            window: None,
            notify: NotifyBy::None,
        })
        .unwrap();
    let mut seen = 0;
    let account = loop {
        let r = accounts.connect_status(id, seen, Duration::from_secs(5)).await.unwrap();
        seen = r.steps.len();
        println!("{:?} {:?}", began.elapsed(), r);
        if let Some(end) = r.end {
            break end.unwrap();
        }
    };
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let r = accounts.report(account).unwrap();
        println!(
            "{:?} {:?} {:?} {:?} {:?}",
            began.elapsed(),
            r.state,
            r.push,
            r.progress,
            r.health
        );
        if r.state == State::Live && r.progress.is_none() {
            break;
        }
    }
    let v = store.read().unwrap();
    for m in v.mailboxes(account).unwrap() {
        println!("{} {:?} {:?}", m.name, m.role, v.counts(m.id).unwrap());
    }
    drop(v);
    let d = Draft {
        account,
        identity: None,
        to: vec![
            Address { name: None, email: "bo@work.demo".into() },
            Address { name: None, email: "answer@work.demo".into() },
        ],
        cc: vec![],
        bcc: vec![],
        reply_to: vec![],
        subject: "Hallo".into(),
        text: Some("hi".into()),
        html: None,
        attachments: vec![],
        in_reply_to: None,
        references: vec![],
    };
    println!("{:?}", accounts.submit(d, None, None).await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    provider.store.deliver(
        "ana@work.demo",
        "INBOX",
        b"From: x@y.z\r\nSubject: new\r\nMessage-ID: <n@y>\r\n\r\nhello\r\n",
        1_790_000_900,
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    let v = store.read().unwrap();
    println!("{:#?}", v.submissions(Some(account)).unwrap());
    let (a, b) = v.journal_range().unwrap();
    println!("journal {a:?} {b:?}");
    for e in v.events(chapar_engine::id::Seq(b.0.saturating_sub(14)), 100).unwrap() {
        println!("{:?}", e);
    }
    println!("{:?}", provider.ledger.counts());
    for (n, f) in provider.store.snapshot("ana@work.demo") {
        if n.contains("Sent") {
            println!("{}", format!("{n} {f:?}").chars().take(300).collect::<String>());
        }
    }
    drop(v);
    let t = Instant::now();
    daemon.stop("bye").await;
    println!("stopped in {:?}", t.elapsed());
    let _ = std::fs::remove_dir_all(dir);
}
