//! This machine: keyring, files, socket, daemon, disk, desktop, outbox. Not the clock: the daemon
//! reads it past libc, where no test can turn it without turning everybody's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chapar_tests::rig::home::{Home, binary};
use chapar_tests::rig::keyring::Desktop;
use chapar_tests::rig::policy::Stage;
use chapar_tests::rig::process::{Server, run, wait_for};
use chapar_tests::rig::proxy::Proxy;
use chapar_tests::rig::{Rig, janitor};

use super::{Clinic, Finding, Patient, USUAL, is_well, tool};

pub(super) fn all(clinic: &Clinic<'_>) {
    keyring(clinic.rig);
    sealed_file(clinic.rig);
    rights(clinic.rig);
    no_daemon(clinic.rig);
    another_version(clinic.rig);
    disk(clinic.rig);
    notifications(clinic.rig);
    unknown_mail(clinic.rig);
}

/// Somebody in this home, on servers that are well.
fn admit<'h>(rig: &Rig, home: &'h Home) -> Patient<'h> {
    Patient::admit(rig, home, &rig.imaps(), &rig.smtps(), &[])
}

/// The whole machine is well too.
fn cured(patient: &Patient<'_>, found: &Finding) {
    patient.is_cured(found);
    is_well(patient.home, &[], found.code);
}

fn keyring(rig: &Rig) {
    let mut desktop = Desktop::new();
    desktop.unlock();
    let home = desktop.home();
    home.start();
    let patient = admit(rig, &home);
    // the session was locked and the daemon started anew
    home.stop();
    desktop.lock();
    home.start();
    let found = patient.finds("signIn", "secrets.locked", "you");
    found.asks(&home, "unlock the keyring");
    desktop.unlock();
    found.then_sync(&home);
    cured(&patient, &found);
    // its service has crashed
    desktop.kill();
    let found = patient.finds("signIn", "secrets.unavailable", "you");
    found.asks(&home, "look whether the keyring service of the desktop runs");
    desktop.unlock();
    found.then_sync(&home);
    cured(&patient, &found);
    home.stop();
}

fn sealed_file(rig: &Rig) {
    let home = Home::new();
    let config = home.dir().join("config/chapar");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "[secrets]\nvault = \"file\"\n").unwrap();
    home.start();
    let patient = admit(rig, &home);
    let sealed = home.state_dir().join("secrets.sealed");
    let password = patient.user.password.clone();
    let bytes = fs::read(&sealed).unwrap();
    fs::write(&sealed, &bytes[..bytes.len() / 2]).unwrap();
    let found = patient.finds("signIn", "secrets.corrupt", "you");
    found.asks(&home, "move it away");
    let said = found.check.to_string();
    assert!(said.contains("secrets.sealed"), "the file is named: {said}");
    fs::rename(&sealed, home.dir().join("moved-away")).unwrap();
    found.follow(&home, "chapar account reconnect", &[], Some(&password));
    cured(&patient, &found);
    fs::remove_file(&sealed).unwrap();
    let found = patient.finds("signIn", "secrets.missing", "you");
    found.asks(&home, "sign in again");
    found.follow(&home, "chapar account reconnect", &[], Some(&password));
    cured(&patient, &found);
    home.stop();
}

/// Others may reach the socket, or what it lies in.
fn rights(rig: &Rig) {
    let home = Home::new();
    home.start();
    let patient = admit(rig, &home);
    let directory = home.dir().join("run/chapar");
    for (path, loose, tight, what) in [
        (directory.clone(), 0o755, 0o700, "socket"),
        (directory.join("v1.sock"), 0o666, 0o600, "daemon"),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(loose)).unwrap();
        let found = Finding::of(&home, &[], what, "socket.mode", "you");
        found.follow(&home, "chapar doctor --fix", &[], None);
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, tight, "{}", path.display());
        cured(&patient, &found);
    }
    home.stop();
}

/// A daemon that the client started: known to whoever clears up.
fn started_by_the_client(home: &Home) {
    let pid = home.status()["daemon"]["pid"].as_u64().unwrap();
    janitor::process(u32::try_from(pid).unwrap());
}

fn stop(home: &Home) {
    let ran = home.chapar(&["service", "stop"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// It was stopped; and then it cannot start for a line in its configuration.
fn no_daemon(rig: &Rig) {
    let home = Home::new();
    home.start();
    let patient = admit(rig, &home);
    home.stop();
    let found = Finding::of(&home, &["--no-start"], "daemon", "socket.absent", "you");
    found.follow(&home, "chapar service start", &[], None);
    started_by_the_client(&home);
    cured(&patient, &found);

    stop(&home);
    let config = home.dir().join("config/chapar");
    fs::create_dir_all(&config).unwrap();
    let config = config.join("config.toml");
    fs::write(&config, "[secrets]\nvault = file\n").unwrap();
    let found = Finding::of(&home, &[], "daemon", "config.invalid", "you");
    found.asks(&home, "correct the line");
    let words = found.command("chapar config check", &[]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let checked = home.chapar(&words, b"");
    assert_eq!(checked.code, Some(78), "{}", checked.stderr);
    assert!(checked.stderr.contains('2'), "it names the line: {}", checked.stderr);
    fs::write(&config, "[secrets]\nvault = \"file\"\n").unwrap();
    assert_eq!(home.chapar(&words, b"").code, Some(0));
    is_well(&home, &[], "a configuration that is right");
    started_by_the_client(&home);
    cured(&patient, &found);
    stop(&home);
}

/// After an upgrade the old daemon still runs. It is this one, with another number in it.
fn another_version(rig: &Rig) {
    let home = Home::new();
    let older = home.dir().join("chapard-before");
    let mut bytes = fs::read(binary("chapard")).unwrap();
    let (ours, theirs) = (env!("CARGO_PKG_VERSION").as_bytes(), b"0.0.9");
    assert_eq!(ours.len(), theirs.len(), "patched in place");
    let at: Vec<usize> =
        (0..bytes.len() - ours.len()).filter(|&at| bytes[at..].starts_with(ours)).collect();
    for at in at {
        bytes[at..at + theirs.len()].copy_from_slice(theirs);
    }
    fs::write(&older, bytes).unwrap();
    fs::set_permissions(&older, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = home.command(&older);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = Server::spawn("chapard-before", &mut command);
    wait_for(USUAL, "the old daemon", || {
        (home.json(&["status", "--no-start"], b"").code == 0).then_some(())
    });
    let patient = admit(rig, &home);
    let found = Finding::of(&home, &[], "version", "daemon.older", "you");
    found.follow(&home, "chapar service restart", &[], None);
    started_by_the_client(&home);
    assert_eq!(daemon.wait(USUAL), Some(0), "the old one ended in order");
    cured(&patient, &found);
    stop(&home);
    fs::remove_file(&older).unwrap();
}

/// A file system of its own on a directory; gone when dropped, so that the directory can be, too.
struct Disk<'d>(&'d str);

impl<'d> Disk<'d> {
    fn mount(at: &'d str) -> Self {
        tool(&["mount", "-t", "tmpfs", "-o", "size=2g,mode=0700", "chapar-rig", at]);
        Self(at)
    }

    fn turn(&self, options: &str) {
        tool(&["mount", "-o", &format!("remount,{options}"), self.0]);
    }

    fn large(&self) {
        self.turn("rw,size=2g");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // after a failure: lazily, for the daemon still has files open there
        let _ = run(Command::new("umount").args(["-l", self.0]), b"", USUAL);
    }
}

/// A small disk: nearly full, full, and then mounted read-only.
fn disk(rig: &Rig) {
    let home = Home::new();
    let state = home.dir().join("state");
    let at = state.to_str().unwrap();
    let disk = Disk::mount(at);
    home.start();
    let patient = admit(rig, &home);
    disk.turn("size=60m");
    let found = Finding::of(&home, &[], "disk", "store.low_space", "you");
    found.asks(&home, "free space on the disk that holds the state directory");
    disk.large();
    cured(&patient, &found);

    disk.turn("size=60m");
    let film = state.join("film.mkv");
    fill(&film);
    let found = Finding::of(&home, &[], "disk", "store.full", "you");
    found.asks(&home, "free space on the disk that holds the state directory");
    fs::remove_file(&film).unwrap();
    disk.large();
    cured(&patient, &found);

    home.stop();
    disk.turn("ro");
    let found = Finding::of(&home, &[], "daemon", "socket.start", "you");
    found.asks(&home, "look at its words");
    let words = found.check["detail"].as_str().unwrap();
    assert!(words.contains(at) && words.contains("Read-only file system"), "{words}");
    disk.large();
    let ran = home.chapar(&["doctor"], b"");
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    started_by_the_client(&home);
    cured(&patient, &found);
    stop(&home);
    // what lies there goes to the canary scan with the rest of the home
    let kept = home.dir().join("state-kept");
    tool(&["cp", "-a", at, kept.to_str().unwrap()]);
    tool(&["umount", at]);
}

/// Takes all the space there is.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = fs::File::create(path).unwrap();
    let piece = vec![0; 64 << 10];
    while file.write_all(&piece).is_ok() {}
}

/// An account wants notifications, and nobody shows them.
fn notifications(rig: &Rig) {
    // somebody sits at a desktop, and nothing on it shows notifications
    let home = Home::new().with("DISPLAY", ":4711");
    home.start();
    let patient = admit(rig, &home);
    let wants = home.chapar(&["account", "update", "--notify", "desktop"], b"");
    assert_eq!(wants.code, Some(0), "{}", wants.stderr);
    let found = Finding::of(&home, &[], "notifications", "desktop.absent", "you");
    found.follow(&home, "chapar account update", &[], None);
    cured(&patient, &found);
    home.stop();
}

/// The link broke at the one moment where nobody can know.
fn unknown_mail(rig: &Rig) {
    let proxy = Arc::new(Proxy::start(rig.postfix.ports.smtps, Duration::ZERO));
    let home = Home::new();
    home.start();
    let patient = Patient::admit(rig, &home, &rig.imaps(), &proxy.address(), &[]);
    let other = rig.user();
    rig.postfix.policy.on(Stage::Message, &other.address, move |_| {
        proxy.reset();
        "550 5.7.1 Never said".to_owned()
    });
    let words = ["send", "-a", &patient.account, "--to", &other.address, "--subject", "unheard"];
    home.json(&[&words[..], &["--text", "-", "--no-input"]].concat(), b"x\n").ok();
    let found = Finding::of(&home, &[], "outbox", "submission.unknown", "you");
    found.asks(&home, "say whether it was sent");
    let words = found.command("chapar outbox list", &[]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let listed = home.json(&words, b"").ok();
    let id = listed["submissions"][0]["id"].as_str().unwrap_or_else(|| panic!("{listed:#}"));
    // the recipient was asked, and has it
    let words = found.command("chapar outbox resolve ID --sent", &[("ID", id)]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let settled = home.chapar(&[&words[..], &["-y"]].concat(), b"");
    assert_eq!(settled.code, Some(0), "{}{}", settled.text(), settled.stderr);
    cured(&patient, &found);
    home.stop();
}
