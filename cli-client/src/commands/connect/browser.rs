//! The person's browser: opened where there is one to see, never over SSH.
//!
//! `$BROWSER` is read as xdg-open and Python's `webbrowser` read it: a list with colons between its
//! entries, each a program with its arguments in a shell's quotes, `%s` in the place of the address.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Browsers that would take the terminal away from the person who is asked something there.
const IN_THE_TERMINAL: &[&str] =
    &["w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl"];
/// A browser that cannot show anything ends at once; one that runs this long is at work.
const ENDS_AT_ONCE: Duration = Duration::from_millis(300);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// What became of the wish to open a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Opened {
    /// One was started and did not end with an error.
    Yes,
    /// There is none to be seen from here: a remote shell, no display, a browser in the terminal.
    NotHere,
    /// One should be there, and is not; the sentences name each.
    Failed(Vec<String>),
}

/// Whether this shell runs somewhere else than where the person sits.
pub(super) fn is_remote() -> bool {
    ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].iter().any(|name| is_set(name))
}

/// Opens `url`. The address is a word of one program's arguments: no shell reads it.
pub(in crate::commands) fn open(url: &str) -> Opened {
    if is_remote() {
        return Opened::NotHere;
    }
    if let Ok(chosen) = std::env::var("BROWSER")
        && !chosen.trim().is_empty()
    {
        return open_first(&chosen, url, start);
    }
    let usual = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let seen = cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    if !seen {
        return Opened::NotHere;
    }
    match start(&[usual.to_owned(), url.to_owned()]) {
        Ok(()) => Opened::Yes,
        Err(why) => Opened::Failed(vec![format!("No browser was opened: {usual} {why}.")]),
    }
}

/// Starts the first entry of `list` that works.
fn open_first(list: &str, url: &str, start: impl Fn(&[String]) -> Result<(), String>) -> Opened {
    let mut failed = Vec::new();
    let mut in_the_terminal = false;
    for entry in list.split(':').filter(|entry| !entry.trim().is_empty()) {
        let Some(words) = words(entry, url) else {
            failed.push(format!("The quotes in {entry:?}, an entry of $BROWSER, do not fit."));
            continue;
        };
        let program = words.first().map_or("", String::as_str);
        let bare = program.rsplit('/').next().unwrap_or(program);
        if IN_THE_TERMINAL.contains(&bare) {
            in_the_terminal = true;
            continue;
        }
        match start(&words) {
            Ok(()) => return Opened::Yes,
            Err(why) => failed.push(format!("$BROWSER names {program:?}, which {why}.")),
        }
    }
    if failed.is_empty() || in_the_terminal { Opened::NotHere } else { Opened::Failed(failed) }
}

/// An entry as program and arguments: `%s` is the address, `%%` a percent sign; without `%s` the
/// address comes last. A `&` at the end says that the program runs beside, as every one does here.
fn words(entry: &str, url: &str) -> Option<Vec<String>> {
    let entry = entry.trim();
    let mut words = shlex::split(entry.strip_suffix('&').unwrap_or(entry))?;
    if words.is_empty() {
        return None;
    }
    let mut placed = false;
    for word in words.iter_mut().skip(1) {
        // what is put in is not looked at again: an address is full of percent signs
        let parts: Vec<String> = word
            .split("%%")
            .map(|part| {
                placed |= part.contains("%s");
                part.replace("%s", url)
            })
            .collect();
        *word = parts.join("%");
    }
    if !placed {
        words.push(url.to_owned());
    }
    Some(words)
}

/// Starts a program and sees whether it ends at once with an error; else why it does not run.
fn start(words: &[String]) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("is empty")?;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match child {
        Ok(child) => runs(child),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err("is not installed".to_owned()),
        Err(cause) => Err(format!("cannot be started ({cause})")),
    }
}

fn runs(mut child: Child) -> Result<(), String> {
    let began = Instant::now();
    while began.elapsed() < ENDS_AT_ONCE {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended at once with {status}")),
            Ok(None) => std::thread::sleep(LOOK),
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const URL: &str = "https://issuer.example/a?b=c%20d&e=%73";

    #[test]
    fn an_entry_is_a_program_with_arguments() {
        for (entry, wanted) in [
            ("firefox", &["firefox", URL][..]),
            ("firefox %s", &["firefox", URL]),
            ("firefox --new-window %s", &["firefox", "--new-window", URL]),
            (
                "chromium --app=%s --incognito",
                &["chromium", &format!("--app={URL}"), "--incognito"],
            ),
            (
                "'/opt/my browser/run' -P 'second profile'",
                &["/opt/my browser/run", "-P", "second profile", URL],
            ),
            ("firefox %s &", &["firefox", URL]),
            ("env A=100%% open", &["env", "A=100%", "open", URL]),
        ] {
            assert_eq!(words(entry, URL).unwrap(), wanted, "{entry}");
        }
        assert_eq!(words("fire'fox", URL), None);
        assert_eq!(words(" & ", URL), None);
    }

    fn opened(list: &str, missing: &[&str]) -> (Opened, Vec<String>) {
        let started = RefCell::new(Vec::new());
        let start = |words: &[String]| {
            if missing.contains(&words[0].as_str()) {
                return Err("is not installed".to_owned());
            }
            started.borrow_mut().push(words[0].clone());
            Ok(())
        };
        let outcome = open_first(list, URL, start);
        (outcome, started.into_inner())
    }

    #[test]
    fn the_first_of_the_list_that_works_is_taken() {
        let of = |list: &str, missing: &[&str]| opened(list, missing);
        assert_eq!(of("a:b", &[]), (Opened::Yes, vec!["a".to_owned()]));
        assert_eq!(of("a -x:b %s", &["a"]), (Opened::Yes, vec!["b".to_owned()]));
        assert_eq!(of("::b", &[]), (Opened::Yes, vec!["b".to_owned()]));
        assert_eq!(of("w3m:/usr/bin/lynx", &[]), (Opened::NotHere, vec![]));
        assert_eq!(of("w3m:b", &[]), (Opened::Yes, vec!["b".to_owned()]));
    }

    #[test]
    fn what_is_missing_is_named() {
        let (Opened::Failed(why), started) = opened("netscape:my'x:b -q", &["netscape", "b"])
        else {
            panic!("opened");
        };
        assert!(started.is_empty());
        assert_eq!(why.len(), 3, "{why:?}");
        assert_eq!(why[0], "$BROWSER names \"netscape\", which is not installed.");
        assert!(why[1].contains("quotes"), "{why:?}");
    }

    #[test]
    fn a_program_that_ends_at_once_opened_nothing() {
        let word = |text: &str| text.to_owned();
        assert!(start(&[word("false")]).unwrap_err().contains("exit status: 1"));
        assert_eq!(start(&[word("true")]), Ok(()));
        assert_eq!(start(&[word("/nonexistent/browser")]), Err("is not installed".to_owned()));
    }
}
