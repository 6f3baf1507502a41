//! `chapar` alone and `chapar status`: every account, the outbox, the daemon.

use std::time::Duration;

use chapar_ipc_protocol::account::{Account, AccountGet, AccountState, Health, Severity};
use chapar_ipc_protocol::doctor::Who;
use chapar_ipc_protocol::event::EventGet;
use chapar_ipc_protocol::status::{Status, StatusReply};
use jiff::{SignedDuration, Timestamp, Zoned};
use serde_json::json;

use super::Context;
use crate::args::StatusArgs;
use crate::daemon::Daemon;
use crate::error::{Fault, exit, shell_words};
use crate::render::detail::detail_lines;
use crate::render::table::{Cell, Column, Table};
use crate::render::time::{ago, bytes, count, span};
use crate::screen::{Form, Line, MOST_TEXT, Style, columns, wrap};

/// `status --watch` redraws at most twice a second.
const REDRAW: Duration = Duration::from_millis(500);
/// How long one wait for news may take; ages are redrawn after it anyway.
const NEWS_WAIT: Duration = Duration::from_secs(5);

/// Shows the status once, again and again, or as an exit code.
pub(crate) fn run(context: &Context<'_>, args: &StatusArgs) -> Result<u8, Fault> {
    let wanted = context.named(args.account.as_deref())?;
    let mut daemon = if args.check { context.running() } else { context.open() }?;
    if args.check {
        return check(context, &mut daemon, wanted);
    }
    if args.watch {
        return watch(context, &mut daemon, wanted);
    }
    let status = ask(&mut daemon, wanted)?;
    show(context, &status)?;
    Ok(exit::OK)
}

/// What `chapar` alone shows: the welcome while there is no account, else the status and hints.
pub(crate) fn overview(context: &Context<'_>) -> Result<u8, Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let status = ask(&mut daemon, context.account())?;
    if !status.accounts.is_empty() || screen.form != Form::Human {
        show(context, &status)?;
        if !status.accounts.is_empty() {
            screen.say(&Line::new());
            screen.say(&Line::new().with(
                Style::Dim,
                "Next:  chapar mail list   ·   chapar send --to someone@example.org",
            ));
        }
        return Ok(exit::OK);
    }
    drop(daemon);
    screen.answers(&[
        Line::of("Welcome to chapar. No mailbox is connected yet."),
        Line::new(),
        Line::of("  chapar connect you@example.org     connect your mailbox (2 minutes)"),
        Line::of("  chapar help connect                what is asked and what is stored"),
    ])?;
    if !screen.asks {
        return Ok(exit::OK);
    }
    screen.answer(&Line::new())?;
    let address = crate::ask::optional(screen, "Connect which address? (empty = leave)")?;
    if address.is_empty() {
        return Ok(exit::OK);
    }
    super::connect::by_address(context, &address)
}

fn ask(daemon: &mut Daemon, wanted: Option<&str>) -> Result<StatusReply, Fault> {
    let mut status = daemon.call(&Status {})?;
    status.health.extend(older(daemon.version(), env!("CARGO_PKG_VERSION")));
    if !status.not_fetched.is_empty() {
        let ids = std::mem::take(&mut status.not_fetched).into_iter().map(Into::into).collect();
        let get = AccountGet { ids: Some(ids), properties: None };
        status.accounts.extend(daemon.get(&get)?.list);
    }
    if let Some(wanted) = wanted {
        let id = daemon.account(Some(wanted))?.id;
        status.accounts.retain(|account| account.id == id);
    }
    Ok(status)
}

/// The condition that the daemon is not of this program's version.
fn older(theirs: &str, ours: &str) -> Option<Health> {
    let row = chapar_conditions::find("daemon.older").filter(|_| theirs != ours)?;
    Some(Health {
        code: row.code.to_owned(),
        severity: Severity::Warning,
        title: row.title.to_owned(),
        detail: Some(format!("chapard is {theirs}, chapar is {ours}")),
        who: Some(Who::You),
        remedy: vec![["chapar", "service", "restart"].map(str::to_owned).to_vec()],
        ..Health::default()
    })
}

fn check(context: &Context<'_>, daemon: &mut Daemon, wanted: Option<&str>) -> Result<u8, Fault> {
    let status = ask(daemon, wanted)?;
    let ill: Vec<&Account> =
        status.accounts.iter().filter(|account| needs_person(account)).collect();
    let unknown = status.outbox.unknown;
    let machine: Vec<&Health> =
        status.health.iter().filter(|health| health.severity == Severity::Error).collect();
    let well = ill.is_empty() && machine.is_empty() && unknown == 0 && status.outbox.failed == 0;
    let line = if well {
        Line::new()
            .with(Style::Good, "✓")
            .text(format!(" {}, nothing needs you", accounts(status.accounts.len())))
    } else {
        let mut parts: Vec<String> = ill
            .iter()
            .map(|account| format!("{}: {}", account.name, state_words(account)))
            .collect();
        parts.extend(machine.iter().map(|health| format!("this machine: {}", health.title)));
        if unknown > 0 {
            parts.push(format!("outbox: {unknown} unknown"));
        }
        if status.outbox.failed > 0 {
            parts.push(format!("outbox: {} failed", status.outbox.failed));
        }
        Line::new().with(Style::Warn, "!").text(format!(" {}", parts.join(" · ")))
    };
    match context.screen.form {
        Form::Json => {
            let mut members = serde_json::to_value(&status).unwrap_or_default();
            if let Some(members) = members.as_object_mut() {
                members.insert("ok".to_owned(), json!(well));
            }
            context.screen.object("status", members)?;
        }
        Form::Human | Form::Plain => context.screen.answer(&line)?,
    }
    Ok(if well { exit::OK } else { exit::ATTENTION })
}

fn accounts(number: usize) -> String {
    if number == 1 { "1 account".to_owned() } else { format!("{number} accounts") }
}

/// Redraws whenever something happened; ends only with Ctrl-C or the daemon.
fn watch(context: &Context<'_>, daemon: &mut Daemon, wanted: Option<&str>) -> Result<u8, Fault> {
    let screen = context.screen;
    let mut cursor = daemon.call(&EventGet { limit: Some(1), ..EventGet::default() })?.cursor;
    loop {
        let status = ask(daemon, wanted)?;
        if screen.form == Form::Human && screen.out.terminal {
            screen.raw(b"\x1b[H\x1b[2J")?;
        }
        show(context, &status)?;
        screen.flush()?;
        let began = std::time::Instant::now();
        let news = EventGet {
            since: Some(cursor.clone()),
            limit: Some(500),
            wait_ms: u64::try_from(NEWS_WAIT.as_millis()).ok(),
            ..EventGet::default()
        };
        cursor = daemon.call_slow(&news, NEWS_WAIT)?.cursor;
        std::thread::sleep(REDRAW.saturating_sub(began.elapsed()));
    }
}

fn show(context: &Context<'_>, status: &StatusReply) -> Result<(), Fault> {
    let screen = context.screen;
    match screen.form {
        Form::Json => screen.object("status", serde_json::to_value(status).unwrap_or_default()),
        Form::Plain => status.accounts.iter().try_for_each(|account| {
            screen.fields([
                account.id.as_ref(),
                &account.name,
                &account.email,
                account.state.word(),
                &account.mails.to_string(),
                account.last_check.as_deref().unwrap_or("-"),
                account.push.as_deref().unwrap_or("-"),
            ])
        }),
        Form::Human => screen.answers(&lines(status, &Zoned::now(), screen.width)),
    }
}

/// The whole status for a person.
fn lines(status: &StatusReply, now: &Zoned, width: usize) -> Vec<Line> {
    let mut table = Table::new(&[
        Column::wide("ACCOUNT"),
        Column::left("STATE"),
        Column::right("MAIL").goes(1),
        Column::left("CHECKED").goes(2),
        Column::left("LAST NEW").goes(3),
        Column::wide("PUSH").goes(4),
    ]);
    for account in &status.accounts {
        table.row(row(account, now));
    }
    let mut lines = Vec::new();
    if status.accounts.is_empty() {
        lines.push(Line::of("No mailbox is connected.  chapar connect you@example.org"));
    } else {
        lines.push(table.heading(width));
    }
    for (account, line) in status.accounts.iter().zip(table.lines(width)) {
        lines.push(line);
        lines.extend(
            account
                .health
                .iter()
                .flat_map(|health| health_lines(health, width, Some(who_said(health)))),
        );
        lines.extend(progress_line(account));
        lines.extend(mended_line(account));
    }
    lines.push(Line::new());
    lines.push(outbox_line(status));
    let daemon = daemon_line(status);
    let fits = columns(&daemon) <= width;
    let daemon = if fits { vec![daemon] } else { wrap(&daemon, width) };
    lines.extend(daemon.into_iter().map(Line::of));
    lines.extend(status.health.iter().flat_map(|health| machine_lines(health, width)));
    lines
}

fn row(account: &Account, now: &Zoned) -> Vec<Cell> {
    let when = |at: &Option<String>| {
        let at = at.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
        at.map_or_else(|| "–".to_owned(), |at| ago(at, now))
    };
    vec![
        format!("{}  {}", account.name, account.email).into(),
        Cell::styled(state_style(account.state), state_words(account)),
        count(account.mails).into(),
        when(&account.last_check).into(),
        when(&account.last_new).into(),
        account.push.as_deref().unwrap_or("–").into(),
    ]
}

fn state_style(state: AccountState) -> Style {
    match state {
        AccountState::Live => Style::Good,
        AccountState::AuthExpired | AccountState::SettingsWrong => Style::Bad,
        AccountState::Offline | AccountState::Throttled => Style::Warn,
        AccountState::Connecting
        | AccountState::Syncing
        | AccountState::Paused
        | AccountState::Other => Style::Plain,
    }
}

/// The state in words, with a mark that means the same without colour.
fn state_words(account: &Account) -> &'static str {
    match account.state {
        AccountState::Connecting => "· connecting",
        AccountState::Syncing => "· first sync",
        AccountState::Live => "✓ live",
        AccountState::Offline => "! offline",
        AccountState::Throttled => "! slowed down",
        AccountState::AuthExpired => "✗ sign in again",
        AccountState::SettingsWrong => "✗ wrong setting",
        AccountState::Paused => "· paused",
        AccountState::Other => "· new state",
    }
}

fn needs_person(account: &Account) -> bool {
    matches!(account.state, AccountState::AuthExpired | AccountState::SettingsWrong)
        || account.health.iter().any(|health| health.severity == Severity::Error)
}

/// A condition of this machine; its detail is chapar's own.
fn machine_lines(health: &Health, width: usize) -> Vec<Line> {
    let mark = if health.severity == Severity::Error { "✗" } else { "!" };
    let heading = Line::new().with(style_of(health), format!("{mark} This machine"));
    std::iter::once(heading).chain(health_lines(health, width, None)).collect()
}

/// Whose words the detail of an account's condition is: what the network or this machine's disk did
/// was said by nobody.
fn who_said(health: &Health) -> &'static str {
    let own = ["net.", "store.", "secrets."].iter().any(|area| health.code.starts_with(area));
    if own { "" } else { "Provider said: " }
}

fn style_of(health: &Health) -> Style {
    if health.severity == Severity::Error { Style::Bad } else { Style::Warn }
}

fn health_lines(health: &Health, width: usize, who: Option<&str>) -> Vec<Line> {
    let width = width.min(MOST_TEXT);
    let style = style_of(health);
    let room = width.saturating_sub(6);
    let mut lines: Vec<Line> = wrap(&health.title, room)
        .into_iter()
        .map(|text| Line::of("      ").with(style, text))
        .collect();
    if let Some(detail) = &health.detail {
        match who {
            Some(who) => lines.extend(detail_lines(detail, who, 6, width)),
            // chapar's own words stand by themselves
            None => lines.extend(
                wrap(detail, room).into_iter().map(|text| Line::of(format!("      {text}"))),
            ),
        }
    }
    // whose job it is, where it is somebody else's
    let whose = match health.who {
        Some(Who::Admin) => Some("Who can fix it: your administrator."),
        Some(Who::Provider) => Some("Who can fix it: your provider."),
        Some(Who::Recipient) => Some("Who can fix it: the recipient or their provider."),
        Some(Who::Nobody) => Some("Nothing to do: chapar retries."),
        Some(Who::You | Who::Other) | None => None,
    };
    lines.extend(whose.map(|whose| Line::of("      ").with(Style::Dim, whose)));
    for command in &health.remedy {
        let fix = Line::of("      Fix:  ").with(Style::Strong, shell_words(command));
        lines.push(fix);
    }
    if health.remedy.is_empty() {
        let help = format!("      chapar help {}", health.code);
        lines.push(Line::new().with(Style::Dim, help));
    }
    lines
}

fn progress_line(account: &Account) -> Option<Line> {
    let progress = account.progress.as_ref()?;
    let mut text = format!("      {}/{} mails", count(progress.done), count(progress.total));
    if let Some(mailbox) = &progress.mailbox {
        text = format!("{text}   {mailbox}");
    }
    if let Some(cause) = &progress.stalled {
        text = format!("{text}   waiting: {cause}");
    }
    Some(Line::of(text))
}

/// What of the mirror had to be mended.
fn mended_line(account: &Account) -> Option<Line> {
    let mended = account.aside.mended;
    let mails = if mended == 1 { "mail" } else { "mails" };
    let text = format!("      {} {mails} differed from the server and were mended", count(mended));
    (mended > 0).then(|| Line::new().with(Style::Dim, text))
}

fn outbox_line(status: &StatusReply) -> Line {
    let outbox = &status.outbox;
    let parts: Vec<String> = [
        (outbox.sending, "being sent"),
        (outbox.waiting, "waiting"),
        (outbox.scheduled, "scheduled"),
        (outbox.unknown, "unknown"),
        (outbox.failed, "failed"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{number} {word}"))
    .collect();
    if parts.is_empty() {
        return Line::of("Outbox  empty");
    }
    let style = if outbox.unknown + outbox.failed > 0 { Style::Warn } else { Style::Plain };
    Line::of("Outbox  ").with(style, parts.join(" · "))
}

fn daemon_line(status: &StatusReply) -> String {
    let daemon = &status.daemon;
    let uptime = SignedDuration::from_millis(i64::try_from(daemon.uptime_ms).unwrap_or(i64::MAX));
    format!(
        "Daemon  chapard {}, up {}, {} memory, {} on disk",
        daemon.version,
        span(uptime),
        bytes(daemon.rss_bytes),
        bytes(daemon.disk_bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::id::AccountId;
    use chapar_ipc_protocol::status::{DaemonStatus, OutboxStatus};

    fn status() -> StatusReply {
        let live = Account {
            id: AccountId::from("a1"),
            name: "work".to_owned(),
            email: "ana@contoso.example".to_owned(),
            state: AccountState::Live,
            mails: 1500,
            last_check: Some("2026-11-22T10:59:48Z".to_owned()),
            last_new: Some("2026-11-22T10:56:00Z".to_owned()),
            push: Some("IDLE, INBOX".to_owned()),
            ..Account::default()
        };
        let expired = Account {
            name: "old".to_owned(),
            email: "ana@smallfirm.example".to_owned(),
            state: AccountState::AuthExpired,
            mails: 1212,
            push: None,
            health: vec![Health {
                code: "imap.auth".to_owned(),
                severity: Severity::Error,
                title: "Sign in again".to_owned(),
                detail: Some("[AUTHENTICATIONFAILED] no\u{1b}[2J".to_owned()),
                remedy: vec![
                    ["chapar", "account", "update", "old", "--password"]
                        .map(str::to_owned)
                        .to_vec(),
                ],
                ..Health::default()
            }],
            ..live.clone()
        };
        StatusReply {
            daemon: DaemonStatus {
                version: "0.1.0".to_owned(),
                rss_bytes: 9_800_000,
                uptime_ms: 518_400_000,
                disk_bytes: 61_000_000,
                ..DaemonStatus::default()
            },
            accounts: vec![live, expired],
            not_fetched: vec![],
            outbox: OutboxStatus { waiting: 1, scheduled: 2, ..OutboxStatus::default() },
            health: Vec::new(),
        }
    }

    #[test]
    fn the_status_at_eighty_columns() {
        let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Prague]".parse().unwrap();
        let text: String = lines(&status(), &now, 80)
            .iter()
            .map(|l| l.paint(crate::screen::Paper::default()) + "\n")
            .collect();
        let expected = "\
ACCOUNT                 STATE             MAIL  CHECKED   LAST NEW   PUSH
work  ana@contoso.exa…  ✓ live           1,500  12 s ago  4 min ago  IDLE, INBOX
old  ana@smallfirm.ex…  ✗ sign in again  1,212  12 s ago  4 min ago  –
      Sign in again
      Provider said: “[AUTHENTICATIONFAILED] no”
      Fix:  chapar account update old --password

Outbox  1 waiting · 2 scheduled
Daemon  chapard 0.1.0, up 6 days, 9.8 MB memory, 61 MB on disk
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_wrong_with_the_machine_is_said_beside_the_accounts() {
        let mut status = status();
        status.health = vec![Health {
            code: "store.full".to_owned(),
            severity: Severity::Error,
            title: "The disk is full".to_owned(),
            detail: Some("/home has 0 MB free".to_owned()),
            remedy: vec![["df", "-h"].map(str::to_owned).to_vec()],
            ..Health::default()
        }];
        status.health.extend(older("0.0.9", "0.1.0"));
        assert!(older("0.1.0", "0.1.0").is_none());
        let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Prague]".parse().unwrap();
        let text: String = lines(&status, &now, 80)
            .iter()
            .map(|l| l.paint(crate::screen::Paper::default()) + "\n")
            .collect();
        let expected = "\
✗ This machine
      The disk is full
      /home has 0 MB free
      Fix:  df -h
! This machine
      chapard is not the version of chapar
      chapard is 0.0.9, chapar is 0.1.0
      Fix:  chapar service restart
";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn who_needs_a_person() {
        let accounts = status().accounts;
        assert_eq!(accounts.iter().map(needs_person).collect::<Vec<_>>(), [false, true]);
    }
}
