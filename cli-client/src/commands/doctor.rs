//! `chapar doctor`: everything a mailbox depends on, what is wrong, whose job it is, what mends it.
//!
//! The daemon looks at itself, the machine and the servers; what only the client can see (socket,
//! versions, units) is looked at here. `--fix` does what cannot lose anything and nothing else.

mod bundle;
mod fix;
mod local;
mod show;

use std::time::Duration;

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::doctor::{CheckState, DoctorCheck, DoctorReply, DoctorRun};
use chapar_ipc_protocol::error::Remedy;
use chapar_ipc_protocol::id::AccountId;
use serde_json::json;

use super::Context;
use crate::args::DoctorArgs;
use crate::daemon::Daemon;
use crate::error::{Fault, exit, shell_words};
use crate::render::progress::Progress;
use crate::screen::{Form, Line, Style};

/// The daemon takes at most half a minute for an account and looks at four side by side; this is
/// enough for two dozen accounts whose servers are all dead.
const PATIENCE: Duration = Duration::from_mins(4);

/// What was found.
struct Findings {
    checks: Vec<DoctorCheck>,
    accounts: Vec<Account>,
    /// What the daemon mended before it looked.
    fixed: Vec<String>,
}

impl Findings {
    fn count(&self, state: CheckState) -> usize {
        self.checks.iter().filter(|check| check.state == state).count()
    }

    fn is_well(&self) -> bool {
        self.count(CheckState::Error) + self.count(CheckState::Warning) == 0
    }

    /// The name of the account a check is about.
    fn account(&self, check: &DoctorCheck) -> Option<&Account> {
        let id = check.account_id.as_ref()?;
        self.accounts.iter().find(|account| account.id == *id)
    }
}

/// Looks, fixes when asked to, looks again, tells.
pub(crate) fn run(context: &Context<'_>, args: &DoctorArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let wanted = context.named(args.account.as_deref())?;
    screen.say(&Line::new().with(Style::Dim, "Looking at this machine and your servers …"));
    let mut findings = look(context, wanted, args.fix && !args.change.dry_run)?;
    let mut fixed = std::mem::take(&mut findings.fixed);
    if args.fix {
        let here = fix::all(context, &findings.checks, args.change.dry_run)?;
        if !here.is_empty() && !args.change.dry_run {
            findings = look(context, wanted, false)?;
        }
        fixed.extend(here);
    }
    match screen.form {
        Form::Json if args.bundle.is_none() => screen.object(
            "doctor",
            json!({"ok": findings.is_well(), "checks": findings.checks, "fixed": fixed}),
        )?,
        Form::Json => {}
        Form::Plain => show::fields(screen, &findings)?,
        Form::Human => {
            for line in &fixed {
                screen
                    .answer(&Line::new().with(Style::Good, "✓").text(format!(" fixed: {line}")))?;
            }
            screen.answers(&show::lines(&findings, screen.text_width()))?;
        }
    }
    if let Some(file) = &args.bundle {
        bundle::write(context, &findings, file, args.change)?;
    }
    Ok(if findings.is_well() { exit::OK } else { exit::ATTENTION })
}

/// One look at everything, or at one account; with `fix` the daemon mends what it stores first.
fn look(context: &Context<'_>, wanted: Option<&str>, fix: bool) -> Result<Findings, Fault> {
    let mut checks = if wanted.is_none() { local::look(context) } else { Vec::new() };
    let mut daemon = match context.open() {
        Ok(daemon) => daemon,
        Err(fault) => {
            checks.insert(0, of_fault("daemon", &fault));
            return Ok(Findings { checks, accounts: Vec::new(), fixed: Vec::new() });
        }
    };
    let accounts = daemon.accounts()?;
    let account_id = match wanted {
        Some(wanted) => Some(daemon.account(Some(wanted))?.id),
        None => None,
    };
    if wanted.is_none() {
        checks.insert(0, version(&daemon));
    }
    let mut fixed = Vec::new();
    let asked = ask(context, &mut daemon, account_id.clone(), fix);
    // an older daemon knows no such wish
    let asked =
        asked.or_else(
            |fault| {
                if fix { ask(context, &mut daemon, account_id, false) } else { Err(fault) }
            },
        );
    match asked {
        Ok(reply) => {
            fixed = reply.fixed;
            // the daemon's own machine first, then this side of it, then the accounts
            let own = reply.checks.iter().take_while(|check| check.account_id.is_none()).count();
            let mut found = reply.checks;
            let accounts_checks = found.split_off(own);
            found.append(&mut checks);
            found.extend(accounts_checks);
            local::without_desktop(&mut found);
            one_version(&mut found);
            checks = found;
        }
        // an old daemon knows no doctor: that is what is to be said, beside its age
        Err(fault) => checks.insert(0, of_fault("daemon", &fault)),
    }
    Ok(Findings { checks, accounts, fixed })
}

/// The daemon's own look; on a terminal a line says how far it is when it takes a while.
fn ask(
    context: &Context<'_>,
    daemon: &mut Daemon,
    account_id: Option<AccountId>,
    fix: bool,
) -> Result<DoctorReply, Fault> {
    let fix = fix.then_some(true);
    if !context.screen.redraws {
        return daemon.call_slow(&DoctorRun { account_id, progress_token: None, fix }, PATIENCE);
    }
    // a token has to differ from those of other looks that are under way
    let token = Some(format!("doctor-{}", std::process::id()));
    let mut progress = Progress::new(context.screen);
    let run = DoctorRun { account_id, progress_token: token, fix };
    daemon.call_watched(&run, PATIENCE, &mut progress)
}

/// The daemon that answers is the one of this version.
fn version(daemon: &Daemon) -> DoctorCheck {
    let (theirs, ours) = (daemon.version(), env!("CARGO_PKG_VERSION"));
    if theirs == ours {
        return good("version", format!("chapard {theirs} = chapar {ours}"));
    }
    found("version", "daemon.older", format!("chapard {theirs} runs, this is chapar {ours}"))
}

/// Equal numbers say nothing of a program that was replaced.
fn one_version(checks: &mut Vec<DoctorCheck>) {
    let is_replaced = checks.iter().any(|it| it.code.as_deref() == Some("daemon.replaced"));
    checks.retain(|it| !is_replaced || it.what != "version" || it.code.is_some());
}

/// A check that is fine.
fn good(what: &str, title: String) -> DoctorCheck {
    DoctorCheck { what: what.to_owned(), state: CheckState::Ok, title, ..DoctorCheck::default() }
}

/// A check that found a condition of the registry.
fn found(what: &str, code: &str, title: String) -> DoctorCheck {
    use chapar_conditions::{Names, Severity, Who};
    use chapar_ipc_protocol::doctor as wire;
    let row = chapar_conditions::find(code);
    let state = match row.map(|row| row.severity) {
        Some(Severity::Info) => CheckState::Ok,
        Some(Severity::Warning) => CheckState::Warning,
        Some(Severity::Error) | None => CheckState::Error,
    };
    let who = row.map(|row| match row.who {
        Who::You => wire::Who::You,
        Who::Admin => wire::Who::Admin,
        Who::Provider => wire::Who::Provider,
        Who::Nobody => wire::Who::Nobody,
        Who::Recipient => wire::Who::Recipient,
    });
    let mut commands =
        row.map(|row| row.commands_for(Names::default())).unwrap_or_default().into_iter();
    let advice = row.map(|row| row.advice().to_owned()).unwrap_or_default();
    let mut remedy = vec![Remedy { title: advice, command: commands.next(), ..Remedy::default() }];
    remedy.extend(commands.map(|command| Remedy {
        title: shell_words(&command),
        command: Some(command),
        ..Remedy::default()
    }));
    DoctorCheck {
        what: what.to_owned(),
        state,
        title,
        code: Some(code.to_owned()),
        who,
        remedy,
        ..DoctorCheck::default()
    }
}

/// A check that ended with a fault of this side.
fn of_fault(what: &str, fault: &Fault) -> DoctorCheck {
    let check = found(what, &fault.code, fault.message.clone());
    DoctorCheck { state: CheckState::Error, detail: fault.detail.clone(), ..check }
}
