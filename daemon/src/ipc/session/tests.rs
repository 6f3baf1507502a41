#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use super::Session;
use crate::config::VaultChoice;
use crate::ipc::Services;
use crate::store::Store;
use crate::supervisor::Accounts;
use crate::world::World;
use chapar_engine::event::EventKind;
use chapar_ipc_protocol::call::Scope;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio_util::sync::CancellationToken;

/// A real store and real accounts (none) in a directory of their own, behind a duplex pipe.
struct Bench {
    services: Arc<Services>,
    place: PathBuf,
    stop: CancellationToken,
}

impl Bench {
    fn new(name: &str) -> Self {
        let place = std::env::temp_dir().join(format!("chapar-line-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&place));
        std::fs::create_dir_all(&place).unwrap();
        let (world, _monitor) = World::real(&place, VaultChoice::File);
        let store = Store::open(&place.join("state"), world.clock.wall()).unwrap();
        let stop = CancellationToken::new();
        let accounts = Accounts::new(
            world.clone(),
            store.clone(),
            tokio::sync::watch::channel(crate::config::Config::default()).1,
            stop.clone(),
        );
        let spool = place.join("spool");
        let services = Services::new(world, store, accounts, spool, place.join("v1.sock"));
        Self { services: Arc::new(services), place, stop }
    }

    fn client(&self) -> BufReader<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let scopes = Scope::ALL.iter().copied().collect();
        let session = Session::new(Arc::clone(&self.services), scopes);
        let stop = self.stop.clone();
        self.services.tasks.spawn(session.serve(theirs, stop));
        BufReader::new(ours)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.place));
    }
}

async fn line(client: &mut BufReader<DuplexStream>) -> Value {
    let mut text = String::new();
    client.read_line(&mut text).await.unwrap();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

async fn call(client: &mut BufReader<DuplexStream>, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    client.write_all(format!("{request}\n").as_bytes()).await.unwrap();
    line(client).await
}

#[tokio::test]
async fn methods_answer_by_their_table() {
    let bench = Bench::new("table");
    let mut client = bench.client();
    let hello = call(&mut client, "hello", json!({})).await;
    assert_eq!(hello["result"]["protocol"]["major"], 1);
    let status = call(&mut client, "status", json!({})).await;
    assert_eq!(status["result"]["accounts"], json!([]));
    let unknown = call(&mut client, "Email/teleport", json!({})).await;
    assert_eq!(unknown["error"]["data"]["type"], "unknownMethod");
    let strict = call(&mut client, "status", json!({ "verbose": true })).await;
    assert_eq!(strict["error"]["data"]["unknown"], json!(["verbose"]));
    let missing = call(&mut client, "Email/query", json!({ "accountId": "a9" })).await;
    assert_eq!(missing["error"]["data"]["type"], "accountNotFound");
    let narrowed = call(&mut client, "hello", json!({ "scopes": ["status"] })).await;
    assert_eq!(narrowed["result"]["scopes"], json!(["status"]));
    let forbidden = call(&mut client, "Daemon/stop", json!({})).await;
    assert_eq!(forbidden["error"]["data"]["type"], "forbidden");
    assert!(!bench.services.stop.is_cancelled());
}

#[tokio::test]
async fn both_framings_answer_in_kind() {
    let bench = Bench::new("framing");
    let mut client = bench.client();
    let body = r#"{"jsonrpc":"2.0","id":"x","method":"status"}"#;
    let request = format!("Content-Length: {}\r\n\r\n{body}", body.len());
    client.write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    client.read_line(&mut head).await.unwrap();
    assert!(head.starts_with("Content-Length: "), "{head}");
}

#[tokio::test]
async fn other_protocols_get_one_error_and_the_end() {
    let bench = Bench::new("garbage");
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01", b"{]\n", b"{}\n{\xff}\n"] {
        let mut client = bench.client();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut all = String::new();
        client.read_to_string(&mut all).await.unwrap();
        let last: Value = serde_json::from_str(all.lines().last().unwrap()).unwrap();
        assert_eq!(last["id"], Value::Null);
        assert_eq!(last["error"]["data"]["type"], "parseError", "{bytes:?}");
    }
}

#[tokio::test]
async fn the_end_of_the_stream_ends_the_last_line() {
    let bench = Bench::new("eof");
    let mut client = bench.client();
    let request = br#"{"jsonrpc":"2.0","id":1,"method":"status"}"#;
    client.write_all(request).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(line(&mut client).await["id"], 1);
    assert_eq!(line(&mut client).await, Value::Null);
}

#[tokio::test]
async fn events_replay_go_live_and_resume() {
    let bench = Bench::new("events");
    let mut client = bench.client();
    bench.services.say_stopping("one").await;
    let all = call(&mut client, "event/get", json!({ "since": null })).await;
    let head = all["result"]["cursor"].as_str().unwrap().to_owned();
    let start = format!("{}:0", head.split(':').next().unwrap());
    let reply = call(&mut client, "event/subscribe", json!({ "since": start })).await;
    assert_eq!(reply["result"]["resync"], false);
    let replayed = line(&mut client).await;
    assert_eq!(replayed["params"]["data"]["reason"], "one");
    assert_eq!(line(&mut client).await["params"]["type"], "stream.live");
    bench.services.say_stopping("two").await;
    let live = line(&mut client).await;
    assert_eq!(live["params"]["data"]["reason"], "two");
    assert_eq!(live["params"]["type"], "daemon.stopping");
    let foreign = call(&mut client, "event/subscribe", json!({ "since": "zzzz:1" })).await;
    assert_eq!(foreign["result"]["resync"], true);
}

#[tokio::test]
async fn a_subscriber_that_never_reads_costs_a_bounded_buffer() {
    let bench = Bench::new("never");
    let mut slow = bench.client();
    call(&mut slow, "event/subscribe", json!({})).await;
    let reason = "x".repeat(4_000);
    for _ in 0..150 {
        let kind = EventKind::DaemonStopping { reason: reason.clone() };
        let now = bench.services.world.clock.wall();
        let write = bench.services.store.write(now, move |tx| tx.append(None, kind.clone()));
        write.await.unwrap();
    }
    // Half a megabyte of news and nothing lost: the journal held it, not the session.
    let mut seen = 0;
    while seen < 150 {
        seen += usize::from(line(&mut slow).await["params"]["type"] == "daemon.stopping");
    }
}

#[tokio::test]
async fn blobs_stream_in_and_out() {
    let bench = Bench::new("blobs");
    let bytes: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let mut client = bench.client();
    let params = json!({ "size": bytes.len(), "type": "application/pdf" });
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "Blob/put", "params": params });
    let mut wire = format!("{request}\n").into_bytes();
    wire.extend(&bytes);
    client.write_all(&wire).await.unwrap();
    let put = line(&mut client).await;
    let id = put["result"]["blobId"].as_str().unwrap().to_owned();
    let mut client = bench.client();
    let open = call(&mut client, "Blob/open", json!({ "blobId": id, "offset": 10 })).await;
    assert_eq!(open["result"]["size"], bytes.len() - 10);
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert!(got == bytes[10..]);
}

#[tokio::test]
async fn a_long_poll_is_given_up_on_request() {
    let bench = Bench::new("cancel");
    let mut client = bench.client();
    let poll = r#"{"jsonrpc":"2.0","id":7,"method":"event/get","params":{"waitMs":60000}}"#;
    let cancel = r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}"#;
    client.write_all(format!("{poll}\n{cancel}\n").as_bytes()).await.unwrap();
    let answer = line(&mut client).await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(499)));
}

#[tokio::test]
async fn the_limits_of_one_message_hold() {
    let bench = Bench::new("limits");
    let mut client = bench.client();
    let deep = format!("{{\"a\":{}\n", "[".repeat(10_000));
    client.write_all(deep.as_bytes()).await.unwrap();
    assert_eq!(line(&mut client).await["error"]["data"]["type"], "parseError");
    let mut client = bench.client();
    let piece = vec![b'{'; 128 << 10];
    let writing = async {
        // The session stops reading for good once it said no.
        for _ in 0..64 {
            if client.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    drop(tokio::time::timeout(std::time::Duration::from_secs(5), writing).await);
    assert_eq!(line(&mut client).await["error"]["data"]["type"], "frameTooLarge");
}
