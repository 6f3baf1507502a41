//! The outbox.

use crate::Action::{Refused, Unknown};
use crate::Condition;
use crate::Severity::{Error, Warning};
use crate::Who::You;
use crate::exit::{BAD_DATA, NO_OBJECT, TEMPORARY};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "submission.unknown",
        action: Unknown,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "Whether the mail was sent is not known",
        cause: "The connection broke after the whole mail was handed over and before the server \
                said yes or no. Sending again could deliver it twice, so chapar looks for it in \
                Sent instead, and asks you when it is not there.",
        brief: Some(
            "It is looked for in Sent. If it stays unknown, say whether it was sent or shall be \
             sent again.",
        ),
        what: &[
            "Look in Sent on the provider's page, or ask a recipient.",
            "Then settle it with one of the commands.",
        ],
        commands: &[
            "chapar outbox list --open",
            "chapar outbox resolve {id} --sent",
            "chapar outbox resolve {id} --resend",
        ],
        ..Condition::BLANK
    },
    Condition {
        code: "submission.not_found",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "There is no such submission",
        cause: "Nothing in the outbox has that id.",
        brief: Some("The outbox lists what there is."),
        what: &["Look at the list."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "submission.wrong_phase",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The submission is past that point",
        cause: "Only what waits can be canceled, only what failed or waits can be retried, only \
                what is unknown can be resolved.",
        brief: Some("The outbox shows where it stands."),
        what: &["Look at where it stands."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "submission.waiting",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "Mails still wait to be sent",
        cause: "Removing the account, or everything, would lose mails that were accepted and are not \
                sent yet, or of which it is not known whether they were. Nothing was changed.",
        brief: Some(
            "Wait until they are sent, cancel or settle them, or say --discard-outbox: then they \
             are lost.",
        ),
        what: &[
            "Wait until they are sent; the outbox lists them.",
            "Cancel what shall not be sent, settle what is unknown.",
            "Or let go of them with --discard-outbox.",
        ],
        commands: &[
            "chapar outbox list --open",
            "chapar account remove {account} --discard-outbox",
            "chapar data forget --all --discard-outbox",
        ],
        ..Condition::BLANK
    },
];
