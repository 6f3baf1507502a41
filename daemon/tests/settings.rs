//! The settings that clients show are those that the daemon reads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use chapar_daemon::config::{Config, ConfigError};
use chapar_ipc_protocol::settings::SETTINGS;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/c/config.toml"))
}

/// A client shows keys and defaults by the same list.
#[test]
fn every_setting_is_read_and_has_its_default() {
    for setting in SETTINGS {
        let (section, name) = setting.key.split_once('.').unwrap();
        let set = |value: &str| parse(&format!("[{section}]\n{name} = {value}\n"));
        assert_eq!(set(setting.default).unwrap(), Config::default(), "{}", setting.key);
        for value in setting.values.split(", ").filter(|value| !value.contains(' ')) {
            let bare = matches!(value, "true" | "false");
            let value = if bare { value.to_owned() } else { format!("'{value}'") };
            assert!(set(&value).is_ok(), "{} = {value}", setting.key);
        }
    }
    // serde names every key that it knows when it meets one that it does not, and that is like none
    let known: usize = ["log", "secrets", "sync", "desktop", "discover"]
        .iter()
        .map(|section| {
            let refused = parse(&format!("[{section}]\nzzzzzzzzzz = 1\n")).unwrap_err();
            refused.reason.split('`').skip(1).step_by(2).count() - 1
        })
        .sum();
    assert_eq!(known, SETTINGS.len(), "a setting is missing in the list of the protocol");
}
