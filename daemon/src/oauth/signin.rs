//! One sign-in: from the question to the issuer to the grant. Three ways race: the redirect to a
//! one-shot page on loopback, the pasted final address, and the device code.

use super::answer::TokenAnswer;
use super::callback::{self, Expected};
use super::choice::Choice;
use super::device::{self, Device};
use super::exchange::{Bond, authorize_url, exchange};
use super::line::Line;
use super::page::Page;
use super::party::Party;
use super::redirect::{Place, Redirect};
use super::tokens::Issued;
use super::{Access, Granted, identity};
use crate::config::Config;
use crate::world::World;
use chapar_engine::oauth::missing_scopes;
use chapar_engine::secret::Secret;
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::Failure;
use std::time::Duration;
use tokio::sync::mpsc;
use url::Url;

/// How long an attempt waits for the person: to find a phone for a second factor, to ask somebody,
/// and not so long that a forgotten page stays open.
const LIFE: Duration = Duration::from_mins(10);

/// What is to be signed in.
#[derive(Clone, Debug, Default)]
pub struct SignInRequest {
    /// The address; the hint given to the issuer and what the answer is compared with.
    pub email: String,
    /// Key of a provider in the built-in table or the configuration; `None`: by `issuer`.
    pub provider: Option<String>,
    /// Issuer identifier (an `https` URL) whose metadata is read; wins over the provider's.
    pub issuer: Option<String>,
    /// The person's own client, over the configured and the built-in one.
    pub client_id: Option<String>,
    /// Its secret, where it has one.
    pub client_secret: Option<Secret>,
    /// Scopes beside or instead of the provider's; empty: the provider's.
    pub scopes: Vec<String>,
    /// Ask for a device code too.
    pub device: bool,
    /// PEM of an authority trusted for the issuer beside the system's.
    pub ca_pem: Option<String>,
    /// The issuer's address came from discovery, not from the person: private addresses are refused.
    pub discovered: bool,
}

/// What the person has to do, until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// Issuer identifier, for people.
    pub issuer: String,
    /// The address to open in a browser.
    pub authorize_url: String,
    /// Port of the loopback page, for `ssh -L`.
    pub port: u16,
    /// The code to type, where the issuer gives one.
    pub device: Option<DevicePrompt>,
    /// When the attempt ends by itself.
    pub expires_at: Wall,
}

/// A device code (RFC 8628 §3.2) as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The code.
    pub user_code: String,
    /// Where to type it.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
}

/// A page that opens without a network tells nobody why it stays empty. An issuer that is known
/// without asking is looked up first; whatever else is wrong with its name is told by the exchange.
async fn refuse_offline(world: &World, url: &str) -> Result<(), Failure> {
    let Some(url::Host::Domain(host)) =
        Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()))
    else {
        return Ok(());
    };
    match world.net.resolve(&host).await {
        Err(failure) if failure.code == "net.offline" => Err(failure),
        _ => Ok(()),
    }
}

/// Whether what was granted is of the person who was to sign in.
pub type Check<'c> = &'c (dyn Fn(&Granted) -> Result<(), Failure> + Sync);

/// A sign-in under way: the page listens, the person has not answered yet. Dropping it closes the
/// page and ends the attempt.
pub struct SignIn {
    /// What to tell the person.
    pub prompt: Prompt,
    party: Party,
    page: Redirect,
    bond: Bond,
    device: Option<Device>,
    email: String,
    ends: Boot,
}

impl SignIn {
    /// Asks the issuer for its metadata (and registration, and a device code), binds the loopback
    /// page. Nothing is opened: the browser is the client's affair.
    pub async fn begin(
        world: &World,
        config: &Config,
        request: &SignInRequest,
    ) -> Result<Self, Failure> {
        let choice = Choice::of(config, request)?;
        // the port is ours before anybody hears of it
        let page = Redirect::open(world, &choice.place.clone().unwrap_or_else(Place::any)).await?;
        let party = Party::settle(world, choice, &page.uri).await?;
        refuse_offline(world, &party.issuer.token_url).await?;
        let bond = Bond::new(world);
        let email = request.email.trim().to_owned();
        let device = match party.issuer.device_url.as_deref().filter(|_| request.device) {
            Some(at) => offered_device(world, &party, &bond, &email, at).await,
            None => None,
        };
        let prompt = Prompt {
            issuer: party.issuer.id.clone(),
            authorize_url: authorize_url(&party, &page.uri, &bond, &email)?,
            port: page.port,
            device: device.as_ref().map(|device| device.prompt.clone()),
            expires_at: world.clock.wall().after(LIFE),
        };
        let ends = world.clock.boot().after(LIFE);
        Ok(Self { prompt, party, page, bond, device, email, ends })
    }

    /// Waits for the person by whichever way answers first; `pasted` carries addresses the browser
    /// ended at. Exchanges the code and checks what came. A pasted address that is none of this
    /// attempt is answered through its own sender (`oauth.pasted`, `oauth.state`) and ends nothing.
    /// What the issuer gave is noted in `issued` before anything is made of it: whoever does not
    /// keep it is to give it back, whatever this returns. `check` says whether it is the right person;
    /// the page in the browser waits for it and shows what it said.
    pub async fn finish(
        self,
        world: &World,
        pasted: mpsc::Receiver<Pasted>,
        issued: &mut Vec<Issued>,
        check: Check<'_>,
    ) -> Result<Granted, Failure> {
        let Self { party, page, bond, device, email, ends, .. } = self;
        let line = party.line(world);
        let expected = party.expected(&bond.state, &email);
        let redirect_uri = page.uri.clone();
        let (visitor, answer) = tokio::select! {
            biased;
            (visitor, answer) = page.answer(world, &expected) => (Some(visitor), answer.map(Way::Code)),
            answer = pasted_answer(pasted, &expected) => (None, answer.map(Way::Code)),
            answer = typed(&line, &party, device.as_ref(), &expected) => (None, answer.map(Way::Tokens)),
            () = world.clock.sleep_until(ends) => (None, Err(too_late(&party))),
        };
        let tokens = match answer {
            Ok(Way::Code(code)) => {
                exchange(&line, &party, &redirect_uri, &bond, &code, &expected).await
            }
            Ok(Way::Tokens(answer)) => Ok(answer),
            Err(failure) => Err(failure),
        };
        let granted = match tokens {
            Ok(answer) => {
                issued.extend(party.issued(&answer));
                let granted = granted(&line, &party, &answer, &expected).await;
                granted.and_then(|granted| check(&granted).map(|()| granted))
            }
            Err(failure) => Err(failure),
        };
        if let Some(visitor) = visitor {
            let page = match &granted {
                Ok(granted) => Page::signed_in(granted.address.as_deref(), &email, &party.name),
                Err(failure) => Page::failed(failure),
            };
            visitor.show(world, &page).await;
        }
        granted
    }
}

/// What the person's answer brought.
enum Way {
    /// A code, by the browser or by hand.
    Code(Secret),
    /// Tokens at once, by the device code.
    Tokens(TokenAnswer),
}

/// A device code is one way of three: an issuer that does not give one leaves the other two.
async fn offered_device(
    world: &World,
    party: &Party,
    bond: &Bond,
    email: &str,
    at: &str,
) -> Option<Device> {
    let expected = party.expected(&bond.state, email);
    match device::ask(&party.line(world), party, at, &expected).await {
        Ok(device) => Some(device),
        Err(failure) => {
            tracing::info!(code = failure.code, "the issuer gives no device code");
            None
        }
    }
}

/// The first pasted address that is this attempt's. The others are answered and forgotten.
async fn pasted_answer(
    mut pasted: mpsc::Receiver<Pasted>,
    expected: &Expected<'_>,
) -> Result<Secret, Failure> {
    while let Some(Pasted { address, answer }) = pasted.recv().await {
        let read = callback::read_pasted(&address, expected);
        let told = read.as_ref().map(|_| ()).map_err(|why| callback::explain(*why));
        // whoever pasted may be gone; what was pasted counts all the same
        let _gone = answer.send(told);
        if let Ok(outcome) = read {
            return outcome;
        }
    }
    std::future::pending().await
}

/// The device code, typed. One that has expired only closes this way.
async fn typed(
    line: &Line<'_>,
    party: &Party,
    device: Option<&Device>,
    expected: &Expected<'_>,
) -> Result<TokenAnswer, Failure> {
    match device {
        Some(device) => match device::wait(line, party, device, expected).await {
            Err(failure) if failure.code == "oauth.timeout" => std::future::pending().await,
            outcome => outcome,
        },
        None => std::future::pending().await,
    }
}

fn too_late(party: &Party) -> Failure {
    let message =
        format!("nobody signed in at {} within {} minutes", party.name, LIFE.as_secs() / 60);
    Failure::of("oauth.timeout", message, None)
}

/// Checks that the grant is what mail needs, and asks who gave it.
async fn granted(
    line: &Line<'_>,
    party: &Party,
    answer: &TokenAnswer,
    expected: &Expected<'_>,
) -> Result<Granted, Failure> {
    let missing = missing_scopes(&party.scopes, answer.scope());
    if !missing.is_empty() {
        let message = format!("{} did not grant {}", party.name, missing.join(" and "));
        return Err(Failure::of("oauth.missing_scope", message, None));
    }
    let Some(refresh) = answer.refresh() else {
        let message =
            format!("{} gave no refresh token, so the sign-in would end within hours", party.name);
        return Err(Failure::of("oauth.no_refresh_token", message, None));
    };
    let expires_at = answer.lifetime().map(|life| line.world.clock.boot().after(life));
    let address = identity::address(line, answer, party.userinfo_url.as_deref(), expected).await?;
    Ok(Granted {
        grant: party.grant(answer),
        client_secret: party.client.secret.clone(),
        refresh: Secret::new(refresh.to_owned()),
        access: Access { token: Secret::new(answer.access().to_owned()), expires_at },
        address,
    })
}

/// A pasted final address and where its immediate answer goes.
pub struct Pasted {
    /// The address, with code and state in it.
    pub address: Secret,
    /// `Ok` when it belongs to this attempt and holds a code, else why not; the attempt goes on.
    pub answer: tokio::sync::oneshot::Sender<Result<(), Failure>>,
}
