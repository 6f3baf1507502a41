//! Attachments: checked before anything is sent, put as blobs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chapar_ipc_protocol::blob::MAX_BYTES;
use chapar_ipc_protocol::email::SendAttachment;

use crate::commands::Context;
use crate::daemon::fault_of;
use crate::error::Fault;
use crate::render::time::bytes;

/// A file to attach, known to be readable.
#[derive(Debug)]
pub(super) struct Attachment {
    /// Its name for the recipient.
    pub(super) name: String,
    path: PathBuf,
    size: u64,
}

/// Looks at every file before the first is read.
pub(super) fn check(paths: &[PathBuf]) -> Result<Vec<Attachment>, Fault> {
    let files: Vec<Attachment> =
        paths.iter().map(|path| check_one(path)).collect::<Result<_, _>>()?;
    let total = files.iter().fold(0_u64, |total, file| total.saturating_add(file.size));
    if total > MAX_BYTES {
        return Err(too_large(&files, total));
    }
    Ok(files)
}

fn too_large(files: &[Attachment], total: u64) -> Fault {
    let largest = files.iter().max_by_key(|file| file.size);
    let named = largest.map_or_else(String::new, |file| {
        format!("{} is too large to send: {}", file.path.display(), bytes(file.size))
    });
    let why = format!("{} to attach; at most {} can be sent", bytes(total), bytes(MAX_BYTES));
    Fault::new("input.data", named)
        .because(why)
        .without_commands()
        .hint("send a link instead of the file")
}

fn check_one(path: &Path) -> Result<Attachment, Fault> {
    let metadata = fs::metadata(path).map_err(|cause| Fault::file(path, &cause))?;
    if !metadata.is_file() {
        return Err(Fault::new("input.file", format!("{} is not a file", path.display()))
            .without_commands());
    }
    File::open(path).map_err(|cause| Fault::file(path, &cause))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "attachment".to_owned());
    if name.chars().any(char::is_control) {
        return Err(Fault::new(
            "input.data",
            format!("the file name {name:?} has a control character in it"),
        )
        .without_commands());
    }
    Ok(Attachment { name, path: path.to_owned(), size: metadata.len() })
}

impl Attachment {
    /// Puts the bytes; each upload uses up a connection.
    pub(super) fn upload(&self, context: &Context<'_>) -> Result<SendAttachment, Fault> {
        let mut file = File::open(&self.path).map_err(|cause| Fault::file(&self.path, &cause))?;
        let kind = media_type(&self.name).to_owned();
        let put = context
            .open()?
            .into_client()
            .put_blob(&mut file, self.size, Some(kind.clone()))
            .map_err(fault_of)?;
        Ok(SendAttachment {
            name: self.name.clone(),
            r#type: Some(kind),
            blob_id: Some(put.blob_id),
            ..SendAttachment::default()
        })
    }
}

/// The media type of the usual attachments, by extension.
fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "txt" | "log" | "md" => "text/plain",
        "html" | "htm" => "text/html",
        "csv" => "text/csv",
        "ics" => "text/calendar",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "eml" => "message/rfc822",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_found_before_anything_is_sent() {
        let fault = check(&[PathBuf::from("/nonexistent/file.pdf")]).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.exit), ("input.file", 66));
        assert_eq!(check(&[PathBuf::from("/")]).unwrap_err().code, "input.file");
    }

    #[test]
    fn types_by_extension() {
        assert_eq!(media_type("Offer.PDF"), "application/pdf");
        assert_eq!(media_type("noext"), "application/octet-stream");
    }
}
