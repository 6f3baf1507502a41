//! Mails as a table: who, what, when, with a legend of what its marks mean.

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::email::{Email, EmailAddress};
use chapar_ipc_protocol::mailbox::{Mailbox, Role};
use jiff::{Timestamp, Zoned};

use crate::render::mail::{MARKS, is_unread, marks, recipients, sender, titled};
use crate::render::table::{Cell, Column, Table};
use crate::render::time::short;
use crate::screen::{Line, Style};

/// What stands before a recipient, where a list shows who wrote otherwise.
const TO: char = '→';

/// The accounts and mailboxes that listed mails lie in, and what of them a list has to say.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) accounts: &'a [Account],
    pub(super) mailboxes: &'a [Mailbox],
    /// More than one mailbox was looked into.
    pub(super) many: bool,
}

impl Places<'_> {
    fn mailbox(&self, email: &Email) -> Option<&Mailbox> {
        let id = email.mailbox_ids.keys().next()?;
        self.mailboxes.iter().find(|mailbox| mailbox.id == *id)
    }

    fn account(&self, email: &Email) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == email.account_id)
    }

    /// Where it lies.
    pub(super) fn path(&self, email: &Email) -> &str {
        self.mailbox(email).map_or("", |mailbox| &mailbox.path)
    }

    /// Whose it is.
    pub(super) fn name(&self, email: &Email) -> &str {
        self.account(email).map_or("", |account| &account.name)
    }

    /// Whether the person of the account wrote it.
    fn is_own(&self, email: &Email) -> bool {
        let role = self.mailbox(email).and_then(|mailbox| mailbox.role);
        let from = email.from.as_deref().and_then(<[EmailAddress]>::first);
        let mine = || {
            let (from, account) = (from?, self.account(email)?);
            Some(from.email.eq_ignore_ascii_case(&account.email))
        };
        matches!(role, Some(Role::Sent | Role::Drafts)) || mine().unwrap_or(false)
    }

    /// Whom a list shows: who wrote it; of one's own mail, who got it.
    fn whom(&self, email: &Email) -> Whom {
        match recipients(email).filter(|_| self.is_own(email)) {
            Some(to) => Whom::To(to),
            None => Whom::From(sender(email)),
        }
    }
}

enum Whom {
    From(String),
    To(String),
}

/// Heading and rows.
pub(super) fn lines(emails: &[Email], places: &Places<'_>, now: &Zoned, width: usize) -> Vec<Line> {
    if emails.is_empty() {
        return Vec::new();
    }
    let whom: Vec<Whom> = emails.iter().map(|email| places.whom(email)).collect();
    let all_to = whom.iter().all(|whom| matches!(whom, Whom::To(_)));
    let with_account = places.accounts.len() > 1;
    let mut columns = vec![Column::left("ID"), Column::left(""), Column::left("WHEN").goes(2)];
    if with_account {
        columns.push(Column::wide("ACCOUNT").goes(3));
    }
    columns.push(Column::wide(if all_to { "TO" } else { "FROM" }).least(10).goes(1));
    columns.push(Column::wide("SUBJECT").least(16));
    if places.many {
        columns.push(Column::wide("MAILBOX").goes(4));
    }
    let mut table = Table::new(&columns);
    for (email, whom) in emails.iter().zip(whom) {
        let style = if is_unread(email) { Style::Strong } else { Style::Plain };
        let at = email.received_at.parse::<Timestamp>();
        let mut row = vec![
            Cell::styled(Style::Dim, &email.id.0),
            marks(email).into(),
            at.map_or_else(|_| String::new(), |at| short(at, now)).into(),
        ];
        if with_account {
            row.push(Cell::styled(Style::Dim, places.name(email)));
        }
        row.push(match whom {
            Whom::To(to) if !all_to => Cell::styled(style, format!("{TO} {to}")),
            Whom::To(who) | Whom::From(who) => Cell::styled(style, who),
        });
        row.push(Cell::styled(style, titled(email.subject.as_deref())));
        if places.many {
            row.push(Cell::styled(Style::Dim, places.path(email)));
        }
        table.row(row);
    }
    table.all(width)
}

/// What the marks mean that stand in these rows.
pub(super) fn legend(emails: &[Email], places: &Places<'_>) -> Option<String> {
    let marked: String = emails.iter().map(marks).collect();
    let used = MARKS.iter().filter(|(mark, _)| marked.contains(*mark));
    let mut words: Vec<String> = used.map(|(mark, word)| format!("{mark} {word}")).collect();
    let to = emails.iter().filter(|email| matches!(places.whom(email), Whom::To(_))).count();
    if to > 0 && to < emails.len() {
        words.push(format!("{TO} sent to"));
    }
    (!words.is_empty()).then(|| words.join("   "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Paper, columns};
    use chapar_ipc_protocol::id::{AccountId, EmailId, MailboxId};

    fn mailboxes() -> Vec<Mailbox> {
        [("mb1", "INBOX", Role::Inbox), ("mb2", "Sent Items", Role::Sent)]
            .map(|(id, path, role)| Mailbox {
                id: MailboxId::from(id),
                path: path.to_owned(),
                role: Some(role),
                ..Mailbox::default()
            })
            .to_vec()
    }

    fn accounts(number: usize) -> Vec<Account> {
        let names = [("a1", "work", "me@x.example"), ("a2", "home", "i@y.example")];
        let each = names.into_iter().take(number).map(|(id, name, email)| Account {
            id: AccountId::from(id),
            name: name.to_owned(),
            email: email.to_owned(),
            ..Account::default()
        });
        each.collect()
    }

    fn person(name: &str, email: &str) -> EmailAddress {
        EmailAddress { name: Some(name.to_owned()), email: email.to_owned() }
    }

    fn received() -> Email {
        Email {
            id: EmailId::from("M9"),
            account_id: AccountId::from("a1"),
            received_at: "2026-11-22T09:31:07Z".to_owned(),
            from: Some(vec![person("Ada\u{1b}[31m Byrne", "a@x.example")]),
            to: Some(vec![person("Me", "me@x.example")]),
            subject: Some(
                "Re: Quote 114 and a subject that is far too long for one line".to_owned(),
            ),
            mailbox_ids: [(MailboxId::from("mb1"), true)].into(),
            has_attachment: true,
            ..Email::default()
        }
    }

    fn sent() -> Email {
        Email {
            id: EmailId::from("M10"),
            from: Some(vec![person("Me", "alias@x.example")]),
            to: Some(vec![person("Bo", "bo@x.example"), person("Cy", "cy@x.example")]),
            subject: Some(String::new()),
            mailbox_ids: [(MailboxId::from("mb2"), true)].into(),
            keywords: [("$seen".to_owned(), true)].into(),
            has_attachment: false,
            ..received()
        }
    }

    fn painted(emails: &[Email], number: usize, many: bool, width: usize) -> Vec<String> {
        let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Prague]".parse().unwrap();
        let (accounts, mailboxes) = (accounts(number), mailboxes());
        let places = Places { accounts: &accounts, mailboxes: &mailboxes, many };
        lines(emails, &places, &now, width)
            .iter()
            .map(|line| line.paint(Paper::default()))
            .collect()
    }

    #[test]
    fn an_inbox_at_eighty_columns() {
        assert_eq!(
            painted(&[received()], 1, false, 80),
            [
                "ID      WHEN   FROM       SUBJECT",
                "M9  ●@  10:31  Ada Byrne  Re: Quote 114 and a subject that is far too long for …",
            ]
        );
    }

    #[test]
    fn ones_own_mail_shows_who_got_it() {
        assert_eq!(
            painted(&[received(), sent()], 1, true, 80),
            [
                "ID       WHEN   FROM       SUBJECT                                    MAILBOX",
                "M9   ●@  10:31  Ada Byrne  Re: Quote 114 and a subject that is far …  INBOX",
                "M10      10:31  → Bo +1    (no subject)                               Sent Items",
            ]
        );
        assert_eq!(
            painted(&[sent()], 1, false, 80),
            ["ID      WHEN   TO     SUBJECT", "M10     10:31  Bo +1  (no subject)"]
        );
        // also where the server has no mailbox for it
        let moved = Email { mailbox_ids: [(MailboxId::from("mb1"), true)].into(), ..sent() };
        let by_me = Email { from: Some(vec![person("Me", "ME@x.example")]), ..moved.clone() };
        assert!(painted(&[by_me], 1, false, 80)[1].contains("Bo +1"));
        assert!(painted(&[moved], 1, false, 80)[1].contains("Me"));
    }

    #[test]
    fn several_accounts_are_told_apart() {
        let other = Email { account_id: AccountId::from("a2"), ..received() };
        let lines = painted(&[received(), other], 2, false, 70);
        assert_eq!(lines[0], "ID      WHEN   ACCOUNT  FROM       SUBJECT");
        assert!(lines[1].contains("  work     Ada") && lines[2].contains("  home     Ada"));
    }

    #[test]
    fn a_narrow_terminal_loses_columns_and_no_line_is_too_long() {
        let emails = [received(), sent()];
        let heading = |width| painted(&emails, 2, true, width)[0].clone();
        let all = ["MAILBOX", "ACCOUNT", "WHEN", "FROM", "SUBJECT"];
        for (width, from) in [(62, 0), (55, 1), (45, 2), (40, 3), (30, 4)] {
            let heading = heading(width);
            let shown: Vec<&str> = all.into_iter().filter(|it| heading.contains(it)).collect();
            assert_eq!(shown, all[from..], "{width}: {heading}");
        }
        for width in 16..200 {
            for line in painted(&emails, 2, true, width) {
                assert!(columns(&line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn the_legend_names_the_marks_in_use() {
        let (accounts, mailboxes) = (accounts(1), mailboxes());
        let places = Places { accounts: &accounts, mailboxes: &mailboxes, many: false };
        let both = [received(), sent()];
        assert_eq!(legend(&both, &places).as_deref(), Some("● unread   @ attachment   → sent to"));
        assert_eq!(legend(&both[1..], &places), None);
    }
}
