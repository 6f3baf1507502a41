//! Untrusted answers of discovery: documents, records, names. Whatever they say, what is proposed
//! has a host name, a port and TLS.

use crate::driver::{Work, run};
use crate::mutate::{mutated, text};
use crate::samples::corpus;
use chapar_engine::account::Endpoint;
use chapar_engine::discover::{
    ALTERNATIVES, Proposal, Source, Target, autoconfig, exchanger_domains, host_name, pacc, srv,
};
use chapar_tests::sandbox::corpus::Dice;
use std::time::Duration;

/// A document of 256 KiB at most; the promise is that nobody waits for it.
const SLOW: Duration = Duration::from_secs(2);

const SAMPLE: &str = "<?xml version=\"1.0\"?><!-- x --><clientConfig version=\"1.1\"><emailProvider id=\"a\">\
<domain>a.example</domain><incomingServer type=\"imap\"><hostname>imap.%EMAILDOMAIN%</hostname>\
<port>993</port><socketType>SSL</socketType><authentication>OAuth2</authentication>\
<authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>\
</incomingServer><outgoingServer type=\"smtp\"><hostname><![CDATA[smtp.a.example]]></hostname>\
<port>587</port><socketType>STARTTLS</socketType><authentication>OAuth2</authentication>\
<username>%EMAILLOCALPART</username></outgoingServer></emailProvider><oAuth2><issuer>id.a.example\
</issuer><scope>a &amp; &#98;</scope></oAuth2></clientConfig>";

fn target() -> Target {
    Target::new("ana@a.example", "a.example").unwrap()
}

fn check(proposals: &[Proposal]) {
    assert!(proposals.len() <= ALTERNATIVES, "{proposals:?}");
    let named = |at: &Endpoint| at.port > 0 && host_name(&at.host).as_ref() == Some(&at.host);
    for proposal in proposals {
        assert!(named(&proposal.imap) && named(&proposal.smtp), "{proposal:?}");
        assert!(!proposal.ways.is_empty() && proposal.from_outside, "{proposal:?}");
        assert!(!proposal.user.is_empty() && !proposal.user.contains(char::is_control));
        let issuer = proposal.issuer.as_deref();
        assert!(issuer.is_none_or(|issuer| issuer.starts_with("https://")), "{proposal:?}");
    }
}

#[test]
fn documents() {
    let mut seeds = vec![SAMPLE.as_bytes().to_vec()];
    seeds.extend(corpus("ispdb").into_iter().map(|(_, bytes)| bytes));
    run("autoconfig", 10_000, |dice| {
        let seed = dice.pick(&seeds).clone();
        let xml = mutated(dice, &seed, &seeds);
        let work = Work::begin();
        if let Ok(document) = autoconfig::read(&String::from_utf8_lossy(&xml), "a.example") {
            let proposed = autoconfig::proposals(&document, &target(), Source::Ispdb);
            check(&proposed.unwrap_or_default());
        }
        work.assert_below(SLOW, xml.len());
    });
}

#[test]
fn records_and_names() {
    run("discovery records", 20_000, |dice| {
        let records = |dice: &mut Dice| {
            (0..dice.below(4))
                .map(|_| srv::Record {
                    target: name(dice),
                    port: dice.below(1 << 16) as u16,
                    priority: dice.below(3) as u16,
                    weight: dice.below(3) as u16,
                })
                .collect()
        };
        let records = srv::Records {
            imaps: records(dice),
            imap: records(dice),
            submissions: records(dice),
            submission: records(dice),
        };
        check(&srv::proposals(&records, &target()).unwrap_or_default());
        let document = pacc::Document {
            imap: Some(name(dice)),
            smtp: Some(name(dice)),
            issuer: Some(text(dice, 40)),
            password: dice.chance(50),
        };
        check(&pacc::proposals(&document, &target()).unwrap_or_default());
        assert!(!pacc::vouched(&[text(dice, 60)], "digest of something else"));
        let exchanger = name(dice);
        for domain in exchanger_domains(&exchanger, "a.example") {
            assert!(
                host_name(&domain).is_some() && domain.contains('.'),
                "{exchanger:?}: {domain}"
            );
        }
    });
}

/// Something like a host name, or not.
fn name(dice: &mut Dice) -> String {
    let labels: Vec<String> = (0..dice.below(6))
        .map(|_| if dice.chance(80) { format!("l{}", dice.below(99)) } else { text(dice, 8) })
        .collect();
    labels.join(".")
}
