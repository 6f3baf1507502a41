//! Commands and calls that mend a condition, filled in with the names at hand.

use crate::Condition;

/// A method of the socket protocol that helps, with the one parameter that names the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The parameter that takes the account's id.
    pub account: &'static str,
}

impl Method {
    /// Sign in anew, in place.
    pub const RECONNECT: Self = Self { name: "Account/connect", account: "replaceAccountId" };
    /// Try now.
    pub const SYNC: Self = Self { name: "Account/sync", account: "accountId" };
}

/// What is known of the account that a condition is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Names<'n> {
    /// Its short name.
    pub account: Option<&'n str>,
    /// Its address.
    pub address: Option<&'n str>,
}

impl Names<'_> {
    fn of(&self, placeholder: &str) -> Option<&str> {
        match placeholder {
            "account" => self.account,
            "address" => self.address,
            _ => None,
        }
    }
}

/// A command of a remedy, word by word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To be run as it is.
    Ready(Vec<String>),
    /// With words in capitals (`HOST`, `FILE`) for the person to replace.
    Template(Vec<String>),
}

impl Condition {
    /// What mends it where things are there already, in the order of the row: commands that can be
    /// run, and those in which the person has to fill something in. None of them connects an account
    /// that is connected, and none leaves open which account is meant.
    #[must_use]
    pub fn steps_for(&self, account: Option<&str>) -> Vec<Command> {
        let names = Names { account, address: None };
        let there = |command: &&&str| {
            !command.starts_with("chapar connect")
                && (account.is_some() || !command.contains("{account}"))
        };
        let step = |command: &&str| {
            let shown = |word: &str| {
                fill(word, |gap| names.of(gap).map(str::to_owned).or_else(|| Some(shown_gap(gap))))
            };
            let template = || command.split(' ').map(shown).collect::<Option<_>>();
            words(command, names).map(Command::Ready).or_else(|| template().map(Command::Template))
        };
        self.commands.iter().filter(there).filter_map(step).collect()
    }

    /// Of [`Self::steps_for`] those that can be run at once: what stands behind a command that has to
    /// be filled in is for afterwards.
    #[must_use]
    pub fn ready_for(&self, account: Option<&str>) -> Vec<Vec<String>> {
        let ready = |step| match step {
            Command::Ready(words) => Some(words),
            Command::Template(_) => None,
        };
        self.steps_for(account).into_iter().map_while(ready).collect()
    }

    /// The commands that can be run as they are, word by word. A command with a gap that `names`
    /// does not fill is left to the help page.
    #[must_use]
    pub fn commands_for(&self, names: Names<'_>) -> Vec<Vec<String>> {
        self.commands.iter().filter_map(|command| words(command, names)).collect()
    }

    /// The command that goes with the advice, if `names` fills it: the first one; where that is for an
    /// account and there is none yet, the first that connects one. What stands further down is for
    /// another case than the advice.
    #[must_use]
    pub fn first_command_for(&self, names: Names<'_>) -> Option<Vec<String>> {
        let first = self.commands.first()?;
        let connects = |command: &&&str| command.starts_with("chapar connect ");
        let fits = if names.account.is_none() && first.contains("{account}") {
            self.commands.iter().find(connects)?
        } else {
            first
        };
        words(fits, names)
    }

    /// Every command for a reader, who fills `ACCOUNT` and the like in.
    #[must_use]
    pub fn commands_shown(&self) -> Vec<String> {
        let shown = |command: &&str| fill(command, |gap| Some(shown_gap(gap)));
        self.commands.iter().filter_map(shown).collect()
    }
}

/// A command word by word; `None` when a gap stays.
fn words(command: &str, names: Names<'_>) -> Option<Vec<String>> {
    let known = |word: &str| fill(word, |gap| names.of(gap).map(str::to_owned));
    command.split(' ').map(known).collect()
}

/// A gap as a manual writes it.
fn shown_gap(gap: &str) -> String {
    match gap {
        "imap" | "smtp" => "HOST".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}

/// `text` with each `{gap}` replaced; `None` when one is not known.
fn fill(text: &str, known: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (gap, behind) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&known(gap)?);
        rest = behind;
    }
    filled.push_str(rest);
    Some(filled)
}
