//! The person's browser: opened where there is one to see, never over SSH.

use std::process::{Command, Stdio};

/// Browsers that would take the terminal away from the person who is asked something there.
const IN_THE_TERMINAL: &[&str] =
    &["w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl"];

/// Whether this shell runs somewhere else than where the person sits.
pub(super) fn is_remote() -> bool {
    ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|name| is_set(name))
}

/// Opens `url`; false where no browser can be seen from here. The address is one argument of one
/// program: no shell reads it.
pub(super) fn open(url: &str) -> bool {
    if is_remote() {
        return false;
    }
    if let Ok(chosen) = std::env::var("BROWSER")
        && !chosen.is_empty()
    {
        return chosen.split(':').filter(|name| !name.is_empty()).any(|name| {
            let bare = name.rsplit('/').next().unwrap_or(name);
            !IN_THE_TERMINAL.contains(&bare) && start(name, url)
        });
    }
    if cfg!(target_os = "macos") {
        return start("open", url);
    }
    (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) && start("xdg-open", url)
}

fn start(program: &str, url: &str) -> bool {
    let child = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.is_ok()
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}
