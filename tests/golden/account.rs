//! `account`, `config`, `logs`, `service`, `call`: the rest of the house.

use super::stage::{ANA, PASSWORD, Stage};
use super::transcript::Transcript;

#[test]
fn accounts() {
    let stage = Stage::new();
    stage.connect();
    let mut told = Transcript::new(&stage, "account");
    let imap = format!("localhost:{}", stage.ports.imaps);
    let update = ["account", "update", "ana", "--imap-security", "tls", "--imap"];
    let starttls = format!("localhost:{}", stage.ports.submission);
    let update_smtp = ["account", "update", "ana", "--smtp-security", "starttls", "--smtp"];
    for (words, input, code) in [
        (&["account", "list"][..], "", 0),
        (&["account", "show"], "", 0),
        (&["account", "show", "nobody"], "", 67),
        (&["account", "update"], "", 2),
        (&["account", "update", "ana", "--window", "many"], "", 2),
        (&[&update[..], &["localhost:1"]].concat(), "", 69),
        (&[&update[..], &[&imap]].concat(), "", 0),
        (&[&update_smtp[..], &["localhost:1"]].concat(), "", 69),
        (&[&update_smtp[..], &[&starttls]].concat(), "", 0),
        (&["account", "update", "ana", "--password-stdin"], "wrong", 77),
        (&["account", "update", "ana", "--password-stdin"], PASSWORD, 0),
        (&["account", "update", "ana", "--name", "my work"], "", 0),
        (&["account", "pause", "my work"], "", 0),
        (&["account", "resume", "my work"], "", 0),
        (&["account", "remove", "my work"], "", 2),
        (&["account", "remove", "my work", "--confirm", "ana"], "", 65),
        (&["account", "remove", "my work", "--dry-run"], "", 0),
        (&["account", "remove", "my work", "--confirm", "my work"], "", 0),
        (&["account", "list"], "", 0),
    ] {
        let got = told.run(words, input);
        assert_eq!(got, code, "{words:?}");
    }
    told.check();
    assert_eq!(stage.json(&["account", "list"], "").0["schema"], "chapar/account.list/1");
    let packs = stage.dir().join("state/chapar");
    let left = chapar_tests::rig::audit::find(&packs, None, [PASSWORD, ANA].into_iter());
    assert!(left.iter().all(|path| !path.ends_with("secrets.sealed")), "{left:?}");
}

/// `-a` and the word after the command are one thing: either will do, and they may not disagree.
#[test]
fn an_account_is_named_by_its_word_or_by_the_flag() {
    let stage = Stage::new();
    stage.connect();
    for words in [
        &["status"][..],
        &["status", "--check"],
        &["sync", "--wait"],
        &["account", "show"],
        &["account", "update", "--name", "ana"],
        &["account", "pause"],
        &["account", "resume"],
        &["account", "remove", "--dry-run"],
    ] {
        for (before, after, code) in [
            (&[][..], &["ana"][..], 0),
            (&[], &["-a", "ana"], 0),
            (&["-a", "ana"], &[], 0),
            (&[], &["--account=ANA@example.test"], 0),
            (&["-a", "ana"], &["Ana"], 0),
            (&[], &["-a", "nobody"], 67),
            (&["-a", "nobody"], &[], 67),
            (&["-a", "nobody"], &["ana"], 2),
            (&[], &["ana", "-a", "nobody"], 2),
        ] {
            let words = [before, words, after].concat();
            let ran = stage.run(&words, "");
            assert_eq!(ran.code, Some(code), "{words:?}: {}", ran.stderr);
            let names_both = ran.stderr.contains("\"ana\", and \"nobody\" with -a");
            assert!(code != 2 || names_both, "{words:?}: {}", ran.stderr);
        }
    }
}

/// A word means one account, whichever of its names it is.
#[test]
fn no_account_is_called_as_another_is_addressed() {
    const EVA: &str = "eva@example.test";
    let stage = Stage::new();
    stage.connect();
    stage.provider.store.add_account(EVA, PASSWORD);
    let words = stage.servers();
    let words = ["connect", EVA, "--password-stdin", "--no-input"]
        .into_iter()
        .chain(words.iter().map(String::as_str))
        .collect::<Vec<_>>();
    assert_eq!(stage.run(&words, PASSWORD).code, Some(0));
    for (account, name) in [("eva", "a1"), ("eva", ANA), ("ana", "EVA@example.test"), ("a1", "a2")]
    {
        let ran = stage.run(&["account", "rename", account, name], "");
        assert_ne!(ran.code, Some(0), "{account} is called {name}");
        assert!(ran.stderr.contains("belongs to another account"), "{}", ran.stderr);
    }
    // an answer comes from the account that has the mail, and from no other
    stage.deliver(0, "From: Bo <bo@example.test>\nSubject: Quote\nMessage-ID: <1@x>\n\nHi.\n");
    stage.run(&["sync", "--wait"], "");
    let (list, _) = stage.json(&["mail", "list", "-a", "ana"], "");
    let id = list["emails"][0]["id"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned();
    let answer = ["send", "--reply-to", &id, "-m", "Yes", "--dry-run"];
    let ran = stage.run(&answer, "");
    assert!(
        ran.text().contains("Would send from ana@example.test"),
        "{} {}",
        ran.text(),
        ran.stderr
    );
    let ran = stage.run(&[&answer[..], &["-a", "eva"]].concat(), "");
    assert!(ran.stderr.contains("is in ana, not in eva"), "{}", ran.stderr);
    let ran = stage.run(&["sync", "--wait", "--plain"], "");
    assert_eq!(ran.text(), "a1\tana\tsynced\na2\teva\tsynced\n");
}

#[test]
fn the_house() {
    let stage = Stage::new();
    let mut told = Transcript::new(&stage, "house");
    for words in [
        &["socket"][..],
        &["config", "path"],
        &["config", "get"],
        &["config", "set", "log.level", "debug"],
        &["config", "get", "log.level"],
        &["config", "get"],
        &["config", "check"],
        &["config", "set", "log.level", "banana"],
        &["config", "set", "nonsense", "1"],
        &["config", "set", "log.colour", "1"],
        &["config", "edit"],
        &["call", "Nope/get"],
        &["call", "Email/get", "{\"idz\":[]}"],
        &["call", "status", "[]"],
        &["service", "install"],
        &["service", "stop"],
        &["service", "status"],
        &["logs", "--level", "loud"],
        &["help", "tls.expired"],
        &["help", "nonsense"],
        &["frobnicate"],
        &["search", "invoice"],
        &["read", "M42"],
        &["inbox"],
        &["reply", "M42"],
        &["version"],
        &["accounts"],
        &["mail", "list", "--foo"],
        &["config", "get", "sync.windw"],
        &["stauts"],
        &["ana@example.org"],
        &["man", "nonsense"],
        &["completions", "tcsh"],
    ] {
        told.run(words, "");
    }
    told.check();
    for shell in ["bash", "zsh", "fish"] {
        let ran = stage.run(&["completions", shell], "");
        assert!(ran.code == Some(0) && ran.text().contains("CHAPAR_COMPLETE"), "{shell}");
    }
    let page = stage.run(&["man"], "");
    assert!(page.code == Some(0) && page.text().contains(".TH chapar 1"), "{}", page.text());
}
