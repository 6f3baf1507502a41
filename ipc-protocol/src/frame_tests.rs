#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use super::{
    Decoder, FrameError, Framing, MAX_DEPTH, MAX_HEADER, MAX_MESSAGE, check_depth, encode,
};

/// A small generator (xorshift64*): each seed is one case, and a failure names its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % sides
    }

    fn message(&mut self) -> Vec<u8> {
        let length = [0, 1, 30, 5_000][self.roll(4)];
        let body: String = (0..length).map(|_| [' ', 'a', 'é', '{', '🦀'][self.roll(5)]).collect();
        serde_json::to_vec(&serde_json::json!({ "a": body })).unwrap()
    }
}

fn pull_all(decoder: &mut Decoder) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| decoder.pull().unwrap()).collect()
}

#[test]
fn any_messages_cut_anywhere_come_back_whole() {
    for seed in 1..=400_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let framing = [Framing::Lines, Framing::Headers][dice.roll(2)];
        let messages: Vec<_> = (0..=dice.roll(6)).map(|_| dice.message()).collect();
        let mut wire = Vec::new();
        for message in &messages {
            encode(framing, message, &mut wire);
        }
        let mut decoder = Decoder::new();
        let mut got = Vec::new();
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(1 + dice.roll(rest.len().min(900)));
            decoder.push(now);
            got.extend(pull_all(&mut decoder));
            rest = later;
        }
        assert_eq!(got, messages, "seed {seed}");
        assert_eq!(decoder.held(), 0, "seed {seed}");
        assert_eq!(decoder.framing(), Some(framing), "seed {seed}");
    }
}

#[test]
fn any_bytes_at_all_never_panic_and_never_hold_more_than_the_limit() {
    for seed in 1..=400_u64 {
        let mut dice = Dice(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        let mut decoder = Decoder::new();
        decoder.push([&b"{"[..], b"C", b"Content-Length: 5\r\n\r\n{", b"G"][dice.roll(4)]);
        for _ in 0..40 {
            let piece: Vec<u8> = (0..dice.roll(200))
                .map(|_| b"{}[]\r\n:\"Content-Length 09\xff\x00"[dice.roll(27)])
                .collect();
            decoder.push(&piece);
            while let Ok(Some(frame)) = decoder.pull() {
                assert!(frame.len() <= MAX_MESSAGE, "seed {seed}");
            }
        }
        assert!(decoder.held() <= MAX_MESSAGE + MAX_HEADER + 200, "seed {seed}");
    }
}

#[test]
fn crlf_and_empty_lines_are_taken() {
    let mut decoder = Decoder::new();
    decoder.push(b"{\"a\":1}\r\n\r\n\n{}\n");
    assert_eq!(pull_all(&mut decoder), [b"{\"a\":1}".to_vec(), b"{}".to_vec()]);
}

#[test]
fn empty_lines_before_the_first_message_and_any_case_of_a_header_are_taken() {
    for before in ["\n", "\r\n", "\n\n\r\n", &"\n".repeat(MAX_HEADER)] {
        for wire in ["{}\n", "content-length: 2\r\n\r\n{}", "CONTENT-LENGTH:2\r\n\r\n{}"] {
            let mut decoder = Decoder::new();
            for byte in before.bytes().chain(wire.bytes()) {
                decoder.push(&[byte]);
            }
            assert_eq!(pull_all(&mut decoder), [b"{}".to_vec()], "{before:?} {wire:?}");
        }
    }
    let mut decoder = Decoder::new();
    decoder.push("\n".repeat(MAX_HEADER + 1).as_bytes());
    assert_eq!(decoder.pull(), Err(FrameError::HeaderTooLarge));
}

#[test]
fn other_protocols_are_refused_by_their_first_byte() {
    for first in ["GET / HTTP/1.1\r\n", "\x16\x03\x01", "[]", " {}", "EHLO x", "\0"] {
        let mut decoder = Decoder::new();
        decoder.push(first.as_bytes());
        let error = decoder.pull().unwrap_err();
        assert_eq!(error, FrameError::NotAClient(first.as_bytes()[0]));
        decoder.push(b"{}\n");
        assert_eq!(decoder.pull(), Err(error), "a failed stream stays failed");
    }
}

#[test]
fn the_limit_is_exact_in_both_framings() {
    for (length, fits) in [(MAX_MESSAGE, true), (MAX_MESSAGE + 1, false)] {
        for framing in [Framing::Lines, Framing::Headers] {
            let mut message = vec![b'x'; length];
            message[0] = b'{';
            let mut wire = Vec::new();
            encode(framing, &message, &mut wire);
            let mut decoder = Decoder::new();
            decoder.push(&wire);
            assert_eq!(decoder.pull().is_ok_and(|frame| frame.is_some()), fits, "{framing:?}");
        }
    }
}

#[test]
fn an_endless_line_fails_before_its_end() {
    let mut decoder = Decoder::new();
    let piece = vec![b'{'; 64 << 10];
    let failed_after = (1..100).find(|_| {
        decoder.push(&piece);
        decoder.pull().is_err()
    });
    assert_eq!(failed_after, Some(17));
    assert_eq!(decoder.held(), 0);
}

#[test]
fn bad_headers_are_named() {
    for (block, error) in [
        ("Content-Type: x\r\n\r\n", FrameError::BadHeader("Content-Length is missing")),
        ("Content-Length: -1\r\n\r\n", FrameError::BadHeader("Content-Length is not a number")),
        ("Content-Length: +1\r\n\r\n", FrameError::BadHeader("Content-Length is not a number")),
        (
            "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            FrameError::BadHeader("Content-Length is given twice"),
        ),
        ("Content-Length: 1048577\r\n\r\n", FrameError::TooLarge),
        (
            "Connection: close\r\n\r\n",
            FrameError::BadHeader("only Content-Length and Content-Type are known"),
        ),
    ] {
        let mut decoder = Decoder::new();
        decoder.push(block.as_bytes());
        assert_eq!(decoder.pull(), Err(error), "{block:?}");
    }
    let mut decoder = Decoder::new();
    decoder.push(&[b'C'; MAX_HEADER]);
    assert_eq!(decoder.pull(), Err(FrameError::HeaderTooLarge));
}

#[test]
fn depth_counts_brackets_outside_strings() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(check_depth(nested(MAX_DEPTH).as_bytes()), Ok(()));
    assert_eq!(check_depth(nested(MAX_DEPTH + 1).as_bytes()), Err(FrameError::TooDeep));
    let text = format!("\"\\\"{}\"", "[".repeat(500));
    assert_eq!(check_depth(text.as_bytes()), Ok(()));
}

#[test]
fn what_follows_a_message_is_given_up_raw() {
    let mut decoder = Decoder::new();
    decoder.push(b"{\"m\":1}\n\x00\xff\nraw");
    assert!(decoder.pull().unwrap().is_some());
    assert_eq!(decoder.into_rest(), b"\x00\xff\nraw");
}
