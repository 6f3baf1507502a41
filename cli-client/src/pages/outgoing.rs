//! Sending.

use super::Page;
use crate::error::exit::{BAD_DATA, NO_OBJECT, NO_PERMISSION, TEMPORARY};

/// The pages of `smtp.*` and `submission.*`.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "smtp.auth",
        exit: NO_PERMISSION,
        title: "The SMTP server refused the sign-in",
        why: "Reading may work while sending does not: some providers switch SMTP sign-in off, or \
              want an app password.",
        what: &[
            "Type the password again.",
            "Look in the provider's settings whether SMTP sign-in is allowed.",
        ],
        commands: &["chapar account update ACCOUNT --password", "chapar status"],
    },
    Page {
        code: "smtp.not_smtp",
        exit: BAD_DATA,
        title: "The server there does not speak SMTP",
        why: "Another service answered, often the IMAP server.",
        what: &["Give the SMTP server with --smtp, usually port 465 or 587."],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST:465"],
    },
    Page {
        code: "smtp.no_auth",
        exit: NO_PERMISSION,
        title: "The SMTP server offers no sign-in",
        why: "This port is for mail between servers, not for sending your own.",
        what: &["Use the submission port: 465 with TLS or 587 with STARTTLS."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST:465"],
    },
    Page {
        code: "smtp.sender_refused",
        exit: NO_PERMISSION,
        title: "The server does not let you send as this address",
        why: "The sender's address is not one that your sign-in may use.",
        what: &["Send from the account the address belongs to."],
        commands: &["chapar account list"],
    },
    Page {
        code: "smtp.recipient_refused",
        exit: BAD_DATA,
        title: "The server refused a recipient for good",
        why: "The address does not exist or takes no mail from you; the server's words are in the \
              error. Other recipients are not affected.",
        what: &["Look for a typing error in the address."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.too_big",
        exit: BAD_DATA,
        title: "The mail is larger than the server takes",
        why: "The server announces the largest mail it takes, and attachments grow by a third on \
              the way.",
        what: &["Send a link instead of the file, or several smaller mails."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.temporary",
        exit: TEMPORARY,
        title: "The server said: later",
        why: "It cannot take the mail now (greylisting, load, quota). chapar tries again by itself \
              for five days.",
        what: &["Wait, or try again now."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.rejected",
        exit: BAD_DATA,
        title: "The server refused the mail for good",
        why: "Its words are in the error: policy, content or quota.",
        what: &["Look at its words, change the mail, send again."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.throttled",
        exit: TEMPORARY,
        title: "The provider asks to send slower",
        why: "There was more mail than it allows in the time. chapar waits and goes on by itself.",
        what: &["Wait."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.protocol",
        exit: TEMPORARY,
        title: "The SMTP server answered something chapar does not understand",
        why: "The answer breaks the protocol or a limit. The mail stays in the outbox.",
        what: &["If it comes back, report it with the lines of the log."],
        commands: &["chapar logs --level warn"],
    },
    Page {
        code: "submission.unknown",
        exit: TEMPORARY,
        title: "It is not known whether the mail was sent",
        why: "The connection broke after the whole mail was handed over and before the server said \
              yes or no. Sending again could deliver it twice, so chapar looks for it in Sent \
              instead, and asks you when it is not there.",
        what: &[
            "Look in Sent on the provider's page, or ask a recipient.",
            "Then settle it with one of the commands.",
        ],
        commands: &["chapar outbox resolve ID --sent", "chapar outbox resolve ID --resend"],
    },
    Page {
        code: "submission.not_found",
        exit: NO_OBJECT,
        title: "There is no such submission",
        why: "Nothing in the outbox has that id.",
        what: &["Look at the list."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "submission.too_late",
        exit: BAD_DATA,
        title: "It is too late to cancel",
        why: "The mail is being handed over or is already sent.",
        what: &["Look at its state."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "submission.expired",
        exit: TEMPORARY,
        title: "The mail could not be sent within five days",
        why: "The server said \"later\" each time. The last words are in the error.",
        what: &["Look at its words; try again."],
        commands: &["chapar outbox retry ID"],
    },
    Page {
        code: "submission.refused",
        exit: BAD_DATA,
        title: "No recipient was accepted",
        why: "The server refused every recipient for good; nothing was delivered.",
        what: &["Look at the words for each recipient."],
        commands: &["chapar outbox show ID"],
    },
];
