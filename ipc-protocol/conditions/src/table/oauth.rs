//! Signing in at an issuer, and keeping that alive. `oauth.no_client` is the wizard page.

use crate::Action::{FixSettings, Refused, Retry, SignInAgain, Throttled};
use crate::Severity::{Error, Warning};
use crate::Who::{Admin, Nobody, Provider, You};
use crate::exit::{BAD_DATA, CONFIG, NO_PERMISSION, TEMPORARY, UNAVAILABLE};
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "oauth.expired",
        action: SignInAgain,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The provider ended the sign-in",
        cause: "The provider answered that the sign-in is over: the password was changed, access \
                was taken back on its security page, it was not used for months, or a client that \
                is still being tested loses its sign-ins after seven days.",
        brief: Some(
            "Sign in again. Mail, outbox and settings are kept and go on where they stopped.",
        ),
        what: &[
            "Sign in again; mail, outbox and settings stay.",
            "If it comes back each week at Google: set your own client to \"In production\" \
             (chapar help oauth.no_client).",
        ],
        commands: &["chapar account reconnect {account}"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.token_refused",
        action: SignInAgain,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The mail server refuses the provider's own token",
        cause: "The provider's sign-in service gave a fresh token and its mail server does not \
                take it. The usual reasons: IMAP or SMTP is switched off for the mailbox, the \
                person who signed in has no mailbox, or the login name is another one.",
        brief: Some(
            "Check whether IMAP and SMTP are switched on for this mailbox, then sign in again.",
        ),
        what: &[
            "Look whether IMAP and SMTP are switched on for this mailbox; in a company the \
             administrator does it.",
            "Sign in again, as the person whose mailbox it is.",
        ],
        commands: &["chapar account reconnect {account}", "chapar doctor {account}"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.client",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "The provider refuses the client id",
        cause: "The provider does not know the client id, or it wants another secret, redirect or \
                kind of client. Your sign-in itself is not touched.",
        brief: Some(
            "Correct the client at the provider as named, or name another with --client-id. Each \
             click: chapar help oauth.no_client.",
        ),
        what: &[
            "Compare the client with the steps in chapar help oauth.no_client: kind \"Desktop \
             app\" at Google; public client with http://localhost at Microsoft.",
            "Correct it at the provider or name another client, then sign in again.",
        ],
        commands: &[
            "chapar account reconnect {account}",
            "chapar account reconnect {account} --client-id {client}",
            "chapar help oauth.no_client",
        ],
        method: Some(Method::RECONNECT),
        links: &[
            ("google", "https://console.cloud.google.com/"),
            ("microsoft", "https://entra.microsoft.com/"),
        ],
    },
    Condition {
        code: "oauth.throttled",
        action: Throttled,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The sign-in service asks to slow down",
        cause: "There were more sign-ins or renewals in a short time than the provider allows.",
        brief: Some("Wait a few minutes. For a sign-in that exists it is tried again by itself."),
        what: &["Wait: chapar goes on by itself, not before the provider said."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.unavailable",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "The sign-in service does not answer as one",
        cause: "The sign-in service could not be reached, or something else answered in its place: \
                the log-in page of a network, a proxy, an error page. Nothing is decided by that: \
                the stored sign-in is kept.",
        brief: Some(
            "A sign-in that exists is kept and tried again by itself. In a hotel or a train, sign in to \
             the network first.",
        ),
        what: &[
            "Open any web page: a hotel or a train may want you to sign in to the network first.",
            "Nothing else has to be done: chapar tries again by itself.",
        ],
        commands: &["chapar sync {account}", "chapar doctor {account}"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.denied",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The sign-in was declined",
        cause: "The page of the provider was answered with no, or closed by its Cancel button. \
                Nothing was saved.",
        brief: Some("Nothing was saved. Sign in again and agree, or connect with an app password."),
        what: &[
            "Sign in again and agree.",
            "Where the provider allows it, use an app password instead.",
        ],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.missing_scope",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "A permission was not granted",
        cause: "The consent page has a box for each permission, and the one for mail was not \
                ticked, or the provider does not give it to this client. Nothing was saved.",
        brief: Some(
            "Open the page again and tick every box: without it mail can neither be read nor sent.",
        ),
        what: &[
            "Open the page again and tick every box.",
            "With a client of your own: look whether the mail scopes are on its list (chapar help \
             oauth.no_client).",
        ],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.admin_consent",
        action: Refused,
        severity: Error,
        who: Admin,
        exit: NO_PERMISSION,
        title: "Your administrator has to agree first",
        cause: "In this organization nobody but an administrator may let a program read mail. \
                Nothing was changed.",
        brief: Some(
            "Nothing was changed. Send the link to your administrator, then connect again; or use \
             your company's own app with --client-id.",
        ),
        what: &[
            "Send your administrator the link in the error; it asks for chapar and for nothing \
             else.",
            "Connect again once it is granted.",
            "Or use a client that your organization has already approved.",
        ],
        commands: &[
            "chapar account reconnect {account}",
            "chapar connect {address} --resume",
            "chapar connect {address} --client-id {client}",
        ],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.policy",
        action: Refused,
        severity: Error,
        who: Admin,
        exit: NO_PERMISSION,
        title: "Your organization forbids this sign-in",
        cause: "A rule of the organization stands against it: unknown device, network or program. \
                No password and no consent of yours helps.",
        brief: Some(
            "Ask your administrator to allow chapar, or to name an app that is allowed and use it \
             with --client-id.",
        ),
        what: &[
            "Give the words of the error to your administrator.",
            "Ask which program is allowed, and use its client id.",
        ],
        commands: &["chapar connect {address} --client-id {client}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.no_refresh_token",
        action: Refused,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The sign-in would not last",
        cause: "The provider let you in once but gave nothing to renew the access with, so it \
                would end within the hour. Nothing was saved.",
        brief: Some(
            "Remove chapar from the list of connected apps at the provider and sign in again; a \
             client of your own has to be allowed offline access.",
        ),
        what: &[
            "Remove chapar from the list of connected apps on the provider's security page, then \
             sign in again.",
            "A client of your own has to be allowed offline access.",
        ],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.code",
        action: Refused,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "The sign-in has to be repeated",
        cause: "The code of this sign-in was used, or is too old: each works once and for some \
                minutes.",
        brief: Some("Nothing was saved. Sign in again."),
        what: &["Sign in again and come back to chapar at once."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.state",
        action: Refused,
        severity: Warning,
        who: You,
        exit: NO_PERMISSION,
        title: "This address is of another sign-in",
        cause: "The address carries the mark of another sign-in: of an older page, of another \
                window, or of somebody who wants to slip you theirs. It was not used.",
        brief: Some("Paste the address at which the browser ended now, or open the page again."),
        what: &["Use the page that was opened last, and paste the address at which that one ends."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.pasted",
        action: Refused,
        severity: Warning,
        who: You,
        exit: BAD_DATA,
        title: "This is not the address the browser ended at",
        cause: "What was pasted has no code and state in it. It is the address at which the \
                browser ends after the sign-in, even when the page there says that it cannot be \
                shown.",
        brief: Some("Paste the whole address from the address bar, with code and state in it."),
        what: &["Copy the whole address line of the browser and paste it."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.issuer",
        action: Refused,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The answer came from another issuer",
        cause: "The answer names another sign-in service than the one that was asked. That is how \
                a code is stolen, so nothing was sent on. Nothing was saved.",
        brief: Some(
            "Nothing was saved and nothing was sent there. Somebody may be tampering: start anew, \
             from another network.",
        ),
        what: &[
            "Begin again, from another network.",
            "If it stays, tell the provider: its server says iss wrongly.",
        ],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.timeout",
        action: Refused,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "Nobody signed in in time",
        cause: "The page of the provider was not answered while chapar waited.",
        brief: Some("Nothing was saved. Connect again when you have the time."),
        what: &["Connect again when you have some minutes."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.no_client",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "No client id is known for this provider",
        cause: "To sign in at a provider, a program has to be registered there as a \"client\". \
                chapar carries no other program's registration, and none was built in or configured \
                for this provider. Registering one of your own takes five minutes, costs nothing \
                and needs no review for your own mailboxes.",
        brief: Some(
            "Register one of your own, which takes five minutes, and name it with --client-id; \
             chapar help oauth.no_client says each click.",
        ),
        what: &[
            "Google 1: open https://console.cloud.google.com/ and create a project (any name), or \
             choose one. APIs & Services, Library, Gmail API: Enable.",
            "Google 2: APIs & Services, OAuth consent screen (also called Google Auth Platform), \
             Get started: an app name such as \"chapar\", your address. Audience: Internal where \
             your organization offers it, else External.",
            "Google 3: Data Access, Add or remove scopes: paste https://mail.google.com/ into the \
             manual list, Add, Update, Save.",
            "Google 4: Audience, Publish app, so that it says \"In production\": sign-ins of a \
             client in \"Testing\" end after seven days. It needs no verification for yourself; the \
             browser warns once, go on by Advanced.",
            "Google 5: Clients (or Credentials), Create client, OAuth client ID, type Desktop app. \
             Keep its id and its secret; the secret goes into a file that only you can read.",
            "Microsoft 1: open https://entra.microsoft.com/ , App registrations, New registration: \
             name \"chapar\"; accounts in any organizational directory and personal Microsoft \
             accounts.",
            "Microsoft 2: Redirect URI: Public client/native (mobile & desktop), http://localhost \
             . Register.",
            "Microsoft 3: API permissions, Add a permission, APIs my organization uses, Office 365 \
             Exchange Online (or Microsoft Graph), Delegated: IMAP.AccessAsUser.All and SMTP.Send; \
             then Microsoft Graph, Delegated: offline_access, openid, email. In a company an \
             administrator grants consent there.",
            "Microsoft 4: Authentication, Allow public client flows: Yes. Save. Copy the \
             Application (client) ID; there is no secret.",
            "Others: a public native client with PKCE and the redirect \
             http://127.0.0.1/callback, with any port.",
            "Then connect with it, or write it into config.toml once for all accounts of the \
             provider: a table [[provider]] with the lines key = \"google\" (or \"microsoft\"), \
             client_id = \"…\" and, at Google, client_secret_file = \"…\".",
        ],
        commands: &[
            "chapar connect {address} --client-id {client} --client-secret-file {file}",
            "chapar connect {address} --client-id {client}",
            "chapar config edit",
        ],
        links: &[
            ("google", "https://console.cloud.google.com/"),
            ("microsoft", "https://entra.microsoft.com/"),
        ],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.refused",
        action: Refused,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The provider refuses the sign-in",
        cause: "The provider's sign-in service said no, in the words that stand in the error. \
                Nothing was saved.",
        brief: Some("The provider's own words say why. Nothing was saved."),
        what: &["Look at its words.", "Try again; if it stays, ask the provider with these words."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.metadata",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: CONFIG,
        title: "What the issuer says of itself cannot be used",
        cause: "The document in which a sign-in service says how it is used is missing, broken, or \
                contradicts itself.",
        brief: Some(
            "Check the address of the issuer. If it is right, the provider has to mend what it \
             publishes.",
        ),
        what: &[
            "Look at the address of the issuer for a typing error.",
            "If the provider has no such document, name its two addresses in a [[provider]] table \
             of config.toml.",
        ],
        commands: &["chapar config edit"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.answer",
        action: Refused,
        severity: Error,
        who: Provider,
        exit: TEMPORARY,
        title: "The token answer cannot be used",
        cause: "The sign-in service answered with something that is no token answer, or one \
                without a sensible life. Nothing was saved.",
        brief: Some("Nothing was saved. The provider has to mend what it sends."),
        what: &["Try again.", "Tell the provider, with the words of the error."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.listen",
        action: Retry,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "The page for the sign-in cannot be opened",
        cause: "The browser has to come back to a port of this machine (127.0.0.1), and none could \
                be opened.",
        brief: Some(
            "No port of 127.0.0.1 could be had, and every sign-in needs one. Check what forbids \
             it, then sign in again.",
        ),
        what: &[
            "Look whether a firewall or a sandbox forbids programs to listen on 127.0.0.1.",
            "Sign in again. Where the provider allows it, an app password needs no port.",
        ],
        commands: &["chapar account reconnect {account}", "chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "oauth.wrong_person",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "Somebody else signed in",
        cause: "The browser was signed in as somebody else, and that person's mail must not land \
                in this account. Nothing was changed.",
        brief: Some(
            "Sign out at the provider, or use a private window, and sign in with the address of the \
             account. If that is an alias or a shared mailbox of who signed in: --alias.",
        ),
        what: &[
            "Sign out at the provider, or use a private window, and sign in with the address of \
             the account.",
            "If the address is an alias or a shared mailbox of that person: say so with --alias.",
        ],
        commands: &[
            "chapar account reconnect {account}",
            "chapar connect {address}",
            "chapar connect {address} --alias",
        ],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
];
