//! The table of providers. Facts of their own documents; what a domain or a mail exchanger says
//! about the rest is found out live.

use super::oauth::{AOL, COMCAST, FASTMAIL, GOOGLE, MAIL_RU, MICROSOFT, YAHOO, YANDEX};
use super::{Passwords, Provider, Server, Service, User};
use crate::account::Security::{StartTls, Tls};

/// Everybody else.
pub static OTHER: Provider = Provider {
    key: "other",
    name: "IMAP/SMTP",
    files_sent: false,
    sessions: 2,
    oauth: None,
    password: Passwords::Usual,
    services: &[],
    hosts: &[],
};

const fn tls(host: &'static str, port: u16) -> Server {
    (host, port, Tls)
}

const fn starttls(host: &'static str, port: u16) -> Server {
    (host, port, StartTls)
}

/// A service whose login name is the address.
const fn service(
    name: &'static str,
    imap: Server,
    smtp: Server,
    domains: &'static [&'static str],
    mx: &'static [&'static str],
) -> Service {
    Service { name, domains, mx, imap, smtp, user: User::Address }
}

/// What Zoho serves in one region: its own addresses, and domains it hosts for organisations,
/// which have servers of their own.
const fn zoho(host: &'static str, smtp: &'static str, domains: &'static [&'static str]) -> Service {
    service("Zoho Mail", tls(host, 993), tls(smtp, 465), domains, &[])
}

/// See [`zoho`].
const fn zoho_hosted(
    host: &'static str,
    smtp: &'static str,
    mx: &'static [&'static str],
) -> Service {
    service("Zoho Mail", tls(host, 993), tls(smtp, 465), &[], mx)
}

/// The table. Budgets: Gmail allows 15 sessions, Microsoft about 20, half-open ones count.
pub static PROVIDERS: &[Provider] = &[
    Provider {
        key: "google",
        name: "Google",
        files_sent: true,
        sessions: 4,
        oauth: Some(&GOOGLE),
        password: Passwords::After(
            "Google takes an app password here, not the password of the account; make one at https://myaccount.google.com/apppasswords (2-step verification has to be on).",
        ),
        services: &[service(
            "Google",
            tls("imap.gmail.com", 993),
            tls("smtp.gmail.com", 465),
            &["gmail.com", "googlemail.com"],
            &[".google.com", ".googlemail.com"],
        )],
        hosts: &["imap.gmail.com", "imap.googlemail.com", "smtp.gmail.com", "smtp.googlemail.com"],
    },
    Provider {
        key: "microsoft",
        name: "Microsoft",
        files_sent: true,
        sessions: 4,
        oauth: Some(&MICROSOFT),
        password: Passwords::Never(
            "Microsoft takes no passwords for IMAP and SMTP any more, app passwords included; sign in instead.",
        ),
        services: &[
            service(
                "Microsoft 365",
                tls("outlook.office365.com", 993),
                // there is no 465
                starttls("smtp.office365.com", 587),
                &[".onmicrosoft.com", "office365.com"],
                &[".mail.protection.outlook.com", ".mx.microsoft"],
            ),
            service(
                "Outlook.com",
                tls("outlook.office365.com", 993),
                starttls("smtp-mail.outlook.com", 587),
                &[
                    "outlook.com",
                    "hotmail.com",
                    "live.com",
                    "msn.com",
                    "passport.com",
                    "windowslive.com",
                    "outlook.de",
                    "outlook.fr",
                    "outlook.es",
                    "outlook.it",
                    "outlook.jp",
                    "outlook.at",
                    "outlook.be",
                    "outlook.com.br",
                    "outlook.com.au",
                    "hotmail.co.uk",
                    "hotmail.de",
                    "hotmail.fr",
                    "hotmail.it",
                    "hotmail.es",
                    "hotmail.nl",
                    "hotmail.be",
                    "hotmail.ca",
                    "hotmail.com.br",
                    "hotmail.com.ar",
                    "hotmail.co.jp",
                    "hotmail.se",
                    "live.co.uk",
                    "live.de",
                    "live.fr",
                    "live.it",
                    "live.nl",
                    "live.be",
                    "live.ca",
                    "live.se",
                    "live.dk",
                    "live.no",
                    "live.com.au",
                ],
                &[".olc.protection.outlook.com"],
            ),
        ],
        hosts: &[
            "outlook.office365.com",
            "smtp.office365.com",
            "imap-mail.outlook.com",
            "smtp-mail.outlook.com",
            ".outlook.office365.com",
            ".office365.us",
        ],
    },
    Provider {
        key: "icloud",
        name: "iCloud",
        files_sent: true,
        sessions: 2,
        oauth: None,
        password: Passwords::After(
            "iCloud takes an app-specific password, not the password of the Apple account; make one at https://account.apple.com under Sign-In and Security.",
        ),
        services: &[service(
            "iCloud",
            tls("imap.mail.me.com", 993),
            starttls("smtp.mail.me.com", 587),
            &["icloud.com", "me.com", "mac.com"],
            &[".mail.icloud.com"],
        )],
        hosts: &["imap.mail.me.com", "smtp.mail.me.com", ".mail.me.com"],
    },
    Provider {
        key: "aol",
        name: "AOL",
        files_sent: false,
        sessions: 2,
        oauth: Some(&AOL),
        password: Passwords::After(
            "AOL takes an app password, not the password of the account; make one at https://login.aol.com/account/security.",
        ),
        services: &[service(
            "AOL",
            tls("imap.aol.com", 993),
            tls("smtp.aol.com", 465),
            &[
                "aol.com",
                "aim.com",
                "netscape.net",
                "compuserve.com",
                "cs.com",
                "aol.de",
                "aol.fr",
                "aol.co.uk",
                "aol.it",
                "aol.es",
            ],
            &[".gm0.yahoodns.net"],
        )],
        hosts: &["imap.aol.com", "smtp.aol.com", "export.imap.aol.com"],
    },
    Provider {
        key: "yahoo",
        name: "Yahoo",
        files_sent: false,
        sessions: 2,
        oauth: Some(&YAHOO),
        password: Passwords::After(
            "Yahoo takes an app password, not the password of the account; make one at https://login.yahoo.com/account/security.",
        ),
        services: &[service(
            "Yahoo",
            tls("imap.mail.yahoo.com", 993),
            tls("smtp.mail.yahoo.com", 465),
            &[
                "yahoo.com",
                "ymail.com",
                "rocketmail.com",
                "myyahoo.com",
                "yahoo.co.uk",
                "yahoo.de",
                "yahoo.fr",
                "yahoo.it",
                "yahoo.es",
                "yahoo.ca",
                "yahoo.se",
                "yahoo.co.in",
                "yahoo.co.nz",
                "yahoo.com.au",
                "yahoo.com.br",
                "yahoo.com.mx",
                "yahoo.com.ar",
            ],
            &[".yahoodns.net"],
        )],
        // Japan is another company with the same name, and offers no IMAP
        hosts: &[".mail.yahoo.com"],
    },
    Provider {
        key: "fastmail",
        name: "Fastmail",
        files_sent: false,
        sessions: 4,
        oauth: Some(&FASTMAIL),
        password: Passwords::After(
            "Fastmail takes an app password, not the password of the account, and not on its Basic plan; make one at https://app.fastmail.com/settings/security/apps.",
        ),
        services: &[service(
            "Fastmail",
            tls("imap.fastmail.com", 993),
            tls("smtp.fastmail.com", 465),
            &["fastmail.com", "fastmail.fm", "messagingengine.com", "sent.com"],
            &[".messagingengine.com"],
        )],
        hosts: &["imap.fastmail.com", "smtp.fastmail.com", ".fastmail.com"],
    },
    Provider {
        key: "zoho",
        name: "Zoho Mail",
        files_sent: false,
        sessions: 2,
        oauth: None,
        password: Passwords::After(
            "Zoho takes an app password where two-factor authentication is on (https://accounts.zoho.com/home#security/app_password), and IMAP has to be switched on in its mail settings.",
        ),
        services: &[
            zoho("imap.zoho.com", "smtp.zoho.com", &["zoho.com", "zohomail.com"]),
            zoho("imap.zoho.eu", "smtp.zoho.eu", &["zoho.eu", "zohomail.eu"]),
            zoho("imap.zoho.in", "smtp.zoho.in", &["zoho.in", "zohomail.in"]),
            zoho("imap.zoho.com.au", "smtp.zoho.com.au", &["zoho.com.au", "zohomail.com.au"]),
            zoho("imap.zoho.jp", "smtp.zoho.jp", &["zoho.jp", "zohomail.jp"]),
            zoho("imap.zohocloud.ca", "smtp.zohocloud.ca", &["zohocloud.ca", "zohomailcloud.ca"]),
            zoho_hosted("imappro.zoho.com", "smtppro.zoho.com", &[".zoho.com"]),
            zoho_hosted("imappro.zoho.eu", "smtppro.zoho.eu", &[".zoho.eu"]),
            zoho_hosted("imappro.zoho.in", "smtppro.zoho.in", &[".zoho.in"]),
            zoho_hosted("imappro.zoho.com.au", "smtppro.zoho.com.au", &[".zoho.com.au"]),
            zoho_hosted("imappro.zoho.jp", "smtppro.zoho.jp", &[".zoho.jp"]),
        ],
        hosts: &[".zoho.com", ".zoho.eu", ".zoho.in", ".zoho.com.au", ".zoho.jp", ".zohocloud.ca"],
    },
    Provider {
        key: "gmx",
        name: "GMX / Web.de",
        files_sent: false,
        sessions: 2,
        oauth: None,
        password: Passwords::After(
            "GMX and Web.de open IMAP only after it was switched on once in their mail settings, under POP3/IMAP.",
        ),
        services: &[
            service(
                "GMX",
                tls("imap.gmx.net", 993),
                tls("mail.gmx.net", 465),
                &["gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu", "gmx.org", "gmx.info"],
                &[".gmx.net"],
            ),
            service(
                "GMX",
                tls("imap.gmx.com", 993),
                tls("mail.gmx.com", 465),
                &["gmx.com", "gmx.us", "gmx.co.uk", "gmx.es", "gmx.fr", "gmx.it"],
                &[".gmx.com"],
            ),
            Service {
                name: "Web.de",
                domains: &["web.de"],
                mx: &[".web.de"],
                imap: tls("imap.web.de", 993),
                smtp: tls("smtp.web.de", 465),
                user: User::LocalPart,
            },
        ],
        hosts: &[
            "imap.gmx.net",
            "imap.gmx.com",
            "imap.web.de",
            "mail.gmx.net",
            "mail.gmx.com",
            "smtp.web.de",
        ],
    },
    Provider {
        key: "yandex",
        name: "Yandex",
        files_sent: false,
        sessions: 2,
        oauth: Some(&YANDEX),
        password: Passwords::After(
            "Yandex takes an app password (https://id.yandex.com/security/app-passwords), and IMAP has to be switched on in its mail settings.",
        ),
        services: &[service(
            "Yandex",
            tls("imap.yandex.com", 993),
            tls("smtp.yandex.com", 465),
            &[
                "yandex.ru",
                "yandex.com",
                "yandex.by",
                "yandex.kz",
                "yandex.ua",
                "ya.ru",
                "narod.ru",
            ],
            &[".yandex.net", ".yandex.ru"],
        )],
        hosts: &["imap.yandex.com", "imap.yandex.ru", ".yandex.ru", ".yandex.com"],
    },
    Provider {
        key: "mailru",
        name: "Mail.ru",
        files_sent: false,
        sessions: 2,
        oauth: Some(&MAIL_RU),
        password: Passwords::After(
            "Mail.ru takes a password for external applications, not the password of the account; make one at https://account.mail.ru/user/2-step-auth/passwords.",
        ),
        services: &[service(
            "Mail.ru",
            tls("imap.mail.ru", 993),
            tls("smtp.mail.ru", 465),
            &["mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"],
            &[".mail.ru"],
        )],
        hosts: &["imap.mail.ru", "smtp.mail.ru"],
    },
    Provider {
        key: "comcast",
        name: "Comcast Xfinity",
        files_sent: false,
        sessions: 2,
        oauth: Some(&COMCAST),
        password: Passwords::After(
            "Comcast opens IMAP only after third-party access was allowed in the Xfinity mail settings.",
        ),
        services: &[service(
            "Comcast Xfinity",
            tls("imap.comcast.net", 993),
            tls("smtp.comcast.net", 465),
            &["comcast.net"],
            &[],
        )],
        hosts: &["imap.comcast.net", "smtp.comcast.net"],
    },
    Provider {
        key: "posteo",
        name: "Posteo",
        files_sent: false,
        sessions: 2,
        oauth: None,
        password: Passwords::Usual,
        services: &[service(
            "Posteo",
            tls("posteo.de", 993),
            tls("posteo.de", 465),
            &["posteo.de", "posteo.net", "posteo.org", "posteo.eu", "posteo.at", "posteo.ch"],
            &[".posteo.de"],
        )],
        hosts: &["posteo.de"],
    },
    Provider {
        key: "proton",
        name: "Proton Mail",
        files_sent: true,
        sessions: 2,
        oauth: None,
        password: Passwords::After(
            "Proton Mail is reached through Proton Bridge on this machine (https://proton.me/mail/bridge): start it, export its certificate there and name it with --ca-file, and use the password that Bridge shows.",
        ),
        services: &[service(
            "Proton Mail",
            starttls("127.0.0.1", 1143),
            starttls("127.0.0.1", 1025),
            &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
            &[".protonmail.ch"],
        )],
        // the address of this machine says nothing about who serves it
        hosts: &[],
    },
];
