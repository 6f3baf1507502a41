//! LIST with roles, subscriptions and numbers in one round trip where the server can (RFC 9051
//! §6.3.9, 5258, 5819, 6154), in two where it cannot.

use super::failure::Doing;
use super::guard::frame::Frame;
use super::role;
use super::select::{Numbers, read_status};
use super::session::Session;
use super::value::{Reader, Value};
use super::wire::Answer;
use super::{Listed, limits};
use chapar_engine::mailbox::Role;
use chapar_engine::mutf7;
use chapar_engine::verdict::{Failure, ImapStep};
use std::collections::{BTreeMap, BTreeSet};

const DOING: Doing = Doing(ImapStep::List, "listing the mailboxes");

/// What one LIST or LSUB response said.
struct Line {
    attributes: Vec<String>,
    separator: Option<char>,
    wire_name: String,
}

/// What came in so far.
#[derive(Default)]
struct Gathered {
    lines: Vec<Line>,
    seen: BTreeSet<String>,
    subscribed: BTreeSet<String>,
    numbers: BTreeMap<String, Numbers>,
    /// Bytes of all names above.
    bytes: usize,
}

impl Session {
    /// All mailboxes, with roles and, where offered, numbers, in one round trip.
    pub async fn list(&mut self) -> Result<Vec<Listed>, Failure> {
        let mut gathered = Gathered::default();
        let extended = self.offers("LIST-EXTENDED");
        let command = self.list_command(extended);
        self.gather(&command, &mut gathered).await?;
        if !extended {
            self.gather(r#"LSUB "" "*""#, &mut gathered).await?;
        }
        if !gathered.lines.iter().any(|line| is_inbox(&line.wire_name)) {
            // some servers list nothing outside a namespace that INBOX is not in
            self.gather(r#"LIST "" "INBOX""#, &mut gathered).await?;
        }
        Ok(gathered.into_mailboxes())
    }

    fn list_command(&self, extended: bool) -> String {
        if !extended {
            return r#"LIST "" "*""#.to_owned();
        }
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
        let Some(line) = read_line(frame) else {
            return Ok(());
        };
        self.weigh(&line.wire_name)?;
        if line.has("\\Subscribed") {
            self.subscribed.insert(line.wire_name.clone());
        }
        // a mailbox in two namespaces comes twice
        if self.seen.insert(line.wire_name.clone()) {
            self.lines.push(line);
        }
        within_limit(self.lines.len())
    }

    fn take_lsub(&mut self, frame: Frame) -> Result<(), String> {
        if let Some(line) = read_line(frame).filter(|line| !line.has("\\Noselect")) {
            self.weigh(&line.wire_name)?;
            self.subscribed.insert(line.wire_name);
        }
        within_limit(self.subscribed.len())
    }

    fn take_status(&mut self, frame: Frame) -> Result<(), String> {
        if let Some((name, numbers)) = read_status(frame)
            && let Ok(name) = String::from_utf8(name)
        {
            self.weigh(&name)?;
            self.numbers.insert(name, numbers);
        }
        within_limit(self.numbers.len())
    }

    fn weigh(&mut self, name: &str) -> Result<(), String> {
        self.bytes += name.len();
        if self.bytes <= limits::LIST_BYTES {
            return Ok(());
        }
        Err(format!("more than {} bytes of mailbox names", limits::LIST_BYTES))
    }

    fn into_mailboxes(mut self) -> Vec<Listed> {
        let lines = std::mem::take(&mut self.lines);
        let mut mailboxes: Vec<Listed> = lines.into_iter().map(|line| self.mailbox(line)).collect();
        role::guess_missing(&mut mailboxes);
        mailboxes
    }

    fn mailbox(&mut self, line: Line) -> Listed {
        let selectable = !line.has("\\Noselect") && !line.has("\\NonExistent");
        let inbox = is_inbox(&line.wire_name);
        let name = if inbox { "INBOX".to_owned() } else { mutf7::decode(&line.wire_name) };
        let role = if inbox { Some(Role::Inbox) } else { role::of_attributes(&line.attributes) };
        Listed {
            name,
            separator: line.separator,
            role: role.filter(|_| selectable),
            selectable,
            subscribed: self.subscribed.contains(&line.wire_name),
            status: self
                .numbers
                .get(&line.wire_name)
                .and_then(|numbers| numbers.state())
                .filter(|_| selectable),
            wire_name: line.wire_name,
        }
    }
}

impl Line {
    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|own| own.eq_ignore_ascii_case(attribute))
    }
}

fn within_limit(count: usize) -> Result<(), String> {
    if count <= limits::MAILBOXES {
        return Ok(());
    }
    Err(format!("more than {} mailboxes", limits::MAILBOXES))
}

fn is_inbox(wire_name: &str) -> bool {
    wire_name.eq_ignore_ascii_case("INBOX")
}

/// `(attributes) separator name`; what LIST-EXTENDED puts after them is passed over.
fn read_line(mut frame: Frame) -> Option<Line> {
    let line = std::mem::take(&mut frame.line);
    let mut reader = Reader::new(&line, &mut frame.literals);
    reader.word()?;
    reader.word()?;
    let attributes = reader.value()?;
    let attributes = attributes.list()?.iter().filter_map(Value::str).map(str::to_owned).collect();
    let separator = reader.value()?.str().and_then(|text| text.chars().next());
    let wire_name = match reader.value()? {
        // a mailbox may be called NIL
        Value::Nil => "NIL".to_owned(),
        value => String::from_utf8(value.into_bytes()?).ok()?,
    };
    let sayable = !wire_name.is_empty()
        && wire_name.len() <= limits::MAILBOX_NAME_BYTES
        && !wire_name.contains(['\r', '\n', '\0']);
    sayable.then_some(Line { attributes, separator, wire_name })
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
