//! What the hostile server says, where, and what the daemon has to make of it.

use std::fmt::Write as _;

/// When the attack begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// With the connection after the one that proved the account.
    FirstSync,
    /// Once the account is live, at every chance.
    Live,
    /// Once the account is live, one single time.
    LiveOnce,
}

/// What follows what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The answer of a polite server.
    Answer,
    /// Only the tagged OK.
    Ok,
    /// Nothing, on an open connection.
    Silence,
    /// A byte now and then.
    Dribble,
    /// The end of the connection.
    Close,
}

/// What it says: `head`, then so many `times` a chunk, then `tail`.
pub(crate) struct Say {
    pub(crate) head: Vec<u8>,
    pub(crate) chunk: Chunk,
    pub(crate) times: usize,
    pub(crate) tail: &'static str,
    pub(crate) then: Then,
}

/// What is said many times.
pub(crate) enum Chunk {
    /// Always the same.
    Same(Vec<u8>),
    /// Made anew of the number of the chunk.
    Made(fn(usize) -> Vec<u8>),
}

/// How the account must come out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Offline or retrying, with one of these codes.
    Fails(&'static [&'static str]),
    /// The server holds the line; whatever is shown, nothing is lost.
    Waits,
    /// It makes no difference: the account becomes live.
    Lives,
    /// The account stays, and so does every mail of it.
    Keeps,
}

/// One attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) when: When,
    /// The command it twists.
    pub(crate) at: &'static str,
    pub(crate) say: fn(&str) -> Say,
    pub(crate) outcome: Outcome,
}

const PROTOCOL: Outcome = Outcome::Fails(&["imap.protocol"]);
/// The mailbox whose answers break the session is set aside, and the others are mirrored.
pub(crate) const ASIDE: Outcome = Outcome::Fails(&["mailbox.aside"]);
pub(crate) const MIB: usize = 1 << 20;

fn say(head: impl Into<Vec<u8>>, then: Then) -> Say {
    many(head, "", 0, then)
}

pub(crate) fn many(
    head: impl Into<Vec<u8>>,
    chunk: impl Into<Vec<u8>>,
    times: usize,
    then: Then,
) -> Say {
    Say { head: head.into(), chunk: Chunk::Same(chunk.into()), times, tail: "", then }
}

pub(crate) fn made(chunk: fn(usize) -> Vec<u8>, times: usize, then: Then) -> Say {
    Say { head: Vec::new(), chunk: Chunk::Made(chunk), times, tail: "", then }
}

/// `* LIST` lines of `count` mailboxes with names of `length` bytes.
fn list(count: usize, length: usize) -> Vec<u8> {
    let mut out = String::new();
    for number in 0..count {
        let _ = write!(out, "* LIST () \"/\" \"box {number} {}\"\r\n", "x".repeat(length));
    }
    out.into_bytes()
}

/// A FETCH response for UID `uid` with what a summary asks for and this header.
fn headed(uid: u32, header: &str) -> String {
    format!(
        "* {uid} FETCH (UID {uid} FLAGS () INTERNALDATE \"22-Nov-2026 12:00:00 +0000\" RFC822.SIZE 300 \
         BODY[HEADER] {{{}}}\r\n{header} BODY[TEXT]<0> {{0}}\r\n)\r\n",
        header.len()
    )
}

/// A FETCH response for UID 1 with facts and `flags`.
fn flagged(flags: &str) -> String {
    format!(
        "* 1 FETCH (UID 1 FLAGS ({flags}) INTERNALDATE \"22-Nov-2026 12:00:00 +0000\" RFC822.SIZE 300)\r\n"
    )
}

/// Every attack, in the order of the table.
pub(crate) static ATTACKS: &[Attack] = &[
    Attack {
        name: "line nested 500 deep",
        when: When::FirstSync,
        at: "FETCH",
        say: |_| {
            let nest = format!("{}x{}", "(".repeat(500), ")".repeat(500));
            say(format!("* 1 FETCH (UID 1 X \"{}\" {nest})\r\n", "y".repeat(4_000)), Then::Ok)
        },
        outcome: PROTOCOL,
    },
    Attack {
        name: "line of 10 MB without end",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| many("* OK ", vec![b'x'; 64 << 10], 160, Then::Silence),
        outcome: PROTOCOL,
    },
    Attack {
        name: "{500000000} then silence",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| say("* 1 FETCH (UID 1 BODY[] {500000000}\r\n", Then::Silence),
        outcome: ASIDE,
    },
    Attack {
        name: "{500000000} then a dribble",
        when: When::FirstSync,
        at: "LIST",
        say: |_| say("* LIST () \"/\" {500000000}\r\n", Then::Dribble),
        outcome: PROTOCOL,
    },
    Attack {
        name: "small literal, then a dribble",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| say("* 1 FETCH (UID 1 BODY[] {300}\r\n", Then::Dribble),
        outcome: Outcome::Waits,
    },
    Attack {
        name: "body of 140 MB, 200 B said",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| {
            many(
                format!("* 1 FETCH (UID 1 BODY[] {{{}}}\r\n", 140 * MIB),
                vec![b'x'; MIB],
                140,
                Then::Ok,
            )
        },
        outcome: ASIDE,
    },
    Attack {
        name: "one mail 1,500 times",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| {
            let body = "x".repeat(60 << 10);
            let one =
                format!("* 1 FETCH (UID 1 RFC822.SIZE 9 BODY[] {{{}}}\r\n{body})\r\n", body.len());
            many("", one, 1_500, Then::Answer)
        },
        outcome: Outcome::Lives,
    },
    Attack {
        name: "200 headers of 1 MB",
        when: When::FirstSync,
        at: "FETCH HEADER",
        say: |_| {
            let mut out = String::new();
            for uid in 1..=200 {
                let to = format!("{} <a@b.c>,\r\n ", "n".repeat(950)).repeat(1_000);
                out.push_str(&headed(uid, &format!("From: a@b.c\r\nTo: {to}z@b.c\r\n\r\n")));
            }
            say(out, Then::Ok)
        },
        // it may take long: 200 MB each time it is asked for any of them
        outcome: Outcome::Waits,
    },
    Attack {
        name: "2,000 x 20 KB of flags",
        when: When::FirstSync,
        at: "FETCH",
        say: |_| {
            let mut flags = String::new();
            for number in 0..100 {
                let _ = write!(flags, "{number}{} ", "f".repeat(200));
            }
            many("", flagged(flags.trim_end()), 2_000, Then::Ok)
        },
        outcome: Outcome::Lives,
    },
    Attack {
        name: "100,000 untagged after login",
        when: When::FirstSync,
        at: "LOGIN",
        say: |_| many("", "* 5 EXISTS\r\n* 6 EXISTS\r\n", 50_000, Then::Answer),
        outcome: PROTOCOL,
    },
    Attack {
        name: "100,000 untagged in SELECT",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| many("", "* 1 EXPUNGE\r\n* OK still here\r\n", 50_000, Then::Answer),
        outcome: PROTOCOL,
    },
    Attack {
        name: "100,000 EXISTS in IDLE",
        when: When::FirstSync,
        at: "IDLE",
        say: |_| many("+ idling\r\n", "* 5 EXISTS\r\n* 6 EXISTS\r\n", 50_000, Then::Silence),
        outcome: Outcome::Waits,
    },
    Attack {
        name: "100,000 + after LOGIN",
        when: When::FirstSync,
        at: "LOGIN",
        say: |_| many("", "+ go on\r\n", 100_000, Then::Silence),
        outcome: PROTOCOL,
    },
    Attack {
        name: "20 MB of empty lines",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| many("", "\r\n".repeat(32 << 10), 320, Then::Silence),
        outcome: PROTOCOL,
    },
    Attack {
        name: "wrong tag",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| say("Z999 OK done\r\n", Then::Answer),
        outcome: PROTOCOL,
    },
    Attack {
        name: "literal longer than announced",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| say("* 1 FETCH (UID 1 FLAGS () BODY[] {5}\r\nhello, and (more\r\n", Then::Answer),
        outcome: Outcome::Waits,
    },
    Attack {
        name: "literal shorter than announced",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| say("* 1 FETCH (UID 1 FLAGS () BODY[] {5000}\r\nhello)\r\n", Then::Ok),
        outcome: Outcome::Waits,
    },
    Attack {
        name: "BYE to every greeting",
        when: When::FirstSync,
        at: "greeting",
        say: |_| say("* BYE go away\r\n", Then::Close),
        outcome: Outcome::Fails(&["imap.greeting"]),
    },
    Attack {
        name: "BYE without end",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| many("", "* BYE go away\r\n", 200_000, Then::Silence),
        outcome: Outcome::Fails(&["imap.refused", "net.lost"]),
    },
    Attack {
        name: "garbage after the greeting",
        when: When::FirstSync,
        at: "greeting",
        say: |_| {
            let noise: Vec<u8> =
                (0..64_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
            many("* OK ready\r\n", noise, 10, Then::Silence)
        },
        outcome: Outcome::Waits,
    },
    Attack {
        name: "mails nobody asked for",
        when: When::FirstSync,
        at: "FETCH BODY",
        say: |_| {
            let mut out = String::new();
            for uid in 1_000..1_500 {
                let _ = write!(
                    out,
                    "* 9 FETCH (UID {uid} FLAGS () RFC822.SIZE 3 BODY[] {{3}}\r\nabc)\r\n"
                );
            }
            say(out, Then::Answer)
        },
        outcome: Outcome::Waits,
    },
    Attack {
        name: "EXISTS 4294967295",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| {
            say(
                "* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 7] -\r\n* OK [UIDNEXT 4294967295] -\r\n",
                Then::Ok,
            )
        },
        outcome: Outcome::Waits,
    },
    Attack {
        name: "LIST of 100,000 mailboxes",
        when: When::FirstSync,
        at: "LIST",
        say: |_| say(list(100_000, 0), Then::Ok),
        outcome: PROTOCOL,
    },
    Attack {
        name: "LIST of 15,000 x 4 KB names",
        when: When::FirstSync,
        at: "LIST",
        say: |_| say(list(15_000, 4_000), Then::Ok),
        outcome: PROTOCOL,
    },
    Attack {
        name: "LIST of 19,000 mailboxes",
        when: When::FirstSync,
        at: "LIST",
        say: |_| say(list(19_000, 20), Then::Answer),
        outcome: Outcome::Waits,
    },
    Attack {
        name: "UIDVALIDITY 0",
        when: When::FirstSync,
        at: "SELECT",
        say: |_| {
            say("* 200 EXISTS\r\n* OK [UIDVALIDITY 0] -\r\n* OK [UIDNEXT 201] -\r\n", Then::Ok)
        },
        outcome: Outcome::Lives,
    },
    Attack {
        name: "SEARCH of 4,900,000 UIDs",
        when: When::Live,
        at: "SEARCH",
        say: |_| many("", format!("* SEARCH{}\r\n", " 7".repeat(1_000)), 4_900, Then::Answer),
        outcome: Outcome::Keeps,
    },
    Attack {
        name: "LIST is empty once",
        when: When::LiveOnce,
        at: "LIST",
        say: |_| say("", Then::Ok),
        outcome: Outcome::Keeps,
    },
    Attack {
        name: "LIST has only the INBOX once",
        when: When::LiveOnce,
        at: "LIST",
        say: |_| say("* LIST () \"/\" \"INBOX\"\r\n", Then::Ok),
        outcome: Outcome::Keeps,
    },
    Attack {
        name: "SELECT says 0 once",
        when: When::LiveOnce,
        at: "SELECT",
        say: |_| say("* 0 EXISTS\r\n* OK [UIDVALIDITY 7] -\r\n* OK [UIDNEXT 201] -\r\n", Then::Ok),
        outcome: Outcome::Keeps,
    },
    Attack {
        name: "SEARCH finds nothing once",
        when: When::LiveOnce,
        at: "SEARCH",
        say: |_| say("* SEARCH\r\n", Then::Ok),
        outcome: Outcome::Keeps,
    },
];
