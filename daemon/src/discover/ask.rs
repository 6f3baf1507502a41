//! One question to each source.

use super::{ANSWER, DOCUMENT_BYTES, REDIRECTS, entry, pacc};
use crate::config::Config;
use crate::http::{self, Answer, Reach, Rules, place};
use crate::world::World;
use crate::world::dns::Srv;
use chapar_engine::discover::{Proposal, Source, Target, autoconfig, exchanger_domains, srv};
use chapar_engine::provider::service_of_mx;
use chapar_engine::verdict::Failure;
use futures_util::future::join_all;
use url::Url;

/// The public directory of Mozilla's autoconfig documents. Gets domains, never an address.
const ISPDB: &str = "https://autoconfig.thunderbird.net/v1.1/";
/// Mail exchangers looked at: they are of one provider, or of the one that stands first.
const EXCHANGERS: usize = 3;

/// What every question needs.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) world: &'a World,
    pub(super) config: &'a Config,
    pub(super) target: &'a Target,
    pub(super) ca_pem: Option<&'a str>,
}

type Answered = Result<Vec<Proposal>, Failure>;

impl Asker<'_> {
    /// Asks one source.
    pub(super) async fn ask(self, source: Source) -> Answered {
        let domain = &self.target.domain;
        match source {
            Source::Autoconfig => {
                let url = format!("https://autoconfig.{domain}/mail/config-v1.1.xml");
                let mut url = url_of(&url)?;
                // the owner of the domain knows its own addresses
                url.query_pairs_mut().append_pair("emailaddress", &self.target.email);
                self.document(&url, source).await
            }
            Source::WellKnown => {
                let path = ".well-known/autoconfig/mail/config-v1.1.xml";
                self.document(&url_of(&format!("https://{domain}/{path}"))?, source).await
            }
            Source::Ispdb => self.ispdb(domain, source).await,
            Source::Pacc => self.pacc().await,
            Source::Srv => self.srv().await,
            Source::Mx => self.mx().await,
            Source::Named | Source::Config | Source::Provider | Source::Guess => Ok(Vec::new()),
        }
    }

    async fn ispdb(self, domain: &str, source: Source) -> Answered {
        self.document(&url_of(&format!("{ISPDB}{domain}"))?, source).await
    }

    async fn document(self, url: &Url, source: Source) -> Answered {
        let Some(answer) = none_if_unknown(url, self.get(url).await)? else {
            return Ok(Vec::new());
        };
        let xml = String::from_utf8_lossy(&answer.body);
        let document = autoconfig::read(&xml, &place(&answer.url))?;
        autoconfig::proposals(&document, self.target, source)
    }

    async fn pacc(self) -> Answered {
        let domain = &self.target.domain;
        let url = format!("https://ua-auto-config.{domain}/{}", pacc::PATH);
        let url = url_of(&url)?;
        let name = format!("_ua-auto-config.{domain}");
        let (answer, records) = tokio::join!(self.get(&url), self.world.dns.txt(&name));
        match none_if_unknown(&url, answer)? {
            None => Ok(Vec::new()),
            Some(answer) => pacc::proposals(&answer.body, &no_records(records)?, self.target),
        }
    }

    async fn srv(self) -> Answered {
        let ask = async |service: &str| {
            let name = format!("_{service}._tcp.{}", self.target.domain);
            let found = no_records(self.world.dns.srv(&name).await)?;
            Ok::<_, Failure>(found.into_iter().map(record).collect::<Vec<_>>())
        };
        let (imaps, imap, submissions, submission) =
            tokio::join!(ask("imaps"), ask("imap"), ask("submissions"), ask("submission"));
        let records = srv::Records {
            imaps: imaps?,
            imap: imap?,
            submissions: submissions?,
            submission: submission?,
        };
        srv::proposals(&records, self.target)
    }

    /// Who receives the mail of the domain mostly also serves its mailboxes.
    async fn mx(self) -> Answered {
        let mut exchangers = no_records(self.world.dns.mx(&self.target.domain).await)?;
        // an empty name says that the domain takes no mail (RFC 7505)
        exchangers.retain(|exchanger| !exchanger.is_empty());
        exchangers.truncate(EXCHANGERS);
        if let Some(found) = exchangers.iter().find_map(|exchanger| service_of_mx(exchanger)) {
            let mut proposal = Proposal::service(Source::Mx, found, self.target);
            entry::apply(self.config, &mut proposal)?;
            return Ok(vec![proposal]);
        }
        let Some(exchanger) = exchangers.first() else { return Ok(Vec::new()) };
        let domains = exchanger_domains(exchanger, &self.target.domain);
        let asked = domains.iter().map(|domain| self.ispdb(domain, Source::Mx));
        let mut answers = join_all(asked).await;
        let best =
            answers.iter().position(|answer| answer.as_ref().is_ok_and(|found| !found.is_empty()));
        let best = best.or_else(|| answers.iter().position(Result::is_err));
        let mut found = best.map_or(Ok(Vec::new()), |best| answers.swap_remove(best))?;
        for proposal in &mut found {
            proposal.found_by = format!("MX {exchanger}, ISPDB");
        }
        Ok(found)
    }

    /// What stands there; `None` where nothing does.
    async fn get(self, url: &Url) -> Result<Option<Answer>, Failure> {
        let rules = Rules {
            redirects: REDIRECTS,
            bytes: DOCUMENT_BYTES,
            within: ANSWER,
            reach: Reach::PublicOnly,
        };
        let answer = http::get(self.world, url, self.ca_pem, &rules).await?;
        match answer.status {
            200 => Ok(Some(answer)),
            400..500 => Ok(None),
            status => {
                let message = format!("{} answers {status}", place(&answer.url));
                Err(Failure::of("http.broken", message, None))
            }
        }
    }
}

fn url_of(text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| {
        let message = format!("{text} is not an https address");
        Failure::of("http.not_https", message, Some(&error.to_string()))
    })
}

/// A host of the domain that does not exist says nothing. The directory's does exist: not to find
/// that is a fault of the network.
fn none_if_unknown(
    url: &Url,
    answer: Result<Option<Answer>, Failure>,
) -> Result<Option<Answer>, Failure> {
    match answer {
        Err(failure) if failure.code == "net.unknown_host" && !url.as_str().starts_with(ISPDB) => {
            Ok(None)
        }
        answer => answer,
    }
}

/// A name that does not exist has no records.
fn no_records<T>(answer: Result<Vec<T>, Failure>) -> Result<Vec<T>, Failure> {
    match answer {
        Err(failure) if failure.code == "net.unknown_host" => Ok(Vec::new()),
        answer => answer,
    }
}

fn record(srv: Srv) -> srv::Record {
    let Srv { target, port, priority, weight } = srv;
    srv::Record { target, port, priority, weight }
}
