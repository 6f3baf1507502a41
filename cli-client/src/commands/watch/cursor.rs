//! The file of `--since-file`: the cursor of the last event that was handled.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use chapar_ipc_protocol::id::Cursor;

use crate::error::Fault;

/// A cursor is an instance and a number; anything longer is not one.
const CURSOR_LIMIT: u64 = 256;

/// Reads the cursor of a file; a file that is not there yet is the beginning.
pub(super) fn read(path: &Path) -> Result<Option<Cursor>, Fault> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(Fault::file(path, &cause)),
    };
    let mut text = String::new();
    file.take(CURSOR_LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(|cause| Fault::file(path, &cause))?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() as u64 >= CURSOR_LIMIT || text.contains(char::is_whitespace) {
        return Err(Fault::new("input.data", format!("{} holds no cursor", path.display()))
            .without_commands()
            .hint("delete the file to begin with what happens from now on"));
    }
    Ok(Some(Cursor::from(text)))
}

/// Records a cursor so that a crash leaves the old or the new one, never half of it.
pub(super) fn record(path: &Path, cursor: &Cursor) -> Result<(), Fault> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    fs::write(beside, format!("{cursor}\n"))
        .and_then(|()| fs::rename(beside, path))
        .map_err(|cause| Fault::unwritable(path, &cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_file_is_read_and_replaced_whole() {
        let directory = std::env::temp_dir().join(format!("chapar-watch-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("cursor");
        assert_eq!(read(&path).unwrap(), None);
        record(&path, &Cursor::from("7f3k:18")).unwrap();
        assert_eq!(read(&path).unwrap(), Some(Cursor::from("7f3k:18")));
        fs::write(&path, "two words").unwrap();
        assert_eq!(read(&path).unwrap_err().exit, 65);
        fs::remove_dir_all(&directory).unwrap();
    }
}
