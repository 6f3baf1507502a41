//! Connecting at a terminal, as a person meets it: every way in and every refusal, word for word.

mod given_up;
mod internet;
mod move_in_place;
mod others;
mod race;
mod sign_in;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use chapar_tests::rig::home::binary;
use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use chapar_tests::sandbox::oauth::shape::Shape;
use chapar_tests::sandbox::provider::Personality;
use serde_json::{Value, json};

use super::stage::{ANA, PASSWORD, Stage, THEN};
use super::terminal::{on_terminal, settled};
use super::transcript::Transcript;

/// Somebody else at the same provider.
const BO: &str = "bo@example.test";
/// The shell runs where nobody sits.
const REMOTE: (&str, &str) = ("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22");
/// The address to open, and everything up to where the final one is asked for.
const ADDRESS: &str = r"^(https://\S+)\r\n.*address>";

/// A home where the provider of `example.test` is known by the configuration: as Microsoft, as
/// Google, or as a company of its own. `$BROWSER` is a person who signs in.
fn stage(personality: Personality) -> Stage {
    let stage = Stage::with(personality).variable("BROWSER", binary("person").to_str().unwrap());
    let person = stage.elsewhere("person.json");
    let stage = stage.variable("CHAPAR_PERSON", &person);
    fs::create_dir_all(stage.dir().join("config/chapar")).unwrap();
    stage.file("config/chapar/config.toml", &configuration(&stage));
    corpus::fill(&stage.provider.store, ANA, &corpus::MAILBOXES, 40, 7, THEN);
    sit_down(&stage, ANA, &json!({}));
    stage
}

/// A sign-in with this `$BROWSER`.
pub(crate) fn stage_with_browser(browser: &str) -> Stage {
    stage(Personality::default()).variable("BROWSER", browser)
}

fn configuration(stage: &Stage) -> String {
    let issuer = &stage.provider.issuer;
    let (key, client) = match stage.provider.personality.shape {
        Shape::Microsoft => ("microsoft", NATIVE_CLIENT),
        Shape::Google => ("google", DESKTOP_CLIENT),
        Shape::Generic => ("works", NATIVE_CLIENT),
    };
    let mut text = format!(
        "[discover]\nask = false\n[[provider]]\nkey = '{key}'\ndomains = ['example.test']\n\
         imap = 'localhost:{}'\nsmtp = 'localhost:{}'\nca_file = '{}'\nissuer = '{}'\n\
         client_id = '{client}'\n",
        stage.ports.imaps,
        stage.ports.smtps,
        stage.path("ca.pem"),
        issuer.id(),
    );
    match stage.provider.personality.shape {
        // its metadata is read
        Shape::Generic => text += "name = 'Example Works'\n",
        shape => {
            write!(
                text,
                "authorize_url = '{}'\ntoken_url = '{}'\ndevice_url = '{}'\n",
                issuer.authorize_url(),
                issuer.token_url(),
                issuer.device_url()
            )
            .unwrap();
            if shape == Shape::Google {
                let secret = stage.file("client-secret", DESKTOP_SECRET);
                let revoke = issuer.revoke_url().unwrap();
                write!(text, "revoke_url = '{revoke}'\nclient_secret_file = '{secret}'\n").unwrap();
            }
        }
    }
    text
}

/// From now on it is `user` who sits at the browser; `more` says what else they do.
fn sit_down(stage: &Stage, user: &str, more: &Value) {
    let mut person = json!({
        "user": user, "password": PASSWORD, "caFile": stage.path("ca.pem"),
        "log": stage.elsewhere("browser.log"),
    });
    person.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fs::write(stage.elsewhere("person.json"), person.to_string()).unwrap();
}

/// What the browser did; empty when none was started.
fn browser(stage: &Stage) -> String {
    fs::read_to_string(stage.elsewhere("browser.log")).unwrap_or_default()
}

/// A program that stands in for the browser.
fn script(stage: &Stage, name: &str, text: &str) -> String {
    let path = stage.elsewhere(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The words of a person who goes to the address elsewhere and copies the one where it ends.
fn elsewhere() -> [String; 3] {
    [binary("person").display().to_string(), "--stop".to_owned(), "{}".to_owned()]
}

/// A person with another device types the code there.
fn typed_code(stage: &Stage) -> Talk {
    let page = format!("https://localhost:{}/device", stage.ports.issuer);
    let words = [&elsewhere()[0], "--device", &page, "{}"];
    Talk::new().runs(r"type .{0,8}?([A-Z]{4}-[A-Z]{4}).*address>", &words)
}

/// Runs `chapar ARGS…` on a terminal and writes it down as it stands at the end.
fn told(
    told: &mut Transcript<'_>,
    stage: &Stage,
    args: &[&str],
    talk: &Talk,
    variables: &[(&str, &str)],
) -> (String, i32) {
    let (said, code) = on_terminal(stage, args, talk, variables);
    // whether forty mails are still coming when somebody looks is chance
    let page = settled(&said);
    let lasting = page.lines().filter(|line| !line.starts_with("First sync: the newest"));
    told.note(args, &lasting.map(|line| format!("{line}\n")).collect::<String>(), code);
    (said, code)
}

/// The accounts there are.
fn accounts(stage: &Stage) -> Vec<Value> {
    stage.json(&["account", "list"], "").0["accounts"].as_array().unwrap().clone()
}

/// The vault as it lies on the disk; empty while nothing was put in.
fn vault(stage: &Stage) -> Vec<u8> {
    fs::read(stage.dir().join("state/chapar/secrets.sealed")).unwrap_or_default()
}
