//! No mail steers the terminal: whatever a sender writes, no control byte but line end and tab
//! comes out of any command, in any form.

use super::stage::Stage;

/// What terminals obey, in all its spellings: C0, DEL, C1 in UTF-8, bidi overrides.
const ATTACKS: [&str; 8] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]52;c;cm0gLXJm\u{1b}\\",
    "\u{9b}2J\u{90}q\u{9c}",
    "\u{8}\u{8}\u{8}\u{7f}",
    "\r\u{0}overwritten",
    "\u{202e}gpj.exe\u{2066}",
    "\u{1b}c\u{e}\u{f}",
];

/// An encoded word, so that any byte can stand in a header.
fn word(text: &str) -> String {
    let hex: String = text.bytes().map(|byte| format!("={byte:02X}")).collect();
    format!("=?utf-8?Q?{hex}?=")
}

#[test]
fn no_control_byte_reaches_the_terminal() {
    let stage = Stage::new();
    for (n, attack) in ATTACKS.iter().enumerate() {
        let minute = i64::try_from(n).unwrap();
        let coded = word(attack);
        stage.deliver(
            minute,
            &format!(
                "From: {coded} <bo@example.test>\nTo: {coded} <ana@example.test>\n\
                 Subject: {coded} end\nMessage-ID: <h{n}@example.test>\nMIME-Version: 1.0\n\
                 Content-Type: multipart/mixed; boundary=b\n\n--b\n\
                 Content-Type: text/plain; charset=utf-8\n\nbody {attack} end\n--b\n\
                 Content-Type: application/octet-stream; name=\"{attack}.txt\"\n\
                 Content-Disposition: attachment; filename=\"{coded}.txt\"\n\nx\n--b--\n"
            ),
        );
        let raw = attack.replace(['\r', '\0'], "");
        stage.deliver(
            20 + minute,
            &format!("From: \"{raw}\" <bo@example.test>\nSubject: {raw} raw\n\n<b>{raw}</b>\n"),
        );
        stage.deliver(
            40 + minute,
            &format!(
                "From: bo@example.test\nSubject: html\nContent-Type: text/html\n\n\
                 <p>&#27;[2J&#155;2J&#x202e; {raw}</p>\n"
            ),
        );
    }
    stage.connect();
    let (list, _) = stage.json(&["mail", "list", "--limit", "100"], "");
    let ids: Vec<&str> = list["emails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| mail["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 3 * ATTACKS.len());
    clean(&stage, &["mail", "list", "--limit", "100"]);
    clean(&stage, &["mail", "search", "end"]);
    for id in ids {
        clean(&stage, &["mail", "show", id]);
        clean(&stage, &["mail", "thread", id]);
        clean(&stage, &["send", "--reply-to", id, "-m", "x", "--dry-run"]);
    }
    let since = stage.json(&["call", "event/get", "{\"limit\":1}"], "").0;
    assert!(since["result"]["cursor"].is_string(), "{since}");
}

/// Runs it for a person, as fields and as JSON.
fn clean(stage: &Stage, words: &[&str]) {
    for form in [None, Some("--plain"), Some("--json")] {
        let args: Vec<&str> = words.iter().copied().chain(form).collect();
        let (bytes, code) = stage.both(&args, "", &[]);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(code, 0, "{args:?}: {text}");
        assert!(!text.is_empty(), "{args:?}");
        let bidi =
            ['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}'];
        let bad = text
            .chars()
            .find(|c| (c.is_control() && !['\n', '\t'].contains(c)) || bidi.contains(c));
        assert_eq!(bad, None, "{args:?}: {text:?}");
    }
}
