//! `chapar send`: gather the mail, hand it over, tell what became of it.

mod address;
mod attach;
mod hold;

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::email::{Email, EmailAddress, EmailSend, SendReply};
use chapar_ipc_protocol::event::{EventData, EventGet};
use chapar_ipc_protocol::id::Cursor;
use chapar_ipc_protocol::submission::{Delivered, EmailSubmission, Phase};
use jiff::{Timestamp, Zoned};
use serde_json::json;

use self::hold::Hold;
use super::{Context, lookalike, mail, outbox};
use crate::args::SendArgs;
use crate::daemon::Daemon;
use crate::error::{Fault, exit};
use crate::render::time::short;
use crate::screen::{Form, Line, Screen, Style};
use crate::when;

/// Largest text or HTML: what fits one message of the protocol beside the rest.
const TEXT_LIMIT: u64 = 700 << 10;
/// How long one wait for news about a submission takes.
const NEWS_WAIT: Duration = Duration::from_secs(2);

/// Sends a mail.
pub(crate) fn run(context: &Context<'_>, args: &SendArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let mut request = gather(args)?;
    let files = attach::check(&args.attach)?;
    let mut daemon = context.open()?;
    let answered = args.reply_to.as_deref().map(|id| mail::one(&mut daemon, id)).transpose()?;
    let account = whose(&mut daemon, context.account(), answered.as_ref())?;
    request.account_id = account.id.clone();
    if let Some(answered) = &answered {
        answer(&mut request, answered, &account, args.all);
    }
    check_recipients(&request)?;
    let to = [&request.to, &request.cc, &request.bcc].into_iter().flatten().flatten();
    let lookalikes = lookalike::among(&mut daemon, to.map(|to| to.email.as_str()))?;
    lookalike::tell(screen, &lookalikes);
    if args.change.dry_run {
        return preview(screen, &request, &account, &files).map(|()| exit::OK);
    }
    for file in &files {
        request.attachments.get_or_insert_default().push(file.upload(context)?);
    }
    let cursor = daemon.call(&EventGet { limit: Some(1), ..EventGet::default() })?.cursor;
    let reply = daemon.call(&request).map_err(not_taken)?;
    // it may have been paused or have lost its servers since it was looked up
    let account = daemon.account(Some(&account.id.0))?;
    let hold = held_up(&reply, &account);
    if args.wait {
        screen.say(&queued_line(&reply, "waiting for the server's answer"));
        let limit = context.global.timeout;
        let id = reply.submission_id.0.clone();
        let ended = wait(screen, &mut daemon, reply.submission, cursor, limit)
            .map_err(|fault| still_queued(fault, &id))?;
        outbox::show(screen, "send", &ended)?;
        return Ok(exit_of(&ended));
    }
    match screen.form {
        Form::Json => {
            let members = json!({
                "id": reply.submission_id, "existing": reply.existing,
                "submission": reply.submission,
                "waitsFor": hold.as_ref().map(Hold::to_json),
            });
            screen.object("send", members)?;
        }
        Form::Plain => {
            screen.fields([reply.submission_id.as_ref(), reply.submission.phase.word()])?;
        }
        Form::Human => {
            let then = if hold.is_some() { "not sent yet" } else { "sending in the background" };
            screen.answer(&queued_line(&reply, then))?;
        }
    }
    if let Some(hold) = hold {
        hold.tell(screen);
    }
    Ok(exit::OK)
}

/// The account that sends: the one that is named, the one that has the mail that is answered, the
/// only one.
fn whose(
    daemon: &mut Daemon,
    named: Option<&str>,
    answered: Option<&Email>,
) -> Result<Account, Fault> {
    let Some(answered) = answered else { return daemon.account(named) };
    let own = daemon.account(Some(&answered.account_id.0))?;
    let Some(named) = named else { return Ok(own) };
    let wanted = daemon.account(Some(named))?;
    if wanted.id == own.id {
        return Ok(own);
    }
    let message = format!("{} is in {}, not in {}", answered.id, own.name, wanted.name);
    Err(Fault::new("input.data", message)
        .without_commands()
        .hint(format!("answer it from there:  -a {}", own.name)))
}

/// Why a mail was not taken, or that it is not known whether it was.
fn not_taken(fault: Fault) -> Fault {
    if fault.code.starts_with("store.") {
        return fault.hint("this mail was not taken: send it again after that");
    }
    if !["socket.closed", "socket.timeout"].contains(&fault.code.as_str()) {
        return fault;
    }
    fault
        .without_commands()
        .hint("it is not known whether the mail was queued: look before you send it again")
        .try_command(["chapar", "outbox", "list"])
        .hint("with --key KEY a second call never sends a second mail")
}

/// A wait that broke off ends nothing for the mail.
fn still_queued(fault: Fault, id: &str) -> Fault {
    if !["socket.closed", "socket.absent", "daemon.stopping"].contains(&fault.code.as_str()) {
        return fault;
    }
    fault
        .without_commands()
        .hint(format!(
            "{id} is in the outbox and goes on with the next chapard: do not send it again"
        ))
        .try_command(["chapar", "outbox", "show", id])
}

/// What the flags and standard input say.
fn gather(args: &SendArgs) -> Result<EmailSend, Fault> {
    let list = |texts: &[String]| -> Result<Option<Vec<EmailAddress>>, Fault> {
        let parsed = address::parse_all(texts)?;
        Ok((!parsed.is_empty()).then_some(parsed))
    };
    let send_at = match &args.at {
        None => None,
        Some(text) => {
            let at = when::parse_at(text, &Zoned::now())
                .map_err(|cause| Fault::new("input.time", cause.to_string()).without_commands())?;
            Some(at.to_string())
        }
    };
    let subject = args.subject.clone();
    if subject.as_ref().is_some_and(|subject| subject.contains(['\r', '\n', '\0'])) {
        return Err(
            Fault::new("input.data", "the subject has a line end or NUL in it").without_commands()
        );
    }
    let html = args.html.as_deref().map(read_text).transpose()?;
    let text = match (&args.message, &args.text) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(path)) if path.as_os_str() == "-" => Some(read_stdin()?),
        (None, Some(path)) => Some(read_text(path)?),
        (None, None) if html.is_none() && !std::io::stdin().is_terminal() => Some(read_stdin()?),
        (None, None) => None,
    };
    if text.as_ref().is_none_or(String::is_empty) && html.is_none() && args.attach.is_empty() {
        let named = args.message.is_some() || args.text.is_some();
        return Err(if named { empty_text() } else { missing_text() });
    }
    Ok(EmailSend {
        to: list(&args.to)?,
        cc: list(&args.cc)?,
        bcc: list(&args.bcc)?,
        subject,
        text,
        html,
        send_at,
        idempotency_key: args.key.clone(),
        ..EmailSend::default()
    })
}

fn missing_text() -> Fault {
    Fault::missing("the text", "--text FILE, --text - or -m TEXT")
}

/// A mail of nothing is a mistake: most often of a pipe whose first program failed.
fn empty_text() -> Fault {
    Fault::new("input.data", "the text is empty")
        .without_commands()
        .hint("write it to the file or the standard input that --text names, or give -m TEXT")
        .hint("only --html or --attach goes without a text")
}

fn read_stdin() -> Result<String, Fault> {
    limited(std::io::stdin().lock(), "standard input", |cause| {
        Fault::new("input.file", "could not read standard input").because(cause.to_string())
    })
}

fn read_text(path: &Path) -> Result<String, Fault> {
    let file = File::open(path).map_err(|cause| Fault::file(path, &cause))?;
    limited(file, &path.display().to_string(), |cause| Fault::file(path, cause))
}

fn limited(
    from: impl Read,
    name: &str,
    failed: impl Fn(&std::io::Error) -> Fault,
) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    from.take(TEXT_LIMIT + 1).read_to_end(&mut bytes).map_err(|cause| failed(&cause))?;
    let refused = |why: String| Fault::new("input.data", why).without_commands();
    if bytes.len() as u64 > TEXT_LIMIT {
        return Err(refused(format!("{name} is longer than {TEXT_LIMIT} bytes"))
            .hint("send it as a file: --attach FILE"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| refused(format!("{name} is not text in UTF-8")).hint("use --attach FILE"))?;
    if text.contains('\0') {
        return Err(refused(format!("{name} has NUL in it")).hint("use --attach FILE"));
    }
    Ok(text)
}

/// Takes recipients, subject and threading from the mail that is answered; flags win.
fn answer(request: &mut EmailSend, answered: &Email, account: &Account, all: bool) {
    request.in_reply_to = Some(answered.id.0.clone());
    if request.to.is_none() {
        let reply_to = answered.reply_to.clone().filter(|list| !list.is_empty());
        request.to = reply_to.or_else(|| answered.from.clone());
    }
    if all {
        let others = answered.to.iter().chain(&answered.cc).flatten();
        let mut cc = request.cc.take().unwrap_or_default();
        for other in others {
            let known = request.to.iter().flatten().chain(&cc).any(|known| same(known, other));
            if !known && !other.email.eq_ignore_ascii_case(&account.email) {
                cc.push(other.clone());
            }
        }
        request.cc = (!cc.is_empty()).then_some(cc);
    }
    if request.subject.is_none() {
        let subject = answered.subject.as_deref().unwrap_or_default().trim();
        let is_reply = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
        request.subject =
            Some(if is_reply { subject.to_owned() } else { format!("Re: {subject}") });
    }
}

fn same(one: &EmailAddress, other: &EmailAddress) -> bool {
    one.email.eq_ignore_ascii_case(&other.email)
}

fn check_recipients(request: &EmailSend) -> Result<(), Fault> {
    if [&request.to, &request.cc, &request.bcc].iter().any(|list| list.is_some()) {
        return Ok(());
    }
    Err(Fault::missing("a recipient", "--to ADDRESS"))
}

fn preview(
    screen: &Screen,
    request: &EmailSend,
    account: &Account,
    files: &[attach::Attachment],
) -> Result<(), Fault> {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    if screen.form == Form::Json {
        let members = json!({"dryRun": true, "request": request, "attach": names});
        return screen.object("send", members);
    }
    let people = |list: &Option<Vec<EmailAddress>>| -> String {
        let all: Vec<&str> = list.iter().flatten().map(|to| to.email.as_str()).collect();
        all.join(", ")
    };
    let at = request.send_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let at = at.map(|at| short(at, &Zoned::now()));
    let mut lines = vec![Line::of(format!("Would send from {}:", account.email))];
    for (name, value) in [
        ("To", people(&request.to)),
        ("Cc", people(&request.cc)),
        ("Bcc", people(&request.bcc)),
        ("Subject", request.subject.clone().unwrap_or_default()),
        ("At", at.unwrap_or_default()),
        ("Attached", names.join(", ")),
    ] {
        if !value.is_empty() {
            lines.push(Line::new().with(Style::Dim, format!("  {name:<9}")).text(value));
        }
    }
    screen.answers(&lines)
}

/// What keeps a mail from being sent that was just handed over.
fn held_up(reply: &SendReply, account: &Account) -> Option<Hold> {
    Hold::of(account).filter(|_| !outbox::is_settled(&reply.submission))
}

/// That the mail is in the outbox, and what happens `then`.
fn queued_line(reply: &SendReply, then: &str) -> Line {
    let id = &reply.submission_id;
    if reply.existing {
        return Line::of(format!(
            "{id} was queued before with this key; chapar does not send it a second time."
        ));
    }
    let now = Zoned::now();
    let at = reply.submission.send_at.parse::<Timestamp>().ok();
    match at.filter(|at| *at > now.timestamp() + jiff::SignedDuration::from_secs(5)) {
        Some(at) => Line::of(format!(
            "Scheduled {id} for {}.  Undo:  chapar outbox cancel {id}",
            short(at, &now)
        )),
        None => Line::of(format!("Queued as {id}; {then}.  See:  chapar outbox show {id}")),
    }
}

/// Waits until every recipient is accepted, refused or unknown.
fn wait(
    screen: &Screen,
    daemon: &mut Daemon,
    mut submission: EmailSubmission,
    mut cursor: Cursor,
    limit: Option<Duration>,
) -> Result<EmailSubmission, Fault> {
    let began = Instant::now();
    let mut told = String::new();
    loop {
        if outbox::is_settled(&submission) {
            return Ok(submission);
        }
        let hold = Hold::of(&daemon.account(Some(&submission.account_id.0))?);
        if let Some(hold) = hold.filter(|hold| hold.ends_waiting_for(&submission)) {
            return Err(hold.into_fault(&submission));
        }
        let left = limit.map_or(NEWS_WAIT, |limit| limit.saturating_sub(began.elapsed()));
        if left.is_zero() {
            let counts = outbox::Counts::of(&submission);
            let message = if counts.are_mixed() {
                format!(
                    "{} is not sent to all yet ({counts}); it stays in the outbox",
                    submission.id
                )
            } else {
                format!("{} is not sent yet; it stays in the outbox", submission.id)
            };
            return Err(Fault::new("socket.timeout", message).without_commands().try_command([
                "chapar",
                "outbox",
                "show",
                &submission.id.0,
            ]));
        }
        let pause = left.min(NEWS_WAIT);
        let news = daemon.call_slow(
            &EventGet {
                since: Some(cursor),
                types: Some(vec!["submission.".to_owned()]),
                account_ids: Some(vec![submission.account_id.clone()]),
                limit: None,
                wait_ms: u64::try_from(pause.as_millis()).ok(),
            },
            pause,
        )?;
        for event in &news.events {
            if let EventData::SubmissionDeferred(deferred) = &event.data
                && deferred.submission_id == submission.id
                && deferred.reply != told
            {
                told.clone_from(&deferred.reply);
                let said = crate::render::said(&deferred.reply);
                screen.caution(&format!("Not sent yet: {said}. chapar tries again by itself."));
            }
        }
        cursor = news.cursor;
        submission = outbox::one(daemon, &submission.id.0)?;
    }
}

/// The exit code of a settled submission: the worst of its recipients.
fn exit_of(submission: &EmailSubmission) -> u8 {
    let any = |what| submission.delivery_status.values().any(|status| status.delivered == what);
    match submission.phase {
        Phase::Unknown | Phase::Canceled => exit::TEMPORARY,
        Phase::Failed => exit::BAD_DATA,
        _ if any(Delivered::No) => exit::BAD_DATA,
        _ if any(Delivered::Unknown) => exit::TEMPORARY,
        _ => exit::OK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::id::EmailId;

    fn person(email: &str) -> EmailAddress {
        EmailAddress { name: None, email: email.to_owned() }
    }

    fn answered() -> Email {
        Email {
            id: EmailId::from("M9"),
            from: Some(vec![person("ada@x.example")]),
            to: Some(vec![person("me@x.example"), person("bo@x.example")]),
            cc: Some(vec![person("ADA@x.example"), person("cy@x.example")]),
            subject: Some("Quote".to_owned()),
            ..Email::default()
        }
    }

    fn me() -> Account {
        Account { email: "Me@x.example".to_owned(), ..Account::default() }
    }

    #[test]
    fn an_answer_takes_what_it_needs_from_the_mail() {
        let mut request = EmailSend::default();
        answer(&mut request, &answered(), &me(), false);
        assert_eq!(request.to, Some(vec![person("ada@x.example")]));
        assert_eq!((request.cc, request.subject), (None, Some("Re: Quote".to_owned())));
        assert_eq!(request.in_reply_to.as_deref(), Some("M9"));
    }

    #[test]
    fn an_answer_to_all_leaves_oneself_and_doubles_out() {
        let mut request = EmailSend { subject: Some("own".to_owned()), ..EmailSend::default() };
        answer(&mut request, &answered(), &me(), true);
        assert_eq!(request.cc, Some(vec![person("bo@x.example"), person("cy@x.example")]));
        assert_eq!(request.subject.as_deref(), Some("own"));
        let mut again = EmailSend::default();
        let known = Email { subject: Some("RE: x".to_owned()), ..answered() };
        answer(&mut again, &known, &me(), false);
        assert_eq!(again.subject.as_deref(), Some("RE: x"));
    }
}
