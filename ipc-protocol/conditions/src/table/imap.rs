//! What IMAP servers answer.

use crate::Action::{FixSettings, Refused, Retry, SignInAgain, Throttled};
use crate::Severity::{Error, Info, Warning};
use crate::Who::{Nobody, Provider, You};
use crate::exit::{BAD_DATA, NO_OBJECT, NO_PERMISSION, TEMPORARY};
use crate::{Condition, Method};

/// Said by both of a provider's servers, and mended by the same steps.
pub(super) const APP_PASSWORD: Condition = Condition {
    code: "imap.app_password",
    action: SignInAgain,
    severity: Error,
    who: You,
    exit: NO_PERMISSION,
    title: "The provider asks for an app password",
    cause: "With two-factor sign-in the usual password does not work for mail programs.",
    brief: Some(
        "Make an app password on the provider's website and connect the account again with it.",
    ),
    what: &[
        "Make an app password on the provider's website.",
        "Give it to chapar in place of the old one.",
    ],
    commands: &["chapar account reconnect {account}", "chapar status"],
    method: Some(Method::RECONNECT),
    links: &[
        ("google", "https://myaccount.google.com/apppasswords"),
        ("icloud", "https://account.apple.com/"),
        ("yahoo", "https://login.yahoo.com/account/security"),
        ("fastmail", "https://app.fastmail.com/settings/security/apps"),
    ],
};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "imap.auth",
        action: SignInAgain,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The IMAP server refuses the password",
        cause: "The login name or the password is wrong, or the provider wants something else than \
                the password of its web page. Mail and outbox stay as they are.",
        brief: Some(
            "Check user name and password, then connect the account again. Mail and outbox are \
             kept.",
        ),
        what: &[
            "Type the password again; look at the keyboard layout.",
            "Many providers want an app password, made in the security page of the account.",
            "Some switch IMAP off until it is allowed in their settings.",
            "The login name may differ from the address: give --user.",
        ],
        commands: &["chapar account reconnect {account}", "chapar status"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.not_imap",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "This is no IMAP server",
        cause: "Another service answered, often the SMTP server.",
        brief: Some("Check host and port of the IMAP server."),
        what: &["Give the IMAP server with --imap, usually port 993."],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}:465",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.greeting",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The IMAP server turns us away",
        cause: "The server said BYE, or nothing that opens a conversation. Its words are in the \
                error.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Wait a few minutes: often there were too many connections.", "Look at its words."],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.throttled",
        action: Throttled,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The provider asks to slow down",
        cause: "There were more connections or commands than it allows. chapar waits as long as it \
                asks and goes on by itself.",
        brief: Some(
            "Wait: it goes on by itself; or close other mail programs that use the account.",
        ),
        what: &[
            "Wait.",
            "Close other mail programs that use the same account; then it may be tried at once.",
        ],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.protocol",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The IMAP server broke the protocol",
        cause: "The answer breaks the protocol or a limit. The connection was closed; mail that is \
                here stays as it is.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["If it comes back, report it with the lines of the log."],
        commands: &["chapar sync {account}", "chapar logs --level warn"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.too_much",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The IMAP server sends too much at once",
        cause: "One answer, or what has to be kept of it, is larger than chapar holds in memory for \
                an account. The connection was closed; mail that is here stays as it is.",
        brief: Some("It is tried again by itself, later and later. Other accounts go on."),
        what: &[
            "Nothing has to be done: chapar tries again by itself, later and later.",
            "If it comes back, report it with the lines of the log: they say which command it was.",
        ],
        commands: &["chapar sync {account}", "chapar logs --level warn"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.refused",
        action: Refused,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The IMAP server refused a command",
        cause: "It said NO; its words are in the error.",
        brief: Some("The rest goes on. The server's own words say why."),
        what: &["Look at its words.", "chapar tries again by itself."],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.preauth",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server skips the login before TLS",
        cause: "The server greeted with PREAUTH on a plain connection. Over such a line anybody \
                could listen, and STARTTLS is not possible any more.",
        brief: Some("Nothing was sent. Use the port that begins with TLS, usually 993."),
        what: &["Use port 993, where TLS is there from the start."],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.no_login",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The IMAP server allows no login we can use",
        cause: "Inside TLS chapar speaks LOGIN, AUTHENTICATE PLAIN and LOGIN, OAUTHBEARER and \
                XOAUTH2; the server takes none of them with this credential. Some providers allow \
                only sign-in in the browser.",
        brief: Some(
            "Check whether IMAP is switched on for this mailbox on the provider's website.",
        ),
        what: &["Look in the provider's settings for IMAP access or app passwords."],
        commands: &[
            "chapar sync {account}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    APP_PASSWORD,
    Condition {
        code: "imap.bad_credential",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The login cannot be sent",
        cause: "A user name or a password cannot have a NUL in it.",
        what: &["Enter it again."],
        commands: &["chapar account update {account} --password-stdin"],
        ..Condition::BLANK
    },
    Condition {
        code: "imap.unavailable",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The mailbox is not available at present",
        cause: "The server's part that checks passwords is out of order at present. The password \
                may well be right.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.over_quota",
        action: Refused,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "The mailbox is full",
        cause: "The server does not take another mail into it.",
        brief: Some(
            "Delete mail or get more space at the provider. Until then no copy can be filed.",
        ),
        what: &["Delete mail, or ask the provider for more room."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
    Condition {
        code: "imap.no_inbox",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The server shows no INBOX",
        cause: "Every account has an INBOX, so this answer is not believed and nothing is deleted \
                here. The mailbox is being moved or restored, or its rights were changed.",
        brief: Some(
            "It is tried again by itself. If it stays, look whether webmail shows your mail and \
             ask whoever runs the server.",
        ),
        what: &[
            "Nothing has to be done: chapar tries again by itself, later and later.",
            "If it stays, look whether webmail shows your mail.",
            "Ask whoever runs the server to give the mailbox its INBOX back, then sync once.",
        ],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.no_mailbox",
        action: Refused,
        severity: Info,
        who: Nobody,
        exit: NO_OBJECT,
        title: "The mailbox is not there any more",
        cause: "It was removed or renamed elsewhere.",
        what: &["Nothing has to be done: the list of mailboxes is read again."],
        commands: &["chapar mail list"],
        ..Condition::BLANK
    },
    Condition {
        code: "mailbox.aside",
        action: Refused,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "A mailbox does not open",
        cause: "The server lists the mailbox and does not open it: a right is missing, it was \
                deleted a moment ago, or its storage is out of order. All other mailboxes are \
                mirrored.",
        brief: Some(
            "The other mailboxes are mirrored, and this one is tried again by itself. The \
             server's own words say why it does not open.",
        ),
        what: &[
            "Look at the server's own words; they are shown beside the name of the mailbox.",
            "Ask whoever owns or runs the mailbox for the right to read it, or unsubscribe it.",
            "chapar tries it again by itself, at least once an hour; a sync tries it at once.",
        ],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "mail.aside",
        action: Refused,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "A mail cannot be fetched",
        cause: "The server has the mail and does not hand it out, in several tries. All other mail \
                is mirrored.",
        brief: Some(
            "All other mail is mirrored, and this one is tried again by itself. The server's own \
             words say why it is not handed out.",
        ),
        what: &[
            "Look whether the provider's webmail shows the mail.",
            "If it does not either, its copy on the server is damaged: tell whoever runs the \
             server.",
            "chapar tries it again by itself, more and more seldom; a sync tries it at once.",
        ],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.gone",
        action: Refused,
        severity: Info,
        who: Nobody,
        exit: NO_OBJECT,
        title: "The mail is not on the server any more",
        cause: "It was removed elsewhere before its text was fetched.",
        what: &["Nothing has to be done."],
        commands: &["chapar mail list"],
        ..Condition::BLANK
    },
    Condition {
        code: "imap.too_large",
        action: Refused,
        severity: Info,
        who: Nobody,
        exit: BAD_DATA,
        title: "The mail is larger than chapar reads",
        cause: "Its headers are here, its text is not: a limit protects this machine from endless \
                mails.",
        what: &["Read it in the provider's webmail."],
        commands: &["chapar mail list"],
        ..Condition::BLANK
    },
    Condition {
        code: "imap.disabled",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "IMAP is switched off for this mailbox",
        cause: "The mailbox is there, but the provider does not let mail programs in by IMAP until \
                it is switched on.",
        brief: Some(
            "Switch IMAP on in the mailbox's settings on the provider's website; in a company the \
             administrator has to do it.",
        ),
        what: &[
            "Switch IMAP on in the settings of the mailbox, on the provider's website.",
            "In a company ask the administrator; it can take an hour to work.",
        ],
        commands: &["chapar sync {account}"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.not_connected",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The server let us in but has no mailbox for us",
        cause: "The server took the sign-in and then says that there is no mailbox behind it: it \
                is being moved, it has no licence, or the login name is of somebody else.",
        brief: Some(
            "It is tried again by itself. If it stays, check the user name: a right token with a \
             wrong name looks like this.",
        ),
        what: &[
            "Wait some minutes: a mailbox that is moved comes back.",
            "Look at the login name: it has to be the main address of the mailbox.",
            "Ask the administrator whether the mailbox has a licence.",
        ],
        commands: &[
            "chapar sync {account}",
            "chapar account show {account}",
            "chapar account update {account} --user {name}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "imap.session_ended",
        action: Retry,
        severity: Info,
        who: Nobody,
        exit: TEMPORARY,
        title: "The session's time was over",
        cause: "The provider ends each session after its time, often with the access it came with. \
                The next one stands before that.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Nothing has to be done."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
];
