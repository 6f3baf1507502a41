//! `chapar account reconnect`: a new way of signing in, in place.

use chapar_conditions::Names;
use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::connect::{AccountConnect, AuthKind, ConnectStep};
use serde_json::json;

use super::find;
use crate::args::ReconnectArgs;
use crate::commands::Context;
use crate::commands::connect::{
    How, Looked, look_at, looked_for, named, prove, read_authority, sign_in_wish, with_password,
};
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::screen::{Form, Screen};

/// Moves the account to the new login; the old one works until the new one is proved.
pub(super) fn run(context: &Context<'_>, args: &ReconnectArgs) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let account = find(context, &mut daemon, args.account.as_deref())?;
    let mut request = AccountConnect {
        email: None,
        name: None,
        display_name: None,
        imap: args.servers.imap(account.imap.as_ref())?,
        smtp: args.servers.smtp(account.smtp.as_ref())?,
        user: args.servers.user.clone(),
        auth: None,
        password: None,
        oauth: None,
        ca_pem: args.servers.ca_file.as_deref().map(read_authority).transpose()?,
        window: None,
        notify: None,
        found_by: None,
        replace_account_id: Some(account.id.clone()),
        alias_confirmed: args.sign_in.alias.then_some(true),
    };
    choose_way(screen, &mut daemon, args, &account, &mut request)?;
    let names = Names { account: Some(&account.name), address: None };
    let how = How { paste: args.sign_in.paste, names, moved: Some(&account) };
    let (account, steps) = if request.auth == Some(AuthKind::Password) {
        look_at_new_servers(screen, &mut daemon, args, &account, &request)
            .map_err(|fault| named(fault, names))?;
        with_password(screen, &account.email, &args.password, |password| {
            let request = AccountConnect { password: Some(password), ..request.clone() };
            prove(screen, &mut daemon, request, how)
        })?
    } else {
        prove(screen, &mut daemon, request, how)?
    };
    tell(screen, &account, &steps)
}

/// Servers that a person named are looked at before a password is asked for.
fn look_at_new_servers(
    screen: &Screen,
    daemon: &mut Daemon,
    args: &ReconnectArgs,
    account: &Account,
    request: &AccountConnect,
) -> Result<(), Fault> {
    let imap = request.imap.as_ref().or(account.imap.as_ref());
    let smtp = request.smtp.as_ref().or(account.smtp.as_ref());
    let named = request.imap.is_some() || request.smtp.is_some();
    let is_asked = screen.asks || args.password.password_command.is_some();
    let (Some(imap), Some(smtp), true) = (imap, smtp, named && is_asked) else {
        return Ok(());
    };
    look_at(screen, daemon, &account.email, (imap, smtp), request.ca_pem.as_deref()).map(drop)
}

/// By sign-in where it was asked for, where the account does so now, or where the provider offers
/// it; else by password.
fn choose_way(
    screen: &Screen,
    daemon: &mut Daemon,
    args: &ReconnectArgs,
    account: &Account,
    request: &mut AccountConnect,
) -> Result<(), Fault> {
    let by_password = args.asks_password || args.password.are_given();
    if args.sign_in.is_wanted() || (account.auth == AuthKind::Oauth2 && !by_password) {
        request.auth = Some(AuthKind::Oauth2);
        request.oauth = Some(sign_in_wish(&args.sign_in)?);
        return Ok(());
    }
    if !by_password
        && let Looked::Found(way) =
            looked_for(screen, daemon, &account.email, request.ca_pem.as_deref())?
        && way.can_sign_in()
    {
        let name = &way.candidate.provider_name;
        screen.tell(&format!(
            "{} ({}) now uses a password. {name} offers sign-in instead. Your mail and your outbox \
             stay as they are.",
            account.name, account.email
        ));
        let mut wish = sign_in_wish(&args.sign_in)?;
        wish.issuer.clone_from(&way.candidate.issuer);
        wish.provider = Some(way.candidate.provider.clone()).filter(|key| key != "other");
        request.auth = Some(AuthKind::Oauth2);
        request.oauth = Some(wish);
        request.imap = request.imap.take().or(way.candidate.imap);
        request.smtp = request.smtp.take().or(way.candidate.smtp);
        request.found_by = Some(way.candidate.found_by);
        return Ok(());
    }
    request.auth = Some(AuthKind::Password);
    Ok(())
}

fn tell(screen: &Screen, account: &Account, steps: &[ConnectStep]) -> Result<(), Fault> {
    match screen.form {
        Form::Json => {
            let members = json!({
                "id": account.id, "name": account.name, "account": account, "steps": steps,
            });
            screen.object("account.reconnect", members)
        }
        Form::Plain => screen.fields([account.id.as_ref(), &account.name, "reconnected"]),
        // each step was told as it was done
        Form::Human => Ok(()),
    }
}
