//! One grant's machine: the token in hand, when the next one is due, and what stands in the way.

use super::Renewal;
use crate::backoff::{Backoff, THROTTLED, fraction};
use crate::secret::Secret;
use crate::time::Boot;
use crate::verdict::{Failure, Verdict};
use std::collections::VecDeque;
use std::time::Duration;

/// A token is renewed this long before its end: time for a slow issuer and a slow login.
const AHEAD: Duration = Duration::from_mins(5);
/// Or this share of its life, for short ones.
const AHEAD_SHARE: u32 = 3;
/// Renewals of many accounts are spread over this long,
const JITTER: Duration = Duration::from_mins(1);
/// or over this share of the token's life.
const JITTER_SHARE: u32 = 10;
/// What a life is taken for when the issuer does not say one: the usual hour.
const USUAL_LIFE: Duration = Duration::from_hours(1);
/// However short tokens live, none is asked for sooner than this after the last.
const LEAST_GAP: Duration = Duration::from_secs(5);
/// After trouble that passes. Low, because a token that is late ends sessions.
const TROUBLE: Backoff = Backoff { floor: Duration::from_secs(1), cap: Duration::from_mins(1) };
/// Tokens refused by a mail server within [`DISTRUST_WINDOW`] that are replaced before their time:
/// what refuses more of them has another reason, and new tokens would only hammer.
const DISTRUSTS: usize = 3;
/// See [`DISTRUSTS`].
const DISTRUST_WINDOW: Duration = Duration::from_hours(1);
/// A grant that is over is asked about again after this long at the earliest, and only when a
/// person makes an account try again: three times an hour.
const RECHECK: Duration = Duration::from_mins(20);

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is a token that holds.
    Fresh,
    /// A new one is being asked for.
    Refreshing,
    /// There is none, or none that holds long enough.
    Stale,
    /// The issuer ended it.
    Revoked,
}

/// An access token and its times.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub value: Secret,
    /// When it ends, if the issuer said so.
    pub expires_at: Option<Boot>,
    /// When the next one is asked for.
    pub renew_at: Boot,
    /// When it came.
    since: Boot,
    /// A mail server refused it.
    spent: bool,
}

/// What to do for somebody who asks for a token.
#[derive(Clone, Debug)]
pub enum Due {
    /// Take this one.
    Use(Token),
    /// Ask the issuer first.
    Refresh,
    /// There is none to be had now.
    Fail(Failure),
}

/// The machine of one grant.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    token: Option<Token>,
    refreshing: bool,
    /// Failures in a row.
    failures: u32,
    /// The last of them, and when asking again makes sense.
    trouble: Option<(Failure, Boot)>,
    /// The issuer's last word, and when it was said.
    over: Option<(Failure, Boot)>,
    distrusted: VecDeque<Boot>,
}

impl Grants {
    /// A grant of which only the vault knows anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self, now: Boot) -> State {
        if self.refreshing {
            State::Refreshing
        } else if self.over.is_some() {
            State::Revoked
        } else if self.fresh(now, Duration::ZERO).is_some() {
            State::Fresh
        } else {
            State::Stale
        }
    }

    /// What to do for somebody who wants a token that holds `at_least` this long. Asking the
    /// issuer is done by one at a time, whose end is [`Self::renewed`] or [`Self::failed`].
    #[must_use]
    pub fn ask(&mut self, now: Boot, at_least: Duration) -> Due {
        if let Some((failure, since)) = &self.over
            && now < since.after(RECHECK)
        {
            return Due::Fail(failure.clone());
        }
        if let Some(token) = self.fresh(now, at_least) {
            return Due::Use(token.clone());
        }
        match &self.trouble {
            Some((failure, until)) if now < *until => self.make_do(now, failure),
            _ => {
                self.refreshing = true;
                Due::Refresh
            }
        }
    }

    /// After a refresh that failed: the old token as long as it holds, else why there is none.
    fn make_do(&self, now: Boot, failure: &Failure) -> Due {
        let holds = |token: &&Token| {
            !token.spent && token.expires_at.is_none_or(|end| now < end.max(token.least()))
        };
        match self.token.as_ref().filter(holds) {
            Some(token) => Due::Use(token.clone()),
            None => Due::Fail(failure.clone()),
        }
    }

    /// The token, while it need not be replaced.
    fn fresh(&self, now: Boot, at_least: Duration) -> Option<&Token> {
        let token = self.token.as_ref().filter(|token| !token.spent)?;
        let life = token.expires_at.map_or(USUAL_LIFE, |end| end.until_from(token.since));
        let need = at_least.min(life / AHEAD_SHARE);
        let holds =
            now < token.renew_at && token.expires_at.is_none_or(|end| now.after(need) < end);
        (holds || now < token.least()).then_some(token)
    }

    /// A new token came and everything about it is durable.
    pub fn renewed(&mut self, now: Boot, renewal: Renewal, entropy: u64) {
        let life = renewal.life.unwrap_or(USUAL_LIFE);
        let ahead = AHEAD.min(life / AHEAD_SHARE);
        let jitter = fraction(JITTER.min(life / JITTER_SHARE), entropy);
        *self = Self {
            token: Some(Token {
                value: renewal.access,
                expires_at: renewal.life.map(|life| now.after(life)),
                renew_at: now.after(life.saturating_sub(ahead).saturating_sub(jitter)),
                since: now,
                spent: false,
            }),
            distrusted: std::mem::take(&mut self.distrusted),
            ..Self::default()
        };
    }

    /// No token came.
    pub fn failed(&mut self, now: Boot, failure: Failure, entropy: u64) {
        self.refreshing = false;
        self.failures = self.failures.saturating_add(1);
        if failure.verdict == Verdict::SignInAgain {
            self.token = None;
            self.trouble = None;
            self.over = Some((failure, now));
            return;
        }
        let wait = match &failure.verdict {
            Verdict::Throttled(suggested) => {
                THROTTLED.delay_at_least(self.failures, *suggested, entropy)
            }
            _ => TROUBLE.delay(self.failures, entropy),
        };
        self.trouble = Some((failure, now.after(wait)));
    }

    /// The way to the issuer may be another one now: what failed is tried again at once, unless
    /// the issuer itself asked to wait.
    pub fn hasten(&mut self) {
        let passing = |(failure, _): &(Failure, Boot)| failure.verdict == Verdict::Retry;
        if self.trouble.as_ref().is_some_and(passing) {
            self.trouble = None;
        }
    }

    /// A mail server refused `token`. Whether it is replaced: not when that was done already, and
    /// not over and over.
    pub fn distrust(&mut self, now: Boot, token: &Secret) -> bool {
        while self.distrusted.front().is_some_and(|at| now >= at.after(DISTRUST_WINDOW)) {
            self.distrusted.pop_front();
        }
        // no secret is guarded by this comparison: both sides are ours
        let mine = |held: &&mut Token| !held.spent && held.value.expose() == token.expose();
        match self.token.as_mut().filter(mine) {
            Some(held) if self.distrusted.len() < DISTRUSTS => {
                held.spent = true;
                self.distrusted.push_back(now);
                true
            }
            _ => false,
        }
    }
}

impl Token {
    /// When a session on this token is to be replaced by one on the next: as soon as that is to be
    /// had. `None` when nobody knows its end.
    #[must_use]
    pub fn swap_at(&self) -> Option<Boot> {
        self.expires_at.map(|_| self.renew_at)
    }

    /// Until when it is used whatever its life is.
    fn least(&self) -> Boot {
        self.since.after(LEAST_GAP)
    }
}

#[cfg(test)]
mod tests;
