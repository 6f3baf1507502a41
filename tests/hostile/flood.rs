//! Answers that are large: whatever a response is made of, and however often it comes, the memory of
//! the account that asked stays below the limit.

use crate::attack::{ASIDE, Attack, MIB, Outcome, Say, Then, When, made, many};
use std::fmt::Write as _;

const TOO_MUCH: Outcome = Outcome::Fails(&["imap.too_much"]);

/// `count` odd numbers, each after a blank, from the `n`th such run on.
fn odd_numbers(n: usize, count: usize) -> String {
    let mut out = String::new();
    for number in n * count..(n + 1) * count {
        let _ = write!(out, " {}", 1_000_001 + 2 * number);
    }
    out
}

/// Every attack, in the order of the table.
pub(crate) static FLOODS: &[Attack] = &[
    Attack {
        name: "LIST of 2,000 x 1 MB of attributes",
        when: When::FirstSync,
        at: "LIST",
        say: |_| {
            let line = |n| {
                let attributes = "\\x ".repeat(330_000);
                format!("* LIST ({attributes}) \"/\" box{n}\r\n").into_bytes()
            };
            made(line, 2_000, Then::Answer)
        },
        outcome: TOO_MUCH,
    },
    Attack {
        name: "LIST of 25 x 1 MB of attributes",
        when: When::FirstSync,
        at: "LIST",
        say: |_| {
            let attributes = "a ".repeat(500_000);
            many("", format!("* LIST ({attributes}) \"/\" x\r\n"), 25, Then::Answer)
        },
        outcome: Outcome::Waits,
    },
    Attack {
        name: "FETCH without end after a reset",
        when: When::Live,
        at: "FETCH AFTER RESET",
        say: |_| {
            let lines = |n: usize| {
                let mut flags = String::new();
                for flag in 0..110 {
                    let _ = write!(flags, " {flag}{}", "f".repeat(30));
                }
                let mut out = String::new();
                for uid in 1_000 + n * 100..1_100 + n * 100 {
                    let _ = write!(
                        out,
                        "* {uid} FETCH (UID {uid} FLAGS ({uid}{flags}) INTERNALDATE \
                         \"22-Nov-2026 12:00:00 +0000\" RFC822.SIZE 9)\r\n"
                    );
                }
                out.into_bytes()
            };
            made(lines, 20_000, Then::Ok)
        },
        outcome: ASIDE,
    },
    Attack {
        name: "500,000 mails after a reset",
        when: When::Live,
        at: "FETCH AFTER RESET",
        say: |_| {
            let lines = |n: usize| {
                let mut out = String::new();
                for uid in 1_000 + n * 1_000..2_000 + n * 1_000 {
                    let _ = write!(
                        out,
                        "* {uid} FETCH (UID {uid} FLAGS (\\Seen) INTERNALDATE \
                         \"22-Nov-2026 11:00:00 +0000\" RFC822.SIZE 9)\r\n"
                    );
                }
                out.into_bytes()
            };
            made(lines, 500, Then::Answer)
        },
        outcome: Outcome::Waits,
    },
    Attack {
        name: "149 literals of 1 MiB in one answer",
        when: When::FirstSync,
        at: "FETCH HEADER",
        say: |_| {
            let literal = [b"X {1048576}\r\n".as_slice(), &vec![b'x'; MIB], b" "].concat();
            let tail = "RFC822.SIZE 5)\r\n";
            Say { tail, ..many("* 1 FETCH (UID 1 ", literal, 149, Then::Answer) }
        },
        outcome: Outcome::Lives,
    },
    Attack {
        name: "ESEARCH of one list of 8,000,000 words",
        when: When::Live,
        at: "SEARCH",
        say: |_| {
            let words = "a ".repeat(8_000);
            Say { tail: ")\r\n", ..many("* ESEARCH (", words, 1_000, Then::Answer) }
        },
        outcome: Outcome::Keeps,
    },
    Attack {
        name: "ESEARCH of all UIDs there can be",
        when: When::Live,
        at: "SEARCH",
        say: |_| many("", "* ESEARCH (TAG \"x\") UID ALL 1:4294967295\r\n", 1_000, Then::Ok),
        outcome: Outcome::Keeps,
    },
    Attack {
        name: "SEARCH of 40,000,000 sparse UIDs",
        when: When::Live,
        at: "SEARCH",
        say: |_| {
            let line = |n| format!("* SEARCH{}\r\n", odd_numbers(n, 10_000)).into_bytes();
            made(line, 4_000, Then::Ok)
        },
        outcome: ASIDE,
    },
    Attack {
        name: "capabilities of 25 MB after login",
        when: When::FirstSync,
        at: "LOGIN",
        say: |_| {
            let line = |n| format!("* CAPABILITY{}\r\n", odd_numbers(n, 100_000)).into_bytes();
            made(line, 25, Then::Answer)
        },
        outcome: Outcome::Lives,
    },
    Attack {
        name: "flags of 200 MB in SELECT",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| {
            let line = format!("* FLAGS ({})\r\n", "k ".repeat(500_000));
            many("", line, 200, Then::Answer)
        },
        outcome: TOO_MUCH,
    },
    Attack {
        name: "response codes of 25 MB in SELECT",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| {
            let line = format!("* OK [PERMANENTFLAGS ({})] x\r\n", "k ".repeat(500_000));
            many("", line, 25, Then::Answer)
        },
        outcome: Outcome::Lives,
    },
    Attack {
        name: "300 quoted headers of 900 KB",
        when: When::FirstSync,
        at: "FETCH HEADER",
        say: |_| {
            let line = |n| {
                let header = "h\\\\".repeat(300_000);
                format!("* {n} FETCH (UID {n} BODY[HEADER] \"{header}\" RFC822.SIZE 9)\r\n")
                    .into_bytes()
            };
            made(line, 300, Then::Answer)
        },
        outcome: Outcome::Waits,
    },
];
