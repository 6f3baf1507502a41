//! Submissions with their recipients.

use super::Stored;
use chapar_engine::id::{AccountId, BlobId, IdentityId, SubmissionId};
use chapar_engine::submission::{Delivery, Filing, Phase, Recipient, Search, Submission};
use chapar_engine::time::Wall;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
enum DeliveryRow {
    Waiting(Option<String>),
    InFlight,
    Accepted(String),
    Refused(String),
    Unknown,
}

#[derive(Serialize, Deserialize)]
enum PhaseRow {
    Queued(i64),
    Sending,
    DotPending,
    /// Version 1 only: the search was the phase, and who waited was not tried meanwhile.
    Searching {
        next: i64,
        looks: u32,
        since: i64,
    },
    Sent,
    Failed,
    Canceled,
    Unknown,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct SearchRow {
    next: i64,
    looks: u32,
}

#[derive(Serialize, Deserialize)]
enum FilingRow {
    Pending,
    Wanted { next: i64, tries: u32 },
    Filed,
    Skipped,
}

/// Version 2: the search and the tries apart from the phase.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SubmissionRow {
    base: BaseRow,
    deferrals: u32,
    tried_since: Option<i64>,
    search: Option<SearchRow>,
    losses: u32,
}

/// All there was in version 1.
#[derive(Serialize, Deserialize)]
struct BaseRow {
    id: u64,
    account: u64,
    identity: u64,
    message_id: String,
    subject: String,
    from: String,
    recipients: Vec<(String, DeliveryRow)>,
    blob: [u8; 32],
    size: u64,
    created_at: i64,
    send_at: i64,
    phase: PhaseRow,
    attempts: u32,
    last_reply: Option<String>,
    filing: FilingRow,
    key: Option<String>,
}

impl DeliveryRow {
    fn of(delivery: &Delivery) -> Self {
        match delivery {
            Delivery::Waiting { reply } => Self::Waiting(reply.clone()),
            Delivery::InFlight => Self::InFlight,
            Delivery::Accepted { reply } => Self::Accepted(reply.clone()),
            Delivery::Refused { reply } => Self::Refused(reply.clone()),
            Delivery::Unknown => Self::Unknown,
        }
    }

    fn delivery(self) -> Delivery {
        match self {
            Self::Waiting(reply) => Delivery::Waiting { reply },
            Self::InFlight => Delivery::InFlight,
            Self::Accepted(reply) => Delivery::Accepted { reply },
            Self::Refused(reply) => Delivery::Refused { reply },
            Self::Unknown => Delivery::Unknown,
        }
    }
}

impl PhaseRow {
    fn of(phase: Phase) -> Self {
        match phase {
            Phase::Queued { next } => Self::Queued(next.0),
            Phase::Sending => Self::Sending,
            Phase::DotPending => Self::DotPending,
            Phase::Unknown => Self::Unknown,
            Phase::Sent => Self::Sent,
            Phase::Failed => Self::Failed,
            Phase::Canceled => Self::Canceled,
        }
    }

    fn phase(&self) -> Phase {
        match self {
            Self::Queued(next) => Phase::Queued { next: Wall(*next) },
            Self::Sending => Phase::Sending,
            Self::DotPending => Phase::DotPending,
            Self::Searching { .. } | Self::Unknown => Phase::Unknown,
            Self::Sent => Phase::Sent,
            Self::Failed => Phase::Failed,
            Self::Canceled => Phase::Canceled,
        }
    }
}

impl SearchRow {
    fn of(search: Search) -> Self {
        Self { next: search.next.0, looks: search.looks }
    }

    fn search(self) -> Search {
        Search { next: Wall(self.next), looks: self.looks }
    }
}

impl FilingRow {
    fn of(filing: Filing) -> Self {
        match filing {
            Filing::Pending => Self::Pending,
            Filing::Wanted { next, tries } => Self::Wanted { next: next.0, tries },
            Filing::Filed => Self::Filed,
            Filing::Skipped => Self::Skipped,
        }
    }

    fn filing(self) -> Filing {
        match self {
            Self::Pending => Filing::Pending,
            Self::Wanted { next, tries } => Filing::Wanted { next: Wall(next), tries },
            Self::Filed => Filing::Filed,
            Self::Skipped => Filing::Skipped,
        }
    }
}

impl BaseRow {
    fn of(of: &Submission) -> Self {
        let recipients = of.recipients.iter();
        Self {
            id: of.id.0,
            account: of.account.0,
            identity: of.identity.0,
            message_id: of.message_id.clone(),
            subject: of.subject.clone(),
            from: of.from.clone(),
            recipients: recipients
                .map(|it| (it.email.clone(), DeliveryRow::of(&it.delivery)))
                .collect(),
            blob: of.blob.0,
            size: of.size,
            created_at: of.created_at.0,
            send_at: of.send_at.0,
            phase: PhaseRow::of(of.phase),
            attempts: of.attempts,
            last_reply: of.last_reply.clone(),
            filing: FilingRow::of(of.filing),
            key: of.key.clone(),
        }
    }

    /// Version 1 in the layout of today: its tries had been counted from the hour of sending, and
    /// who waited beside the unknown is due since the loss.
    fn grown(mut self) -> SubmissionRow {
        let mut search = None;
        if let PhaseRow::Searching { next, looks, since } = self.phase {
            search = Some(SearchRow { next, looks });
            let waits =
                |(_, delivery): &(_, DeliveryRow)| matches!(delivery, DeliveryRow::Waiting(_));
            if self.recipients.iter().any(waits) {
                self.phase = PhaseRow::Queued(since);
            }
        }
        SubmissionRow {
            deferrals: self.attempts,
            tried_since: (self.attempts > 0).then_some(self.send_at),
            search,
            losses: u32::from(search.is_some()),
            base: self,
        }
    }
}

impl Stored for Submission {
    const VERSION: u8 = 2;
    type Row = SubmissionRow;

    fn to_row(&self) -> SubmissionRow {
        SubmissionRow {
            base: BaseRow::of(self),
            deferrals: self.deferrals,
            tried_since: self.tried_since.map(|at| at.0),
            search: self.search.map(SearchRow::of),
            losses: self.losses,
        }
    }

    fn from_row(row: SubmissionRow) -> Option<Self> {
        let base = row.base;
        let recipients = base.recipients.into_iter();
        Some(Self {
            id: SubmissionId(base.id),
            account: AccountId(base.account),
            identity: IdentityId(base.identity),
            message_id: base.message_id,
            subject: base.subject,
            from: base.from,
            recipients: recipients
                .map(|(email, delivery)| Recipient { email, delivery: delivery.delivery() })
                .collect(),
            blob: BlobId(base.blob),
            size: base.size,
            created_at: Wall(base.created_at),
            send_at: Wall(base.send_at),
            phase: base.phase.phase(),
            attempts: base.attempts,
            deferrals: row.deferrals,
            tried_since: row.tried_since.map(Wall),
            search: row.search.map(SearchRow::search),
            losses: row.losses,
            last_reply: base.last_reply,
            filing: base.filing.filing(),
            key: base.key,
        })
    }

    fn from_old(version: u8, payload: &[u8]) -> Option<Self> {
        let base: BaseRow = (version == 1).then(|| postcard::from_bytes(payload).ok()).flatten()?;
        Self::from_row(base.grown())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A record of version 1 in this phase, with these recipients, as it is read now.
    fn read(phase: PhaseRow, deliveries: Vec<DeliveryRow>) -> Submission {
        let row = BaseRow {
            id: 3,
            account: 1,
            identity: 1,
            message_id: "m@example.org".into(),
            subject: String::new(),
            from: "ada@example.org".into(),
            recipients: deliveries.into_iter().map(|it| ("bob@example.org".into(), it)).collect(),
            blob: [0; 32],
            size: 1,
            created_at: 10,
            send_at: 10,
            phase,
            attempts: 2,
            last_reply: None,
            filing: FilingRow::Pending,
            key: None,
        };
        let payload = postcard::to_allocvec(&row).unwrap();
        assert!(Submission::from_old(0, &payload).is_none());
        Submission::from_old(1, &payload).unwrap()
    }

    #[test]
    fn version_1_goes_on_where_it_stood() {
        let searching = || PhaseRow::Searching { next: 90, looks: 2, since: 40 };
        let search = Some(Search { next: Wall(90), looks: 2 });
        let unknown = read(searching(), vec![DeliveryRow::Unknown]);
        assert_eq!((unknown.phase, unknown.search), (Phase::Unknown, search));
        assert_eq!((unknown.losses, unknown.tried_since), (1, Some(Wall(10))));
        let waits = read(searching(), vec![DeliveryRow::Unknown, DeliveryRow::Waiting(None)]);
        assert_eq!((waits.phase, waits.search), (Phase::Queued { next: Wall(40) }, search));
        let queued = read(PhaseRow::Queued(70), vec![DeliveryRow::Waiting(None)]);
        assert_eq!((queued.phase, queued.search), (Phase::Queued { next: Wall(70) }, None));
        assert_eq!((queued.deferrals, queued.losses), (2, 0));
    }
}
