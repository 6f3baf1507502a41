//! IDLE (RFC 2177): a command of ours that waits, with two timers.
//!
//! One timer is for the peer: silence longer than [`limits::SILENCE`] is broken by DONE, whose
//! answer proves the link; anything the server says pushes it back. The other is the caller's
//! renewal, which nothing pushes back. Data are hints: IDLE ends, the caller looks.

use super::failure::Doing;
use super::session::Session;
use super::wire::{Answer, within};
use super::{IdleEnd, limits};
use chapar_engine::time::Boot;
use chapar_engine::verdict::{Failure, ImapStep};
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

const DOING: Doing = Doing(ImapStep::Idle, "waiting for news");

/// Why one round of waiting ended.
enum Round {
    News,
    Silence,
    Renew,
    Stop,
}

impl Session {
    /// IDLEs until something happens, `renew` passes or `stop` resolves (RFC 2177). Notices a dead
    /// peer by itself (two timers). Where the server has no IDLE, asks by NOOP every
    /// [`limits::POLL`]. Dropping the future leaves the session unusable: use `stop`.
    pub async fn idle(
        &mut self,
        renew: Duration,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<IdleEnd, Failure> {
        let renew = self.wire.clock().boot().after(renew);
        let mut stop = pin!(stop);
        loop {
            // what was said before or between two rounds must not wait for the next news
            if self.take_changed() {
                return Ok(IdleEnd::Changed);
            }
            let round = if self.offers("IDLE") && !self.idle_refused {
                self.idle_round(renew, stop.as_mut()).await?
            } else {
                self.poll_round(renew, stop.as_mut()).await?
            };
            match round {
                Round::Stop => return Ok(IdleEnd::Stopped),
                Round::Renew if !self.wire.hints.changed => return Ok(IdleEnd::Renew),
                Round::News | Round::Renew | Round::Silence => {}
            }
        }
    }

    /// IDLE, wait, DONE.
    async fn idle_round(
        &mut self,
        renew: Boot,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Round, Failure> {
        let tag = self.wire.send("IDLE", DOING).await?;
        let usual = self.wire.patience(limits::PROGRESS, limits::PROGRESS);
        loop {
            match self.wire.next(DOING, usual).await? {
                Answer::Continue(_) => break,
                Answer::Done(ended) => {
                    // answered without waiting: refused, or so odd that it comes to the same
                    let refusal = self.wire.close(&tag, DOING, ended);
                    if let Err(failure) = refusal
                        && self.wire.is_ended()
                    {
                        return Err(failure);
                    }
                    self.idle_refused = true;
                    return Ok(Round::Silence);
                }
                answer => self.wire.pass(&answer, DOING)?,
            }
        }
        let round = loop {
            if self.wire.hints.changed {
                break Round::News;
            }
            let clock = self.wire.clock();
            let quiet = clock.boot().after(limits::SILENCE).min(renew);
            let far = self.wire.patience(Duration::MAX, Duration::MAX);
            let answer = tokio::select! {
                biased;
                () = stop.as_mut() => break Round::Stop,
                answer = within(&*clock, quiet, self.wire.next(DOING, far)) => answer,
            };
            match answer {
                Some(answer) => match answer? {
                    Answer::Done(ended) => {
                        // the server ended IDLE by itself: DONE would be nonsense now
                        self.wire.close(&tag, DOING, ended)?;
                        return Ok(Round::Silence);
                    }
                    answer => self.wire.pass(&answer, DOING)?,
                },
                None if clock.boot() >= renew => break Round::Renew,
                None => break Round::Silence,
            }
        };
        self.done(&tag).await?;
        Ok(round)
    }

    /// DONE and its tagged answer, under a deadline of their own.
    async fn done(&mut self, tag: &str) -> Result<(), Failure> {
        let doing = Doing(ImapStep::Idle, "ending the wait for news");
        self.wire.write(b"DONE\r\n", doing).await?;
        let patience = self.wire.patience(limits::DONE, limits::DONE);
        self.wire.finish(tag, doing, patience, &mut |answer| Ok(Some(answer))).await.map(drop)
    }

    /// The same where the server cannot push.
    async fn poll_round(
        &mut self,
        renew: Boot,
        stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Round, Failure> {
        let clock = self.wire.clock();
        let until = clock.boot().after(limits::POLL).min(renew);
        if within(&*clock, until, stop).await.is_some() {
            return Ok(Round::Stop);
        }
        self.probe(limits::DONE).await?;
        Ok(if clock.boot() >= renew { Round::Renew } else { Round::Silence })
    }
}
