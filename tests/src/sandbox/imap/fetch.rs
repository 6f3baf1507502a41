//! FETCH (RFC 3501 §6.4.5, RFC 7162 §3.1.4).

use super::view::flags;
use super::{Answer, FLUSH_BYTES, Refusal, Session, no, text};
use crate::sandbox::faults::{Fault, Harm, Kick, Service};
use crate::sandbox::mailstore::Stored;
use crate::sandbox::wire::End;
use imap_codec::imap_types::command::FetchModifier;
use imap_codec::imap_types::fetch::{
    Macro, MacroOrMessageDataItemNames, MessageDataItemName as Item, Section,
};
use imap_codec::imap_types::sequence::SequenceSet;
use std::num::NonZeroU32;

impl Session {
    pub(super) async fn fetch(
        &mut self,
        set: &SequenceSet,
        names: MacroOrMessageDataItemNames<'_>,
        uid: bool,
        modifiers: &[FetchModifier],
    ) -> Answer {
        let mut items = match names {
            MacroOrMessageDataItemNames::MessageDataItemNames(items) => items,
            MacroOrMessageDataItemNames::Macro(Macro::Fast) => {
                vec![Item::Flags, Item::InternalDate, Item::Rfc822Size]
            }
            MacroOrMessageDataItemNames::Macro(_) => return no("[CANNOT] No ENVELOPE here."),
        };
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let since = modifiers.iter().find_map(|modifier| match modifier {
            FetchModifier::ChangedSince(since) => Some(since.get()),
            FetchModifier::Vanished => None,
        });
        if since.is_some() || items.contains(&Item::ModSeq) {
            if !self.provider.personality.full {
                return Err(Refusal::Bad("CONDSTORE is not offered.".into()));
            }
            self.condstore = true;
            if !items.contains(&Item::ModSeq) {
                items.push(Item::ModSeq);
            }
        }
        let whole = items
            .iter()
            .any(|item| matches!(item, Item::BodyExt { section: None, partial: None, .. }));
        let fields = |item: &Item<'_>| {
            matches!(item, Item::BodyExt { section: Some(Section::HeaderFields(..)), .. })
        };
        let part = items
            .iter()
            .any(|item| matches!(item, Item::BodyExt { section: Some(_), .. }) && !fields(item));
        for (seq, stored) in self.wanted(set, uid, since, items.iter().any(marks_seen)) {
            // counted a message, so that a test can tell what was fetched again
            for (_, name) in [(whole, "FETCH whole"), (part, "FETCH part")].iter().filter(|of| of.0)
            {
                self.provider.ledger.command(Service::Imap, name);
            }
            let name = self.view.as_ref().map(|view| view.mailbox.clone()).unwrap_or_default();
            let harm =
                if whole || part { self.provider.faults.message(&name, stored.uid) } else { None };
            match harm {
                None => self.answer(seq, &stored, &items).await?,
                Some(Harm::Blank) => {
                    self.put(&format!("* {seq} FETCH (UID {} FLAGS ())\r\n", stored.uid));
                }
                Some(Harm::Empty) => {
                    let empty = Stored { body: [].into(), ..stored };
                    self.hollow = Some(stored.body.len());
                    self.answer(seq, &empty, &items).await?;
                    self.hollow = None;
                }
                Some(harm) => {
                    if harm == Harm::Silent {
                        self.put(&format!("* {seq} FETCH (UID {} BODY[] {{900}}\r\n", stored.uid));
                    }
                    self.flush().await?;
                    return Err(self.harm(harm).await);
                }
            }
            if self.out.len() >= FLUSH_BYTES && !self.gathers {
                self.flush().await?;
            }
        }
        Ok("Fetch completed.".into())
    }

    /// The messages as they are at this moment; reading a body marks it seen (RFC 3501 §6.4.5).
    fn wanted(
        &mut self,
        set: &SequenceSet,
        uid: bool,
        since: Option<u64>,
        marks_seen: bool,
    ) -> Vec<(usize, Stored)> {
        let chosen = self.chosen(set, uid);
        let Some(view) = self.view.as_ref() else { return Vec::new() };
        let (mailbox, marks_seen) = (view.mailbox.clone(), marks_seen && !view.read_only);
        let newer = |stored: &Stored| since.is_none_or(|since| stored.modseq > since);
        let validity = view.uidvalidity;
        if marks_seen {
            self.provider.store.change(self.user(), &mailbox, |folder, modseq| {
                for stored in &mut folder.messages {
                    if chosen.iter().any(|(_, of)| *of == stored.uid)
                        && stored.flags.insert("\\Seen".into())
                    {
                        stored.modseq = modseq;
                    }
                }
            });
            self.provider.store.tell();
        }
        let found = self.provider.store.read(self.user(), &mailbox, |folder| {
            if folder.uidvalidity != validity {
                return Vec::new();
            }
            let known =
                chosen.iter().filter_map(|(seq, of)| Some((*seq, folder.message(*of)?.clone())));
            known.filter(|(_, stored)| newer(stored)).collect()
        });
        found.unwrap_or_default()
    }

    async fn answer(
        &mut self,
        seq: usize,
        stored: &Stored,
        items: &[Item<'_>],
    ) -> Result<(), Refusal> {
        self.out.extend_from_slice(format!("* {seq} FETCH (").as_bytes());
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b' ');
            }
            match item {
                Item::Uid => self.put(&format!("UID {}", stored.uid)),
                Item::Flags => self.put(&format!("FLAGS ({})", flags(stored))),
                Item::InternalDate => {
                    let date = self.provider.faults.internal_date(stored.uid);
                    let date = date.unwrap_or_else(|| format!("\"{}\"", stored.date_time()));
                    self.put(&format!("INTERNALDATE {date}"));
                }
                Item::Rfc822Size => {
                    let size = self.hollow.unwrap_or(stored.body.len());
                    self.put(&format!("RFC822.SIZE {size}"));
                }
                Item::ModSeq => self.put(&format!("MODSEQ ({})", stored.modseq)),
                Item::Rfc822 => self.literal("RFC822", &stored.body).await?,
                Item::Rfc822Header => self.literal("RFC822.HEADER", split(&stored.body).0).await?,
                Item::Rfc822Text => self.literal("RFC822.TEXT", split(&stored.body).1).await?,
                Item::BodyExt { section, partial, .. } => {
                    let (name, bytes) = part(&stored.body, section.as_ref())?;
                    let (suffix, bytes) = cut(&bytes, *partial);
                    self.literal(&format!("BODY[{name}]{suffix}"), bytes).await?;
                }
                other => return no(format!("[CANNOT] {other:?} is not fetched here.")),
            }
        }
        self.out.extend_from_slice(b")\r\n");
        Ok(())
    }

    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    async fn literal(&mut self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        self.put(&format!("{name} {{{}}}\r\n", bytes.len()));
        let cut = self.provider.faults.take(Service::Imap, |fault| match fault {
            Fault::LiteralCut(keep) => Some(*keep),
            _ => None,
        });
        if let Some(keep) = cut {
            self.out.extend_from_slice(&bytes[..keep.min(bytes.len())]);
            self.flush().await?;
            return Err(End::Kicked(Kick::Drop).into());
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

fn marks_seen(item: &Item<'_>) -> bool {
    matches!(item, Item::BodyExt { peek: false, .. } | Item::Rfc822 | Item::Rfc822Text)
}

/// Header with its empty line, and the text after it.
fn split(body: &[u8]) -> (&[u8], &[u8]) {
    let crlf = body.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    let lf = || body.windows(2).position(|window| window == b"\n\n").map(|at| at + 2);
    body.split_at(crlf.or_else(lf).unwrap_or(body.len()))
}

/// A section's name on the wire and its bytes.
fn part(body: &[u8], section: Option<&Section<'_>>) -> Result<(String, Vec<u8>), Refusal> {
    let (header, rest) = split(body);
    match section {
        None => Ok((String::new(), body.to_vec())),
        Some(Section::Header(None)) => Ok(("HEADER".into(), header.to_vec())),
        Some(Section::Text(None)) => Ok(("TEXT".into(), rest.to_vec())),
        Some(Section::HeaderFields(None, fields)) => {
            let names: Vec<String> =
                fields.as_ref().iter().map(|name| text(name.as_ref())).collect();
            Ok((format!("HEADER.FIELDS ({})", names.join(" ")), fields_of(header, &names)))
        }
        Some(other) => no(format!("[CANNOT] {other:?} is not fetched here.")),
    }
}

/// The header lines of the named fields, folded lines included, and the empty line.
fn fields_of(header: &[u8], names: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut wanted = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = text(line.split(|byte| *byte == b':').next().unwrap_or_default());
            wanted = names.iter().any(|known| known.eq_ignore_ascii_case(name.trim_end()));
        }
        if wanted {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn cut(bytes: &[u8], partial: Option<(u32, NonZeroU32)>) -> (String, &[u8]) {
    let Some((start, count)) = partial else { return (String::new(), bytes) };
    let from = (start as usize).min(bytes.len());
    let to = from.saturating_add(count.get() as usize).min(bytes.len());
    (format!("<{start}>"), &bytes[from..to])
}
