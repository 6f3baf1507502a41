//! All sources at once under one deadline: what each says is checked live as it comes, and the end
//! is there as soon as nothing better can come.

use super::ask::Asker;
use super::check::{Question, since};
use super::{ANSWER, Asked, CHECKS, Candidate, Check, Found, GUESS_AFTER, LIMIT, Progress};
use crate::config::Config;
use crate::world::clock::within;
use crate::world::{BoxFuture, World};
use chapar_engine::account::Endpoint;
use chapar_engine::discover::guess::{Guesses, guesses, proposal};
use chapar_engine::discover::{Proposal, Source, Target};
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::time::Duration;

/// Who is asked when neither configuration nor table knows the domain.
const SOURCES: [Source; 6] =
    [Source::Autoconfig, Source::WellKnown, Source::Pacc, Source::Ispdb, Source::Mx, Source::Srv];

/// One discovery under way.
pub(super) struct Race<'a> {
    asker: Asker<'a>,
    progress: &'a Progress,
    begun: Boot,
    /// The end, whatever anybody says.
    limit: Duration,
    questions: FuturesUnordered<BoxFuture<'a, (Asked, Vec<Proposal>)>>,
    /// Sources not heard yet.
    open: Vec<Source>,
    asked: Vec<Asked>,
    proposals: Vec<Proposal>,
    checks: FuturesUnordered<BoxFuture<'a, (Question, Check)>>,
    /// Every server that is or was checked; `None` while it is.
    checked: BTreeMap<Question, Option<Check>>,
    guesses: Option<Guesses>,
}

impl<'a> Race<'a> {
    pub(super) fn new(
        world: &'a World,
        config: &'a Config,
        target: &'a Target,
        ca_pem: Option<&'a str>,
        progress: &'a Progress,
    ) -> Self {
        Self {
            asker: Asker { world, config, target, ca_pem },
            progress,
            begun: world.clock.boot(),
            limit: LIMIT,
            questions: FuturesUnordered::new(),
            open: Vec::new(),
            asked: Vec::new(),
            proposals: Vec::new(),
            checks: FuturesUnordered::new(),
            checked: BTreeMap::new(),
            guesses: None,
        }
    }

    /// The same with another end.
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs to the end. What is `known` needs no question, only its check.
    pub(super) async fn run(mut self, known: Vec<Proposal>) -> Found {
        if let Some(first) = known.first() {
            let (source, count) = (first.source, known.len());
            self.asked.push(Asked {
                source,
                took: since(self.asker.world, self.begun),
                outcome: Ok(count),
            });
            self.add(known);
        } else {
            for source in SOURCES {
                self.ask(source);
            }
        }
        let clock = self.asker.world.clock.as_ref();
        let mut deadline = clock.sleep_until(self.begun.after(self.limit));
        let mut guess = clock.sleep_until(self.begun.after(GUESS_AFTER));
        let mut patient = true;
        while !self.is_decided() {
            tokio::select! {
                biased;
                () = &mut deadline => break,
                Some((asked, found)) = self.questions.next() => self.heard(asked, found),
                Some((question, check)) = self.checks.next() => {
                    self.progress.ended(question.place());
                    self.checked.insert(question, Some(check));
                }
                () = &mut guess, if patient => patient = false,
            }
            self.guess_if_due(patient);
        }
        self.found()
    }

    fn ask(&mut self, source: Source) {
        let asker = self.asker;
        let begun = self.begun;
        self.open.push(source);
        self.progress.begun(1);
        self.questions.push(Box::pin(async move {
            let answer = within(asker.world.clock.as_ref(), ANSWER, asker.ask(source)).await;
            let answer = answer.unwrap_or_else(|| Err(silent(source.phrase())));
            let took = since(asker.world, begun);
            let outcome = answer.as_ref().map(Vec::len).map_err(Clone::clone);
            (Asked { source, took, outcome }, answer.unwrap_or_default())
        }));
    }

    fn heard(&mut self, asked: Asked, found: Vec<Proposal>) {
        self.open.retain(|source| *source != asked.source);
        self.progress.ended(asked.source.phrase().to_owned());
        self.asked.push(asked);
        self.add(found);
    }

    fn add(&mut self, found: Vec<Proposal>) {
        for proposal in found {
            for question in Question::both(&proposal) {
                self.check(question);
            }
            self.proposals.push(proposal);
        }
    }

    /// Begins a check unless it was begun or there were too many.
    fn check(&mut self, question: Question) {
        if self.checked.len() >= CHECKS || self.checked.contains_key(&question) {
            return;
        }
        self.checked.insert(question.clone(), None);
        self.progress.begun(1);
        self.checks.push(Box::pin(question.ask(self.asker.world, self.asker.ca_pem)));
    }

    /// The usual names are tried when nobody named servers in time, or none that hold, unless the
    /// domain itself says that it offers no such thing.
    fn guess_if_due(&mut self, patient: bool) {
        let idle = self.open.is_empty() && self.checks.is_empty();
        let none_named = self.proposals.is_empty() && (!patient || self.open.is_empty());
        let none_holds = idle && !self.proposals.iter().any(|proposal| self.holds(proposal));
        let known = self.asked.iter().any(|asked| asked.source <= Source::Provider);
        let refused = self.asked.iter().any(|asked| {
            let code = asked.outcome.as_ref().err().map(|failure| failure.code);
            asked.source == Source::Srv && code == Some("discover.no_imap")
        });
        if self.guesses.is_some() || known || refused || !(none_named || none_holds) {
            return;
        }
        let guesses = guesses(&self.asker.target.domain);
        guesses.imap.iter().map(Question::imap).for_each(|question| self.check(question));
        guesses.smtp.iter().map(Question::smtp).for_each(|question| self.check(question));
        self.guesses = Some(guesses);
    }

    /// Whether nothing that may still come could change what is chosen.
    fn is_decided(&self) -> bool {
        if self.open.is_empty() && self.checks.is_empty() {
            return true;
        }
        // whatever is still out is believed less than what holds, and what is believed more failed
        let pending = |proposal: &Proposal| {
            let both = Question::both(proposal);
            let ended = both.iter().filter_map(|question| self.checked.get(question)?.as_ref());
            let broken = ended.clone().any(|check| check.outcome.is_err());
            !broken && ended.count() < both.len()
        };
        // of one source what was named first is better
        let place = |(at, proposal): (usize, &Proposal)| (proposal.rank(true), at);
        let all = || self.proposals.iter().enumerate();
        let best = all().filter(|(_, proposal)| self.holds(proposal)).map(place).min();
        let named = all().filter(|(_, proposal)| pending(proposal)).map(place);
        let unheard = self.open.iter().map(|source| {
            let trust = std::cmp::Reverse(source.trust());
            ((false, trust, *source), 0)
        });
        match best {
            Some(best) => named.chain(unheard).all(|place| place > best),
            None => self.open.is_empty() && self.guess().is_some_and(|guess| self.holds(&guess)),
        }
    }

    fn holds(&self, proposal: &Proposal) -> bool {
        let ok = |question| self.result(question).is_some_and(|check| check.outcome.is_ok());
        Question::both(proposal).iter().all(ok)
    }

    fn result(&self, question: &Question) -> Option<&Check> {
        self.checked.get(question)?.as_ref()
    }

    /// The guess, once on each side the best name that answers is known; with `None` while an
    /// earlier name may still answer.
    fn guess(&self) -> Option<Proposal> {
        let guesses = self.guesses.as_ref()?;
        let first = |list: &[Endpoint], question: fn(&Endpoint) -> Question| {
            for endpoint in list {
                if self.result(&question(endpoint))?.outcome.is_ok() {
                    return Some(endpoint.clone());
                }
            }
            None
        };
        let imap = first(&guesses.imap, Question::imap)?;
        let smtp = first(&guesses.smtp, Question::smtp)?;
        Some(proposal(&imap, &smtp, self.asker.target))
    }

    /// The guess at the end: the best that holds on each side, else what answered with something
    /// that a person may mend. Nothing where nobody answered.
    fn last_guess(&self) -> Option<Proposal> {
        let guesses = self.guesses.as_ref()?;
        // 0: holds; 1: a server, but no good; 2: nobody
        let worth = |question: &Question| match self.result(question).map(|check| &check.outcome) {
            Some(Ok(_)) => 0,
            Some(Err(failure)) if !failure.code.starts_with("net.") => 1,
            _ => 2,
        };
        let best = |list: &[Endpoint], question: fn(&Endpoint) -> Question| {
            let worths = list.iter().map(|endpoint| (worth(&question(endpoint)), endpoint));
            worths
                .min_by_key(|(worth, _)| *worth)
                .map(|(worth, endpoint)| (worth, endpoint.clone()))
        };
        let (imap_worth, imap) = best(&guesses.imap, Question::imap)?;
        let (smtp_worth, smtp) = best(&guesses.smtp, Question::smtp)?;
        (imap_worth.min(smtp_worth) < 2).then(|| proposal(&imap, &smtp, self.asker.target))
    }

    fn found(mut self) -> Found {
        let took = since(self.asker.world, self.begun);
        if let Some(guesses) = &self.guesses {
            let guess = self.last_guess();
            let count = usize::from(guess.is_some());
            tracing::debug!(tried = guesses.imap.len() + guesses.smtp.len(), count, "guessed");
            self.asked.push(Asked { source: Source::Guess, took, outcome: Ok(count) });
            self.proposals.extend(guess);
        }
        let cut = took >= self.limit;
        for source in std::mem::take(&mut self.open).into_iter().filter(|_| cut) {
            self.asked.push(Asked { source, took, outcome: Err(silent(source.phrase())) });
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut proposals = std::mem::take(&mut self.proposals);
        proposals.sort_by_key(|proposal| proposal.rank(self.holds(proposal)));
        for proposal in &proposals {
            let same = |other: &Candidate| {
                let (a, b) = (&other.proposal, proposal);
                (&a.imap, &a.smtp, &a.user) == (&b.imap, &b.smtp, &b.user)
            };
            if !candidates.iter().any(same) {
                candidates.push(self.candidate(proposal));
            }
        }
        self.asked.sort_by_key(|asked| asked.source);
        Found { candidates, asked: self.asked, took }
    }

    /// A check that has no result: the time was up, or something else had decided.
    fn unheard(&self, place: &str) -> Failure {
        if since(self.asker.world, self.begun) >= self.limit {
            return silent(place);
        }
        let message = format!("{place} was not waited for: it could change nothing");
        Failure::of("net.timeout", message, None)
    }

    fn candidate(&self, proposal: &Proposal) -> Candidate {
        let [imap, smtp] = Question::both(proposal).map(|question| {
            self.result(&question).cloned().unwrap_or_else(|| Check {
                took: since(self.asker.world, self.begun),
                outcome: Err(self.unheard(&question.place())),
            })
        });
        let proposal = match &imap.outcome {
            Ok(offers) => proposal.clone().offered(offers),
            Err(_) => proposal.clone(),
        };
        Candidate { proposal, imap, smtp }
    }
}

fn silent(who: &str) -> Failure {
    Failure::of("net.timeout", format!("{who}: no answer in time"), None)
}
