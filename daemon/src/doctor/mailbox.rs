//! One account: DNS → TCP → TLS → greeting → sign-in → the inbox, then the submission server, each
//! step after the one it depends on.
//!
//! One connection a server. A password that the account already knows to be refused is not shown
//! again; one that IMAP refuses now is not shown to SMTP.

use super::noted::{Noted, Seen};
use super::{Bench, Check, Outcome, Progress, mirror};
use crate::account::report::{self, Report};
use crate::imap;
use crate::smtp;
use crate::world::World;
use crate::world::clock::within;
use crate::world::net::Reach;
use chapar_engine::account::{Account, State};
use chapar_engine::credential::Credential;
use chapar_engine::id::AccountId;
use chapar_engine::oauth::{Refusal, read_refusal};
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::{Failure, Step, Verdict, condition};
use std::sync::Arc;
use std::time::Duration;

/// Checks of one account, for the progress.
pub(super) const CHECKS: usize = 12;
/// Those of the submission server.
const OUTGOING: usize = 2;
/// Looking up one name.
const NAME: Duration = Duration::from_secs(4);
/// Having password or token at hand: a keyring, or one refresh at the provider.
const SIGN_IN: Duration = Duration::from_secs(6);
/// One server, from the connection to the last answer. Both, with the names and the sign-in, stay
/// below [`super::ACCOUNT`].
const SERVER: Duration = Duration::from_secs(8);
/// Certificates are renewed a month before their end; what is not by then is forgotten.
const ENDS_SOON: i64 = 14;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Everything about one account.
pub(super) async fn look(
    bench: &Bench,
    account: &Account,
    progress: &Progress,
) -> (AccountId, Vec<Check>) {
    let report = bench.accounts.report(account.id);
    let mut patient = Patient { bench, account, checks: Vec::new() };
    patient.standing(report.as_ref());
    let credential = patient.sign_in(report.as_ref()).await;
    let refused = patient.incoming(credential.as_ref()).await;
    patient.push(report.as_ref());
    progress.done(CHECKS - OUTGOING - 1, format!("{}: imap", account.name));
    let credential = credential.as_ref().filter(|_| !refused);
    let opens = patient.stands(Step::Select.word());
    let (mirror, ()) = tokio::join!(
        async {
            let check = if opens {
                mirror::look(bench, account).await
            } else {
                Check::skipped(mirror::WHAT, Step::Select.word())
            };
            progress.done(1, format!("{}: {}", account.name, mirror::WHAT));
            check
        },
        async {
            patient.outgoing(credential, refused).await;
            progress.done(OUTGOING, format!("{}: smtp", account.name));
        },
    );
    patient.checks.push(mirror);
    let mut checks = patient.checks;
    checks.sort_by_key(|check| PLACES.iter().position(|place| *place == check.what));
    (account.id, checks.into_iter().map(|check| check.of(account.id)).collect())
}

/// The order of the checks of an account.
const PLACES: [&str; CHECKS] = [
    "state", "dns", "tcp", "tls", "greeting", "signIn", "auth", "select", "idle", "mirror", "smtp",
    "smtpAuth",
];

/// Steps of the incoming server in the order in which they depend on each other, sign-in apart.
const LADDER: [Step; 6] =
    [Step::Dns, Step::Tcp, Step::Tls, Step::Greeting, Step::Auth, Step::Select];

struct Patient<'b> {
    bench: &'b Bench,
    account: &'b Account,
    checks: Vec<Check>,
}

/// A climb that went as far as it could.
struct Climb {
    seen: Seen,
    /// Names behind the host.
    addresses: Option<usize>,
    resolved: Duration,
    rest: Duration,
    /// What failed, and at which step.
    failure: Option<(Step, Failure)>,
    /// What the server said about itself.
    said: Option<String>,
}

impl Patient<'_> {
    fn world(&self) -> &World {
        &self.bench.world
    }

    fn now(&self) -> Boot {
        self.world().clock.boot()
    }

    fn stands(&self, what: &str) -> bool {
        self.checks.iter().any(|check| check.what == what && check.outcome == Outcome::Ok)
    }

    /// Where it stands, as `status` says it.
    fn standing(&mut self, report: Option<&Report>) {
        let state = report.map_or(State::Connecting, |report| report.state);
        let title = report::word(state);
        self.checks.push(match state {
            State::Paused => Check::found("state", "account.paused", "paused"),
            State::SettingsWrong => {
                let title = "stands still until you say that it was mended";
                Check::found("state", "account.stopped", title)
            }
            _ => Check::good("state", title),
        });
    }

    /// Password or token at hand, and not known to be refused.
    async fn sign_in(&mut self, report: Option<&Report>) -> Option<Credential> {
        let begun = self.now();
        let asked = self.bench.accounts.credential(self.account);
        let clock = Arc::clone(&self.world().clock);
        let found = within(clock.as_ref(), SIGN_IN, asked).await.unwrap_or_else(|| {
            let message = "Password or sign-in could not be had in time.";
            Err(Failure::of("secrets.unavailable", message, None))
        });
        let took = Some(self.now().until_from(begun));
        match found {
            Err(failure) => {
                self.checks.push(Check::failed("signIn", &at_the_issuer(failure)).took(took));
                None
            }
            Ok(credential) => {
                let title = match &credential {
                    Credential::Password(_) => "password at hand",
                    Credential::Token(_) => "the provider's sign-in is good",
                };
                self.checks.push(Check::good("signIn", title).took(took));
                if let Some(known) = known_refusal(report) {
                    self.checks.push(known);
                    return None;
                }
                Some(credential)
            }
        }
    }

    /// The incoming server; whether it refused the credential.
    async fn incoming(&mut self, credential: Option<&Credential>) -> bool {
        let world = self.world().clone();
        let account = self.account;
        let login = credential.map(|credential| account.imap_login(credential.clone()));
        let ca_pem = account.ca_pem.as_deref();
        let climb = climb(&world, &account.imap.host, |world| async move {
            match &login {
                Some(login) => open_inbox(&world, login).await,
                None => offered(
                    imap::offers(&world, &account.imap, ca_pem, Reach::Anywhere).await,
                    &["IDLE", "CONDSTORE", "QRESYNC", "NOTIFY"],
                ),
            }
        })
        .await;
        self.rungs(&climb, credential.is_some());
        matches!(&climb.failure, Some((_, failure)) if failure.verdict == Verdict::SignInAgain)
    }

    /// The rungs of the incoming server, from what stood and what failed.
    fn rungs(&mut self, climb: &Climb, signed_in: bool) {
        let failed = climb.failure.as_ref().map(|(step, _)| *step);
        // before STARTTLS the server greets first
        let greeted_first = climb.seen.tls.is_none() && failed > Some(Step::Tls);
        for step in LADDER {
            let what = step.word();
            let check = match &climb.failure {
                Some((at, failure)) if *at == step => {
                    Check::failed(what, failure).took(took(climb, step))
                }
                Some(_) if step == Step::Tls && greeted_first => {
                    Check::skipped(what, Step::Greeting.word())
                }
                Some((at, _)) if step > *at => Check::skipped(what, at.word()),
                _ if step >= Step::Auth && !signed_in => {
                    if self.checks.iter().any(|check| check.what == what) {
                        continue;
                    }
                    let on = if step == Step::Auth { Step::SignIn } else { Step::Auth };
                    Check::skipped(what, on.word())
                }
                _ => self.stood(climb, step).took(took(climb, step)),
            };
            self.checks.retain(|known| known.what != what || known.outcome > Outcome::Ok);
            if self.checks.iter().all(|known| known.what != what) {
                self.checks.push(check);
            }
        }
    }

    /// A rung that stood.
    fn stood(&self, climb: &Climb, step: Step) -> Check {
        let what = step.word();
        let host = &self.account.imap.host;
        match step {
            Step::Dns => Check::good(what, addresses(host, climb.addresses)),
            Step::Tcp => Check::good(what, format!("{host}:{}", self.account.imap.port)),
            Step::Tls => certificate(what, climb.seen.until.as_deref(), self.world().clock.wall()),
            Step::Greeting => {
                Check::good(what, climb.said.clone().unwrap_or_else(|| "speaks IMAP".to_owned()))
            }
            Step::SignIn | Step::Auth => Check::good(what, "signed in"),
            Step::Select => Check::good(what, "the inbox opens"),
        }
    }

    /// Push, and what cuts it.
    fn push(&mut self, report: Option<&Report>) {
        let Some(report) = report else { return };
        let cuts = report.cuts;
        self.checks.push(match (cuts.shortest, &report.push) {
            (Some(shortest), _) => Check::found(
                "idle",
                "push.cut",
                format!(
                    "silent connections are cut after {} s (seen {} times)",
                    shortest.as_secs(),
                    cuts.seen
                ),
            ),
            (None, Some(push)) => Check::good("idle", push.clone()),
            (None, None) => Check::skipped("idle", Step::Select.word()),
        });
    }

    /// The submission server.
    async fn outgoing(&mut self, credential: Option<&Credential>, refused: bool) {
        let world = self.world().clone();
        let account = self.account;
        let login = credential.map(|credential| account.smtp_login(credential.clone()));
        let ca_pem = account.ca_pem.as_deref();
        let climb = climb(&world, &account.smtp.host, |world| async move {
            match &login {
                Some(login) => {
                    smtp::Session::login(&world, login).await.map_err(fell)?.quit().await;
                    Ok(None)
                }
                None => offered(
                    smtp::offers(&world, &account.smtp, ca_pem, Reach::Anywhere).await,
                    &["PIPELINING", "SIZE", "8BITMIME"],
                ),
            }
        })
        .await;
        let total = climb.resolved + climb.rest;
        match &climb.failure {
            Some((step, failure)) if *step >= Step::Auth => {
                self.checks.push(self.submission(&climb));
                self.checks.push(Check::failed("smtpAuth", failure).took(Some(total)));
            }
            Some((_, failure)) => {
                self.checks.push(Check::failed("smtp", failure).took(Some(total)));
                self.checks.push(Check::skipped("smtpAuth", "smtp"));
            }
            None => {
                self.checks.push(self.submission(&climb));
                self.checks.push(match credential {
                    Some(_) => Check::good("smtpAuth", "signed in").took(Some(climb.rest)),
                    None if refused => Check::skipped("smtpAuth", Step::Auth.word()),
                    None => Check::skipped("smtpAuth", Step::SignIn.word()),
                });
            }
        }
    }

    fn submission(&self, climb: &Climb) -> Check {
        let until = climb.seen.until.as_deref();
        let known = certificate("smtp", until, self.world().clock.wall());
        let smtp = &self.account.smtp;
        let title = format!("{}:{}, certificate {}", smtp.host, smtp.port, known.title);
        Check { title, ..known }.took(climb.seen.tcp)
    }
}

/// Resolves, then does `work` through a door that notes what stands.
async fn climb<F>(world: &World, host: &str, work: impl FnOnce(World) -> F) -> Climb
where
    F: Future<Output = Result<Option<String>, Fell>>,
{
    let clock = Arc::clone(&world.clock);
    let begun = clock.boot();
    let resolved = within(clock.as_ref(), NAME, world.net.resolve(host)).await;
    let named = clock.boot();
    let mut climb = Climb {
        seen: Seen::default(),
        addresses: None,
        resolved: named.until_from(begun),
        rest: Duration::ZERO,
        failure: None,
        said: None,
    };
    match resolved {
        Some(Ok(addresses)) => climb.addresses = addresses,
        Some(Err(failure)) => {
            climb.failure = Some((Step::Dns, failure));
            return climb;
        }
        None => {
            let message = format!("no name server said anything about {host}");
            climb.failure = Some((Step::Dns, Failure::of("net.timeout", message, None)));
            return climb;
        }
    }
    let door = Arc::new(Noted::new(Arc::clone(&world.net), Arc::clone(&clock)));
    let noted = World { net: door.clone(), ..world.clone() };
    let worked = within(clock.as_ref(), SERVER, work(noted)).await.unwrap_or_else(|| {
        let message = format!("{host} did not answer within {} s", SERVER.as_secs());
        Err(fell(Failure::of("net.timeout", message, None)))
    });
    climb.rest = clock.boot().until_from(named);
    climb.seen = door.seen();
    match worked {
        Ok(said) => climb.said = said,
        Err((floor, failure)) => {
            climb.failure = Some((step_of(&climb.seen, &failure).max(floor), failure));
        }
    }
    climb
}

/// At which step a failure is: the registry's, but none of those that stood.
fn step_of(seen: &Seen, failure: &Failure) -> Step {
    let floor = match (seen.tcp, seen.tls) {
        (_, Some(_)) => Step::Greeting,
        (Some(_), None) => Step::Tls,
        (None, None) => Step::Tcp,
    };
    let row = condition(failure.code).and_then(chapar_engine::verdict::Condition::step);
    // a name that was resolved a moment ago and is not now is a matter of names
    if row == Some(Step::Dns) && seen.tcp.is_none() {
        return Step::Dns;
    }
    row.filter(|step| *step != Step::SignIn).map_or(floor, |step| step.max(floor))
}

/// One login, one SELECT that changes nothing.
async fn open_inbox(world: &World, login: &imap::Login) -> Result<Option<String>, Fell> {
    let mut session = imap::Session::login(world, login).await.map_err(fell)?;
    let said = session.server().map(str::to_owned);
    let opened = session.select("INBOX", true).await;
    session.logout().await;
    opened.map(|_| said).map_err(|failure| {
        // any other mailbox may be gone; without this one there is no account
        let is_gone = failure.code == "imap.no_mailbox";
        let message = "The server shows no INBOX.".to_owned();
        let failure = match failure {
            gone if is_gone => Failure { code: "imap.no_inbox", message, ..gone },
            other => other,
        };
        (Step::Select, failure)
    })
}

/// A failure, and the step below which it cannot be: what was done before it stood.
type Fell = (Step, Failure);

/// One of which nothing more is known than its code says.
fn fell(failure: Failure) -> Fell {
    (Step::Dns, failure)
}

/// Why there is nothing to sign in with, in the words of what mends it. The issuer ends a sign-in
/// by one word, and its own number may say that the person cannot begin it again; and a way to the
/// issuer that is blocked is not mended at the mail servers.
fn at_the_issuer(failure: Failure) -> Failure {
    let said = failure.detail.as_deref().unwrap_or_default();
    let refusal = Refusal { error: "invalid_grant", description: Some(said), suberror: None };
    let read = read_refusal(&refusal);
    if failure.code == "oauth.expired" && read.code == "oauth.admin_consent" {
        let message = format!("{}: {}", failure.message, read.reason);
        return Failure { code: read.code, message, ..failure };
    }
    if failure.code.starts_with("net.") {
        let message = format!("the sign-in service cannot be asked: {}", failure.message);
        return Failure { code: "oauth.unavailable", message, ..failure };
    }
    failure
}

/// What of `wanted` a server offers.
fn offered(found: Result<Vec<String>, Failure>, wanted: &[&str]) -> Result<Option<String>, Fell> {
    let found = found.map_err(fell)?;
    let known = |word: &&&str| found.iter().any(|offer| offer.starts_with(**word));
    let words: Vec<&str> = wanted.iter().filter(known).copied().collect();
    Ok((!words.is_empty()).then(|| words.join(", ")))
}

/// That the account stands still because its credential was refused: it is not shown again.
fn known_refusal(report: Option<&Report>) -> Option<Check> {
    let report = report.filter(|report| report.state == State::AuthExpired)?;
    let health = report.of_mail()?;
    let row = condition(&health.code)?;
    if Verdict::from(row.action) != Verdict::SignInAgain {
        return None;
    }
    let check = Check::found(Step::Auth.word(), row.code, health.title.clone());
    Some(Check { detail: health.detail.clone(), ..check })
}

fn took(climb: &Climb, step: Step) -> Option<Duration> {
    match step {
        Step::Dns => Some(climb.resolved),
        Step::Tcp => climb.seen.tcp,
        Step::Tls => climb.seen.tls,
        Step::Auth => {
            let before = climb.seen.tcp.unwrap_or_default() + climb.seen.tls.unwrap_or_default();
            Some(climb.rest.saturating_sub(before))
        }
        Step::Greeting | Step::SignIn | Step::Select => None,
    }
}

fn addresses(host: &str, found: Option<usize>) -> String {
    match found {
        Some(1) => format!("{host}, 1 address"),
        Some(found) => format!("{host}, {found} addresses"),
        None => host.to_owned(),
    }
}

/// A certificate that was accepted, and its last day.
fn certificate(what: &'static str, until: Option<&str>, now: Wall) -> Check {
    let Some(until) = until else { return Check::good(what, "valid") };
    let ends = until.parse::<jiff::civil::Date>().ok();
    let ends = ends.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let left = ends.map(|day| (day.timestamp().as_millisecond() - now.0).div_euclid(DAY));
    match left {
        Some(left) if left < ENDS_SOON => {
            let title = format!("valid until {until}, {} days left", left.max(0));
            Check::found(what, "tls.ends_soon", title)
        }
        _ => Check::good(what, format!("valid until {until}")),
    }
}

#[cfg(test)]
mod tests;
