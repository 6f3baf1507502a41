//! The sealed file: round trip, modes, wrong key, damage, kills; and the live keyring where there
//! is one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    clippy::allow_attributes,
    reason = "tests"
)]

use chapar_daemon::config::VaultChoice;
use chapar_daemon::world::clock::RealClock;
use chapar_daemon::world::entropy::KernelEntropy;
use chapar_daemon::world::secrets::keyring::Keyring;
use chapar_daemon::world::secrets::sealed::SealedFile;
use chapar_daemon::world::secrets::{Secrets as _, SecretsError, Vaults};
use chapar_engine::secret::Secret;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const KEY: &str = "account/abcd/1/password";

/// A directory of a test's own, gone with the test, however it ends.
struct Place(PathBuf);

impl Deref for Place {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fresh(name: &str) -> Place {
    let dir = std::env::temp_dir().join(format!("chapar-secrets-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    Place(dir)
}

fn vault(dir: &Path) -> SealedFile {
    SealedFile::with_credential(dir, None, Arc::new(KernelEntropy))
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn what_was_put_is_found_again_and_nowhere_in_clear() {
    let dir = fresh("round");
    vault(&dir).put(KEY, &secret("tr\u{f6}ub4dor")).await.unwrap();
    vault(&dir).put("other", &secret("x")).await.unwrap();
    assert_eq!(vault(&dir).get(KEY).await.unwrap().unwrap().expose(), "tr\u{f6}ub4dor");
    assert!(vault(&dir).get("none").await.unwrap().is_none());
    for entry in fs::read_dir(&*dir).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{entry:?}");
        let bytes = fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"ub4dor"));
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()));
    }
    vault(&dir).forget(KEY).await.unwrap();
    vault(&dir).forget(KEY).await.unwrap();
    assert!(vault(&dir).get(KEY).await.unwrap().is_none());
    assert!(vault(&dir).get("other").await.unwrap().is_some());
}

#[tokio::test]
async fn a_wrong_key_a_missing_one_and_damage_are_told_apart() {
    let dir = fresh("wrong");
    vault(&dir).put(KEY, &secret("s")).await.unwrap();
    let (file, key) = (dir.join("secrets.sealed"), dir.join("secrets.key"));
    let (sealed, right) = (fs::read(&file).unwrap(), fs::read(&key).unwrap());

    fs::write(&key, [7; 32]).unwrap();
    let error = vault(&dir).get(KEY).await.unwrap_err();
    assert!(error.to_string().contains("another key"), "{error}");
    assert!(vault(&dir).put(KEY, &secret("t")).await.is_err(), "must not overwrite");
    fs::remove_file(&key).unwrap();
    let error = vault(&dir).put(KEY, &secret("t")).await.unwrap_err();
    assert!(error.to_string().contains("put the key back"), "{error}");
    assert!(!key.exists(), "no new key beside an old file");
    assert_eq!(fs::read(&file).unwrap(), sealed);

    fs::write(&key, &right).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    for place in 0..sealed.len() {
        let mut broken = sealed.clone();
        broken[place] ^= 1;
        fs::write(&file, &broken).unwrap();
        let error = vault(&dir).get(KEY).await.unwrap_err();
        assert!(matches!(error, SecretsError::Corrupt(_)), "byte {place}: {error}");
    }
    for length in 1..sealed.len() {
        fs::write(&file, &sealed[..length]).unwrap();
        assert!(vault(&dir).get(KEY).await.is_err(), "cut at {length}");
    }
    fs::write(&file, &sealed).unwrap();
    assert_eq!(vault(&dir).get(KEY).await.unwrap().unwrap().expose(), "s");
}

#[tokio::test]
async fn files_others_can_open_are_refused() {
    let dir = fresh("mode");
    vault(&dir).put(KEY, &secret("s")).await.unwrap();
    let file = dir.join("secrets.sealed");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let error = vault(&dir).get(KEY).await.unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_kill_before_the_replace_leaves_the_old_secrets() {
    let dir = fresh("kill");
    vault(&dir).put(KEY, &secret("old")).await.unwrap();
    // what a kill in the middle of writing the new file leaves
    fs::write(dir.join("secrets.new"), b"half").unwrap();
    assert_eq!(vault(&dir).get(KEY).await.unwrap().unwrap().expose(), "old");
    vault(&dir).put(KEY, &secret("new")).await.unwrap();
    assert_eq!(vault(&dir).get(KEY).await.unwrap().unwrap().expose(), "new");
    assert!(!dir.join("secrets.new").exists());

    // and one between making and filling the key file
    let dir = fresh("kill-key");
    fs::write(dir.join("secrets.key"), b"").unwrap();
    fs::set_permissions(dir.join("secrets.key"), fs::Permissions::from_mode(0o600)).unwrap();
    vault(&dir).put(KEY, &secret("s")).await.unwrap();
    assert_eq!(vault(&dir).get(KEY).await.unwrap().unwrap().expose(), "s");
}

#[tokio::test]
async fn a_prepared_put_writes_over_no_change_and_leaves_nothing_when_it_is_dropped() {
    let dir = fresh("prepared");
    let files = || fs::read_dir(&*dir).unwrap().count();
    let one = vault(&dir);
    one.prepare(KEY).await.unwrap()(secret("first")).await.unwrap();
    assert_eq!(vault(&dir).get(KEY).await.unwrap().unwrap().expose(), "first");
    let there = files();
    drop(one.prepare(KEY).await.unwrap());
    assert_eq!((files(), there), (2, 2), "the secrets and their key");
    // two wait, and somebody else writes and deletes meanwhile
    one.put("gone", &secret("x")).await.unwrap();
    let (late, early) = (one.prepare(KEY).await.unwrap(), one.prepare("early").await.unwrap());
    one.put("between", &secret("y")).await.unwrap();
    one.forget("gone").await.unwrap();
    early(secret("z")).await.unwrap();
    late(secret("second")).await.unwrap();
    for (key, value) in [(KEY, "second"), ("between", "y"), ("early", "z")] {
        assert_eq!(one.get(key).await.unwrap().unwrap().expose(), value);
    }
    assert!(one.get("gone").await.unwrap().is_none());
    // what a kill leaves is no obstacle
    let put = one.prepare(KEY).await.unwrap();
    fs::write(dir.join("secrets.new"), b"half").unwrap();
    put(secret("third")).await.unwrap();
    assert_eq!(one.get(KEY).await.unwrap().unwrap().expose(), "third");
}

#[tokio::test]
async fn a_credential_of_systemd_is_the_key() {
    let dir = fresh("credential");
    let credential = dir.join("chapar-key");
    fs::write(&credential, [3; 48]).unwrap();
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o400)).unwrap();
    let state = fresh("credential-state");
    let vault =
        || SealedFile::with_credential(&state, Some(credential.clone()), Arc::new(KernelEntropy));
    vault().put(KEY, &secret("s")).await.unwrap();
    assert_eq!(vault().get(KEY).await.unwrap().unwrap().expose(), "s");
    assert!(!state.join("secrets.key").exists());
}

/// Run again by [`a_live_keyring_is_chosen`] inside a session bus with a keyring.
#[tokio::test]
async fn inside_a_session_with_a_keyring() {
    let Some(dir) = std::env::var_os("CHAPAR_TEST_KEYRING") else {
        return;
    };
    let dir = Path::new(&dir);
    vault(dir).put("old", &secret("from the file")).await.unwrap();
    let vaults = || {
        let keyring = Keyring::new(Arc::new(RealClock));
        Vaults::new(VaultChoice::Auto, vault(dir), keyring, Arc::new(RealClock))
    };
    let both = vaults();
    assert_eq!(both.vault().await.kind, "none", "nobody is asked for a status");
    both.try_out().await;
    assert_eq!(both.vault().await.kind, "secret-service");
    both.put(KEY, &secret("in the keyring")).await.unwrap();
    both.put(KEY, &secret("replaced")).await.unwrap();
    assert_eq!(vaults().get(KEY).await.unwrap().unwrap().expose(), "replaced");
    drop(both.prepare(KEY).await);
    both.prepare(KEY).await(secret("prepared")).await.unwrap();
    assert_eq!(vaults().get(KEY).await.unwrap().unwrap().expose(), "prepared");
    assert_eq!(vaults().get("old").await.unwrap().unwrap().expose(), "from the file");
    assert!(vault(dir).get(KEY).await.unwrap().is_none(), "it is in the keyring alone");
    // put while the keyring did not answer: newer than what the keyring has
    vault(dir).put(KEY, &secret("newest")).await.unwrap();
    assert_eq!(vaults().get(KEY).await.unwrap().unwrap().expose(), "newest");
    both.prepare(KEY).await(secret("moved")).await.unwrap();
    assert!(vault(dir).get(KEY).await.unwrap().is_none(), "one secret lies in one place");
    assert_eq!(vaults().get(KEY).await.unwrap().unwrap().expose(), "moved");
    vault(dir).put(KEY, &secret("in both")).await.unwrap();
    both.forget(KEY).await.unwrap();
    assert!(both.get(KEY).await.unwrap().is_none());
    assert!(vault(dir).get(KEY).await.unwrap().is_none());
    fs::write(dir.join("done"), "").unwrap();
}

#[test]
fn a_live_keyring_is_chosen() {
    let there = |tool: &str| {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        found.is_ok_and(|output| output.status.success())
    };
    if !there("gnome-keyring-daemon") || !there("dbus-run-session") {
        eprintln!("skipped: gnome-keyring-daemon or dbus-run-session is not installed");
        return;
    }
    let dir = fresh("keyring");
    fs::set_permissions(&*dir, fs::Permissions::from_mode(0o700)).unwrap();
    let script = r#"printf test | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
keyring=$!
for i in $(seq 200); do
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true' && break
  sleep .02
done
"$@"; code=$?; kill $keyring; exit $code"#;
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "inside_a_session_with_a_keyring", "--nocapture"])
        .env("CHAPAR_TEST_KEYRING", &*dir)
        .env("XDG_RUNTIME_DIR", &*dir)
        .env("XDG_DATA_HOME", dir.join("data"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(dir.join("done").exists() && output.status.success(), "{said}");
}
