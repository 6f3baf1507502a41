//! A mail byte for byte, as the server holds it.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chapar_ipc_protocol::blob::BlobOpen;
use chapar_ipc_protocol::id::BlobId;
use serde_json::json;

use crate::args::ExportArgs;
use crate::commands::Context;
use crate::daemon::fault_of;
use crate::error::Fault;
use crate::render::time::bytes;
use crate::screen::{Form, Line};

/// Bytes copied at a time when a mail is exported.
pub(super) const CHUNK: usize = 64 << 10;

pub(super) fn export(context: &Context<'_>, args: &ExportArgs) -> Result<(), Fault> {
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

pub(super) fn broken(cause: &std::io::Error) -> Fault {
    Fault::new("socket.closed", "the mail could not be read to its end").because(cause.to_string())
}
