//! Whether the new login opens the mailbox that is mirrored: UIDVALIDITY of the mailboxes both
//! know, and some mirrored messages asked for by UID, else looked for by Message-ID.
//!
//! Must never fetch more of a message than its Message-ID.

use super::refused;
use crate::account::store_failure;
use crate::imap::{Items, Listed, Session, Which};
use crate::store::{Snapshot, Store, UidRow};
use chapar_engine::account::{Account, Evidence, Sameness};
use chapar_engine::mailbox::Role;
use chapar_engine::message::Stage;
use chapar_engine::verdict::{Failure, Verdict};

/// Mailboxes whose UIDVALIDITY is compared: where LIST does not say it, each costs a round trip.
const VALIDITIES: usize = 200;
/// Mailboxes in which messages are asked for: the INBOX and the next by role.
const MAILBOXES: usize = 8;
/// Messages that answer the question when all of them are found.
const ENOUGH: u32 = 3;

/// What the comparison gave.
pub(super) struct Compared {
    /// For people.
    pub(super) detail: String,
    /// Mirrored messages in mailboxes that were numbered anew: they are fetched again.
    pub(super) again: u64,
}

/// A mailbox as it is mirrored.
struct Known {
    wire_name: String,
    validity: u32,
    messages: u64,
    samples: Vec<Sample>,
}

/// A mirrored message that the other side should have.
struct Sample {
    uid: u32,
    message_id: String,
}

/// Compares; another mailbox is an error that names the account's.
pub(super) async fn compare(
    store: &Store,
    old: &Account,
    session: &mut Session,
) -> Result<Compared, Failure> {
    let mirrored = mirrored(&store.read().map_err(store_failure)?, old)?;
    let listed = session.list().await?;
    let mut evidence = Evidence::default();
    let mut again = 0;
    let mut shared = Vec::new();
    for known in mirrored.iter().take(VALIDITIES) {
        let there = |found: &&Listed| found.selectable && found.wire_name == known.wire_name;
        let Some(found) = listed.iter().find(there) else { continue };
        let Some(validity) = validity(session, found).await? else { continue };
        if validity == known.validity {
            evidence.same_validity += 1;
        } else {
            evidence.other_validity += 1;
            again += known.messages;
        }
        shared.push((known, validity != known.validity));
    }
    let asked = shared.iter().filter(|(known, _)| !known.samples.is_empty());
    for (known, renumbered) in asked.take(MAILBOXES) {
        if evidence.found >= ENOUGH && evidence.judge() == Sameness::Same {
            break;
        }
        session.select(&known.wire_name, true).await?;
        for sample in &known.samples {
            look(session, sample, *renumbered, &mut evidence).await?;
        }
    }
    match evidence.verdict() {
        Sameness::Same => Ok(Compared { detail: detail(&evidence), again }),
        Sameness::Other | Sameness::Unsure => Err(other(old, &evidence)),
    }
}

/// The UIDVALIDITY of a mailbox; `None` when the server does not say it.
async fn validity(session: &mut Session, found: &Listed) -> Result<Option<u32>, Failure> {
    if let Some(status) = found.status {
        return Ok(Some(status.uidvalidity));
    }
    match session.status(&found.wire_name).await {
        Ok(status) => Ok(Some(status.uidvalidity)),
        Err(failure) if failure.verdict == Verdict::Refused => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Asks for one message.
async fn look(
    session: &mut Session,
    sample: &Sample,
    renumbered: bool,
    evidence: &mut Evidence,
) -> Result<(), Failure> {
    if !renumbered {
        let mut there = None;
        let which = Which::Uids(sample.uid.to_string());
        session
            .fetch(which, Items::MessageId, &mut |fetched| {
                if fetched.uid == sample.uid {
                    there = Some(fetched.message_id.unwrap_or_default());
                }
            })
            .await?;
        match there {
            Some(id) if bare(&id) == bare(&sample.message_id) => evidence.found += 1,
            Some(_) => evidence.other += 1,
            None => evidence.absent += 1,
        }
        return Ok(());
    }
    if session.search_message_id(&sample.message_id).await?.is_empty() {
        evidence.absent += 1;
    } else {
        evidence.found += 1;
    }
    Ok(())
}

/// A Message-ID without brackets and space: servers hand it out as it stands in the header.
fn bare(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>').trim()
}

/// The mailboxes that were looked at before, INBOX first, with messages to ask for.
fn mirrored(view: &Snapshot, old: &Account) -> Result<Vec<Known>, Failure> {
    let mut mailboxes = view.mailboxes(old.id).map_err(store_failure)?;
    mailboxes.retain(|mailbox| mailbox.selectable);
    mailboxes.sort_by_key(|mailbox| match mailbox.role {
        Some(Role::Inbox) => 0,
        Some(Role::Sent | Role::Archive | Role::All) => 1,
        None => 2,
        // drafts and spam come and go
        Some(_) => 3,
    });
    let mut known = Vec::new();
    for mailbox in mailboxes {
        let Some(server) = mailbox.server else { continue };
        let mut rows = view.uids(mailbox.id).map_err(store_failure)?;
        rows.retain(|row| matches!(row.stage, Stage::Summary | Stage::Whole));
        known.push(Known {
            wire_name: mailbox.wire_name,
            validity: server.uidvalidity,
            messages: rows.len() as u64,
            samples: samples(view, &rows)?,
        });
    }
    Ok(known)
}

/// The newest, the oldest and one between, of those that have a Message-ID.
fn samples(view: &Snapshot, rows: &[UidRow]) -> Result<Vec<Sample>, Failure> {
    let mut chosen: Vec<Sample> = Vec::new();
    let places = [rows.len().checked_sub(1), Some(0), Some(rows.len() / 2)];
    for row in places.into_iter().flatten().filter_map(|place| rows.get(place)) {
        if chosen.iter().any(|sample| sample.uid == row.uid) {
            continue;
        }
        let message = view.message(row.id).map_err(store_failure)?;
        let id = message.and_then(|message| message.summary.message_id);
        let sayable = |id: &String| !id.is_empty() && id.is_ascii();
        let sample = id.filter(sayable).map(|message_id| Sample { uid: row.uid, message_id });
        chosen.extend(sample);
    }
    Ok(chosen)
}

fn detail(evidence: &Evidence) -> String {
    let Evidence { same_validity, found, .. } = *evidence;
    match (same_validity, found) {
        (0, 0) => "nothing is mirrored yet".to_owned(),
        (0, found) => format!("numbered anew; {found} Message-IDs match"),
        (same, found) => format!("UIDVALIDITY of {same} mailboxes and {found} Message-IDs match"),
    }
}

fn other(old: &Account, evidence: &Evidence) -> Failure {
    let message = format!(
        "This login opens another mailbox than {} ({}): nothing was changed.",
        old.email, old.name
    );
    let looked = evidence.found + evidence.absent + evidence.other;
    Failure {
        detail: Some(format!("{} of {looked} messages asked for are there", evidence.found)),
        ..refused("account.other_mailbox", message)
    }
}
