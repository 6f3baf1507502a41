//! The provider's mail, in memory: accounts, mailboxes, messages.
//!
//! The one truth that oracles compare the product with. Every change moves `news`, on which
//! sessions in IDLE wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// Every mailbox's UIDVALIDITY counts on from here, so that runs are equal.
const FIRST_UIDVALIDITY: u32 = 1_700_000_000;

/// One message as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// UID (RFC 3501 §2.3.1.1).
    pub uid: u32,
    /// Flags as spelled on the wire (`\Seen`, `$Forwarded`).
    pub flags: BTreeSet<String>,
    /// INTERNALDATE, seconds since 1970.
    pub internal_date: i64,
    /// MODSEQ (RFC 7162).
    pub modseq: u64,
    /// The whole message.
    pub body: Arc<[u8]>,
}

/// One mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDNEXT.
    pub uidnext: u32,
    /// HIGHESTMODSEQ.
    pub modseq: u64,
    /// Special-use attribute (`\Sent`), RFC 6154.
    pub role: Option<&'static str>,
    /// `\Noselect`: a mere level of hierarchy.
    pub noselect: bool,
    /// Subscribed.
    pub subscribed: bool,
    /// Messages, by ascending UID.
    pub messages: Vec<Stored>,
}

impl Folder {
    /// The message with this UID.
    #[must_use]
    pub fn message(&self, uid: u32) -> Option<&Stored> {
        self.messages
            .binary_search_by_key(&uid, |stored| stored.uid)
            .ok()
            .map(|at| &self.messages[at])
    }
}

/// One person's mail.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The only password that opens it.
    pub password: String,
    /// Mailboxes by Unicode name; the separator is `/`.
    pub folders: BTreeMap<String, Folder>,
    modseq: u64,
}

#[derive(Default)]
struct State {
    people: BTreeMap<String, Person>,
    validities: u32,
}

/// All mail of the provider; cheap to clone.
#[derive(Clone)]
pub struct Mailstore {
    state: Arc<Mutex<State>>,
    news: watch::Sender<u64>,
}

impl std::fmt::Debug for Mailstore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailstore(…)")
    }
}

impl Default for Mailstore {
    fn default() -> Self {
        Self { state: Arc::default(), news: watch::Sender::new(0) }
    }
}

impl Mailstore {
    /// Adds a person with INBOX and the usual special mailboxes. The password is a canary.
    pub fn add_account(&self, user: &str, password: &str) {
        crate::remains::secret(password);
        let mut state = self.lock();
        state.people.insert(user.into(), Person { password: password.into(), ..Person::default() });
        for (name, role) in [
            ("INBOX", None),
            ("Drafts", Some("\\Drafts")),
            ("Sent", Some("\\Sent")),
            ("Junk", Some("\\Junk")),
            ("Trash", Some("\\Trash")),
            ("Archive", Some("\\Archive")),
        ] {
            state.create(user, name, role);
        }
    }

    /// Whether `password` opens `user`'s mail.
    #[must_use]
    pub fn admits(&self, user: &str, password: &str) -> bool {
        self.lock().people.get(user).is_some_and(|person| person.password == password)
    }

    /// Whether there is such a person.
    #[must_use]
    pub fn knows(&self, user: &str) -> bool {
        self.lock().people.contains_key(user)
    }

    /// Changes the password, which is a canary too; open sessions go on.
    pub fn set_password(&self, user: &str, password: &str) {
        crate::remains::secret(password);
        if let Some(person) = self.lock().people.get_mut(user) {
            person.password = password.into();
        }
    }

    /// Makes a mailbox and the levels above it; false when it exists.
    pub fn create_mailbox(&self, user: &str, name: &str, role: Option<&'static str>) -> bool {
        let made = self.lock().create(user, name, role);
        self.tell();
        made
    }

    /// Deletes a mailbox and its mail.
    pub fn delete_mailbox(&self, user: &str, name: &str) -> bool {
        let gone = self
            .lock()
            .people
            .get_mut(user)
            .is_some_and(|person| person.folders.remove(name).is_some());
        self.tell();
        gone
    }

    /// Renames a mailbox and everything below it; UIDs and UIDVALIDITY stay (RFC 3501 §6.3.5).
    pub fn rename(&self, user: &str, from: &str, to: &str) -> bool {
        let mut state = self.lock();
        let Some(person) = state.people.get_mut(user) else { return false };
        if !person.folders.contains_key(from) || person.folders.contains_key(to) {
            return false;
        }
        let below = format!("{from}/");
        let names: Vec<String> = person
            .folders
            .keys()
            .filter(|name| *name == from || name.starts_with(&below))
            .cloned()
            .collect();
        for name in names {
            let folder = person.folders.remove(&name).expect("listed above");
            person.folders.insert(format!("{to}{}", &name[from.len()..]), folder);
        }
        drop(state);
        self.tell();
        true
    }

    /// Puts a message into a mailbox and returns its UID; `None` when there is no such mailbox.
    pub fn deliver(
        &self,
        user: &str,
        mailbox: &str,
        bytes: &[u8],
        internal_date: i64,
    ) -> Option<u32> {
        self.deliver_with(user, mailbox, bytes, internal_date, &[])
    }

    /// [`Self::deliver`] with flags.
    pub fn deliver_with(
        &self,
        user: &str,
        mailbox: &str,
        bytes: &[u8],
        internal_date: i64,
        flags: &[&str],
    ) -> Option<u32> {
        let uid = self.change(user, mailbox, |folder, modseq| {
            let uid = folder.uidnext;
            folder.uidnext += 1;
            folder.messages.push(Stored {
                uid,
                flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
                internal_date,
                modseq,
                body: bytes.into(),
            });
            uid
        });
        self.tell();
        uid
    }

    /// Removes messages; returns how many there were.
    pub fn expunge(&self, user: &str, mailbox: &str, uids: &[u32]) -> usize {
        let gone = self.change(user, mailbox, |folder, _| {
            let before = folder.messages.len();
            folder.messages.retain(|stored| !uids.contains(&stored.uid));
            before - folder.messages.len()
        });
        self.tell();
        gone.unwrap_or(0)
    }

    /// Replaces the flags of one message; false when there is none.
    pub fn set_flags(&self, user: &str, mailbox: &str, uid: u32, flags: &[&str]) -> bool {
        let set = self.change(user, mailbox, |folder, modseq| {
            let Some(stored) = folder.messages.iter_mut().find(|stored| stored.uid == uid) else {
                return false;
            };
            stored.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
            stored.modseq = modseq;
            true
        });
        self.tell();
        set.unwrap_or(false)
    }

    /// Gives the mailbox a new UIDVALIDITY and its messages new UIDs, as a restored backup does.
    pub fn renew_uidvalidity(&self, user: &str, mailbox: &str) -> Option<u32> {
        let validity = {
            let mut state = self.lock();
            state.validities += 1;
            FIRST_UIDVALIDITY + state.validities
        };
        let renewed = self.change(user, mailbox, |folder, modseq| {
            folder.uidvalidity = validity;
            folder.uidnext = 1;
            for stored in &mut folder.messages {
                stored.uid = folder.uidnext;
                stored.modseq = modseq;
                folder.uidnext += 1;
            }
            validity
        });
        self.tell();
        renewed
    }

    /// Everything of one person, as it is now.
    #[must_use]
    pub fn snapshot(&self, user: &str) -> BTreeMap<String, Folder> {
        self.lock().people.get(user).map(|person| person.folders.clone()).unwrap_or_default()
    }

    /// Everybody with an account.
    #[must_use]
    pub fn users(&self) -> Vec<String> {
        self.lock().people.keys().cloned().collect()
    }

    /// A counter that moves at each change.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Reads one mailbox under the lock.
    pub fn read<R>(&self, user: &str, mailbox: &str, look: impl FnOnce(&Folder) -> R) -> Option<R> {
        self.lock().people.get(user)?.folders.get(mailbox).map(look)
    }

    /// Changes one mailbox under the lock; `edit` gets the MODSEQ of this change. Sessions hear of
    /// it only after [`Self::tell`].
    pub fn change<R>(
        &self,
        user: &str,
        mailbox: &str,
        edit: impl FnOnce(&mut Folder, u64) -> R,
    ) -> Option<R> {
        let mut state = self.lock();
        let person = state.people.get_mut(user)?;
        let folder = person.folders.get_mut(mailbox)?;
        person.modseq += 1;
        folder.modseq = person.modseq;
        Some(edit(folder, person.modseq))
    }

    /// Wakes the sessions in IDLE.
    pub fn tell(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }
}

impl State {
    fn create(&mut self, user: &str, name: &str, role: Option<&'static str>) -> bool {
        let Some(person) = self.people.get_mut(user) else { return false };
        if person.folders.contains_key(name) {
            return false;
        }
        let above: Vec<&str> = name.match_indices('/').map(|(at, _)| &name[..at]).collect();
        for (level, role) in above.into_iter().map(|level| (level, None)).chain([(name, role)]) {
            if !person.folders.contains_key(level) {
                self.validities += 1;
                person.modseq += 1;
                let folder = Folder {
                    uidvalidity: FIRST_UIDVALIDITY + self.validities,
                    uidnext: 1,
                    modseq: person.modseq,
                    role,
                    subscribed: true,
                    ..Folder::default()
                };
                person.folders.insert(level.into(), folder);
            }
        }
        true
    }
}

impl Stored {
    /// INTERNALDATE's day in UTC, `2026-11-22`, as SEARCH compares it.
    #[must_use]
    pub fn day(&self) -> String {
        self.zoned().strftime("%Y-%m-%d").to_string()
    }

    /// INTERNALDATE as FETCH spells it, in UTC.
    #[must_use]
    pub fn date_time(&self) -> String {
        self.zoned().strftime("%d-%b-%Y %H:%M:%S +0000").to_string()
    }

    fn zoned(&self) -> jiff::Zoned {
        let at =
            jiff::Timestamp::from_second(self.internal_date).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.to_zoned(jiff::tz::TimeZone::UTC)
    }
}
