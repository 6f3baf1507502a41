//! Discovery on a small internet and on virtual time: who is believed, how long it takes, and what
//! becomes of answers that mean no good.

use chapar_daemon::Daemon;
use chapar_daemon::config::{Config, ProviderEntry};
use chapar_daemon::discover::{Candidate, Found, Progress, discover};
use chapar_daemon::ipc::Session;
use chapar_daemon::store::Store;
use chapar_engine::account::Security;
use chapar_engine::discover::Source;
use chapar_engine::provider::Way;
use chapar_ipc_protocol::call::Scope;
use chapar_tests::sim;
use chapar_tests::sim::disk::SimDisk;
use chapar_tests::sim::internet::{Internet, Kind, page, redirect, status};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_util::sync::CancellationToken;

const EMAIL: &str = "ana@firm.example";
const LIMIT: Duration = Duration::from_secs(3);
const WELL_KNOWN: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
const CONFIG: &str = "/mail/config-v1.1.xml";
const PACC: &str = "/.well-known/user-agent-configuration.json";
const DIRECTORY: &str = "autoconfig.thunderbird.net";

/// An autoconfig document with these servers on the ports that begin with TLS.
fn document(imap: &str, smtp: &str) -> String {
    listing(&[(imap, 993, "SSL")], &[(smtp, 465, "SSL")])
}

fn listing(imap: &[(&str, u16, &str)], smtp: &[(&str, u16, &str)]) -> String {
    let server = |element: &str, kind: &str, (host, port, security): &(&str, u16, &str)| {
        format!(
            "<{element} type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port>\
             <socketType>{security}</socketType><authentication>password-cleartext\
             </authentication><username>%EMAILADDRESS%</username></{element}>"
        )
    };
    let imap = imap.iter().map(|at| server("incomingServer", "imap", at));
    let smtp = smtp.iter().map(|at| server("outgoingServer", "smtp", at));
    let servers: String = imap.chain(smtp).collect();
    format!("<clientConfig><emailProvider id=\"x\">{servers}</emailProvider></clientConfig>")
}

/// Discovers on the internet that `build` makes; what was found, and the internet afterwards.
fn found_for(email: &str, build: impl FnOnce(&Internet)) -> (Found, Arc<Internet>) {
    with(&Config::default(), email, build)
}

fn found(build: impl FnOnce(&Internet)) -> (Found, Arc<Internet>) {
    found_for(EMAIL, build)
}

fn with(config: &Config, email: &str, build: impl FnOnce(&Internet)) -> (Found, Arc<Internet>) {
    sim::run(async {
        let internet = Internet::new();
        build(&internet);
        let world = internet.world();
        let begun = tokio::time::Instant::now();
        let found = discover(&world, config, email, None, &Progress::default()).await.unwrap();
        assert!(begun.elapsed() <= LIMIT, "{:?}", begun.elapsed());
        for line in internet.said() {
            let upper = line.to_uppercase();
            assert!(!upper.contains("AUTH") || upper.starts_with("GET "), "no credential: {line}");
            assert!(!upper.contains(" LOGIN "), "no credential: {line}");
        }
        (found, internet)
    })
}

/// Source and IMAP host of the one to be chosen.
fn chosen(found: &Found) -> Option<(Source, &str)> {
    let best = found.candidates.first().filter(|candidate| candidate.holds())?;
    Some((best.proposal.source, best.proposal.imap.host.as_str()))
}

fn code_of(found: &Found, source: Source) -> &'static str {
    let asked = found.asked.iter().find(|asked| asked.source == source);
    let asked = asked.unwrap_or_else(|| panic!("{source:?} in {:?}", found.asked));
    asked.outcome.as_ref().map_or_else(|failure| failure.code, |_| "ok")
}

fn codes(candidate: &Candidate) -> (&'static str, &'static str) {
    let code = |check: &chapar_daemon::discover::Check| {
        check.outcome.as_ref().map_or_else(|failure| failure.code, |_| "ok")
    };
    (code(&candidate.imap), code(&candidate.smtp))
}

#[test]
fn autoconfig_in_three_places() {
    for (host, path, source) in [
        ("autoconfig.firm.example", CONFIG, Source::Autoconfig),
        ("firm.example", WELL_KNOWN, Source::WellKnown),
        (DIRECTORY, "/v1.1/firm.example", Source::Ispdb),
    ] {
        let (found, internet) = found(|net| {
            net.page(host, path, &document("mail.firm.example", "out.firm.example"));
            net.mail("mail.firm.example", "out.firm.example");
        });
        assert_eq!(chosen(&found), Some((source, "mail.firm.example")), "{:?}", found.asked);
        let best = &found.candidates[0];
        assert_eq!(
            (best.proposal.user.as_str(), &best.proposal.ways[..]),
            (EMAIL, &[Way::Password][..])
        );
        assert!(best.imap.outcome.as_ref().unwrap().contains(&"IDLE".to_owned()));
        assert!(best.smtp.outcome.as_ref().unwrap().contains(&"SIZE 1000".to_owned()));
        let with_address = internet.said().into_iter().filter(|line| line.contains("ana"));
        let with_address: Vec<_> = with_address.collect();
        let own = "GET /mail/config-v1.1.xml?emailaddress=ana%40firm.example HTTP/1.1";
        assert!(with_address.iter().all(|line| line == own), "{with_address:?}");
    }
}

#[test]
fn the_owner_is_believed_over_others_and_waited_for() {
    let everywhere = |net: &Internet| {
        net.page("firm.example", WELL_KNOWN, &document("b.firm.example", "b.firm.example"));
        net.page(DIRECTORY, "/v1.1/firm.example", &document("c.firm.example", "c.firm.example"));
        net.srv("_imaps._tcp.firm.example", "d.firm.example", 993, 0);
        net.srv("_submissions._tcp.firm.example", "d.firm.example", 465, 0);
        for host in ["a.firm.example", "b.firm.example", "c.firm.example", "d.firm.example"] {
            net.mail(host, host);
        }
    };
    let owner = |after| {
        let answer = page(&document("a.firm.example", "a.firm.example"));
        move |net: &Internet| {
            let pages = Kind::Web(Arc::new(move |_| answer.clone()));
            net.put_far("autoconfig.firm.example", 443, pages, after);
        }
    };
    for after in [Duration::ZERO, Duration::from_millis(1_700)] {
        let (found, _) = found(|net| {
            everywhere(net);
            owner(after)(net);
        });
        assert_eq!(chosen(&found), Some((Source::Autoconfig, "a.firm.example")), "{after:?}");
    }
    // but not for ever
    let (found, _) = found(|net| {
        everywhere(net);
        owner(Duration::from_millis(2_200))(net);
    });
    assert_eq!(chosen(&found), Some((Source::WellKnown, "b.firm.example")));
    assert_eq!(code_of(&found, Source::Autoconfig), "net.timeout");
    assert!(found.took < Duration::from_secs(2), "{:?}", found.took);
}

#[test]
fn nothing_better_can_come_is_the_end() {
    let (found, _) = found(|net| {
        net.page("autoconfig.firm.example", CONFIG, &document("a.firm.example", "a.firm.example"));
        net.mail("a.firm.example", "a.firm.example");
        net.put("firm.example", 443, Kind::Mute).put(DIRECTORY, 443, Kind::Blackhole);
    });
    assert_eq!(chosen(&found), Some((Source::Autoconfig, "a.firm.example")));
    assert!(found.took < Duration::from_millis(100), "{:?}", found.took);
}

#[test]
fn an_alternative_that_is_not_needed_is_not_waited_for() {
    let servers = [("a.firm.example", 993, "SSL"), ("b.firm.example", 143, "STARTTLS")];
    let (found, _) = found(|net| {
        let list = listing(&servers, &[("a.firm.example", 465, "SSL")]);
        net.page("autoconfig.firm.example", CONFIG, &list);
        net.mail("a.firm.example", "a.firm.example").put("b.firm.example", 143, Kind::Mute);
    });
    assert_eq!(chosen(&found), Some((Source::Autoconfig, "a.firm.example")));
    assert!(found.took < Duration::from_millis(100), "{:?}", found.took);
    // but it is taken when the first is down
    let (found, _) = self::found(|net| {
        let list = listing(&servers, &[("a.firm.example", 465, "SSL")]);
        net.page("autoconfig.firm.example", CONFIG, &list);
        net.put("a.firm.example", 465, Kind::Smtp(true));
        net.put("b.firm.example", 143, Kind::Imap(false));
    });
    assert_eq!(chosen(&found), Some((Source::Autoconfig, "b.firm.example")));
}

#[test]
fn srv() {
    let (found, _) = found(|net| {
        net.srv("_imaps._tcp.firm.example", "first.firm.example", 993, 1);
        net.srv("_imaps._tcp.firm.example", "second.firm.example", 993, 2);
        net.srv("_submission._tcp.firm.example", "out.firm.example", 587, 0);
        net.put("second.firm.example", 993, Kind::Imap(true));
        net.put("out.firm.example", 587, Kind::Smtp(false));
    });
    assert_eq!(chosen(&found), Some((Source::Srv, "second.firm.example")), "the first is down");
    assert_eq!(found.candidates[0].proposal.smtp.security, Security::StartTls);
    assert_eq!(codes(&found.candidates[1]), ("net.unknown_host", "ok"));
    let (found, _) = self::found(|net| {
        net.srv("_imaps._tcp.firm.example", "mail.elsewhere.example", 993, 0);
        net.srv("_submissions._tcp.firm.example", "mail.elsewhere.example", 465, 0);
        net.mail("mail.elsewhere.example", "mail.elsewhere.example");
    });
    let proposal = &found.candidates[0].proposal;
    assert_eq!(
        (proposal.trust, proposal.found_by.as_str()),
        (40, "SRV, leads to mail.elsewhere.example")
    );
}

#[test]
fn srv_that_says_no_is_believed() {
    let (found, internet) = found(|net| {
        net.srv("_imaps._tcp.firm.example", "", 0, 0).srv("_imap._tcp.firm.example", "", 0, 0);
        net.mail("imap.firm.example", "smtp.firm.example");
    });
    assert!(found.candidates.is_empty(), "{:?}", found.candidates);
    assert_eq!(code_of(&found, Source::Srv), "discover.no_imap");
    assert!(!internet.dialled().iter().any(|place| place.ends_with(":993")), "nothing is guessed");
}

#[test]
fn mail_exchangers() {
    for (exchanger, key, name, imap, smtp) in [
        (
            "firm-example.mail.protection.outlook.com",
            "microsoft",
            "Microsoft 365",
            "outlook.office365.com",
            ("smtp.office365.com", 587),
        ),
        ("aspmx.l.google.com", "google", "Google", "imap.gmail.com", ("smtp.gmail.com", 465)),
        (
            "in1-smtp.messagingengine.com",
            "fastmail",
            "Fastmail",
            "imap.fastmail.com",
            ("smtp.fastmail.com", 465),
        ),
    ] {
        let (found, _) = found(|net| {
            net.mx("firm.example", exchanger).put(imap, 993, Kind::Imap(true));
            net.put(smtp.0, smtp.1, Kind::Smtp(smtp.1 == 465));
        });
        assert_eq!(chosen(&found), Some((Source::Mx, imap)), "{exchanger}: {:?}", found.asked);
        let proposal = &found.candidates[0].proposal;
        assert_eq!((proposal.provider.as_str(), proposal.provider_name.as_str()), (key, name));
        assert_eq!((proposal.smtp.host.as_str(), proposal.smtp.port), smtp);
        assert_eq!(proposal.ways[0], Way::Oauth2);
    }
    // one that only the directory knows, by its domain
    let (found, internet) = found(|net| {
        net.mx("firm.example", "mx1.mail.hoster.example")
            .mail("i.hoster.example", "s.hoster.example");
        let answer = page(&document("i.hoster.example", "s.hoster.example"));
        net.put(
            DIRECTORY,
            443,
            Kind::Web(Arc::new(move |path| match path {
                "/v1.1/hoster.example" => answer.clone(),
                _ => status("404 Not Found"),
            })),
        );
    });
    assert_eq!(chosen(&found), Some((Source::Mx, "i.hoster.example")));
    assert_eq!(found.candidates[0].proposal.found_by, "MX mx1.mail.hoster.example, ISPDB");
    assert!(!internet.dialled().iter().any(|place| place.contains("autoconfig.hoster")));
    // a domain that takes no mail
    let (found, _) = self::found(|net| {
        net.mx("firm.example", "");
    });
    assert_eq!((code_of(&found, Source::Mx), found.candidates.len()), ("ok", 0));
}

#[test]
fn pacc() {
    let body = r#"{"protocols":{"imap":{"host":"i.firm.example"},"smtp":{"host":"s.firm.example"}},
        "authentication":{"oauth-public":{"issuer":"https://id.firm.example"},"password":true}}"#;
    // sha256 of the body, by another implementation
    let digest = "c6otBSD9wz9CSKB3RgG10mDPHxSnjrqHehQ4BvEeRrE=";
    let build = |txt: &'static str| {
        move |net: &Internet| {
            net.page("ua-auto-config.firm.example", PACC, body);
            net.mail("i.firm.example", "s.firm.example");
            if !txt.is_empty() {
                net.txt("_ua-auto-config.firm.example", txt);
            }
        }
    };
    let good = format!("v=UAAC1; a=sha256; d={digest}").leak();
    let (found, _) = found(build(good));
    assert_eq!(chosen(&found), Some((Source::Pacc, "i.firm.example")), "{:?}", found.asked);
    let proposal = &found.candidates[0].proposal;
    assert_eq!(proposal.issuer.as_deref(), Some("https://id.firm.example"));
    assert_eq!(proposal.ways, [Way::Oauth2, Way::Password]);
    for bad in ["", "v=UAAC1; a=sha256; d=AAAA"] {
        let (found, _) = self::found(build(bad));
        assert_eq!(code_of(&found, Source::Pacc), "discover.digest", "{bad}");
        assert!(found.candidates.is_empty());
    }
}

#[test]
fn the_usual_names() {
    let (found, internet) = found(|net| {
        net.put("mail.firm.example", 993, Kind::Imap(true));
        net.put("imap.firm.example", 143, Kind::Imap(false));
        net.put("firm.example", 587, Kind::Smtp(false));
    });
    assert_eq!(
        chosen(&found),
        Some((Source::Guess, "mail.firm.example")),
        "TLS from the start first"
    );
    assert_eq!(found.candidates[0].proposal.smtp.port, 587);
    let ports: std::collections::BTreeSet<_> = internet
        .dialled()
        .iter()
        .filter_map(|place| place.rsplit_once(':'))
        .map(|(_, port)| port.to_owned())
        .collect();
    assert_eq!(ports.into_iter().collect::<Vec<_>>(), ["143", "443", "465", "587", "993"]);
    // servers without TLS are no servers
    let (found, internet) = self::found(|net| {
        net.put("imap.firm.example", 143, Kind::Plain("* OK plain\r\n"));
        net.put("smtp.firm.example", 587, Kind::Plain("220 plain\r\n"));
    });
    assert_eq!(chosen(&found), None);
    assert_eq!(codes(&found.candidates[0]), ("tls.not_offered", "tls.not_offered"));
    assert!(internet.said().iter().all(|line| !line.contains("ana")), "{:?}", internet.said());
}

#[test]
fn nothing_at_all_is_soon_known() {
    let (found, _) = found(|_| {});
    assert!(found.candidates.is_empty());
    assert!(found.took < Duration::from_millis(100), "{:?}", found.took);
    let asked: Vec<_> = found.asked.iter().map(|asked| asked.source.word()).collect();
    assert_eq!(asked, ["autoconfig", "well-known", "pacc", "ispdb", "mx", "srv", "guess"]);
    assert_eq!(code_of(&found, Source::Ispdb), "net.unknown_host", "it could not be asked");
    assert_eq!(code_of(&found, Source::Autoconfig), "ok", "it has nothing to say");
}

#[test]
fn dead_name_servers_and_silent_hosts_cost_three_seconds_at_most() {
    let (found, _) = found(|net| {
        net.dead("firm.example");
    });
    assert!(found.candidates.is_empty());
    for source in [Source::Autoconfig, Source::WellKnown, Source::Pacc, Source::Mx, Source::Srv] {
        assert_eq!(code_of(&found, source), "net.timeout", "{source:?}");
    }
    // the directory still knows the domain
    let (found, _) = self::found(|net| {
        net.dead("firm.example").mail("i.hoster.example", "s.hoster.example");
        net.page(
            DIRECTORY,
            "/v1.1/firm.example",
            &document("i.hoster.example", "s.hoster.example"),
        );
    });
    assert_eq!(chosen(&found), Some((Source::Ispdb, "i.hoster.example")));
    for kind in [Kind::Mute, Kind::Blackhole] {
        let (found, _) = self::found(|net| {
            for (host, port) in [
                ("autoconfig.firm.example", 443),
                ("firm.example", 443),
                ("ua-auto-config.firm.example", 443),
                (DIRECTORY, 443),
                ("imap.firm.example", 993),
                ("smtp.firm.example", 465),
            ] {
                net.put(host, port, kind.clone());
            }
        });
        assert_eq!(chosen(&found), None);
        assert_eq!(code_of(&found, Source::Autoconfig), "net.timeout");
    }
    // servers that are named and silent are shown with that
    let (found, _) = self::found(|net| {
        net.page("autoconfig.firm.example", CONFIG, &document("i.firm.example", "s.firm.example"));
        net.put("i.firm.example", 993, Kind::Mute).put("s.firm.example", 465, Kind::Blackhole);
    });
    assert_eq!(codes(&found.candidates[0]), ("net.timeout", "net.timeout"));
}

#[test]
fn the_table_needs_no_question() {
    let (found, internet) = found_for("ana@gmail.com", |net| {
        net.mail("imap.gmail.com", "smtp.gmail.com");
        net.page("autoconfig.gmail.com", CONFIG, &document("evil.example", "evil.example"));
    });
    assert_eq!(chosen(&found), Some((Source::Provider, "imap.gmail.com")));
    assert_eq!(internet.dialled(), ["imap.gmail.com:993", "smtp.gmail.com:465"]);
    assert!(
        found.candidates[0].proposal.password_note.as_deref().unwrap().contains("app password")
    );
    // a provider that is down is down: nothing is guessed in its place
    let (found, internet) = found_for("ana@gmail.com", |_| {});
    assert_eq!((chosen(&found), internet.dialled().len()), (None, 2));
}

#[test]
fn the_configuration_comes_first_and_may_be_private() {
    let entry = ProviderEntry {
        key: "firm".to_owned(),
        name: Some("Our firm".to_owned()),
        domains: vec!["Firm.example".to_owned()],
        imap: Some("mail.intern.example".to_owned()),
        smtp: Some("mail.intern.example:587".to_owned()),
        issuer: Some("https://id.intern.example".to_owned()),
        ..ProviderEntry::default()
    };
    let config = Config { providers: vec![entry], ..Config::default() };
    let (found, internet) = with(&config, EMAIL, |net| {
        net.put_private("mail.intern.example", 993, Kind::Imap(true));
        net.put_private("mail.intern.example", 587, Kind::Smtp(false));
    });
    assert_eq!(chosen(&found), Some((Source::Config, "mail.intern.example")));
    let proposal = &found.candidates[0].proposal;
    assert_eq!((proposal.provider.as_str(), proposal.provider_name.as_str()), ("firm", "Our firm"));
    assert_eq!(proposal.ways, [Way::Oauth2, Way::Password]);
    assert_eq!(internet.dialled().len(), 2, "nobody else is asked");
    // a built-in provider pointed elsewhere
    let entry = ProviderEntry {
        key: "gmail".to_owned(),
        imap: Some("localhost:1993".to_owned()),
        smtp: Some("[::1]:1465".to_owned()),
        ..ProviderEntry::default()
    };
    let config = Config { providers: vec![entry], ..Config::default() };
    let (found, _) = with(&config, "ana@gmail.com", |net| {
        net.put_private("localhost", 1993, Kind::Imap(true)).put_private(
            "::1",
            1465,
            Kind::Smtp(true),
        );
    });
    assert_eq!(chosen(&found), Some((Source::Provider, "localhost")));
    let broken = ProviderEntry {
        key: "x".to_owned(),
        domains: vec!["firm.example".to_owned()],
        imap: Some("no port:x".to_owned()),
        ..ProviderEntry::default()
    };
    let config = Config { providers: vec![broken], ..Config::default() };
    let refused = sim::run(async {
        let world = Internet::new().world();
        discover(&world, &config, EMAIL, None, &Progress::default()).await.unwrap_err()
    });
    assert_eq!(refused.code, "account.settings");
    assert!(refused.message.contains('x'), "{refused}");
}

#[test]
fn servers_without_a_valid_certificate_are_shown_and_never_chosen() {
    for code in ["tls.wrong_host", "tls.expired", "tls.self_signed", "tls.unknown_issuer"] {
        let (found, _) = found(|net| {
            net.page(
                "autoconfig.firm.example",
                CONFIG,
                &document("i.firm.example", "s.firm.example"),
            );
            net.mail("i.firm.example", "s.firm.example").bad_certificate("i.firm.example", code);
            net.srv("_imaps._tcp.firm.example", "ok.firm.example", 993, 0);
            net.srv("_submissions._tcp.firm.example", "ok.firm.example", 465, 0);
            net.mail("ok.firm.example", "ok.firm.example");
        });
        assert_eq!(chosen(&found), Some((Source::Srv, "ok.firm.example")), "{code}");
        let last = found.candidates.last().unwrap();
        assert_eq!(
            (last.proposal.source, codes(last)),
            (Source::Autoconfig, (code, codes(last).1))
        );
    }
    // a page over a bad certificate is no page
    let (found, internet) = found(|net| {
        net.page("autoconfig.firm.example", CONFIG, &document("i.firm.example", "s.firm.example"));
        net.mail("i.firm.example", "s.firm.example");
        net.bad_certificate("autoconfig.firm.example", "tls.self_signed");
    });
    assert_eq!(code_of(&found, Source::Autoconfig), "tls.self_signed");
    assert!(found.candidates.is_empty());
    assert!(!internet.dialled().iter().any(|place| place == "autoconfig.firm.example:80"));
}

#[test]
fn answers_that_mean_no_good() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&c;&c;\">]><clientConfig>&a;</clientConfig>";
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<clientConfig>".to_vec();
    let large = format!("<clientConfig><a>{}</a></clientConfig>", "x".repeat(300 << 10));
    let plain = listing(&[("i.firm.example", 143, "plain")], &[("s.firm.example", 25, "plain")]);
    let web = |answer: Vec<u8>| Kind::Web(Arc::new(move |_| answer.clone()));
    for (what, kind, code) in [
        ("an entity bomb", web(page(bomb)), "discover.document"),
        ("HTML", web(page("<!DOCTYPE html><html></html>")), "discover.document"),
        ("JSON", web(page("{}")), "discover.document"),
        ("plain servers only", web(page(&plain)), "discover.no_tls"),
        ("too large", web(page(&large)), "http.broken"),
        ("without end", Kind::Endless(head), "http.broken"),
        (
            "slower than anybody waits",
            Kind::Slow(page("x"), Duration::from_millis(90)),
            "net.timeout",
        ),
        ("no HTTP", web(b"220 smtp\r\n".to_vec()), "http.broken"),
        ("an error", web(status("500 Oops")), "http.broken"),
        ("nothing", web(status("404 Not Found")), "ok"),
        ("a redirect to http", web(redirect("http://firm.example/x")), "http.not_https"),
        ("a redirect to itself", web(redirect("/mail/config-v1.1.xml")), "http.redirects"),
        ("a redirect to the router", web(redirect("https://192.168.1.1/")), "net.private"),
        (
            "a redirect to the cloud's keys",
            web(redirect("https://169.254.169.254/x")),
            "net.private",
        ),
    ] {
        let (found, internet) = found(|net| {
            net.put("autoconfig.firm.example", 443, kind);
            net.put_private("192.168.1.1", 443, Kind::Web(Arc::new(|_| page("admin"))));
            net.put_private("169.254.169.254", 443, Kind::Web(Arc::new(|_| page("keys"))));
            net.put("i.firm.example", 143, Kind::Plain("* OK x\r\n"));
        });
        assert_eq!(code_of(&found, Source::Autoconfig), code, "{what}");
        assert_eq!(chosen(&found), None, "{what}");
        let dialled = internet.dialled();
        assert!(
            !dialled.iter().any(|place| place.ends_with(":80") || place.starts_with("i.firm")),
            "{what}: {dialled:?}"
        );
    }
}

#[test]
fn a_document_does_not_lead_into_the_private_network() {
    let (found, internet) = found(|net| {
        net.page(
            "autoconfig.firm.example",
            CONFIG,
            &document("nas.intern.example", "s.firm.example"),
        );
        net.put_private("nas.intern.example", 993, Kind::Imap(true));
        net.put("s.firm.example", 465, Kind::Smtp(true));
    });
    assert_eq!(chosen(&found), None);
    assert_eq!(codes(&found.candidates[0]), ("net.private", "ok"));
    assert!(internet.said().iter().all(|line| !line.contains("CAPABILITY")));
}

#[test]
fn nobody_is_scanned() {
    let many: Vec<(String, u16)> = (1..=200).map(|n| (format!("h{n}.firm.example"), n)).collect();
    let list: Vec<(&str, u16, &str)> = many.iter().map(|(h, p)| (h.as_str(), *p, "SSL")).collect();
    let (_, internet) = found(|net| {
        for host in ["autoconfig.firm.example", "firm.example", DIRECTORY] {
            let answer = page(&listing(&list, &list));
            net.put(host, 443, Kind::Web(Arc::new(move |_| answer.clone())));
        }
        for n in 0..200 {
            net.srv("_imaps._tcp.firm.example", &format!("s{n}.firm.example"), n + 1, n);
            net.srv("_submissions._tcp.firm.example", &format!("s{n}.firm.example"), n + 1, n);
        }
    });
    let checks = internet.dialled().iter().filter(|place| !place.ends_with(":443")).count();
    assert!((6..=24).contains(&checks), "{checks}");
}

#[test]
fn names_of_other_scripts_and_addresses_that_are_none() {
    let (found, _) = found_for("ana@b\u{fc}cher.example", |net| {
        net.srv("_imaps._tcp.xn--bcher-kva.example", "mail.xn--bcher-kva.example", 993, 0);
        net.srv("_submissions._tcp.xn--bcher-kva.example", "mail.xn--bcher-kva.example", 465, 0);
        net.mail("mail.xn--bcher-kva.example", "mail.xn--bcher-kva.example");
    });
    assert_eq!(chosen(&found), Some((Source::Srv, "mail.xn--bcher-kva.example")));
    assert_eq!(found.candidates[0].proposal.trust, 60, "within the domain");
    for email in [
        "ana",
        "@firm.example",
        "ana@",
        "ana@127.0.0.1",
        "ana@[::1]",
        "ana@a b",
        "ana@%66irm.example",
        "ana@firm.example/x",
        "ana@1",
    ] {
        let (refused, dialled) = sim::run(async {
            let internet = Internet::new();
            let (world, config) = (internet.world(), Config::default());
            let refused = discover(&world, &config, email, None, &Progress::default()).await;
            (refused, internet.dialled())
        });
        assert_eq!(refused.unwrap_err().code, "account.settings", "{email}");
        assert!(dialled.is_empty(), "{email}");
    }
}

/// The answer of `Account/discover` over a client's connection.
fn over_the_socket(config: Config, params: &Value, build: impl FnOnce(&Internet)) -> Value {
    told(config, params, build).pop().unwrap()
}

/// Everything a client hears that asks, the answer last.
fn told(config: Config, params: &Value, build: impl FnOnce(&Internet)) -> Vec<Value> {
    sim::run(async {
        let internet = Internet::new();
        build(&internet);
        let world = internet.world();
        let disk = Arc::new(SimDisk::default().of_process());
        let store = Store::open_on(disk, true, world.clock.wall()).unwrap();
        let config = tokio::sync::watch::channel(config).1;
        let nowhere = PathBuf::from("/nonexistent/v1.sock");
        let daemon = Daemon::start(world, store, &config, nowhere.clone(), nowhere).unwrap();
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let scopes = Scope::ALL.iter().copied().collect();
        let session = Session::new(Arc::clone(&daemon.services), scopes);
        let session = tokio::spawn(session.serve(theirs, CancellationToken::new()));
        let mut pipe = BufReader::new(ours);
        let call =
            json!({"jsonrpc": "2.0", "id": 1, "method": "Account/discover", "params": params});
        pipe.write_all(format!("{call}\n").as_bytes()).await.unwrap();
        let mut heard: Vec<Value> = Vec::new();
        while heard.last().is_none_or(|last| last["id"] != 1) {
            let mut line = String::new();
            assert!(pipe.read_line(&mut line).await.unwrap() > 0, "the session ended: {heard:?}");
            heard.push(serde_json::from_str(&line).unwrap());
        }
        drop(pipe);
        session.await.unwrap();
        daemon.stop("test").await;
        heard
    })
}

#[test]
fn a_client_that_asks_is_told_how_far_it_is() {
    let params = json!({"email": EMAIL, "progressToken": "mine"});
    let mut heard = told(Config::default(), &params, |net| {
        net.put("autoconfig.firm.example", 443, Kind::Mute);
    });
    heard.pop();
    assert!((2..=12).contains(&heard.len()), "four a second: {heard:?}");
    for told in &heard {
        assert_eq!(
            (&told["method"], &told["params"]["token"]),
            (&json!("$/progress"), &json!("mine"))
        );
        let value = &told["params"]["value"];
        assert!(value["done"].as_u64().unwrap() < value["total"].as_u64().unwrap(), "{told}");
    }
    let quiet = told(Config::default(), &json!({"email": EMAIL}), |net| {
        net.put("autoconfig.firm.example", 443, Kind::Mute);
    });
    assert_eq!(quiet.len(), 1, "nobody asked: {quiet:?}");
}

#[test]
fn what_a_client_is_told() {
    let entry = ProviderEntry {
        key: "google".to_owned(),
        client_id: Some("ours".to_owned()),
        ..ProviderEntry::default()
    };
    let config = Config { providers: vec![entry], ..Config::default() };
    let answer = over_the_socket(config, &json!({"email": EMAIL, "progressToken": "t"}), |net| {
        net.mx("firm.example", "aspmx.l.google.com").mail("imap.gmail.com", "smtp.gmail.com");
    });
    let reply = &answer["result"];
    let best = &reply["candidates"][0];
    assert_eq!(best["source"], "mx", "{answer}");
    assert_eq!((&best["provider"], &best["providerName"]), (&json!("google"), &json!("Google")));
    assert_eq!(best["imap"], json!({"host": "imap.gmail.com", "port": 993, "security": "tls"}));
    assert_eq!(
        (&best["auth"], &best["clientKnown"]),
        (&json!(["oauth2", "password"]), &json!(true))
    );
    assert_eq!((&best["imapCheck"]["ok"], &best["smtpCheck"]["ok"]), (&json!(true), &json!(true)));
    assert_eq!(reply["error"], Value::Null);
    let nothing = over_the_socket(Config::default(), &json!({"email": EMAIL}), |_| {});
    let error = &nothing["result"]["error"];
    assert_eq!(error["data"]["code"], "discover.nothing", "{nothing}");
    assert!(error["message"].as_str().unwrap().contains("firm.example"), "{error}");
    let broken = over_the_socket(Config::default(), &json!({"email": EMAIL}), |net| {
        net.page("autoconfig.firm.example", CONFIG, &document("i.firm.example", "i.firm.example"));
        net.mail("i.firm.example", "i.firm.example")
            .bad_certificate("i.firm.example", "tls.expired");
    });
    assert_eq!(broken["result"]["error"]["data"]["code"], "tls.expired", "{broken}");
    assert_eq!(
        broken["result"]["candidates"][0]["imapCheck"]["error"]["data"]["code"],
        "tls.expired"
    );
    let refused = over_the_socket(Config::default(), &json!({"email": "nobody"}), |_| {});
    assert_eq!(refused["error"]["data"]["type"], "invalidArguments", "{refused}");
}
