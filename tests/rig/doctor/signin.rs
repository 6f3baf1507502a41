//! The provider's sign-in: taken back, unknown, out of reach, or for an administrator to allow.

use std::path::Path;
use std::process::Command;

use chapar_tests::rig::oidc::{Issuer, Persona};
use chapar_tests::rig::person::{Person, Says, With};
use chapar_tests::rig::process::run;
use serde_json::json;

use super::network::Wall;
use super::{AGAIN, Clinic, Finding, Patient, USUAL};
use crate::signin::Town;

/// A token's life, so that the issuer is asked while somebody looks.
const TTL: u64 = 4;

pub(super) fn all(_: &Clinic<'_>) {
    let town = Town::new(Persona::Generic);
    revoked(&town);
    client_deleted(&town);
    out_of_reach(&town);
    administrator(&Town::new(Persona::Microsoft));
}

/// Somebody who signed in; the token ends soon, and the next ones do not.
fn admit(town: &Town, persona: Persona) -> (Patient<'_>, Issuer<'static>) {
    let issuer = town.rig.issuer(persona);
    issuer.set(&json!({"accessTtl": TTL}));
    let user = town.rig.user();
    let account = town.connect(&user);
    town.home.wait_live(&account, AGAIN);
    issuer.grants(&user);
    let quiet = town.home.chapar(&["account", "update", &account, "--notify", "none"], b"");
    assert_eq!(quiet.code, Some(0), "{}", quiet.stderr);
    (Patient { home: &town.home, user, account }, issuer)
}

/// Runs the printed command with a person at the browser.
fn sign_in(town: &Town, patient: &Patient<'_>, words: &[String]) -> (i32, String) {
    let person = Person::new(town.rig, &patient.user, With::PlainHttp, Says::Yes);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = town.home.chapar_with_browser(&person.browser(), &words);
    (ran.code.unwrap_or(-1), format!("{}{}", ran.text(), ran.stderr))
}

fn cured(town: &Town, patient: &Patient<'_>, issuer: &Issuer<'_>, found: &Finding) {
    patient.is_cured(found);
    issuer.grants(&patient.user);
    let removed = town.home.chapar(&["account", "remove", &patient.account, "-y"], b"");
    assert_eq!(removed.code, Some(0), "{}", removed.stderr);
}

fn revoked(town: &Town) {
    let (patient, issuer) = admit(town, Persona::Generic);
    issuer.revoke(&patient.user);
    let found = patient.finds("signIn", "oauth.expired", "you");
    found.asks(&town.home, "sign in again");
    issuer.set(&json!({"accessTtl": 3600}));
    let (code, said) = sign_in(town, &patient, &found.command("chapar account reconnect", &[]));
    assert_eq!(code, 0, "{said}");
    cured(town, &patient, &issuer, &found);
}

fn client_deleted(town: &Town) {
    let (patient, issuer) = admit(town, Persona::Generic);
    issuer.set(&json!({"forgotten": "rig-public", "accessTtl": 3600}));
    let found = patient.finds("signIn", "oauth.client", "you");
    found.asks(&town.home, "name another with --client-id");
    let gaps = [("CLIENT", "rig-other")];
    let command =
        found.command(&format!("chapar account reconnect {} --client-id", patient.account), &gaps);
    let (code, said) = sign_in(town, &patient, &command);
    assert_eq!(code, 0, "{said}");
    cured(town, &patient, &issuer, &found);
    issuer.set(&json!({"forgotten": null}));
}

/// A firewall before the issuer, and the page of a hotel's network in its place.
fn out_of_reach(town: &Town) {
    let port = |issuer: &Issuer<'_>| issuer.url().rsplit_once(':').unwrap().1.parse().unwrap();
    for portal in [false, true] {
        let (patient, issuer) = admit(town, Persona::Generic);
        let wall = (!portal).then(|| Wall::build(port(&issuer), "reject with tcp reset"));
        if portal {
            issuer.fault(&json!({
                "path": "/token", "times": 1_000_000, "status": 200, "type": "text/html",
                "body": "<html><title>Welcome to our hotel</title>Room number?</html>",
            }));
        }
        let found = patient.finds("signIn", "oauth.unavailable", "nobody");
        found.asks(&town.home, "sign in to the network first");
        drop(wall);
        issuer.set(&json!({"accessTtl": 3600}));
        issuer.heal();
        found.then_sync(&town.home);
        cured(town, &patient, &issuer, &found);
    }
}

/// The organization takes its consent back: the person cannot, and the administrator can.
fn administrator(town: &Town) {
    let (patient, issuer) = admit(town, Persona::Microsoft);
    issuer.set(&json!({"adminConsent": true}));
    issuer.revoke(&patient.user);
    let found = patient.finds("signIn", "oauth.admin_consent", "admin");
    found.asks(&town.home, "send the link to your administrator");
    let command = found.command("chapar account reconnect", &[]);
    // before the administrator agreed it is no use, and nothing is lost
    let (code, said) = sign_in(town, &patient, &command);
    assert_eq!(code, 77, "{said}");
    assert!(said.contains("AADSTS90094"), "{said}");
    let link = found.check["remedy"][0]["link"].as_str().expect("a link").to_owned();
    assert!(link.contains("/adminconsent?client_id=rig-public"), "{link}");
    opened_by_the_administrator(town.rig.ca_file(), &link);
    issuer.set(&json!({"accessTtl": 3600}));
    let (code, said) = sign_in(town, &patient, &command);
    assert_eq!(code, 0, "{said}");
    cured(town, &patient, &issuer, &found);
}

fn opened_by_the_administrator(ca_file: &Path, link: &str) {
    let mut curl = Command::new("curl");
    let ran = run(curl.args(["-sS", "--fail", "--cacert"]).arg(ca_file).arg(link), b"", USUAL);
    assert_eq!(ran.code, Some(0), "{link}: {}", ran.stderr);
    assert!(ran.text().contains("lets this client in"), "{}", ran.text());
}
