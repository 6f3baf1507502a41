//! Runs the sandbox provider on loopback until it is killed or its standard input ends, and prints
//! one JSON object that says where.
//!
//! `sandbox [--mails N] [--seed N] [--poor] [--stay] [--ports IMAPS,IMAP,SMTPS,SUBMISSION]`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people and tests")]

use chapar_tests::sandbox::corpus::{MAILBOXES, fill};
use chapar_tests::sandbox::provider::{Personality, Provider};
use std::process::ExitCode;
use tokio::io::AsyncReadExt;

/// The users and passwords it always has; the mails go to the first.
const PEOPLE: [(&str, &str); 2] =
    [("ada@example.test", "correct horse"), ("bob@example.test", "battery staple")];

struct Arguments {
    mails: usize,
    seed: u64,
    poor: bool,
    stay: bool,
    ports: [u16; 4],
}

fn arguments() -> Result<Arguments, String> {
    let mut read = Arguments { mails: 200, seed: 1, poor: false, stay: false, ports: [0; 4] };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let wrong = |error| format!("{word}: {error}");
        match word.as_str() {
            "--mails" => read.mails = value()?.parse().map_err(wrong)?,
            "--seed" => read.seed = value()?.parse().map_err(wrong)?,
            "--poor" => read.poor = true,
            "--stay" => read.stay = true,
            "--ports" => {
                let ports: Result<Vec<u16>, _> = value()?.split(',').map(str::parse).collect();
                read.ports = ports
                    .map_err(wrong)?
                    .try_into()
                    .map_err(|_| "--ports needs four numbers".to_owned())?;
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
    let personality = if arguments.poor { Personality::poor() } else { Personality::default() };
    let provider = Provider::new(personality);
    for (user, password) in PEOPLE {
        provider.store.add_account(user, password);
    }
    let now = jiff::Timestamp::now().as_second();
    fill(&provider.store, PEOPLE[0].0, &MAILBOXES, arguments.mails, arguments.seed, now);
    let ports = provider.listen(arguments.ports).await.map_err(|error| error.to_string())?;
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
