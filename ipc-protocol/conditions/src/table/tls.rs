//! Certificates and TLS.

use crate::Action::{FixSettings, Retry};
use crate::Severity::{Error, Warning};
use crate::Who::{Provider, You};
use crate::exit::NO_PERMISSION;
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "tls.expired",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server's certificate has expired",
        cause: "Every certificate carries a last day, and this one's has passed. chapar closed the \
                connection before it sent a password, because an old certificate may be in \
                anybody's hands. There is no way to go on with it.",
        brief: Some(
            "Nothing was sent. Ask whoever runs the server for a valid certificate; there is no \
             way to go on without one.",
        ),
        what: &[
            "Look at this machine's clock first: a clock that is wrong makes good certificates \
             look old.",
            "Ask whoever runs the server to renew the certificate.",
            "If the provider publishes another host name, use that one.",
        ],
        commands: &[
            "chapar sync {account}",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
            "date",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.not_yet_valid",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server's certificate is not valid yet",
        cause: "The certificate's first day lies ahead. Nearly always this machine's clock is \
                behind. No password was sent.",
        brief: Some(
            "Nothing was sent. Check the clock of this machine; if it is right, the server needs \
             another certificate.",
        ),
        what: &["Set the clock.", "If the clock is right, ask whoever runs the server."],
        commands: &["chapar sync {account}", "date"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.wrong_host",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The certificate is for another host",
        cause: "The server showed a certificate that does not name the host chapar asked for, so \
                it may be another server. No password was sent. The error names the hosts that the \
                certificate is for.",
        brief: Some(
            "Nothing was sent. Use the host name the certificate names, or ask whoever runs the \
             server for one that names this host.",
        ),
        what: &[
            "Use one of the names on the certificate, if it is the one your provider publishes.",
            "Look up the server names in your provider's help; your own domain's mail.… name often \
             has no certificate.",
        ],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.unknown_issuer",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The certificate's issuer is not trusted",
        cause: "The certificate was signed by an authority that this machine does not trust, or \
                the server forgot to send the certificates in between. No password was sent.",
        brief: Some(
            "Nothing was sent. If it is your company's own authority, give its certificate with \
             --ca-file.",
        ),
        what: &[
            "A server that sends one certificate only has mostly lost those in between: ask whoever \
             runs it to install the whole chain.",
            "For a company's own server, ask for its authority's certificate (PEM) and trust it \
             for this account only.",
            "On a small system, install the package ca-certificates.",
        ],
        commands: &[
            "chapar account update {account} --ca-file {file}",
            "chapar connect {address} --imap {imap} --smtp {smtp} --ca-file {file}",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.self_signed",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The certificate is self-signed",
        cause: "A certificate that vouches for itself proves nothing: anybody on the way could \
                show one. No password was sent.",
        brief: Some(
            "Nothing was sent. If the server is your own, give its certificate, or the authority \
             that signs for it, with --ca-file; else ask for a valid certificate.",
        ),
        what: &[
            "Use the host name your provider publishes; a default certificate often hides a \
             misspelt or unconfigured name.",
            "For your own server, or a bridge on this machine, trust its certificate, or its \
             authority's, for this account only.",
        ],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar account update {account} --ca-file {file}",
            "chapar connect {address} --imap {imap} --smtp {smtp} --ca-file {file}",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.too_old",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server only speaks an outdated TLS",
        cause: "chapar needs TLS 1.2 or newer; older versions can be read on the way. No password \
                was sent.",
        brief: Some("Nothing was sent. The server has to offer TLS 1.2 or newer."),
        what: &["Ask whoever runs the server to switch TLS 1.2 or 1.3 on."],
        commands: &[
            "chapar sync {account}",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.at_once",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The server begins with TLS on this port",
        cause: "chapar was told that STARTTLS is spoken on this port and waited for the server's \
                greeting. The server waits for TLS instead. No password was sent.",
        brief: Some(
            "Nothing was sent. Say that this port begins with TLS: --imap-security tls for the \
             IMAP server, --smtp-security tls for the SMTP server.",
        ),
        what: &[
            "Leave --imap-security or --smtp-security away, or give `tls` there.",
            "Or give the port for STARTTLS: 143 for IMAP, 587 for SMTP.",
        ],
        commands: &[
            "chapar account update {account} --imap {imap}:993 --smtp {smtp}:465",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}:465",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.not_tls",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The server does not speak TLS on this port",
        cause: "chapar began with TLS and something else answered: a plain server, another \
                service, or a port that wants STARTTLS. No password was sent.",
        brief: Some(
            "Nothing was sent. Check the port: 993 and 465 begin with TLS, 143 and 587 with \
             STARTTLS.",
        ),
        what: &[
            "Usual ports: IMAP 993 with TLS or 143 with STARTTLS; SMTP 465 with TLS or 587 with \
             STARTTLS.",
            "Look whether the two servers were mixed up.",
        ],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}:465",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.injected",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "Data stood before the TLS handshake",
        cause: "Data arrived in plain text together with the answer to STARTTLS. Somebody on the \
                way may have slipped it in, so it was not believed and the connection was closed. \
                No password was sent.",
        brief: Some(
            "Nothing was sent. Somebody between here and the server may be tampering: try another \
             network.",
        ),
        what: &["Use the port with TLS from the first byte: 993 for IMAP, 465 for SMTP."],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}:465",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.revoked",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server's certificate was revoked",
        cause: "Its authority withdrew the certificate, often because its key was stolen. No \
                password was sent.",
        brief: Some(
            "Nothing was sent. Ask whoever runs the server for a valid certificate; there is no \
             way to go on without one.",
        ),
        what: &["Ask whoever runs the server; do not use it until they renew the certificate."],
        commands: &[
            "chapar sync {account}",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.invalid",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server's certificate is not valid",
        cause: "The certificate cannot be read or breaks a rule; the error names it. No password \
                was sent.",
        brief: Some(
            "Nothing was sent. Ask whoever runs the server for a valid certificate; there is no \
             way to go on without one.",
        ),
        what: &["Ask whoever runs the server, and give them the error's words."],
        commands: &[
            "chapar sync {account}",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.not_offered",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The server does not offer TLS on this port",
        cause: "On this port TLS begins after STARTTLS, and the server does not offer it, or \
                something on the way took the offer out. chapar sends no password over a line that \
                anybody can read.",
        brief: Some(
            "Nothing was sent. Use the port where TLS is there from the start: 993 for IMAP, 465 \
             for SMTP.",
        ),
        what: &[
            "Use the port for TLS from the start: 993 for IMAP, 465 for SMTP.",
            "On a hotel or company network, try another network.",
            "If the provider has no TLS at all, use another provider.",
        ],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}:465",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.refused",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server refused to begin TLS",
        cause: "The server offers STARTTLS but answered no when chapar asked for it. No password \
                was sent.",
        what: &[
            "Use the port for TLS from the start: 993 for IMAP, 465 for SMTP.",
            "Try again later; tell the provider if it stays.",
        ],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "tls.ca_file",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The account's own authority cannot be read",
        cause: "The certificate that was given with --ca-file is no certificate in PEM form.",
        what: &["Give the file again; it has to contain -----BEGIN CERTIFICATE-----."],
        commands: &["chapar account update {account} --ca-file {file}"],
        ..Condition::BLANK
    },
];
