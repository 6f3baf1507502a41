//! What must hold whatever happened. Each check names itself and says what broke it.
//!
//! The world's side comes from the provider, the product's side as plain data, so that the oracle
//! shares no code with what it judges.

use crate::sandbox::faults::Service;
use crate::sandbox::mailstore::Folder;
use crate::sandbox::provider::Provider;
use std::collections::{BTreeMap, BTreeSet};

/// IMAP sessions an account may hold at once: one for work, one for push.
pub const IMAP_SESSIONS: u32 = 2;
/// Submission sessions an account may hold at once.
pub const SMTP_SESSIONS: u32 = 1;

/// One mirrored message as the product shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// Flags in IMAP spelling.
    pub flags: BTreeSet<String>,
    /// The whole message, once it is mirrored.
    pub body: Option<Vec<u8>>,
}

/// The mirror of one account: mailbox name → UID → message.
pub type Mirror = BTreeMap<String, BTreeMap<u32, Mirrored>>;

/// The mirror holds the newest `window` messages of the server with equal flags and bodies, and
/// nothing else.
pub fn mirror_equals_server(
    server: &BTreeMap<String, Folder>,
    mirror: &Mirror,
    window: usize,
) -> Result<(), String> {
    let mut dated: Vec<(i64, &str, u32)> = server
        .iter()
        .flat_map(|(name, folder)| {
            folder.messages.iter().map(|stored| (stored.internal_date, name.as_str(), stored.uid))
        })
        .collect();
    dated.sort_unstable_by(|a, b| b.cmp(a));
    let due: BTreeSet<(&str, u32)> =
        dated.iter().take(window).map(|(_, name, uid)| (*name, *uid)).collect();
    for (name, uid) in &due {
        let mirrored = mirror.get(*name).and_then(|mailbox| mailbox.get(uid));
        let Some(mirrored) = mirrored else { return Err(format!("{name} {uid} is not mirrored")) };
        let stored = server[*name].message(*uid).expect("taken from the server");
        if mirrored.flags != stored.flags {
            return Err(format!(
                "{name} {uid}: flags {:?}, server {:?}",
                mirrored.flags, stored.flags
            ));
        }
        if mirrored.body.as_ref().is_some_and(|body| body[..] != stored.body[..]) {
            return Err(format!("{name} {uid}: the body differs from the server's"));
        }
    }
    for (name, mailbox) in mirror {
        for uid in mailbox.keys() {
            if server.get(name).is_none_or(|folder| folder.message(*uid).is_none()) {
                return Err(format!("{name} {uid} is mirrored, but not on the server"));
            }
        }
    }
    Ok(())
}

/// The provider saw no (Message-ID, recipient) twice, except those that a person sent again.
pub fn nothing_sent_twice(provider: &Provider, resent: &BTreeSet<String>) -> Result<(), String> {
    for ((message_id, recipient), count) in provider.ledger.counts() {
        if count > 1 && !resent.contains(&message_id) {
            return Err(format!("<{message_id}> went to {recipient} {count} times"));
        }
    }
    Ok(())
}

/// Every accepted message reached each recipient or the product says why not.
pub fn nothing_lost(
    provider: &Provider,
    accepted: &[(String, Vec<String>)],
    excused: &BTreeSet<(String, String)>,
) -> Result<(), String> {
    let counts = provider.ledger.counts();
    for (message_id, recipients) in accepted {
        for recipient in recipients {
            let key = (message_id.clone(), recipient.clone());
            if !counts.contains_key(&key) && !excused.contains(&key) {
                return Err(format!("<{message_id}> never reached {recipient}"));
            }
        }
    }
    Ok(())
}

/// No credential left outside TLS with a good certificate.
pub fn no_credential_leaked(provider: &Provider) -> Result<(), String> {
    match provider.ledger.leaks().first() {
        None => Ok(()),
        Some(leak) => Err(format!("a credential of {} under {:?}", leak.user, leak.under)),
    }
}

/// No account held more sessions at once than its budget.
pub fn sessions_within_budget(provider: &Provider) -> Result<(), String> {
    for user in provider.store.users() {
        for (service, budget) in [(Service::Imap, IMAP_SESSIONS), (Service::Smtp, SMTP_SESSIONS)] {
            let most = provider.ledger.census(service, &user).most;
            if most > budget {
                return Err(format!(
                    "{user} held {most} {service:?} sessions, {budget} are allowed"
                ));
            }
        }
    }
    Ok(())
}

/// The journal counts by one from one number to the next.
pub fn journal_has_no_gap(seqs: &[u64]) -> Result<(), String> {
    match seqs.windows(2).find(|pair| pair[1] != pair[0] + 1) {
        None => Ok(()),
        Some(pair) => Err(format!("event {} follows event {}", pair[1], pair[0])),
    }
}

/// A client that followed the journal, over restarts too, heard each entry once, in order.
pub fn heard_all(journal: &[u64], heard: &[(u64, String)]) -> Result<(), String> {
    let heard: Vec<u64> = heard.iter().map(|(seq, _)| *seq).collect();
    if heard == journal {
        return Ok(());
    }
    let at = heard.iter().zip(journal).take_while(|(heard, told)| heard == told).count();
    Err(format!(
        "of {} events {} were heard; the first that differs: {:?}, heard {:?}",
        journal.len(),
        heard.len(),
        journal.get(at),
        heard.get(at)
    ))
}

/// Each (mailbox, UIDVALIDITY, UID) was announced once.
pub fn received_once(events: &[(String, u32, u32)]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    match events.iter().find(|event| !seen.insert(*event)) {
        None => Ok(()),
        Some(event) => Err(format!("{event:?} was announced twice")),
    }
}

/// The canary (a password) occurs in none of `places`.
pub fn canary_absent(canary: &str, places: &[(&str, &[u8])]) -> Result<(), String> {
    let needle = canary.as_bytes();
    for (name, bytes) in places {
        if bytes.windows(needle.len()).any(|window| window == needle) {
            return Err(format!("the secret occurs in {name}"));
        }
    }
    Ok(())
}
