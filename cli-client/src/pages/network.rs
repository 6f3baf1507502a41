//! Certificates, TLS and the way to the server.

use super::Page;
use crate::error::exit::{NO_PERMISSION, TEMPORARY, UNAVAILABLE};

/// The pages of `tls.*` and `net.*`.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "tls.expired",
        exit: NO_PERMISSION,
        title: "The server's certificate is out of date",
        why: "Every certificate carries a last day, and this one's has passed. chapar closed the \
              connection before it sent a password, because an old certificate may be in anybody's \
              hands. There is no way to go on with it.",
        what: &[
            "Look at this machine's clock first: a clock that is wrong makes good certificates \
             look old.",
            "Ask whoever runs the server to renew the certificate.",
            "If the provider publishes another host name, use that one.",
        ],
        commands: &["date", "chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "tls.not_yet_valid",
        exit: NO_PERMISSION,
        title: "The server's certificate is not valid yet",
        why: "The certificate's first day lies ahead. Nearly always this machine's clock is \
              behind. No password was sent.",
        what: &["Set the clock.", "If the clock is right, ask whoever runs the server."],
        commands: &["date"],
    },
    Page {
        code: "tls.wrong_host",
        exit: NO_PERMISSION,
        title: "The certificate is for another host",
        why: "The server showed a certificate that does not name the host chapar asked for, so it \
              may be another server. No password was sent. The error names the hosts that the \
              certificate is for.",
        what: &[
            "Use one of the names on the certificate, if it is the one your provider publishes.",
            "Look up the server names in your provider's help; your own domain's mail.… name \
             often has no certificate.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "tls.unknown_issuer",
        exit: NO_PERMISSION,
        title: "No authority known here signed the certificate",
        why: "The certificate was signed by an authority that this machine does not trust, or the \
              server forgot to send the certificates in between. No password was sent.",
        what: &[
            "For a company's own server, ask for its authority's certificate (PEM) and trust it \
             for this account only.",
            "Otherwise ask whoever runs the server to install the whole chain.",
            "On a small system, install the package ca-certificates.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST --ca-file company-ca.pem"],
    },
    Page {
        code: "tls.self_signed",
        exit: NO_PERMISSION,
        title: "The server signed its own certificate",
        why: "A certificate that vouches for itself proves nothing: anybody on the way could show \
              one. No password was sent.",
        what: &[
            "Use the host name your provider publishes; a default certificate often hides a \
             misspelt or unconfigured name.",
            "For your own server, trust its authority's certificate for this account only.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST --ca-file company-ca.pem"],
    },
    Page {
        code: "tls.too_old",
        exit: NO_PERMISSION,
        title: "The server speaks only outdated TLS",
        why: "chapar needs TLS 1.2 or newer; older versions can be read on the way. No password \
              was sent.",
        what: &["Ask whoever runs the server to switch TLS 1.2 or 1.3 on."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "tls.not_tls",
        exit: NO_PERMISSION,
        title: "The server does not speak TLS on this port",
        why: "chapar began with TLS and something else answered: a plain server, another service, \
              or a port that wants STARTTLS. No password was sent.",
        what: &[
            "Usual ports: IMAP 993 with TLS or 143 with STARTTLS; SMTP 465 with TLS or 587 with \
             STARTTLS.",
            "Look whether the two servers were mixed up.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST:465"],
    },
    Page {
        code: "tls.injected",
        exit: NO_PERMISSION,
        title: "The server talked ahead of TLS",
        why: "Data arrived in plain text together with the answer to STARTTLS. Somebody on the way \
              may have slipped it in, so it was not believed and the connection was closed. No \
              password was sent.",
        what: &["Use the port with TLS from the first byte: 993 for IMAP, 465 for SMTP."],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST:465"],
    },
    Page {
        code: "tls.revoked",
        exit: NO_PERMISSION,
        title: "The server's certificate was revoked",
        why: "Its authority withdrew the certificate, often because its key was stolen. No \
              password was sent.",
        what: &["Ask whoever runs the server; do not use it until they renew the certificate."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "tls.invalid",
        exit: NO_PERMISSION,
        title: "The server's certificate is not acceptable",
        why: "The certificate cannot be read or breaks a rule; the error names it. No password was \
              sent.",
        what: &["Ask whoever runs the server, and give them the error's words."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "net.unknown_host",
        exit: UNAVAILABLE,
        title: "There is no such host",
        why: "The name of the server is not in the DNS as this machine sees it.",
        what: &["Look for a typing error in the host name.", "Look whether the network works."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "net.refused",
        exit: UNAVAILABLE,
        title: "Nothing listens on that port",
        why: "The host answered that no service takes connections on the port.",
        what: &[
            "Look at the port: IMAP 993 or 143, SMTP 465 or 587.",
            "The service may be down; chapar tries again by itself for an account that is saved.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST:465"],
    },
    Page {
        code: "net.timeout",
        exit: TEMPORARY,
        title: "The server did not answer in time",
        why: "A firewall may drop the port, or the server or the network is slow.",
        what: &[
            "Try again, or from another network: many block port 25 and some 465 and 587.",
            "An account that is saved is tried again by itself.",
        ],
        commands: &["chapar status"],
    },
    Page {
        code: "net.unreachable",
        exit: UNAVAILABLE,
        title: "There is no way to the server",
        why: "The network says that the host cannot be reached; this machine may be offline.",
        what: &["Look at the network connection, then at a VPN the server may need."],
        commands: &["chapar status"],
    },
    Page {
        code: "net.closed",
        exit: TEMPORARY,
        title: "The server closed the connection",
        why: "The connection ended in the middle of a conversation. Nothing is lost: what was not \
              finished is done again.",
        what: &["Wait; chapar connects again by itself."],
        commands: &["chapar status"],
    },
];
