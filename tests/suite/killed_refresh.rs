//! The real `chapard` killed by SIGKILL on entering one system call after the other of a refresh,
//! from the connection to the issuer to the login with the new token, whichever thread makes it: the
//! grant lives. A daemon that starts has no access token, so each start is a refresh.
//!
//! `CHAPAR_KILLS=n` kills at n calls, spread evenly; `CHAPAR_KILLS=all` at each.

mod home;
mod lost;
mod strict;

use crate::kills::Kills;
use crate::tracer::Call;
use chapar_tests::sandbox::oauth::rules::Rotation;
use chapar_tests::sandbox::provider::Personality;
use home::{Home, Life, Start, USER};
use std::collections::BTreeMap;

/// Kills of the check at each issuer.
const KILLS: u64 = 24;
/// In a full sweep: so many lives in a row that were over before their call are the end of it.
const THROUGH: usize = 3;

/// From where calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// The connection to the issuer: most of what follows reads the system's certificates.
    Connection,
    /// The issuer's half of the handshake: nothing was asked yet.
    Handshake,
}

impl Mark {
    /// How many calls come before the handshake differs from life to life by some dozens: from
    /// there on they are counted for themselves.
    const BOTH: [Self; 2] = [Self::Connection, Self::Handshake];

    /// Whether counting begins with this call of a refresh.
    fn begins(self, call: &Call) -> bool {
        self == Self::Connection || call.name() == "recvfrom"
    }
}

/// Kills the daemon at the call number `at`.
fn life(home: &Home, mark: Mark, at: usize) -> Life {
    let mut entered = None;
    home.life(|call| {
        if entered.is_some() || mark.begins(call) {
            entered = Some(entered.map_or(0, |n| n + 1));
        }
        entered == Some(at)
    })
}

/// So many of the numbers below `calls`, evenly spread.
fn spread(most: usize, calls: usize) -> impl Iterator<Item = usize> {
    let most = most.clamp(1, calls);
    (0..most).map(move |n| n * calls / most)
}

/// At which kinds of call how often.
#[derive(Default)]
struct Tally {
    kinds: BTreeMap<String, usize>,
    through: usize,
}

impl Tally {
    /// Kills one life after the other at `places`, and lets `after` look at each.
    fn sweep(
        &mut self,
        home: &Home,
        (mark, places): (Mark, impl Iterator<Item = usize>),
        mut after: impl FnMut(usize, &Life),
    ) {
        let mut in_a_row = 0;
        for at in places {
            let life = life(home, mark, at);
            after(at, &life);
            if let Some(call) = &life.killed {
                *self.kinds.entry(call.name()).or_default() += 1;
                in_a_row = 0;
            } else {
                self.through += 1;
                in_a_row += 1;
            }
            if in_a_row == THROUGH {
                break;
            }
        }
    }

    fn kills(&self) -> usize {
        self.kinds.values().sum()
    }

    fn text(&self) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|(name, n)| format!("{name} {n}")).collect();
        format!(
            "{} kills at {} kinds of call ({}), {} lives got through",
            self.kills(),
            kinds.len(),
            kinds.join(", "),
            self.through
        )
    }
}

#[test]
fn killed_at_every_call_of_a_refresh_the_grant_lives() {
    for (name, personality, rotation) in [
        ("Google", Personality::google(), Rotation::None),
        ("Microsoft", Personality::microsoft(), Rotation::Lenient),
        ("generic, old tokens hold", Personality::default(), Rotation::Lenient),
        ("generic, no rotation", Personality::default(), Rotation::None),
    ] {
        let home = Home::new(personality, rotation);
        let whole = home.life(|_| false);
        let mut tally = Tally::default();
        match Kills::asked(KILLS) {
            Kills::All => {
                for mark in Mark::BOTH {
                    tally.sweep(&home, (mark, 0..), |_, _| {});
                }
            }
            Kills::Some(most) => {
                let most = usize::try_from(most).unwrap();
                for (mark, share) in [(Mark::Connection, most / 3), (Mark::Handshake, most)] {
                    let calls = whole.entries().skip_while(|call| !mark.begins(call)).count();
                    tally.sweep(&home, (mark, spread(share, calls)), |_, _| {});
                }
            }
        }
        assert_eq!(home.start(), Start::LoggedIn, "{name}: after all kills it logs in as ever");
        assert_eq!(home.provider.issuer.fates(USER), [None], "{name}: the grant is lost");
        let refreshes = home.at_issuer("REFRESHED");
        eprintln!("{name}: {}, {refreshes} refreshes, 0 grants lost", tally.text());
        assert!(tally.kills() >= 10, "hardly anything was killed");
    }
}
