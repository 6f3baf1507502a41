//! The canary scan of one world while it lives: a password handed to chapar must be found nowhere.

use crate::remains::scan::{Needles, files};
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below `dir` and everything the kernel shows of `pid` that holds one of `canaries` in
/// any of its forms.
pub fn find<'a>(
    dir: &Path,
    pid: Option<u32>,
    canaries: impl Iterator<Item = &'a str>,
) -> Vec<PathBuf> {
    let needles = Needles::new(canaries);
    let mut places = files(dir);
    if let Some(pid) = pid {
        places.extend(
            ["cmdline", "environ", "comm", "status"]
                .map(|part| PathBuf::from(format!("/proc/{pid}/{part}"))),
        );
    }
    places.retain(|path| fs::read(path).is_ok_and(|bytes| needles.are_in(&bytes)));
    places
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
        // base64 of NUL, a name of one to three letters, NUL and the secret
        for answer in [
            "AGEAY2FuYXJ5LTAxMjM0NTY3ODk=",
            "AGFiAGNhbmFyeS0wMTIzNDU2Nzg5",
            "AGFiYwBjYW5hcnktMDEyMzQ1Njc4OQ==",
        ] {
            std::fs::write(dir.path().join(answer), answer).unwrap();
        }
        assert_eq!(find().len(), 4);
    }
}
