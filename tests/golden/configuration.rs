//! A configuration file that cannot be used: told with file, line, reason and remedy before
//! anything is stopped or started.

use std::fs;
use std::path::PathBuf;

use super::stage::Stage;
use super::transcript::Transcript;

/// `windw` on the fourth line.
const MISSPELT: &str = "# mine\n\n[sync]\nwindw = 7\n";

fn configure(stage: &Stage, text: &str) -> PathBuf {
    let file = stage.dir().join("config/chapar/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

/// Nothing runs: every command that would start the daemon names the line and ends with 78.
#[test]
fn nothing_starts_on_a_bad_configuration() {
    let stage = Stage::new();
    let file = configure(&stage, MISSPELT);
    let mut told = Transcript::new(&stage, "configuration");
    for words in [
        &["status"][..],
        &["service", "start"],
        &["service", "restart"],
        &["config", "check"],
        &["config", "set", "sync.window", "8"],
    ] {
        assert_eq!(told.run(words, ""), 78, "{words:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), MISSPELT, "put back as it was");
    assert!(!stage.dir().join("run/chapar/v1.sock").exists(), "nothing was started");
    fs::write(&file, "[sync]\nwindow = 7\n").unwrap();
    assert_eq!(told.run(&["config", "check"], ""), 0);
    assert!(!stage.dir().join("run/chapar/v1.sock").exists(), "judging starts no daemon");
    assert_eq!(told.run(&["service", "start"], ""), 0);
    told.check();
    let (error, code) = {
        fs::write(&file, MISSPELT).unwrap();
        stage.json(&["service", "restart"], "")
    };
    assert_eq!((code, &error["error"]["data"]["code"]), (78, &"config.invalid".into()));
}

/// A running daemon outlives a restart that could not come back.
#[test]
fn a_restart_into_a_bad_configuration_leaves_the_daemon_up() {
    let stage = Stage::new();
    let pid = stage.pid();
    let file = configure(&stage, MISSPELT);
    for words in [&["service", "restart"][..], &["config", "check"]] {
        let ran = stage.run(words, "");
        let line = format!("{}:4", file.display());
        let said: String = ran.stderr.split_whitespace().collect();
        assert_eq!(ran.code, Some(78), "{}", ran.stderr);
        assert!(said.contains(&line) && said.contains("`window`"), "{}", ran.stderr);
        assert_eq!(stage.pid(), pid, "it was stopped by {words:?}");
    }
    // what runs is told so: starting is nothing to be done
    assert_eq!(stage.run(&["service", "start"], "").code, Some(0));
    fs::write(&file, "[sync]\nwindow = 7\n").unwrap();
    assert_eq!(stage.run(&["service", "restart"], "").code, Some(0));
    assert_ne!(stage.pid(), pid);
}
