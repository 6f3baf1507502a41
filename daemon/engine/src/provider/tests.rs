//! Each row against the facts, written down once more by hand.

use super::*;
use Security::{StartTls, Tls};

#[test]
fn hosts_are_found_without_case_and_not_by_accident() {
    for (host, key) in [
        ("IMAP.GMAIL.COM", "google"),
        ("imap.gmail.com.", "google"),
        ("outlook.office365.com", "microsoft"),
        ("p12-imap.mail.me.com", "icloud"),
        ("imap.gmail.com.evil.example", "other"),
        ("evilimap.gmail.com", "other"),
        ("mail.example.org", "other"),
        ("127.0.0.1", "other"),
        ("", "other"),
    ] {
        assert_eq!(provider_of(host).key, key, "{host}");
        assert_eq!(provider_by_key(key).key, key);
    }
    assert!(provider_of("imap.gmail.com").files_sent && !OTHER.files_sent);
    assert_eq!(provider_by_key("gmail").key, "google", "as old accounts have it");
    assert!(is_same_provider("gmail", "google") && is_same_provider("mine", "mine"));
    assert!(!is_same_provider("mine", "yours") && !is_same_provider("gmail", "microsoft"));
    let issuer = |issuer| provider_of_issuer(issuer).map(|provider| provider.key);
    assert_eq!(issuer("https://accounts.google.com"), Some("google"));
    assert_eq!(issuer("https://accounts.google.com.evil.example"), None);
}

#[test]
fn keys_are_unique() {
    let mut keys: Vec<_> = PROVIDERS.iter().map(|provider| provider.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), PROVIDERS.len());
}

/// Address, key, name, IMAP, SMTP, login name, ways.
type Row = (&'static str, &'static str, &'static str, Server, Server, &'static str, &'static [Way]);

const BOTH: &[Way] = &[Way::Oauth2, Way::Password];
const PASSWORD: &[Way] = &[Way::Password];

const ROWS: &[Row] = &[
    (
        "a@gmail.com",
        "google",
        "Google",
        ("imap.gmail.com", 993, Tls),
        ("smtp.gmail.com", 465, Tls),
        "a@gmail.com",
        BOTH,
    ),
    (
        "a@GoogleMail.com",
        "google",
        "Google",
        ("imap.gmail.com", 993, Tls),
        ("smtp.gmail.com", 465, Tls),
        "a@GoogleMail.com",
        BOTH,
    ),
    (
        "a@firm.onmicrosoft.com",
        "microsoft",
        "Microsoft 365",
        ("outlook.office365.com", 993, Tls),
        ("smtp.office365.com", 587, StartTls),
        "a@firm.onmicrosoft.com",
        &[Way::Oauth2],
    ),
    (
        "a@outlook.com",
        "microsoft",
        "Outlook.com",
        ("outlook.office365.com", 993, Tls),
        ("smtp-mail.outlook.com", 587, StartTls),
        "a@outlook.com",
        &[Way::Oauth2],
    ),
    (
        "a@hotmail.co.uk",
        "microsoft",
        "Outlook.com",
        ("outlook.office365.com", 993, Tls),
        ("smtp-mail.outlook.com", 587, StartTls),
        "a@hotmail.co.uk",
        &[Way::Oauth2],
    ),
    (
        "a@icloud.com",
        "icloud",
        "iCloud",
        ("imap.mail.me.com", 993, Tls),
        ("smtp.mail.me.com", 587, StartTls),
        "a@icloud.com",
        PASSWORD,
    ),
    (
        "a@yahoo.com",
        "yahoo",
        "Yahoo",
        ("imap.mail.yahoo.com", 993, Tls),
        ("smtp.mail.yahoo.com", 465, Tls),
        "a@yahoo.com",
        BOTH,
    ),
    (
        "a@aol.com",
        "aol",
        "AOL",
        ("imap.aol.com", 993, Tls),
        ("smtp.aol.com", 465, Tls),
        "a@aol.com",
        BOTH,
    ),
    (
        "a@fastmail.com",
        "fastmail",
        "Fastmail",
        ("imap.fastmail.com", 993, Tls),
        ("smtp.fastmail.com", 465, Tls),
        "a@fastmail.com",
        BOTH,
    ),
    (
        "a@zoho.eu",
        "zoho",
        "Zoho Mail",
        ("imap.zoho.eu", 993, Tls),
        ("smtp.zoho.eu", 465, Tls),
        "a@zoho.eu",
        PASSWORD,
    ),
    (
        "a@gmx.de",
        "gmx",
        "GMX",
        ("imap.gmx.net", 993, Tls),
        ("mail.gmx.net", 465, Tls),
        "a@gmx.de",
        PASSWORD,
    ),
    (
        "a@gmx.com",
        "gmx",
        "GMX",
        ("imap.gmx.com", 993, Tls),
        ("mail.gmx.com", 465, Tls),
        "a@gmx.com",
        PASSWORD,
    ),
    (
        "a@web.de",
        "gmx",
        "Web.de",
        ("imap.web.de", 993, Tls),
        ("smtp.web.de", 465, Tls),
        "a",
        PASSWORD,
    ),
    (
        "a@ya.ru",
        "yandex",
        "Yandex",
        ("imap.yandex.com", 993, Tls),
        ("smtp.yandex.com", 465, Tls),
        "a@ya.ru",
        BOTH,
    ),
    (
        "a@bk.ru",
        "mailru",
        "Mail.ru",
        ("imap.mail.ru", 993, Tls),
        ("smtp.mail.ru", 465, Tls),
        "a@bk.ru",
        BOTH,
    ),
    (
        "a@comcast.net",
        "comcast",
        "Comcast Xfinity",
        ("imap.comcast.net", 993, Tls),
        ("smtp.comcast.net", 465, Tls),
        "a@comcast.net",
        BOTH,
    ),
    (
        "a@posteo.de",
        "posteo",
        "Posteo",
        ("posteo.de", 993, Tls),
        ("posteo.de", 465, Tls),
        "a@posteo.de",
        PASSWORD,
    ),
    (
        "a@proton.me",
        "proton",
        "Proton Mail",
        ("127.0.0.1", 1143, StartTls),
        ("127.0.0.1", 1025, StartTls),
        "a@proton.me",
        PASSWORD,
    ),
];

#[test]
fn each_service_has_its_servers() {
    for (email, key, name, imap, smtp, user, ways) in ROWS {
        let domain = email.rsplit_once('@').unwrap().1;
        let (provider, service) = service_of_domain(domain).unwrap();
        assert_eq!((provider.key, service.name), (*key, *name), "{email}");
        assert_eq!((service.imap(), service.smtp()), (endpoint(*imap), endpoint(*smtp)), "{email}");
        assert_eq!(service.user(email), *user, "{email}");
        assert_eq!(provider.ways(), *ways, "{email}");
    }
    let tested: std::collections::BTreeSet<_> = ROWS.iter().map(|row| row.1).collect();
    assert_eq!(tested.len(), PROVIDERS.len(), "a provider without a row here: {tested:?}");
}

#[test]
fn mail_exchangers_tell_who_hosts_a_domain() {
    for (exchanger, name) in [
        ("contoso-example.mail.protection.outlook.com", "Microsoft 365"),
        ("contoso-example.p-v1.mx.microsoft.", "Microsoft 365"),
        ("outlook-com.olc.protection.outlook.com", "Outlook.com"),
        ("ASPMX.L.GOOGLE.COM", "Google"),
        ("smtp.google.com", "Google"),
        ("aspmx2.googlemail.com", "Google"),
        ("mx01.mail.icloud.com", "iCloud"),
        ("mta5.am0.yahoodns.net", "Yahoo"),
        ("mx-aol.mail.gm0.yahoodns.net", "AOL"),
        ("in1-smtp.messagingengine.com", "Fastmail"),
        ("mx.zoho.eu", "Zoho Mail"),
        ("mx00.gmx.net", "GMX"),
        ("mx.yandex.net", "Yandex"),
        ("emx.mail.ru", "Mail.ru"),
        ("mx04.posteo.de", "Posteo"),
        ("mail.protonmail.ch", "Proton Mail"),
    ] {
        assert_eq!(service_of_mx(exchanger).unwrap().1.name, name, "{exchanger}");
    }
    let hosted = service_of_mx("mx2.zoho.eu").unwrap().1;
    assert_eq!(hosted.imap().host, "imappro.zoho.eu", "hosted domains have servers of their own");
    for stranger in ["mail.protection.outlook.com.evil.example", "google.com.example", "", "mx"] {
        assert_eq!(service_of_mx(stranger), None, "{stranger}");
    }
    for stranger in ["notgmail.com", "onmicrosoft.com.example", "gmail.com.example", ""] {
        assert_eq!(service_of_domain(stranger), None, "{stranger}");
    }
}

#[test]
fn what_is_asked_of_whom() {
    let of = |key| provider_by_key(key).oauth.unwrap();
    assert_eq!(of("google").scopes[0], "https://mail.google.com/");
    assert_eq!(of("google").device_url, None, "not for mail scopes");
    assert!(of("google").extra.contains(&("access_type", "offline")));
    let microsoft = of("microsoft");
    assert!(microsoft.scopes.contains(&"offline_access") && microsoft.device_url.is_some());
    assert!(microsoft.scopes.iter().all(|scope| !scope.contains("office365")), "refused there");
    assert_eq!(microsoft.redirect_host, "localhost");
    assert_eq!(of("yahoo").scopes, ["mail-w"]);
    assert_eq!(of("fastmail").token_url, "https://api.fastmail.com/oauth/refresh");
    for provider in PROVIDERS {
        let Some(facts) = provider.oauth else { continue };
        let urls = [facts.issuer, facts.authorize_url, facts.token_url];
        let optional = facts.device_url.into_iter().chain(facts.revoke_url);
        for url in urls.into_iter().chain(optional) {
            assert!(url.starts_with("https://"), "{}: {url}", provider.key);
        }
        assert!(!facts.scopes.is_empty(), "{}", provider.key);
    }
}

#[test]
fn what_a_person_has_to_know_first() {
    for (key, words) in [
        ("google", "app password"),
        ("microsoft", "no passwords"),
        ("icloud", "app-specific password"),
        ("yahoo", "app password"),
        ("aol", "app password"),
        ("fastmail", "Basic plan"),
        ("gmx", "switched on"),
        ("proton", "Bridge"),
    ] {
        let note = provider_by_key(key).password_note().unwrap();
        assert!(note.contains(words) && note.ends_with('.'), "{key}: {note}");
    }
    assert_eq!(provider_by_key("posteo").password_note(), None);
    assert_eq!(OTHER.password_note(), None);
}

#[test]
fn who_files_sent_mail_by_itself() {
    for (key, files) in
        [("google", true), ("microsoft", true), ("icloud", true), ("fastmail", false)]
    {
        assert_eq!(provider_by_key(key).files_sent, files, "{key}");
    }
}

#[test]
fn what_is_given_back_at_google_ends_every_grant_there() {
    assert!(revokes_all("https://oauth2.googleapis.com/revoke"));
    assert!(!revokes_all("https://id.example/revoke"));
}
