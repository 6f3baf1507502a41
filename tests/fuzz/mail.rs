//! Untrusted bytes in the engine: mails, names, flags, sets.

use crate::driver::{Work, run};
use crate::mutate::{mutated, text};
use crate::samples;
use chapar_engine::flags::Flags;
use chapar_engine::limits::{FLAGS_A_MESSAGE, FLAGS_BYTES, LINE_CHARS, PARTS, REFERENCES};
use chapar_engine::message::{body, part, summarise};
use chapar_engine::sync::UidSet;
use chapar_engine::{address, mutf7, thread};
use chapar_tests::sandbox::corpus::Dice;
use chapar_tests::sandbox::mutf7 as other_mutf7;
use std::time::Duration;

/// A mail of 64 KiB at most: the promise is 50 ms a megabyte in release.
const SLOW: Duration = Duration::from_secs(2);

fn one_line(text: &str) -> bool {
    text.chars().count() <= LINE_CHARS && !text.chars().any(char::is_control)
}

fn read(bytes: &[u8]) {
    let work = Work::begin();
    for whole in [true, false] {
        let summary = summarise(bytes, whole);
        assert!(one_line(&summary.subject), "{:?}", summary.subject);
        assert!(one_line(&summary.preview), "{:?}", summary.preview);
        assert!(summary.references.len() <= REFERENCES);
        let ids = summary.references.iter().chain(&summary.in_reply_to).chain(&summary.message_id);
        for id in ids {
            assert!(!id.is_empty() && !id.contains(|c: char| c.is_whitespace() || c.is_control()));
        }
        for address in summary.from.iter().chain(&summary.to).chain(&summary.cc).chain(&summary.bcc)
        {
            assert!(one_line(&address.email) && address.name.as_deref().is_none_or(one_line));
        }
        let related = thread::related(&summary);
        assert!(!related.iter().any(|id| Some(id) == summary.message_id.as_ref()));
        let _ = thread::subject_key(&summary);
        let base = thread::base_subject(&summary.subject);
        assert_eq!(thread::base_subject(&base), base, "{:?}", summary.subject);
    }
    let parts = body(bytes).attachments;
    assert!(parts.len() <= PARTS);
    for listed in &parts {
        let content = part(bytes, listed.index).expect("a listed part can be fetched");
        assert_eq!(content.len() as u64, listed.size, "part {}", listed.index);
        assert!(listed.name.as_deref().is_none_or(one_line), "{:?}", listed.name);
    }
    let _ = part(bytes, u32::MAX);
    work.assert_below(SLOW, bytes.len());
}

#[test]
fn mails() {
    let seeds = samples::mails();
    run("mails", 10_000, |dice| {
        let seed = dice.pick(&seeds).clone();
        read(&mutated(dice, &seed, &seeds));
    });
}

/// Mails made of structure, not of old mails: nesting, boundaries within boundaries, odd headers.
#[test]
fn built_mails() {
    fn entity(dice: &mut Dice, depth: usize, out: &mut String) {
        const TYPES: [&str; 6] = [
            "text/plain; charset=utf-8",
            "text/html",
            "application/octet-stream; name=\"a\\\"b.bin\"",
            "message/rfc822",
            "multipart/mixed; boundary=b0",
            "multipart/alternative; boundary=\"b 1\"",
        ];
        let kind = if depth == 0 { dice.below(3) } else { dice.below(TYPES.len()) };
        out.push_str("Content-Type: ");
        out.push_str(TYPES[kind]);
        let code = *dice.pick(&[
            "",
            "\r\nContent-Transfer-Encoding: base64",
            "\r\nContent-Transfer-Encoding: x",
        ]);
        out.push_str(code);
        out.push_str("\r\n\r\n");
        match kind {
            0..=2 => out.push_str(&text(dice, 60)),
            3 => entity(dice, depth - 1, out),
            _ => {
                let boundary = if kind == 4 { "b0" } else { "b 1" };
                for _ in 0..dice.below(4) {
                    out.push_str(&format!("\r\n--{boundary}\r\n"));
                    entity(dice, depth - 1, out);
                }
                if dice.chance(70) {
                    out.push_str(&format!("\r\n--{boundary}--\r\n"));
                }
            }
        }
    }
    run("built mails", 15_000, |dice| {
        let mut mail = String::new();
        for name in
            ["From", "To", "Subject", "Date", "Message-ID", "References", "In-Reply-To", "X"]
        {
            if dice.chance(70) {
                mail.push_str(&format!("{name}: {}\r\n", text(dice, 40)));
            }
        }
        let depth = dice.below(8);
        entity(dice, depth, &mut mail);
        read(mail.as_bytes());
    });
}

#[test]
fn addresses() {
    run("addresses", 40_000, |dice| {
        let email = format!("{}@{}", text(dice, 10), text(dice, 10));
        let email = if dice.chance(50) {
            email.replace(|c: char| !c.is_ascii_graphic(), "x")
        } else {
            email
        };
        if address::check(&email).is_ok() {
            assert!(email.is_ascii() && email.len() <= 254, "{email:?}");
            assert!(!email.contains(|c: char| c.is_control()), "{email:?}");
            let (local, domain) = email.rsplit_once('@').unwrap();
            assert!(!domain.contains([' ', '<', '>', '"', ',', ';']), "{email:?}");
            assert!(
                local.starts_with('"') || !local.contains([' ', '<', '>', '"', ',', ';', '@']),
                "{email:?}"
            );
        }
    });
}

#[test]
fn flags() {
    run("flags", 6_000, |dice| {
        let words: Vec<String> = (0..dice.below(200)).map(|_| text(dice, 8)).collect();
        let flags = Flags::parse(&words);
        assert!(flags.len() <= FLAGS_A_MESSAGE);
        assert!(flags.iter().map(str::len).sum::<usize>() <= FLAGS_BYTES);
        let wire = flags.to_imap();
        let inside = wire.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap();
        assert!(!inside.contains(|c: char| c.is_control() || "(){\"".contains(c)), "{wire:?}");
        let again: Vec<&str> = inside.split(' ').filter(|word| !word.is_empty()).collect();
        assert_eq!(Flags::parse(&again), flags, "{wire:?}");
        let keywords = flags.keywords();
        assert_eq!(Flags::from_keywords(&keywords).keywords(), keywords);
    });
}

#[test]
fn mailbox_names() {
    run("mailbox names", 20_000, |dice| {
        let name = text(dice, 14);
        let wire = mutf7::encode(&name);
        assert_eq!(wire, other_mutf7::encode(&name));
        assert_eq!(mutf7::decode(&wire), name);
        let noise: String = if dice.chance(50) {
            String::from_utf8_lossy(&mutated(dice, wire.as_bytes(), &[])).into_owned()
        } else {
            (0..dice.below(12))
                .map(|_| *dice.pick(&['&', '-', 'A', 'P', 'w', ',', '2', 'D', 'a']))
                .collect()
        };
        let ours = mutf7::decode(&noise);
        // where the wire is the one right spelling of a name, both must read that name
        if let Some(theirs) =
            other_mutf7::decode(&noise).filter(|name| other_mutf7::encode(name) == noise)
        {
            assert_eq!(ours, theirs, "{noise:?}");
        }
    });
}

#[test]
fn uid_sets() {
    run("UID sets", 15_000, |dice| {
        let noise: String = (0..dice.below(24))
            .map(|_| *dice.pick(&['1', '2', '9', '0', ':', ',', '4', '*']))
            .collect();
        let parsed: Result<UidSet, _> = noise.parse();
        if let Ok(set) = parsed {
            assert_eq!(set.to_string().parse::<UidSet>().as_ref(), Ok(&set), "{noise}");
            assert_eq!(set.commands().join(",").parse::<UidSet>().as_ref(), Ok(&set), "{noise}");
            assert!(!set.contains(0));
            assert!(
                set.ranges().windows(2).all(|pair| pair[0].1 < pair[1].0.saturating_sub(1)),
                "{noise}"
            );
        }
    });
}
