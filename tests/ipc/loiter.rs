//! Clients that begin and do not end. In a file of its own so that the half minute of waiting is
//! spent beside the load, which has the machine to itself otherwise.

use crate::hostile::Town;
use crate::raw::{Framing, Raw};
use std::time::{Duration, Instant};

/// Half a message may stand for 30 s, in both framings; an idle connection for ever.
#[test]
fn half_a_message_is_closed_after_30_seconds() {
    // Beside everything else: all it does is wait.
    let mut town = Town::new();
    let mut halves: Vec<(Raw, u64)> = Vec::new();
    let texts: [(Framing, &[u8]); 3] = [
        (Framing::Lines, b"{\"jsonrpc\":\"2.0\",\"id\":1"),
        (Framing::Headers, b"Content-Len"),
        (Framing::Headers, b"Content-Length: 100\r\n\r\n{\"jsonrpc\""),
    ];
    for (framing, text) in texts {
        let mut raw = Raw::connect(&town.place.socket(), framing);
        raw.bytes(text).unwrap();
        raw.stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        halves.push((raw, 0));
    }
    // One byte now and then does not prolong it: the limit is for the whole message.
    let mut drip = Raw::lines(&town.place.socket());
    drip.bytes(b"{").unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(28) {
        std::thread::sleep(Duration::from_secs(4));
        drip.bytes(b" ").unwrap();
    }
    halves.push((drip, 0));
    for (raw, _) in &mut halves {
        let said = raw.read().expect("one error before the end");
        assert_eq!(said["error"]["data"]["type"], "invalidRequest");
        let took = begun.elapsed().as_secs();
        assert!(took >= 28, "{took} s");
        println!("  {}", said["error"]["message"]);
        raw.end();
    }
    town.is_well();
}
