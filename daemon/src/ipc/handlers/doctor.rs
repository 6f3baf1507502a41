//! `Doctor/run`.

use super::{Answer, account_of, answer};
use crate::doctor::{self, Bench, Check, Outcome, Progress};
use crate::ipc::{Services, convert, fault};
use crate::store::Snapshot;
use chapar_engine::account::Account;
use chapar_engine::oauth::admin_consent_url;
use chapar_engine::verdict::{Condition, condition};
use chapar_ipc_protocol::doctor as wire;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub(in crate::ipc) async fn run(services: &Services, params: wire::DoctorRun) -> Answer {
    let view = services.store.read().map_err(fault::store)?;
    let wanted = account_of(&view, params.account_id.as_ref())?;
    drop(view);
    let wants_mending = params.fix == Some(true) && wanted.is_none();
    let told = Told::begin(&services.looks, params.progress_token.as_deref());
    let bench = Bench {
        world: services.world.clone(),
        store: services.store.clone(),
        accounts: services.accounts.clone(),
        state: services.state(),
        socket: services.socket.clone(),
        replaced: services.machine.replaced_program(),
    };
    let fixed = if wants_mending { doctor::fix(&bench).await } else { Vec::new() };
    let checks = doctor::run(&bench, wanted, &told.progress).await.map_err(fault::store)?;
    let view = services.store.read().map_err(fault::store)?;
    answer(&wire::DoctorReply {
        checks: checks.into_iter().map(|check| to_wire(&view, check)).collect(),
        fixed,
    })
}

/// A look in the list of those under way, until dropped.
struct Told<'s> {
    list: &'s Mutex<BTreeMap<String, Progress>>,
    token: Option<String>,
    progress: Progress,
}

impl<'s> Told<'s> {
    fn begin(list: &'s Mutex<BTreeMap<String, Progress>>, token: Option<&str>) -> Self {
        let progress = Progress::default();
        let token = token.map(str::to_owned);
        if let Some(token) = &token {
            let mut open = list.lock().unwrap_or_else(PoisonError::into_inner);
            open.insert(token.clone(), progress.clone());
        }
        Self { list, token, progress }
    }
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            self.list.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        }
    }
}

fn to_wire(view: &Snapshot, check: Check) -> wire::DoctorCheck {
    let row = check.code.and_then(condition);
    let remedy = check.code.map(|code| {
        let mut remedy = row.map_or_else(
            || fault::remedies(code, check.account),
            |row| fault::steps(row, check.account),
        );
        let account = check.account.and_then(|id| view.account(id).ok().flatten());
        if let (Some(first), Some(row), Some(account)) = (remedy.first_mut(), row, account) {
            first.link = link(row, &account);
        }
        remedy
    });
    wire::DoctorCheck {
        what: check.what.to_owned(),
        account_id: check.account.map(convert::account_id),
        state: match check.outcome {
            Outcome::Ok => wire::CheckState::Ok,
            Outcome::Warning => wire::CheckState::Warning,
            Outcome::Error => wire::CheckState::Error,
            Outcome::Skipped => wire::CheckState::Skipped,
        },
        title: check.title,
        detail: check.detail,
        code: check.code.map(str::to_owned),
        who: row.map(|row| fault::who(row.who)),
        depends_on: check.depends_on.map(str::to_owned),
        ms: check.took.map(milliseconds),
        remedy: remedy.unwrap_or_default(),
    }
}

/// Where in a browser it is mended: a page of the provider, or of the administrator.
fn link(row: &Condition, account: &Account) -> Option<String> {
    if row.code == "oauth.admin_consent" {
        let grant = account.auth.grant()?;
        return admin_consent_url(&grant.issuer.authorize_url, &account.email, &grant.client_id);
    }
    row.link(&account.provider).map(str::to_owned)
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
