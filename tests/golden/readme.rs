//! Every command in README.md's code blocks is run, with the sandbox in place of example.org.
//!
//! Looked at but not run: `cargo …` and `tests/run` (they build and test everything: the package,
//! the target and the script must exist). `service install` may say that there is no systemd here.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chapar_tests::rig::process::{Ran, run};

use super::stage::{ANA, PASSWORD, Stage};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The lines of the code blocks, without the explanation behind two spaces.
fn lines() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = readme.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(|block| block.lines().skip(1));
    let command = |line: &str| line.split("   ").next().unwrap().trim().to_owned();
    lines.map(command).filter(|line| !line.is_empty()).collect()
}

/// A line that a build would be needed for: what it names must exist.
fn exists(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let manifest = |dir: &str| fs::read_to_string(root().join(dir).join("Cargo.toml")).unwrap();
    match words.as_slice() {
        ["tests/run"] => assert!(root().join("tests/run").exists()),
        ["cargo", "run", "--release", "--bin", "demo"] => {
            assert!(root().join("tests/demo/src/main.rs").exists());
        }
        ["cargo", "install", "--locked", "--path", dir] => {
            assert!(manifest(dir).contains("[[bin]]"));
        }
        ["cargo", "uninstall", packages @ ..] => {
            let known = manifest("daemon") + &manifest("cli-client");
            for package in packages {
                assert!(known.contains(&format!("name = \"{package}\"")), "{package}");
            }
        }
        _ => panic!("README.md: nobody knows what to do with: {line}"),
    }
}

/// The line with the sandbox in place of example.org.
fn sandboxed(stage: &Stage, line: &str) -> String {
    let (imap, smtp) = (stage.ports.imaps, stage.ports.smtps);
    let mut line = line
        .replace("imap.example.org", &format!("localhost:{imap} --imap-security tls"))
        .replace("smtp.example.org", &format!("localhost:{smtp} --smtp-security tls"))
        .replace("ana@example.org", ANA);
    if line.contains("M42") {
        let (listed, _) = stage.json(&["mail", "list"], "");
        line = line.replace("M42", listed["emails"][0]["id"].as_str().unwrap());
    }
    if line.starts_with("chapar connect") {
        line = format!("{line} --ca-file {} --password-stdin", stage.path("ca.pem"));
    }
    let endless = ["--watch", "chapar watch", "logs -f"].iter().any(|word| line.contains(word));
    if endless { format!("timeout 2 {line}") } else { line }
}

fn shell(stage: &Stage, line: &str) -> Ran {
    let input = if line.contains("--password-stdin") { PASSWORD } else { "Hello.\n" };
    let mut command = stage.program(Path::new("/bin/sh"));
    run(command.args(["-c", line]), input.as_bytes(), Duration::from_mins(1))
}

/// What finds the servers of example.org here: a table of the configuration, as a company has one.
fn make_findable(stage: &Stage) {
    let (imap, smtp, ca) = (stage.ports.imaps, stage.ports.smtps, stage.path("ca.pem"));
    let table = format!(
        "[[provider]]\nkey = \"example\"\ndomains = [\"example.test\"]\n\
         imap = \"localhost:{imap}\"\nsmtp = \"localhost:{smtp}\"\nca_file = \"{ca}\"\n"
    );
    fs::create_dir(stage.dir().join("config/chapar")).unwrap();
    stage.file("config/chapar/config.toml", &table);
}

#[test]
fn every_command_of_the_readme_works() {
    let stage = Stage::new();
    make_findable(&stage);
    stage.file("offer.pdf", "%PDF-1.7");
    stage.deliver(
        0,
        "From: Bo <bo@example.test>\nSubject: invoice\nMessage-ID: <1@x>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi.\n--b\n\
         Content-Type: application/pdf; name=invoice.pdf\nContent-Disposition: attachment\n\n\
         %PDF\n--b--\n",
    );
    let mut ran_some = 0;
    for line in lines() {
        let own = line.starts_with("chapar") || line.contains("chapar socket");
        if !own {
            exists(&line);
            continue;
        }
        let command = sandboxed(&stage, &line);
        // the other way to connect the same mailbox
        if command.starts_with("chapar connect") && command.contains("--imap") {
            assert_eq!(shell(&stage, "chapar account remove ana --yes").code, Some(0));
        }
        let ran = shell(&stage, &command);
        let expected: &[i32] = match () {
            () if command.starts_with("timeout") => &[124],
            () if command.contains("service ") => &[0, 69],
            // where this machine has a display, nobody on it shows a notification
            () if command == "chapar doctor" => &[0, 1],
            () => &[0],
        };
        let code = ran.code.unwrap_or(-1);
        assert!(expected.contains(&code), "{command}: exit {code}: {}{}", ran.text(), ran.stderr);
        if code == 69 {
            assert!(ran.stderr.contains("service.no_systemd"), "{command}: {}", ran.stderr);
        } else if !command.contains("watch") {
            assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty(), "{command} said nothing");
        }
        if command.starts_with("chapar connect") {
            stage.wait_live();
        }
        ran_some += 1;
    }
    assert!(ran_some >= 15, "only {ran_some} commands found in README.md");
}
