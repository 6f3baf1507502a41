//! The canary scan: a password handed to chapar must be found nowhere afterwards.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below `dir` and everything the kernel shows of `pid` that holds one of `canaries`, in
/// the clear or as base64 in any alignment.
pub fn find<'a>(
    dir: &Path,
    pid: Option<u32>,
    canaries: impl Iterator<Item = &'a str>,
) -> Vec<PathBuf> {
    let needles: Vec<Vec<u8>> = canaries.flat_map(forms).collect();
    let mut places = files(dir);
    if let Some(pid) = pid {
        places.extend(
            ["cmdline", "environ", "comm", "status"]
                .map(|part| PathBuf::from(format!("/proc/{pid}/{part}"))),
        );
    }
    places.retain(|path| fs::read(path).is_ok_and(|bytes| holds(&bytes, &needles)));
    places
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found
}

fn holds(bytes: &[u8], needles: &[Vec<u8>]) -> bool {
    let Some(starts) = first_bytes(needles) else {
        return false;
    };
    (0..bytes.len()).any(|at| {
        starts[usize::from(bytes[at])]
            && needles.iter().any(|needle| bytes[at..].starts_with(needle))
    })
}

fn first_bytes(needles: &[Vec<u8>]) -> Option<[bool; 256]> {
    let mut starts = [false; 256];
    for needle in needles {
        starts[usize::from(*needle.first()?)] = true;
    }
    (!needles.is_empty()).then_some(starts)
}

/// The secret itself and its base64 at each of the three alignments, without the edge characters
/// that depend on neighbours.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    for shift in 0..3_usize {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(secret.as_bytes());
        let text = base64(&padded);
        let from = [0, 2, 3][shift];
        let to = (padded.len() * 8) / 6;
        forms.push(text.as_bytes()[from..to].to_vec());
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, i| word << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for sextet in 0..4 {
            let index = usize::try_from(word >> (18 - 6 * sextet) & 63).unwrap();
            text.push(char::from(ALPHABET[index]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_is_found_plain_and_inside_an_auth_plain_answer() {
        let dir = crate::rig::scratch::Scratch::new("audit");
        let find = || super::find(dir.path(), None, ["canary-0123456789"].into_iter());
        std::fs::write(dir.path().join("clean"), "canary-0123").unwrap();
        assert_eq!(find().len(), 0);
        std::fs::write(dir.path().join("plain"), "x canary-0123456789 y").unwrap();
        assert_eq!(find().len(), 1);
        for user in ["a", "ab", "abc"] {
            let answer = super::base64(format!("\0{user}\0canary-0123456789").as_bytes());
            std::fs::write(dir.path().join(user), answer).unwrap();
        }
        assert_eq!(find().len(), 4);
    }
}
