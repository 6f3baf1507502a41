//! `chapar mail`: list, search, show, thread, export.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::blob::BlobOpen;
use chapar_ipc_protocol::email::{Email, EmailAddress, EmailFilter, EmailGet, EmailQuery};
use chapar_ipc_protocol::id::{AccountId, BlobId, EmailId, MailboxId, ThreadId};
use chapar_ipc_protocol::mailbox::{Mailbox, MailboxGet};
use chapar_ipc_protocol::standard::MAX_OBJECTS;
use chapar_ipc_protocol::thread::ThreadGet;
use jiff::{Timestamp, Zoned};
use serde_json::json;

use super::Context;
use crate::args::{ExportArgs, ListArgs, MailCommand, SearchArgs, ShowArgs, ThreadArgs};
use crate::daemon::{Daemon, fault_of};
use crate::error::{Fault, exit};
use crate::render::table::{Cell, Column, Table};
use crate::render::time::{bytes, count, full, short};
use crate::screen::{Form, Line, Screen, Style};
use crate::when;

/// Bytes copied at a time when a mail is exported.
const CHUNK: usize = 64 << 10;

/// Runs a mail command.
pub(crate) fn run(context: &Context<'_>, command: &MailCommand) -> Result<u8, Fault> {
    match command {
        MailCommand::List(args) => list(context, args),
        MailCommand::Show(args) => show(context, args),
        MailCommand::Search(args) => search(context, args),
        MailCommand::Thread(args) => thread(context, args),
        MailCommand::Export(args) => export(context, args),
    }
    .map(|()| exit::OK)
}

/// Lists the newest mail.
pub(crate) fn list(context: &Context<'_>, args: &ListArgs) -> Result<(), Fault> {
    query(context, "mail.list", args, EmailFilter::default())
}

fn search(context: &Context<'_>, args: &SearchArgs) -> Result<(), Fault> {
    let now = Zoned::now();
    let moment = |text: &Option<String>| -> Result<Option<String>, Fault> {
        let Some(text) = text else { return Ok(None) };
        let at = when::parse_since(text, &now)
            .map_err(|cause| Fault::new("input.time", cause.to_string()))?;
        Ok(Some(at.to_string()))
    };
    let filter = EmailFilter {
        text: (!args.words.is_empty()).then(|| args.words.join(" ")),
        from: args.from.clone(),
        to: args.to.clone(),
        subject: args.subject.clone(),
        after: moment(&args.since)?,
        before: moment(&args.before)?,
        ..EmailFilter::default()
    };
    query(context, "mail.search", &args.list, filter)
}

/// Asks for the ids that match and then for what a list shows of them.
fn query(
    context: &Context<'_>,
    command: &str,
    args: &ListArgs,
    mut filter: EmailFilter,
) -> Result<(), Fault> {
    let mut daemon = context.open()?;
    let account = match context.account() {
        Some(wanted) => Some(daemon.account(Some(wanted))?),
        None => None,
    };
    let mailboxes = daemon.call(&MailboxGet {
        account_id: account.as_ref().map(|account| account.id.clone()),
        ..MailboxGet::default()
    })?;
    if let Some(wanted) = &args.mailbox {
        filter.in_mailbox = Some(find_mailbox(&mailboxes.list, wanted)?);
    }
    if args.unread {
        filter.not_keyword = Some("$seen".to_owned());
    }
    let account_id = account.map(|account: Account| account.id);
    let (emails, total) = page(&mut daemon, account_id.as_ref(), &filter, args.limit)?;
    show_list(context.screen, command, &emails, &mailboxes.list, total)
}

/// The newest `limit` emails that match, and how many match in all.
fn page(
    daemon: &mut Daemon,
    account_id: Option<&AccountId>,
    filter: &EmailFilter,
    limit: u32,
) -> Result<(Vec<Email>, u64), Fault> {
    let mut emails = Vec::new();
    let wanted = u64::from(limit);
    loop {
        let have = emails.len() as u64;
        let reply = daemon.call(&EmailQuery {
            account_id: account_id.cloned(),
            filter: Some(filter.clone()),
            sort: None,
            position: Some(have),
            limit: Some((wanted - have).min(MAX_OBJECTS as u64)),
        })?;
        if reply.ids.is_empty() {
            return Ok((emails, reply.total));
        }
        let ids: Vec<EmailId> = reply.ids.iter().map(|id| EmailId::from(id.as_str())).collect();
        let got = daemon.call(&EmailGet { ids: Some(ids.clone()), ..EmailGet::default() })?;
        let before = emails.len();
        emails.extend(in_order(got.list, &ids));
        let done = emails.len() as u64 >= wanted.min(reply.total);
        // mail that vanished between the two questions must not make this turn for ever
        if done || emails.len() == before {
            return Ok((emails, reply.total));
        }
    }
}

/// `/get` may answer in any order.
fn in_order(mut emails: Vec<Email>, ids: &[EmailId]) -> Vec<Email> {
    let place = |email: &Email| ids.iter().position(|id| *id == email.id).unwrap_or(usize::MAX);
    emails.sort_by_cached_key(place);
    emails
}

fn show_list(
    screen: &Screen,
    command: &str,
    emails: &[Email],
    mailboxes: &[Mailbox],
    total: u64,
) -> Result<(), Fault> {
    match screen.form {
        Form::Json => screen.object(command, json!({"total": total, "emails": emails})),
        Form::Plain => emails.iter().try_for_each(|email| {
            screen.fields([
                email.id.as_ref(),
                &email.received_at,
                if is_unread(email) { "unread" } else { "seen" },
                &sender(email),
                email.subject.as_deref().unwrap_or(""),
                mailbox_name(email, mailboxes),
            ])
        }),
        Form::Human => {
            screen.answers(&list_lines(emails, mailboxes, &Zoned::now(), screen.width))?;
            if total > emails.len() as u64 {
                screen.say(&Line::new().with(
                    Style::Dim,
                    format!("{} of {}   --limit N shows more", emails.len(), count(total)),
                ));
            }
            if emails.is_empty() {
                screen.say(&Line::of("no mail"));
            }
            Ok(())
        }
    }
}

fn list_lines(emails: &[Email], mailboxes: &[Mailbox], now: &Zoned, width: usize) -> Vec<Line> {
    if emails.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[
        Column::left("ID"),
        Column::left(""),
        Column::left("WHEN"),
        Column::wide("FROM"),
        Column::wide("SUBJECT"),
        Column::wide("MAILBOX"),
    ]);
    for email in emails {
        let style = if is_unread(email) { Style::Strong } else { Style::Plain };
        let mut marks = String::from(if is_unread(email) { "●" } else { " " });
        if has(email, "$flagged") {
            marks.push('!');
        }
        if email.has_attachment {
            marks.push('@');
        }
        let at = email.received_at.parse::<Timestamp>();
        table.row([
            Cell::styled(Style::Dim, &email.id.0),
            marks.into(),
            at.map_or_else(|_| String::new(), |at| short(at, now)).into(),
            Cell::styled(style, sender(email)),
            Cell::styled(style, email.subject.as_deref().unwrap_or("(no subject)")),
            Cell::styled(Style::Dim, mailbox_name(email, mailboxes)),
        ]);
    }
    table.all(width)
}

fn has(email: &Email, keyword: &str) -> bool {
    email.keywords.get(keyword).copied().unwrap_or(false)
}

fn is_unread(email: &Email) -> bool {
    !has(email, "$seen")
}

fn sender(email: &Email) -> String {
    let from = email.from.as_deref().and_then(<[EmailAddress]>::first);
    from.map_or_else(String::new, |from| match &from.name {
        Some(name) if !name.trim().is_empty() => name.clone(),
        _ => from.email.clone(),
    })
}

fn mailbox_name<'a>(email: &Email, mailboxes: &'a [Mailbox]) -> &'a str {
    let id = email.mailbox_ids.keys().next();
    let found = mailboxes.iter().find(|mailbox| Some(&mailbox.id) == id);
    found.map_or("", |mailbox| &mailbox.path)
}

/// A mailbox by id, path, role or name; the exact one first.
fn find_mailbox(mailboxes: &[Mailbox], wanted: &str) -> Result<MailboxId, Fault> {
    let by = |fits: &dyn Fn(&Mailbox) -> bool| mailboxes.iter().find(|mailbox| fits(mailbox));
    let found = by(&|mailbox| mailbox.id.0 == wanted || mailbox.path == wanted)
        .or_else(|| by(&|mailbox| mailbox.path.eq_ignore_ascii_case(wanted)))
        .or_else(|| by(&|mailbox| mailbox.role.is_some_and(|role| role.word() == wanted)))
        .or_else(|| by(&|mailbox| mailbox.name.eq_ignore_ascii_case(wanted)));
    found.map(|mailbox| mailbox.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = mailboxes.iter().take(20).map(|mailbox| &*mailbox.path).collect();
        Fault::new("mailbox.unknown", format!("there is no mailbox {wanted:?}"))
            .hint(format!("there are: {}", known.join(", ")))
    })
}

/// One email with its text.
fn read(daemon: &mut Daemon, ids: &[EmailId]) -> Result<Vec<Email>, Fault> {
    let mut properties: Vec<String> = <Email as chapar_ipc_protocol::standard::Object>::PROPERTIES
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    properties.dedup();
    let get = EmailGet {
        ids: Some(ids.to_vec()),
        properties: Some(properties),
        fetch_all_body_values: Some(true),
        ..EmailGet::default()
    };
    Ok(in_order(daemon.call(&get)?.list, ids))
}

/// One email by id, without its text.
pub(crate) fn one(daemon: &mut Daemon, id: &str) -> Result<Email, Fault> {
    let get = EmailGet { ids: Some(vec![EmailId::from(id)]), ..EmailGet::default() };
    daemon.call(&get)?.list.into_iter().next().ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Fault {
    Fault::new("mail.unknown", format!("there is no mail {id:?} on this machine"))
}

fn show(context: &Context<'_>, args: &ShowArgs) -> Result<(), Fault> {
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
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(Line::new().with(Style::Dim, format!("{name:<10}")).text(value));
        }
    };
    line("From:", people(email.from.as_deref()));
    line("To:", people(email.to.as_deref()));
    line("Cc:", people(email.cc.as_deref()));
    line("Reply-To:", people(email.reply_to.as_deref()));
    let at = email.sent_at.as_ref().unwrap_or(&email.received_at);
    let date = at.parse::<Timestamp>();
    line("Date:", date.map_or_else(|_| at.clone(), |at| full(at, &jiff::tz::TimeZone::system())));
    line("Subject:", email.subject.clone().unwrap_or_default());
    let attached: Vec<String> = email
        .attachments
        .iter()
        .flatten()
        .map(|part| {
            let name = part.name.as_deref().unwrap_or("without name");
            format!("{name} ({}, {})", part.r#type, bytes(part.size))
        })
        .collect();
    line("Attached:", attached.join(", "));
    lines
}

/// Addresses as people write them.
fn people(addresses: Option<&[EmailAddress]>) -> String {
    let written: Vec<String> = addresses
        .unwrap_or_default()
        .iter()
        .map(|address| match &address.name {
            Some(name) if !name.is_empty() => format!("{name} <{}>", address.email),
            _ => address.email.clone(),
        })
        .collect();
    written.join(", ")
}

fn show_body(screen: &Screen, email: &Email) -> Result<(), Fault> {
    let parts = email.text_body.as_deref().filter(|parts| !parts.is_empty());
    let parts = parts.or(email.html_body.as_deref()).unwrap_or_default();
    let values = email.body_values.as_ref();
    let mut shown = false;
    for part in parts {
        let value = part.part_id.as_ref().and_then(|id| values?.get(id));
        let Some(value) = value else { continue };
        shown = true;
        if part.r#type.eq_ignore_ascii_case("text/html") {
            screen.body(&crate::render::html::to_text(&value.value))?;
        } else {
            screen.body(&value.value)?;
        }
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
        screen.say(&Line::new().with(Style::Dim, "(no text)"));
    }
    Ok(())
}

fn thread(context: &Context<'_>, args: &ThreadArgs) -> Result<(), Fault> {
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

fn export(context: &Context<'_>, args: &ExportArgs) -> Result<(), Fault> {
    let screen = context.screen;
    if args.output.is_none() && (screen.out.terminal || screen.form == Form::Json) {
        return Err(Fault::missing("a place for the raw mail", "--output FILE")
            .hint("raw mail is written only to files and pipes"));
    }
    let daemon = context.open()?;
    let open = BlobOpen { blob_id: BlobId::from(args.id.as_str()), offset: None };
    let mut reader = daemon.into_client().open_blob(&open).map_err(fault_of)?;
    let size = reader.size();
    match &args.output {
        None => copy(&mut reader, |bytes| screen.raw(bytes)),
        Some(path) => {
            write_new(path, &mut reader)?;
            if screen.form == Form::Json {
                return screen
                    .object("mail.export", json!({"id": args.id, "file": path, "size": size}));
            }
            screen.say(&Line::of(format!("{} in {}", bytes(size), path.display())));
            Ok(())
        }
    }
}

/// Writes a file that did not exist; takes it away again when it could not be finished.
fn write_new(path: &Path, reader: &mut impl Read) -> Result<(), Fault> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|cause| Fault::unwritable(path, &cause))?;
    let copied = copy(reader, |bytes| {
        file.write_all(bytes).map_err(|cause| Fault::unwritable(path, &cause))
    });
    if copied.is_err() {
        // half a mail is worse than none; the first fault is the one to tell
        let _ = std::fs::remove_file(path);
    }
    copied
}

fn copy(
    reader: &mut impl Read,
    mut write: impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = reader.read(&mut chunk).map_err(|cause| broken(&cause))?;
        if read == 0 {
            return Ok(());
        }
        write(chunk.get(..read).unwrap_or_default())?;
    }
}

fn broken(cause: &std::io::Error) -> Fault {
    Fault::new("socket.closed", "the mail could not be read to its end").because(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::mailbox::Role;

    fn mailboxes() -> Vec<Mailbox> {
        [
            ("mb1", "INBOX", "INBOX", Some(Role::Inbox)),
            ("mb2", "Sent Items", "Sent Items", Some(Role::Sent)),
            ("mb3", "2026", "Archive/2026", None),
        ]
        .map(|(id, name, path, role)| Mailbox {
            id: MailboxId::from(id),
            name: name.to_owned(),
            path: path.to_owned(),
            role,
            ..Mailbox::default()
        })
        .to_vec()
    }

    #[test]
    fn a_mailbox_is_found_by_id_path_role_or_name() {
        for (wanted, id) in [
            ("mb3", "mb3"),
            ("inbox", "mb1"),
            ("sent", "mb2"),
            ("archive/2026", "mb3"),
            ("2026", "mb3"),
        ] {
            assert_eq!(find_mailbox(&mailboxes(), wanted).unwrap().0, id, "{wanted}");
        }
        assert_eq!(find_mailbox(&mailboxes(), "junk").unwrap_err().exit, 66);
    }

    #[test]
    fn a_list_at_eighty_columns() {
        let email = Email {
            id: EmailId::from("M9"),
            received_at: "2026-11-22T09:31:07Z".to_owned(),
            from: Some(vec![EmailAddress {
                name: Some("Ada\u{1b}[31m Byrne".to_owned()),
                email: "a@x".to_owned(),
            }]),
            subject: Some(
                "Re: Quote 114 and a subject that is far too long for one line".to_owned(),
            ),
            mailbox_ids: [(MailboxId::from("mb1"), true)].into(),
            has_attachment: true,
            ..Email::default()
        };
        let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Prague]".parse().unwrap();
        let lines = list_lines(&[email], &mailboxes(), &now, 80);
        let text: Vec<String> =
            lines.iter().map(|line| line.paint(crate::screen::Paper::default())).collect();
        assert_eq!(
            text[0],
            "ID      WHEN   FROM       SUBJECT                                        MAILBOX"
        );
        assert_eq!(
            text[1],
            "M9  ●@  10:31  Ada Byrne  Re: Quote 114 and a subject that is far too …  INBOX"
        );
    }
}
