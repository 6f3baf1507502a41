//! What a server has to do before a login counts as proved: more than saying yes to a credential.

use crate::imap;
use crate::smtp;
use crate::world::World;
use chapar_engine::account::Account;
use chapar_engine::credential::Credential;
use chapar_engine::verdict::Failure;

/// The one name that every server knows, in any case (RFC 9051 §5.1).
const INBOX: &str = "INBOX";

/// Proves the IMAP side: login, then real commands, because some servers let a token in that opens
/// no mailbox. The session is still good afterwards.
pub(super) async fn imap(
    world: &World,
    account: &Account,
    credential: Credential,
) -> Result<(imap::Session, String), Failure> {
    let login = account.imap_login(credential);
    let mut session = imap::Session::login(world, &login).await?;
    let listed = match opened(&mut session).await {
        Ok(listed) => listed,
        Err(failure) => {
            session.logout().await;
            return Err(failure);
        }
    };
    let count = listed.iter().filter(|mailbox| mailbox.selectable).count();
    let detail = format!("{}:{}, {count} mailboxes", login.endpoint.host, login.endpoint.port);
    Ok((session, detail))
}

async fn opened(session: &mut imap::Session) -> Result<Vec<imap::Listed>, Failure> {
    let listed = session.list().await?;
    session.select(INBOX, true).await?;
    Ok(listed)
}

/// Proves the submission side: EHLO and AUTH.
pub(super) async fn smtp(
    world: &World,
    account: &Account,
    credential: Credential,
) -> Result<String, Failure> {
    let login = account.smtp_login(credential);
    smtp::Session::login(world, &login).await?.quit().await;
    Ok(format!("{}:{}", login.endpoint.host, login.endpoint.port))
}
