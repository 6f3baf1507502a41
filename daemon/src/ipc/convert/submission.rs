//! Submissions and what became of each recipient.

use super::{account_id, date, email_id, identity_id, submission_id, thread_id};
use chapar_engine::message::Message;
use chapar_engine::submission::{Delivery, Filing, Phase, Recipient, Submission, words_apart};
use chapar_ipc_protocol as wire;

pub(in crate::ipc) fn phase(phase: Phase) -> wire::submission::Phase {
    use wire::submission::Phase as Wire;
    match phase {
        Phase::Queued { .. } => Wire::Queued,
        Phase::Sending | Phase::DotPending => Wire::Sending,
        Phase::Unknown => Wire::Unknown,
        Phase::Sent => Wire::Sent,
        Phase::Failed => Wire::Failed,
        Phase::Canceled => Wire::Canceled,
    }
}

pub(in crate::ipc) fn undo_status(phase: Phase) -> wire::submission::UndoStatus {
    use wire::submission::UndoStatus as Wire;
    match phase {
        Phase::Queued { .. } => Wire::Pending,
        Phase::Canceled => Wire::Canceled,
        _ => Wire::Final,
    }
}

fn delivery(recipient: &Recipient) -> (String, wire::submission::DeliveryStatus) {
    use wire::submission::Delivered;
    let (delivered, reply) = match &recipient.delivery {
        Delivery::Waiting { reply } => (Delivered::Queued, reply.as_deref()),
        Delivery::InFlight => (Delivered::Queued, None),
        Delivery::Accepted { reply } => (Delivered::Yes, Some(reply.as_str())),
        Delivery::Refused { reply } => (Delivered::No, Some(reply.as_str())),
        Delivery::Unknown => (Delivered::Unknown, None),
    };
    let (line, own) = reply.map(words_apart).unwrap_or_default();
    let status = wire::submission::DeliveryStatus {
        smtp_reply: line.unwrap_or_default().to_owned(),
        reason: own.map(str::to_owned),
        delivered,
        displayed: "unknown".to_owned(),
    };
    (recipient.email.clone(), status)
}

/// A submission; `copy` is its email in Sent, once mirrored.
pub(in crate::ipc) fn submission(
    submission: &Submission,
    copy: Option<&Message>,
) -> wire::submission::EmailSubmission {
    use wire::submission::{Envelope, EnvelopeAddress, Filed};
    let envelope_address = |email: &str| EnvelopeAddress { email: email.to_owned() };
    wire::submission::EmailSubmission {
        id: submission_id(submission.id),
        account_id: account_id(submission.account),
        identity_id: identity_id(submission.identity),
        email_id: copy.map(|message| email_id(message.id)),
        thread_id: copy.and_then(|message| message.thread).map(thread_id),
        envelope: Envelope {
            mail_from: envelope_address(&submission.from),
            rcpt_to: submission.recipients.iter().map(|to| envelope_address(&to.email)).collect(),
        },
        send_at: date(submission.send_at),
        undo_status: undo_status(submission.phase),
        delivery_status: submission.recipients.iter().map(delivery).collect(),
        phase: phase(submission.phase),
        subject: submission.subject.clone(),
        message_id: submission.message_id.clone(),
        size: submission.size,
        created_at: date(submission.created_at),
        attempts: submission.attempts,
        next_attempt_at: submission.next_attempt().map(date),
        last_reply: submission.last_reply.clone(),
        filed: match submission.filing {
            // of what was sent to nobody there is no copy
            Filing::Pending if matches!(submission.phase, Phase::Failed | Phase::Canceled) => {
                Filed::Skipped
            }
            Filing::Pending => Filed::Pending,
            Filing::Wanted { .. } => Filed::Wanted,
            Filing::Filed => Filed::Filed,
            Filing::Skipped => Filed::Skipped,
        },
        truncated: None,
    }
}
