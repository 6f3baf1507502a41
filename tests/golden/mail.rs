//! `mail`, `sync`: what a person reads.

use super::stage::Stage;
use super::transcript::Transcript;

/// A small correspondence with what mail has: accents, HTML only, attachments, an answer.
fn fill(stage: &Stage) {
    stage.deliver(
        0,
        "From: Bo Berg <bo@example.test>\nTo: ana@example.test\nSubject: Quote 114\n\
         Date: Mon, 6 Jan 2020 10:00:00 +0000\nMessage-ID: <q1@example.test>\n\nAs promised.\n",
    );
    stage.deliver(
        5,
        "From: =?utf-8?q?=C5=BDofie?= <zofie@example.test>\nTo: ana@example.test\n\
         Subject: =?utf-8?q?P=C5=99=C3=ADloha?=\nDate: Mon, 6 Jan 2020 10:05:00 +0000\n\
         Message-ID: <q2@example.test>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\
         Content-Type: text/html; charset=utf-8\n\n<p>V <b>příloze</b>.</p>\n\
         <script>alert(1)</script>\n--b\nContent-Type: application/pdf\n\
         Content-Disposition: attachment; filename=\"nabidka.pdf\"\n\n%PDF\n--b--\n",
    );
    stage.deliver(
        9,
        "From: Bo Berg <bo@example.test>\nTo: ana@example.test\nSubject: Re: Quote 114\n\
         Date: Mon, 6 Jan 2020 10:09:00 +0000\nMessage-ID: <q3@example.test>\n\
         In-Reply-To: <q1@example.test>\nReferences: <q1@example.test>\n\nAnd the second page.\n",
    );
}

#[test]
fn reading() {
    let stage = Stage::new();
    fill(&stage);
    stage.connect();
    let mut told = Transcript::new(&stage, "mail");
    for words in [
        &["mail", "list"][..],
        &["ls", "--limit", "1"],
        &["mail", "list", "--plain"],
        &["mail", "search", "quote"],
        &["mail", "search", "nothing-like-it"],
        &["mail", "search"],
        &["delete", "M1"],
        &["mail", "list", "--mailbox", "Nope"],
        &["mail", "list", "-m", "Sent"],
        &["mail", "list", "--page", "M999"],
        &["mail", "show", "M999"],
        &["mail", "show", "first"],
        &["mail", "list", "--limit", "0"],
        &["sync", "--wait"],
        &["sync", "nobody"],
    ] {
        told.run(words, "");
    }
    let (list, _) = stage.json(&["mail", "list"], "");
    assert_eq!(list["schema"], "chapar/mail.list/1");
    let ids: Vec<String> = list["emails"]
        .as_array()
        .unwrap_or_else(|| panic!("emails in {list}"))
        .iter()
        .map(|mail| mail["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    for id in &ids {
        told.run(&["mail", "show", id], "");
    }
    told.run(&["mail", "thread", &ids[0]], "");
    told.run(&["mail", "export", &ids[2]], "");
    told.check();
    let raw = stage.run(&["mail", "export", &ids[2]], "").stdout;
    assert!(raw.windows(4).any(|at| at == b"\r\n\r\n"), "exported byte for byte, CRLF and all");
    assert_eq!(stage.json(&["mail", "show", &ids[0]], "").0["schema"], "chapar/mail.show/1");
    assert_eq!(stage.json(&["mail", "show", "M999"], "").1, 66);
}
