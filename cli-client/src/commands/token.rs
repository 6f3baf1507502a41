//! `chapar token`: an access token for another program, and nothing else on standard output.

use chapar_ipc_protocol::connect::AccountToken;
use serde_json::json;

use super::Context;
use crate::args::TokenArgs;
use crate::error::{Fault, exit};
use crate::screen::Form;

/// Prints the token; with `--json` also its end, the login name and the mechanisms.
pub(crate) fn run(context: &Context<'_>, args: &TokenArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    if screen.out.terminal && screen.form == Form::Human {
        return Err(Fault::new("input.data", "a token is not for the eyes: pipe it")
            .without_commands()
            .hint("chapar token NAME | …, or --json to look at it all the same"));
    }
    let mut daemon = context.open()?;
    let account = daemon.account(context.named(args.account.as_deref())?)?;
    let question = AccountToken {
        account_id: account.id.clone(),
        min_valid_s: args.valid.map(|valid| valid.as_secs()),
    };
    let reply = daemon.call(&question)?;
    match screen.form {
        Form::Json => screen.object(
            "token",
            json!({
                "id": account.id, "user": reply.user, "accessToken": reply.access_token,
                "expiresAt": reply.expires_at, "mechanisms": reply.mechanisms,
            }),
        )?,
        Form::Plain | Form::Human => {
            let token = reply.access_token.reveal();
            screen.raw(token.as_bytes())?;
            screen.raw(b"\n")?;
        }
    }
    Ok(exit::OK)
}
