//! `chapar outbox`: what waits to be sent, and what became of it.

use chapar_ipc_protocol::id::SubmissionId;
use chapar_ipc_protocol::submission::{
    Delivered, DeliveryStatus, EmailSubmission, Phase, Resolution, SubmissionFilter, SubmissionGet,
    SubmissionPatch, SubmissionQuery, SubmissionSet, UndoStatus,
};
use jiff::{Timestamp, Zoned};
use serde_json::json;

mod counts;

pub(crate) use counts::Counts;

use super::Context;
use crate::args::OutboxCommand;
use crate::ask;
use crate::daemon::{Daemon, fault_of_set};
use crate::error::{Fault, exit};
use crate::render::mail::titled;
use crate::render::said;
use crate::render::table::{Cell, Column, Table};
use crate::render::time::{bytes, count, short};
use crate::screen::{Form, Line, Screen, Style};

/// Phases in which something is still to happen.
const OPEN: [Phase; 3] = [Phase::Queued, Phase::Sending, Phase::Unknown];

/// Runs an outbox command.
pub(crate) fn run(context: &Context<'_>, command: &OutboxCommand) -> Result<u8, Fault> {
    let nothing = SubmissionPatch::default;
    match command {
        OutboxCommand::List { open, limit } => list(context, *open, *limit)?,
        OutboxCommand::Show { id } => {
            let submission = one(&mut context.open()?, id)?;
            show(context.screen, "outbox.show", &submission)?;
        }
        OutboxCommand::Cancel { id, change } => {
            let patch = SubmissionPatch { undo_status: Some(UndoStatus::Canceled), ..nothing() };
            set(context, "cancel", id, patch, change.dry_run)?;
        }
        OutboxCommand::Retry { id, change } => {
            let patch = SubmissionPatch { retry: Some(true), ..nothing() };
            set(context, "retry", id, patch, change.dry_run)?;
        }
        OutboxCommand::Resolve { id, settle, change } => {
            let resolve = if settle.resend { Resolution::Resend } else { Resolution::Sent };
            if settle.resend && !change.dry_run {
                let question = format!("Send {id} again? Some may get it twice.");
                ask::confirm(context.screen, &question, change.yes)?;
            }
            let patch = SubmissionPatch { resolve: Some(resolve), ..nothing() };
            set(context, "resolve", id, patch, change.dry_run)?;
        }
    }
    Ok(exit::OK)
}

fn list(context: &Context<'_>, open: bool, limit: u32) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let account_id = match context.account() {
        Some(wanted) => Some(daemon.account(Some(wanted))?.id),
        None => None,
    };
    let filter = open
        .then(|| SubmissionFilter { phases: Some(OPEN.to_vec()), ..SubmissionFilter::default() });
    let found = daemon.call(&SubmissionQuery {
        account_id,
        filter,
        position: None,
        limit: Some(u64::from(limit).min(500)),
    })?;
    let ids: Vec<SubmissionId> =
        found.ids.iter().map(|id| SubmissionId::from(id.as_str())).collect();
    let mut submissions =
        daemon.get(&SubmissionGet { ids: Some(ids.clone()), ..SubmissionGet::default() })?.list;
    submissions.sort_by_cached_key(|of| ids.iter().position(|id| *id == of.id));
    match screen.form {
        Form::Json => {
            screen.object("outbox.list", json!({"total": found.total, "submissions": submissions}))
        }
        Form::Plain => submissions.iter().try_for_each(|of| {
            screen.fields([
                of.id.as_ref(),
                &plain_words(of),
                &of.send_at,
                &recipients(of),
                &of.subject,
                of.last_reply.as_deref().unwrap_or("-"),
            ])
        }),
        Form::Human if submissions.is_empty() => screen.answer(&Line::of("The outbox is empty.")),
        Form::Human => {
            screen.answers(&list_lines(&submissions, &Zoned::now(), screen.width))?;
            let shown = submissions.len() as u64;
            if let Some(total) = found.total.filter(|total| *total > shown) {
                let more = format!("{shown} of {}", count(total));
                screen.say(&Line::new().with(Style::Dim, more));
            }
            Ok(())
        }
    }
}

fn list_lines(submissions: &[EmailSubmission], now: &Zoned, width: usize) -> Vec<Line> {
    let mut table = Table::new(&[
        Column::left("ID"),
        Column::left("STATE"),
        Column::left("WHEN").goes(2),
        Column::wide("TO").least(12),
        Column::wide("SUBJECT").least(12).goes(1),
    ]);
    for of in submissions {
        let (style, words) = phase_words(of, now);
        let at = of.next_attempt_at.as_ref().unwrap_or(&of.send_at).parse::<Timestamp>();
        table.row([
            Cell::styled(Style::Dim, &of.id.0),
            Cell::styled(style, words),
            at.map_or_else(|_| String::new(), |at| short(at, now)).into(),
            recipients(of).into(),
            titled(Some(&of.subject)).into(),
        ]);
    }
    table.all(width)
}

fn recipients(of: &EmailSubmission) -> String {
    let all: Vec<&str> = of.envelope.rcpt_to.iter().map(|to| to.email.as_str()).collect();
    all.join(", ")
}

/// The phase in words.
fn phase_words(of: &EmailSubmission, now: &Zoned) -> (Style, &'static str) {
    let later = of.send_at.parse::<Timestamp>().is_ok_and(|at| at > now.timestamp());
    match of.phase {
        Phase::Queued if of.attempts > 0 => (Style::Warn, "! retrying"),
        Phase::Queued if later => (Style::Plain, "· scheduled"),
        Phase::Queued => (Style::Plain, "· queued"),
        Phase::Sending => (Style::Plain, "· sending"),
        Phase::Unknown => (Style::Warn, "! unknown"),
        Phase::Sent if refused(of) > 0 => (Style::Warn, "! partly sent"),
        Phase::Sent => (Style::Good, "✓ sent"),
        Phase::Failed => (Style::Bad, "✗ failed"),
        Phase::Canceled => (Style::Dim, "· canceled"),
        Phase::Other => (Style::Plain, "· new state"),
    }
}

/// The phase for programs: the wire's word, or what people see where that says more.
fn plain_words(of: &EmailSubmission) -> String {
    let (_, words) = phase_words(of, &Zoned::now());
    let words = words.trim_start_matches(|c: char| !c.is_alphabetic());
    if of.phase == Phase::Other { of.phase.word().to_owned() } else { words.replace(' ', "-") }
}

fn refused(of: &EmailSubmission) -> usize {
    of.delivery_status.values().filter(|status| status.delivered == Delivered::No).count()
}

/// Whether nothing more is to happen by itself that a sender waits for.
pub(crate) fn is_settled(of: &EmailSubmission) -> bool {
    matches!(of.phase, Phase::Unknown | Phase::Sent | Phase::Failed | Phase::Canceled)
}

/// One submission by id.
pub(crate) fn one(daemon: &mut Daemon, id: &str) -> Result<EmailSubmission, Fault> {
    let get = SubmissionGet { ids: Some(vec![SubmissionId::from(id)]), ..SubmissionGet::default() };
    daemon
        .call(&get)?
        .list
        .into_iter()
        .next()
        .ok_or_else(|| Fault::new("submission.not_found", format!("there is no submission {id:?}")))
}

/// Shows one submission, recipient by recipient.
pub(crate) fn show(screen: &Screen, command: &str, of: &EmailSubmission) -> Result<(), Fault> {
    match screen.form {
        Form::Json => screen.object(
            command,
            json!({"id": of.id, "submission": of, "counts": Counts::of(of).to_json()}),
        ),
        Form::Plain => of.delivery_status.iter().try_for_each(|(address, status)| {
            screen.fields([
                of.id.as_ref(),
                of.phase.word(),
                address,
                status.delivered.word(),
                words_of(status),
            ])
        }),
        Form::Human => screen.answers(&lines(of, &Zoned::now())),
    }
}

/// What was said of a recipient: the server's line, else chapar's own words.
fn words_of(status: &DeliveryStatus) -> &str {
    let own = status.reason.as_deref().filter(|_| status.smtp_reply.is_empty());
    own.unwrap_or(&status.smtp_reply)
}

fn lines(of: &EmailSubmission, now: &Zoned) -> Vec<Line> {
    let (style, words) = phase_words(of, now);
    let mut lines = vec![
        Line::new()
            .with(Style::Strong, of.id.0.clone())
            .text("  ")
            .with(style, words)
            .text(format!("  {}", titled(Some(&of.subject)))),
        Line::new()
            .with(Style::Dim, format!("  Message-ID {} · {}", of.message_id, bytes(of.size))),
    ];
    for (address, status) in &of.delivery_status {
        let (style, words) = match status.delivered {
            Delivered::Queued if of.phase == Phase::Canceled => (Style::Dim, "· not sent"),
            Delivered::Yes => (Style::Good, "✓ accepted"),
            Delivered::No => (Style::Bad, "✗ refused"),
            Delivered::Unknown => (Style::Warn, "! unknown"),
            Delivered::Queued | Delivered::Other => (Style::Plain, "· waiting"),
        };
        let mut line =
            Line::of("  ").with(style, format!("{words:<11}")).text(format!(" {address}"));
        if let Some(own) = status.reason.as_deref() {
            line = line.text(format!("  {own}"));
        }
        if !status.smtp_reply.is_empty() {
            line = line.text(format!("  “{}”", status.smtp_reply));
        }
        lines.push(line);
    }
    let counts = Counts::of(of);
    if counts.are_mixed() {
        lines.push(Line::of(format!("  {counts}")));
    }
    if counts.refused > 0 && counts.are_mixed() {
        lines.push(Line::of(
            "  Those who were refused get nothing. Correct their addresses and send the",
        ));
        lines.push(Line::of("  mail to them alone."));
    }
    if let Some(next) = of.next_attempt_at.as_ref().and_then(|at| at.parse::<Timestamp>().ok()) {
        let why = of.last_reply.as_ref().map_or_else(String::new, |why| format!(": {}", said(why)));
        lines.push(Line::of(format!("  next try {}{why}", short(next, now))));
    }
    // of one recipient it may be unknown while another still waits
    if of.delivery_status.values().any(|status| status.delivered == Delivered::Unknown) {
        let over = of.phase == Phase::Unknown && of.next_attempt_at.is_none();
        lines.push(Line::of(if over {
            "  The server cannot tell whether it was sent. Say what you know:"
        } else {
            "  Being looked for in Sent. If you know more:"
        }));
        lines.push(Line::of(format!("    chapar outbox resolve {} --sent", of.id)));
        lines.push(Line::of(format!("    chapar outbox resolve {} --resend", of.id)));
    }
    if of.phase == Phase::Queued {
        let undo = format!("  Undo:  chapar outbox cancel {}", of.id);
        lines.push(Line::new().with(Style::Dim, undo));
    }
    lines
}

/// Changes one submission and shows what became of it.
fn set(
    context: &Context<'_>,
    verb: &str,
    id: &str,
    patch: SubmissionPatch,
    dry_run: bool,
) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let command = format!("outbox.{verb}");
    let before = one(&mut daemon, id)?;
    if dry_run {
        return match screen.form {
            Form::Json => screen.object(&command, json!({"dryRun": true, "submission": before})),
            _ => screen.answer(&Line::of(format!("Would {verb} {id}: {}", before.subject))),
        };
    }
    let reply = daemon.call(&SubmissionSet {
        update: Some([(before.id.clone(), patch)].into()),
        ..SubmissionSet::default()
    })?;
    if let Some(error) = reply.not_updated.get(&before.id.0) {
        return Err(fault_of_set(error));
    }
    let after = one(&mut daemon, id)?;
    show(screen, &command, &after)
}
