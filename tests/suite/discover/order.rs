//! Who is believed over whom, who is waited for, and for how long.

use super::{CONFIG, DIRECTORY, WELL_KNOWN, chosen, code_of, codes, document, found};
use chapar_engine::discover::Source;
use chapar_tests::sim::internet::{Internet, Kind, autoconfig, page};
use std::sync::Arc;
use std::time::Duration;

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
        let list = autoconfig(&servers, &[("a.firm.example", 465, "SSL")]);
        net.page("autoconfig.firm.example", CONFIG, &list);
        net.mail("a.firm.example", "a.firm.example").put("b.firm.example", 143, Kind::Mute);
    });
    assert_eq!(chosen(&found), Some((Source::Autoconfig, "a.firm.example")));
    assert!(found.took < Duration::from_millis(100), "{:?}", found.took);
    // but it is taken when the first is down
    let (found, _) = self::found(|net| {
        let list = autoconfig(&servers, &[("a.firm.example", 465, "SSL")]);
        net.page("autoconfig.firm.example", CONFIG, &list);
        net.put("a.firm.example", 465, Kind::Smtp(true));
        net.put("b.firm.example", 143, Kind::Imap(false));
    });
    assert_eq!(chosen(&found), Some((Source::Autoconfig, "b.firm.example")));
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
