//! The newest mail and what a search finds, page by page.

mod pages;
mod table;

use chapar_ipc_protocol::account::{Account, AccountState};
use chapar_ipc_protocol::email::{Email, EmailFilter};
use chapar_ipc_protocol::id::EmailId;
use chapar_ipc_protocol::mailbox::{Mailbox, MailboxGet, Role};
use jiff::Zoned;
use serde_json::json;

use self::pages::{Pages, Source};
use self::table::Places;
use crate::args::{ListArgs, PageArgs, SearchArgs};
use crate::commands::Context;
use crate::daemon::Daemon;
use crate::error::{Fault, shell_words};
use crate::render::mail::{is_unread, recipients, sender};
use crate::render::time::count;
use crate::screen::{Form, Line, Screen, Style, columns};
use crate::when;

/// What a table shows of a mail; more is not asked for.
const SHOWN: &[&str] = &[
    "accountId",
    "mailboxIds",
    "keywords",
    "receivedAt",
    "from",
    "warnings",
    "to",
    "cc",
    "bcc",
    "subject",
    "hasAttachment",
];

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look<'a> {
    Inboxes,
    Named(&'a str),
    Everywhere,
}

/// Lists the newest mail.
pub(crate) fn newest(context: &Context<'_>, args: &ListArgs) -> Result<(), Fault> {
    let look = match &args.mailbox {
        Some(name) => Look::Named(name),
        None if args.all => Look::Everywhere,
        None => Look::Inboxes,
    };
    query(context, "mail.list", look, &args.page, EmailFilter::default())
}

pub(super) fn search(context: &Context<'_>, args: &SearchArgs) -> Result<(), Fault> {
    let filter = EmailFilter {
        text: (!args.words.is_empty()).then(|| args.words.join(" ")),
        from: args.from.clone(),
        to: args.to.clone(),
        subject: args.subject.clone(),
        ..EmailFilter::default()
    };
    if filter == EmailFilter::default() {
        let fault = Fault::missing("what to search for", "WORDS, --from, --to or --subject");
        return Err(fault.try_command(["chapar", "mail", "list", "--all"]));
    }
    let look = args.mailbox.as_deref().map_or(Look::Everywhere, Look::Named);
    query(context, "mail.search", look, &args.page, filter)
}

/// A page of what matches.
fn query(
    context: &Context<'_>,
    command: &str,
    look: Look<'_>,
    page: &PageArgs,
    mut filter: EmailFilter,
) -> Result<(), Fault> {
    limit_time(&mut filter, page)?;
    let mut daemon = context.open()?;
    let mut accounts = daemon.accounts()?;
    if let Some(wanted) = context.account() {
        accounts = vec![daemon.account(Some(wanted))?];
    }
    let only = context.account().and_then(|_| accounts.first()).map(|account| account.id.clone());
    let get = MailboxGet { account_id: only.clone(), ..MailboxGet::default() };
    let mailboxes = daemon.get(&get)?.list;
    if page.unread {
        filter.not_keyword = Some("$seen".to_owned());
    }
    if let Some(id) = &page.page {
        filter.older_than = Some(super::one(&mut daemon, id)?.id);
    }
    let sources = match look {
        Look::Everywhere => vec![Source::new(only, filter)],
        Look::Inboxes | Look::Named(_) => {
            let found = find_mailboxes(&accounts, &mailboxes, look)?;
            let each = found.into_iter().map(|mailbox| {
                let in_mailbox = Some(mailbox.id.clone());
                Source::new(None, EmailFilter { in_mailbox, ..filter.clone() })
            });
            each.collect()
        }
    };
    let many = look == Look::Everywhere || sources.len() > 1 && look != Look::Inboxes;
    let properties = (context.screen.form != Form::Json).then_some(SHOWN);
    let mut pages = Pages::new(sources, properties);
    let patience = context.global.timeout;
    let emails = pages.take(context.screen, &mut daemon, page.limit, patience)?;
    let places = Places { accounts: &accounts, mailboxes: &mailboxes, many };
    show(context.screen, command, &emails, &places, &pages)?;
    if emails.is_empty() && pages.total.is_some() && context.screen.form == Form::Human {
        say_why_empty(context.screen, &mut daemon, look, page, &accounts)?;
    }
    Ok(())
}

fn limit_time(filter: &mut EmailFilter, page: &PageArgs) -> Result<(), Fault> {
    let now = Zoned::now();
    let moment = |text: &Option<String>| -> Result<Option<String>, Fault> {
        let Some(text) = text else { return Ok(None) };
        let at = when::parse_since(text, &now)
            .map_err(|cause| Fault::new("input.time", cause.to_string()).without_commands())?;
        Ok(Some(at.to_string()))
    };
    filter.after = moment(&page.since)?;
    filter.before = moment(&page.before)?;
    Ok(())
}

fn show(
    screen: &Screen,
    command: &str,
    emails: &[Email],
    places: &Places<'_>,
    pages: &Pages<'_>,
) -> Result<(), Fault> {
    let (total, (done, of)) = (pages.total, pages.searched);
    let next = pages.next(emails);
    match screen.form {
        Form::Json => {
            let mut members = json!({"total": total, "next": next, "emails": emails});
            if let (None, Some(members)) = (total, members.as_object_mut()) {
                members.insert("searched".to_owned(), json!({"done": done, "of": of}));
            }
            screen.object(command, members)
        }
        Form::Plain => emails.iter().try_for_each(|email| {
            screen.fields([
                email.id.as_ref(),
                &email.received_at,
                if is_unread(email) { "unread" } else { "seen" },
                &sender(email),
                email.subject.as_deref().unwrap_or(""),
                places.path(email),
                places.name(email),
                &recipients(email).unwrap_or_default(),
            ])
        }),
        Form::Human => {
            screen.answers(&table::lines(emails, places, &Zoned::now(), screen.width))?;
            let dim = |text: String| screen.say(&Line::new().with(Style::Dim, text));
            if let Some(legend) = table::legend(emails, places) {
                dim(legend);
            }
            let shown = match total {
                Some(total) => format!("{} of {}", emails.len(), count(total)),
                None => {
                    format!("{} found, {} of {} searched", emails.len(), count(done), count(of))
                }
            };
            if let Some(next) = next {
                let again = format!("next page:  {}", again_from(next, std::env::args()));
                let line = format!("{shown}   {again}");
                if columns(&line) <= screen.width {
                    dim(line);
                } else {
                    dim(shown);
                    dim(again);
                }
            } else if total.is_none() {
                dim(shown);
            }
            Ok(())
        }
    }
}

/// The command that was given, for the page behind `next`.
fn again_from(next: &EmailId, given: impl Iterator<Item = String>) -> String {
    let mut words = vec!["chapar".to_owned()];
    let mut given = given.skip(1);
    while let Some(word) = given.next() {
        if word == "--page" {
            given.next();
        } else if !word.starts_with("--page=") {
            words.push(word);
        }
    }
    // behind `--` nothing is a flag
    let at = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(at..at, ["--page".to_owned(), next.0.clone()]);
    shell_words(&words)
}

/// An empty list is no answer where mail may still come or lies elsewhere.
fn say_why_empty(
    screen: &Screen,
    daemon: &mut Daemon,
    look: Look<'_>,
    page: &PageArgs,
    accounts: &[Account],
) -> Result<(), Fault> {
    if accounts.is_empty() {
        return daemon.account(None).map(drop);
    }
    let begins = |account: &Account| {
        matches!(account.state, AccountState::Connecting | AccountState::Syncing)
    };
    let narrowed =
        page.unread || page.page.is_some() || page.before.is_some() || page.since.is_some();
    screen.say(&Line::of(if accounts.iter().any(begins) {
        "no mail yet: the first sync is under way"
    } else if look == Look::Inboxes && !narrowed {
        "no mail in the inbox; the mail of every mailbox:  chapar mail list --all"
    } else {
        "no mail"
    }));
    Ok(())
}

/// The mailbox that is meant, of each account that has one.
/// So many mailboxes are named where none of that name is.
const NAMED: usize = 20;

fn find_mailboxes<'m>(
    accounts: &[Account],
    mailboxes: &'m [Mailbox],
    look: Look<'_>,
) -> Result<Vec<&'m Mailbox>, Fault> {
    let each = accounts.iter().filter_map(|account| {
        let own: Vec<&Mailbox> =
            mailboxes.iter().filter(|mailbox| mailbox.account_id == account.id).collect();
        match look {
            Look::Named(name) => find_mailbox(&own, name),
            _ => own.into_iter().find(|mailbox| mailbox.role == Some(Role::Inbox)),
        }
    });
    let found: Vec<&Mailbox> = each.collect();
    match look {
        Look::Named(wanted) if found.is_empty() => {
            // accounts have mailboxes of the same name
            let mut known: Vec<&str> = Vec::new();
            for mailbox in mailboxes {
                if known.len() < NAMED && !known.contains(&mailbox.path.as_str()) {
                    known.push(&mailbox.path);
                }
            }
            Err(Fault::new("mailbox.unknown", format!("there is no mailbox {wanted:?}"))
                .hint(format!("there are: {}", known.join(", "))))
        }
        _ => Ok(found),
    }
}

/// A mailbox by id, path, role or name; the exact one first.
fn find_mailbox<'m>(mailboxes: &[&'m Mailbox], wanted: &str) -> Option<&'m Mailbox> {
    let by = |fits: &dyn Fn(&Mailbox) -> bool| mailboxes.iter().find(|mailbox| fits(mailbox));
    by(&|mailbox| mailbox.id.0 == wanted || mailbox.path == wanted)
        .or_else(|| by(&|mailbox| mailbox.path.eq_ignore_ascii_case(wanted)))
        .or_else(|| by(&|mailbox| mailbox.role.is_some_and(|role| role.word() == wanted)))
        .or_else(|| by(&|mailbox| mailbox.name.eq_ignore_ascii_case(wanted)))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::id::{AccountId, MailboxId};

    fn mailboxes() -> Vec<Mailbox> {
        [
            ("mb1", "a1", "INBOX", "INBOX", Some(Role::Inbox)),
            ("mb2", "a1", "Sent Items", "Sent Items", Some(Role::Sent)),
            ("mb3", "a1", "2026", "Archive/2026", None),
            ("mb4", "a2", "INBOX", "INBOX", Some(Role::Inbox)),
        ]
        .map(|(id, account, name, path, role)| Mailbox {
            id: MailboxId::from(id),
            account_id: AccountId::from(account),
            name: name.to_owned(),
            path: path.to_owned(),
            role,
            ..Mailbox::default()
        })
        .to_vec()
    }

    fn found(wanted: &str) -> Result<Vec<String>, Fault> {
        let accounts =
            ["a1", "a2"].map(|id| Account { id: AccountId::from(id), ..Account::default() });
        let mailboxes = mailboxes();
        let found = find_mailboxes(&accounts, &mailboxes, Look::Named(wanted))?;
        Ok(found.iter().map(|mailbox| mailbox.id.0.clone()).collect())
    }

    #[test]
    fn a_mailbox_is_found_by_id_path_role_or_name_in_each_account() {
        for (wanted, ids) in [
            ("mb3", &["mb3"][..]),
            ("inbox", &["mb1", "mb4"]),
            ("sent", &["mb2"]),
            ("archive/2026", &["mb3"]),
            ("2026", &["mb3"]),
        ] {
            assert_eq!(found(wanted).unwrap(), ids, "{wanted}");
        }
        assert_eq!(found("junk").unwrap_err().exit, 66);
    }

    #[test]
    fn the_next_page_is_the_same_command() {
        let again = |words: &str| {
            let given = words.split(' ').map(str::to_owned);
            again_from(&EmailId::from("M7"), given)
        };
        assert_eq!(again("/bin/chapar ls"), "chapar ls --page M7");
        assert_eq!(
            again("chapar mail list --page M9 -m Sent --limit 5"),
            "chapar mail list -m Sent --limit 5 --page M7"
        );
        assert_eq!(
            again("chapar mail search --page=M9 -- -x"),
            "chapar mail search --page M7 -- -x"
        );
    }
}
