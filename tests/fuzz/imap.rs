//! The IMAP session against servers that say anything, and its reading of FETCH against
//! imap-codec's.

use crate::driver::run;
use crate::mutate::mutated;
use crate::peer::{Lent, check_failure};
use crate::samples;
use chapar_daemon::imap::{Items, Login, Session, Which};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::flags::Flags;
use chapar_engine::secret::Secret;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use chapar_tests::sandbox::corpus::Dice;
use imap_codec::ResponseCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types::fetch::MessageDataItem;
use imap_codec::imap_types::flag::FlagFetch;
use imap_codec::imap_types::response::{Data, Response};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

fn login() -> Login {
    Login {
        endpoint: Endpoint { host: "mail.example".into(), port: 993, security: Security::Tls },
        user: "ada".into(),
        credential: Credential::Password(Secret::new("pw".into())),
        ca_pem: None,
        public_only: false,
    }
}

/// A server that lets the client in (mostly) and then answers from old dialogues, changed.
async fn server(
    stream: DuplexStream,
    mut dice: Dice,
    seeds: Arc<Vec<Vec<u8>>>,
    sent: Arc<AtomicUsize>,
) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    let wild_from = if dice.chance(85) { 3 } else { dice.below(3) };
    let mut say = b"* OK hi\r\n".to_vec();
    for turn in 0.. {
        if turn == 0 && wild_from == 0 {
            say = mutated(&mut dice, &say, &seeds);
        }
        sent.fetch_add(say.len(), Ordering::Relaxed);
        if stream.write_all(&say).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        line.clear();
        if !matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        let (tag, command) = text.trim_end().split_once(' ').unwrap_or(("A1", ""));
        let polite = if command.starts_with("CAPABILITY") {
            Some(
                "* CAPABILITY IMAP4rev1 IDLE CONDSTORE LIST-EXTENDED LIST-STATUS SPECIAL-USE UIDPLUS\r\n",
            )
        } else if command.starts_with("LOGIN") || command.starts_with("ID ") {
            Some("")
        } else {
            None
        };
        say = match polite {
            Some(before) if turn < wild_from => format!("{before}{tag} OK done\r\n").into_bytes(),
            _ => {
                let seed = dice.pick(&seeds).clone();
                let wild = if dice.chance(15) { seed } else { mutated(&mut dice, &seed, &seeds) };
                let mut wild = replace(&wild, b"TAG", tag.as_bytes());
                match dice.below(10) {
                    0 => return,
                    1 => {}
                    _ => wild.extend_from_slice(format!("\r\n{tag} OK done\r\n").as_bytes()),
                }
                wild
            }
        };
    }
}

fn replace(bytes: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// One command out of all there are; what it says must hold whatever the server did.
async fn step(session: &mut Session, dice: &mut Dice, sent: &AtomicUsize) -> Result<(), Failure> {
    let items = *dice.pick(&[
        Items::Facts,
        Items::Summary,
        Items::Whole,
        Items::Flags,
        Items::FlagsSince(3),
    ]);
    match dice.below(7) {
        0 => {
            for listed in session.list().await? {
                assert!(
                    !listed.wire_name.is_empty() && !listed.wire_name.contains(['\r', '\n', '\0'])
                );
                assert!(listed.status.is_none_or(|state| state.uidnext > 0));
            }
        }
        1 => {
            let state = session.select("INBOX", dice.chance(50)).await?;
            assert!(state.uidnext > 0);
        }
        2 => {
            let uids = session.search("ALL").await?;
            assert!(!uids.contains(0));
            assert!(uids.ranges().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
        }
        3 => {
            session.status("INBOX").await?;
        }
        4 => {
            let renew = Duration::from_mins(3);
            session.idle(renew, tokio::time::sleep(Duration::from_mins(5))).await?;
        }
        5 => {
            let flags = Flags::parse(&["\\Seen"]);
            session.append("Sent", &flags, Wall(0), 14, &b"Subject: x\r\n\r\n"[..]).await?;
        }
        _ => {
            let mut held = 0;
            let mut each = |fetched: chapar_daemon::imap::Fetched| {
                assert!(fetched.uid > 0);
                held += [&fetched.header, &fetched.text, &fetched.body]
                    .into_iter()
                    .flatten()
                    .map(Vec::len)
                    .sum::<usize>();
            };
            let fetched = session.fetch(Which::Uids("1:9".into()), items, &mut each).await;
            assert!(held <= sent.load(Ordering::Relaxed), "more was read than was sent");
            fetched?;
        }
    }
    Ok(())
}

#[test]
fn sessions() {
    let seeds = Arc::new(samples::responses());
    let lent = Lent::new();
    let (done, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    run("IMAP sessions", 10_000, |dice| {
        lent.play(async |world, theirs| {
            let sent = Arc::new(AtomicUsize::new(0));
            let hostile = Dice::new(dice.roll());
            let server =
                tokio::spawn(server(theirs, hostile, Arc::clone(&seeds), Arc::clone(&sent)));
            match Session::login(&world, &login()).await {
                Err(failure) => check_failure(&failure),
                Ok(mut session) => {
                    for _ in 0..6 {
                        match step(&mut session, dice, &sent).await {
                            Ok(()) => done.fetch_add(1, Ordering::Relaxed),
                            Err(failure) => {
                                check_failure(&failure);
                                refused.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                    session.logout().await;
                }
            }
            server.abort();
        });
    });
    let (done, refused) = (done.into_inner(), refused.into_inner());
    println!("IMAP sessions: {done} commands answered, {refused} refused");
    assert!(std::env::var_os("CHAPAR_FUZZ_ONLY").is_some() || (done > 100 && refused > 100));
}

/// One FETCH response as servers may write it: any order, case, quoting, spacing of the grammar.
fn fetch_response(dice: &mut Dice, uid: u32) -> String {
    const MONTHS: &[&str] =
        &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const FLAGS: &[&str] = &[
        "\\Seen",
        "\\ANSWERED",
        "\\flagged",
        "\\Deleted",
        "\\Draft",
        "$Forwarded",
        "Work",
        "x-y.z",
        "\\Recent",
    ];
    let flags: Vec<&str> = (0..dice.below(5)).map(|_| *dice.pick(FLAGS)).collect();
    let day = 1 + dice.below(28);
    let date = format!(
        "{day:>2}-{}-{} {:02}:{:02}:{:02} {}",
        dice.pick(MONTHS),
        1_980 + dice.below(90),
        dice.below(24),
        dice.below(60),
        dice.below(60),
        dice.pick(&["+0000", "-0000", "+0530", "-1100", "+1345"])
    );
    let mut items = vec![
        format!("UID {uid}"),
        format!("FLAGS ({})", flags.join(" ")),
        format!("INTERNALDATE \"{date}\""),
        format!("RFC822.SIZE {}", dice.roll() % (1 << 32)),
    ];
    if dice.chance(30) {
        items.push(format!("MODSEQ ({})", 1 + dice.roll() % (1 << 60)));
    }
    if dice.chance(40) {
        let text: String = (0..dice.below(20))
            .map(|_| *dice.pick(&['a', ' ', ')', '(', '\r', '\n', '{', '}', '*']))
            .collect();
        items.push(format!("BODY[TEXT]<0> {{{}}}\r\n{text}", text.len()));
    }
    if dice.chance(20) {
        items.push("BODY[HEADER] \"a \\\" \\\\ (\"".into());
    }
    if dice.chance(20) {
        items.push("BODY[] NIL".into());
    }
    for at in (1..items.len()).rev() {
        items.swap(at, dice.below(at + 1));
    }
    format!("* {} FETCH ({})\r\n", 1 + dice.below(9_999), items.join(" "))
}

type Facts = (Vec<String>, i64, u32);

/// What imap-codec reads.
fn theirs(response: &str) -> Option<(u32, Facts)> {
    let (_, Response::Data(Data::Fetch { items, .. })) =
        ResponseCodec::new().decode(response.as_bytes()).ok()?
    else {
        return None;
    };
    let (mut uid, mut flags, mut at, mut size) = (None, None, None, None);
    for item in items.as_ref() {
        match item {
            MessageDataItem::Uid(number) => uid = Some(number.get()),
            MessageDataItem::Flags(list) => {
                let words = list.iter().filter_map(|flag| match flag {
                    FlagFetch::Flag(flag) => Some(flag.to_string()),
                    FlagFetch::Recent => None,
                });
                flags = Some(words.collect::<Vec<_>>());
            }
            MessageDataItem::InternalDate(date) => at = Some(date.as_ref().timestamp_millis()),
            MessageDataItem::Rfc822Size(number) => size = Some(*number),
            _ => {}
        }
    }
    Some((uid?, (flags?, at?, size?)))
}

#[test]
fn fetch_differs_from_no_other_parser() {
    let lent = Lent::new();
    let compared = AtomicUsize::new(0);
    run("FETCH against imap-codec", 150, |dice| {
        let mut wire = String::new();
        let mut expected = BTreeMap::new();
        for uid in 1..=40 {
            let response = fetch_response(dice, uid);
            if let Some((uid, facts)) = theirs(&response) {
                expected.insert(uid, facts);
                wire.push_str(&response);
            }
        }
        compared.fetch_add(expected.len(), Ordering::Relaxed);
        lent.play(async |world, theirs| {
            let server = tokio::spawn(async move {
                let mut stream = BufReader::new(theirs);
                let mut say = "* OK hi\r\n".to_owned();
                let mut line = String::new();
                loop {
                    stream.write_all(say.as_bytes()).await.unwrap();
                    stream.flush().await.unwrap();
                    line.clear();
                    if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                        return;
                    }
                    let (tag, command) = line.split_once(' ').unwrap();
                    say = match command {
                        command if command.contains("FETCH") => wire.clone(),
                        command if command.starts_with("CAPABILITY") => {
                            "* CAPABILITY IMAP4rev1\r\n".into()
                        }
                        _ => String::new(),
                    };
                    let _ = write!(say, "{tag} OK done\r\n");
                }
            });
            let mut session = Session::login(&world, &login()).await.unwrap();
            let mut read = BTreeMap::new();
            let which = Which::Uids("1:*".into());
            session
                .fetch(which, Items::Summary, &mut |fetched| {
                    let facts = (
                        fetched.flags.unwrap(),
                        fetched.internal_date.unwrap().0,
                        fetched.size.unwrap(),
                    );
                    read.insert(fetched.uid, facts);
                })
                .await
                .unwrap();
            assert_eq!(read.len(), expected.len());
            for (uid, (flags, at, size)) in expected {
                assert_eq!(read[&uid], (Flags::parse(&flags), at, size), "UID {uid}");
            }
            server.abort();
        });
    });
    let compared = compared.into_inner();
    println!("FETCH against imap-codec: {compared} responses compared");
    assert!(compared > 20);
}
