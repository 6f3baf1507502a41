//! The person's part: the sign-in at the issuer, again when a box was not ticked, and who it was.

use super::{Parts, Plan, Teller, refused};
use crate::oauth::Granted;
use crate::oauth::signin::{SignIn, SignInRequest};
use crate::oauth::tokens::Unkept;
use chapar_engine::address::same_mailbox;
use chapar_engine::verdict::Failure;
use tokio::sync::mpsc;

/// Times the page is opened in one attempt: whoever leaves the box unticked three times means it.
const PAGES: u32 = 3;
/// Pasted addresses waiting to be looked at: a person pastes one at a time.
const PASTES: usize = 4;

/// Asks the person until they granted what is needed, and checks that it is the right person. What
/// a page before the last one gave stays in `unkept` too: to give it back while the next page is
/// open could end what that one grants.
pub(super) async fn sign_in(
    parts: &Parts,
    plan: &Plan,
    request: SignInRequest,
    unkept: &mut Unkept,
    teller: &mut Teller,
) -> Result<Granted, Failure> {
    parts.tokens.returned().await;
    let mut notice = None;
    for page in 1.. {
        let config = parts.config.borrow().clone();
        let begun = SignIn::begin(&parts.world, &config, &request).await?;
        let (paste, pasted) = mpsc::channel(PASTES);
        teller.ask(begun.prompt.clone(), notice.take(), paste);
        let check = |granted: &Granted| check_person(plan, granted);
        let finished = begun.finish(&parts.world, pasted, unkept.issued(), &check).await;
        teller.asked();
        match finished {
            Ok(granted) => {
                // who it was is the issuer's to say: nobody is named in its place
                teller.step("signedIn", granted.address.clone().unwrap_or_default());
                return Ok(granted);
            }
            Err(failure) if failure.code == "oauth.missing_scope" && page < PAGES => {
                notice = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(refused("oauth.missing_scope", "The sign-in did not grant what is needed.".to_owned()))
}

/// The issuer's word on who signed in; without one the mailbox itself decides.
fn check_person(plan: &Plan, granted: &Granted) -> Result<(), Failure> {
    let wanted = &plan.account.email;
    match &granted.address {
        Some(address) if !same_mailbox(address, wanted) && !plan.alias_confirmed => {
            Err(wrong_person(plan, address))
        }
        _ => Ok(()),
    }
}

fn wrong_person(plan: &Plan, address: &str) -> Failure {
    let message = match &plan.old {
        Some(old) => format!("signed in as {address}, but this account is {}", old.email),
        None => format!("signed in as {address}, not as {}", plan.account.email),
    };
    refused("oauth.wrong_person", message)
}
