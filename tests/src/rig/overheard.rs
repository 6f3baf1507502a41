//! What one person's IMAP sessions said after TLS and login, written down by Dovecot itself: a witness
//! of every mail that was fetched, and of how often.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::User;
use super::dovecot::give_to_mail_user;

/// In the person's home; Dovecot writes where it exists.
pub(super) const DIR: &str = "overheard";

/// What marks the text of a mail of the [`maildir`](super::maildir).
const TEXT: &str = "Line 0 of message ";
/// And its head.
const HEAD: &str = "Subject: Offer ";

/// The record of one person.
pub struct Overheard {
    dir: PathBuf,
}

impl Overheard {
    /// Begins with the next session.
    pub fn begin(user: &User) -> Self {
        let dir = user.maildir.parent().unwrap().join(DIR);
        fs::create_dir_all(&dir).unwrap();
        give_to_mail_user(&dir);
        Self { dir }
    }

    /// How often head and text of each planted mail were served so far.
    pub fn served(&self) -> BTreeMap<String, u32> {
        let mut served = BTreeMap::new();
        for entry in fs::read_dir(&self.dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "out") {
                continue;
            }
            let bytes = fs::read(path).unwrap();
            for line in String::from_utf8_lossy(&bytes).lines() {
                for mark in [HEAD, TEXT] {
                    let Some((_, after)) = line.split_once(mark) else { continue };
                    let number: String = after.chars().take_while(char::is_ascii_digit).collect();
                    *served.entry(format!("{mark}{number}")).or_default() += 1;
                }
            }
        }
        served
    }
}
