//! Deliveries by LMTP on one side, the events of `chapar watch` on the other: nothing may be missing,
//! nothing may come twice.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use chapar_tests::rig::home::Home;
use chapar_tests::rig::watch::Watch;
use chapar_tests::rig::{Rig, User};

/// A dead link is noticed in at most two minutes; then comes a reconnect.
pub(crate) const HALF_OPEN_LIMIT: Duration = Duration::from_secs(150);
/// Dovecot itself waits half a second; backoff after a lost link is seconds.
pub(crate) const PUSH_LIMIT: Duration = Duration::from_mins(1);

/// Delivers and counts what comes out of `chapar watch`.
pub(crate) struct Stream {
    pub(crate) user: User,
    pub(crate) watch: Watch,
    pub(crate) delivered: u32,
    pub(crate) seen: BTreeMap<String, u32>,
}

impl Stream {
    pub(crate) fn new(home: &Home, user: User) -> Self {
        let watch = home.watch(&["--type", "email.received"]);
        // the stream says when it is live: what is delivered from now on must come out of it
        thread::sleep(Duration::from_millis(500));
        Self { user, watch, delivered: 0, seen: BTreeMap::new() }
    }

    pub(crate) fn deliver(&mut self, count: u32) {
        for _ in 0..count {
            deliver(&self.user, self.delivered);
            self.delivered += 1;
        }
    }

    /// Waits until everything delivered was announced, each once.
    pub(crate) fn settle(&mut self, what: &str, limit: Duration) {
        while self.seen.len() < self.delivered as usize {
            let event = self.watch.next(limit, |event| event["type"] == "email.received");
            let Some(event) = event else {
                let lost: Vec<_> = (0..self.delivered)
                    .filter(|n| !self.seen.contains_key(&format!("push {n}")))
                    .collect();
                panic!("{what}: {lost:?} of {} not announced within {limit:?}", self.delivered);
            };
            let subject = event["data"]["subject"].as_str().unwrap().to_owned();
            *self.seen.entry(subject).or_default() += 1;
        }
        let twice: Vec<_> = self.seen.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{what}: announced twice {twice:?}");
    }
}

/// The `n`th delivery to somebody.
pub(crate) fn deliver(user: &User, n: u32) {
    let message = format!(
        "From: sender@remote.test\nTo: {0}\nSubject: push {n}\n\
         Message-ID: <push{n}.{1}@gen.test>\n\nbody {n}\n",
        user.address, user.name
    );
    Rig::shared().dovecot.deliver(user, &message);
}
