//! Submissions with their recipients.

use super::Stored;
use chapar_engine::id::{AccountId, BlobId, IdentityId, SubmissionId};
use chapar_engine::submission::{Delivery, Filing, Phase, Recipient, Submission};
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
    Unknown { next: i64, looks: u32, since: i64 },
    Sent,
    Failed,
    Canceled,
}

#[derive(Serialize, Deserialize)]
enum FilingRow {
    Pending,
    Wanted { next: i64, tries: u32 },
    Filed,
    Skipped,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SubmissionRow {
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
            Phase::Unknown { next, looks, since } => {
                Self::Unknown { next: next.0, looks, since: since.0 }
            }
            Phase::Sent => Self::Sent,
            Phase::Failed => Self::Failed,
            Phase::Canceled => Self::Canceled,
        }
    }

    fn phase(self) -> Phase {
        match self {
            Self::Queued(next) => Phase::Queued { next: Wall(next) },
            Self::Sending => Phase::Sending,
            Self::DotPending => Phase::DotPending,
            Self::Unknown { next, looks, since } => {
                Phase::Unknown { next: Wall(next), looks, since: Wall(since) }
            }
            Self::Sent => Phase::Sent,
            Self::Failed => Phase::Failed,
            Self::Canceled => Phase::Canceled,
        }
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

impl Stored for Submission {
    type Row = SubmissionRow;

    fn to_row(&self) -> SubmissionRow {
        SubmissionRow {
            id: self.id.0,
            account: self.account.0,
            identity: self.identity.0,
            message_id: self.message_id.clone(),
            subject: self.subject.clone(),
            from: self.from.clone(),
            recipients: self
                .recipients
                .iter()
                .map(|it| (it.email.clone(), DeliveryRow::of(&it.delivery)))
                .collect(),
            blob: self.blob.0,
            size: self.size,
            created_at: self.created_at.0,
            send_at: self.send_at.0,
            phase: PhaseRow::of(self.phase),
            attempts: self.attempts,
            last_reply: self.last_reply.clone(),
            filing: FilingRow::of(self.filing),
            key: self.key.clone(),
        }
    }

    fn from_row(row: SubmissionRow) -> Option<Self> {
        Some(Self {
            id: SubmissionId(row.id),
            account: AccountId(row.account),
            identity: IdentityId(row.identity),
            message_id: row.message_id,
            subject: row.subject,
            from: row.from,
            recipients: row
                .recipients
                .into_iter()
                .map(|(email, delivery)| Recipient { email, delivery: delivery.delivery() })
                .collect(),
            blob: BlobId(row.blob),
            size: row.size,
            created_at: Wall(row.created_at),
            send_at: Wall(row.send_at),
            phase: row.phase.phase(),
            attempts: row.attempts,
            last_reply: row.last_reply,
            filing: row.filing.filing(),
            key: row.key,
        })
    }
}
