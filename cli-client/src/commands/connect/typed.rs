//! A password that may be typed again: what the servers refuse costs the password and nothing else.

use chapar_ipc_protocol::secret::Secret;

use crate::args::PasswordArgs;
use crate::ask;
use crate::error::Fault;
use crate::screen::Screen;

/// How often a person may type a password: as often as `login` and `sudo` let them.
const TRIES: u32 = 3;

/// Has `attempt` made with a password from its source. Where a person types it, one that is refused
/// may be typed again; one out of a pipe or of a command is what it is.
pub(crate) fn with_password<T>(
    screen: &Screen,
    owner: &str,
    source: &PasswordArgs,
    mut attempt: impl FnMut(Secret) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut left = if source.are_given() { 1 } else { TRIES };
    loop {
        left -= 1;
        let outcome = ask::password(screen, owner, source).and_then(&mut attempt);
        match outcome {
            Err(fault) if left > 0 && may_be_typed_again(&fault) => tell(screen, &fault),
            other => return other,
        }
    }
}

/// Whether another password may be right where this one was not.
fn may_be_typed_again(fault: &Fault) -> bool {
    const REFUSED: &[&str] =
        &["input.password", "imap.auth", "smtp.auth", "imap.app_password", "smtp.app_password"];
    REFUSED.contains(&fault.code.as_str())
}

/// The refusal without its exit code: nothing ends.
fn tell(screen: &Screen, fault: &Fault) {
    let lines = fault.lines(screen.width.min(80));
    let said = lines.len().saturating_sub(1);
    lines.iter().take(said).for_each(|line| screen.warn(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_password_is_asked_for_again() {
        let again = |code: &str| may_be_typed_again(&Fault::new(code, "m"));
        assert!(again("imap.auth") && again("smtp.app_password") && again("input.password"));
        for code in ["cli.canceled", "tls.expired", "imap.throttled", "account.exists"] {
            assert!(!again(code), "{code}");
        }
    }
}
