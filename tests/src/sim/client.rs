//! A client of the simulated daemon: real sessions of the socket's code, over pipes in memory. One
//! pipe for calls, one that follows the journal and remembers what it heard.

use chapar_daemon::ipc::{Services, Session};
use chapar_ipc_protocol::call::Scope;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Bytes a pipe holds, like a socket buffer.
const PIPE_BYTES: usize = 64 << 10;

/// What the follower heard, in order: number and type.
pub type Heard = Arc<Mutex<Vec<(u64, String)>>>;

/// The client of one run of the daemon; ends with it.
pub struct Client {
    calls: BufReader<DuplexStream>,
    tasks: Vec<JoinHandle<()>>,
    last: u64,
}

impl Client {
    /// Connects twice, and follows the journal from what was heard last.
    pub async fn connect(services: &Arc<Services>, heard: &Heard) -> Self {
        let (calls, first) = open(services);
        let (mut events, second) = open(services);
        let instance = services.store.instance();
        let since = heard.lock().unwrap().last().map_or(0, |(seq, _)| *seq);
        let params = json!({ "since": format!("{instance}:{since}") });
        let answer = call(&mut events, 1, "event/subscribe", params).await;
        assert_eq!(answer["result"]["resync"], false, "{answer}");
        let follower = tokio::spawn(follow(events, Arc::clone(heard)));
        Self { calls, tasks: vec![first, second, follower], last: 0 }
    }

    /// One call and its answer: the whole response object.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        call(&mut self.calls, self.last, method, params).await
    }

    /// Makes a call and does not wait for its answer.
    pub async fn cast(&mut self, method: &str, params: Value) {
        self.last += 1;
        ask(&mut self.calls, self.last, method, params).await;
    }

    /// The process on the other side is dead: every task of the session ends where it stands.
    pub fn kill(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
    }
}

fn open(services: &Arc<Services>) -> (BufReader<DuplexStream>, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
    let session = Session::new(Arc::clone(services), Scope::ALL.iter().copied().collect());
    let task = tokio::spawn(session.serve(theirs, CancellationToken::new()));
    (BufReader::new(ours), task)
}

async fn ask(pipe: &mut BufReader<DuplexStream>, id: u64, method: &str, params: Value) {
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    pipe.write_all(format!("{request}\n").as_bytes()).await.unwrap();
}

async fn call(pipe: &mut BufReader<DuplexStream>, id: u64, method: &str, params: Value) -> Value {
    ask(pipe, id, method, params).await;
    loop {
        let mut line = String::new();
        assert!(pipe.read_line(&mut line).await.unwrap() > 0, "{method}: the session ended");
        let answer: Value = serde_json::from_str(&line).unwrap();
        if answer["id"] == id {
            return answer;
        }
    }
}

async fn follow(mut events: BufReader<DuplexStream>, heard: Heard) {
    let mut line = String::new();
    while events.read_line(&mut line).await.is_ok_and(|count| count > 0) {
        let event: Value = serde_json::from_str(&line).unwrap();
        line.clear();
        let kind = event["params"]["type"].as_str().unwrap_or_default();
        let cursor = event["params"]["cursor"].as_str().unwrap_or_default();
        let seq = cursor.rsplit_once(':').and_then(|(_, seq)| seq.parse().ok());
        // Marks of the stream are no entries of the journal, and state changes are folded.
        if let Some(seq) = seq.filter(|_| !kind.starts_with("stream.") && kind != "state.changed") {
            heard.lock().unwrap().push((seq, kind.to_owned()));
        }
    }
}
