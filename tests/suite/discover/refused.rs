//! Servers and answers that are never taken: bad certificates, lies, private places, odd names.

use super::{CONFIG, DIRECTORY, chosen, code_of, codes, document, found, found_for};
use chapar_daemon::config::Config;
use chapar_daemon::discover::{Progress, discover};
use chapar_engine::discover::Source;
use chapar_tests::sim;
use chapar_tests::sim::internet::{Internet, Kind, autoconfig, page, redirect, status};
use std::sync::Arc;
use std::time::Duration;

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
        assert_eq!((last.proposal.source, codes(last).0), (Source::Autoconfig, code));
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
    let plain = autoconfig(&[("i.firm.example", 143, "plain")], &[("s.firm.example", 25, "plain")]);
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
            let answer = page(&autoconfig(&list, &list));
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
