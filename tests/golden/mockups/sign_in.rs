//! Signing in at a provider: Microsoft 365, the same over SSH, an administrator's consent, Google
//! with a box that was not ticked, a code typed on a device, an issuer that names nobody.

use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::grant::Death;
use chapar_tests::sandbox::oauth::http::Answer;
use chapar_tests::sandbox::oauth::shape::GOOGLE_MAIL;
use chapar_tests::sandbox::provider::Personality;
use serde_json::json;

use super::{
    ADDRESS, ANA, BO, REMOTE, accounts, browser, elsewhere, script, sit_down, stage, told,
    typed_code, vault,
};
use crate::stage::Stage;
use crate::terminal::{coloured, on_terminal, settled};
use crate::transcript::Transcript;

#[test]
fn microsoft_365() {
    let stage = stage(Personality::microsoft());
    let mut page = Transcript::new(&stage, "connect_microsoft");
    let words = ["connect", ANA];
    let (said, code) = told(&mut page, &stage, &words, &Talk::new(), &[]);
    assert_eq!(code, 0, "{said}\n{}", browser(&stage));
    assert!(browser(&stage).contains("200"), "{}", browser(&stage));
    assert!(stage.provider.ledger.credentials().iter().all(|shown| shown.token), "a password left");
    // where only ASCII can be shown, and no colour
    stage.json(&["account", "remove", "ana", "--confirm", "ana"], "");
    page.with(&[("LC_ALL", "C"), ("NO_COLOR", "1")]);
    let plain = [("LC_ALL", "C"), ("NO_COLOR", "1")];
    let (said, code) = told(&mut page, &stage, &words, &Talk::new(), &plain);
    assert_eq!(code, 0, "{said}");
    assert!(said.is_ascii() && !said.contains("\u{1b}[0m"), "{said}");
    page.check();
}

#[test]
fn microsoft_365_over_ssh() {
    let stage = stage(Personality::microsoft());
    let mut page = Transcript::new(&stage, "connect_remote");
    let words = elsewhere();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // somebody else's address first: refused at once, and asked for again
    let keep = ["/bin/sh", "-c", "printf %s \"$0\" >address", "{}"];
    let open = ["/bin/sh", "-c", "exec \"$0\" --stop \"$(cat address)\"", words[0]];
    let talk = Talk::new()
        .runs(ADDRESS, &keep)
        .answers("", "http://localhost/?code=of-somebody&state=else")
        .pastes("address>", &open);
    let (said, code) = told(&mut page, &stage, &["connect", ANA], &talk, &[REMOTE]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        browser(&stage).lines().count(),
        1,
        "one browser, the person's own: {}",
        browser(&stage)
    );
    assert_alone(&said);
    page.check();
}

/// The address stands in one line, unbroken, with nothing else in it.
fn assert_alone(said: &str) {
    let lines: Vec<&str> = said.lines().map(|line| line.trim_end_matches('\r')).collect();
    let at = lines.iter().position(|line| line.starts_with("https://")).unwrap();
    assert!(!lines[at].contains([' ', '\u{1b}']), "{}", lines[at]);
    assert!(lines[at].contains("state=") && lines[at].contains("code_challenge="), "{}", lines[at]);
    assert_eq!((lines[at - 1], lines[at + 1]), ("", ""), "nothing beside it");
}

#[test]
fn an_administrator_has_to_agree() {
    let stage = stage(Personality::microsoft());
    stage.provider.issuer.rule(|rules| rules.admin_consent = true);
    let mut page = Transcript::new(&stage, "connect_admin_consent");
    let (said, code) = on_terminal(&stage, &["connect", ANA], &Talk::new(), &[]);
    assert_eq!(code, 77, "{said}");
    page.note(&["connect", ANA], &coloured(&said), code);
    let link = said.lines().find(|line| line.contains("/adminconsent?client_id=")).unwrap();
    assert_eq!(link.split_whitespace().count(), 1, "alone: {link}");
    page.with(&[("NO_COLOR", "1")]);
    let off = [("NO_COLOR", "1")];
    let (again, code) = told(&mut page, &stage, &["connect", ANA], &Talk::new(), &off);
    assert_eq!(code, 77);
    let refusal = |said: &str| settled(said).split_once('✗').unwrap().1.to_owned();
    assert!(!again.contains("\u{1b}[0m"), "{again}");
    assert_eq!(refusal(&said), refusal(&again), "colour adds nothing but colour");
    assert_eq!(accounts(&stage).len(), 0);
    assert_eq!(vault(&stage), b"", "a secret was kept");
    stage.provider.issuer.rule(|rules| rules.admin_consent = false);
    let (said, code) = told(&mut page, &stage, &["connect", ANA, "--resume"], &Talk::new(), &[]);
    assert_eq!(code, 0, "{said}");
    page.check();
}

#[test]
fn a_box_at_google_that_is_not_ticked() {
    let stage = stage(Personality::google());
    sit_down(&stage, ANA, &json!({ "ticks": [GOOGLE_MAIL] }));
    let ticks = stage.elsewhere("ticks.json");
    std::fs::rename(stage.elsewhere("person.json"), &ticks).unwrap();
    sit_down(&stage, ANA, &json!({ "ticks": [] }));
    // who is asked again ticks
    let text = format!(
        "#!/bin/sh\nmkdir asked 2>/dev/null || export CHAPAR_PERSON='{ticks}'\nexec '{}' \"$1\"\n",
        elsewhere()[0]
    );
    let browser = script(&stage, "browser", &text);
    let mut page = Transcript::new(&stage, "connect_google");
    let again = [("BROWSER", browser.as_str())];
    let (said, code) = told(&mut page, &stage, &["connect", ANA], &Talk::new(), &again);
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("Opening your browser").count(), 2, "{said}");
    page.check();
}

#[test]
fn a_code_for_any_device() {
    let stage = stage(Personality::default());
    stage.provider.issuer.rule(|rules| rules.interval = 1);
    let mut page = Transcript::new(&stage, "connect_device");
    let words = ["connect", ANA, "--device"];
    let (said, code) = told(&mut page, &stage, &words, &typed_code(&stage), &[REMOTE]);
    assert_eq!(code, 0, "{said}\n{}", browser(&stage));
    page.check();
}

#[test]
fn an_issuer_that_names_nobody() {
    let stage = stage(Personality::default());
    stage.provider.issuer.rule(|rules| rules.id_token = false);
    let silent = Answer::json(403, &json!({ "error": "insufficient_scope" }));
    let silent = Fault::Http { command: "USERINFO".into(), answer: silent, done: false };
    stage.provider.faults.always(Service::Issuer, silent);
    let mut page = Transcript::new(&stage, "connect_nameless");
    let (said, code) = told(&mut page, &stage, &["connect", ANA], &Talk::new(), &[]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("Signed in as"), "nobody was named: {said}");
    page.check();
}

#[test]
fn what_the_sign_in_ends_with_instead() {
    let stage = stage(Personality::default());
    let mut page = Transcript::new(&stage, "sign_in_refused");
    let words = ["connect", ANA];
    let mut refused = |stage: &Stage, exit: i32| {
        let (said, code) = told(&mut page, stage, &words, &Talk::new(), &[]);
        assert_eq!(code, exit, "{said}\n{}", browser(stage));
        assert_eq!(accounts(stage).len(), 0);
        assert_eq!(vault(stage), b"", "a secret was kept");
    };
    sit_down(&stage, BO, &json!({}));
    refused(&stage, 77);
    sit_down(&stage, ANA, &json!({ "denies": true }));
    refused(&stage, 77);
    // the log-in page of a hotel answers for the issuer: before the sign-in, and after it
    sit_down(&stage, ANA, &json!({}));
    let portal = |command: &str| Fault::Http {
        command: command.into(),
        answer: Answer::html(200, "<html><title>Hotel WiFi</title>Please log in</html>".into()),
        done: false,
    };
    stage.provider.faults.always(Service::Issuer, portal("METADATA"));
    refused(&stage, 78);
    stage.provider.faults.clear();
    stage.provider.faults.always(Service::Issuer, portal("EXCHANGE"));
    refused(&stage, 75);
    stage.provider.faults.clear();
    let other = Fault::Certificate(CertificateKind::WrongHost);
    stage.provider.faults.add(Service::Issuer, other, 2);
    refused(&stage, 77);
    stage.provider.faults.clear();
    let (error, code) = stage.json(&["connect", ANA, "--provider", "hotmial"], "");
    assert_eq!((code, error["error"]["data"]["code"].as_str()), (65, Some("account.provider")));
    let unknown = ["connect", ANA, "--provider", "hotmial"];
    assert_eq!(told(&mut page, &stage, &unknown, &Talk::new(), &[]).1, 65);
    page.check();
    // Bo's consent was given back
    assert_eq!(stage.provider.issuer.fates(BO), [Some(Death::GivenBack)]);
}
