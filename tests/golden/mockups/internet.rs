//! The mock-ups as they stand, with their own names: an internet in a network namespace, where
//! Microsoft's, Google's and somebody's servers are the sandbox, found by a real name server.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chapar_tests::rig::alone::{alone, name_server};
use chapar_tests::rig::home::binary;
use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::ca::{Authority, CertificateKind};
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use chapar_tests::sandbox::oauth::shape::GOOGLE_MAIL;
use chapar_tests::sandbox::provider::{Entry, Personality, Provider, Security};
use chapar_tests::sim::internet::{Kind, autoconfig, listen, page, status};
use serde_json::json;
use tokio::net::TcpListener;

use super::{PASSWORD, THEN, browser, sit_down, told};
use crate::stage::Stage;
use crate::terminal::HIDDEN;
use crate::transcript::Transcript;

/// Documentation addresses (RFC 5737): nobody's, and yet public to whoever looks.
const WEB: &str = "203.0.113.10";
const SOMEBODY: &str = "203.0.113.20";
const MICROSOFT: &str = "203.0.113.30";
const GOOGLE: &str = "203.0.113.40";
/// Four sign-ins and as many searches, on a loaded machine.
const WHOLE: Duration = Duration::from_mins(5);

/// Who is where.
const HOSTS: &[(&str, &[&str])] = &[
    (WEB, &["autoconfig.posteo.example"]),
    (SOMEBODY, &["posteo.example", "mail.smallfirm.example"]),
    (MICROSOFT, &["outlook.office365.com", "smtp.office365.com", "login.microsoftonline.com"]),
    (GOOGLE, &["imap.gmail.com", "smtp.gmail.com", "accounts.google.com", "oauth2.googleapis.com"]),
];

#[test]
fn with_their_own_names() {
    let addresses = [WEB, SOMEBODY, MICROSOFT, GOOGLE];
    if let Some(dir) = alone(module_path!(), "with_their_own_names", &addresses, WHOLE) {
        inside(&dir);
    }
}

fn hosts(address: &str) -> &'static [&'static str] {
    HOSTS.iter().find(|(at, _)| *at == address).unwrap().1
}

fn provider(address: &str, personality: Personality, user: &str) -> Provider {
    let now = Arc::new(|| jiff::Timestamp::now().as_second());
    let provider = Provider::with_clock(personality, hosts(address), now);
    provider.store.add_account(user, PASSWORD);
    corpus::fill(&provider.store, user, &corpus::MAILBOXES, 40, 7, THEN);
    provider
}

/// Everything of a provider on its address, at the ports that everybody uses.
fn open(stage: &Stage, provider: &Provider, address: &'static str) {
    for (port, service, entry) in [
        (993, Service::Imap, Entry::Tls),
        (465, Service::Smtp, Entry::Tls),
        (587, Service::Smtp, Entry::StartTls),
        (443, Service::Issuer, Entry::Tls),
    ] {
        let provider = provider.clone();
        stage.beside(async move {
            let listener = TcpListener::bind((address, port)).await.unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let provider = provider.clone();
                tokio::spawn(async move {
                    provider.serve(Box::new(stream), service, entry, Security::Real).await;
                });
            }
        });
    }
}

fn web(stage: &Stage) -> String {
    let authority = Authority::new("The web's authority");
    let config = authority.server(hosts(WEB), CertificateKind::Good);
    let pages = |path: &str| match path.split('?').next() {
        Some("/mail/config-v1.1.xml") => {
            let host = "posteo.example";
            page(&autoconfig(&[(host, 993, "SSL")], &[(host, 465, "SSL")]))
        }
        _ => status("404 Not Found"),
    };
    stage.beside(async move {
        let listener = TcpListener::bind((WEB, 443)).await.unwrap();
        listen(listener, Kind::Web(Arc::new(pages)), config).await;
    });
    authority.pem()
}

fn records() -> String {
    let of = |(address, hosts): &(&str, &[&str])| {
        hosts.iter().map(|host| format!("host-record={host},{address}\n")).collect::<String>()
    };
    HOSTS.iter().map(of).collect::<String>()
        + "mx-host=contoso.example,contoso-example.mail.protection.outlook.com,0\n"
}

fn inside(dir: &Path) {
    let _names = name_server(dir, "127.0.0.1", &records());
    let somebody = provider(SOMEBODY, Personality::default(), "ana@posteo.example");
    let microsoft = provider(MICROSOFT, Personality::microsoft(), "ana@contoso.example");
    let google = provider(GOOGLE, Personality::google(), "ana@gmail.com");
    let stage = Stage::at(somebody.clone());
    microsoft.issuer.set_base("https://login.microsoftonline.com");
    google.issuer.set_base("https://accounts.google.com");
    open(&stage, &somebody, SOMEBODY);
    open(&stage, &microsoft, MICROSOFT);
    open(&stage, &google, GOOGLE);
    let trusted = [web(&stage), somebody.ca_pem(), microsoft.ca_pem(), google.ca_pem()].concat();
    // what this system trusts
    let ca = stage.file("ca.pem", &trusted);
    let person = stage.elsewhere("person.json");
    let stage = stage
        .variable("SSL_CERT_FILE", &ca)
        .variable("BROWSER", binary("person").to_str().unwrap())
        .variable("CHAPAR_PERSON", &person);
    let secret = stage.file("client-secret", DESKTOP_SECRET);
    fs::create_dir_all(stage.dir().join("config/chapar")).unwrap();
    let clients = format!(
        "[[provider]]\nkey = 'microsoft'\nclient_id = '{NATIVE_CLIENT}'\n\
         [[provider]]\nkey = 'google'\nclient_id = '{DESKTOP_CLIENT}'\n\
         client_secret_file = '{secret}'\n"
    );
    stage.file("config/chapar/config.toml", &clients);
    play(&stage, &somebody);
}

fn play(stage: &Stage, somebody: &Provider) {
    let mut page = Transcript::new(stage, "connect_internet");
    let mut connects = |address: &str, talk: &Talk, exit: i32| {
        let (said, code) = told(&mut page, stage, &["connect", address], talk, &[]);
        assert_eq!(code, exit, "{said}\n{}", browser(stage));
        said
    };
    sit_down(stage, "ana@contoso.example", &json!({}));
    connects("ana@contoso.example", &Talk::new(), 0);
    sit_down(stage, "ana@gmail.com", &json!({ "ticks": [GOOGLE_MAIL] }));
    connects("ana@gmail.com", &Talk::new(), 0);
    let found = Talk::new().answers("Use these", "").hides(HIDDEN, PASSWORD);
    connects("ana@posteo.example", &found, 0);
    let asked =
        Talk::new().answers("IMAP server", "mail.smallfirm.example").answers("SMTP server", "");
    // the search meets it too: the host has one of the usual names
    somebody.faults.always(Service::Imap, Fault::Certificate(CertificateKind::SelfSigned));
    let sent = somebody.ledger.credentials().len();
    connects("ana@smallfirm.example", &asked, 77);
    assert_eq!(somebody.ledger.credentials().len(), sent, "a password left");
    assert!(somebody.ledger.leaks().is_empty());
    page.check();
}
