//! Asking a person, only where there is one; and taking passwords without showing them.
//!
//! A secret comes from a prompt that does not echo, from standard input or from a command. Never
//! from a flag or the environment.

mod keys;

use std::io::{self, Read};
use std::process::{Command, Stdio};

use chapar_ipc_protocol::secret::Secret;

pub(crate) use self::keys::Meanwhile;
use crate::args::PasswordArgs;
use crate::error::{Fault, shell_words};
use crate::screen::{Line, Screen, Style};

/// Longest password; the longest tokens in use are below 8 kB.
const PASSWORD_LIMIT: usize = 64 * 1024;

/// Asks for one line; an empty answer takes `usual`.
pub(crate) fn line(
    screen: &Screen,
    question: &str,
    usual: Option<&str>,
    flag: &str,
) -> Result<String, Fault> {
    if !screen.asks {
        return Err(Fault::missing(question, flag));
    }
    loop {
        let prompt = match usual {
            Some(usual) => format!("{question} [{usual}] "),
            None => format!("{question} "),
        };
        let answer = prompt_line(screen, &prompt)?;
        match (answer.is_empty(), usual) {
            (false, _) => return Ok(answer),
            (true, Some(usual)) => return Ok(usual.to_owned()),
            (true, None) => {}
        }
    }
}

/// Asks for one line that may stay empty.
pub(crate) fn optional(screen: &Screen, question: &str) -> Result<String, Fault> {
    prompt_line(screen, &format!("{question} "))
}

/// Asks yes or no before something moderate; `-y` answers yes.
pub(crate) fn confirm(screen: &Screen, question: &str, yes: bool) -> Result<(), Fault> {
    if yes {
        return Ok(());
    }
    if !screen.asks {
        return Err(Fault::missing("a confirmation", "-y"));
    }
    let answer = prompt_line(screen, &format!("{question} [y/N] "))?;
    if matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(canceled())
    }
}

/// Asks to type `name` before something severe; `given` is the flag that answers beforehand.
pub(crate) fn confirm_name(
    screen: &Screen,
    question: &str,
    name: &str,
    given: Option<&str>,
) -> Result<(), Fault> {
    let typed = match given {
        Some(typed) => typed.to_owned(),
        None if screen.asks => prompt_line(screen, question)?,
        None => {
            return Err(Fault::missing(
                "a confirmation",
                &format!("--confirm {}", shell_words(&[name.to_owned()])),
            ));
        }
    };
    if typed == name {
        return Ok(());
    }
    Err(Fault::new("input.data", format!("{typed:?} is not {name:?}: nothing was changed"))
        .without_commands())
}

/// A line that was typed while something else was waited for; never waits itself.
pub(crate) fn typed(meanwhile: &mut Meanwhile) -> Option<String> {
    meanwhile.line(io::stdin()).ok()?
}

/// Takes a password from its source, or asks for it.
pub(crate) fn password(
    screen: &Screen,
    owner: &str,
    source: &PasswordArgs,
) -> Result<Secret, Fault> {
    let text = if source.password_stdin {
        from_stdin()?
    } else if let Some(command) = &source.password_command {
        from_command(command)?
    } else if screen.asks {
        let prompt = Line::of(format!("Password for {owner} (not shown):"));
        let typed = keys::hidden(|| screen.ask(&prompt)).map_err(|cause| {
            no_password("could not read the password").because(cause.to_string())
        })?;
        typed.ok_or_else(canceled)?
    } else {
        return Err(Fault::missing("the password", "--password-stdin or --password-command"));
    };
    let judged = judge(&text);
    // which wipes it, good or not
    let secret = Secret::new(text);
    judged.map(|()| secret)
}

fn judge(password: &str) -> Result<(), Fault> {
    if password.is_empty() {
        return Err(no_password("the password is empty"));
    }
    if password.contains(['\n', '\r', '\0']) {
        return Err(no_password("the password has a line end or NUL in it"));
    }
    Ok(())
}

/// Everything on standard input without its one trailing line end.
fn from_stdin() -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let failed = |cause: io::Error| {
        no_password("could not read the password from standard input").because(cause.to_string())
    };
    io::stdin().lock().take(PASSWORD_LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    password_text(bytes, "standard input")
}

/// The first line that a shell command prints; the command may ask on the terminal itself.
fn from_command(command: &str) -> Result<String, Fault> {
    let failed = |what: String| no_password(&what);
    let output = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|cause| {
            failed(format!("could not run the password command {command:?}"))
                .because(cause.to_string())
        })?;
    if !output.status.success() {
        return Err(failed(format!("the password command {command:?} failed"))
            .because(output.status.to_string()));
    }
    let first = output.stdout.split(|&byte| byte == b'\n').next().unwrap_or_default();
    password_text(first.to_vec(), "the password command")
}

fn password_text(bytes: Vec<u8>, source: &str) -> Result<String, Fault> {
    if bytes.len() > PASSWORD_LIMIT {
        return Err(no_password(&format!("{source} gave more than {PASSWORD_LIMIT} bytes")));
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| no_password(&format!("{source} gave a password that is not UTF-8")))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

fn no_password(what: &str) -> Fault {
    Fault::new("input.password", what).without_commands()
}

/// The person said no.
pub(crate) fn canceled() -> Fault {
    Fault::new("cli.canceled", "canceled; nothing was changed").without_commands()
}

/// Prints a prompt whose answer [`typed`] takes.
pub(crate) fn begin(screen: &Screen, prompt: &str) {
    screen.ask(&Line::new().with(Style::Strong, prompt.trim_end()));
}

fn prompt_line(screen: &Screen, prompt: &str) -> Result<String, Fault> {
    let typed = keys::line(|| begin(screen, prompt)).map_err(|cause| {
        Fault::new("input.data", "could not read the answer")
            .without_commands()
            .because(cause.to_string())
    })?;
    typed.map(|answer| answer.trim().to_owned()).ok_or_else(canceled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_line_end_is_not_part_of_a_password() {
        for (bytes, text) in [
            (&b"a b"[..], "a b"),
            (b"pw\n", "pw"),
            (b"pw\r\n", "pw"),
            (b"pw\n\n", "pw\n"),
            (b" pw ", " pw "),
        ] {
            assert_eq!(password_text(bytes.to_vec(), "x").unwrap(), text);
        }
    }

    #[test]
    fn a_password_has_limits() {
        assert!(password_text(vec![b'a'; PASSWORD_LIMIT + 1], "x").is_err());
        assert!(password_text(vec![0xff], "x").is_err());
    }

    #[test]
    fn a_command_gives_its_first_line() {
        assert_eq!(from_command("printf 'one\\ntwo\\n'").unwrap(), "one");
        let fault = from_command("exit 3").unwrap_err();
        assert_eq!(fault.code, "input.password");
        assert!(fault.detail.unwrap().contains('3'));
    }
}
