//! Questions to the DNS that a connection does not ask by itself: SRV, MX, TXT.
//!
//! Owns the limits of an answer. Must never take an answer for proved: there is no DNSSEC here, and
//! who gets an answer has to treat it as written by anybody on the way.

use super::BoxFuture;
use super::clock::{Clock, within};
use super::link::LinkWatch;
use chapar_engine::verdict::Failure;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// One question, all name servers and repetitions together. A server that needs longer is no use
/// to somebody who waits; the system's own resolver would try for half a minute.
const ANSWER: Duration = Duration::from_secs(2);
/// One name server, before the next is tried or the question is asked again.
const ATTEMPT: Duration = Duration::from_millis(900);
/// Tries in all.
const ATTEMPTS: usize = 2;
/// Answers kept in memory: a discovery asks some ten questions.
const CACHE: u64 = 64;
/// Records taken of one answer: real ones have below ten.
const RECORDS: usize = 32;
/// Bytes of one TXT record that are taken; a digest has below 100.
const TXT_BYTES: usize = 4 << 10;
/// Where the name servers are named; a change of it is a change of them.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// One SRV record (RFC 2782). A target of `.` says "not offered" and is given as an empty string.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of RFC 2782")]
pub struct Srv {
    pub target: String,
    pub port: u16,
    pub priority: u16,
    pub weight: u16,
}

/// The door to the DNS. An answer without records is an empty list; `net.unknown_host` is a name
/// that does not exist; every call has its own deadline (`net.timeout`). Names come without the
/// final dot.
pub trait Dns: Send + Sync {
    /// SRV records of `name`, such as `_imaps._tcp.example.org`.
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>, Failure>>;
    /// Mail exchangers of `domain`, best first.
    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>>;
    /// TXT records of `name`, each with its strings joined.
    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>>;
}

/// The system's name servers, as `resolv.conf` names them at the time.
pub struct SystemDns {
    clock: Arc<dyn Clock>,
    link: LinkWatch,
    /// A lock, not a task: held for a look at a file's date, never over an await.
    held: Mutex<Option<Held>>,
}

/// A resolver and what it was made from.
struct Held {
    resolver: TokioResolver,
    made_from: Stamp,
}

/// When the name servers were last known to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    written: Option<SystemTime>,
    bytes: u64,
    link: u64,
}

impl SystemDns {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, link: LinkWatch) -> Self {
        Self { clock, link, held: Mutex::default() }
    }

    /// The resolver of the present network; what an earlier one remembered is gone with it.
    fn resolver(&self) -> Result<TokioResolver, Failure> {
        let stamp = self.stamp();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| held.made_from == stamp) {
            return Ok(held.resolver.clone());
        }
        let resolver = resolver().map_err(|error| {
            let message = "this machine names no name server to ask (resolv.conf)";
            Failure::of("net.unreachable", message, Some(&error.to_string()))
        })?;
        *held = Some(Held { resolver: resolver.clone(), made_from: stamp });
        Ok(resolver)
    }

    fn stamp(&self) -> Stamp {
        let file = std::fs::metadata(RESOLV_CONF);
        Stamp {
            written: file.as_ref().ok().and_then(|file| file.modified().ok()),
            bytes: file.map(|file| file.len()).unwrap_or_default(),
            link: *self.link.0.borrow(),
        }
    }

    /// The records of one kind, as far as they are wanted.
    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        wanted: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, Failure> {
        let resolver = self.resolver()?;
        // with its final dot the name is whole: no search domain is put after it
        let asked = resolver.lookup(format!("{name}."), kind);
        match within(self.clock.as_ref(), ANSWER, asked).await {
            None => Err(silent(name)),
            Some(Ok(found)) => {
                let data = found.answers().iter().map(|record: &Record| &record.data);
                Ok(data.filter_map(wanted).take(RECORDS).collect())
            }
            Some(Err(error)) => failed(name, &error),
        }
    }
}

fn resolver() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options = builder.options_mut();
    options.timeout = ATTEMPT;
    options.attempts = ATTEMPTS;
    options.cache_size = CACHE;
    builder.build()
}

fn silent(name: &str) -> Failure {
    let message = format!("no name server said anything about {name}");
    Failure::of("net.timeout", message, None)
}

/// No such name is a failure, no such record an empty answer.
fn failed<T>(name: &str, error: &NetError) -> Result<Vec<T>, Failure> {
    if error.is_nx_domain() {
        return Err(Failure::of("net.unknown_host", format!("{name} does not exist"), None));
    }
    if error.is_no_records_found() {
        return Ok(Vec::new());
    }
    if matches!(error, NetError::Timeout) {
        return Err(silent(name));
    }
    let message = format!("the name servers give no answer about {name}");
    Err(Failure::of("net.unreachable", message, Some(&error.to_string())))
}

fn bare(name: &hickory_resolver::proto::rr::Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

impl Dns for SystemDns {
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>, Failure>> {
        Box::pin(self.ask(name, RecordType::SRV, |data| match data {
            RData::SRV(srv) => Some(Srv {
                target: bare(&srv.target),
                port: srv.port,
                priority: srv.priority,
                weight: srv.weight,
            }),
            _ => None,
        }))
    }

    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(async move {
            let wanted = |data: &RData| match data {
                RData::MX(mx) => Some((mx.preference, bare(&mx.exchange))),
                _ => None,
            };
            let mut found = self.ask(domain, RecordType::MX, wanted).await?;
            found.sort();
            Ok(found.into_iter().map(|(_, exchanger)| exchanger).collect())
        })
    }

    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(self.ask(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => {
                let bytes: Vec<u8> =
                    txt.txt_data.iter().flatten().copied().take(TXT_BYTES).collect();
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        }))
    }
}
