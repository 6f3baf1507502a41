//! Discovery against every document of Mozilla's public directory, served over HTTPS: each of its
//! domains gets the servers its document names, and never one without TLS.

use chapar_daemon::config::Config;
use chapar_daemon::discover::{Progress, discover};
use chapar_engine::account::Security;
use chapar_engine::discover::Source;
use chapar_tests::sandbox::ca::{Authority, CertificateKind};
use chapar_tests::sim;
use chapar_tests::sim::internet::{Internet, Kind, page, status};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const DIRECTORY: &str = "autoconfig.thunderbird.net";

/// The documents, by name. They lie beside the repository, or where `CHAPAR_CORPORA` says.
fn documents() -> Vec<(String, String)> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpora"));
    let root = std::env::var_os("CHAPAR_CORPORA").map_or(beside, PathBuf::from);
    let files = std::fs::read_dir(root.join("ispdb")).into_iter().flatten();
    let paths = files.map(|file| file.unwrap().path());
    let mut documents: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned())
        })
        .collect();
    documents.sort();
    documents
}

/// One server as the document has it, read by a reader of the test's own that knows no XML.
#[derive(Debug)]
struct Listed {
    host: String,
    port: u16,
    security: Option<Security>,
}

/// The texts of the elements called `name`, in order.
fn texts<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts.map(|part| part.split(close.as_str()).next().unwrap().trim()).collect()
}

/// The servers of a kind that have TLS and a way to sign in, and whether there are others.
fn listed(xml: &str, element: &str, kind: &str, domain: &str) -> Vec<Listed> {
    let mut servers = Vec::new();
    for part in xml.split(&format!("<{element} ")).skip(1) {
        let part = part.split(&format!("</{element}>")).next().unwrap();
        if !part.starts_with(&format!("type=\"{kind}\"")) {
            continue;
        }
        let one = |name| texts(part, name).first().copied().unwrap_or_default().to_owned();
        let security = match one("socketType").as_str() {
            "SSL" => Some(Security::Tls),
            "STARTTLS" => Some(Security::StartTls),
            _ => None,
        };
        let host = one("hostname").replace("%EMAILDOMAIN%", domain).to_lowercase();
        if texts(part, "authentication").iter().any(|way| *way != "none") {
            servers.push(Listed { host, port: one("port").parse().unwrap_or(0), security });
        }
    }
    servers
}

/// XML without its comments, where old servers are kept.
fn without_comments(xml: &str) -> String {
    let mut parts = xml.split("<!--");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    kept.extend(parts.map(|part| part.split_once("-->").unwrap().1));
    kept
}

/// What was found right, and how.
#[derive(Default, Debug)]
struct Tally {
    domains: usize,
    found: usize,
    without_tls: usize,
    table: usize,
}

#[test]
fn every_domain_of_the_directory() {
    let documents = documents();
    if documents.is_empty() {
        eprintln!("ispdb: the corpus is not here, nothing was tested");
        return;
    }
    let authority = Authority::new("Directory");
    let server = authority.server(&[DIRECTORY], CertificateKind::Good);
    let mut tally = Tally::default();
    for (file, xml) in &documents {
        let bare = without_comments(xml);
        for domain in texts(&bare, "domain") {
            one(file, xml, &bare, domain, &authority, &server, &mut tally);
        }
    }
    eprintln!(
        "ispdb: {} of {} domains right: {} found ({} by the built-in table), {} without IMAP and \
         submission over TLS and none proposed",
        tally.found + tally.without_tls,
        tally.domains,
        tally.found,
        tally.table,
        tally.without_tls
    );
    assert_eq!(tally.found + tally.without_tls, tally.domains);
    assert!(tally.found > 800 && tally.without_tls > 100, "{tally:?}");
}

fn one(
    file: &str,
    xml: &str,
    bare: &str,
    domain: &str,
    authority: &Authority,
    server: &Arc<rustls::ServerConfig>,
    tally: &mut Tally,
) {
    tally.domains += 1;
    let imap = listed(bare, "incomingServer", "imap", domain);
    let smtp = listed(bare, "outgoingServer", "smtp", domain);
    let safe = |list: &[Listed]| list.iter().any(|server| server.security.is_some());
    let possible = safe(&imap) && safe(&smtp);
    let (found, took, dialled) = sim::run(async {
        let internet = Internet::new();
        let (path, answer) = (format!("/v1.1/{domain}"), page(xml));
        let pages = move |asked: &str| {
            if asked == path { answer.clone() } else { status("404 Not Found") }
        };
        internet.put(DIRECTORY, 443, Kind::Web(Arc::new(pages)));
        internet.real_tls(DIRECTORY, Arc::clone(server));
        for at in &imap {
            internet.put(&at.host, at.port, Kind::Imap(at.security != Some(Security::StartTls)));
        }
        for at in &smtp {
            internet.put(&at.host, at.port, Kind::Smtp(at.security != Some(Security::StartTls)));
        }
        let begun = tokio::time::Instant::now();
        let (world, email) = (internet.world(), format!("ana@{domain}"));
        let (config, pem) = (Config::default(), authority.pem());
        let found = discover(&world, &config, &email, Some(&pem), &Progress::default()).await;
        (found.unwrap(), begun.elapsed(), internet.dialled())
    });
    assert!(took <= Duration::from_secs(3), "{file} {domain}: {took:?}");
    let plain: BTreeSet<String> = imap
        .iter()
        .chain(&smtp)
        .filter(|server| server.security.is_none())
        .map(|server| format!("{}:{}", server.host, server.port))
        .collect();
    let best = found.candidates.first().filter(|candidate| candidate.holds());
    // the usual names are no answer of the directory; they may happen to hold where it lists none
    let best = best.filter(|candidate| candidate.proposal.source != Source::Guess);
    let Some(best) = best else {
        assert!(!possible, "{file} {domain}: nothing found: {:?}", found.asked);
        let said = found.asked.iter().find(|asked| asked.source == Source::Ispdb).unwrap();
        let code = said.outcome.as_ref().unwrap_err().code;
        assert!(["discover.no_tls", "discover.no_imap"].contains(&code), "{file} {domain}: {code}");
        tally.without_tls += 1;
        return;
    };
    assert!(possible, "{file} {domain}: {:?}", best.proposal);
    let matches = |list: &[Listed], at: &chapar_engine::account::Endpoint| {
        list.iter().any(|server| {
            (&server.host, server.port, server.security) == (&at.host, at.port, Some(at.security))
        })
    };
    assert!(matches(&imap, &best.proposal.imap), "{file} {domain}: {:?}", best.proposal);
    assert!(matches(&smtp, &best.proposal.smtp), "{file} {domain}: {:?}", best.proposal);
    let implicit = |list: &[Listed]| list.iter().any(|at| at.security == Some(Security::Tls));
    for (list, at) in [(&imap, &best.proposal.imap), (&smtp, &best.proposal.smtp)] {
        assert_eq!(at.security == Security::Tls, implicit(list), "{file} {domain}: TLS first");
    }
    for place in &plain {
        assert!(!dialled.contains(place) || matches_safe(place, &imap, &smtp), "{file}: {place}");
    }
    match best.proposal.source {
        Source::Provider => tally.table += 1,
        source => assert_eq!(source, Source::Ispdb, "{file} {domain}"),
    }
    tally.found += 1;
}

/// The same host and port also stands there with TLS.
fn matches_safe(place: &str, imap: &[Listed], smtp: &[Listed]) -> bool {
    let safe = imap.iter().chain(smtp).filter(|server| server.security.is_some());
    safe.map(|server| format!("{}:{}", server.host, server.port)).any(|other| other == place)
}
