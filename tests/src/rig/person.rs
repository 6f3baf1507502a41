//! The person who signs in at an issuer: a real Chromium without a window, or a plain HTTP client.
//!
//! Either is a program to be named in `$BROWSER`, which takes the address as its only argument. What
//! it knows (name and password) and what it met lie in the rig's own directory, never in a home.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::process::{run, run_ok, wait_for};
use super::scratch::random_hex;
use super::{Rig, User, node};

/// Chromium starts within 2 s and the pages take 2 s more; the machine may be loaded.
const SIGN_IN_LIMIT: Duration = Duration::from_mins(2);
/// certutil makes a database in a second.
const NSS_LIMIT: Duration = Duration::from_secs(30);

/// With what the pages are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// A real browser; TLS is checked against the rig's authority.
    Chromium,
    /// `urllib` with cookies.
    PlainHttp,
}

/// What the person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// Signs in and allows.
    Yes,
    /// Cancels.
    No,
    /// Allows, and leaves the boxes empty.
    Unticked,
    /// Allows, and the browser runs elsewhere: the last address is not reached, only copied.
    Elsewhere,
}

/// A person at a browser.
pub struct Person {
    dir: PathBuf,
    with: With,
}

impl Person {
    /// Somebody who signs in as `user`.
    pub fn new(rig: &Rig, user: &User, with: With, says: Says) -> Self {
        let dir = rig.dir().join("people").join(random_hex(4));
        fs::create_dir_all(&dir).unwrap();
        // the browser runs as whoever runs chapar
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
        let says = match says {
            Says::Yes => "yes",
            Says::No => "no",
            Says::Unticked => "unticked",
            Says::Elsewhere => "stop",
        };
        let facts = json!({
            "login": user.address, "password": user.password, "says": says,
            "ca": rig.ca_file(), "home": dir, "report": dir.join("report.json"),
            "picture": dir.join("landing.png"),
        });
        fs::write(dir.join("person.json"), facts.to_string()).unwrap();
        let program = match with {
            With::Chromium => {
                trust(&dir, rig.ca_file());
                format!(
                    "node {}",
                    node::programs(&dir.join("programs")).join("chromium.mjs").display()
                )
            }
            With::PlainHttp => {
                format!("/usr/bin/python3 {}/python/person.py", env!("CARGO_MANIFEST_DIR"))
            }
        };
        let path = std::env::var("PATH").unwrap();
        let script = format!(
            "#!/bin/sh\nPATH='{path}' exec {program} '{0}/person.json' \"$1\" >'{0}/out' 2>&1\n",
            dir.display()
        );
        let browser = dir.join("browser");
        fs::write(&browser, script).unwrap();
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir, with }
    }

    /// The program for `$BROWSER`.
    pub fn browser(&self) -> String {
        self.dir.join("browser").display().to_string()
    }

    /// The file in which it says what it met.
    pub fn report(&self) -> PathBuf {
        self.dir.join("report.json")
    }

    /// Opens an address now, as one who typed it elsewhere, and says what was met.
    pub fn opens(&self, address: &str) -> Value {
        let mut command = Command::new(self.dir.join("browser"));
        run(command.arg(address), b"", SIGN_IN_LIMIT);
        self.met()
    }

    /// The words that open the address `{}` and print the one at which the browser ended.
    pub fn ends_at(&self) -> Vec<String> {
        let print = "import json, sys; print(json.load(open(sys.argv[1]))['final'])";
        let script = "\"$0\" \"$1\" && exec /usr/bin/python3 -c \"$2\" \"$3\"";
        let words = ["/bin/sh", "-c", script, &self.browser(), "{}", print];
        let report = self.report().display().to_string();
        words.iter().map(|word| (*word).to_owned()).chain([report]).collect()
    }

    /// What was met: `pages` (titles), `landed` (without its query), `text` of the last page.
    pub fn met(&self) -> Value {
        let report =
            wait_for(SIGN_IN_LIMIT, "what the person met", || fs::read(self.report()).ok());
        let report: Value = serde_json::from_slice(&report).unwrap();
        assert!(report.get("error").is_none(), "{:?}: {report}", self.with);
        report
    }

    /// The picture of the last page (Chromium only).
    pub fn picture(&self) -> PathBuf {
        self.dir.join("landing.png")
    }
}

/// Puts the authority into the NSS database that Chromium reads below its HOME.
fn trust(home: &Path, ca_file: &Path) {
    let nss = home.join(".pki/nssdb");
    fs::create_dir_all(&nss).unwrap();
    let database = format!("sql:{}", nss.display());
    let certutil = |args: &[&str]| {
        run_ok(Command::new("certutil").args(["-d", &database]).args(args), NSS_LIMIT)
    };
    certutil(&["-N", "--empty-password"]);
    certutil(&["-A", "-t", "C,,", "-n", "rig", "-i", ca_file.to_str().unwrap()]);
}
