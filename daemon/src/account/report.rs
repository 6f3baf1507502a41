//! What an account says of itself right now: the columns of `chapar status`. A picture, never a
//! fact that anything is decided by.

use chapar_engine::account::{Account, State};
use chapar_engine::event::Severity;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, Who, condition};
use std::time::Duration;

/// Where an account stands right now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of `chapar status`")]
pub struct Report {
    pub state: State,
    pub last_check: Option<Wall>,
    pub last_new: Option<Wall>,
    /// `IDLE, INBOX`; `None` while no push session stands.
    pub push: Option<String>,
    pub progress: Option<Progress>,
    pub health: Vec<Condition>,
    pub aside: Aside,
    /// Push sessions that something on the way cut.
    pub cuts: Cuts,
}

/// Push sessions that were cut while nothing was said: what a proxy or a router does to links that
/// are silent for longer than it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "a count and a time")]
pub struct Cuts {
    pub seen: u32,
    /// How long the shortest of them had stood.
    pub shortest: Option<Duration>,
}

impl Cuts {
    /// One more, of a session that had stood so long.
    #[must_use]
    pub fn and(self, stood: Duration) -> Self {
        let shortest = self.shortest.map_or(stood, |shortest| shortest.min(stood));
        Self { seen: self.seen.saturating_add(1), shortest: Some(shortest) }
    }
}

impl Report {
    /// The report of an account that has not done anything yet.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            last_check: None,
            last_new: None,
            push: None,
            progress: None,
            health: vec![],
            aside: Aside::default(),
            cuts: Cuts::default(),
        }
    }

    /// A part of the account met this: whether nobody has been told of it yet, and what of before is
    /// over with it. Each part is in one condition at a time. What both meet is said once: it is the
    /// mail's then, and the outbox says it again should it still meet it when the mail does not any more.
    pub fn meets(&mut self, met: Condition) -> (bool, Vec<Condition>) {
        let same = self.health.iter().find(|known| known.code == met.code);
        let (since, of_mail) = same.map_or((None, false), |known| {
            (Some(known.since), known.area == Area::Mail && met.area == Area::Outbox)
        });
        let mut over = self.recovers(met.area);
        over.retain(|known| known.code != met.code);
        if !of_mail {
            self.health.retain(|known| known.code != met.code);
            self.health.push(Condition { since: since.unwrap_or(met.since), ..met });
        }
        (since.is_none(), over)
    }

    /// The condition that the mail, not the sending, is in.
    #[must_use]
    pub fn of_mail(&self) -> Option<&Condition> {
        self.health.iter().find(|known| known.area == Area::Mail)
    }

    /// A part of the account is well again; what it was in before.
    pub fn recovers(&mut self, area: Area) -> Vec<Condition> {
        self.health.extract_if(.., |known| known.area == area).collect()
    }
}

/// How far the mirror is while something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts of messages and bytes")]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    pub mailbox: Option<String>,
    /// Bytes received in this pass.
    pub bytes: u64,
    /// Why nothing moves, when nothing moves.
    pub stalled: Option<String>,
}

impl Progress {
    /// Nothing is missing any more: what the pass still does is no progress of the mirror.
    #[must_use]
    pub fn unless_whole(self) -> Option<Self> {
        Some(self).filter(|progress| progress.done < progress.total)
    }
}

/// What is not mirrored at present, and what was mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// Mailboxes that do not open.
    pub mailboxes: Several,
    /// Messages that cannot be fetched.
    pub messages: Several,
    /// Messages that differed from the server's and were mended, since the account began to work.
    pub mended: u64,
    /// The budget that is met, when something stays on the server because of it.
    pub full: Option<Full>,
}

/// A budget that is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Bytes that are stored of the account.
    pub held: u64,
    /// Bytes that may be.
    pub budget: u64,
}

impl Full {
    /// The condition.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let mib = |bytes: u64| bytes >> 20;
        let (held, budget) = (mib(self.held), mib(self.budget));
        let message = format!("{held} MiB of mail are here, and {budget} MiB may be");
        Failure::of("store.budget", message, None)
    }
}

/// Several things with the same trouble: the first few by name, the others by their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Several {
    /// How many.
    pub count: u64,
    /// The first of them.
    names: Vec<String>,
    /// The reason of the first one.
    why: Option<String>,
}

/// Things shown by name.
const NAMES: usize = 3;

impl Several {
    /// One more.
    pub fn add(&mut self, name: impl FnOnce() -> String, why: &str) {
        self.count += 1;
        if self.names.len() < NAMES {
            self.names.push(name());
        }
        self.why.get_or_insert_with(|| why.to_owned());
    }

    fn shown(&self) -> String {
        let shown = self.names.join(", ");
        match self.count.saturating_sub(self.names.len() as u64) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }

    fn failure(&self, code: &'static str, one: &str, many: &str) -> Option<Failure> {
        let (count, shown) = (self.count, self.shown());
        let message = match count {
            0 => return None,
            1 => format!("{one} {shown}"),
            _ => format!("{} {shown}", many.replace('#', &count.to_string())),
        };
        Some(Failure::of(code, message, self.why.as_deref()))
    }
}

impl Aside {
    /// The condition of the mailboxes, if one does not open.
    #[must_use]
    pub fn of_mailboxes(&self) -> Option<Failure> {
        let (one, many) =
            ("The server does not open the mailbox", "The server does not open # mailboxes:");
        self.mailboxes.failure("mailbox.aside", one, many)
    }

    /// The condition of the messages, if one cannot be fetched.
    #[must_use]
    pub fn of_messages(&self) -> Option<Failure> {
        let (one, many) =
            ("The server does not hand out 1 mail:", "The server does not hand out # mails:");
        self.messages.failure("mail.aside", one, many)
    }
}

/// Which part of an account found out. What the one met is not over because the other is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Receiving as a whole.
    Mail,
    /// Sending.
    Outbox,
    /// Mailboxes that do not open.
    Mailboxes,
    /// Messages that cannot be fetched.
    Messages,
    /// What may be stored.
    Budget,
}

/// Something a person may have to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members of a health object on the wire")]
pub struct Condition {
    pub area: Area,
    pub code: String,
    pub severity: Severity,
    pub since: Wall,
    pub title: String,
    pub detail: Option<String>,
    /// Who can end it.
    pub who: Who,
    pub remedy: Vec<Vec<String>>,
}

impl Condition {
    /// What a failure of `account` says about it, in the words of the registry.
    #[must_use]
    pub fn of(failure: &Failure, area: Area, account: Option<&Account>, since: Wall) -> Self {
        let name = account.map(|account| account.name.as_str());
        let row = condition(failure.code);
        let mut remedy = row.map(|row| row.ready_for(name)).unwrap_or_default();
        remedy.truncate(COMMANDS);
        remedy.retain(|command| !LOOKS.contains(&command.get(1).map_or("", String::as_str)));
        remedy.push(["chapar", "help", failure.code].map(str::to_owned).to_vec());
        Self {
            area,
            code: failure.code.to_owned(),
            severity: row.map_or(Severity::Warning, |row| row.severity.into()),
            since,
            title: failure.message.clone(),
            detail: failure.detail.clone(),
            who: row.map_or(Who::Nobody, |row| row.who),
            remedy,
        }
    }
}

/// Commands named beside a condition; the help page has the others.
const COMMANDS: usize = 2;
/// Commands that only look: whoever reads a condition is looking already.
const LOOKS: [&str; 3] = ["status", "help", "logs"];

/// The word for a state on the wire and in `chapar status --json`.
#[must_use]
pub fn word(state: State) -> &'static str {
    match state {
        State::Connecting => "connecting",
        State::Syncing => "syncing",
        State::Live => "live",
        State::Offline => "offline",
        State::Throttled => "throttled",
        State::AuthExpired => "authExpired",
        State::SettingsWrong => "settingsWrong",
        State::Paused => "paused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(area: Area, code: &'static str, at: i64) -> Condition {
        Condition::of(&Failure::of(code, "could not", None), area, None, Wall(at))
    }

    fn codes(report: &Report) -> Vec<(Area, &str, i64)> {
        report.health.iter().map(|c| (c.area, c.code.as_str(), c.since.0)).collect()
    }

    #[test]
    fn each_part_is_in_one_condition_that_only_it_ends() {
        let mut report = Report::new(State::Live);
        let mut meets = |area, code, at| {
            let (is_new, over) = report.meets(met(area, code, at));
            (is_new, over.into_iter().map(|c| c.code).collect::<Vec<_>>())
        };
        assert_eq!(meets(Area::Outbox, "net.refused", 1), (true, vec![]));
        assert_eq!(meets(Area::Outbox, "net.refused", 2), (false, vec![]), "told already");
        assert_eq!(meets(Area::Mail, "imap.throttled", 3), (true, vec![]));
        let gave_way = vec!["net.refused".to_owned()];
        assert_eq!(meets(Area::Outbox, "smtp.auth", 4), (true, gave_way), "and is told over");
        let both = [(Area::Mail, "imap.throttled", 3), (Area::Outbox, "smtp.auth", 4)];
        assert_eq!(codes(&report), both);
        assert_eq!(report.recovers(Area::Outbox).len(), 1);
        assert_eq!(codes(&report), both[..1]);
        assert!(report.recovers(Area::Outbox).is_empty());
    }

    #[test]
    fn what_is_set_aside_is_said_in_one_line() {
        let mut aside = Aside::default();
        assert_eq!((aside.of_mailboxes(), aside.of_messages()), (None, None));
        aside.mailboxes.add(|| "INBOX".into(), "NO way");
        let words = |met: Option<Failure>| met.map(|it| (it.code, it.message, it.detail));
        let one = "The server does not open the mailbox INBOX".to_owned();
        let met = Some(("mailbox.aside", one, Some("NO way".to_owned())));
        assert_eq!(words(aside.of_mailboxes()), met);
        for name in ["A", "B", "C", "D"] {
            aside.mailboxes.add(|| name.into(), "NO");
            aside.messages.add(|| format!("{name} UID 7"), "BAD");
        }
        let said = [aside.of_mailboxes(), aside.of_messages()].map(|met| met.map(|it| it.message));
        let expected = [
            "The server does not open 5 mailboxes: INBOX, A, B and 2 more",
            "The server does not hand out 4 mails: A UID 7, B UID 7, C UID 7 and 1 more",
        ];
        assert_eq!(said, expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn what_both_meet_is_said_once_and_lasts_as_long_as_the_mail_says() {
        for [first, second] in [[Area::Mail, Area::Outbox], [Area::Outbox, Area::Mail]] {
            let mut report = Report::new(State::Live);
            assert_eq!(report.meets(met(first, "net.unreachable", 1)), (true, vec![]));
            assert_eq!(report.meets(met(second, "net.unreachable", 2)), (false, vec![]));
            assert_eq!(codes(&report), [(Area::Mail, "net.unreachable", 1)]);
            assert!(report.recovers(Area::Outbox).is_empty());
            assert_eq!(codes(&report), [(Area::Mail, "net.unreachable", 1)]);
        }
    }

    #[test]
    fn what_gives_way_to_something_known_is_told_over() {
        let mut report = Report::new(State::Live);
        report.meets(met(Area::Outbox, "smtp.auth", 1));
        report.meets(met(Area::Mail, "net.unreachable", 2));
        let (is_new, over) = report.meets(met(Area::Outbox, "net.unreachable", 3));
        assert!(!is_new);
        assert_eq!(over.iter().map(|c| c.code.as_str()).collect::<Vec<_>>(), ["smtp.auth"]);
        assert_eq!(codes(&report), [(Area::Mail, "net.unreachable", 2)]);
    }
}
