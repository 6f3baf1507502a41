//! Discovery by the real daemon against a real name server and real web servers: dnsmasq, HTTPS and
//! mail servers on addresses that look public, in a network and mount namespace of the test's own,
//! so that the machine's own names and `resolv.conf` are never touched.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chapar_tests::rig::alone::{alone, name_server};
use chapar_tests::rig::home::Home;
use chapar_tests::sandbox::ca::{Authority, CertificateKind};
use chapar_tests::sim::internet::{Kind, autoconfig, listen, page, redirect, status};
use serde_json::{Value, json};

/// Some twenty discoveries of three seconds at most, on a loaded machine.
const WHOLE: Duration = Duration::from_mins(5);
/// Where the web is, and where the mail is. Documentation addresses (RFC 5737): nobody's, and yet
/// not special to anybody who looks for private ones.
const WEB: &str = "203.0.113.10";
const MAIL: &str = "203.0.113.20";
/// The second name server.
const LATER: &str = "127.0.0.2";
/// A name server that takes every question and answers none.
const SILENT: &str = "127.0.0.1:5399";

/// Every name with a certificate; the DNS says on which address.
const WEB_HOSTS: &[&str] = &[
    "autoconfig.full.example",
    "known.example",
    "autoconfig.thunderbird.net",
    "ua-auto-config.pacc.example",
    "autoconfig.plain.example",
    "autoconfig.inward.example",
    "autoconfig.sent-in.example",
    "autoconfig.bomb.example",
];
const MAIL_HOSTS: &[&str] = &[
    "mail.full.example",
    "imap.gmail.com",
    "smtp.gmail.com",
    "imap.guess.example",
    "smtp.guess.example",
];

const PACC: &str = r#"{"protocols":{"imap":{"host":"mail.full.example"},"smtp":{"host":"mail.full.example"}},"authentication":{"password":true}}"#;
/// Its SHA-256, by another implementation.
const DIGEST: &str = "t3SiVpgkx0CV10qIDHHgLHcuWyNnsMgpsgxqGotr7Ro=";

#[test]
fn discovery_by_real_name_and_web_servers() {
    let test = "discovery_by_real_name_and_web_servers";
    if let Some(dir) = alone(module_path!(), test, &[WEB, MAIL], WHOLE) {
        inside(&dir);
    }
}

/// An autoconfig document.
fn document(imap: &str, smtp: &str, security: &str) -> String {
    let (imap_port, smtp_port) = if security == "SSL" { (993, 465) } else { (143, 25) };
    autoconfig(&[(imap, imap_port, security)], &[(smtp, smtp_port, security)])
}

/// The whole web: one server, told apart by path, because a page does not hear its host.
fn web(path: &str) -> Vec<u8> {
    let good = document("mail.full.example", "mail.full.example", "SSL");
    let query = path.split_once("emailaddress=ana%40").map(|(_, domain)| domain);
    match (path.split('?').next().unwrap_or_default(), query) {
        ("/mail/config-v1.1.xml", Some("full.example")) => page(&good),
        ("/mail/config-v1.1.xml", Some("plain.example")) => {
            page(&document("mail.full.example", "mail.full.example", "plain"))
        }
        ("/mail/config-v1.1.xml", Some("inward.example")) => {
            page(&document("nas.inward.example", "mail.full.example", "SSL"))
        }
        ("/mail/config-v1.1.xml", Some("sent-in.example")) => {
            redirect("https://router.sent-in.example/admin")
        }
        ("/mail/config-v1.1.xml", Some("bomb.example")) => {
            page("<!DOCTYPE x [<!ENTITY a \"xxxxxxxx\">]><clientConfig>&a;&a;</clientConfig>")
        }
        ("/.well-known/autoconfig/mail/config-v1.1.xml" | "/v1.1/listed.example", None) => {
            page(&good)
        }
        ("/.well-known/user-agent-configuration.json", None) => page(PACC),
        _ => status("404 Not Found"),
    }
}

fn records() -> String {
    let mut lines = Vec::new();
    lines.extend(WEB_HOSTS.iter().map(|host| format!("host-record={host},{WEB}")));
    let known = MAIL_HOSTS.iter().filter(|host| !host.ends_with("guess.example"));
    lines.extend(known.map(|host| format!("host-record={host},{MAIL}")));
    for line in [
        "host-record=nas.inward.example,10.0.0.5",
        "host-record=router.sent-in.example,127.0.0.1",
        "srv-host=_imaps._tcp.srv.example,mail.full.example,993,0,1",
        "srv-host=_submissions._tcp.srv.example,mail.full.example,465,0,1",
        "srv-host=_imaps._tcp.none.example",
        "srv-host=_imap._tcp.none.example",
        "mx-host=hosted.example,aspmx.l.google.com,1",
        "mx-host=firm.example,firm-example.mail.protection.outlook.com,0",
    ] {
        lines.push(line.to_owned());
    }
    lines
        .push(format!("txt-record=_ua-auto-config.pacc.example,\"v=UAAC1; a=sha256; d={DIGEST}\""));
    lines.push(format!("server=/slow.example/{}", SILENT.replace(':', "#")));
    lines.join("\n") + "\n"
}

/// Everything inside: servers, daemon, questions.
fn inside(dir: &Path) {
    let silent = UdpSocket::bind(SILENT).unwrap();
    let _first = name_server(dir, "127.0.0.1", &records());
    let later =
        format!("host-record=imap.guess.example,{MAIL}\nhost-record=smtp.guess.example,{MAIL}\n");
    let _second = name_server(dir, LATER, &later);
    let authority = Authority::new("Rig");
    let hosts: Vec<&str> = WEB_HOSTS.iter().chain(MAIL_HOSTS).copied().collect();
    let config = authority.server(&hosts, CertificateKind::Good);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let serve = |ip: &str, port: u16, kind: Kind| {
        let address = SocketAddr::new(ip.parse::<IpAddr>().unwrap(), port);
        let listener = runtime.block_on(tokio::net::TcpListener::bind(address)).unwrap();
        runtime.spawn(listen(listener, kind, Arc::clone(&config)));
    };
    serve(WEB, 443, Kind::Web(Arc::new(web)));
    // whoever comes here went where an answer from outside must not lead
    serve("127.0.0.1", 443, Kind::Web(Arc::new(|_| page("the router"))));
    serve(MAIL, 993, Kind::Imap(true));
    serve(MAIL, 465, Kind::Smtp(true));

    let home = Home::new();
    home.start();
    let ca = authority.pem();
    for (domain, source) in [
        ("full.example", "autoconfig"),
        ("known.example", "well-known"),
        ("listed.example", "ispdb"),
        ("pacc.example", "pacc"),
        ("srv.example", "srv"),
        ("hosted.example", "mx"),
    ] {
        let reply = ask(&home, domain, &ca);
        let best = &reply["candidates"][0];
        assert_eq!(best["source"], source, "{domain}: {reply}");
        let host = if source == "mx" { "imap.gmail.com" } else { "mail.full.example" };
        assert_eq!(best["imap"], json!({"host": host, "port": 993, "security": "tls"}), "{reply}");
        assert_eq!(best["imapCheck"]["ok"], true, "{domain}: {reply}");
        assert_eq!(best["smtpCheck"]["ok"], true, "{domain}: {reply}");
        assert_eq!(reply["error"], Value::Null, "{domain}: {reply}");
    }
    let firm = ask(&home, "firm.example", &ca);
    let proposed = &firm["candidates"][0];
    assert_eq!(proposed["providerName"], "Microsoft 365", "{firm}");
    assert_eq!(proposed["smtp"]["port"], 587, "{firm}");
    assert_eq!(firm["error"]["data"]["code"], "net.unknown_host", "Microsoft is not in this box");

    for (domain, source, code) in [
        ("none.example", "srv", "discover.no_imap"),
        ("plain.example", "autoconfig", "discover.no_tls"),
        ("sent-in.example", "autoconfig", "net.private"),
        ("bomb.example", "autoconfig", "discover.document"),
        ("slow.example", "mx", "net.timeout"),
    ] {
        let reply = ask(&home, domain, &ca);
        assert_eq!(reply["candidates"], json!([]), "{domain}: {reply}");
        assert_eq!(reply["error"]["data"]["code"], "discover.nothing", "{domain}: {reply}");
        let asked = reply["asked"].as_array().unwrap();
        let asked = asked.iter().find(|asked| asked["source"] == source).unwrap();
        assert_eq!(asked["error"]["data"]["code"], code, "{domain}: {reply}");
    }
    let inward = ask(&home, "inward.example", &ca);
    assert_eq!(inward["error"]["data"]["code"], "net.private", "{inward}");
    assert_eq!(inward["candidates"][0]["imapCheck"]["ok"], false, "{inward}");

    // another network, another name server: noticed without a word
    let unknown = ask(&home, "guess.example", &ca);
    assert_eq!(unknown["error"]["data"]["code"], "discover.nothing", "{unknown}");
    fs::write(dir.join("resolv.conf"), format!("nameserver {LATER}\noptions timeout:1\n")).unwrap();
    let guessed = ask(&home, "guess.example", &ca);
    assert_eq!(guessed["candidates"][0]["source"], "guess", "{guessed}");
    let gone = ask(&home, "srv.example", &ca);
    assert_eq!(gone["candidates"], json!([]), "the new name server does not know it: {gone}");
    home.stop();
    drop(silent);
}

/// `Account/discover` of somebody there; says how long it took.
fn ask(home: &Home, domain: &str, ca: &str) -> Value {
    let params = json!({"email": format!("ana@{domain}"), "caPem": ca});
    let reply = home.call("Account/discover", &params);
    let ms = reply["ms"].as_u64().unwrap();
    println!("discovered {domain} in {ms} ms");
    // the promise of three seconds is proved on virtual time; here the machine may be busy
    assert!(ms <= 6_000, "{domain}: {reply}");
    reply
}
