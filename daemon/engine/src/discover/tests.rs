//! Each answer, as it should be, as it is, and as somebody with bad intentions would write it.

use super::*;
use crate::account::Security::{self, StartTls, Tls};
use crate::verdict::Failure;

fn target() -> Target {
    Target::new("Ana.Q@Example.ORG", "example.org").unwrap()
}

fn at(host: &str, port: u16, security: Security) -> Endpoint {
    Endpoint { host: host.to_owned(), port, security }
}

fn config(inside: &str) -> Result<Vec<Proposal>, Failure> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">{inside}</clientConfig>"
    );
    document(&xml)
}

fn document(xml: &str) -> Result<Vec<Proposal>, Failure> {
    let document = autoconfig::read(xml, "https://autoconfig.example.org/")?;
    autoconfig::proposals(&document, &target(), Source::Autoconfig)
}

fn server(kind: &str, host: &str, port: &str, security: &str, rest: &str) -> String {
    let element = if kind == "smtp" { "outgoingServer" } else { "incomingServer" };
    format!(
        "<{element} type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port>\
         <socketType>{security}</socketType>{rest}</{element}>"
    )
}

const PASSWORD: &str = "<authentication>password-cleartext</authentication>";
const ADDRESS: &str = "<username>%EMAILADDRESS%</username>";

fn usual(security: &str) -> String {
    let rest = format!("{PASSWORD}{ADDRESS}");
    server("imap", "imap.example.org", "993", security, &rest)
        + &server("smtp", "smtp.example.org", "465", security, &rest)
}

#[test]
fn a_document_as_it_should_be() {
    let found = config(&format!("<emailProvider id=\"x\">{}</emailProvider>", usual("SSL")));
    let [proposal] = &found.unwrap()[..] else { panic!("one") };
    assert_eq!(proposal.imap, at("imap.example.org", 993, Tls));
    assert_eq!(proposal.smtp, at("smtp.example.org", 465, Tls));
    assert_eq!((proposal.user.as_str(), proposal.trust), ("Ana.Q@Example.ORG", 90));
    assert_eq!(proposal.ways, [Way::Password]);
    assert_eq!(proposal.provider, "other");
}

#[test]
fn a_document_as_they_are() {
    let inside = "<oAuth2><issuer>login.example.org</issuer><scope>mail  offline_access</scope>\
         <authURL>https://x</authURL></oAuth2><emailProvider id=\"x\"><domain>a</domain>\
         <incomingServer type=\"ews\"><username>%EMAILADDRESS</username></incomingServer>\
         <incomingServer type=\"pop3\"><hostname>pop</hostname></incomingServer>\
         <incomingServer type='imap'><username>%EMAILLOCALPART</username>\
         <authentication>OAuth2</authentication><authentication>NTLM</authentication>\
         <authentication>password-encrypted</authentication><socketType> starttls </socketType>\
         <port>143</port><hostname> Mail.%EMAILDOMAIN% </hostname></incomingServer>\
         <incomingServer type=\"imap\"><hostname><!-- no --><![CDATA[imap.example.org]]></hostname>\
         <port>993</port><socketType>SSL</socketType><authentication>OAuth2</authentication>\
         <authentication>password-cleartext</authentication><username>a&amp;b&#64;c</username>\
         </incomingServer><outgoingServer type=\"smtp\"><hostname>smtp.example.org.</hostname>\
         <port>587</port><socketType>STARTTLS</socketType><restriction/>\
         <authentication>OAuth2</authentication></outgoingServer></emailProvider>";
    let found = config(inside).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].imap, at("imap.example.org", 993, Tls), "TLS from the start first");
    assert_eq!(found[0].user, "a&b@c");
    assert_eq!(found[1].imap, at("mail.example.org", 143, StartTls));
    assert_eq!(found[1].user, "Ana.Q");
    for proposal in &found {
        assert_eq!(proposal.smtp, at("smtp.example.org", 587, StartTls));
        assert_eq!(proposal.ways, [Way::Oauth2], "what both sides take");
        assert_eq!(proposal.issuer.as_deref(), Some("https://login.example.org"));
        assert_eq!(proposal.scopes, ["mail", "offline_access"]);
    }
}

#[test]
fn what_is_needed_for_oauth() {
    let rest = "<authentication>OAuth2</authentication><authentication>plain</authentication>";
    let two = server("imap", "i.example.org", "993", "SSL", rest)
        + &server("smtp", "s.example.org", "465", "TLS", rest);
    let without = &config(&two).unwrap()[0];
    assert_eq!((&without.ways[..], &without.issuer), (&[Way::Password][..], &None));
    let within = format!(
        "<emailProvider>{two}<oAuth2><issuer>https://id.example/t</issuer></oAuth2></emailProvider>"
    );
    let within = &config(&within).unwrap()[0];
    assert_eq!(within.ways, [Way::Oauth2, Way::Password]);
    assert_eq!(within.issuer.as_deref(), Some("https://id.example/t"));
    for issuer in ["http://id.example", "id.example/\"x", "a@id.example", "", "https://"] {
        let with = format!("{two}<oAuth2><issuer>{issuer}</issuer></oAuth2>");
        assert_eq!(config(&with).unwrap()[0].issuer, None, "{issuer}");
    }
    // a provider we know signs in as we know
    let known = server("imap", "imap.gmail.com", "993", "SSL", PASSWORD)
        + &server("smtp", "smtp.gmail.com", "465", "SSL", PASSWORD)
        + "<oAuth2><issuer>evil.example</issuer></oAuth2>";
    let known = &config(&known).unwrap()[0];
    assert_eq!((known.provider.as_str(), &known.issuer), ("google", &None));
    assert_eq!(known.ways, [Way::Oauth2, Way::Password]);
}

#[test]
fn oauth_needs_a_server_that_takes_tokens() {
    let rest = "<authentication>OAuth2</authentication><authentication>plain</authentication>";
    let two = server("imap", "i.example.org", "993", "SSL", rest)
        + &server("smtp", "s.example.org", "465", "SSL", rest)
        + "<oAuth2><issuer>id.example.org</issuer></oAuth2>";
    let proposed = || config(&two).unwrap().remove(0);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let with = proposed().offered(&words(&["IDLE", "AUTH=OAUTHBEARER"]));
    assert_eq!(with, proposed());
    let without = proposed().offered(&words(&["IDLE", "AUTH=PLAIN"]));
    assert_eq!((&without.ways[..], without.issuer), (&[Way::Password][..], None));
    let only =
        config(&two.replace("<authentication>plain</authentication>", "")).unwrap().remove(0);
    assert_eq!(only.clone().offered(&[]), only, "there is no other way");
    let known =
        Proposal::of(Source::Srv, at("imap.gmail.com", 993, Tls), at("x", 1, Tls), "u".into());
    assert_eq!(known.clone().offered(&[]), known);
}

#[test]
fn nothing_plain_is_proposed() {
    for word in ["plain", "none", "", "SSLv2"] {
        assert_eq!(config(&usual(word)).unwrap_err().code, "discover.no_tls", "{word}");
    }
    let rest = format!("{PASSWORD}{ADDRESS}");
    let mixed = server("imap", "imap.example.org", "143", "plain", &rest) + &usual("SSL");
    let found = config(&mixed).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].imap.port, 993);
    let half = server("imap", "imap.example.org", "993", "SSL", &rest)
        + &server("smtp", "smtp.example.org", "25", "plain", &rest);
    let refused = config(&half).unwrap_err();
    assert_eq!(refused.code, "discover.no_tls");
    assert!(refused.message.contains("submission server"), "{refused}");
    let pop = server("pop3", "pop.example.org", "995", "SSL", &rest)
        + &server("smtp", "smtp.example.org", "465", "SSL", &rest);
    let refused = config(&pop).unwrap_err();
    assert_eq!(refused.code, "discover.no_imap");
    assert!(refused.message.contains("other kinds"), "{refused}");
}

#[test]
fn servers_that_are_none_are_left_out() {
    let rest = format!("{PASSWORD}{ADDRESS}");
    for (host, port) in [
        ("", "993"),
        ("imap.example.org", "0"),
        ("imap.example.org", "70000"),
        ("imap.example.org", "x"),
        ("192.0.2.1", "993"),
        ("[2001:db8::1]", "993"),
        ("2130706433", "993"),
        ("im ap.example.org", "993"),
        ("imap.example.org/x", "993"),
        ("imap_\u{e9}.example.org", "993"),
        ("imap..example.org", "993"),
        ("-imap.example.org", "993"),
        ("%EMAILADDRESS%", "993"),
    ] {
        let inside = server("imap", host, port, "SSL", &rest)
            + &server("smtp", "smtp.example.org", "465", "SSL", &rest);
        assert_eq!(config(&inside).unwrap_err().code, "discover.no_imap", "{host}:{port}");
    }
    let no_way = "<authentication>NTLM</authentication><authentication>none</authentication>";
    let inside = server("imap", "imap.example.org", "993", "SSL", no_way) + &usual("plain");
    assert_eq!(config(&inside).unwrap_err().code, "discover.no_tls");
}

#[test]
fn no_document_at_all() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>\
         <clientConfig>&b;</clientConfig>";
    let deep = format!("<clientConfig>{}", "<a>".repeat(100_000));
    let wide = format!("<clientConfig>{}</clientConfig>", "<a/>".repeat(100_000));
    let twice = "<clientConfig></clientConfig>".to_owned() + bomb;
    for (xml, why) in [
        ("", "no autoconfig"),
        ("not found", "no autoconfig"),
        ("{\"protocols\":{}}", "no autoconfig"),
        ("<!DOCTYPE html><html><body>Welcome</body></html>", "document type"),
        ("<html><br></html>", "no autoconfig"),
        ("<clientConfig>", "breaks off"),
        ("<clientConfig><a></clientConfig>", ""),
        ("<clientConfig>&nbsp;</clientConfig>", "entity"),
        ("<clientConfig>&#0;&#xFFFFFFFF;</clientConfig>", "entity"),
        (bomb, "document type"),
        (&twice, "document type"),
        (&deep, "too many"),
        (&wide, "too many"),
    ] {
        let refused = document(xml).unwrap_err();
        let short: String = xml.chars().take(60).collect();
        assert_eq!(refused.code, "discover.document", "{short}");
        assert!(refused.detail.as_deref().unwrap_or_default().contains(why), "{short}: {refused}");
        assert!(refused.message.contains("https://autoconfig.example.org/"), "{refused}");
    }
    // a billion laughs without a declaration, and text without end: bounded and of no effect
    let long =
        format!("<clientConfig><a>{}</a>{}</clientConfig>", "&amp;".repeat(50_000), usual("SSL"));
    assert_eq!(document(&long).unwrap().len(), 1);
}

#[test]
fn a_document_with_many_servers() {
    let rest = format!("{PASSWORD}{ADDRESS}");
    let many: String = (0..100)
        .map(|n| server("imap", &format!("i{n}.example.org"), "993", "SSL", &rest))
        .chain((0..100).map(|n| server("smtp", &format!("s{n}.example.org"), "465", "SSL", &rest)))
        .collect();
    assert_eq!(config(&many).unwrap().len(), ALTERNATIVES);
}

fn record(target: &str, port: u16, priority: u16, weight: u16) -> srv::Record {
    srv::Record { target: target.to_owned(), port, priority, weight }
}

#[test]
fn srv_records() {
    let records = srv::Records {
        imaps: vec![
            record("c.example.org", 993, 20, 9),
            record("a.example.org.", 993, 10, 1),
            record("B.example.org", 1993, 10, 5),
        ],
        imap: vec![record("d.example.org", 143, 0, 0)],
        submissions: vec![],
        submission: vec![record("s.example.org", 587, 0, 0)],
    };
    let found = srv::proposals(&records, &target()).unwrap();
    let hosts: Vec<_> = found.iter().map(|p| (p.imap.host.as_str(), p.imap.port)).collect();
    let order = [("b.example.org", 1993), ("a.example.org", 993), ("c.example.org", 993)];
    assert_eq!(hosts, order, "by priority, then by weight");
    assert!(found.iter().all(|p| p.smtp == at("s.example.org", 587, StartTls)));
    assert!(found.iter().all(|p| p.trust == 60 && !p.must_be_shown() && p.user == target().email));
    assert_eq!(srv::proposals(&srv::Records::default(), &target()), Ok(vec![]));
}

#[test]
fn srv_that_leads_elsewhere_is_believed_less_and_says_so() {
    let records = srv::Records {
        imaps: vec![record("imap.notexample.org", 993, 0, 0)],
        submissions: vec![record("smtp.example.org", 465, 0, 0)],
        ..srv::Records::default()
    };
    let found = srv::proposals(&records, &target()).unwrap();
    assert!(found[0].trust == 40 && found[0].must_be_shown());
    assert_eq!(found[0].found_by, "SRV, leads to imap.notexample.org");
}

#[test]
fn srv_that_says_no() {
    let no = || vec![record("", 0, 0, 0)];
    let some = || vec![record("smtp.example.org", 465, 0, 0)];
    let none = srv::Records { imaps: no(), imap: no(), submissions: some(), submission: vec![] };
    let refused = srv::proposals(&none, &target()).unwrap_err();
    assert_eq!(refused.code, "discover.no_imap");
    assert!(refused.message.contains("offers no IMAP"), "{refused}");
    let half = srv::Records { imaps: some(), ..srv::Records::default() };
    let refused = srv::proposals(&half, &target()).unwrap_err();
    assert!(refused.message.contains("names no server for submission"), "{refused}");
    // not offered with TLS from the start, but with STARTTLS
    let older = srv::Records { imaps: no(), imap: some(), submissions: some(), submission: no() };
    assert_eq!(srv::proposals(&older, &target()).unwrap()[0].imap.security, StartTls);
    let slip = vec![record("imap.example.org", 993, 0, 0)];
    let slip = srv::Records { imap: slip, submissions: some(), ..srv::Records::default() };
    assert_eq!(srv::proposals(&slip, &target()).unwrap()[0].imap.security, Tls);
    for host in [".", "192.0.2.1", "a b"] {
        let bad = vec![record(host, 993, 0, 0)];
        let bad = srv::Records { imaps: bad, submissions: some(), ..srv::Records::default() };
        assert!(srv::proposals(&bad, &target()).is_err(), "{host}");
    }
}

#[test]
fn pacc() {
    let records = |text: &str| vec!["unrelated".to_owned(), text.to_owned()];
    assert!(pacc::vouched(&records("v=UAAC1; a=sha256; d=q83v+A=="), "q83v+A=="));
    assert!(pacc::vouched(&records(" v = UAAC1 ;d= q83v+A;a=sha256;"), "q83v+A=="));
    for bad in
        ["v=UAAC1; a=sha256; d=AAAA", "v=UAAC1; a=md5; d=q83v+A==", "a=sha256; d=q83v+A==", ""]
    {
        assert!(!pacc::vouched(&records(bad), "q83v+A=="), "{bad}");
    }
    let document = pacc::Document {
        imap: Some("imap.example.org".to_owned()),
        smtp: Some("smtp.example.org".to_owned()),
        issuer: Some("https://id.example.org".to_owned()),
        password: true,
    };
    let found = pacc::proposals(&document, &target()).unwrap();
    assert_eq!(found[0].imap, at("imap.example.org", 993, Tls));
    assert_eq!(found[0].smtp, at("smtp.example.org", 465, Tls));
    assert_eq!(found[0].ways, [Way::Oauth2, Way::Password]);
    let half = pacc::Document { smtp: None, ..document };
    assert_eq!(pacc::proposals(&half, &target()).unwrap_err().code, "discover.no_imap");
}

#[test]
fn guesses_are_the_usual_names_and_ports() {
    let guessed = guess::guesses("example.org");
    assert_eq!(guessed.imap[0], at("imap.example.org", 993, Tls));
    assert_eq!(guessed.smtp[0], at("smtp.example.org", 465, Tls));
    assert_eq!(guessed.imap.len() + guessed.smtp.len(), 12);
    let ports = |list: &[Endpoint]| list.iter().map(|e| (e.port, e.security)).collect::<Vec<_>>();
    assert_eq!(ports(&guessed.imap)[2..4], [(993, Tls), (143, StartTls)]);
    assert_eq!(ports(&guessed.smtp)[2..4], [(465, Tls), (587, StartTls)]);
}

#[test]
fn ranking() {
    use Source::{Autoconfig, Config, Guess, Ispdb, Mx, Pacc, Provider, Srv, WellKnown};
    let order = [Config, Provider, Autoconfig, WellKnown, Pacc, Ispdb, Mx, Srv, Guess];
    assert!(order.is_sorted() && order.is_sorted_by_key(|s| std::cmp::Reverse(s.trust())));
    let some = |source| {
        let (imap, smtp) = (at("a.example", 993, Tls), at("b.example", 465, Tls));
        Proposal::of(source, imap, smtp, "u".to_owned())
    };
    assert!(some(Guess).rank(true) < some(Provider).rank(false), "what holds comes first");
    assert!(some(Autoconfig).rank(true) < some(Ispdb).rank(true));
    assert!(some(Config).rank(true) < some(Provider).rank(true));
}

#[test]
fn names() {
    assert!(is_within("imap.example.org", "example.org"));
    assert!(is_within("Example.org.", "example.org"));
    assert!(!is_within("notexample.org", "example.org"));
    assert!(!is_within("example.org.evil.example", "example.org"));
    assert_eq!(
        exchanger_domains("mx1.mail.host.example", "own.example"),
        ["mail.host.example", "host.example"]
    );
    assert_eq!(exchanger_domains("mx.example.org.", "example.org"), Vec::<String>::new());
    assert_eq!(
        exchanger_domains("a.b.c.d.host.co.uk", "x"),
        ["b.c.d.host.co.uk", "host.co.uk", "co.uk"]
    );
    for nothing in ["", ".", "mx", "192.0.2.1"] {
        assert_eq!(exchanger_domains(nothing, "x"), Vec::<String>::new(), "{nothing}");
    }
    for bad in ["ana", "@example.org", "a\r\nb@example.org"] {
        assert_eq!(Target::new(bad, "example.org"), None, "{bad}");
    }
    assert_eq!(Target::new("a@1.2.3.4", "1.2.3.4"), None);
    assert_eq!(user_name("a\nb", &target()), target().email);
}
