//! The parts of a mail as blobs: `M42-3` is the part that `Email/get` lists under 3, `M42-text` and
//! `M42-html` are the texts, `M42-safe` is the HTML that a browser may show.
//!
//! A part is decoded once, into a file without a name, and streamed from there: a reader that is slow
//! keeps no mail in memory. What all these files hold is bounded.

use super::dispatch::in_turn;
use super::session::Caller;
use super::source::{no_blob, readable};
use super::{Services, convert, fault, handlers, limits};
use chapar_engine::id::{BlobId, MessageId};
use chapar_engine::message::{body, part, safe_html};
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::id::BlobId as WireId;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Which part of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The plain text, as UTF-8.
    Text,
    /// The HTML, as UTF-8.
    Html,
    /// The HTML without what runs, loads or sends, as UTF-8.
    Safe,
    /// A part beside the text.
    Beside(u32),
}

/// The id of a part.
pub(super) fn id(email: &chapar_ipc_protocol::id::EmailId, which: Which) -> WireId {
    WireId(match which {
        Which::Text => format!("{email}-text"),
        Which::Html => format!("{email}-html"),
        Which::Safe => format!("{email}-safe"),
        Which::Beside(index) => format!("{email}-{index}"),
    })
}

/// The part that an id names; one spelling each, as for all ids.
pub(super) fn parse(text: &str) -> Option<(MessageId, Which)> {
    let (email, which) = text.split_once('-')?;
    let which = match which {
        "text" => Which::Text,
        "html" => Which::Html,
        "safe" => Which::Safe,
        index => {
            Which::Beside(index.parse().ok().filter(|number: &u32| number.to_string() == index)?)
        }
    };
    Some((convert::to_email_id(email)?, which))
}

/// The bytes of a part in a file of their own.
pub(super) struct Decoded {
    pub(super) file: File,
    pub(super) size: u64,
    pub(super) held: Held,
}

/// What decoded parts hold on the disk.
#[derive(Default)]
pub(super) struct Open {
    /// Files and their bytes. A lock, not a task: two additions, never held over an await.
    taken: Mutex<(usize, u64)>,
}

/// A file of a decoded part, counted until it is closed.
pub(super) struct Held {
    open: Arc<Open>,
    bytes: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.open.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = (taken.0.saturating_sub(1), taken.1.saturating_sub(self.bytes));
    }
}

impl Open {
    /// Counts one more file of `bytes`.
    fn hold(self: &Arc<Self>, bytes: u64) -> Result<Held, Error> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = taken.1.saturating_add(bytes);
        if taken.0 >= limits::PARTS || sum > limits::PARTS_BYTES {
            return Err(Error::new(
                ErrorType::RateLimit,
                "Too many parts of mails are read at once.",
            )
            .hint("read those that are open to their end first"));
        }
        *taken = (taken.0 + 1, sum);
        drop(taken);
        Ok(Held { open: Arc::clone(self), bytes })
    }
}

/// Decodes a part; the mail is fetched when it is not here.
pub(super) async fn find(
    services: &Arc<Services>,
    caller: &Caller,
    text: &str,
    (email, which): (MessageId, Which),
) -> Result<Decoded, Error> {
    let blob = handlers::email::blob_of(services, email).await?;
    let size = services.store.blob_size(blob).map_err(fault::store)?;
    let size = size.ok_or_else(|| no_blob(text))?;
    let _alone = if size > limits::LARGE_BYTES {
        Some(services.large.acquire().await.map_err(|_| fault::ending())?)
    } else {
        None
    };
    let name = text.to_owned();
    let job = move |services: Arc<Services>| async move {
        decode(&services, blob, size, which).await?.ok_or_else(|| no_blob(&name))
    };
    in_turn(services, caller, job).await?
}

/// For a job. `None`: the mail has no such part, or is too large to be taken apart.
async fn decode(
    services: &Services,
    blob: BlobId,
    size: u64,
    which: Which,
) -> Result<Option<Decoded>, Error> {
    let (mail, is_cut) = readable(services, blob, size).await?;
    if is_cut {
        return Ok(None);
    }
    let bytes = match which {
        Which::Text => body(&mail).text.map(String::into_bytes),
        Which::Html => body(&mail).html.map(String::into_bytes),
        Which::Safe => body(&mail).html.map(|html| safe_html(&html).into_bytes()),
        Which::Beside(index) => part(&mail, index),
    };
    drop(mail);
    let Some(bytes) = bytes else { return Ok(None) };
    let size = bytes.len() as u64;
    let held = services.parts.hold(size)?;
    let mut random = [0; 16];
    services.world.entropy.fill(&mut random);
    let written = services.spool.unnamed(random).and_then(|mut file| {
        file.write_all(&bytes)?;
        Ok(file)
    });
    let file = written.map_err(|error| super::spool::write_error(&error))?;
    Ok(Some(Decoded { file, size, held }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let email = chapar_ipc_protocol::id::EmailId::from("M42");
        for which in
            [Which::Text, Which::Html, Which::Safe, Which::Beside(0), Which::Beside(u32::MAX)]
        {
            assert_eq!(parse(&id(&email, which).0), Some((MessageId(42), which)));
        }
        for none in
            ["M42", "M42-", "M42-03", "M42-+3", "M42--1", "M042-3", "42-3", "M42-Text", "M42-3-3"]
        {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_open_is_bounded_and_given_back() {
        let open = Arc::new(Open::default());
        let half = limits::PARTS_BYTES / 2;
        let first = open.hold(half).unwrap();
        let second = open.hold(half).unwrap();
        assert_eq!(open.hold(1).err().unwrap().data.r#type, ErrorType::RateLimit);
        drop((first, second));
        let all: Vec<Held> = (0..limits::PARTS).map(|_| open.hold(1).unwrap()).collect();
        assert!(open.hold(0).is_err());
        drop(all);
        assert!(open.hold(limits::PARTS_BYTES).is_ok());
    }
}
