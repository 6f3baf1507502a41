//! Each place that may know: autoconfig, SRV, mail exchangers, PACC, the usual names, the table, the
//! configuration.

use super::{
    CONFIG, DIRECTORY, EMAIL, PACC, WELL_KNOWN, chosen, code_of, codes, document, found, found_for,
    with,
};
use chapar_daemon::config::{Config, ProviderEntry};
use chapar_daemon::discover::{Progress, discover};
use chapar_engine::account::Security;
use chapar_engine::discover::Source;
use chapar_engine::provider::Way;
use chapar_tests::sim;
use chapar_tests::sim::internet::{Internet, Kind, page, status};
use std::sync::Arc;

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
