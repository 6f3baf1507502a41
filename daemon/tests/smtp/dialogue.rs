//! The attack dialogues of the public STARTTLS study, read from its files.

use super::login_at;
use super::server::{Script, script, serve};
use crate::tls_support::{Authority, VALID, corpus, ron_files};
use chapar_engine::account::Security;
use std::path::PathBuf;

/// The attack dialogues of the public STARTTLS study, where the corpus is at hand: each with a
/// server that proves who it is, and with one that does not.
#[tokio::test]
async fn every_dialogue_of_the_starttls_corpus() {
    let files: Vec<PathBuf> = ron_files(&corpus("nostarttls"))
        .into_iter()
        .filter(|file| file.components().any(|part| part.as_os_str() == "smtp"))
        .collect();
    let mut signed_in = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        for is_known in [true, false] {
            let (script, good) = dialogue(&text);
            let authority = Authority::new();
            let config = authority.server("127.0.0.1", VALID);
            let server = serve(script, Security::StartTls, config).await;
            let believed = if is_known { authority } else { Authority::new() };
            let result = login_at(&server, Security::StartTls, &believed).await.map(drop);
            let heard = server.heard.lock().unwrap();
            for line in &heard.plain {
                let known = line.starts_with("EHLO ") || line == "STARTTLS";
                assert!(known, "{}: {line}", file.display());
            }
            let is_in = heard.secret.iter().any(|line| line.starts_with("AUTH PLAIN "));
            let is_alone = is_known || heard.secret.is_empty();
            assert!(is_alone, "{}: a command before a verified server", file.display());
            match result {
                Ok(()) => assert!(is_known && good && is_in, "{}", file.display()),
                Err(failure) => {
                    assert!(!is_in, "{}: {failure:?}", file.display());
                    let reached = failure.code == "tls.unknown_issuer";
                    assert_eq!(reached, good && !is_known, "{}: {failure:?}", file.display());
                }
            }
            signed_in += usize::from(is_in);
        }
    }
    if files.is_empty() {
        eprintln!("nostarttls: the corpus is not here, no SMTP dialogue was played");
    } else {
        eprintln!(
            "nostarttls: {} SMTP dialogues over real TLS, each twice: {signed_in} signed in",
            files.len()
        );
        assert!(files.len() >= 38 && signed_in > 0, "the corpus is there but not read");
    }
}

/// Reads the keys these files use; also whether their plain part is honest to the end.
fn dialogue(text: &str) -> (Script, bool) {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let mut script = script(&[]);
    let mut good = false;
    let mut hidden = false;
    let mut overridden = Vec::new();
    for line in lines {
        let value = || {
            let quoted = line.split_once(": \"").unwrap().1.rsplit_once('"').unwrap().0;
            quoted.replace("\\r\\n", "\r\n")
        };
        if line.starts_with("capabilities:") {
            good |= line.contains("StartTLS");
        } else if line == "StartTLS," {
            good = true;
        } else if line.starts_with("greeting:") {
            script.greeting = value();
        } else if line.starts_with("stls_response:") {
            overridden.push(("STARTTLS".to_owned(), value()));
        } else if line.starts_with("hide_commands:") {
            hidden = true;
        } else if line.starts_with('"') {
            let command = line.trim_start_matches('"').split('"').next().unwrap();
            overridden.push((command.to_owned(), value()));
        }
    }
    for (command, reply) in &overridden {
        let counts = ["EHLO", "STARTTLS"].contains(&command.to_ascii_uppercase().as_str());
        let expected = if command.eq_ignore_ascii_case("STARTTLS") { "220" } else { "250" };
        good &= !counts || reply.starts_with(expected);
    }
    if !good && overridden.is_empty() && !hidden {
        script.plain.insert(0, ("EHLO".to_owned(), "250 mx\r\n".to_owned()));
    }
    if hidden {
        script.plain.clear();
    }
    for pair in overridden {
        script.plain.insert(0, pair);
    }
    good &= script.greeting.starts_with("220");
    (script, good && !hidden)
}
