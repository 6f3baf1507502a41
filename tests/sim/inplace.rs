//! Moving an account to another login while it works: nothing is fetched again, lost or doubled.
//! Here is what a move is begun, answered and looked at with, and the moves that go well.

mod failure;
mod moment;
mod person;
mod removal;

use chapar_daemon::world::clock::Clock as _;
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::oauth::client::NATIVE_CLIENT;
use chapar_tests::sandbox::oauth::person::Person;
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
/// The steps of a move to a sign-in.
const MOVED: [&str; 7] =
    ["signedIn", "imap", "smtp", "sameMailbox", "saved", "switched", "forgotten"];
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
    let accounts = accounts(player).await;
    let account = json!({ "accountId": accounts[0]["id"] });
    let mailboxes = player.call("Mailbox/query", account.clone()).await["result"]["ids"].clone();
    let emails = player.call("Email/query", account).await["result"]["ids"].clone();
    [accounts, mailboxes, emails]
}

async fn accounts(player: &mut Player) -> Value {
    player.call("Account/get", json!({})).await["result"]["list"].clone()
}

/// The account as clients see it.
pub(crate) async fn account(player: &mut Player) -> Value {
    accounts(player).await[0].clone()
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

pub(crate) fn ada(player: &Player) -> Person {
    Person::inside(USER, PASSWORD, &player.world.provider)
}

pub(crate) fn bob(player: &Player) -> Person {
    Person::inside(BOB, BOBS, &player.world.provider)
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

/// An attempt that this person signs in for, and its end.
pub(crate) async fn sign_in(player: &mut Player, wish: Value, person: &Person) -> Value {
    let (id, url) = begin(player, wish).await.unwrap();
    paste(player, &id, person, &url.unwrap()).await;
    end(player, &id).await
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
        assert_eq!(steps(&status), MOVED, "{status}");
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
