//! The newest mail and what a search finds, as a table.

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::email::{Email, EmailAddress, EmailFilter, EmailGet, EmailQuery};
use chapar_ipc_protocol::id::{AccountId, EmailId, MailboxId};
use chapar_ipc_protocol::mailbox::{Mailbox, MailboxGet};
use chapar_ipc_protocol::standard::MAX_OBJECTS;
use jiff::{Timestamp, Zoned};
use serde_json::json;

use crate::args::{ListArgs, SearchArgs};
use crate::commands::Context;
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::render::table::{Cell, Column, Table};
use crate::render::time::{count, short};
use crate::screen::{Form, Line, Screen, Style};
use crate::when;

/// Lists the newest mail.
pub(crate) fn newest(context: &Context<'_>, args: &ListArgs) -> Result<(), Fault> {
    query(context, "mail.list", args, EmailFilter::default())
}

pub(super) fn search(context: &Context<'_>, args: &SearchArgs) -> Result<(), Fault> {
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
pub(super) fn in_order(mut emails: Vec<Email>, ids: &[EmailId]) -> Vec<Email> {
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
