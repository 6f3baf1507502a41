//! A door to the network that notes when each part of a connection stood. The sessions that go
//! through it are those of everyday work: what the doctor proves is what the accounts do.

use crate::world::BoxFuture;
use crate::world::clock::Clock;
use crate::world::net::{BoxStream, Net};
use chapar_engine::verdict::Failure;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What stood so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The connection, after so long.
    pub(super) tcp: Option<Duration>,
    /// TLS, after so long.
    pub(super) tls: Option<Duration>,
    /// The last day of the certificate.
    pub(super) until: Option<String>,
}

/// The door.
pub(super) struct Noted {
    inner: Arc<dyn Net>,
    clock: Arc<dyn Clock>,
    /// A lock, not a task: three values, never held over an await.
    seen: Mutex<Seen>,
}

impl Noted {
    pub(super) fn new(inner: Arc<dyn Net>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock, seen: Mutex::default() }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Net for Noted {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Option<usize>, Failure>> {
        self.inner.resolve(host)
    }

    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            let begun = self.clock.boot();
            let stream = self.inner.connect(host, port).await?;
            self.note(|seen| seen.tcp = Some(self.clock.boot().until_from(begun)));
            Ok(stream)
        })
    }

    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            let begun = self.clock.boot();
            let (stream, until) = self.inner.secure_until(stream, host, ca_pem).await?;
            self.note(|seen| {
                seen.tls = Some(self.clock.boot().until_from(begun));
                seen.until = until;
            });
            Ok(stream)
        })
    }
}
