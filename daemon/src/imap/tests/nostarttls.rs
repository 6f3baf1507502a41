//! Attacks on STARTTLS, played from the scripts in `../shared/corpora/nostarttls` where present.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use super::peer::{PASSWORD, Peer, corpus, login, world};
use crate::imap::Session;
use chapar_engine::account::Security;
use std::path::{Path, PathBuf};

/// What a script says, read from its RON without a parser for all of RON.
#[derive(Debug)]
struct Case {
    implicit: bool,
    greeting: String,
    after_greeting: String,
    starttls_answer: String,
    /// The server answers STARTTLS but goes on in clear.
    stays_plain: bool,
    /// The server does not answer STARTTLS at all.
    ignores_starttls: bool,
}

impl Case {
    fn read(ron: &str) -> Self {
        let ron: String = ron
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let greeting = string_after(&ron, "\"greeting\":").unwrap_or_else(|| {
            let kind = word_after(&ron, "kind:").to_ascii_uppercase();
            let text = string_after(&ron, "text: Text(").unwrap_or_default();
            format!("* {kind} {}{text}\r\n", code(&ron))
        });
        let ok = "<tag> OK begin TLS\r\n".to_owned();
        Self {
            implicit: word_after(&ron, "implicit_tls:") == "true",
            greeting,
            after_greeting: string_after(&ron, "response_after_greeting: Some(")
                .unwrap_or_default(),
            starttls_answer: string_after(&ron, "starttls_response: Some(").unwrap_or(ok),
            stays_plain: word_after(&ron, "starttls_transition:") == "false",
            ignores_starttls: ron.contains("ignore_commands: [\"starttls\"]"),
        }
    }
}

fn word_after<'a>(ron: &'a str, key: &str) -> &'a str {
    let rest = ron.split_once(key).map_or("", |(_, rest)| rest.trim_start());
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest.split_at(end).0
}

fn string_after(ron: &str, key: &str) -> Option<String> {
    let (_, rest) = ron.split_once(key)?;
    let mut chars = rest.trim_start().strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'r' => text.push('\r'),
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

/// The code of the greeting in IMAP's spelling.
fn code(ron: &str) -> String {
    let line =
        ron.split_once("code: Some(").map_or("", |(_, rest)| rest.lines().next().unwrap_or(""));
    let words = [
        ("Imap4Rev1", "IMAP4rev1"),
        ("StartTls", "STARTTLS"),
        ("LoginDisabled", "LOGINDISABLED"),
        ("Auth(Plain)", "AUTH=PLAIN"),
        ("Auth(Login)", "AUTH=LOGIN"),
        ("Idle", "IDLE"),
    ];
    let named: Vec<&str> =
        words.iter().filter(|(ron, _)| line.contains(ron)).map(|(_, imap)| *imap).collect();
    match word_after(ron, "code: Some(") {
        "Capability" => format!("[CAPABILITY {}] ", named.join(" ")),
        "Alert" => "[ALERT] ".to_owned(),
        "BadCharset" => "[BADCHARSET (kkgIhdNV)] ".to_owned(),
        _ => String::new(),
    }
}

/// Plays the server, most obligingly: in clear it takes every credential it is offered.
async fn play(case: Case, mut peer: Peer) -> Peer {
    if case.implicit {
        peer.handshake().await;
    }
    peer.say(&case.greeting).await;
    peer.say(&case.after_greeting).await;
    while let Some(line) = peer.line().await {
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match command.split(' ').next().unwrap_or("").to_ascii_uppercase().as_str() {
            "STARTTLS" if case.ignores_starttls => String::new(),
            "STARTTLS" => case.starttls_answer.replace("<tag>", tag),
            "CAPABILITY" if peer.secure => {
                format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n{tag} OK\r\n")
            }
            "CAPABILITY" => {
                format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE\r\n{tag} OK\r\n")
            }
            _ => format!("{tag} OK\r\n"),
        };
        peer.say(answer).await;
        if case.stays_plain && command == "STARTTLS" {
            // whatever follows is read as lines and never answered with a handshake
            let mut left = peer;
            left.refuse_handshake().await;
            return left;
        }
    }
    peer
}

impl Peer {
    /// Records all that the client says, and answers no handshake.
    async fn refuse_handshake(&mut self) {
        self.say("A9 OK\r\n").await;
        while let Ok(byte) = self.byte().await {
            self.plain.push(byte);
        }
    }
}

fn scripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "ron") {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn no_credential_before_tls_and_nothing_plain_believed() {
    let folder = corpus("nostarttls/testcases/imap");
    let mut found = Vec::new();
    scripts(&folder, &mut found);
    let (mut signed_in, mut refused) = (0, 0);
    for path in &found {
        let case = Case::read(&std::fs::read_to_string(path).unwrap());
        let honest = !case.stays_plain && case.starttls_answer.contains("<tag> OK");
        let (world, peer) = world();
        let security = if case.implicit { Security::Tls } else { Security::StartTls };
        let server = tokio::spawn(play(case, peer));
        let result = Session::login(&world, &login(security)).await;
        match result {
            Ok(mut session) => {
                signed_in += 1;
                assert!(honest, "{path:?}");
                assert!(!session.offers("IDLE") && !session.take_changed(), "{path:?}");
            }
            Err(failure) => {
                refused += 1;
                // nothing of what was said in clear is shown
                assert_eq!(
                    failure.detail.filter(|_| security == Security::StartTls),
                    None,
                    "{path:?}"
                );
            }
        }
        let peer = server.await.unwrap();
        let plain = String::from_utf8_lossy(&peer.plain);
        assert!(
            !plain.contains(PASSWORD) && !plain.contains("AGFsaW") && !plain.contains("alice"),
            "{path:?}"
        );
        let ours: Vec<&str> = plain.lines().filter(|line| !line.starts_with('\x16')).collect();
        assert!(
            ours.len() <= 1 && ours.iter().all(|line| line.ends_with(" STARTTLS")),
            "{path:?}: {ours:?}"
        );
    }
    if found.is_empty() {
        println!("nostarttls: the corpus is not here, nothing was played");
    } else {
        println!(
            "nostarttls: {} scripts, {signed_in} signed in over TLS, {refused} refused",
            found.len()
        );
        assert!(signed_in > 0 && refused > 0);
    }
}

#[tokio::test]
async fn injection_after_starttls_is_refused() {
    for suffix in ["* CAPABILITY IMAP4rev1 IDLE\r\n", "* OK hi\r\n", "x", "\x16"] {
        let case = Case {
            implicit: false,
            greeting: "* OK hi\r\n".to_owned(),
            after_greeting: String::new(),
            starttls_answer: format!("<tag> OK begin\r\n{suffix}"),
            stays_plain: false,
            ignores_starttls: false,
        };
        let (world, peer) = world();
        let server = tokio::spawn(play(case, peer));
        let failure = Session::login(&world, &login(Security::StartTls)).await.unwrap_err();
        assert_eq!(failure.code, "tls.injected", "{suffix:?}");
        assert!(!server.await.unwrap().secure);
    }
}
