//! The registry against its own rules.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{Action, Command, Names, Who, all, exit, find};
use crate::integration::Integration;
use std::collections::BTreeSet;

#[test]
fn codes_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for row in all() {
        assert!(seen.insert(row.code), "{} twice", row.code);
        let (area, reason) = row.code.split_once('.').unwrap();
        let word = |s: &str| !s.is_empty() && s.chars().all(|c| matches!(c, 'a'..='z' | '_'));
        assert!(word(area) && word(reason), "{}", row.code);
        assert!(!row.title.ends_with('.') && row.title.chars().count() <= 64, "{}", row.title);
        let known = [2, 65, 66, 67, 69, 70, 73, 75, 77, 78];
        assert!(known.contains(&row.exit), "{} exits {}", row.code, row.exit);
    }
    assert!(seen.len() > 120);
}

#[test]
fn every_row_says_why_and_what_to_do() {
    for row in all() {
        let sentences = row.what.iter().chain([&row.cause]).chain(row.brief.as_ref());
        for sentence in sentences {
            assert!(
                sentence.ends_with(['.', ',', ':']) || sentence.ends_with("chapard"),
                "{}: {sentence}",
                row.code
            );
            assert!(
                !sentence.contains("  ") && !sentence.contains('\n'),
                "{}: {sentence}",
                row.code
            );
        }
        assert!(!row.what.is_empty() && row.cause.len() > 10, "{}", row.code);
        assert!(row.brief != row.what.first().copied(), "{}: brief says it twice", row.code);
        assert!(!row.commands.is_empty(), "{} has no command", row.code);
        for (provider, link) in row.links {
            assert!(link.starts_with("https://") && !provider.is_empty(), "{}", row.code);
        }
    }
}

#[test]
fn a_person_can_always_sign_in_again() {
    let names = Names { account: Some("my work"), address: Some("ana@example.org") };
    for row in all().filter(|row| row.action == Action::SignInAgain) {
        assert_eq!(row.who, Who::You, "{}", row.code);
        let commands = row.commands_for(names);
        assert_eq!(commands.first().unwrap(), &["chapar", "account", "reconnect", "my work"]);
        assert_eq!(row.method.unwrap().name, "Account/connect");
    }
}

#[test]
fn gaps_are_filled_or_the_command_is_left_out() {
    let consent = find("oauth.admin_consent").unwrap();
    let ana = Names { account: None, address: Some("ana@x.example") };
    let again = ["chapar", "connect", "ana@x.example", "--resume"].map(str::to_owned).to_vec();
    assert_eq!(consent.first_command_for(ana), Some(again));
    // a command further down is for another case than the advice
    let anew = ["chapar", "connect", "ana@x.example"].map(str::to_owned).to_vec();
    assert_eq!(find("oauth.wrong_person").unwrap().first_command_for(ana), Some(anew));
    assert_eq!(find("tls.expired").unwrap().first_command_for(ana), None);
    let row = find("net.refused").unwrap();
    assert!(row.commands.iter().any(|command| command.contains("{imap}")));
    let nobody = row.commands_for(Names::default());
    assert!(nobody.iter().flatten().all(|word| !word.contains(['{', '}'])), "{nobody:?}");
    let named = row.commands_for(Names { account: Some("work"), address: None });
    assert!(named.contains(&["chapar", "sync", "work"].map(str::to_owned).to_vec()));
    for row in all() {
        for shown in row.commands_shown() {
            assert!(!shown.contains(['{', '}']), "{}: {shown}", row.code);
        }
    }
}

#[test]
fn steps_come_in_the_order_of_the_row_and_say_what_is_to_be_filled_in() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        find("tls.unknown_issuer").unwrap().steps_for(Some("a1")),
        [
            Command::Template(words("chapar account update a1 --ca-file FILE")),
            Command::Ready(words("chapar sync a1")),
        ]
    );
    assert_eq!(find("tls.unknown_issuer").unwrap().steps_for(None), []);
    assert_eq!(
        find("submission.unknown").unwrap().steps_for(None).get(1),
        Some(&Command::Template(words("chapar outbox resolve ID --sent")))
    );
    for row in all() {
        let connects = |step: &Command| match step {
            Command::Ready(words) | Command::Template(words) => words.contains(&"connect".into()),
        };
        assert!(!row.steps_for(Some("a1")).iter().any(connects), "{}", row.code);
    }
}

#[test]
fn the_doctor_finds_a_condition_or_says_why_not() {
    let mut seen = BTreeSet::new();
    for code in super::doctor::listed() {
        assert!(seen.insert(code), "{code} is listed twice");
        assert!(find(code).is_some(), "{code} is listed and no row");
    }
    for row in all() {
        assert!(row.doctor().is_some(), "{}: no check of the doctor, no reason why not", row.code);
    }
}

#[test]
fn the_nine_causes_are_of_codes_that_exist_and_no_code_has_two() {
    let mut seen = BTreeSet::new();
    let numbers = [
        Integration::Unreachable,
        Integration::Certificate,
        Integration::WrongServer,
        Integration::SwitchedOff,
        Integration::Policy,
        Integration::Consent,
        Integration::Expired,
        Integration::Limits,
        Integration::Credentials,
    ]
    .map(|cause| {
        assert!(!cause.codes().is_empty(), "{cause:?}");
        for code in cause.codes() {
            assert!(seen.insert(*code), "{code} twice");
            assert_eq!(find(code).unwrap().integration(), Some(cause), "{code}");
        }
        cause.number()
    });
    assert_eq!(numbers, ["001", "002", "003", "004", "005", "006", "007", "008", "009"]);
}

#[test]
fn areas_without_a_row_still_have_an_exit_code() {
    assert_eq!(exit::of("tls.expired"), Some(77));
    assert_eq!(exit::of("tls.something_new"), Some(77));
    assert_eq!(exit::of("net.refused"), Some(69));
    assert_eq!(exit::of("net.timeout"), Some(75));
    assert_eq!(exit::of("imap.auth"), Some(77));
    assert_eq!(exit::of("what"), None);
}

#[test]
fn steps_depend_on_the_step_before() {
    assert_eq!(find("net.unknown_host").unwrap().depends_on(), None);
    assert_eq!(find("tls.expired").unwrap().depends_on(), Some("tcp"));
    assert_eq!(find("imap.auth").unwrap().depends_on(), Some("greeting"));
    assert_eq!(find("smtp.auth_disabled").unwrap().depends_on(), Some("greeting"));
    // said at the login, of an account that signs in well
    assert_eq!(find("account.not_licensed").unwrap().depends_on(), Some("greeting"));
    assert_eq!(find("cli.usage").unwrap().step(), None);
}

#[test]
fn an_attempt_that_saved_nothing_promises_nothing() {
    let servers = ["net.", "tls.", "imap.", "smtp.", "oauth.", "http."];
    let rows = all().filter(|row| servers.iter().any(|area| row.code.starts_with(area)));
    let passing: Vec<_> =
        rows.filter(|row| matches!(row.action, Action::Retry | Action::Throttled)).collect();
    assert!(passing.len() > 20);
    for row in passing {
        let advice = row.advice_unsaved();
        assert!(!advice.contains("by itself") && !advice.is_empty(), "{}: {advice}", row.code);
    }
    for code in ["smtp.lost", "smtp.timeout", "imap.busy", "net.closed"] {
        let Some(row) = find(code) else { continue };
        assert!(row.advice_unsaved().contains("same command again"), "{code}");
    }
}
