//! Moving an account to another login while it works: nothing is fetched again, lost or doubled, and
//! whatever goes wrong at whichever step, the old login is as it was.

use chapar_daemon::world::clock::Clock as _;
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use chapar_tests::sandbox::oauth::person::{Boxes, Person};
use chapar_tests::sandbox::oauth::rules::SmtpAuth;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::{PASSWORD, Player, USER};
use chapar_tests::sim::scenario::Step;
use chapar_tests::sim::{HOST, run};
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody else at the same provider.
pub(crate) const BOB: &str = "bob@sim.test";
/// Bob's password.
pub(crate) const BOBS: &str = "canary-b0b-77ee";
/// Mails that wait in the outbox during the move.
const WAITING: usize = 20;

/// A player whose account works and is synced, with somebody else at the provider.
pub(crate) async fn playing(seed: u64) -> Player {
    let mut player = Player::new(seed, Personality::default()).await;
    player.world.provider.store.add_account(BOB, BOBS);
    player.connect().await.unwrap();
    player.play(&Step::Wait(Duration::from_mins(5))).await;
    player
}

/// What a move must leave alone.
pub(crate) async fn facts(player: &mut Player) -> [Value; 3] {
    let accounts = player.call("Account/get", json!({})).await["result"]["list"].clone();
    let account = json!({ "accountId": accounts[0]["id"] });
    let mailboxes = player.call("Mailbox/query", account.clone()).await["result"]["ids"].clone();
    let emails = player.call("Email/query", account).await["result"]["ids"].clone();
    [accounts, mailboxes, emails]
}

/// Begins to move the account; the attempt and the address to sign in at.
pub(crate) async fn begin(
    player: &mut Player,
    more: Value,
) -> Result<(String, Option<String>), Value> {
    let mut params = json!({ "replaceAccountId": "a1" });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = player.call("Account/connect", params).await;
    let Some(id) = answer["result"]["connectId"].as_str() else { return Err(answer) };
    let url = answer["result"]["signIn"]["authorizeUrl"].as_str().map(str::to_owned);
    Ok((id.to_owned(), url))
}

pub(crate) fn oauth(player: &Player) -> Value {
    json!({ "oauth": { "issuer": player.world.provider.issuer.id(), "clientId": NATIVE_CLIENT } })
}

/// The person signs in in a browser elsewhere and pastes the address it ends at.
pub(crate) async fn paste(player: &mut Player, id: &str, person: &Person, url: &str) -> Value {
    let address = person.final_address(url).await.unwrap();
    player.call("Account/connectAnswer", json!({ "connectId": id, "address": address })).await
}

/// The end of an attempt.
pub(crate) async fn end(player: &mut Player, id: &str) -> Value {
    for _ in 0..60 {
        let params = json!({ "connectId": id, "seen": 99, "waitMs": 10_000 });
        let status = player.call("Account/connectStatus", params).await["result"].clone();
        if status["error"] != Value::Null || status["state"] == "done" {
            return status;
        }
    }
    panic!("the attempt does not end");
}

fn steps(status: &Value) -> Vec<&str> {
    status["steps"].as_array().unwrap().iter().map(|s| s["what"].as_str().unwrap()).collect()
}

fn fetched(player: &Player) -> u64 {
    let commands = player.world.provider.ledger.commands(Service::Imap);
    ["FETCH part", "FETCH whole"].iter().filter_map(|what| commands.get(*what)).sum()
}

/// A mail to the INBOX reaches the mirror by push.
pub(crate) async fn arrives(player: &mut Player, seed: u8) -> bool {
    let before = mirrored(player).await;
    player.play(&Step::Deliver { mailbox: 0, seed }).await;
    player.play(&Step::Wait(Duration::from_secs(20))).await;
    mirrored(player).await > before
}

/// Mails in the mirror.
async fn mirrored(player: &mut Player) -> u64 {
    let answer = player.call("Email/query", json!({ "accountId": "a1" })).await;
    answer["result"]["total"].as_u64().unwrap()
}

#[test]
fn from_password_to_oauth_while_mail_comes_and_goes() {
    run(async {
        let mut player = playing(1).await;
        let at = player.world.clock.wall().after(Duration::from_mins(10));
        for number in 0..WAITING {
            player.schedule(u8::try_from(number).unwrap(), at).await;
        }
        let before = facts(&mut player).await;
        let mails = before[2].as_array().unwrap().len() as u64;
        let fetched_before = fetched(&player);
        let wish = oauth(&player);
        let (id, url) = begin(&mut player, wish).await.unwrap();
        let url = url.expect("the person has to sign in");
        player.play(&Step::Deliver { mailbox: 0, seed: 1 }).await;
        let waiting = json!({ "connectId": id });
        let status = player.call("Account/connectStatus", waiting).await["result"].clone();
        assert_eq!(status["state"], "signingIn");
        let person = Person::inside(USER, PASSWORD, &player.world.provider);
        let answered = paste(&mut player, &id, &person, &url).await;
        assert_eq!(answered["result"], json!({}), "{answered}");
        player.play(&Step::Deliver { mailbox: 0, seed: 2 }).await;
        let status = end(&mut player, &id).await;
        assert_eq!(status["state"], "done", "{status}");
        let expected =
            ["signedIn", "imap", "smtp", "sameMailbox", "saved", "switched", "forgotten"];
        assert_eq!(steps(&status), expected, "{status}");
        assert!(status["steps"][5]["detail"].as_str().unwrap().contains("0 mails fetched again"));
        player.play(&Step::Deliver { mailbox: 0, seed: 3 }).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        let after = facts(&mut player).await;
        assert_eq!(after[0][0]["id"], before[0][0]["id"]);
        assert_eq!(after[0][0]["auth"], "oauth2");
        assert_eq!(after[1], before[1], "the mailboxes are the same ones");
        let now: Vec<&Value> = after[2].as_array().unwrap().iter().collect();
        let kept = before[2].as_array().unwrap().iter().filter(|id| now.contains(id)).count();
        // the newest page holds fifty; three came
        assert!(kept as u64 >= mails.min(50) - 3, "{kept} of {mails} mails kept their ids");
        // three new mails, each first its head, then the whole
        assert_eq!(fetched(&player) - fetched_before, 6, "a mail was fetched again");
        assert_eq!(player.world.secrets.keys().len(), 1, "{:?}", player.world.secrets.keys());
        assert!(player.world.secrets.keys()[0].ends_with("/grant"));
        player.play(&Step::Wait(Duration::from_mins(12))).await;
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// One way in which a move fails, and the code that says so.
struct Wrong {
    code: &'static str,
    spoil: fn(&Player),
    person: fn(&Player) -> Person,
}

pub(crate) fn ada(player: &Player) -> Person {
    Person::inside(USER, PASSWORD, &player.world.provider)
}

pub(crate) fn bob(player: &Player) -> Person {
    Person::inside(BOB, BOBS, &player.world.provider)
}

fn refuses(player: &Player, service: Service, command: &str, text: &str) {
    let fault = Fault::Reply { command: command.into(), text: text.into() };
    player.world.provider.faults.add(service, fault, 1);
}

#[test]
fn whatever_fails_the_old_login_works_on() {
    let wrongs = [
        Wrong { code: "oauth.wrong_person", spoil: |_| (), person: bob },
        Wrong { code: "oauth.denied", spoil: |_| (), person: |p| ada(p).who_denies() },
        Wrong {
            code: "imap.not_connected",
            spoil: |p| p.world.provider.issuer.unconnect(USER, true),
            person: ada,
        },
        Wrong {
            code: "imap.unavailable",
            spoil: |p| refuses(p, Service::Imap, "LIST", "NO [UNAVAILABLE] Later."),
            person: ada,
        },
        Wrong {
            code: "smtp.auth_disabled",
            spoil: |p| p.world.provider.issuer.rule(|r| r.smtp_auth = SmtpAuth::OffForTenant),
            person: ada,
        },
        Wrong {
            code: "imap.unavailable",
            spoil: |p| refuses(p, Service::Imap, "FETCH", "NO [UNAVAILABLE] Later."),
            person: ada,
        },
        Wrong { code: "secrets.locked", spoil: |p| p.world.secrets.lock(true), person: ada },
    ];
    run(async move {
        let mut player = playing(2).await;
        let keys = player.world.secrets.keys();
        for (number, wrong) in wrongs.iter().enumerate() {
            let before = facts(&mut player).await;
            let wish = oauth(&player);
            let (id, url) = begin(&mut player, wish).await.unwrap();
            (wrong.spoil)(&player);
            let person = (wrong.person)(&player);
            paste(&mut player, &id, &person, &url.unwrap()).await;
            let status = end(&mut player, &id).await;
            assert_eq!(status["state"], "failed", "{}: {status}", wrong.code);
            assert_eq!(status["error"]["data"]["code"], wrong.code, "{status}");
            player.world.secrets.lock(false);
            player.world.provider.faults.clear();
            player.world.provider.issuer.unconnect(USER, false);
            player.world.provider.issuer.rule(|rules| rules.smtp_auth = SmtpAuth::Allowed);
            let after = facts(&mut player).await;
            assert_eq!(after[0][0]["auth"], "password", "{}", wrong.code);
            assert_eq!(after[1..], before[1..], "{}", wrong.code);
            assert_eq!(player.world.secrets.keys(), keys, "{}", wrong.code);
            let seed = 20 + u8::try_from(number).unwrap();
            assert!(arrives(&mut player, seed).await, "{}: no push any more", wrong.code);
        }
        // somebody else's mailbox is refused by name, whatever the address says
        let other = json!({ "user": BOB, "password": BOBS });
        let (id, _) = begin(&mut player, other).await.unwrap();
        let status = end(&mut player, &id).await;
        assert_eq!(status["error"]["data"]["code"], "account.other_mailbox", "{status}");
        assert!(status["error"]["message"].as_str().unwrap().contains(USER), "{status}");
        assert_eq!(player.world.secrets.keys(), keys);
        // given up while the person is asked
        let wish = oauth(&player);
        let (id, _) = begin(&mut player, wish).await.unwrap();
        let canceled = player.call("Account/connectCancel", json!({ "connectId": id })).await;
        assert_eq!(canceled["result"], json!({}));
        assert_eq!(end(&mut player, &id).await["state"], "canceled");
        let late = json!({ "connectId": id, "address": "http://127.0.0.1:1/?code=a&state=b" });
        assert_eq!(player.call("Account/connectAnswer", late).await["error"]["code"], 404);
        assert!(arrives(&mut player, 60).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// Turns of the daemon's tasks between two kills of a move.
const KILL_EVERY: usize = 24;

/// The process ends after each so many turns of a move to another password: exactly one login is
/// the account's afterwards, it works, and the vault holds no other secret.
#[test]
fn killed_at_any_step_one_password_stands() {
    let (mut moved, mut stayed) = (0, 0);
    for turns in (0..400_u32).step_by(KILL_EVERY) {
        let slot = run(async move {
            let mut player = playing(3).await;
            let again = json!({ "replaceAccountId": "a1", "password": PASSWORD });
            player.cast("Account/connect", again).await;
            player.crash(turns).await;
            player.play(&Step::Wait(Duration::from_mins(2))).await;
            let keys = player.world.secrets.keys();
            assert_eq!(keys.len(), 1, "after {turns} turns: {keys:?}");
            assert!(arrives(&mut player, 70).await, "after {turns} turns");
            player.judge().await.unwrap();
            player.stop().await;
            keys[0].ends_with("/password/1")
        });
        if slot { moved += 1 } else { stayed += 1 }
    }
    assert!(moved > 0 && stayed > 0, "the kills hit both sides: {moved} moved, {stayed} stayed");
}

/// The same from the moment at which the person has signed in: the grant or the password.
#[test]
fn killed_at_any_step_the_grant_or_the_password_stands() {
    let (mut moved, mut stayed) = (0, 0);
    for turns in (0..600_u32).step_by(KILL_EVERY) {
        let grant = run(async move {
            let mut player = playing(6).await;
            let wish = oauth(&player);
            let (id, url) = begin(&mut player, wish).await.unwrap();
            let address = ada(&player).final_address(&url.unwrap()).await.unwrap();
            let params = json!({ "connectId": id, "address": address });
            player.cast("Account/connectAnswer", params).await;
            player.crash(turns).await;
            player.play(&Step::Wait(Duration::from_mins(2))).await;
            let keys = player.world.secrets.keys();
            assert_eq!(keys.len(), 1, "after {turns} turns: {keys:?}");
            assert!(arrives(&mut player, 71).await, "after {turns} turns");
            let auth = facts(&mut player).await[0][0]["auth"].clone();
            let grant = keys[0].ends_with("/grant");
            assert_eq!(auth, if grant { "oauth2" } else { "password" }, "after {turns} turns");
            player.stop().await;
            grant
        });
        if grant { moved += 1 } else { stayed += 1 }
    }
    assert!(moved > 0 && stayed > 0, "the kills hit both sides: {moved} moved, {stayed} stayed");
}

/// Given up after each so many turns: either it was too late and the move is done, or nothing is.
#[test]
fn canceled_at_any_step_it_is_one_or_the_other() {
    let (mut done, mut canceled) = (0, 0);
    run(async {
        let mut player = playing(7).await;
        for turns in (0..600).step_by(KILL_EVERY) {
            let before = facts(&mut player).await[0][0]["auth"].clone();
            let keys = player.world.secrets.keys();
            let wish = oauth(&player);
            let (id, url) = begin(&mut player, wish).await.unwrap();
            let address = ada(&player).final_address(&url.unwrap()).await.unwrap();
            let params = json!({ "connectId": id, "address": address });
            player.cast("Account/connectAnswer", params).await;
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let cancel = player.call("Account/connectCancel", json!({ "connectId": id })).await;
            let status = end(&mut player, &id).await;
            let after = facts(&mut player).await[0][0]["auth"].clone();
            if status["state"] == "done" {
                done += 1;
                assert_eq!(cancel["error"]["code"], 404, "{cancel}");
                assert_eq!(after, "oauth2");
            } else {
                canceled += 1;
                assert_eq!(cancel["result"], json!({}));
                assert_eq!(status["state"], "canceled", "{status}");
                assert_eq!(after, before);
                assert_eq!(player.world.secrets.keys(), keys);
            }
            assert_eq!(player.world.secrets.keys().len(), 1, "{:?}", player.world.secrets.keys());
        }
        assert!(arrives(&mut player, 72).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
    assert!(done > 0 && canceled > 0, "both were met: {done} done, {canceled} canceled");
}

/// A disk that fails at the one commit: the old login stays, and the new secret goes.
#[test]
fn a_disk_that_fails_changes_nothing() {
    run(async {
        let mut player = playing(8).await;
        let keys = player.world.secrets.keys();
        for after in 0..6 {
            let wish = oauth(&player);
            let (id, url) = begin(&mut player, wish).await.unwrap();
            let person = ada(&player);
            player.disk.fail_after(after, std::io::ErrorKind::StorageFull);
            paste(&mut player, &id, &person, &url.unwrap()).await;
            let status = end(&mut player, &id).await;
            player.disk.heal();
            assert_eq!(status["state"], "failed", "{status}");
            assert_eq!(status["error"]["data"]["code"], "store.full", "{status}");
            player.play(&Step::Wait(Duration::from_mins(1))).await;
            assert_eq!(facts(&mut player).await[0][0]["auth"], "password");
            let seed = 90 + u8::try_from(after).unwrap();
            assert!(arrives(&mut player, seed).await, "after {after} operations");
        }
        // what could not be noted as gone is gone after the next start
        player.crash(0).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        assert_eq!(player.world.secrets.keys(), keys);
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// An account that was connected by OAuth from the beginning; then its sign-in anew, with the same
/// client and with another person's consent in between.
#[test]
fn connected_and_signed_in_anew_by_oauth() {
    run(async {
        let mut player = Player::new(9, Personality::default()).await;
        player.world.provider.store.add_account(BOB, BOBS);
        let endpoint = |port: u16| json!({ "host": HOST, "port": port, "security": "tls" });
        let mut params = oauth(&player);
        params["email"] = json!(USER);
        params["imap"] = endpoint(993);
        params["smtp"] = endpoint(465);
        let answer = player.call("Account/connect", params.clone()).await["result"].clone();
        let (id, url) = (answer["connectId"].as_str().unwrap(), &answer["signIn"]["authorizeUrl"]);
        // an address of another attempt is told at once, and this one goes on
        let wrong = json!({ "connectId": id, "address": "http://127.0.0.1:1/x?code=a&state=b" });
        let refused = player.call("Account/connectAnswer", wrong).await;
        assert!(refused["error"]["data"]["code"].is_string(), "{refused}");
        let person = ada(&player);
        paste(&mut player, id, &person, url.as_str().unwrap()).await;
        let status = end(&mut player, id).await;
        assert_eq!(steps(&status), ["signedIn", "imap", "smtp", "saved"], "{status}");
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        let twice = player.call("Account/connect", params).await;
        assert_eq!(twice["error"]["data"]["code"], "account.exists", "{twice}");
        let fetched_before = fetched(&player);
        let anew = json!({ "auth": "oauth2" });
        let (id, url) = begin(&mut player, anew.clone()).await.unwrap();
        let somebody = bob(&player);
        paste(&mut player, &id, &somebody, &url.unwrap()).await;
        let status = end(&mut player, &id).await;
        assert_eq!(status["error"]["data"]["code"], "oauth.wrong_person", "{status}");
        let words = status["error"]["message"].as_str().unwrap();
        assert!(words.contains(BOB) && words.contains(USER), "{words}");
        let (id, url) = begin(&mut player, anew).await.unwrap();
        let person = ada(&player);
        paste(&mut player, &id, &person, &url.unwrap()).await;
        let status = end(&mut player, &id).await;
        let expected =
            ["signedIn", "imap", "smtp", "sameMailbox", "saved", "switched", "forgotten"];
        assert_eq!(steps(&status), expected, "{status}");
        assert_eq!(fetched(&player), fetched_before);
        assert_eq!(player.world.secrets.keys().len(), 1);
        assert!(arrives(&mut player, 81).await);
        // back to a password
        let back = json!({ "password": PASSWORD });
        let (id, _) = begin(&mut player, back).await.unwrap();
        let status = end(&mut player, &id).await;
        assert_eq!(status["state"], "done", "{status}");
        // the one it replaced is left to its issuer: some take back all grants with one of them
        assert_eq!(player.world.provider.issuer.alive(USER), 1, "the grant was given back");
        assert!(player.world.secrets.keys()[0].contains("/password"));
        assert!(arrives(&mut player, 82).await);
        player.stop().await;
    });
}

/// A shared mailbox is opened with one's own sign-in and its own name; the other's name has to be
/// confirmed.
#[test]
fn a_shared_mailbox_needs_a_confirmed_alias() {
    run(async {
        let mut player = Player::new(10, Personality::default()).await;
        player.world.provider.store.add_account(BOB, BOBS);
        player.world.provider.issuer.share(BOB, USER);
        let endpoint = |port: u16| json!({ "host": HOST, "port": port, "security": "tls" });
        let mut params = oauth(&player);
        params["email"] = json!(USER);
        params["imap"] = endpoint(993);
        params["smtp"] = endpoint(465);
        for confirmed in [false, true] {
            params["aliasConfirmed"] = json!(confirmed);
            let answer = player.call("Account/connect", params.clone()).await["result"].clone();
            let id = answer["connectId"].as_str().unwrap().to_owned();
            let url = answer["signIn"]["authorizeUrl"].as_str().unwrap();
            let person = bob(&player);
            paste(&mut player, &id, &person, url).await;
            let status = end(&mut player, &id).await;
            let code = &status["error"]["data"]["code"];
            assert_eq!(code == "oauth.wrong_person", !confirmed, "{status}");
            assert_eq!(status["state"] == "done", confirmed, "{status}");
            assert_eq!(player.world.secrets.keys().len(), usize::from(confirmed));
        }
        let token = player.call("Account/token", json!({ "accountId": "a1" })).await;
        assert_eq!(token["result"]["user"], USER, "{token}");
        player.stop().await;
    });
}

/// A box that was not ticked: the page is opened again with the reason, at most three times.
#[test]
fn an_unticked_box_is_asked_for_again() {
    run(async {
        let mut player = playing(11).await;
        player.world.provider.issuer.rule(|rules| rules.boxes = true);
        let mut wish = oauth(&player);
        wish["oauth"]["scopes"] = json!(["openid", "email", "offline_access", "mail"]);
        for ticks_at in [1, 9] {
            let (id, url) = begin(&mut player, wish.clone()).await.unwrap();
            let mut url = url.unwrap();
            let mut pages = 0;
            let status = loop {
                let boxes = if pages == ticks_at { Boxes::All } else { Boxes::None };
                let person = ada(&player).who_ticks(boxes);
                paste(&mut player, &id, &person, &url).await;
                pages += 1;
                let params = json!({ "connectId": id, "seen": 0, "waitMs": 5_000 });
                let status = loop {
                    let answer = player.call("Account/connectStatus", params.clone()).await;
                    let status = answer["result"].clone();
                    let moved = status["signIn"]["authorizeUrl"] != json!(url);
                    if moved || status["error"] != Value::Null {
                        break status;
                    }
                };
                match status["signIn"]["authorizeUrl"].as_str() {
                    Some(next) => {
                        assert_eq!(status["notice"]["data"]["code"], "oauth.missing_scope");
                        assert_eq!(status["state"], "signingIn");
                        url = next.to_owned();
                    }
                    None => break end(&mut player, &id).await,
                }
            };
            if ticks_at == 1 {
                assert_eq!((pages, &status["state"]), (2, &json!("done")), "{status}");
            } else {
                assert_eq!(pages, 3, "{status}");
                assert_eq!(status["error"]["data"]["code"], "oauth.missing_scope", "{status}");
            }
        }
        player.stop().await;
    });
}

/// New servers under the old password: the sessions stand on them, nothing is fetched again.
#[test]
fn new_servers_keep_the_secret() {
    run(async {
        let mut player = playing(4).await;
        let keys = player.world.secrets.keys();
        let fetched_before = fetched(&player);
        let endpoint = |port: u16| json!({ "host": HOST, "port": port, "security": "starttls" });
        let servers = json!({ "imap": endpoint(143), "smtp": endpoint(587) });
        let (id, _) = begin(&mut player, servers).await.unwrap();
        let status = end(&mut player, &id).await;
        assert_eq!(steps(&status), ["imap", "smtp", "sameMailbox", "saved", "switched"]);
        assert_eq!(player.world.secrets.keys(), keys);
        assert_eq!(fetched(&player), fetched_before);
        assert!(arrives(&mut player, 80).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// A removed account gives its grant back and leaves no byte on the disk.
#[test]
fn removed_with_its_grant_and_its_bytes() {
    run(async {
        let mut player = playing(5).await;
        let wish = oauth(&player);
        let (id, url) = begin(&mut player, wish).await.unwrap();
        let person = ada(&player);
        paste(&mut player, &id, &person, &url.unwrap()).await;
        assert_eq!(end(&mut player, &id).await["state"], "done");
        assert_eq!(player.world.provider.issuer.alive(USER), 1);
        let token = player.call("Account/token", json!({ "accountId": "a1" })).await;
        assert_eq!(token["result"]["user"], USER, "{token}");
        let subject = String::from_utf8(corpus::one(USER, 1_001, 0)).unwrap();
        let subject = subject.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        player.play(&Step::Deliver { mailbox: 0, seed: 1 }).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        let scan = |player: &Player, word: &str| {
            let has = |bytes: &Vec<u8>| bytes.windows(word.len()).any(|w| w == word.as_bytes());
            player.disk.contents().iter().any(|(_, bytes)| has(bytes))
        };
        assert!(scan(&player, USER) && scan(&player, subject), "the scan finds what is there");
        let removed = player.call("Account/set", json!({ "destroy": ["a1"] })).await;
        assert_eq!(removed["result"]["destroyed"], json!(["a1"]), "{removed}");
        assert_eq!(player.world.provider.issuer.alive(USER), 0, "the grant was given back");
        assert_eq!(player.world.secrets.keys(), Vec::<String>::new());
        assert!(!scan(&player, USER), "the address lies on the disk");
        assert!(!scan(&player, subject), "a subject lies on the disk");
        player.stop().await;
    });
}

/// Whoever registered a client with a secret named the secret once.
#[test]
fn signing_in_again_goes_on_with_the_client_and_its_secret() {
    run(async {
        let mut player = playing(41).await;
        let issuer = player.world.provider.issuer.id();
        let client = json!({
            "issuer": issuer, "clientId": DESKTOP_CLIENT, "clientSecret": DESKTOP_SECRET,
        });
        for wish in [json!({ "oauth": client }), json!({ "auth": "oauth2" })] {
            let (id, url) = begin(&mut player, wish).await.unwrap();
            let url = url.expect("the person has to sign in");
            assert!(url.contains(DESKTOP_CLIENT), "{url}");
            let person = ada(&player);
            paste(&mut player, &id, &person, &url).await;
            let status = end(&mut player, &id).await;
            assert_eq!(status["state"], "done", "{status}");
        }
        assert!(arrives(&mut player, 42).await, "the account works");
        player.judge().await.unwrap();
        player.stop().await;
    });
}
