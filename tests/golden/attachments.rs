//! The attachments of a mail: listed, found, saved under harmless names, opened.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::stage::Stage;
use super::transcript::Transcript;

/// What a sender may call an attachment, and the file it has to become.
const NAMES: [(&str, &str); 7] = [
    ("nabidka.pdf", "nabidka.pdf"),
    ("../../.ssh/authorized_keys", "authorized_keys"),
    ("/etc/passwd", "passwd"),
    ("nabidka.pdf", "nabidka (2).pdf"),
    ("CON.txt", "_CON.txt"),
    ("setup.desktop", "setup.desktop"),
    (".bashrc", "bashrc"),
];

/// A mail with a text, an inline picture and one attachment a name, each with other bytes.
fn mail() -> String {
    let mut mail = "From: Bo Berg <bo@example.test>\nTo: ana@example.test\nSubject: Papers\n\
         Date: Mon, 6 Jan 2020 10:00:00 +0000\nMessage-ID: <papers@example.test>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nSee below.\n\
         --b\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline; \
         filename=\"logo.png\"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n"
        .to_owned();
    for (number, (name, _)) in NAMES.iter().enumerate() {
        let part = format!(
            "--b\nContent-Type: application/octet-stream\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\
             Content-Transfer-Encoding: base64\n\n{}\n",
            ["AAEC", "/wD/", "DQoNCg==", "YWJj", "", "W0Rlc2t0b3A=", "eA=="][number]
        );
        mail.push_str(&part);
    }
    mail.push_str("--b--\n");
    mail
}

/// The decoded bytes of each.
const BYTES: [&[u8]; 7] =
    [&[0, 1, 2], &[0xff, 0, 0xff], b"\r\n\r\n", b"abc", b"", b"[Desktop", b"x"];

fn files(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn saving_and_opening() {
    let stage = Stage::new();
    stage.deliver(0, &mail());
    stage.deliver(1, "From: Bo <bo@example.test>\nSubject: Plain\nMessage-ID: <p@x>\n\nNothing.\n");
    stage.connect();
    let (found, _) = stage.json(&["mail", "search", "authorized_keys"], "");
    assert_eq!(found["total"], 1, "a part is found by its name: {found}");
    let id = found["emails"][0]["id"].as_str().unwrap().to_owned();
    let plain = if id == "M1" { "M2" } else { "M1" };
    let out = stage.elsewhere("out");
    fs::create_dir(&out).unwrap();
    let mut told = Transcript::new(&stage, "attachments");
    for (words, code) in [
        (&["mail", "attachments", &id][..], 0),
        (&["mail", "attachments", plain], 0),
        (&["mail", "attachments", "M999"], 66),
        (&["mail", "save", &id, "99"], 66),
        (&["mail", "save", plain], 66),
        (&["mail", "save", &id, "2", "-d", "nowhere"], 73),
        (&["mail", "open", &id], 2),
        (&["mail", "open", &id, "7"], 65),
    ] {
        assert_eq!(told.run(words, ""), code, "{words:?}");
    }
    told.check();
    let saved = stage.run(&["mail", "save", &id, "-d", &out], "");
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    let mut wanted: Vec<&str> = NAMES.iter().map(|(_, file)| *file).collect();
    wanted.sort_unstable();
    assert_eq!(files(&out), wanted, "{}", saved.text());
    assert!(
        saved.text().contains("its sender calls it “../../.ssh/authorized_keys”"),
        "{}",
        saved.text()
    );
    for ((_, file), bytes) in NAMES.iter().zip(BYTES) {
        let path = format!("{out}/{file}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{file}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    // a second time nothing is written over; the picture in the text comes by its number
    let (again, code) = stage.json(&["mail", "save", &id, "1", "2", "-d", &out], "");
    assert_eq!(code, 0, "{again}");
    let names: Vec<&str> = again["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["file"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["logo.png", "nabidka (3).pdf"]);
    assert_eq!(fs::read(format!("{out}/nabidka.pdf")).unwrap(), BYTES[0]);
}

/// The desktop's program gets a private copy; where there is none, that is said.
#[test]
fn opening_takes_what_the_desktop_has() {
    let programs = chapar_tests::rig::scratch::Scratch::new("programs");
    let opener = programs.path().join("xdg-open");
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let stage = Stage::new().variable("PATH", &path);
    stage.deliver(0, &mail());
    stage.connect();
    let seen = stage.path("seen");
    fs::write(
        &opener,
        format!("#!/bin/sh\nstat -c '%a %s' \"$1\" >{seen}\nprintf %s \"$1\" >>{seen}\n"),
    )
    .unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let (opened, code) = stage.json(&["mail", "open", "M1", "2"], "");
    assert_eq!(code, 0, "{opened}");
    let said = fs::read_to_string(&seen).unwrap();
    assert!(said.starts_with("600 3\n") && said.ends_with("/opened/nabidka.pdf"), "{said}");
    fs::write(&opener, "#!/bin/sh\nexit 3\n").unwrap();
    let (failed, code) = stage.json(&["mail", "open", "M1", "2"], "");
    assert_eq!((code, failed["error"]["data"]["code"].as_str()), (69, Some("cli.no_program")));
    assert!(!failed.to_string().contains("exit status: 0"), "{failed}");
    let (unsafe_kind, code) = stage.json(&["mail", "open", "M1", "7"], "");
    assert_eq!(
        (code, unsafe_kind["error"]["data"]["code"].as_str()),
        (65, Some("mail.not_opened"))
    );
    assert_eq!(files(&stage.path("run/chapar/opened")), ["nabidka.pdf"]);
    assert_eq!(stage.run(&["data", "forget", "--all", "--yes"], "").code, Some(0));
    assert!(!stage.dir().join("run/chapar/opened").exists(), "forgotten with everything else");
}

/// Parts are served in both framings of bytes, in pieces, and by nothing but their own id.
#[test]
fn parts_are_blobs() {
    let stage = Stage::new();
    stage.deliver(0, &mail());
    stage.connect();
    let call = |method: &str, params: &str| -> serde_json::Value {
        let ran = stage.run(&["call", method, params], "");
        serde_json::from_str(&ran.text()).unwrap_or_else(|_| panic!("{method}: {}", ran.stderr))
    };
    let got = call("Email/get", r#"{"ids":["M1"],"properties":["attachments","textBody"]}"#);
    let email = &got["list"][0];
    let ids: Vec<&str> = email["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["blobId"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 8);
    let text = email["textBody"][0]["blobId"].as_str().unwrap();
    let none = ["M1-999", "M1-", "M999-1", "M1-text2"];
    let all: Vec<&str> = [&[text][..], &ids, &none].concat();
    let all = serde_json::json!({ "ids": all });
    let blobs = call("Blob/get", &all.to_string());
    assert_eq!(blobs["notFound"].as_array().map(Vec::len), Some(4), "{blobs}");
    let list = blobs["list"].as_array().unwrap();
    assert_eq!(list[0]["data:asText"].as_str().map(str::trim), Some("See below."));
    assert_eq!(
        (list[2]["data:asText"].as_str(), list[2]["size"].as_u64()),
        (Some("\0\u{1}\u{2}"), Some(3))
    );
    assert_eq!(list[3]["data:asBase64"], "/wD/");
    let part = serde_json::json!({"ids": [ids[4]], "offset": 1, "length": 1});
    assert_eq!(call("Blob/get", &part.to_string())["list"][0]["data:asText"], "b");
}

/// What is too large to be mirrored is fetched, taken apart and saved all the same.
#[test]
fn a_large_attachment_is_saved_whole() {
    const LINES: usize = 740_000;
    let line = "QUJD".repeat(19);
    let mut mail = "From: Bo Berg <bo@example.test>\nTo: ana@example.test\nSubject: Film\n\
         Date: Mon, 6 Jan 2020 10:00:00 +0000\nMessage-ID: <film@example.test>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nHere it is.\n\
         --b\nContent-Type: video/mp4\nContent-Disposition: attachment; filename=film.mp4\n\
         Content-Transfer-Encoding: base64\n\n"
        .to_owned();
    for _ in 0..LINES {
        mail.push_str(&line);
        mail.push('\n');
    }
    mail.push_str("--b--\n");
    let stage = Stage::new();
    stage.deliver(0, &mail);
    stage.connect();
    let size = LINES * 57;
    let listed = stage.run(&["mail", "attachments", "M1", "--plain"], "").text();
    assert_eq!(listed, format!("1\tfilm.mp4\tvideo/mp4\t{size}\tattachment\n"));
    let there = stage.dir().to_str().unwrap();
    let ran = stage.run(&["mail", "save", "M1", "-d", there], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let saved = fs::read(stage.dir().join("film.mp4")).unwrap();
    assert!(saved.len() == size && saved.chunks(3).all(|it| it == b"ABC"), "{}", saved.len());
    fs::remove_file(stage.dir().join("film.mp4")).unwrap();
}
