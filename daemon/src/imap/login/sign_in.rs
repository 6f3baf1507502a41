//! Signing in: which mechanisms are tried in which order, and when one leads to the next.
//!
//! Only ever called inside TLS. Must never show a credential more than twice: a mechanism that was
//! refused as such leads to the next, and so does one refusal that does not say whether it was the
//! credential; providers lock mailboxes for more.

use super::{SIGNING_IN, named, no_login, take_capabilities};
use crate::imap::session::Capabilities;
use crate::imap::wire::{Answer, Ended, Wire, Word};
use crate::imap::{Login, code, failure, limits, text};
use chapar_engine::credential::Credential;
use chapar_engine::sasl::{self, Bearer};
use chapar_engine::secret::{Secret, base64};
use chapar_engine::verdict::{Failure, MechanismRefusal, refuses_mechanism};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// Times a credential is shown in one sign-in.
const SHOWN: usize = 2;

/// A way of signing in that the server says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// AUTHENTICATE PLAIN (RFC 4616).
    Plain,
    /// The LOGIN command (RFC 9051 §6.2.3).
    Command,
    /// AUTHENTICATE LOGIN: user name and password, each as the answer to a challenge.
    Prompted,
    /// AUTHENTICATE with an access token.
    Bearer(Bearer),
}

/// What one way came to.
struct Tried {
    ended: Ended,
    /// Whether the credential was shown before the server answered.
    shown: bool,
    /// Whether the server went on with the mechanism before it answered.
    challenged: bool,
    /// The server's report of why it refuses a token.
    report: Option<String>,
}

/// Signs in by the best way the server offers; gives the capabilities it then named.
pub(super) async fn authenticate(
    wire: &mut Wire,
    login: &Login,
    offered: &Capabilities,
) -> Result<Option<Capabilities>, Failure> {
    let (ways, what) = ways(&login.credential, offered);
    let mut found = None;
    let mut refused = no_login(wire, offered, what);
    let mut shown = 0;
    for way in ways {
        let mut exchange = Exchange { wire: &mut *wire, login, offered, found: &mut found };
        let tried = exchange.attempt(way).await?;
        if tried.ended.word == Word::Ok {
            if !tried.shown {
                return Err(wire.broken(SIGNING_IN, "a login that nobody gave"));
            }
            return Ok(tried.ended.code.as_ref().and_then(named).or(found));
        }
        shown += usize::from(tried.shown);
        let leads_on = leads_on(&tried);
        refused = refusal(wire, tried);
        if !leads_on || shown >= SHOWN {
            break;
        }
    }
    Err(refused)
}

/// The ways to try, the best first, and what the credential is called.
fn ways(credential: &Credential, offered: &Capabilities) -> (Vec<Way>, &'static str) {
    match credential {
        Credential::Token(_) => {
            let bearers = [Bearer::OAuthBearer, Bearer::XOAuth2].into_iter();
            let offers = |bearer: &Bearer| offered.has(&format!("AUTH={}", bearer.name()));
            (bearers.filter(offers).map(Way::Bearer).collect(), "token")
        }
        Credential::Password(_) => {
            let all = [
                (Way::Plain, offered.has("AUTH=PLAIN")),
                (Way::Command, !offered.has("LOGINDISABLED")),
                (Way::Prompted, offered.has("AUTH=LOGIN")),
            ];
            (all.into_iter().filter(|(_, has)| *has).map(|(way, _)| way).collect(), "password")
        }
    }
}

/// Whether what was refused may be the mechanism and not the credential.
fn leads_on(tried: &Tried) -> bool {
    tried.report.is_none()
        && refuses_mechanism(MechanismRefusal {
            bad: tried.ended.word == Word::Bad,
            code: tried.ended.code.as_ref().map(|code| code.name.as_str()),
            text: &tried.ended.text,
            challenged: tried.challenged,
        })
}

/// The failure that a refusal is. What the server reported of a token stands in front of its words.
fn refusal(wire: &Wire, tried: Tried) -> Failure {
    let Tried { ended, report, .. } = tried;
    let failure =
        failure::answered(&wire.host, SIGNING_IN, ended.word, ended.code.as_ref(), &ended.text);
    let Some(report) = report else { return failure };
    let said = failure.detail.as_deref().unwrap_or_default();
    let detail = code::clean(format!("{report} {said}").as_bytes());
    Failure { detail: Some(detail), ..failure }
}

/// One sign-in under way.
struct Exchange<'e> {
    wire: &'e mut Wire,
    login: &'e Login,
    offered: &'e Capabilities,
    found: &'e mut Option<Capabilities>,
}

/// What the server did while it was waited for.
enum Turn {
    Challenge(String),
    Ended(Ended),
}

impl Exchange<'_> {
    async fn attempt(&mut self, way: Way) -> Result<Tried, Failure> {
        let secret = match &self.login.credential {
            Credential::Password(secret) | Credential::Token(secret) => secret,
        };
        match way {
            Way::Plain => self.plain(secret).await,
            Way::Command => self.command(secret).await,
            Way::Prompted => self.prompted(secret).await,
            Way::Bearer(bearer) => self.bearer(bearer, secret).await,
        }
    }

    async fn plain(&mut self, password: &Secret) -> Result<Tried, Failure> {
        let (user, password) = (&self.login.user, password.expose());
        if user.contains('\0') || password.contains('\0') {
            return Err(unsayable());
        }
        let message = Zeroizing::new(format!("\0{user}\0{password}"));
        let response = base64(message.as_bytes());
        self.show("PLAIN", &response, &mut |_| "").await
    }

    /// OAUTHBEARER (RFC 7628) or XOAUTH2.
    async fn bearer(&mut self, bearer: Bearer, token: &Secret) -> Result<Tried, Failure> {
        let (login, endpoint) = (self.login, &self.login.endpoint);
        let response = bearer
            .response(&login.user, token, &endpoint.host, endpoint.port)
            .ok_or_else(|| failure::unsayable("the user name or token"))?;
        let mut report = None;
        let mut refuse = |challenge: &str| {
            report = sasl::report(challenge);
            bearer.acknowledgement()
        };
        let tried = self.show(bearer.name(), &response, &mut refuse).await?;
        Ok(Tried { report, ..tried })
    }

    /// AUTHENTICATE with its response, in one flight where SASL-IR (RFC 4959) allows it and the
    /// line stays one that every server reads. An empty challenge asks for the response, also
    /// where it went with the command: some servers lose it there. What follows is the report of a
    /// mechanism about why it is about to refuse; what `refuse` answers makes the server say so.
    async fn show(
        &mut self,
        mechanism: &str,
        response: &str,
        refuse: &mut (dyn FnMut(&str) -> &'static str + Send),
    ) -> Result<Tried, Failure> {
        let command = Zeroizing::new(format!("AUTHENTICATE {mechanism} {response}"));
        let initial = self.offered.has("SASL-IR")
            && sasl::initial_response_works(&self.wire.host)
            && command.len() <= limits::COMMAND_BYTES;
        let tag = if initial {
            self.wire.send_secret(&command, SIGNING_IN).await?
        } else {
            self.wire.send(&format!("AUTHENTICATE {mechanism}"), SIGNING_IN).await?
        };
        let (mut shown, mut asked, mut challenged) = (initial, false, false);
        loop {
            let challenge = match self.turn(&tag).await? {
                Turn::Ended(ended) => return Ok(Tried { ended, shown, challenged, report: None }),
                Turn::Challenge(challenge) => challenge,
            };
            challenged = true;
            let wants_it = !asked && (!shown || challenge.trim().is_empty());
            asked = true;
            shown = true;
            let line = Zeroizing::new(if wants_it {
                format!("{response}\r\n")
            } else {
                format!("{}\r\n", refuse(&challenge))
            });
            self.wire.write(line.as_bytes(), SIGNING_IN).await?;
        }
    }

    /// LOGIN: quoted strings carry ASCII, literals everything else in UTF-8.
    async fn command(&mut self, password: &Secret) -> Result<Tried, Failure> {
        let (user, password) = (self.login.user.as_str(), password.expose());
        if user.contains('\0') || password.contains('\0') {
            return Err(unsayable());
        }
        let mut line = Zeroizing::new(String::from("LOGIN"));
        let mut tag = None;
        for argument in [user, password] {
            line.push(' ');
            if let Some(quoted) = text::quoted_ascii(argument).map(Zeroizing::new) {
                line.push_str(&quoted);
                continue;
            }
            // RFC 7888 §4 and §5
            let at_once = self.offered.has("LITERAL+") || self.offered.has("LITERAL-");
            let _ = write!(line, "{{{}{}}}", argument.len(), if at_once { "+" } else { "" });
            self.part(&line, &mut tag).await?;
            if !at_once && let Some(tag) = &tag {
                // refused before the password was shown
                if let Turn::Ended(ended) = self.turn(tag).await? {
                    return Ok(Tried { ended, shown: false, challenged: false, report: None });
                }
            }
            line = Zeroizing::new(argument.to_owned());
        }
        self.part(&line, &mut tag).await?;
        let tag = tag.unwrap_or_default();
        loop {
            match self.turn(&tag).await? {
                Turn::Ended(ended) => {
                    return Ok(Tried { ended, shown: true, challenged: false, report: None });
                }
                Turn::Challenge(_) => self.wire.write(b"\r\n", SIGNING_IN).await?,
            }
        }
    }

    /// Writes one line of a command; the first begins it.
    async fn part(&mut self, line: &str, tag: &mut Option<String>) -> Result<(), Failure> {
        if tag.is_none() {
            *tag = Some(self.wire.send_secret(line, SIGNING_IN).await?);
            return Ok(());
        }
        let line = Zeroizing::new(format!("{line}\r\n"));
        self.wire.write(line.as_bytes(), SIGNING_IN).await
    }

    /// AUTHENTICATE LOGIN, which no RFC describes: two challenges, whatever they say.
    async fn prompted(&mut self, password: &Secret) -> Result<Tried, Failure> {
        let tag = self.wire.send("AUTHENTICATE LOGIN", SIGNING_IN).await?;
        let mut answers = [self.login.user.as_str(), password.expose()].into_iter();
        let (mut shown, mut challenged) = (false, false);
        loop {
            match self.turn(&tag).await? {
                Turn::Ended(ended) => return Ok(Tried { ended, shown, challenged, report: None }),
                Turn::Challenge(_) => {
                    let answer = answers.next();
                    shown = answers.len() == 0;
                    challenged = true;
                    let line = base64(answer.unwrap_or_default().as_bytes());
                    let line = Zeroizing::new(format!("{}\r\n", *line));
                    self.wire.write(line.as_bytes(), SIGNING_IN).await?;
                }
            }
        }
    }

    /// Waits for a challenge or for the tagged end, whatever it says.
    async fn turn(&mut self, tag: &str) -> Result<Turn, Failure> {
        let patience = self.wire.patience(limits::LOGIN, limits::LOGIN);
        loop {
            match self.wire.next(SIGNING_IN, patience).await? {
                Answer::Done(ended) => {
                    return self.wire.take(tag, SIGNING_IN, ended).map(Turn::Ended);
                }
                Answer::Continue(challenge) => {
                    self.wire.pass(&Answer::Continue(String::new()), SIGNING_IN)?;
                    return Ok(Turn::Challenge(challenge));
                }
                answer => {
                    if let Some(other) = take_capabilities(answer, self.found) {
                        self.wire.pass(&other, SIGNING_IN)?;
                    }
                }
            }
        }
    }
}

fn unsayable() -> Failure {
    let message = "the user name or password holds a NUL, which IMAP cannot carry; enter it again";
    Failure::of("imap.bad_credential", message.to_owned(), None)
}
