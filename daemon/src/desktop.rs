//! The desktop subscriber: reads the journal and shows the three things a person should hear of
//! without looking. Holds no state that matters: what was not shown is in the journal.

use crate::config::Config;
use crate::store::{Snapshot, Store, StoreError};
use crate::world::World;
use crate::world::notify::Notification;
use chapar_engine::account::{Account, NotifyBy};
use chapar_engine::event::{Event, EventKind, Severity};
use chapar_engine::id::{AccountId, Seq};
use chapar_engine::time::Boot;
use chapar_engine::verdict::{Action, Who, condition};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between two notifications of one account; the newest waits, older ones give way.
const QUIET: Duration = Duration::from_mins(1);
/// A first sync that ends later than this after the account was connected is another one, after its
/// mail was forgotten: how long that took is not known here.
const FIRST: Duration = Duration::from_hours(2);
/// Events read at once.
const EVENTS: usize = 200;

/// One account's turn.
#[derive(Default)]
struct Turn {
    free_at: Boot,
    waiting: Option<Notification>,
}

/// Shows what happens from now on, until `stop`.
pub async fn run(
    world: World,
    store: Store,
    config: watch::Receiver<Config>,
    stop: CancellationToken,
) {
    let mut head = store.head();
    let mut since = *head.borrow_and_update();
    let mut turns: BTreeMap<AccountId, Turn> = BTreeMap::new();
    loop {
        let due =
            turns.values().filter(|turn| turn.waiting.is_some()).map(|turn| turn.free_at).min();
        tokio::select! {
            () = stop.cancelled() => return,
            changed = head.changed() => {
                if changed.is_err() {
                    return;
                }
                head.borrow_and_update();
                match news(&store, &mut since) {
                    Ok(news) if config.borrow().desktop => for (account, notification) in news {
                        turns.entry(account).or_default().waiting = Some(notification);
                    },
                    Ok(_) => {}
                    Err(error) => {
                        // the journal moved on without us: what is too old is no news
                        tracing::warn!(%error, "events could not be read for the desktop");
                        since = *head.borrow();
                    }
                }
            }
            () = sleep(&world, due), if due.is_some() => {}
        }
        show_due(&world, &mut turns).await;
    }
}

async fn sleep(world: &World, due: Option<Boot>) {
    if let Some(due) = due {
        world.clock.sleep_until(due).await;
    }
}

async fn show_due(world: &World, turns: &mut BTreeMap<AccountId, Turn>) {
    for turn in turns.values_mut() {
        if turn.free_at > world.clock.boot() {
            continue;
        }
        if let Some(notification) = turn.waiting.take() {
            turn.free_at = world.clock.boot().after(QUIET);
            if let Err(reason) = world.desktop.show(notification).await {
                tracing::debug!(reason, "no desktop notification");
            }
        }
    }
}

/// What there is to show since `since`, which moves on.
fn news(store: &Store, since: &mut Seq) -> Result<Vec<(AccountId, Notification)>, StoreError> {
    let snapshot = store.read()?;
    let mut news = Vec::new();
    loop {
        let events = snapshot.events_page(*since, EVENTS)?;
        for event in &events {
            *since = event.seq;
            news.extend(about(&snapshot, event)?);
        }
        if events.is_empty() {
            return Ok(news);
        }
    }
}

fn about(
    snapshot: &Snapshot,
    event: &Event,
) -> Result<Option<(AccountId, Notification)>, StoreError> {
    let Some(id) = event.account else {
        return Ok(None);
    };
    let Some(account) = snapshot.account(id)? else {
        return Ok(None);
    };
    let subject = match &event.kind {
        EventKind::SubmissionFailed { submission, .. }
        | EventKind::SubmissionUnknown { submission } => {
            snapshot.submission(*submission)?.map(|found| found.subject)
        }
        _ => None,
    };
    Ok(notification(event, &account, subject).map(|notification| (id, notification)))
}

/// The words for one event; `None` for what the person need not hear of.
fn notification(event: &Event, account: &Account, subject: Option<String>) -> Option<Notification> {
    if account.notify != NotifyBy::Desktop {
        return None;
    }
    let subject = subject.unwrap_or_else(|| "a message".to_owned());
    let (title, body) = match &event.kind {
        EventKind::SyncCompleted { initial: true, emails, .. } => {
            let took = event.at.until_from(account.created_at);
            let took = if took < FIRST { format!(" in {}", taken(took)) } else { String::new() };
            let title = format!("Inbox ready \u{2013} {} mails{took}", grouped(*emails));
            (title, account.name.clone())
        }
        EventKind::AccountAuthExpired { detail } => {
            (format!("Sign in again: {}", account.name), detail.clone())
        }
        EventKind::HealthChanged { code, severity: Severity::Error, title } => {
            let row = condition(code)?;
            // a sign-in that ended has an event of its own; what passes or is for others is no news
            if row.action == Action::SignInAgain || !matches!(row.who, Who::You | Who::Admin) {
                return None;
            }
            (format!("{}: {}", account.name, row.title), format!("{title}. {}", row.advice()))
        }
        EventKind::SubmissionFailed { reply, .. } => {
            (format!("Not sent: {subject}"), reply.clone())
        }
        EventKind::SubmissionUnknown { .. } => (
            format!("Not sent: {subject}"),
            "The connection was lost at the last moment. Whether it was sent is being looked for."
                .to_owned(),
        ),
        _ => return None,
    };
    Some(Notification { title, body })
}

/// `1500` as `1,500`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3.9 s`, `75 s`, `4 min`.
fn taken(time: Duration) -> String {
    match time.as_secs() {
        0..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=119 => format!("{} s", time.as_secs()),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chapar_engine::account::{Endpoint, Security};
    use chapar_engine::id::SubmissionId;
    use chapar_engine::time::Wall;

    fn account(notify: NotifyBy) -> Account {
        let endpoint = Endpoint { host: "h".into(), port: 1, security: Security::Tls };
        Account {
            id: AccountId(1),
            name: "work".into(),
            email: "a@x".into(),
            provider: "other".into(),
            imap: endpoint.clone(),
            smtp: endpoint,
            user: "a".into(),
            auth: chapar_engine::credential::Auth::Password,
            found_by: None,
            slot: 0,
            ca_pem: None,
            paused: false,
            window: 1,
            notify,
            created_at: Wall(1_000),
            first_synced_at: None,
        }
    }

    fn event(kind: EventKind) -> Event {
        Event { seq: Seq(1), at: Wall(4_900), account: Some(AccountId(1)), kind }
    }

    fn synced(initial: bool) -> Event {
        event(EventKind::SyncCompleted {
            initial,
            emails: 1_500,
            added: 1_500,
            removed: 0,
            flagged: 0,
        })
    }

    #[test]
    fn the_words() {
        let ready = notification(&synced(true), &account(NotifyBy::Desktop), None).unwrap();
        assert_eq!(ready.title, "Inbox ready \u{2013} 1,500 mails in 3.9 s");
        let failed = event(EventKind::SubmissionFailed {
            submission: SubmissionId(1),
            reply: "550 no".into(),
        });
        let failed = notification(&failed, &account(NotifyBy::Desktop), Some("Hi".into()));
        assert_eq!(failed.unwrap().title, "Not sent: Hi");
    }

    fn health(code: &str, severity: Severity) -> Event {
        let title = "h has no valid certificate".to_owned();
        event(EventKind::HealthChanged { code: code.to_owned(), severity, title })
    }

    #[test]
    fn a_condition_for_the_person_is_news() {
        let shown = |code, severity| {
            notification(&health(code, severity), &account(NotifyBy::Desktop), None)
        };
        let shown_tls = shown("tls.self_signed", Severity::Error).unwrap();
        assert_eq!(shown_tls.title, "work: The certificate is self-signed");
        assert!(shown_tls.body.starts_with("h has no valid certificate. Nothing was sent."));
        assert!(shown("smtp.auth_disabled", Severity::Error).is_some());
        // over; only passing; somebody else's; told by another event; of a newer daemon
        assert_eq!(shown("tls.self_signed", Severity::Ok), None);
        assert_eq!(shown("net.unknown_host", Severity::Warning), None);
        assert_eq!(shown("tls.expired", Severity::Error), None);
        assert_eq!(shown("imap.auth", Severity::Error), None);
        assert_eq!(shown("never.heard", Severity::Error), None);
    }

    #[test]
    fn silence_where_it_is_wanted() {
        assert_eq!(notification(&synced(false), &account(NotifyBy::Desktop), None), None);
        assert_eq!(notification(&synced(true), &account(NotifyBy::None), None), None);
        assert_eq!(notification(&synced(true), &account(NotifyBy::Mail), None), None);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(taken(Duration::from_secs(75)), "75 s");
        assert_eq!(taken(Duration::from_mins(4)), "4 min");
    }
}
