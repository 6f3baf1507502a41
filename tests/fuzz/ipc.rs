//! The socket's side: frames cut anywhere, parameters of every method.

use crate::driver::run;
use crate::mutate::{mutated, text};
use chapar_ipc_protocol::OPENRPC;
use chapar_ipc_protocol::call::{Decode, Method, Request};
use chapar_ipc_protocol::frame::{Decoder, FrameError, Framing, MAX_MESSAGE, check_depth, encode};
use chapar_tests::sandbox::corpus::Dice;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::cell::Cell;

fn pull(decoder: &mut Decoder, out: &mut Vec<Vec<u8>>) -> Result<(), FrameError> {
    while let Some(frame) = decoder.pull()? {
        out.push(frame);
    }
    Ok(())
}

/// Feeds `wire` in pieces; the frames, and how it ended.
fn decode(wire: &[u8], mut piece: impl FnMut() -> usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    let mut rest = wire;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(piece().clamp(1, rest.len()));
        decoder.push(now);
        if let Err(error) = pull(&mut decoder, &mut frames) {
            return (frames, Some(error));
        }
        assert!(decoder.held() <= MAX_MESSAGE + 4_096);
        rest = later;
    }
    (frames, None)
}

#[test]
fn frames() {
    run("frames", 20_000, |dice| {
        let framing = *dice.pick(&[Framing::Lines, Framing::Headers]);
        let mut wire = Vec::new();
        let mut messages = Vec::new();
        for _ in 0..dice.below(5) {
            let message =
                serde_json::to_vec(&json!({"jsonrpc": "2.0", "x": text(dice, 60)})).unwrap();
            encode(framing, &message, &mut wire);
            messages.push(message);
        }
        let whole = wire.len().max(1);
        let (frames, error) = decode(&wire, || whole);
        assert_eq!((frames, error), (messages, None));
        if dice.chance(70) {
            wire = mutated(dice, &wire, &[b"Content-Length: 3\r\n\r\n{}\n".to_vec()]);
        }
        // however the bytes are cut, the same frames and the same end
        let whole = wire.len().max(1);
        let at_once = decode(&wire, || whole);
        let cut = decode(&wire, || 1 + dice.below(40));
        assert_eq!(cut, at_once);
        for frame in &cut.0 {
            let _ = check_depth(frame);
        }
    });
}

struct Loose(Value);

impl Decode for Loose {
    type Error = serde_json::Error;
    fn decode<T: DeserializeOwned>(self) -> Result<T, Self::Error> {
        serde_json::from_value(self.0)
    }
}

/// Any JSON.
fn anything(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(dice.chance(50)),
        2 => json!(dice.roll()),
        3 => json!(-1.5e300),
        4 => json!(text(dice, 20)),
        5 => {
            json!(*dice.pick(&["a1", "mb1", "M1", "T1", "S1", "0", "2026-11-22T12:00:00Z", "tls"]))
        }
        6 => (0..dice.below(4)).map(|_| anything(dice, depth - 1)).collect(),
        _ => (0..dice.below(4))
            .map(|_| (text(dice, 6), anything(dice, depth - 1)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// A value after its schema, wrong now and then.
fn made(dice: &mut Dice, document: &Value, schema: &Value, depth: usize) -> Value {
    if depth == 0 || dice.chance(2) {
        return anything(dice, 2);
    }
    if let Some(path) = schema["$ref"].as_str() {
        let target = document.pointer(path.trim_start_matches('#')).unwrap_or(&Value::Null);
        return made(dice, document, target, depth - 1);
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = schema[word].as_array().filter(|choices| !choices.is_empty()) {
            let choice = dice.pick(choices).clone();
            return made(dice, document, &choice, depth - 1);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return dice.pick(values).clone();
    }
    if !schema["const"].is_null() {
        return schema["const"].clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => dice.pick(kinds).clone(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("null") => Value::Null,
        Some("boolean") => json!(dice.chance(50)),
        Some("integer" | "number") => json!(dice.below(70_000)),
        Some("string") => match schema["pattern"].as_str() {
            Some(pattern) => {
                let prefix: String = pattern
                    .trim_start_matches('^')
                    .chars()
                    .take_while(char::is_ascii_alphabetic)
                    .collect();
                json!(format!("{prefix}{}", 1 + dice.below(9)))
            }
            None => json!(*dice.pick(&[
                "a1",
                "mb2",
                "M3",
                "T4",
                "S5",
                "i1",
                "12",
                "2026-11-22T12:00:00Z",
                "x"
            ])),
        },
        Some("array") => {
            let count = dice.below(3);
            (0..count).map(|_| made(dice, document, &schema["items"], depth - 1)).collect()
        }
        Some("object") => {
            let mut object = Map::new();
            let required: Vec<&str> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                if required.contains(&name.as_str()) && dice.chance(98) || dice.chance(30) {
                    object.insert(name.clone(), made(dice, document, inner, depth - 1));
                }
            }
            if dice.chance(2) {
                object.insert(text(dice, 5), anything(dice, 1));
            }
            object.into()
        }
        _ => anything(dice, 2),
    }
}

#[test]
fn parameters() {
    let document: Value = serde_json::from_str(OPENRPC).unwrap();
    let methods = document["methods"].as_array().unwrap();
    let accepted = Cell::new(0_u64);
    let names: Vec<Cell<u64>> = Method::ALL.iter().map(|_| Cell::new(0)).collect();
    run("parameters", 25_000, |dice| {
        let at = dice.below(Method::ALL.len());
        let method = Method::ALL[at];
        let described = methods
            .iter()
            .find(|one| one["name"] == method.name())
            .expect("every method is described");
        let params = if dice.chance(10) {
            anything(dice, 4)
        } else {
            let mut object = Map::new();
            for param in described["params"].as_array().into_iter().flatten() {
                if param["required"] == true && dice.chance(98) || dice.chance(40) {
                    let name = param["name"].as_str().unwrap().to_owned();
                    object.insert(name, made(dice, &document, &param["schema"], 12));
                }
            }
            object.into()
        };
        if let Ok(request) = Request::decode(method, Loose(params)) {
            assert_eq!(request.method(), method);
            accepted.set(accepted.get() + 1);
            names[at].set(names[at].get() + 1);
        }
    });
    println!("parameters: {} accepted", accepted.get());
    if std::env::var_os("CHAPAR_FUZZ_ONLY").is_none()
        && std::env::var_os("CHAPAR_FUZZ_CASES").is_none()
    {
        let never: Vec<_> =
            Method::ALL.iter().zip(&names).filter(|(_, count)| count.get() == 0).collect();
        assert!(never.is_empty(), "never made right: {never:?}");
    }
}
