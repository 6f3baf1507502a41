//! What a client hears over its connection.

use super::{CONFIG, EMAIL, document};
use chapar_daemon::Daemon;
use chapar_daemon::config::{Config, ProviderEntry};
use chapar_daemon::ipc::Session;
use chapar_daemon::store::Store;
use chapar_ipc_protocol::call::Scope;
use chapar_tests::sim;
use chapar_tests::sim::disk::SimDisk;
use chapar_tests::sim::internet::{Internet, Kind};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_util::sync::CancellationToken;

/// The answer of `Account/discover` over a client's connection.
fn over_the_socket(config: Config, params: &Value, build: impl FnOnce(&Internet)) -> Value {
    told(config, params, build).pop().unwrap()
}

/// Everything a client hears that asks, the answer last.
fn told(config: Config, params: &Value, build: impl FnOnce(&Internet)) -> Vec<Value> {
    sim::run(async {
        let internet = Internet::new();
        build(&internet);
        let world = internet.world();
        let disk = Arc::new(SimDisk::default().of_process());
        let store = Store::open_on(disk, true, world.clock.wall()).unwrap();
        let config = tokio::sync::watch::channel(config).1;
        let nowhere = PathBuf::from("/nonexistent/v1.sock");
        let daemon = Daemon::start(world, store, &config, nowhere.clone(), nowhere).unwrap();
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let scopes = Scope::ALL.iter().copied().collect();
        let session = Session::new(Arc::clone(&daemon.services), scopes);
        let session = tokio::spawn(session.serve(theirs, CancellationToken::new()));
        let mut pipe = BufReader::new(ours);
        let call =
            json!({"jsonrpc": "2.0", "id": 1, "method": "Account/discover", "params": params});
        pipe.write_all(format!("{call}\n").as_bytes()).await.unwrap();
        let mut heard: Vec<Value> = Vec::new();
        while heard.last().is_none_or(|last| last["id"] != 1) {
            let mut line = String::new();
            assert!(pipe.read_line(&mut line).await.unwrap() > 0, "the session ended: {heard:?}");
            heard.push(serde_json::from_str(&line).unwrap());
        }
        drop(pipe);
        session.await.unwrap();
        daemon.stop("test").await;
        heard
    })
}

#[test]
fn a_client_that_asks_is_told_how_far_it_is() {
    let params = json!({"email": EMAIL, "progressToken": "mine"});
    let mut heard = told(Config::default(), &params, |net| {
        net.put("autoconfig.firm.example", 443, Kind::Mute);
    });
    heard.pop();
    assert!((2..=12).contains(&heard.len()), "four a second: {heard:?}");
    for told in &heard {
        assert_eq!(
            (&told["method"], &told["params"]["token"]),
            (&json!("$/progress"), &json!("mine"))
        );
        let value = &told["params"]["value"];
        assert!(value["done"].as_u64().unwrap() < value["total"].as_u64().unwrap(), "{told}");
    }
    let quiet = told(Config::default(), &json!({"email": EMAIL}), |net| {
        net.put("autoconfig.firm.example", 443, Kind::Mute);
    });
    assert_eq!(quiet.len(), 1, "nobody asked: {quiet:?}");
}

#[test]
fn what_a_client_is_told() {
    let entry = ProviderEntry {
        key: "google".to_owned(),
        client_id: Some("ours".to_owned()),
        ..ProviderEntry::default()
    };
    let config = Config { providers: vec![entry], ..Config::default() };
    let answer = over_the_socket(config, &json!({"email": EMAIL, "progressToken": "t"}), |net| {
        net.mx("firm.example", "aspmx.l.google.com").mail("imap.gmail.com", "smtp.gmail.com");
    });
    let reply = &answer["result"];
    let best = &reply["candidates"][0];
    assert_eq!(best["source"], "mx", "{answer}");
    assert_eq!((&best["provider"], &best["providerName"]), (&json!("google"), &json!("Google")));
    assert_eq!(best["imap"], json!({"host": "imap.gmail.com", "port": 993, "security": "tls"}));
    assert_eq!(
        (&best["auth"], &best["clientKnown"]),
        (&json!(["oauth2", "password"]), &json!(true))
    );
    assert_eq!((&best["imapCheck"]["ok"], &best["smtpCheck"]["ok"]), (&json!(true), &json!(true)));
    assert_eq!(reply["error"], Value::Null);
    let nothing = over_the_socket(Config::default(), &json!({"email": EMAIL}), |_| {});
    let error = &nothing["result"]["error"];
    assert_eq!(error["data"]["code"], "discover.nothing", "{nothing}");
    assert!(error["message"].as_str().unwrap().contains("firm.example"), "{error}");
    let broken = over_the_socket(Config::default(), &json!({"email": EMAIL}), |net| {
        net.page("autoconfig.firm.example", CONFIG, &document("i.firm.example", "i.firm.example"));
        net.mail("i.firm.example", "i.firm.example")
            .bad_certificate("i.firm.example", "tls.expired");
    });
    assert_eq!(broken["result"]["error"]["data"]["code"], "tls.expired", "{broken}");
    assert_eq!(
        broken["result"]["candidates"][0]["imapCheck"]["error"]["data"]["code"],
        "tls.expired"
    );
    let refused = over_the_socket(Config::default(), &json!({"email": "nobody"}), |_| {});
    assert_eq!(refused["error"]["data"]["type"], "invalidArguments", "{refused}");
}
