//! The help pages of error codes: one table, embedded, so `chapar help CODE` works offline.
//!
//! A page gives the exit code too; an error without a page falls back to its wire type. Order
//! within an area is from likely to rare.

use crate::error::exit;

mod account;
mod grant;
mod local;
mod moving;
mod network;
mod outgoing;
mod provider;
mod signin;
mod state;

/// One code explained.
#[derive(Debug)]
pub(crate) struct Page {
    /// The stable code, `area.reason`.
    pub(crate) code: &'static str,
    /// What the command exits with.
    pub(crate) exit: u8,
    /// What it is, in a few words.
    pub(crate) title: &'static str,
    /// Why it happens and what chapar did.
    pub(crate) why: &'static str,
    /// What to do, likely things first.
    pub(crate) what: &'static [&'static str],
    /// The first commands to try; `ADDRESS` and the like stand for the reader's own.
    pub(crate) commands: &'static [&'static str],
}

/// Every page, by area.
pub(crate) fn all() -> impl Iterator<Item = &'static Page> {
    [
        network::PAGES,
        provider::PAGES,
        signin::PAGES,
        grant::PAGES,
        account::PAGES,
        moving::PAGES,
        outgoing::PAGES,
        state::PAGES,
        local::PAGES,
    ]
    .into_iter()
    .flatten()
}

/// The page of a code.
pub(crate) fn find(code: &str) -> Option<&'static Page> {
    all().find(|page| page.code == code)
}

/// The exit code of a code: its page's, else its area's.
pub(crate) fn exit_of(code: &str) -> Option<u8> {
    if let Some(page) = find(code) {
        return Some(page.exit);
    }
    match code.split_once('.')?.0 {
        "tls" | "oauth" => Some(exit::NO_PERMISSION),
        "net" => Some(exit::UNAVAILABLE),
        "imap" | "smtp" => Some(exit::TEMPORARY),
        "config" => Some(exit::CONFIG),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = std::collections::BTreeSet::new();
        for page in all() {
            assert!(seen.insert(page.code), "{} twice", page.code);
            let (area, reason) = page.code.split_once('.').unwrap();
            let word = |s: &str| !s.is_empty() && s.chars().all(|c| matches!(c, 'a'..='z' | '_'));
            assert!(word(area) && word(reason), "{}", page.code);
            assert!(!page.title.is_empty() && !page.why.is_empty() && !page.what.is_empty());
            let known = [65, 66, 67, 69, 70, 73, 75, 77, 78, 2];
            assert!(known.contains(&page.exit), "{} exits {}", page.code, page.exit);
        }
    }

    #[test]
    fn every_remedy_parses_as_a_real_command() {
        for page in all() {
            for command in page.commands {
                let Some(words) = command.strip_prefix("chapar ") else {
                    continue;
                };
                let words = std::iter::once("chapar").chain(words.split_whitespace());
                let parsed = crate::args::Cli::try_parse_from(words);
                let fine = match &parsed {
                    Ok(_) => true,
                    Err(error) => crate::usage::fault(error).is_none(),
                };
                assert!(fine, "{}: {command}", page.code);
            }
        }
    }

    #[test]
    fn areas_without_a_page_still_have_an_exit_code() {
        assert_eq!(exit_of("tls.expired"), Some(77));
        assert_eq!(exit_of("tls.something_new"), Some(77));
        assert_eq!(exit_of("net.refused"), Some(69));
        assert_eq!(exit_of("net.timeout"), Some(75));
        assert_eq!(exit_of("imap.auth"), Some(77));
        assert_eq!(exit_of("what"), None);
    }
}
