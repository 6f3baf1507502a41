//! What a sign-in brought and nobody keeps: given back at the issuer (RFC 7009) as far as it answers.
//!
//! Owns the grants of an attempt until they are an account's. Must never hold a refusal up, and
//! never give back where that could end another grant: of a provider known to end every grant of the
//! person to the client with one token (Google does, on other machines too) nothing is noted here; at
//! any other issuer nothing goes back while an account is on a grant of the same client, for whose
//! that is, an alias or a shared mailbox does not tell; nor while another attempt is open, which may
//! have a grant of the same person already. A consent that stays listed at the provider
//! costs less than an account that has to sign in again.

use super::{Inner, Tokens, endpoint};
use crate::http::Reach;
use chapar_engine::credential::Grant;
use chapar_engine::secret::Secret;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A grant that was just issued, as far as it takes to give it back.
#[derive(Clone, Debug)]
pub struct Issued {
    /// At whom, as which client.
    pub grant: Grant,
    /// The secret of a client that has one.
    pub client_secret: Option<Secret>,
    /// The refresh token; where there is none, the access token.
    pub token: Secret,
    /// Which of both it is (RFC 7009 §2.1).
    pub kind: &'static str,
    /// An authority trusted for the issuer beside the system's.
    pub ca_pem: Option<String>,
    /// Where the issuer's endpoints may lie.
    pub reach: Reach,
}

/// The grants of one attempt. Dropped, by a refusal as by a cancel, they are given back.
pub struct Unkept {
    tokens: Tokens,
    issued: Vec<Issued>,
    /// The attempt is open.
    attempt: Option<Arc<()>>,
}

impl Unkept {
    /// Where the sign-in notes what was issued.
    pub fn issued(&mut self) -> &mut Vec<Issued> {
        &mut self.issued
    }

    /// They are an account's now.
    pub fn keep(mut self) {
        self.issued.clear();
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        drop(self.attempt.take());
        if Arc::strong_count(&self.tokens.inner.attempts) > 1 {
            return tracing::info!("what nobody keeps is not given back: an attempt is open");
        }
        for issued in self.issued.drain(..) {
            self.tokens.give_back(issued);
        }
    }
}

impl Tokens {
    /// The grants of an attempt that begins.
    #[must_use]
    pub fn unkept(&self) -> Unkept {
        let attempt = Some(Arc::clone(&self.inner.attempts));
        Unkept { tokens: self.clone(), issued: Vec::new(), attempt }
    }

    /// Waits until nothing is being given back: a person who signs in again at once gets a grant
    /// that the end of the one before must not take along.
    pub async fn returned(&self) {
        let mut returning = self.inner.returning.subscribe();
        // its other end is in `self`
        let _: Result<_, _> = returning.wait_for(|count| *count == 0).await.map(drop);
    }

    /// Begins to give a grant back; nobody waits for it but the end of the daemon.
    fn give_back(&self, issued: Issued) {
        if issued.grant.issuer.revoke_url.is_none() {
            return;
        }
        // after the runtime's end nobody can be asked any more
        let Ok(runtime) = Handle::try_current() else { return };
        let inner = Arc::clone(&self.inner);
        let under_way = UnderWay::begin(&self.inner.returning);
        let work = async move {
            inner.give_back(&issued).await;
            drop(under_way);
        };
        self.inner.tasks.spawn_on(work, &runtime);
    }
}

impl Inner {
    async fn give_back(&self, issued: &Issued) {
        if self.lives_on(issued) {
            return tracing::info!("a grant nobody keeps is not given back: an account is on one");
        }
        let taken = endpoint::give_back(&self.world, issued).await;
        tracing::info!(taken, "the issuer was asked to take back a grant that nobody keeps");
    }

    /// Whether an account is on a grant of the same client. What cannot be read may be one.
    fn lives_on(&self, issued: &Issued) -> bool {
        let (id, client) = (&issued.grant.issuer.id, &issued.grant.client_id);
        let same = |grant: &Grant| grant.issuer.id == *id && grant.client_id == *client;
        let accounts = self.store.read().and_then(|view| view.accounts());
        accounts.map_or(true, |known| known.iter().filter_map(|one| one.auth.grant()).any(same))
    }
}

/// One more is being given back, until this is dropped.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn begin(returning: &watch::Sender<usize>) -> Self {
        returning.send_modify(|count| *count += 1);
        Self(returning.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
