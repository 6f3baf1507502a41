//! An issuer that ends a grant when a replaced refresh token comes again, without any grace: a kill
//! costs the grant between its answer and our write being durable, and nowhere else. What lies
//! between is as little as can be.

use super::home::{Home, Life, Start, USER};
use super::{KILLS, Mark, Tally};
use crate::kills::Kills;
use crate::tracer::Call;
use chapar_tests::sandbox::oauth::grant::Death;
use chapar_tests::sandbox::oauth::rules::Rotation;
use chapar_tests::sandbox::provider::Personality;

const STRICT: Rotation = Rotation::Strict { grace: 0 };
/// Waiting, waking another thread, memory: what any program does at any time.
const IDLE: [&str; 9] = [
    "futex",
    "epoll_wait",
    "epoll_pwait",
    "sched_yield",
    "mmap",
    "munmap",
    "mprotect",
    "madvise",
    "brk",
];

/// The calls in which the new token is in memory only: from the one that reads the answer to the
/// one that puts the new file in its place.
fn exposed(life: &Life) -> Vec<Call> {
    let replaced = |call: &Call| call.name().starts_with("rename") && call.result == Some(0);
    let end = life.calls.iter().position(replaced).expect("the vault was written");
    let answered =
        |call: &Call| call.name() == "recvfrom" && call.result.is_some_and(|bytes| bytes > 0);
    let read = life.calls[..end].iter().rposition(answered).expect("an answer was read");
    let begin = life.calls[..read].iter().rposition(|call| call.name() == "recvfrom").unwrap();
    let whole = &life.calls[begin..end];
    whole.iter().filter(|call| call.result.is_none()).copied().collect()
}

#[test]
fn between_the_answer_and_the_vault_there_is_nothing_but_writing() {
    let home = Home::new(Personality::default(), STRICT);
    let calls = exposed(&home.life(|_| false));
    let names: Vec<_> = calls.iter().map(Call::name).collect();
    eprintln!("strict: {} calls from answer to vault: {}", names.len(), names.join(" "));
    // other threads may call something while the vault is written
    let replaces = |call: &&Call| call.name().starts_with("rename");
    let writer = calls.iter().find(replaces).expect("the vault was written").thread;
    let written: Vec<_> = calls
        .iter()
        .filter(|call| call.thread == writer && !IDLE.contains(&call.name().as_str()))
        .map(Call::name)
        .collect();
    assert_eq!(written[..3], ["openat", "write", "fsync"]);
    assert!(written.len() == 4 && written[3].starts_with("rename"), "{written:?}");
    // the reader hands over and does nothing else: it neither closes the connection nor logs
    let reader = calls[0].thread;
    let others = calls.iter().skip(1).filter(|call| call.thread == reader);
    let wakes = |call: &&Call| call.name() == "write" && call.args[2] == 8;
    let done: Vec<_> = others
        .filter(|call| !wakes(call) && !IDLE.contains(&call.name().as_str()))
        .map(Call::name)
        .collect();
    assert!(done.is_empty(), "{done:?}");
}

#[test]
fn a_strict_issuer_is_lost_between_its_answer_and_the_vault_only() {
    let home = Home::new(Personality::default(), STRICT);
    let whole = home.life(|_| false);
    let window = exposed(&whole).len();
    let mut tally = Tally::default();
    let mut lost = Vec::new();
    let mut after = |at: usize, life: &Life| {
        // without a word of the issuer nothing was asked
        if !life.calls.iter().any(|call| call.name() == "recvfrom") {
            return;
        }
        if home.start() == Start::LoggedIn {
            return;
        }
        let replaced = |call: &Call| call.name().starts_with("rename") && call.result == Some(0);
        assert!(!life.calls.iter().any(replaced), "call {at}: lost although it was durable");
        assert!(life.killed.is_some(), "call {at}: lost without a kill");
        // which it says of a token that it has replaced: its answer had left
        assert_eq!(home.provider.issuer.fates(USER).last(), Some(&Some(Death::Reused)));
        lost.push(at);
        home.sign_in_again();
        assert_eq!(home.start(), Start::LoggedIn, "a new sign-in mends it");
    };
    match Kills::asked(KILLS) {
        Kills::All => {
            for mark in Mark::BOTH {
                tally.sweep(&home, (mark, 0..), &mut after);
            }
        }
        Kills::Some(most) => {
            // the answer, the window and what follows lie within so many calls of the handshake
            let calls = whole.entries().skip_while(|call| !Mark::Handshake.begins(call));
            let near = calls.take_while(|call| !call.name().starts_with("rename")).count() + 6;
            let most = usize::try_from(most).unwrap();
            tally.sweep(&home, (Mark::Handshake, super::spread(most, near)), after);
        }
    }
    assert_eq!(home.start(), Start::LoggedIn);
    eprintln!(
        "strict: {}, {} grants lost at calls {lost:?}, {window} calls from answer to vault",
        tally.text(),
        lost.len(),
    );
    assert!(!lost.is_empty(), "a replaced token came again and was taken");
}
