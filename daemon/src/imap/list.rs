//! LIST with roles, subscriptions and numbers in one round trip where the server can (RFC 9051
//! §6.3.9, 5258, 5819, 6154), in two where it cannot.

mod line;

use super::failure::Doing;
use super::guard::budget::Hold;
use super::guard::frame::Frame;
use super::select::{Numbers, read_status};
use super::session::Session;
use super::wire::Answer;
use super::{Listed, limits, name, role};
use chapar_engine::mailbox::Role;
use chapar_engine::verdict::{Failure, ImapStep};
use line::Line;
use std::collections::{BTreeMap, BTreeSet};

const DOING: Doing = Doing(ImapStep::List, "listing the mailboxes");
const INBOX: &str = "INBOX";

/// What came in so far.
#[derive(Default)]
struct Gathered {
    lines: Vec<Line>,
    seen: BTreeSet<String>,
    subscribed: BTreeSet<String>,
    /// Whether the server does not say what is subscribed: then everything is.
    no_subscriptions: bool,
    numbers: BTreeMap<String, Numbers>,
    /// Bytes of all names above.
    bytes: usize,
    hold: Hold,
}

impl Session {
    /// All mailboxes, with roles and, where offered, numbers, in one round trip.
    pub async fn list(&mut self) -> Result<Vec<Listed>, Failure> {
        let mut gathered = Gathered { hold: self.hold(), ..Gathered::default() };
        let extended = self.offers("LIST-EXTENDED") && self.list_extended(&mut gathered).await?;
        if !extended {
            self.gather(r#"LIST "" "*""#, &mut gathered).await?;
            self.list_subscribed(&mut gathered).await?;
        }
        if !gathered.names_inbox() {
            // some servers list nothing outside a namespace that INBOX is not in
            let answered = self.gather(r#"LIST "" "INBOX""#, &mut gathered).await;
            self.forgiven(answered)?;
        }
        if !gathered.lines.is_empty() && !gathered.names_inbox() {
            // there is one, whether a server lists it or not (RFC 9051 §5.1)
            gathered.lines.push(Line::inbox());
        }
        Ok(gathered.into_mailboxes())
    }

    /// The one command that asks for everything. False when it is to be asked for in the old way:
    /// some servers offer the extension, and refuse the command or name nothing but the INBOX.
    async fn list_extended(&mut self, gathered: &mut Gathered) -> Result<bool, Failure> {
        let command = self.extended_command();
        let answered = self.gather(&command, gathered).await;
        if !self.forgiven(answered)? {
            return Ok(false);
        }
        Ok(gathered.lines.iter().any(|line| !is_inbox(&line.wire_name)))
    }

    /// A server without subscriptions may refuse LSUB: its mailboxes are there all the same.
    async fn list_subscribed(&mut self, gathered: &mut Gathered) -> Result<(), Failure> {
        let answered = self.gather(r#"LSUB "" "*""#, gathered).await;
        gathered.no_subscriptions = !self.forgiven(answered)?;
        Ok(())
    }

    /// Whether the command was answered by OK; a link that ended is a failure.
    fn forgiven(&self, answered: Result<(), Failure>) -> Result<bool, Failure> {
        match answered {
            Err(failure) if self.wire.is_ended() => Err(failure),
            answered => Ok(answered.is_ok()),
        }
    }

    fn extended_command(&self) -> String {
        let mut options = vec!["SUBSCRIBED".to_owned()];
        if self.offers("SPECIAL-USE") {
            options.push("SPECIAL-USE".to_owned());
        }
        if self.offers("LIST-STATUS") {
            options.push(format!("STATUS ({})", self.status_items()));
        }
        format!(r#"LIST "" "*" RETURN ({})"#, options.join(" "))
    }

    async fn gather(&mut self, command: &str, gathered: &mut Gathered) -> Result<(), Failure> {
        let tag = self.wire.send(command, DOING).await?;
        let patience = self.wire.usual();
        self.wire
            .finish(&tag, DOING, patience, &mut |answer| {
                let Answer::Data(frame) = answer else {
                    return Ok(Some(answer));
                };
                match frame.kind().to_ascii_uppercase().as_slice() {
                    b"LIST" | b"XLIST" => gathered.take_line(frame),
                    b"LSUB" => gathered.take_lsub(frame),
                    b"STATUS" => gathered.take_status(frame),
                    _ => return Ok(Some(Answer::Data(frame))),
                }
                .map(|()| None)
            })
            .await
            .map(drop)
    }
}

impl Gathered {
    /// A line that cannot be read or named is left out: no mailbox is better than a wrong one.
    fn take_line(&mut self, frame: Frame) -> Result<(), String> {
        let Some(line) = line::read(frame) else {
            return Ok(());
        };
        self.weigh(&line.wire_name)?;
        if line.subscribed {
            self.subscribed.insert(line.wire_name.clone());
        }
        // a mailbox in two namespaces comes twice
        if self.seen.insert(line.wire_name.clone()) {
            self.lines.push(line);
        }
        within_limit(self.lines.len())
    }

    fn take_lsub(&mut self, frame: Frame) -> Result<(), String> {
        if let Some(line) = line::read(frame).filter(|line| line.selectable) {
            self.weigh(&line.wire_name)?;
            self.subscribed.insert(line.wire_name);
        }
        within_limit(self.subscribed.len())
    }

    fn take_status(&mut self, frame: Frame) -> Result<(), String> {
        if let Some((name, numbers)) = read_status(frame) {
            let name = name::of_wire(&name);
            self.weigh(&name)?;
            self.numbers.insert(name, numbers);
        }
        within_limit(self.numbers.len())
    }

    fn weigh(&mut self, name: &str) -> Result<(), String> {
        /// A line with its entries in the sets and maps, besides the names in them.
        const ENTRY: usize = 300;
        self.hold.grow(ENTRY + 2 * name.len());
        self.bytes += name.len();
        if self.bytes <= limits::LIST_BYTES {
            return Ok(());
        }
        Err(format!("more than {} bytes of mailbox names", limits::LIST_BYTES))
    }

    fn names_inbox(&self) -> bool {
        self.lines.iter().any(|line| is_inbox(&line.wire_name))
    }

    fn into_mailboxes(mut self) -> Vec<Listed> {
        let lines = std::mem::take(&mut self.lines);
        let inbox = inbox_of(&lines).map(str::to_owned);
        let mut mailboxes: Vec<Listed> = lines
            .into_iter()
            .map(|line| {
                let is_inbox = inbox.as_ref() == Some(&line.wire_name);
                self.mailbox(line, is_inbox)
            })
            .collect();
        role::guess_missing(&mut mailboxes);
        mailboxes
    }

    fn mailbox(&self, line: Line, is_inbox: bool) -> Listed {
        // the INBOX may be spelled in one way here and in another there
        let spelled =
            |name: &&String| is_inbox && !self.seen.contains(*name) && self::is_inbox(name);
        let numbers = self.numbers.get(&line.wire_name).or_else(|| {
            self.numbers.iter().find(|(name, _)| spelled(name)).map(|(_, numbers)| numbers)
        });
        let subscribed = self.no_subscriptions
            || self.subscribed.contains(&line.wire_name)
            || is_inbox && self.subscribed.iter().any(|name| spelled(&name));
        let role = if is_inbox { Some(Role::Inbox) } else { line.role };
        // what a server says of its INBOX is found out by opening it
        let selectable = line.selectable || is_inbox;
        Listed {
            name: if is_inbox { INBOX.to_owned() } else { name::shown(&line.wire_name) },
            separator: line.separator,
            role: role.filter(|_| selectable),
            selectable,
            subscribed,
            status: numbers.and_then(|numbers| numbers.state()).filter(|_| selectable),
            wire_name: line.wire_name,
        }
    }
}

/// The wire name of the INBOX, which is one mailbox in whatever case (RFC 9051 §5.1): where a
/// server has `Inbox` beside `INBOX`, only the latter is it.
fn inbox_of(lines: &[Line]) -> Option<&str> {
    let mut inboxes =
        lines.iter().map(|line| line.wire_name.as_str()).filter(|name| is_inbox(name));
    let first = inboxes.next()?;
    Some(if first == INBOX { first } else { inboxes.find(|name| *name == INBOX).unwrap_or(first) })
}

fn within_limit(count: usize) -> Result<(), String> {
    if count <= limits::MAILBOXES {
        return Ok(());
    }
    Err(format!("more than {} mailboxes", limits::MAILBOXES))
}

fn is_inbox(wire_name: &str) -> bool {
    wire_name.eq_ignore_ascii_case(INBOX)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::imap::guard::frame::Literal;

    fn list(lines: &[&str]) -> Vec<Listed> {
        let mut gathered = Gathered::default();
        for line in lines {
            let mut frame = Frame { line: line.as_bytes().to_vec(), ..Frame::default() };
            frame.literals.push_back(Literal { bytes: b"a\"b".to_vec(), cut: false });
            match frame.kind() {
                b"LIST" => gathered.take_line(frame).unwrap(),
                b"LSUB" => gathered.take_lsub(frame).unwrap(),
                _ => gathered.take_status(frame).unwrap(),
            }
        }
        gathered.into_mailboxes()
    }

    #[test]
    fn one_of_each() {
        let listed = list(&[
            r#"* LIST (\HasNoChildren) "/" inbox"#,
            r#"* LIST (\Subscribed \Sent) "/" "S&AOk-nt" ("CHILDINFO" ("SUBSCRIBED"))"#,
            r#"* LIST (\Noselect \Drafts) NIL "x""#,
            "* LIST () \"\" {3}\r\n",
            r#"* STATUS "S&AOk-nt" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1 SIZE 99 MAILBOXID (F1))"#,
            r#"* LSUB () "/" inbox"#,
        ]);
        let [inbox, sent, none, quoted] = listed.as_slice() else {
            panic!("{listed:?}");
        };
        assert_eq!(
            (inbox.name.as_str(), inbox.role, inbox.subscribed),
            ("INBOX", Some(Role::Inbox), true)
        );
        assert_eq!(inbox.wire_name, "inbox");
        assert_eq!(
            (sent.name.as_str(), sent.role, sent.subscribed),
            ("S\u{e9}nt", Some(Role::Sent), true)
        );
        assert_eq!(sent.status.map(|state| (state.exists, state.uidnext)), Some((3, 9)));
        assert_eq!((none.selectable, none.role, none.separator), (false, None, None));
        assert_eq!((quoted.wire_name.as_str(), quoted.separator), ("a\"b", None));
    }

    #[test]
    fn names_as_servers_write_them() {
        for (line, wire, shown) in [
            (
                b"* LIST () \"/\" Old Mail 2019".as_slice(),
                b"Old Mail 2019".as_slice(),
                "Old Mail 2019",
            ),
            (b"* LIST () \"/\" INBOX/Von\tBetreff ", b"INBOX/Von\tBetreff", "INBOX/Von\tBetreff"),
            (b"* LIST () \"\\\\\" Archiv\\2020 Q1", b"Archiv\\2020 Q1", "Archiv\\2020 Q1"),
            (b"* LIST () \"\\\\\" \"Archiv\\2021 Q1\"", b"Archiv\\2021 Q1", "Archiv\\2021 Q1"),
            (b"* LIST () \"/\" \"the \"big\" one\"", b"the \"big\" one", "the \"big\" one"),
            (b"* LIST () \"/\" Copies (old)", b"Copies (old)", "Copies (old)"),
            (b"* LIST () \"/\" a b (\"CHILDINFO\" (\"SUBSCRIBED\"))", b"a b", "a b"),
            (b"* LIST () \"/\" \"a b\" (\"OLDNAME\" (\"c\"))", b"a b", "a b"),
            (b"* LIST () \"/\" NIL", b"NIL", "NIL"),
            (b"* LIST () NIL Stra\xdfe", b"Stra\xdfe", "Straße"),
            (b"* LIST () \"/\" \"P\xf3\xb3ka\"", b"P\xf3\xb3ka", "Pó³ka"),
            ("* LIST () \"/\" \"Päckchen\"".as_bytes(), "Päckchen".as_bytes(), "Päckchen"),
        ] {
            let line = line::read(Frame { line: line.to_vec(), ..Frame::default() }).unwrap();
            assert_eq!(name::to_wire(&line.wire_name).as_ref(), wire, "{shown}");
            assert_eq!(name::shown(&line.wire_name), shown);
        }
    }

    #[test]
    fn one_mailbox_is_the_inbox() {
        for (lines, inbox, others) in [
            (["* LIST () \"/\" Inbox", "* LIST () \"/\" INBOX"], "INBOX", ["Inbox"].as_slice()),
            (["* LIST () \"/\" INBOX", "* LIST () \"/\" inbox"], "INBOX", &["inbox"]),
            (["* LIST () \"/\" inBox", "* LIST () \"/\" INBOX/x"], "inBox", &["INBOX/x"]),
        ] {
            let listed = list(&lines);
            let (found, rest): (Vec<_>, Vec<_>) =
                listed.iter().partition(|one| one.role == Some(Role::Inbox));
            let [found] = found.as_slice() else { panic!("{listed:?}") };
            assert_eq!((found.wire_name.as_str(), found.name.as_str()), (inbox, "INBOX"));
            assert_eq!(rest.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), others);
        }
    }

    #[test]
    fn attributes_without_end_cost_nothing() {
        let line = format!("* LIST ({}\\Sent) \"/\" x", "\\a ".repeat(100_000));
        let listed = list(&[&line]);
        assert_eq!(listed.len(), 1);
    }

    #[test]
    fn hostile_names_are_left_out() {
        let long = format!("* LIST () \"/\" {}", "x".repeat(10_000));
        assert_eq!(
            list(&[
                "* LIST () \"/\" \"\"",
                "* LIST (",
                "* LIST () NIL",
                &long,
                "* LIST () \"/\" \"a\0b\""
            ]),
            []
        );
    }
}
