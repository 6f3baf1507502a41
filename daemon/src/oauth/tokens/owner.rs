//! The owner of one account's grant: answers in turn, so that there is never a second refresh, and
//! nobody else reads or writes its record.
//!
//! The order of attempts. The refresh token in the first slot is sent; when no answer comes, or none
//! that OAuth knows, the same one is sent again later, because the issuer may never have seen it, or
//! takes it once more. Only when the issuer says `invalid_grant` to it and there is a second slot,
//! that one is sent once: an issuer that lost its newest write still knows it. Only when that is
//! refused too the grant is over.

use super::vault::{self, Entry, Record};
use super::{Holder, Lease, Word, endpoint};
use crate::config::Config;
use crate::http::Held;
use crate::oauth::Granted;
use crate::world::World;
use chapar_engine::grant::{Due, Grants, Renewal};
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

type Reply<T> = oneshot::Sender<Result<T, Failure>>;

/// What an owner is asked.
pub(super) enum Ask {
    Access { holder: Holder, at_least: Duration, reply: Reply<Lease> },
    Distrust(Secret),
    Adopt { granted: Box<Granted>, first: bool, reply: Reply<()> },
    Restore { reply: Reply<()> },
    Settle { reply: Reply<()> },
    Revoke { holder: Option<Holder>, reply: Reply<bool> },
}

pub(super) struct Owner {
    world: World,
    config: watch::Receiver<Config>,
    key: String,
    account: AccountId,
    grants: Grants,
    /// An answer whose refresh token is not in the vault yet; it came at that time.
    unsaved: Option<(Record, Renewal, Boot)>,
    /// `adopt` was called and neither `restore` nor `settle` after it.
    switching: bool,
    /// The state of the link when the issuer was last asked.
    link: u64,
    /// Who has to know at once that the grant is over.
    announce: watch::Sender<Word>,
}

impl Owner {
    pub(super) fn new(
        world: World,
        config: watch::Receiver<Config>,
        key: String,
        account: AccountId,
        announce: watch::Sender<Word>,
    ) -> Self {
        let link = *world.link.0.borrow();
        Self {
            world,
            config,
            key,
            account,
            grants: Grants::new(),
            unsaved: None,
            switching: false,
            link,
            announce,
        }
    }

    /// Answers until nobody can ask any more.
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        while let Some(ask) = asks.recv().await {
            match ask {
                Ask::Access { holder, at_least, reply } => {
                    // who gave up waiting needs no token; the next one may
                    if !reply.is_closed() {
                        say(reply, self.access(&holder, at_least).await);
                    }
                }
                Ask::Distrust(token) => self.distrust(&token),
                Ask::Adopt { granted, first, reply } => {
                    say(reply, self.adopt(&granted, first).await);
                }
                Ask::Restore { reply } => say(reply, self.restore().await),
                Ask::Settle { reply } => say(reply, self.settle().await),
                Ask::Revoke { holder, reply } => say(reply, self.revoke(holder.as_ref()).await),
            }
        }
    }

    fn now(&self) -> Boot {
        self.world.clock.boot()
    }

    async fn access(&mut self, holder: &Holder, at_least: Duration) -> Result<Lease, Failure> {
        let link = *self.world.link.0.borrow();
        if std::mem::replace(&mut self.link, link) != link {
            self.grants.hasten();
        }
        // a token that waited long for the vault may be over once it is stored: then once more
        for _ in 0..2 {
            match self.grants.ask(self.now(), at_least) {
                Due::Use(token) => return Ok(Lease::of(token)),
                Due::Fail(failure) => return Err(failure),
                Due::Refresh => self.refresh(holder).await,
            }
        }
        let now = self.now();
        match self.grants.ask(now, Duration::ZERO) {
            Due::Use(token) => Ok(Lease::of(token)),
            Due::Fail(failure) => Err(failure),
            Due::Refresh => {
                let message = "The tokens of this account end before they can be used.";
                let failure = Failure::of("oauth.unavailable", message, None);
                self.grants.failed(now, failure.clone(), self.world.entropy.number());
                Err(failure)
            }
        }
    }

    /// Asks the issuer, and tells the machine how it ended.
    async fn refresh(&mut self, holder: &Holder) {
        let end = self.renew(holder).await;
        let entropy = self.world.entropy.number();
        match end {
            Ok((renewal, came)) => {
                tracing::debug!(account = self.account.0, "access token renewed");
                self.grants.renewed(came, renewal, entropy);
                self.announce.send_if_modified(|word| word.take().is_some());
            }
            Err(failure) => {
                let code = failure.code;
                // a vault that lost its record asks for a sign-in too, and is not the issuer
                if code == "oauth.expired" {
                    tracing::warn!(account = self.account.0, code, "the issuer ended the grant");
                    self.announce.send_replace(Some(failure.clone()));
                } else {
                    tracing::info!(account = self.account.0, code, "access token not renewed");
                }
                self.grants.failed(self.now(), failure, entropy);
            }
        }
    }

    /// A new access token whose refresh token is durable.
    async fn renew(&mut self, holder: &Holder) -> Result<(Renewal, Boot), Failure> {
        if let Some((record, renewal, came)) = self.unsaved.take() {
            let kept = vault::write(&self.world, &self.key, &record).await;
            return self.kept(kept, record, renewal, came);
        }
        let mut record = self.record(holder).await?;
        let entry = record.entry_of(holder).ok_or_else(|| vault::odd("it is another's"))?;
        // from the answer to the vault is the one time in which a kill can cost a grant: all that
        // need not be done in it is done before or after
        let put = self.world.secrets.prepare(&self.key).await;
        let came = self.world.clock.boot();
        let (renewal, line) = Self::exchange(&self.world, &self.config, holder, entry).await?;
        match &renewal.refresh {
            Some(next) if next.expose() != entry.refresh.expose() => {
                entry.rotate(next.clone());
                let kept = vault::fill(put, &record).await;
                drop(line);
                self.kept(kept, record, renewal, came)
            }
            _ => Ok((renewal, came)),
        }
    }

    /// The two slots in their order.
    async fn exchange(
        world: &World,
        config: &watch::Receiver<Config>,
        holder: &Holder,
        entry: &mut Entry,
    ) -> Result<(Renewal, Held), Failure> {
        let config = config.borrow().clone();
        let newest = endpoint::refresh(world, &config, holder, entry, &entry.refresh).await;
        let Err(over) = newest else { return newest };
        let Some(previous) = entry.previous.clone().filter(|_| over.code == "oauth.expired") else {
            return Err(over);
        };
        tracing::info!("the issuer does not know the newest refresh token; trying the one before");
        match endpoint::refresh(world, &config, holder, entry, &previous).await {
            Ok((mut renewal, line)) => {
                // whatever comes next, the refused one is not the one to send
                let next = renewal.refresh.take().unwrap_or_else(|| previous.clone());
                renewal.refresh = Some(next);
                Ok((renewal, line))
            }
            Err(failure) if failure.code == "oauth.expired" => Err(over),
            Err(failure) => Err(failure),
        }
    }

    /// The renewal may be used once its record is durable. What cannot be stored now is kept for
    /// the next try: the issuer is not asked again meanwhile, because it may take the old refresh
    /// token for a stolen one.
    fn kept(
        &mut self,
        kept: Result<(), Failure>,
        record: Record,
        renewal: Renewal,
        came: Boot,
    ) -> Result<(Renewal, Boot), Failure> {
        match kept {
            Ok(()) => Ok((renewal, came)),
            Err(failure) => {
                self.unsaved = Some((record, renewal, came));
                Err(failure)
            }
        }
    }

    /// The account's record; what a finished switch left in it is dropped.
    async fn record(&mut self, holder: &Holder) -> Result<Record, Failure> {
        let record = vault::read(&self.world, &self.key).await?;
        let record = record.ok_or_else(|| {
            let message = "The vault has no sign-in for this account.";
            Failure::of("secrets.missing", message, None)
        })?;
        let Some(settled) = record.settled(holder).filter(|_| !self.switching) else {
            return Ok(record);
        };
        if let Err(failure) = vault::write(&self.world, &self.key, &settled).await {
            tracing::debug!(account = self.account.0, code = failure.code, "record not tidied");
        }
        Ok(settled)
    }

    fn distrust(&mut self, token: &Secret) {
        let replaced = self.grants.distrust(self.now(), token);
        tracing::info!(account = self.account.0, replaced, "a mail server refused a token");
    }

    /// `first`: the account is on no grant yet.
    async fn adopt(&mut self, granted: &Granted, first: bool) -> Result<(), Failure> {
        let old = match vault::read(&self.world, &self.key).await {
            // with no keyring about nobody can say that there is nothing in it; there is nothing
            // that the account could need
            Err(failure) if first => {
                tracing::debug!(account = self.account.0, code = failure.code, "no record read");
                None
            }
            old => old?,
        };
        let entry = Entry {
            issuer: granted.grant.issuer.id.clone(),
            client_id: granted.grant.client_id.clone(),
            client_secret: granted.client_secret.clone(),
            refresh: granted.refresh.clone(),
            previous: None,
        };
        // what the account is on stays what it is on, however many sign-ins it takes
        let replaced =
            old.and_then(|old| if self.switching { old.replaced } else { Some(old.entry) });
        let record = Record { entry, replaced };
        vault::write(&self.world, &self.key, &record).await?;
        let now = self.now();
        self.unsaved = None;
        self.switching = true;
        // nobody is woken: until the account is moved it is as well as its old login
        self.announce.send_if_modified(|word| {
            *word = None;
            false
        });
        self.grants = Grants::new();
        let renewal = Renewal {
            access: granted.access.token.clone(),
            life: granted.access.expires_at.map(|end| end.until_from(now)),
            refresh: None,
        };
        self.grants.renewed(now, renewal, self.world.entropy.number());
        Ok(())
    }

    async fn restore(&mut self) -> Result<(), Failure> {
        if !self.switching {
            return Ok(());
        }
        let record = vault::read(&self.world, &self.key).await?;
        match record.and_then(|record| record.replaced) {
            Some(entry) => {
                let record = Record { entry, replaced: None };
                vault::write(&self.world, &self.key, &record).await?;
            }
            None => vault::forget(&self.world, &self.key).await?,
        }
        self.unsaved = None;
        self.switching = false;
        self.grants = Grants::new();
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Failure> {
        self.switching = false;
        if let Some((record, ..)) = &mut self.unsaved {
            record.replaced = None;
        }
        match vault::read(&self.world, &self.key).await? {
            Some(record) if record.replaced.is_some() => {
                let record = Record { replaced: None, ..record };
                vault::write(&self.world, &self.key, &record).await
            }
            _ => Ok(()),
        }
    }

    /// Gives back first, forgets then: killed in between, the next removal does both again.
    async fn revoke(&mut self, holder: Option<&Holder>) -> Result<bool, Failure> {
        let mut took = false;
        if let Some(holder) = holder
            && let Some(record) = vault::read(&self.world, &self.key).await?
        {
            let config = self.config.borrow().clone();
            let newest = self.unsaved.as_ref().map(|(record, ..)| record.clone());
            if let Some(entry) = newest.unwrap_or(record).entry_of(holder) {
                took = endpoint::revoke(&self.world, &config, holder, entry).await;
            }
        }
        vault::forget(&self.world, &self.key).await?;
        self.unsaved = None;
        self.switching = false;
        self.grants = Grants::new();
        Ok(took)
    }
}

/// Nobody may be listening any more.
fn say<T>(reply: Reply<T>, answer: Result<T, Failure>) {
    let _: Result<_, _> = reply.send(answer);
}
