//! Conversations as files, replayed in both framings against the real daemon.
//!
//! `transcripts/*.jsonl`, one line a message: `→` said to the daemon, `←` expected from it, as
//! JSON. `#` begins a comment, `--` a new connection, `⇒` raw bytes said and `⇐` raw bytes expected
//! (JSON strings), `✂` ends our sending side, `∎` expects the daemon to close, `☠` the end of its
//! process (it is started again), `☞` the person who signs in at the address known by the first name
//! and gets, under the second, the one the browser ends at. Wildcards in an
//! expected message: `"<any>"`, `"<text>"`, `"<number>"`, `"<flag>"`, `"<date>"`; `"<$name>"`
//! stands for a known value, or takes the one that comes; a member `"...": 0` allows members that
//! are not written down, an element `"..."` any further elements. In a message of ours `<$name>` is
//! replaced. Answers may come in any order; events come in theirs.

use crate::raw::{Framing, Raw};
use crate::world::{PASSWORD, World};
use crate::{schema, shared};
use chapar_tests::rig::audit;
use chapar_tests::sandbox::oauth::client::NATIVE_CLIENT;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a file may name, and what it learnt.
type Known = BTreeMap<String, Value>;

/// Method → (answered with a result, answered with an error).
type Seen = BTreeMap<String, (usize, usize)>;

#[test]
fn every_method_succeeds_and_fails_as_written_in_lines() {
    replay_all(Framing::Lines);
}

#[test]
fn every_method_succeeds_and_fails_as_written_in_headers() {
    replay_all(Framing::Headers);
}

fn replay_all(framing: Framing) {
    let _shared = shared();
    let mut world = World::new(24);
    let mut seen = Seen::new();
    for (number, file) in files().into_iter().enumerate() {
        let known = known(&world, number);
        let mut play = Play { world: &mut world, framing, known, seen: &mut seen };
        play.file(&file);
    }
    let pid = Some(world.place.pid());
    let leaks = audit::find(world.place.dir(), pid, [PASSWORD].into_iter());
    assert_eq!(leaks, Vec::<PathBuf>::new(), "the password lies in files or in the process");
    // What the daemon itself says it can do, against what was played.
    let document = world.raw().call("rpc.discover", &json!({}));
    assert_eq!(&document, schema::document(), "rpc.discover serves the checked-in document");
    let listed: BTreeSet<&str> = schema::methods().into_iter().collect();
    let played = |pick: fn(&(usize, usize)) -> usize| -> BTreeSet<&str> {
        let found = seen.iter().filter(|(_, counts)| pick(counts) > 0);
        found.map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(played(|counts| counts.0), listed, "methods with a success");
    assert_eq!(played(|counts| counts.1), listed, "methods with an error");
    println!("{} methods, {framing:?}: {seen:?}", listed.len());
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("ipc/transcripts");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    files
}

/// The names that every file may use.
fn known(world: &World, number: usize) -> Known {
    let mut raw = world.raw();
    let account = json!(world.account);
    let of = |params: Value| {
        let mut params = params;
        params["accountId"] = account.clone();
        params
    };
    let inbox = raw.call("Mailbox/query", &of(json!({"filter": {"role": "inbox"}})));
    let mailbox = inbox["ids"][0].clone();
    let emails = raw.call("Email/query", &of(json!({"filter": {"inMailbox": mailbox}})));
    let email = emails["ids"][0].clone();
    let got = raw.call("Email/get", &json!({"ids": [email]}));
    let states = raw.call("Account/get", &json!({"ids": []}));
    let hello = raw.call("hello", &json!({}));
    let user = format!("new{number}@example.test");
    world.provider.store.add_account(&user, PASSWORD);
    let mut known = Known::new();
    let mut say = |name: &str, value: Value| drop(known.insert(name.to_owned(), value));
    say("identity", json!(world.identity()));
    say("account", account);
    say("inbox", mailbox);
    say("email", email);
    say("thread", got["list"][0]["threadId"].clone());
    say("blob", got["list"][0]["blobId"].clone());
    say("emailBytes", got["list"][0]["size"].clone());
    say("accountState", states["state"].clone());
    say("cursor", hello["cursor"].clone());
    say("instance", hello["instance"].clone());
    say("newUser", json!(user));
    say("password", json!(PASSWORD));
    say("imaps", json!(world.ports.imaps));
    say("smtps", json!(world.ports.smtps));
    say("silent", json!(world.silent.local_addr().unwrap().port()));
    say("issuer", json!(world.provider.issuer.id()));
    say("client", json!(NATIVE_CLIENT));
    say("ca", json!(world.provider.ca_pem()));
    known
}

struct Play<'w> {
    world: &'w mut World,
    framing: Framing,
    known: Known,
    seen: &'w mut Seen,
}

impl Play<'_> {
    fn file(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let mut raw = self.connect();
        let mut asked: BTreeMap<String, Value> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let at = format!("{name}:{}", number + 1);
            let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
            match mark {
                "" | "#" => {}
                "--" => raw = self.connect(),
                "→" => {
                    let message = filled(&parse(rest, &at), &self.known, &at);
                    if let Some(id) = message.get("id") {
                        asked.insert(id.to_string(), message.clone());
                    }
                    raw.send(&message);
                }
                "←" => self.expect(&mut raw, &parse(rest, &at), &asked, &at),
                "⇒" => raw.bytes(parse(rest, &at).as_str().unwrap().as_bytes()).unwrap(),
                "⇐" => {
                    let expected = filled(&parse(rest, &at), &self.known, &at);
                    let expected = expected.as_str().unwrap().as_bytes();
                    assert_eq!(raw.exactly(expected.len()), expected, "{at}");
                }
                "✂" => raw.half_close(),
                "∎" => raw.end(),
                "☞" => {
                    let (at_name, landing) = rest.split_once(' ').unwrap();
                    let url = self.known[at_name].as_str().unwrap().to_owned();
                    let user = self.known["newUser"].as_str().unwrap().to_owned();
                    let address = self.world.sign_in(&user, &url);
                    self.known.insert(landing.to_owned(), json!(address));
                }
                "☠" => {
                    assert_eq!(self.world.place.ended(), Some(0), "{at}: an orderly end");
                    self.world.place.start();
                }
                other => panic!("{at}: what is `{other}`?"),
            }
        }
    }

    fn connect(&self) -> Raw {
        Raw::connect(&self.world.place.socket(), self.framing)
    }

    fn expect(
        &mut self,
        raw: &mut Raw,
        expected: &Value,
        asked: &BTreeMap<String, Value>,
        at: &str,
    ) {
        let came = if let Some(id) = expected.get("id") {
            raw.answer_of(id)
        } else {
            json!({"jsonrpc": "2.0", "method": "event", "params": raw.event()})
        };
        fits(expected, &came, &mut self.known)
            .unwrap_or_else(|why| panic!("{at}: {why}\n  expected {expected}\n  came     {came}"));
        let Some(request) = came.get("id").and_then(|id| asked.get(&id.to_string())) else {
            return;
        };
        let Some(method) = request["method"].as_str() else { return };
        if schema::method(method).is_none() {
            return;
        }
        let counts = self.seen.entry(method.to_owned()).or_default();
        if came.get("result").is_some() {
            counts.0 += 1;
            schema::params(method, &request["params"]);
        } else {
            counts.1 += 1;
        }
    }
}

fn parse(text: &str, at: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{at}: {error}"))
}

/// Puts what is known in place of `<$name>`: whole strings become the value itself.
fn filled(message: &Value, known: &Known, at: &str) -> Value {
    match message {
        Value::String(text) => text_filled(text, known, at),
        Value::Array(list) => list.iter().map(|one| filled(one, known, at)).collect(),
        Value::Object(map) => {
            let members = map.iter().map(|(name, value)| {
                let name = text_filled(name, known, at).as_str().unwrap().to_owned();
                (name, filled(value, known, at))
            });
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

fn text_filled(text: &str, known: &Known, at: &str) -> Value {
    let value = |name: &str| {
        known.get(name).unwrap_or_else(|| panic!("{at}: nothing is known as <${name}>"))
    };
    if let Some(name) = variable(text) {
        return value(name).clone();
    }
    let mut pieces = text.split("<$");
    let mut full = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('>').unwrap();
        full += value(name).as_str().unwrap();
        full += rest;
    }
    Value::String(full)
}

fn variable(text: &str) -> Option<&str> {
    text.strip_prefix("<$")?.strip_suffix('>').filter(|name| !name.contains('<'))
}

/// Whether `came` is what the file says; takes new names on the way.
fn fits(expected: &Value, came: &Value, known: &mut Known) -> Result<(), String> {
    let differ = |why: &str| Err(format!("{why}: expected {expected}, came {came}"));
    match (expected, came) {
        (Value::String(text), _) if text.starts_with('<') => wild(text, came, known),
        (Value::Object(wanted), Value::Object(members)) => {
            let open = wanted.contains_key("...");
            let at = "";
            let wanted: BTreeMap<String, &Value> = wanted
                .iter()
                .filter(|(name, _)| *name != "...")
                .map(|(name, value)| {
                    let full = text_filled(name, known, at);
                    (full.as_str().unwrap().to_owned(), value)
                })
                .collect();
            let surplus = members.keys().find(|name| !wanted.contains_key(*name));
            if let Some(name) = surplus.filter(|_| !open) {
                return differ(&format!("`{name}` is not written down"));
            }
            for (name, value) in wanted {
                let Some(member) = members.get(&name) else {
                    return differ(&format!("`{name}` is missing"));
                };
                fits(value, member, known).map_err(|why| format!(".{name}{why}"))?;
            }
            Ok(())
        }
        (Value::Array(wanted), Value::Array(items)) => {
            let open = wanted.last().is_some_and(|last| last == "...");
            let wanted = &wanted[..wanted.len() - usize::from(open)];
            if items.len() < wanted.len() || (items.len() > wanted.len() && !open) {
                return differ("length");
            }
            let mut pairs = wanted.iter().zip(items);
            pairs.try_for_each(|(one, item)| fits(one, item, known))
        }
        _ if expected == came => Ok(()),
        _ => differ(" differs"),
    }
}

fn wild(text: &str, came: &Value, known: &mut Known) -> Result<(), String> {
    let fits = match text {
        "<any>" => true,
        "<text>" => came.as_str().is_some_and(|text| !text.is_empty()),
        "<number>" => came.is_number(),
        "<flag>" => came.is_boolean(),
        "<date>" => came.as_str().is_some_and(|text| {
            text.len() == 24 && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
        }),
        _ => match variable(text) {
            Some(name) => known.entry(name.to_owned()).or_insert_with(|| came.clone()) == came,
            None => came == text,
        },
    };
    fits.then_some(()).ok_or_else(|| format!(" is {came}, not {text}"))
}

/// The matcher itself must be able to say no.
#[test]
fn the_matcher_refuses() {
    let refused = |expected: &str, came: &str| {
        let (expected, came) = (parse(expected, ""), parse(came, ""));
        assert!(fits(&expected, &came, &mut Known::new()).is_err(), "{expected} took {came}");
    };
    refused(r#"{"a":1}"#, r#"{"a":1,"b":2}"#);
    refused(r#"{"a":1,"...":0}"#, r#"{"b":2}"#);
    refused(r#"["<$x>","<$x>"]"#, r#"["a","b"]"#);
    refused(r"[1]", r"[1,2]");
    refused(r#"[1,"..."]"#, r"[]");
    refused(r#""<date>""#, r#""yesterday""#);
    refused(r#""<number>""#, r#""1""#);
    refused(r#""<text>""#, r#""""#);
}
