//! The person at the browser, as a program: `BROWSER=person` signs in at the address it is given,
//! the way `xdg-open` would have shown it to somebody.
//!
//! `person [--stop] ADDRESS` with `CHAPAR_PERSON` naming a JSON file: `{"user", "password", "caFile"}`
//! and, where it matters, `"otp"`, `"denies": true`, `"ticks": [scope…]`, `"log": FILE`. With
//! `--stop` it prints the final address instead of loading it, for pasting. With
//! `person --device PAGE CODE` it types a device code.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people and tests")]

use chapar_tests::sandbox::oauth::person::{Boxes, Person};
use std::process::ExitCode;

/// Where the person is described.
const DESCRIBED_BY: &str = "CHAPAR_PERSON";

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Described {
    user: String,
    password: String,
    ca_file: std::path::PathBuf,
    otp: Option<String>,
    #[serde(default)]
    denies: bool,
    ticks: Option<Vec<String>>,
    /// What happened is added to this file: a browser that a program starts has no terminal.
    log: Option<std::path::PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let described = match read() {
        Ok(described) => described,
        Err(error) => {
            eprintln!("person: {error}");
            return ExitCode::from(2);
        }
    };
    let done = act(&described).await;
    let line = match &done {
        // the final address holds a code, which is for whoever pastes it
        Ok(words) if words.starts_with("http") => "stopped before the end\n".to_owned(),
        Ok(words) | Err(words) => format!("{words}\n"),
    };
    if let Some(log) = &described.log {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        let written =
            file.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()));
        if let Err(error) = written {
            eprintln!("person: {}: {error}", log.display());
        }
    }
    match done {
        Ok(words) => {
            println!("{words}");
            ExitCode::SUCCESS
        }
        Err(words) => {
            eprintln!("person: {words}");
            ExitCode::FAILURE
        }
    }
}

fn read() -> Result<Described, String> {
    let file = std::env::var_os(DESCRIBED_BY).ok_or(format!("{DESCRIBED_BY} names no file"))?;
    let text = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))
}

async fn act(described: &Described) -> Result<String, String> {
    let ca_pem = std::fs::read_to_string(&described.ca_file)
        .map_err(|error| format!("{}: {error}", described.ca_file.display()))?;
    let mut person = Person::new(&described.user, &described.password, &ca_pem);
    if let Some(otp) = &described.otp {
        person.otp.clone_from(otp);
    }
    if let Some(ticks) = &described.ticks {
        person = person.who_ticks(Boxes::Only(ticks.clone()));
    }
    if described.denies {
        person = person.who_denies();
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--stop", address] => person.final_address(address).await,
        ["--device", page, code] => {
            person.device(page, code).await.map(|_| "the device was approved".into())
        }
        [address] => {
            let landing = person.sign_in(address).await?;
            // the address holds a code: only its place is said
            let place = landing.address.split('?').next().unwrap_or_default();
            Ok(format!("ended at {place}: {}", landing.status))
        }
        _ => Err("usage: person [--stop] ADDRESS | --device PAGE CODE".into()),
    }
}
