//! One mail or one conversation, as text.

use std::io::Read;

use chapar_ipc_protocol::blob::BlobOpen;
use chapar_ipc_protocol::email::Email;
use chapar_ipc_protocol::id::{BlobId, EmailId, ThreadId};
use chapar_ipc_protocol::standard::MAX_OBJECTS;
use chapar_ipc_protocol::thread::ThreadGet;
use jiff::Timestamp;
use serde_json::json;

use super::export::broken;
use super::{one, page, read, unknown};
use crate::args::{ShowArgs, ThreadArgs};
use crate::commands::Context;
use crate::daemon::{Daemon, fault_of};
use crate::error::Fault;
use crate::hygiene::{Lines, clean};
use crate::render::mail::{deceits, people, titled};
use crate::render::time::{bytes, full};
use crate::screen::{Form, Line, Screen, Style, cut};

/// Attachments that the header of a mail names; more are counted.
const ATTACHED: usize = 10;
/// Columns of the name of an attachment there.
const NAME: usize = 50;

pub(super) fn show(context: &Context<'_>, args: &ShowArgs) -> Result<(), Fault> {
    if args.html {
        return page::open(context, &args.id);
    }
    let screen = context.screen;
    let mut daemon = context.open()?;
    let mut found = read(&mut daemon, &[EmailId::from(args.id.as_str())])?;
    let email = found.pop().ok_or_else(|| unknown(&args.id))?;
    let headers = if args.headers { Some(raw_headers(daemon, &email.id)?) } else { None };
    if screen.form == Form::Json {
        let mut members = json!({"email": email});
        if let (Some(headers), Some(members)) = (&headers, members.as_object_mut()) {
            members.insert("headers".to_owned(), json!(headers));
        }
        return screen.object("mail.show", members);
    }
    match headers {
        Some(headers) => screen.body(headers.trim_end())?,
        None => screen.answers(&header_lines(&email))?,
    }
    screen.answer(&Line::new())?;
    show_body(screen, &email)
}

/// The header section as the server holds it.
fn raw_headers(daemon: Daemon, id: &EmailId) -> Result<String, Fault> {
    /// Longest header section shown; the largest seen in practice are below 200 kB.
    const HEADER_LIMIT: u64 = 1 << 20;
    let open = BlobOpen { blob_id: BlobId(id.0.clone()), offset: None };
    let reader = daemon.into_client().open_blob(&open).map_err(fault_of)?;
    let mut bytes = Vec::new();
    reader.take(HEADER_LIMIT).read_to_end(&mut bytes).map_err(|cause| broken(&cause))?;
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    Ok(text.split("\n\n").next().unwrap_or_default().to_owned())
}

fn header_lines(email: &Email) -> Vec<Line> {
    let line = |(name, value): (&str, String)| {
        let style = if name == MARK { Style::Warn } else { Style::Dim };
        let name = if name == MARK { format!("{MARK:>9} ") } else { format!("{name:<10}") };
        Line::new().with(style, name).text(value)
    };
    headers(email).into_iter().map(line).collect()
}

/// What stands before a sentence that says what may deceive in the line above it.
const MARK: &str = "!";

/// What a mail says about itself, as people read it: name and value of each field that it has, and
/// what may deceive in it.
pub(super) fn headers(email: &Email) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut line = |name: &'static str, value: String| {
        if !value.is_empty() {
            lines.push((name, value));
        }
    };
    let fields = [
        ("From:", "from", &email.from),
        ("To:", "to", &email.to),
        ("Cc:", "cc", &email.cc),
        ("Reply-To:", "replyTo", &email.reply_to),
    ];
    for (name, property, list) in fields {
        line(name, people(list.as_deref()));
        for deceit in deceits(email, property) {
            line(MARK, deceit);
        }
    }
    let at = email.sent_at.as_ref().unwrap_or(&email.received_at);
    let date = at.parse::<Timestamp>();
    line("Date:", date.map_or_else(|_| at.clone(), |at| full(at, &jiff::tz::TimeZone::system())));
    line("Subject:", titled(email.subject.as_deref()).to_owned());
    let attached = email.attachments.as_deref().unwrap_or_default();
    for (part, at) in attached.iter().zip(0..ATTACHED) {
        let name = cut(&clean(part.name.as_deref().unwrap_or("without name"), Lines::One), NAME);
        let label = if at == 0 { "Attached:" } else { "" };
        line(label, format!("{name} ({}, {})", part.r#type, bytes(part.size)));
    }
    if let Some(more) = attached.len().checked_sub(ATTACHED).filter(|more| *more > 0) {
        line("", format!("and {more} more: chapar mail attachments {}", email.id));
    }
    lines
}

fn show_body(screen: &Screen, email: &Email) -> Result<(), Fault> {
    // the daemon makes the text of a mail that has HTML alone
    let parts = email.text_body.as_deref().unwrap_or_default();
    let values = email.body_values.as_ref();
    let mut shown = false;
    for part in parts {
        let value = part.part_id.as_ref().and_then(|id| values?.get(id));
        let Some(value) = value else { continue };
        shown = true;
        screen.body(&value.value)?;
        if value.is_truncated {
            screen.say(
                &Line::new().with(Style::Warn, "!").text(format!(
                    " the text is longer; all of it: chapar mail export {}",
                    email.id
                )),
            );
        }
    }
    if !shown {
        let html = email.html_body.as_deref().is_some_and(|parts| !parts.is_empty());
        let see = if html {
            format!("; its HTML: chapar mail show {} --html", email.id)
        } else {
            String::new()
        };
        screen.say(&Line::new().with(Style::Dim, format!("(no text{see})")));
    }
    Ok(())
}

pub(super) fn thread(context: &Context<'_>, args: &ThreadArgs) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let thread_id = if args.id.starts_with('T') {
        ThreadId::from(args.id.as_str())
    } else {
        let email = one(&mut daemon, &args.id)?;
        email.thread_id.ok_or_else(|| unknown(&args.id))?
    };
    let get = ThreadGet { account_id: None, ids: vec![thread_id.clone()], properties: None };
    let found = daemon.call(&get)?.list.into_iter().next().ok_or_else(|| {
        Fault::new("object.unknown", format!("there is no conversation {thread_id}"))
    })?;
    let mut emails = Vec::new();
    for ids in found.email_ids.chunks(MAX_OBJECTS.min(50)) {
        emails.extend(read(&mut daemon, ids)?);
    }
    if screen.form == Form::Json {
        return screen.object("mail.thread", json!({"id": thread_id, "emails": emails}));
    }
    for (index, email) in emails.iter().enumerate() {
        if index > 0 {
            screen.answer(&Line::new())?;
        }
        screen.answer(&Line::new().with(Style::Dim, format!("── {} ──", email.id)))?;
        screen.answers(&header_lines(email))?;
        screen.answer(&Line::new())?;
        show_body(screen, email)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chapar_ipc_protocol::email::BodyPart;

    use super::*;
    use crate::screen::{Paper, columns};

    /// A sender chooses how many attachments there are and how long their names are.
    #[test]
    fn attachments_keep_the_header_short() {
        let part = |name: &str| BodyPart {
            name: Some(name.to_owned()),
            r#type: "text/plain".to_owned(),
            ..BodyPart::default()
        };
        for (count, lines) in [(1, 1), (10, 10), (11, 11), (500, 11)] {
            let email = Email {
                id: EmailId::from("M7"),
                attachments: Some(vec![part(&"long ".repeat(1000)); count]),
                ..Email::default()
            };
            let shown = header_lines(&email);
            let texts = shown.iter().map(|line| line.paint(Paper::default()));
            let texts: Vec<String> = texts.skip_while(|it| !it.starts_with("Attached:")).collect();
            assert_eq!(texts.len(), lines, "{texts:?}");
            assert!(texts.iter().all(|text| columns(text) <= 80), "{texts:?}");
            let more = format!("and {} more: chapar mail attachments M7", count.saturating_sub(10));
            assert_eq!(texts.last().unwrap().contains(&more), count > 10, "{texts:?}");
        }
    }
}
