//! What chapar says it mirrors, asked over its command line, in a shape that compares with what an
//! independent client sees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::home::Home;

/// Ids a call may name (the protocol's limit).
const PAGE: usize = 500;

/// One mirrored message.
#[derive(Clone, Debug)]
pub struct Mirrored {
    /// Its id.
    pub id: String,
    /// Its mailbox's path, components joined by `/`.
    pub mailbox: String,
    /// Its keywords.
    pub keywords: BTreeSet<String>,
    /// RFC822.SIZE.
    pub size: u64,
    /// INTERNALDATE, seconds since 1970.
    pub received_at: i64,
}

/// Every mirrored message of an account by Message-ID. A Message-ID seen twice is a failure: the
/// rig plants none twice.
pub fn read(home: &Home, account: &str) -> BTreeMap<String, Mirrored> {
    let paths = mailbox_paths(home, account);
    let mut all = BTreeMap::new();
    for ids in ids(home, account).chunks(PAGE) {
        let got = home.call("Email/get", &json!({"accountId": account, "ids": ids}));
        assert_eq!(got["notFound"].as_array().map_or(0, Vec::len), 0, "{}", got["notFound"]);
        for email in got["list"].as_array().unwrap() {
            let message_id = email["messageId"][0].as_str().unwrap_or_default().to_owned();
            let before = all.insert(message_id.clone(), mirrored(email, &paths));
            assert!(before.is_none(), "{message_id} is mirrored twice");
        }
    }
    all
}

/// Every email id of an account, newest first. Mail that comes between two pages moves them, so
/// all pages are of one state.
pub fn ids(home: &Home, account: &str) -> Vec<Value> {
    let (mut ids, mut state) = (Vec::new(), Value::Null);
    loop {
        let page = home.call(
            "Email/query",
            &json!({"accountId": account, "position": ids.len(), "limit": PAGE}),
        );
        if page["queryState"] != state {
            state = page["queryState"].clone();
            if !ids.is_empty() {
                ids.clear();
                continue;
            }
        }
        let page = page["ids"].as_array().unwrap();
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().cloned());
    }
}

fn mirrored(email: &Value, paths: &BTreeMap<String, String>) -> Mirrored {
    let mailbox = email["mailboxIds"].as_object().unwrap().keys().next().unwrap();
    let received_at: jiff::Timestamp = email["receivedAt"].as_str().unwrap().parse().unwrap();
    Mirrored {
        id: email["id"].as_str().unwrap().to_owned(),
        mailbox: paths.get(mailbox).cloned().unwrap_or_default(),
        keywords: email["keywords"].as_object().unwrap().keys().cloned().collect(),
        size: email["size"].as_u64().unwrap(),
        received_at: received_at.as_second(),
    }
}

/// Mailbox id → path.
fn mailbox_paths(home: &Home, account: &str) -> BTreeMap<String, String> {
    let got = home.call("Mailbox/get", &json!({"accountId": account}));
    let list = got["list"].as_array().unwrap();
    let id = |mailbox: &Value| mailbox["id"].as_str().unwrap().to_owned();
    let by_id: BTreeMap<String, &Value> = list.iter().map(|one| (id(one), one)).collect();
    let mut paths = BTreeMap::new();
    for mailbox in list {
        paths.insert(id(mailbox), path_of(mailbox, &by_id));
    }
    paths
}

fn path_of<'a>(mut mailbox: &'a Value, by_id: &BTreeMap<String, &'a Value>) -> String {
    let mut parts = vec![mailbox["name"].as_str().unwrap()];
    while let Some(parent) = mailbox["parentId"].as_str().and_then(|id| by_id.get(id).copied()) {
        mailbox = parent;
        parts.insert(0, mailbox["name"].as_str().unwrap());
    }
    let path = parts.join("/");
    if path.eq_ignore_ascii_case("inbox") { "INBOX".to_owned() } else { path }
}

/// The keywords that the flags of an IMAP client stand for (RFC 8621 §4.1.1).
pub fn keywords_of(flags: &Value) -> BTreeSet<String> {
    let flags = flags.as_array().unwrap().iter().map(|flag| flag.as_str().unwrap());
    flags
        .filter(|flag| !flag.eq_ignore_ascii_case("\\Recent"))
        .map(|flag| match flag.strip_prefix('\\') {
            Some(system) => format!("${}", system.to_lowercase()),
            None => flag.to_lowercase(),
        })
        .collect()
}
