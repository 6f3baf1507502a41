//! The submission session against servers that say anything. The one thing that must hold: "not
//! sent" is said only when the server cannot have seen the final dot.

use crate::driver::run;
use crate::mutate::mutated;
use crate::peer::{Lent, check_failure};
use chapar_daemon::smtp::{Begun, Login, Outcome, Reply, Session};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_tests::sandbox::corpus::Dice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

const REPLIES: &[&str] = &[
    "250 ok\r\n",
    "250-one\r\n250 two\r\n",
    "220 hi\r\n",
    "354 go on\r\n",
    "334 VXNlcm5hbWU6\r\n",
    "235 in\r\n",
    "421 4.3.2 later\r\n",
    "450 4.2.0 greylisted\r\n",
    "535 5.7.8 no\r\n",
    "550-5.1.1 nobody\r\n550 5.1.1 here\r\n",
    "250-x\r\n251 y\r\n",
    "999 x\r\n",
    "* OK\r\n",
    "",
];

fn login() -> Login {
    Login {
        endpoint: Endpoint { host: "mail.example".into(), port: 465, security: Security::Tls },
        user: "ada".into(),
        credential: Credential::Password(Secret::new("pw".into())),
        ca_pem: None,
        public_only: false,
    }
}

fn polite(command: &str, pipelining: bool) -> &'static str {
    match command.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
        "EHLO" if pipelining => "250-hi\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
        "EHLO" => "250-hi\r\n250-SIZE 1000000\r\n250 AUTH LOGIN\r\n",
        "AUTH" if command.contains("LOGIN") => "334 VXNlcm5hbWU6\r\n",
        "AUTH" => "235 in\r\n",
        "DATA" => "354 go on\r\n",
        "QUIT" => "221 bye\r\n",
        _ => "250 ok\r\n",
    }
}

/// Answers; counts the lines that are a single dot while a message may come.
async fn server(
    stream: DuplexStream,
    mut dice: Dice,
    seeds: Arc<Vec<Vec<u8>>>,
    dots: Arc<AtomicUsize>,
) {
    let mut stream = BufReader::new(stream);
    let pipelining = dice.chance(50);
    let wild_from = dice.below(11);
    let mut say = b"220 hi\r\n".to_vec();
    let mut data = false;
    let mut line = Vec::new();
    let mut answers = 0;
    for turn in 0.. {
        if turn >= wild_from && dice.chance(35) {
            let seed = dice.pick(&seeds).clone();
            say = if dice.chance(60) { seed } else { mutated(&mut dice, &seed, &seeds) };
        }
        if stream.write_all(&say).await.is_err() || stream.flush().await.is_err() {
            // what was sent before it hung up can still be read
            say.clear();
        }
        data = say.starts_with(b"354") || (data && say.is_empty());
        if turn >= wild_from && dice.chance(5) {
            return;
        }
        loop {
            line.clear();
            if !matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
                return;
            }
            if line == b".\r\n" {
                dots.fetch_add(1, Ordering::SeqCst);
                data = false;
                break;
            }
            if !data {
                break;
            }
        }
        let command = String::from_utf8_lossy(&line).into_owned();
        say = match (command.as_str(), answers) {
            // the two answers of AUTH LOGIN
            (text, 0..2)
                if !text.contains(' ')
                    && text.trim_end() != "DATA"
                    && !pipelining
                    && text.len() < 20
                    && turn < 6 =>
            {
                answers += 1;
                if answers == 1 { b"334 UGFzc3dvcmQ6\r\n".to_vec() } else { b"235 in\r\n".to_vec() }
            }
            (text, _) => polite(text.trim_end(), pipelining).as_bytes().to_vec(),
        };
    }
}

fn check_reply(reply: &Reply) {
    assert!(reply.code < 1000, "{reply:?}");
    assert!(
        reply.text.chars().count() <= 512 && !reply.text.chars().any(char::is_control),
        "{reply:?}"
    );
}

#[test]
fn sessions() {
    let seeds: Arc<Vec<Vec<u8>>> =
        Arc::new(REPLIES.iter().map(|reply| reply.as_bytes().to_vec()).collect());
    let lent = Lent::new();
    let counts = [const { AtomicUsize::new(0) }; 4];
    run("SMTP sessions", 12_000, |dice| {
        lent.play(async |world, theirs| {
            let dots = Arc::new(AtomicUsize::new(0));
            let hostile = Dice::new(dice.roll());
            let server =
                tokio::spawn(server(theirs, hostile, Arc::clone(&seeds), Arc::clone(&dots)));
            let mut session = match Session::login(&world, &login()).await {
                Ok(session) => session,
                Err(failure) => {
                    counts[0].fetch_add(1, Ordering::Relaxed);
                    return check_failure(&failure);
                }
            };
            let recipients: Vec<String> =
                (0..=dice.below(4)).map(|n| format!("r{n}@x.example")).collect();
            for _ in 0..2 {
                let begun = session.begin("me@own.example", &recipients, 40, false).await;
                let Begun { replies, cut, ready } = match begun {
                    Ok(begun) => begun,
                    Err(failure) => {
                        check_failure(&failure);
                        break;
                    }
                };
                assert!(replies.len() == recipients.len() || cut.is_some());
                assert!(cut.is_none() || ready.is_none());
                replies.iter().for_each(check_reply);
                let Some(ready) = ready else { continue };
                assert!(replies.iter().any(|reply| reply.code / 100 == 2), "nobody to send to");
                let before = dots.load(Ordering::SeqCst);
                match ready.deliver(&b"Subject: x\r\n\r\nhello\r\n.\r\nend\r\n"[..]).await {
                    Outcome::Answered(reply) => {
                        check_reply(&reply);
                        counts[1].fetch_add(1, Ordering::Relaxed);
                    }
                    Outcome::Lost(_) => {
                        counts[2].fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                    Outcome::NotSent(_) => {
                        counts[3].fetch_add(1, Ordering::Relaxed);
                        drop(session);
                        let _ = server.await;
                        assert_eq!(
                            dots.load(Ordering::SeqCst),
                            before,
                            "sent, and said that it was not"
                        );
                        return;
                    }
                }
            }
            session.quit().await;
            server.abort();
        });
    });
    let [refused, answered, lost, unsent] = counts.map(AtomicUsize::into_inner);
    println!(
        "SMTP sessions: {refused} logins refused, {answered} answered, {lost} lost, {unsent} not sent"
    );
    assert!(
        std::env::var_os("CHAPAR_FUZZ_ONLY").is_some()
            || (refused > 50 && answered > 50 && lost > 5)
    );
}
