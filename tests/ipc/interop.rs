//! Clients without a library, as anybody would write them: shell, Python, Node.

use crate::shared;
use crate::world::World;
use chapar_tests::rig::process::{Ran, run};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

fn have(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|directory| directory.join(program).is_file());
    if !found {
        println!("SKIPPED: {program} is not installed");
    }
    found
}

fn shell(world: &World, script: &str, more: &[(&str, &Path)]) -> Ran {
    let mut command = world.place.command("sh");
    command.args(["-c", script]).env("SOCK", world.place.socket());
    command.envs(more.iter().map(|(name, path)| (*name, path)));
    let ran = run(&mut command, b"", LIMIT);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran
}

fn lines(ran: &Ran) -> Vec<Value> {
    ran.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn netcat_and_socat_can_call_and_put_a_file() {
    let _shared = shared();
    let world = World::new(2);
    let file = world.place.dir().join("f");
    // Larger than any one read, and not text.
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(&file, &bytes).unwrap();
    let ask = r#"echo '{"jsonrpc":"2.0","id":1,"method":"status"}'"#;
    let put = r#"{ printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"Blob/put","params":{"size":'$(stat -c%s "$F")',"type":"application/pdf"}}'; cat "$F"; }"#;
    let mut tools = Vec::new();
    if have("nc") {
        tools.push("nc -U -N \"$SOCK\"");
    }
    if have("socat") {
        tools.push("socat -t5 - UNIX:\"$SOCK\"");
    }
    for tool in tools {
        let said = lines(&shell(&world, &format!("{ask} | {tool}"), &[]));
        assert_eq!(said[0]["result"]["daemon"]["pid"], world.place.pid(), "{tool}");
        let said = lines(&shell(&world, &format!("{put} | {tool}"), &[("F", &file)]));
        assert_eq!(said[0]["result"]["size"], bytes.len(), "{tool}");
        let blob = said[0]["result"]["blobId"].as_str().unwrap();
        let open = format!(
            r#"echo '{{"jsonrpc":"2.0","id":1,"method":"Blob/open","params":{{"blobId":"{blob}"}}}}'"#
        );
        let ran = shell(&world, &format!("{open} | {tool}"), &[]);
        let end = ran.stdout.iter().position(|byte| *byte == b'\n').unwrap();
        assert!(ran.stdout[end + 1..] == bytes, "{tool}: the bytes come back as they went");
    }
    // Without -N nc does not end by itself: `timeout` does, and the answer is there.
    if have("nc") && have("timeout") {
        let script = format!("{ask} | timeout 2 nc -U \"$SOCK\" || test $? = 124");
        assert_eq!(lines(&shell(&world, &script, &[])).len(), 1);
    }
}

/// Subscribe, remember the cursor of the last event handled, break, come back.
const PYTHON: &str = r#"
import json, os, socket
def connect():
    s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(os.environ["SOCK"])
    return s, s.makefile("rw", encoding="utf-8", newline="\n")
def say(f, **message):
    f.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n"); f.flush()
def hear(f):
    return json.loads(f.readline())
account, identity = os.environ["ACCOUNT"], os.environ["IDENTITY"]
def change(text):
    s, f = connect()
    say(f, id=1, method="Identity/set", params={"accountId": account, "update": {identity: {"textSignature": text}}})
    assert hear(f)["result"]["updated"] == {identity: None}
    s.close()
s, f = connect()
say(f, id=1, method="event/subscribe", params={"types": ["identity."]})
assert hear(f)["result"]["resync"] is False
assert hear(f)["params"]["type"] == "stream.live"
change("one")
event = hear(f)["params"]
assert event["type"] == "identity.updated", event
s.close()
change("two"); change("three")
s, f = connect()
say(f, id="again", method="event/subscribe", params={"types": ["identity."], "since": event["cursor"]})
assert hear(f)["result"]["cursor"] == event["cursor"]
seen = [hear(f)["params"] for _ in range(3)]
assert [e["type"] for e in seen] == ["identity.updated", "identity.updated", "stream.live"], seen
assert len({event["cursor"], seen[0]["cursor"], seen[1]["cursor"]}) == 3
print(json.dumps(seen[1]["data"]))
"#;

const NODE: &str = r#"
const net = require("net"), readline = require("readline");
const { SOCK, ACCOUNT, IDENTITY } = process.env;
const fail = (why) => { console.error(why); process.exit(1); };
setTimeout(() => fail("too late"), 20000).unref();
function connect(hear) {
  const s = net.connect(SOCK);
  s.on("error", fail);
  readline.createInterface({ input: s }).on("line", (line) => hear(JSON.parse(line), s));
  return { s, say: (m) => s.write(JSON.stringify({ jsonrpc: "2.0", ...m }) + "\n") };
}
function change(text, then) {
  const c = connect((m, s) => { if (m.error) fail(m); s.end(); then(); });
  c.say({ id: 1, method: "Identity/set", params: { accountId: ACCOUNT, update: { [IDENTITY]: { textSignature: text } } } });
}
const first = connect((m) => {
  if (m.error) fail(m);
  if (m.method && m.params.type === "stream.live") change("n1", () => {});
  if (m.method && m.params.type === "identity.updated") {
    first.s.destroy();
    change("n2", () => {
      const seen = [];
      const second = connect((m) => {
        if (m.error) fail(m);
        if (!m.method) return;
        seen.push(m.params.type);
        if (m.params.type !== "stream.live") return;
        if (seen.join() !== "identity.updated,stream.live") fail(seen);
        console.log(JSON.stringify({ identityId: IDENTITY }));
        process.exit(0);
      });
      second.say({ id: 2, method: "event/subscribe", params: { types: ["identity."], since: m.params.cursor } });
    });
  }
});
first.say({ id: 1, method: "event/subscribe", params: { types: ["identity."] } });
"#;

/// The client that the specification prints, as it is printed.
#[test]
fn the_client_of_the_specification_works_as_it_stands_there() {
    let _shared = shared();
    let world = World::new(2);
    if !have("python3") {
        return;
    }
    let spec = include_str!("../../ipc-protocol/SPEC.md");
    let (_, code) = spec.split_once("```python\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    assert!(code.lines().count() <= 30, "{} lines", code.lines().count());
    let mut raw = world.raw();
    let since = raw.call("hello", &json!({}))["cursor"].clone();
    let mail = b"From: Ada Byrne <a@x.test>\r\nSubject: from the book\r\n\r\nhi\r\n";
    world.provider.store.deliver_with(crate::world::ADA, "INBOX", mail, 1_795_000_000, &[]);
    let mut command = world.place.command("python3");
    command.args(["-c", code]).env("CHAPAR_SOCKET", world.place.socket());
    command.env("SINCE", since.as_str().unwrap());
    let ran = run(&mut command, b"", LIMIT);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = ran.text();
    let said: Vec<&str> = text.lines().collect();
    assert_eq!(said[0], "Ada Byrne from the book");
    assert!(said[1].starts_with("SINCE="), "{said:?}");
}

#[test]
fn python_and_node_subscribe_and_resume_without_a_library() {
    let _shared = shared();
    let world = World::new(2);
    let identity = world.identity();
    for (program, flag, script) in [("python3", "-c", PYTHON), ("node", "-e", NODE)] {
        if !have(program) {
            continue;
        }
        let mut command = world.place.command(program);
        command.args([flag, script]).env("SOCK", world.place.socket());
        // A version manager finds its versions below the real home.
        command.env("HOME", std::env::var_os("HOME").unwrap_or_default());
        command.env("ACCOUNT", &world.account).env("IDENTITY", &identity);
        let ran = run(&mut command, b"", LIMIT);
        assert_eq!(ran.code, Some(0), "{program}: {ran:?}");
        assert_eq!(lines(&ran), [json!({"identityId": identity})], "{program}");
    }
}
