//! Where the grant of a sign-in lies: in a keyring that is open, locked, absent or dies, or in the
//! sealed file. Connect, restart, refresh and removal each time; a grant is never lost by a keyring.

use std::fs;
use std::time::Duration;

use chapar_tests::rig::User;
use chapar_tests::rig::home::Home;
use chapar_tests::rig::keyring::Desktop;
use chapar_tests::rig::oidc::Persona;
use chapar_tests::rig::process::wait_for;
use serde_json::{Value, json};

use crate::SYNC_LIMIT;
use crate::signin::Town;

/// Short, so that a test sees renewals.
const TTL: u64 = 6;
/// A renewal comes within a life; a keyring that came back is asked again within a minute.
const RENEWAL_LIMIT: Duration = Duration::from_mins(2);

fn town(desktop: &Desktop) -> (Town, User) {
    let town = Town::in_home(Persona::Generic, desktop.home());
    town.rig.issuer(Persona::Generic).set(&json!({"accessTtl": TTL}));
    let user = town.rig.user();
    (town, user)
}

/// Waits for `count` renewals more than there are now.
fn renewed(town: &Town, user: &User, count: usize) {
    let issuer = town.rig.issuer(Persona::Generic);
    let before = issuer.grants(user).len();
    wait_for(RENEWAL_LIMIT, "a renewal", || {
        (issuer.grants(user).len() >= before + count).then_some(())
    });
    // what is answered may not be stored yet, and an issuer as strict as this one forgives no loss
    let account = town.account(user);
    wait_for(RENEWAL_LIMIT, "the newest token in use", || {
        let token = town.home.chapar(&["token", &account], b"").text();
        let newest = issuer.grants(user).pop()?;
        (token.trim_end() == newest.secrets[0]).then_some(())
    });
    let signed_in =
        issuer.grants(user).iter().filter(|one| one.kind == "authorization_code").count();
    assert_eq!(signed_in, 1, "nobody signed in again");
}

fn vault(home: &Home) -> Value {
    home.status()["daemon"]["vault"].clone()
}

fn sealed(home: &Home) -> bool {
    home.state_dir().join("secrets.sealed").exists()
}

/// Everything after the sign-in: renewals, a restart, a crash, renewals, the end.
fn life(town: &Town, user: &User, account: &str) {
    town.home.wait_live(account, SYNC_LIMIT);
    renewed(town, user, 1);
    town.home.stop();
    town.home.start();
    town.home.wait_live(account, SYNC_LIMIT);
    renewed(town, user, 1);
    town.home.kill();
    town.home.start();
    town.home.wait_live(account, SYNC_LIMIT);
    renewed(town, user, 1);
    remove(town, user, account);
}

fn remove(town: &Town, user: &User, account: &str) {
    let issuer = town.rig.issuer(Persona::Generic);
    let ran = town.home.chapar(&["account", "remove", account, "-y"], b"");
    assert_eq!(ran.code, Some(0), "{} {}", ran.text(), ran.stderr);
    let grants = issuer.grants(user);
    let form = json!({
        "client_id": "rig-public", "grant_type": "refresh_token",
        "refresh_token": grants.last().unwrap().secrets[1],
    });
    let url = format!("{}/token", issuer.url());
    let answer = wait_for(SYNC_LIMIT, "the grant given back", || {
        let answer = chapar_tests::rig::python::post(town.rig, &url, &form);
        (answer["body"]["error"] == "invalid_grant").then_some(answer)
    });
    assert_eq!(answer["status"], 400);
    issuer.set(&json!({"accessTtl": 3600}));
}

#[test]
fn an_open_keyring_has_it_alone() {
    let mut desktop = Desktop::new();
    desktop.unlock();
    let (town, user) = town(&desktop);
    let account = town.connect(&user);
    assert!(vault(&town.home).to_string().contains("secret-service"), "{}", vault(&town.home));
    assert!(desktop.items() >= 1);
    assert!(!sealed(&town.home), "no second copy");
    life(&town, &user, &account);
    assert_eq!(desktop.items(), 0, "nothing is left in the keyring");
}

#[test]
fn a_locked_keyring_gives_way_to_the_sealed_file() {
    let mut desktop = Desktop::new();
    desktop.lock();
    let (town, user) = town(&desktop);
    let account = town.connect(&user);
    let said = vault(&town.home).to_string();
    assert!(said.contains("file"), "{said}");
    assert!(sealed(&town.home));
    life(&town, &user, &account);
}

#[test]
fn without_a_keyring_there_is_the_sealed_file() {
    let desktop = Desktop::new();
    let (town, user) = town(&desktop);
    let account = town.connect(&user);
    assert!(vault(&town.home).to_string().contains("file"));
    life(&town, &user, &account);
    let left = fs::read(town.home.state_dir().join("secrets.sealed")).unwrap_or_default();
    assert!(left.len() < 512, "{} bytes are left of one removed account", left.len());
}

#[test]
fn a_keyring_locked_at_the_start_is_waited_for() {
    let mut desktop = Desktop::new();
    desktop.unlock();
    let (town, user) = town(&desktop);
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    town.home.stop();
    desktop.lock();
    town.home.start();
    let said =
        town.home.wait_account(&account, SYNC_LIMIT, "the locked keyring named", |account| {
            account.to_string().contains("secrets.")
        });
    assert!(!said.to_string().contains("oauth.expired"), "a lock is no lost grant: {said}");
    desktop.unlock();
    town.home.wait_live(&account, RENEWAL_LIMIT);
    renewed(&town, &user, 1);
    remove(&town, &user, &account);
}

#[test]
fn a_keyring_that_hangs_at_the_first_call_gets_the_later_secrets() {
    let mut desktop = Desktop::new();
    desktop.unlock();
    desktop.freeze();
    let (town, user) = town(&desktop);
    let account = town.connect(&user);
    assert!(vault(&town.home).to_string().contains("file"), "{}", vault(&town.home));
    assert!(sealed(&town.home));
    desktop.thaw();
    // the next renewal after a minute finds the keyring well, and the file gives its copy away
    wait_for(RENEWAL_LIMIT, "the grant in the keyring", || {
        renewed(&town, &user, 1);
        vault(&town.home).to_string().contains("secret-service").then_some(())
    });
    renewed(&town, &user, 1);
    assert!(desktop.items() >= 1);
    let left = fs::read(town.home.state_dir().join("secrets.sealed")).unwrap_or_default();
    assert!(left.len() < 512, "{} bytes: a secret lies in both", left.len());
    life(&town, &user, &account);
    assert_eq!(desktop.items(), 0, "nothing is left in the keyring");
}

#[test]
fn a_keyring_that_dies_midway_loses_no_grant() {
    let mut desktop = Desktop::new();
    desktop.unlock();
    let (town, user) = town(&desktop);
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    renewed(&town, &user, 1);
    desktop.kill();
    // two lives of a token without a keyring
    std::thread::sleep(Duration::from_secs(2 * TTL + 2));
    let said = town.home.account_status(&account);
    assert!(!said.to_string().contains("oauth.expired"), "{said}");
    desktop.unlock();
    renewed(&town, &user, 2);
    town.home.wait_live(&account, RENEWAL_LIMIT);
    assert_eq!(town.home.account_status(&account)["state"], "live");
    town.home.kill();
    town.home.start();
    town.home.wait_live(&account, SYNC_LIMIT);
    renewed(&town, &user, 1);
    remove(&town, &user, &account);
    assert_eq!(desktop.items(), 0, "nothing is left in the keyring");
}
