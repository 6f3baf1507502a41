//! `Data/forget`.

use super::{Answer, account_of, answer};
use crate::ipc::{Services, convert, fault};
use crate::store::Snapshot;
use crate::supervisor::{Unsent, still_waiting};
use chapar_engine::account::Account;
use chapar_ipc_protocol::data as wire;
use chapar_ipc_protocol::error::Error;
use std::path::Path;

pub(in crate::ipc) async fn forget(services: &Services, params: wire::DataForget) -> Answer {
    let everything = params.everything == Some(true);
    let view = services.store.read().map_err(fault::store)?;
    let wanted = account_of(&view, params.account_id.as_ref())?;
    if wanted.is_some() == everything {
        return Err(fault::argument("Give either `accountId` or `everything`."));
    }
    let mut accounts = view.accounts().map_err(fault::store)?;
    accounts.retain(|account| wanted.is_none_or(|wanted| account.id == wanted));
    let reply = found(services, &view, &accounts, everything)?;
    drop(view);
    if params.dry_run == Some(true) {
        return answer(&reply);
    }
    if everything {
        let discard = params.discard_outbox == Some(true);
        let unsent = if discard { Unsent::Discard } else { Unsent::Keep };
        // before the first account goes, so that none goes when one has to stay
        if unsent == Unsent::Keep && reply.open_submissions > 0 {
            let waiting = still_waiting(reply.open_submissions, "nothing was forgotten");
            return Err(fault::failure(&waiting, None));
        }
        services.spool.clear();
        remove_all(services, &accounts, unsent).await?;
    }
    if let Some(id) = wanted {
        let forgotten = services.accounts.forget_mail(id).await;
        forgotten.map_err(|failure| fault::failure(&failure, Some(id)))?;
    }
    answer(&reply)
}

/// One that fails does not keep the others here; the first failure is told. One that is gone
/// already is none.
async fn remove_all(
    services: &Services,
    accounts: &[Account],
    unsent: Unsent,
) -> Result<(), Error> {
    let mut first = Ok(());
    for account in accounts {
        let removed = services.accounts.remove(account.id, unsent).await;
        if let Err(failure) = removed
            && failure.code != "account.missing"
        {
            first = first.and(Err(fault::failure(&failure, Some(account.id))));
        }
    }
    first
}

/// What there is of these accounts, and where it lies.
fn found(
    services: &Services,
    view: &Snapshot,
    accounts: &[Account],
    everything: bool,
) -> Result<wire::DataForgetReply, Error> {
    let mut reply = wire::DataForgetReply::default();
    for account in accounts {
        let counts = view.account_counts(account.id).map_err(fault::store)?;
        let open = view.unsent_submissions(account.id).map_err(fault::store)?;
        reply.account_ids.push(convert::account_id(account.id));
        reply.mails += counts.summary + counts.whole;
        reply.open_submissions += open;
        if everything {
            reply.secrets.push(account.secret_key(&services.store.instance()));
        }
    }
    let kept: &[&str] = if everything { &["chapard.lock", "log"] } else { &KEPT_OF_ONE };
    reply.paths = paths(&services.state(), kept);
    Ok(reply)
}

/// What of the state directory one account's mail does not lie in.
const KEPT_OF_ONE: [&str; 4] = ["chapard.lock", "log", "secrets.sealed", "secrets.key"];

/// What lies in a directory, but for `kept`; without an order by the file system.
fn paths(directory: &Path, kept: &[&str]) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let wanted = entries.filter(|entry| !kept.iter().any(|name| entry.file_name() == *name));
    let mut paths: Vec<String> = wanted.map(|entry| entry.path().display().to_string()).collect();
    paths.sort();
    paths
}
