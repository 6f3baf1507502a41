//! Starting where it must not, and beside others: one clear error each, nothing harmed.

use crate::place::Place;
use crate::raw::Raw;
use crate::shared;
use chapar_tests::rig::process::run;
use redb::ReadableTable;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::Duration;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn socket_directories_of_others_are_refused() {
    let _shared = shared();
    let mut place = Place::new();
    let directory = place.dir().join("run/chapar");
    fs::create_dir(&directory).unwrap();
    for mode in [0o770, 0o720, 0o710, 0o704, 0o777] {
        chmod(&directory, mode);
        let chmod = format!("chmod 700 {}", directory.display());
        says(&place.refused(), &[&directory.display().to_string(), &chmod]);
    }
    fs::remove_dir(&directory).unwrap();
    let elsewhere = place.dir().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    chmod(&elsewhere, 0o700);
    symlink(&elsewhere, &directory).unwrap();
    says(&place.refused(), &[&directory.display().to_string(), "symbolic link", "move it away"]);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "nothing was made through the link");
    fs::remove_file(&directory).unwrap();
    fs::write(&directory, "a file").unwrap();
    says(&place.refused(), &[&directory.display().to_string()]);
    fs::remove_file(&directory).unwrap();
    place.start();
    place.stop();
    assert!(!place.socket().exists(), "its socket is gone after an orderly stop");
}

#[test]
fn socket_paths_that_cannot_be_are_refused() {
    let _shared = shared();
    for length in [104, 105, 300, 5_000] {
        let place = Place::new();
        let mut path = place.dir().join("run/").display().to_string();
        path.extend(std::iter::repeat_n('x', length - path.len()));
        let place = place.with("CHAPAR_SOCKET", Path::new(&path));
        says(&place.refused(), &[&format!("{length} bytes"), "CHAPAR_SOCKET"]);
    }
    let place = Place::new().with("CHAPAR_SOCKET", Path::new("relative.sock"));
    says(&place.refused(), &["CHAPAR_SOCKET", "absolute"]);
    let place = Place::new().with("XDG_STATE_HOME", Path::new("state"));
    says(&place.refused(), &["XDG_STATE_HOME", "absolute"]);
}

#[test]
fn the_second_daemon_names_the_first_and_leaves_it_alone() {
    let _shared = shared();
    let mut place = Place::new();
    place.start();
    let said = place.refused();
    says(&said, &[&format!("process {}", place.pid()), &place.state().display().to_string()]);
    assert!(place.is_running());
    Raw::lines(&place.socket()).call("status", &json!({}));
    // Another state directory, the same socket: the socket's owner is not pushed aside either.
    let other = Place::new().with("CHAPAR_SOCKET", &place.socket());
    says(&other.refused(), &[&place.socket().display().to_string(), "listens", "CHAPAR_SOCKET"]);
    Raw::lines(&place.socket()).call("status", &json!({}));
}

#[test]
fn what_a_crash_left_is_replaced_and_what_is_foreign_is_not() {
    let _shared = shared();
    let mut place = Place::new();
    place.start();
    let instance = Raw::lines(&place.socket()).call("hello", &json!({}))["instance"].clone();
    place.kill();
    assert!(place.socket().exists(), "kill -9 leaves its socket");
    place.start();
    assert_eq!(Raw::lines(&place.socket()).call("hello", &json!({}))["instance"], instance);
    place.stop();
    // A dead socket that was never ours.
    drop(UnixListener::bind(place.socket()).unwrap());
    place.start();
    place.stop();
    fs::write(place.socket(), "precious").unwrap();
    says(&place.refused(), &[&place.socket().display().to_string(), "not a socket", "move it"]);
    assert_eq!(fs::read_to_string(place.socket()).unwrap(), "precious");
    // Another program listens there.
    fs::remove_file(place.socket()).unwrap();
    let _other = UnixListener::bind(place.socket()).unwrap();
    says(&place.refused(), &[&place.socket().display().to_string(), "another process"]);
}

/// `EX_CONFIG` of sysexits, so that a service manager does not try the same file again and again.
#[test]
fn a_configuration_that_cannot_be_used_ends_with_78() {
    let _shared = shared();
    let place = Place::new();
    let file = place.dir().join("config/chapar/config.toml");
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, "[sync]\nwindw = 7\n").unwrap();
    let judge = |code| {
        let mut command = place.command(chapar_tests::rig::home::binary("chapard"));
        let ran = run(command.arg("--check-config"), b"", Duration::from_secs(20));
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        ran.stderr
    };
    let words = [&format!("{}:2: ", file.display()), "did you mean `window`?"];
    says(&judge(78), &words);
    fs::write(&file, "[sync]\nwindow = 7\n").unwrap();
    assert_eq!(judge(0), "");
    assert!(!place.state().exists(), "judging makes nothing");
    fs::write(&file, "[sync]\nwindw = 7\n").unwrap();
    says(&place.refused(), &words);
    assert_eq!(run(&mut place.daemon_command(), b"", Duration::from_secs(20)).code, Some(78));
}

#[test]
fn two_daemons_live_side_by_side() {
    let _shared = shared();
    let (mut one, mut two) = (Place::new(), Place::new());
    one.start();
    two.start();
    let status = |place: &Place| Raw::lines(&place.socket()).call("status", &json!({}));
    let (first, second) = (status(&one), status(&two));
    assert_eq!(first["daemon"]["pid"], one.pid());
    assert_eq!(second["daemon"]["pid"], two.pid());
    assert_ne!(first["daemon"]["instance"], second["daemon"]["instance"]);
    one.stop();
    assert_eq!(status(&two)["daemon"]["pid"], two.pid());
}

#[test]
fn a_database_that_is_not_ours_is_not_touched() {
    let _shared = shared();
    let place = Place::new();
    fs::create_dir(place.state()).unwrap();
    chmod(&place.state(), 0o700);
    let file = place.state().join("meta.redb");
    let contents: [&[u8]; 3] = [
        b"SQLite format 3\0 and more",
        b"x",
        &[b"redb\x1A\x0A\xA9\x0D\x0A".as_slice(), &[7; 8_000]].concat(),
    ];
    for bytes in contents {
        fs::write(&file, bytes).unwrap();
        says(&place.refused(), &[&file.display().to_string()]);
        assert_eq!(fs::read(&file).unwrap(), bytes, "it was changed");
    }
}

/// A real redb file of somebody else, and one of ours by a newer chapard.
#[test]
fn a_newer_schema_and_another_programs_redb_are_refused() {
    let _shared = shared();
    let mut place = Place::new();
    fs::create_dir(place.state()).unwrap();
    chmod(&place.state(), 0o700);
    let file = place.state().join("meta.redb");
    let table = redb::TableDefinition::<&str, u64>::new("their table");
    let database = redb::Database::create(&file).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(table).unwrap().insert("answer", 42).unwrap();
    writing.commit().unwrap();
    drop(database);
    chmod(&file, 0o600);
    let before = fs::read(&file).unwrap();
    says(&place.refused(), &[&file.display().to_string()]);
    assert!(fs::read(&file).unwrap() == before, "it was changed");
    fs::remove_file(&file).unwrap();
    place.start();
    place.stop();
    let ours = fs::read(&file).unwrap();
    // schema 99 in a record of ours, and a record of version 99
    for (key, version, payload) in [("schema", 1, Some(99)), ("birth", 99, None)] {
        fs::write(&file, &ours).unwrap();
        rewrite(&file, key.as_bytes(), version, payload);
        let before = fs::read(&file).unwrap();
        says(&place.refused(), &[&file.display().to_string(), "newer"]);
        // again and again: the record is still there
        let ran = run(&mut place.daemon_command(), b"", Duration::from_secs(20));
        says(&ran.stderr, &["newer"]);
        assert_eq!(ran.code, Some(78), "{key}");
        // a record is met when the database is open, which redb notes in its first page
        assert!(key == "birth" || fs::read(&file).unwrap() == before, "{key}: it was changed");
    }
    // after this code systemd does not try again
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd/chapard.service");
    let unit = fs::read_to_string(unit).unwrap();
    assert!(unit.lines().any(|line| line == "RestartPreventExitStatus=78"), "{unit}");
}

/// Writes a record of the meta table anew as chapard's records are written: version, checksum, and
/// the payload that is given, or the one that was there.
fn rewrite(file: &Path, name: &[u8], version: u8, payload: Option<u8>) {
    let table = redb::TableDefinition::<&[u8], &[u8]>::new("meta");
    let database = redb::Database::create(file).unwrap();
    let writing = database.begin_write().unwrap();
    {
        let mut meta = writing.open_table(table).unwrap();
        let (key, old) = {
            let mut range = meta.range::<&[u8]>(name..).unwrap().map(Result::unwrap);
            let (key, old) = range.find(|(key, _)| key.value().starts_with(name)).unwrap();
            (key.value().to_vec(), old.value().to_vec())
        };
        let payload = payload.map_or_else(|| old[9..].to_vec(), |byte| vec![byte]);
        let mut hash = blake3::Hasher::new();
        hash.update(b"meta\0").update(&key).update(&[version]).update(&payload);
        let mut sum = [0; 8];
        hash.finalize_xof().fill(&mut sum);
        let record = [[version].as_slice(), &sum, &payload].concat();
        meta.insert(key.as_slice(), record.as_slice()).unwrap();
    }
    writing.commit().unwrap();
}

/// Root writes everywhere, so this runs as nobody.
#[test]
fn a_state_directory_that_cannot_be_written_is_named() {
    let _shared = shared();
    if !rustix::process::geteuid().is_root() {
        let place = Place::new();
        chmod(&place.dir().join("state"), 0o500);
        says(&place.refused(), &[&place.state().display().to_string(), "ermission denied"]);
        return;
    }
    let place = Place::new();
    let program = place.dir().join("chapard");
    fs::copy(chapar_tests::rig::home::binary("chapard"), &program).unwrap();
    chmod(&program, 0o755);
    for part in ["run", "config", "state"] {
        std::os::unix::fs::chown(place.dir().join(part), Some(65_534), Some(65_534)).unwrap();
    }
    let nobody = |place: &Place| {
        let mut command = place.command(&program);
        command.uid(65_534).gid(65_534);
        run(&mut command, b"", Duration::from_secs(20))
    };
    chmod(&place.dir().join("state"), 0o500);
    let ran = nobody(&place);
    println!("  {}", ran.stderr.trim());
    assert_eq!(ran.code, Some(1));
    says(&ran.stderr, &[&place.state().display().to_string(), "ermission denied"]);
    // The directory is there and may not be written.
    chmod(&place.dir().join("state"), 0o700);
    fs::create_dir(place.state()).unwrap();
    std::os::unix::fs::chown(place.state(), Some(65_534), Some(65_534)).unwrap();
    chmod(&place.state(), 0o500);
    let ran = nobody(&place);
    println!("  {}", ran.stderr.trim());
    assert_eq!(ran.code, Some(1));
    says(&ran.stderr, &[&place.state().display().to_string(), "ermission denied"]);
    assert_eq!(fs::read_dir(place.state()).unwrap().count(), 0);
    // Somebody else's directory.
    chmod(&place.state(), 0o700);
    std::os::unix::fs::chown(place.state(), Some(0), Some(0)).unwrap();
    let ran = nobody(&place);
    println!("  {}", ran.stderr.trim());
    assert_eq!(ran.code, Some(1));
    says(&ran.stderr, &[&place.state().display().to_string()]);
}
