//! `mail list`: which mails, whose, page by page, on terminals of every width.

use chapar_tests::rig::terminal::Talk;

use super::stage::{PASSWORD, Stage, THEN};
use super::terminal::{on_terminal, settled};
use super::transcript::Transcript;

const BO: &str = "bo@example.test";

fn mail(from: &str, subject: &str, number: i64) -> String {
    format!(
        "From: {from}\nTo: ana@example.test\nSubject: {subject}\n\
         Message-ID: <list{number}@example.test>\n\nText.\n"
    )
}

/// Five mails in Ana's inbox, one she filed, one she sent, and Bo's mailbox beside hers.
fn two_accounts() -> Stage {
    let stage = Stage::new();
    for (number, subject) in
        ["One", "", "Three", "Four, which is about the quarterly figures", "Five"]
            .into_iter()
            .enumerate()
    {
        let number = i64::try_from(number).unwrap();
        stage.deliver(2 * number, &mail("Bo Berg <bo@example.test>", subject, number));
    }
    let put = |user: &str, mailbox: &str, minutes: i64, text: &str| {
        let bytes = text.replace('\n', "\r\n");
        stage.provider.store.deliver(user, mailbox, bytes.as_bytes(), THEN + 60 * minutes).unwrap();
    };
    put("ana@example.test", "Archive", 3, &mail("Cy <cy@example.test>", "Filed", 11));
    put(
        "ana@example.test",
        "Sent",
        5,
        "From: Ana <ana@example.test>\nTo: Bo Berg <bo@example.test>, cy@example.test\n\
         Subject: An answer\nMessage-ID: <sent1@example.test>\n\nText.\n",
    );
    put(BO, "INBOX", 7, &mail("Ana <ana@example.test>", "For Bo", 12));
    stage.connect();
    stage
}

fn connect_bo(stage: &Stage) {
    let words = stage.servers();
    let mut words: Vec<&str> =
        ["connect", BO].into_iter().chain(words.iter().map(String::as_str)).collect();
    words.extend(["--password-stdin", "--wait", "--notify", "none"]);
    assert_eq!(stage.run(&words, PASSWORD).code, Some(0));
}

fn ids(stage: &Stage, words: &[&str]) -> Vec<String> {
    let (list, code) = stage.json(words, "");
    assert_eq!(code, 0, "{list}");
    let emails = list["emails"].as_array().unwrap();
    emails.iter().map(|mail| mail["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_list_shows() {
    let stage = two_accounts();
    let mut told = Transcript::new(&stage, "lists");
    for words in [
        &["mail", "list"][..],
        &["mail", "list", "--all"],
        &["mail", "list", "-m", "sent"],
        &["mail", "list", "--plain", "-m", "sent"],
        &["mail", "list", "--limit", "2"],
        &["mail", "list", "--since", "2031-01-01"],
        &["mail", "list", "--all", "--mailbox", "sent"],
    ] {
        told.run(words, "");
    }
    connect_bo(&stage);
    for words in [
        &["mail", "list"][..],
        &["ls", "-a", "bo"],
        &["mail", "list", "--limit", "3", "--before", "2020-01-06T10:07:30Z"],
        &["mail", "search", "bo"],
    ] {
        told.run(words, "");
    }
    told.check();
}

/// Page after page gives every mail once, also when the mail in between is read or deleted.
#[test]
fn pages_go_on_where_the_last_one_ended() {
    let stage = two_accounts();
    connect_bo(&stage);
    for all in [&["mail", "list"][..], &["mail", "list", "--all"], &["mail", "search", "text"]] {
        let whole = ids(&stage, all);
        for limit in ["1", "2", "3", "100"] {
            let mut paged: Vec<String> = Vec::new();
            loop {
                let last = paged.last().cloned();
                let page = last.as_deref().map(|last| ["--page", last]);
                let words = [all, &["--limit", limit], page.as_ref().map_or(&[], |it| &it[..])];
                let (list, _) = stage.json(&words.concat(), "");
                let emails = list["emails"].as_array().unwrap();
                paged.extend(emails.iter().map(|mail| mail["id"].as_str().unwrap().to_owned()));
                if list["next"].is_null() {
                    break;
                }
                assert_eq!(list["next"].as_str(), paged.last().map(String::as_str), "{list}");
            }
            assert_eq!(paged, whole, "{all:?} by {limit}");
        }
    }
    // a mail that does not match any more is still a place in the list
    let unread = ["mail", "list", "-a", "ana", "--unread", "--limit", "2"];
    let first = ids(&stage, &unread);
    for uid in 1..=5 {
        assert!(stage.provider.store.set_flags("ana@example.test", "INBOX", uid, &["\\Seen"]));
    }
    assert_eq!(stage.run(&["sync", "ana", "--wait"], "").code, Some(0));
    let behind = ["mail", "list", "-a", "ana", "--page", &first[1]];
    assert_eq!(ids(&stage, &behind).len(), 3);
    assert_eq!(ids(&stage, &[&unread[..], &["--page", &first[1]]].concat()).len(), 0);
    let (gone, code) = stage.json(&["mail", "list", "--page", "M999"], "");
    assert_eq!((code, gone["error"]["data"]["code"].as_str()), (66, Some("mail.unknown")));
}

/// No line is longer than the terminal; what is missed least goes first.
#[test]
fn every_terminal_gets_what_fits() {
    let stage = two_accounts();
    connect_bo(&stage);
    let mut told = Transcript::new(&stage, "lists_terminal");
    for columns in ["200", "80", "60", "50", "40", "28", "20"] {
        let at = [("COLUMNS", columns), ("NO_COLOR", "1")];
        let words = ["mail", "list", "--all", "--limit", "5", "--quiet"];
        let (said, code) = on_terminal(&stage, &words, &Talk::new(), &at);
        assert_eq!(code, 0, "{said}");
        let said = settled(&said);
        let widest = said.lines().map(|line| line.chars().count()).max();
        assert!(widest <= columns.parse().ok(), "{columns}: {said}");
        assert!(said.contains("SUBJECT") && said.lines().count() == 6, "{columns}: {said}");
        if columns != "200" {
            let columns = format!("COLUMNS={columns}");
            let words = [&[&*columns], &words[..]].concat();
            told.note(&words, &said, code);
        }
    }
    told.check();
}
