//! From what a person gave to the account that is to be: what is absent is taken from the account
//! that is moved, from the provider, or looked for.

use super::{By, ConnectRequest, OauthWish, Parts, accounts, refused};
use crate::config::Config;
use crate::discover::{self, Candidate};
use crate::oauth::signin::SignInRequest;
use chapar_engine::account::{Account, Endpoint, NotifyBy};
use chapar_engine::address::same_mailbox;
use chapar_engine::credential::{Auth, Grant};
use chapar_engine::discover::Proposal;
use chapar_engine::id::AccountId;
use chapar_engine::provider::{OTHER, PROVIDERS, is_key, is_same_provider, provider_of};
use chapar_engine::secret::Secret;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;

/// What one attempt is to reach.
pub struct Plan {
    /// The account that is to be; without an id while it is new.
    pub account: Account,
    /// The account as it is, when one is moved.
    pub old: Option<Account>,
    /// Its short name was chosen by the person, not made of the address.
    pub(super) named: bool,
    /// Name shown in mail sent.
    pub(super) display_name: Option<String>,
    /// Another address may sign in.
    pub(super) alias_confirmed: bool,
}

impl Plan {
    /// Other settings of an account; with a new secret they get a new place in the vault.
    pub(super) fn change(old: Account, wanted: Account, new_secret: bool) -> Self {
        let mut account = wanted;
        if new_secret {
            account.auth = Auth::Password;
            account.slot = old.slot.wrapping_add(1);
        }
        if account.imap != old.imap || account.smtp != old.smtp {
            account.found_by = None;
        }
        Self { account, old: Some(old), named: true, display_name: None, alias_confirmed: false }
    }

    /// The person signed in: this is the account's consent.
    pub(super) fn granted(&mut self, grant: &Grant) {
        self.account.auth = Auth::Grant(grant.clone());
    }
}

/// What is still to be had.
pub(super) enum Wish {
    Password(Secret),
    Kept,
    SignIn(Box<SignInRequest>),
}

/// Reads the request; looks for servers when it has to.
pub(super) async fn plan(parts: &Parts, request: ConnectRequest) -> Result<(Plan, Wish), Failure> {
    let known = accounts(&parts.store)?;
    let old = replaced(&known, request.replace)?;
    let email = address(&request, old.as_ref())?;
    check_provider(&parts.config.borrow(), &request.by)?;
    if old.is_none() {
        refuse_known(&known, &email, request.name.as_deref())?;
    }
    let servers = servers(parts, &request, old.as_ref(), &email).await?;
    let config = parts.config.borrow().clone();
    let wish = wish(&config, &request, &servers, old.as_ref(), &email);
    let user = request.user.clone();
    let mut account = old.clone().unwrap_or_else(|| {
        let name = request.name.clone().unwrap_or_else(|| free_name(&email, &known));
        fresh(name, &email, &servers, config.window, parts.world.clock.wall())
    });
    let moved = (&account.imap, &account.smtp) != (&servers.imap, &servers.smtp);
    if old.is_none() || moved {
        account.found_by = request.found_by.clone().or(servers.found_by);
        account.provider =
            servers.provider.unwrap_or_else(|| provider_of(&servers.imap.host).key.to_owned());
    }
    account.imap = servers.imap;
    account.smtp = servers.smtp;
    account.user = user.unwrap_or(account.user);
    account.ca_pem = match request.ca_pem.clone().or(account.ca_pem) {
        Some(own) => Some(own),
        None => discover::authority_of(&config, &account.provider, &account.imap)?,
    };
    account.window = request.window.unwrap_or(account.window);
    account.notify = request.notify.unwrap_or(account.notify);
    if old.is_some() && !matches!(wish, Wish::Kept) {
        account.slot = account.slot.wrapping_add(1);
        account.auth = Auth::Password;
        if matches!(wish, Wish::SignIn(_)) && request.user.is_none() {
            // a grant is for an address; what a password login was called says nothing
            account.user.clone_from(&account.email);
        }
    }
    let plan = Plan {
        account,
        old,
        named: request.name.is_some(),
        display_name: request.display_name,
        alias_confirmed: request.alias_confirmed,
    };
    Ok((plan, wish))
}

/// An account that nobody has yet; its id comes with its first commit.
fn fresh(name: String, email: &str, servers: &Servers, window: u32, now: Wall) -> Account {
    Account {
        id: AccountId(0),
        name,
        email: email.to_owned(),
        provider: String::new(),
        imap: servers.imap.clone(),
        smtp: servers.smtp.clone(),
        user: servers.user.clone().unwrap_or_else(|| email.to_owned()),
        auth: Auth::Password,
        slot: 0,
        found_by: None,
        ca_pem: None,
        paused: false,
        window,
        notify: NotifyBy::Desktop,
        created_at: now,
        first_synced_at: None,
    }
}

/// A key that names no provider is a slip of the pen: told before anybody is looked for.
fn check_provider(config: &Config, by: &By) -> Result<(), Failure> {
    let By::Oauth(OauthWish { provider: Some(key), .. }) = by else { return Ok(()) };
    let own = config.providers.iter().map(|entry| entry.key.as_str()).filter(|key| !is_key(key));
    let mut keys: Vec<&str> = PROVIDERS.iter().map(|provider| provider.key).chain(own).collect();
    // discovery says it of an issuer that is no provider we know
    if key == OTHER.key || is_key(key) || keys.contains(&key.as_str()) {
        return Ok(());
    }
    keys.sort_unstable();
    let message =
        format!("there is no provider {:?}; the keys are {}", key.as_str(), keys.join(", "));
    Err(refused("account.provider", message))
}

fn replaced(known: &[Account], id: Option<AccountId>) -> Result<Option<Account>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let old = known.iter().find(|account| account.id == id).cloned();
    old.map(Some)
        .ok_or_else(|| refused("account.not_found", "There is no such account to move.".into()))
}

/// The address: an account that is moved keeps its own.
fn address(request: &ConnectRequest, old: Option<&Account>) -> Result<String, Failure> {
    match (&request.email, old) {
        (Some(email), Some(old)) if !same_mailbox(email, &old.email) => {
            let message = format!(
                "{} is {}, not {email}: connect {email} as an account of its own",
                old.name, old.email
            );
            Err(refused("account.other_mailbox", message))
        }
        (_, Some(old)) => Ok(old.email.clone()),
        (Some(email), None) => Ok(email.clone()),
        (None, None) => Err(refused("account.settings", "An address is missing.".into())),
    }
}

fn refuse_known(known: &[Account], email: &str, name: Option<&str>) -> Result<(), Failure> {
    if let Some(same) = known.iter().find(|account| same_mailbox(&account.email, email)) {
        let message = format!("{} is already connected as {}.", same.email, same.name);
        return Err(refused("account.exists", message));
    }
    match name.filter(|name| known.iter().any(|account| account.name == **name)) {
        Some(name) => {
            Err(refused("account.exists", format!("An account named {name} exists already.")))
        }
        None => Ok(()),
    }
}

/// The two servers, and what came with them.
struct Servers {
    imap: Endpoint,
    smtp: Endpoint,
    user: Option<String>,
    found_by: Option<String>,
    provider: Option<String>,
    issuer: Option<String>,
    scopes: Vec<String>,
}

/// Given, or the account's, or looked for.
async fn servers(
    parts: &Parts,
    request: &ConnectRequest,
    old: Option<&Account>,
    email: &str,
) -> Result<Servers, Failure> {
    let named = match &request.by {
        By::Oauth(wish) => wish.provider.clone(),
        By::Password(_) | By::Kept => None,
    };
    let given = |wish: &Option<Endpoint>, own: Option<&Endpoint>| wish.clone().or(own.cloned());
    let imap = given(&request.imap, old.map(|old| &old.imap));
    let smtp = given(&request.smtp, old.map(|old| &old.smtp));
    if let (Some(imap), Some(smtp)) = (imap.clone(), smtp.clone()) {
        return Ok(Servers {
            imap,
            smtp,
            user: None,
            found_by: None,
            provider: named.or_else(|| old.map(|old| old.provider.clone())),
            issuer: None,
            scopes: vec![],
        });
    }
    let config = parts.config.borrow().clone();
    let best = match &named {
        Some(key) => discover::servers_of(&config, key, email)?,
        None => None,
    };
    let best = match best {
        Some(best) => best,
        None => looked_for(parts, request, named.as_deref(), email).await?,
    };
    Ok(Servers {
        imap: imap.unwrap_or(best.imap),
        smtp: smtp.unwrap_or(best.smtp),
        user: Some(best.user),
        found_by: Some(best.found_by),
        provider: Some(best.provider),
        issuer: best.issuer,
        scopes: best.scopes,
    })
}

/// The first candidate whose servers hold, of the named provider where one is named. One that the
/// person would have to look at first is left out: here nobody has.
async fn looked_for(
    parts: &Parts,
    request: &ConnectRequest,
    provider: Option<&str>,
    email: &str,
) -> Result<Proposal, Failure> {
    let config = parts.config.borrow().clone();
    let (ca_pem, progress) = (request.ca_pem.as_deref(), discover::Progress::default());
    let found = discover::discover(&parts.world, &config, email, ca_pem, &progress).await?;
    let fits = |found: &Candidate| {
        let safe = found.holds() && !found.proposal.must_be_shown();
        safe && provider.is_none_or(|key| is_same_provider(&found.proposal.provider, key))
    };
    let best = found.candidates.into_iter().find(fits);
    best.map(|found| found.proposal).ok_or_else(|| nothing(email))
}

fn nothing(email: &str) -> Failure {
    let message = format!("The servers of {email} were not found: name them.");
    refused("discover.nothing", message)
}

fn wish(
    config: &Config,
    request: &ConnectRequest,
    servers: &Servers,
    old: Option<&Account>,
    email: &str,
) -> Wish {
    match &request.by {
        By::Password(password) => Wish::Password(password.clone()),
        By::Kept => Wish::Kept,
        By::Oauth(wish) => {
            Wish::SignIn(Box::new(sign_in_request(config, request, wish, servers, old, email)))
        }
    }
}

fn sign_in_request(
    config: &Config,
    request: &ConnectRequest,
    wish: &OauthWish,
    servers: &Servers,
    old: Option<&Account>,
    email: &str,
) -> SignInRequest {
    let grant = old.and_then(|old| old.auth.grant());
    let discovered = wish.issuer.is_none() && servers.issuer.is_some();
    let own = old.map(|old| old.provider.clone());
    let provider = wish.provider.clone().or_else(|| servers.provider.clone()).or(own);
    // signing in anew, at the issuer it has been
    let issuer = wish.issuer.clone().or_else(|| servers.issuer.clone());
    let again = grant.filter(|_| wish.issuer.is_none() && wish.provider.is_none());
    // a client of the person's own is kept where no other is known
    let known = provider
        .as_deref()
        .is_some_and(|provider| crate::oauth::client_known(config, provider, issuer.as_deref()));
    let own_client = again.filter(|_| !known).map(|grant| grant.client_id.clone());
    SignInRequest {
        email: email.to_owned(),
        provider: provider.filter(|key| key != "other"),
        issuer: issuer.or_else(|| again.map(|grant| grant.issuer.id.clone())),
        client_id: wish.client_id.clone().or(own_client),
        client_secret: wish.client_secret.clone(),
        scopes: if wish.scopes.is_empty() { servers.scopes.clone() } else { wish.scopes.clone() },
        device: wish.device,
        ca_pem: request.ca_pem.clone().or_else(|| old.and_then(|old| old.ca_pem.clone())),
        discovered,
    }
}

/// The local part, or with the domain, or with a number: the first that is free.
pub(super) fn free_name(email: &str, known: &[Account]) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let numbered = (2..).map(|n| format!("{local}-{n}"));
    [local.to_owned(), email.to_owned()]
        .into_iter()
        .chain(numbered)
        .find(|name| known.iter().all(|account| account.name != *name))
        .unwrap_or_else(|| email.to_owned())
}
