//! The scan: many secrets in many forms, looked for in all bytes of many files at once.
//!
//! It must be shown able to find, each time: [`Report::is_blind`] is the outcome of a search for a
//! secret that was just planted in each of its forms.

use super::forms::{SHORTEST, forms};
use super::{SECRETS, cores, secrets};
use crate::rig::scratch::random_hex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a window by which needles are recognised.
const WINDOW: usize = 8;
/// Only every so many bytes a window is looked at: each needle is known by that many of its own.
const STRIDE: usize = SHORTEST + 1 - WINDOW;
/// A file is read in pieces of this size.
const PIECE_BYTES: usize = 4 << 20;
/// The first bytes of a zstd frame (RFC 8878 §3.1.1); packs hold them.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// What one frame may unpack to; mails are smaller.
const FRAME_BYTES: u64 = 256 << 20;

/// Secrets in all forms, prepared for the search.
pub struct Needles {
    forms: Vec<Vec<u8>>,
    /// Needle and offset in it, by window.
    windows: BTreeMap<[u8; WINDOW], Vec<(usize, usize)>>,
    /// Which hashes any window has.
    known: Vec<bool>,
    longest: usize,
}

impl Needles {
    /// Prepares the search for every form of `secrets`.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let needles: BTreeSet<Vec<u8>> = secrets.into_iter().flat_map(forms).collect();
        let needles: Vec<Vec<u8>> = needles.into_iter().collect();
        let mut windows: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut known = vec![false; 1 << 16];
        for (number, needle) in needles.iter().enumerate() {
            assert!(needle.len() >= SHORTEST, "too short to be looked for");
            for offset in 0..STRIDE {
                let window: [u8; WINDOW] = needle[offset..offset + WINDOW].try_into().unwrap();
                known[hash(window)] = true;
                windows.entry(window).or_default().push((number, offset));
            }
        }
        let longest = needles.iter().map(Vec::len).max().unwrap_or(0);
        Self { forms: needles, windows, known, longest }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.forms.len()
    }

    /// Whether any of them is in `bytes`.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        (0..bytes.len().saturating_sub(WINDOW - 1)).step_by(STRIDE).any(|at| {
            let window: [u8; WINDOW] = bytes[at..at + WINDOW].try_into().unwrap();
            self.known[hash(window)]
                && self.windows.get(&window).is_some_and(|places| {
                    places.iter().any(|(number, offset)| {
                        at.checked_sub(*offset)
                            .is_some_and(|from| bytes[from..].starts_with(&self.forms[*number]))
                    })
                })
        })
    }

    /// Whether any of them is in what `reader` gives; the bytes read.
    fn are_behind(&self, mut reader: impl Read) -> std::io::Result<(bool, u64)> {
        let (mut piece, mut total, mut found) = (Vec::new(), 0, false);
        loop {
            let read = reader.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
            total += read as u64;
            found |= self.are_in(&piece);
            if read == 0 {
                return Ok((found, total));
            }
            // a needle may lie across the border
            piece.drain(..piece.len().saturating_sub(self.longest));
        }
    }

    /// The same for a file; packs and other compressed frames are unpacked.
    pub fn are_in_file(&self, path: &Path) -> std::io::Result<(bool, u64)> {
        let (found, total) = self.are_behind(fs::File::open(path)?)?;
        let packed = path.extension().is_some_and(|ext| ext == "pack");
        if found || !packed {
            return Ok((found, total));
        }
        let bytes = fs::read(path)?;
        let frames = bytes.windows(ZSTD.len()).enumerate().filter(|(_, head)| *head == ZSTD);
        let found = frames.into_iter().any(|(at, _)| self.are_in_frame(&bytes[at..]));
        Ok((found, total))
    }

    /// Unpacks the frame at the start of `bytes`; one that is damaged is read up to the damage.
    fn are_in_frame(&self, bytes: &[u8]) -> bool {
        let Ok(frame) = zstd::stream::read::Decoder::with_buffer(bytes) else { return false };
        let mut raw = Vec::new();
        let _ = frame.single_frame().take(FRAME_BYTES).read_to_end(&mut raw);
        self.are_in(&raw)
    }
}

fn hash(window: [u8; WINDOW]) -> usize {
    // Fibonacci hashing to sixteen bits
    usize::try_from(u64::from_le_bytes(window).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48).unwrap()
}

/// What a scan saw.
#[derive(Debug, Default)]
pub struct Report {
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Processes of the product that were looked at while they ran.
    pub processes: usize,
    /// Secrets looked for.
    pub secrets: usize,
    /// Forms of them.
    pub forms: usize,
    /// Where one was found.
    pub hits: Vec<PathBuf>,
    /// What could not be read.
    pub unread: Vec<PathBuf>,
    /// Memory images of dead processes.
    pub cores: Vec<PathBuf>,
    /// The planted secret was not found in each of its forms.
    pub is_blind: bool,
}

impl Report {
    /// Whether nothing was found, and the scan is worth believing.
    pub fn is_clean(&self) -> bool {
        self.hits.is_empty() && self.unread.is_empty() && self.cores.is_empty() && !self.is_blind
    }
}

/// Scans the remains in `dir` for all secrets that were declared.
pub fn remains(dir: &Path) -> Result<Report, String> {
    let list = fs::read_to_string(dir.join(SECRETS)).unwrap_or_default();
    let declared: Result<BTreeSet<String>, _> = list.lines().map(serde_json::from_str).collect();
    let mut declared = declared.map_err(|error| format!("{SECRETS} is damaged: {error}"))?;
    let mut places = files(dir);
    places.retain(|path| path != &dir.join(SECRETS));
    if places.is_empty() || declared.is_empty() {
        return Err("nothing was left to scan".into());
    }
    declared.extend(secrets());
    let needles = Needles::new(declared.iter().map(String::as_str));
    let mut report =
        Report { secrets: declared.len(), forms: needles.count(), ..Report::default() };
    report.is_blind = !finds_what_is_planted(dir).map_err(|error| format!("planting: {error}"))?;
    report.cores = cores::outside(dir);
    for path in places {
        report.files += 1;
        report.processes += usize::from(is_process(&path));
        if path.file_name().is_some_and(is_core) {
            report.cores.push(path.clone());
        }
        match needles.are_in_file(&path) {
            Ok((found, bytes)) => {
                report.bytes += bytes;
                report.hits.extend(found.then_some(path));
            }
            Err(_) => report.unread.push(path),
        }
    }
    Ok(report)
}

/// Plants a new secret in each of its forms and in a pack; whether each is found, and only then.
fn finds_what_is_planted(dir: &Path) -> std::io::Result<bool> {
    let planted = format!("planted /+\"{}", random_hex(12));
    let needles = Needles::new([planted.as_str()]);
    let place = dir.join("planted.pack");
    let mut texts: Vec<Vec<u8>> = forms(&planted).into_iter().collect();
    texts.push(zstd::bulk::compress(format!("{planted} {planted}").repeat(9).as_bytes(), 3)?);
    let mut all = true;
    for (number, text) in texts.iter().enumerate() {
        // at the end of the first piece, so that the border is crossed too
        let mut bytes = vec![b'.'; if number == 0 { PIECE_BYTES - 9 } else { number }];
        bytes.extend_from_slice(text);
        fs::write(&place, &bytes)?;
        all &= needles.are_in_file(&place)?.0;
        bytes.truncate(bytes.len() - text.len());
        fs::write(&place, &bytes)?;
        all &= !needles.are_in_file(&place)?.0;
    }
    fs::remove_file(&place)?;
    Ok(all)
}

/// The one note that each process has.
fn is_process(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.parent().is_some_and(|dir| dir.ends_with("processes")) && name.starts_with("status-")
}

/// `core`, or `core.` with a number (core(5)).
fn is_core(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    let rest = name.strip_prefix("core");
    rest.is_some_and(|rest| rest.trim_start_matches('.').chars().all(|c| c.is_ascii_digit()))
}

/// All ordinary files below `dir`. A directory that cannot be read is named like a file, so that
/// reading it fails.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return vec![dir.to_owned()] };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::scratch::Scratch;

    #[test]
    fn what_is_planted_is_found_and_nothing_else() {
        let dir = Scratch::new("scan");
        assert!(remains(dir.path()).is_err(), "nothing there is no proof");
        fs::write(dir.path().join(SECRETS), "\"canary-0123456789\"\n").unwrap();
        assert!(remains(dir.path()).is_err(), "a list alone is no proof");
        fs::create_dir(dir.path().join("world")).unwrap();
        fs::write(dir.path().join("world/clean"), "canary-012345678 and canary-").unwrap();
        let report = remains(dir.path()).unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.files, 1);
        // other tests of this process register theirs meanwhile
        assert!(report.secrets >= 1, "{report:?}");
        for (name, bytes) in [
            ("plain", "x canary-0123456789 y".as_bytes().to_vec()),
            ("auth", b"AGFsaWNlAGNhbmFyeS0wMTIzNDU2Nzg5".to_vec()),
            ("7.pack", zstd::bulk::compress(b"canary-0123456789", 1).unwrap()),
        ] {
            let path = dir.path().join("world").join(name);
            fs::write(&path, bytes).unwrap();
            assert_eq!(remains(dir.path()).unwrap().hits, std::slice::from_ref(&path));
            fs::remove_file(path).unwrap();
        }
        fs::write(dir.path().join("world/core.17"), "").unwrap();
        assert_eq!(remains(dir.path()).unwrap().cores.len(), 1);
    }
}
