//! Runs the sandbox provider on loopback until it is killed or its standard input ends, and prints
//! one JSON object that says where.
//!
//! `sandbox [--mails N] [--seed N] [--poor] [--shape generic|google|microsoft] [--token-seconds N]
//! [--mfa] [--stay] [--ports IMAPS,IMAP,SMTPS,SUBMISSION[,ISSUER]]`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people and tests")]

use chapar_tests::sandbox::corpus::{MAILBOXES, fill};
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use chapar_tests::sandbox::provider::{Personality, Provider};
use std::process::ExitCode;
use tokio::io::AsyncReadExt;

/// The users and passwords it always has; the mails go to the first.
const PEOPLE: [(&str, &str); 2] =
    [("ada@example.test", "correct horse"), ("bob@example.test", "battery staple")];

struct Arguments {
    mails: usize,
    seed: u64,
    personality: Personality,
    token_seconds: Option<i64>,
    mfa: bool,
    stay: bool,
    ports: [u16; 5],
}

fn arguments() -> Result<Arguments, String> {
    let mut read = Arguments {
        mails: 200,
        seed: 1,
        personality: Personality::default(),
        token_seconds: None,
        mfa: false,
        stay: false,
        ports: [0; 5],
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let wrong = |error| format!("{word}: {error}");
        match word.as_str() {
            "--mails" => read.mails = value()?.parse().map_err(wrong)?,
            "--seed" => read.seed = value()?.parse().map_err(wrong)?,
            "--poor" => read.personality = Personality::poor(),
            "--shape" => {
                read.personality = match value()?.as_str() {
                    "generic" => Personality::default(),
                    "google" => Personality::google(),
                    "microsoft" => Personality::microsoft(),
                    other => return Err(format!("there is no shape {other}")),
                }
            }
            "--token-seconds" => read.token_seconds = Some(value()?.parse().map_err(wrong)?),
            "--mfa" => read.mfa = true,
            "--stay" => read.stay = true,
            "--ports" => {
                let ports: Result<Vec<u16>, _> = value()?.split(',').map(str::parse).collect();
                let mut ports = ports.map_err(wrong)?;
                if ports.len() == 4 {
                    ports.push(0);
                }
                read.ports = ports
                    .try_into()
                    .map_err(|_| "--ports needs four numbers or five".to_owned())?;
            }
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    Ok(read)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments = arguments()?;
    let provider = Provider::new(arguments.personality);
    provider.issuer.rule(|rules| {
        rules.mfa = arguments.mfa;
        rules.access_seconds = arguments.token_seconds.unwrap_or(rules.access_seconds);
    });
    for (user, password) in PEOPLE {
        provider.store.add_account(user, password);
    }
    let now = jiff::Timestamp::now().as_second();
    fill(&provider.store, PEOPLE[0].0, &MAILBOXES, arguments.mails, arguments.seed, now);
    let ports = provider.listen_at(arguments.ports).await.map_err(|error| error.to_string())?;
    let ca_file = std::env::temp_dir().join(format!("chapar-sandbox-{}.pem", std::process::id()));
    std::fs::write(&ca_file, provider.ca_pem()).map_err(|error| error.to_string())?;
    let users: Vec<_> = PEOPLE
        .iter()
        .map(|(user, password)| serde_json::json!({"user": user, "password": password}))
        .collect();
    println!(
        "{}",
        serde_json::json!({
            "host": "127.0.0.1", "imaps": ports.imaps, "imap": ports.imap, "smtps": ports.smtps,
            "submission": ports.submission, "caFile": ca_file, "users": users,
            "mails": arguments.mails,
            "issuer": {
                "id": provider.issuer.id(), "authorizeUrl": provider.issuer.authorize_url(),
                "tokenUrl": provider.issuer.token_url(), "deviceUrl": provider.issuer.device_url(),
                "revokeUrl": provider.issuer.revoke_url(), "clientId": NATIVE_CLIENT,
                "desktopClientId": DESKTOP_CLIENT, "desktopClientSecret": DESKTOP_SECRET,
            },
        })
    );
    if arguments.stay {
        std::future::pending::<()>().await;
    }
    let mut sink = Vec::new();
    let _ = tokio::io::stdin().read_to_end(&mut sink).await;
    let _ = std::fs::remove_file(&ca_file);
    Ok(())
}
