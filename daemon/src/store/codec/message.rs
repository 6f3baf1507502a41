//! Messages and their summaries.

use super::Stored;
use super::row::{flags_row, stage_number, stage_of};
use chapar_engine::address::Address;
use chapar_engine::id::{AccountId, BlobId, MailboxId, MessageId, ThreadId};
use chapar_engine::message::{Defect, Message, Summary};
use chapar_engine::time::Wall;
use serde::{Deserialize, Serialize};

/// Display name and addr-spec.
pub(super) type AddressRow = (Option<String>, String);

pub(super) fn addresses_row(addresses: &[Address]) -> Vec<AddressRow> {
    addresses.iter().map(|it| (it.name.clone(), it.email.clone())).collect()
}

pub(super) fn addresses_of(rows: Vec<AddressRow>) -> Vec<Address> {
    rows.into_iter().map(|(name, email)| Address { name, email }).collect()
}

#[derive(Serialize, Deserialize)]
struct SummaryRow {
    message_id: Option<String>,
    in_reply_to: Vec<String>,
    references: Vec<String>,
    sent_at: Option<i64>,
    from: Vec<AddressRow>,
    reply_to: Vec<AddressRow>,
    to: Vec<AddressRow>,
    cc: Vec<AddressRow>,
    bcc: Vec<AddressRow>,
    subject: String,
    preview: String,
    has_attachment: bool,
    defects: Vec<u8>,
    /// Since version 2. It stays the last of the record.
    part_names: Vec<String>,
}

/// Place in this list = number in the record.
const DEFECTS: [Defect; 6] = [
    Defect::Unparsable,
    Defect::TooLarge,
    Defect::TooComplex,
    Defect::NoFrom,
    Defect::NoDate,
    Defect::NoMessageId,
];

fn defect_number(defect: Defect) -> Option<u8> {
    let at = DEFECTS.iter().position(|known| *known == defect)?;
    u8::try_from(at).ok()
}

impl SummaryRow {
    fn of(summary: &Summary) -> Self {
        Self {
            message_id: summary.message_id.clone(),
            in_reply_to: summary.in_reply_to.clone(),
            references: summary.references.clone(),
            sent_at: summary.sent_at.map(|at| at.0),
            from: addresses_row(&summary.from),
            reply_to: addresses_row(&summary.reply_to),
            to: addresses_row(&summary.to),
            cc: addresses_row(&summary.cc),
            bcc: addresses_row(&summary.bcc),
            subject: summary.subject.clone(),
            preview: summary.preview.clone(),
            has_attachment: summary.has_attachment,
            defects: summary.defects.iter().filter_map(|it| defect_number(*it)).collect(),
            part_names: summary.part_names.clone(),
        }
    }

    fn summary(self) -> Summary {
        Summary {
            message_id: self.message_id,
            in_reply_to: self.in_reply_to,
            references: self.references,
            sent_at: self.sent_at.map(Wall),
            from: addresses_of(self.from),
            reply_to: addresses_of(self.reply_to),
            to: addresses_of(self.to),
            cc: addresses_of(self.cc),
            bcc: addresses_of(self.bcc),
            subject: self.subject,
            preview: self.preview,
            has_attachment: self.has_attachment,
            defects: self
                .defects
                .into_iter()
                .filter_map(|number| DEFECTS.get(usize::from(number)).copied())
                .collect(),
            part_names: self.part_names,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct MessageRow {
    id: u64,
    account: u64,
    mailbox: u64,
    uid: u32,
    thread: Option<u64>,
    stage: u8,
    size: u32,
    received_at: i64,
    flags: Vec<String>,
    blob: Option<[u8; 32]>,
    summary: SummaryRow,
}

impl Stored for Message {
    const VERSION: u8 = 2;
    type Row = MessageRow;

    fn to_row(&self) -> MessageRow {
        MessageRow {
            id: self.id.0,
            account: self.account.0,
            mailbox: self.mailbox.0,
            uid: self.uid,
            thread: self.thread.map(|it| it.0),
            stage: stage_number(self.stage),
            size: self.size,
            received_at: self.received_at.0,
            flags: flags_row(&self.flags),
            blob: self.blob.map(|it| it.0),
            summary: SummaryRow::of(&self.summary),
        }
    }

    fn from_row(row: MessageRow) -> Option<Self> {
        Some(Self {
            id: MessageId(row.id),
            account: AccountId(row.account),
            mailbox: MailboxId(row.mailbox),
            uid: row.uid,
            thread: row.thread.map(ThreadId),
            stage: stage_of(row.stage)?,
            size: row.size,
            received_at: Wall(row.received_at),
            flags: row.flags.into_iter().collect(),
            blob: row.blob.map(BlobId),
            summary: row.summary.summary(),
        })
    }

    /// Version 1 ended before the names of parts: an empty list of them is a zero at its end.
    fn from_old(version: u8, payload: &[u8]) -> Option<Self> {
        let whole = [payload, &[0]].concat();
        let row = postcard::from_bytes(&whole).ok().filter(|_| version == 1)?;
        Self::from_row(row)
    }
}
