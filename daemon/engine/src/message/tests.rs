use super::*;
use crate::limits::{LINE_CHARS, NESTING, PARSE_BYTES, PARTS, REFERENCES};
use crate::testing::Xorshift;
use std::fmt::Write as _;

const MIXED: &str = "From: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\n\
    To: a@x.y, \"B, C\" <b@x.y>\r\nTo: c@x.y\r\nSubject: =?utf-8?B?w5xiZXI=?=\r\n  folded\r\n\
    Date: Tue, 1 Jul 2025 10:00:00 +0200\r\nMessage-ID: <m1@x.y>\r\n\
    In-Reply-To: <p@x.y>\r\nReferences: <r@x.y> <p@x.y> <r@x.y> <m1@x.y>\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    R3LDvMOfZSBhdXMgS8O2bG4=\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Disposition: attachment; filename*=utf-8''%C3%BC.pdf\r\n\r\nAAEC\r\n--b--\r\n";

#[test]
fn a_message_says_what_it_says() {
    let summary = summarise(MIXED.as_bytes(), true);
    assert_eq!(summary.from[0].name.as_deref(), Some("Jörg"));
    assert_eq!(summary.from[0].email, "j@example.org");
    assert_eq!(summary.to.len(), 3);
    assert_eq!(summary.subject, "Über folded");
    assert_eq!(summary.sent_at, Some(Wall(1_751_356_800_000)));
    assert_eq!(summary.message_id.as_deref(), Some("m1@x.y"));
    assert_eq!(summary.in_reply_to, ["p@x.y"]);
    assert_eq!(summary.references, ["r@x.y", "p@x.y"]);
    assert_eq!(summary.preview, "Grüße aus Köln");
    assert!(summary.has_attachment);
    assert_eq!(summary.defects, []);
}

#[test]
fn body_and_parts() {
    let read = body(MIXED.as_bytes());
    assert_eq!(read.text.as_deref(), Some("Grüße aus Köln"));
    assert_eq!(read.html, None);
    let [pdf] = &read.attachments[..] else { panic!("{:?}", read.attachments) };
    assert_eq!((pdf.name.as_deref(), pdf.size, pdf.inline), (Some("ü.pdf"), 3, false));
    assert_eq!(pdf.content_type, "application/pdf");
    assert_eq!(part(MIXED.as_bytes(), pdf.index), Some(vec![0, 1, 2]));
    assert_eq!(part(MIXED.as_bytes(), 0), None);
    assert_eq!(part(MIXED.as_bytes(), 99), None);
    assert_eq!(summarise(MIXED.as_bytes(), true).part_names, ["ü.pdf"]);
}

#[test]
fn html_alone_gives_text_and_preview_without_its_tricks() {
    let mail = "From: a@b.c\r\nContent-Type: text/html\r\n\r\n<html><head><title>T</title>\
        <style>p{color:red}</style></head><body><p>Hello &amp; <b>welcome</b></p></body></html>";
    let summary = summarise(mail.as_bytes(), true);
    assert!(summary.preview.contains("Hello & welcome"), "{}", summary.preview);
    assert!(!summary.preview.contains("color"), "{}", summary.preview);
    let read = body(mail.as_bytes());
    assert!(read.html.unwrap().contains("<b>") && read.text.unwrap().contains("welcome"));
}

#[test]
fn a_cut_message_still_gives_a_clean_preview() {
    let text = "Grüße aus Köln, wie geht es dir heute? ".repeat(60);
    for encoding in ["base64", "quoted-printable", "8bit"] {
        let coded = match encoding {
            "base64" => "R3LDvMOfZSBhdXMgS8O2bG4sIHdpZSBnZWh0IGVzIGRpciBoZXV0ZT8g\r\n".repeat(60),
            "quoted-printable" => {
                "Gr=C3=BC=C3=9Fe aus K=C3=B6ln, wie geht es dir heute? =\r\n".repeat(60)
            }
            _ => text.clone(),
        };
        let head = format!(
            "From: a@b.c\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        let whole = format!("{head}{coded}");
        for cut in head.len() + 400..head.len() + 500 {
            let preview = summarise(&whole.as_bytes()[..cut], false).preview;
            assert!(text.starts_with(&preview), "{encoding} {cut}: {preview}");
            assert!(preview.chars().count() > 150, "{encoding} {cut}: {preview}");
        }
    }
}

#[test]
fn lines_are_one_line_and_short() {
    assert_eq!(one_line(" a\r\n\tb\u{1b}[31m\u{202e}c\u{200b}\0 ", 99), "a b[31mc");
    assert_eq!(one_line("abc def", 4), "abc");
    assert_eq!(one_line("äöü", 2), "äö");
    let mail = format!("Subject: {}\r\n\r\n{}", "s ".repeat(9_999), "t".repeat(9_999));
    let summary = summarise(mail.as_bytes(), true);
    assert!(summary.subject.chars().count() <= LINE_CHARS);
    assert_eq!(summary.preview.chars().count(), LINE_CHARS);
}

#[test]
fn quotes_and_signatures_are_not_the_preview() {
    let mail = "From: a@b.c\r\n\r\n> said before\r\nYes.\r\n-- \r\nBob\r\n";
    assert_eq!(summarise(mail.as_bytes(), true).preview, "Yes.");
    let only = "From: a@b.c\r\n\r\n> said before\r\n";
    assert_eq!(summarise(only.as_bytes(), true).preview, "> said before");
}

#[test]
fn what_is_wrong_is_named() {
    use Defect::{NoDate, NoFrom, NoMessageId, Unparsable};
    let defects = |mail: &str| summarise(mail.as_bytes(), true).defects;
    assert_eq!(defects(""), [Unparsable]);
    assert_eq!(defects("Subject: x\r\n\r\n"), [NoFrom, NoDate, NoMessageId]);
    assert!(defects("From: a@b\r\nDate: Tue, 99 Foo 0000 99:99:99\r\n\r\n").contains(&NoDate));
    assert!(!defects("From: =?x?\0 <a@b>\r\n\r\n").contains(&NoFrom));
}

#[test]
fn hostile_structure_is_refused_before_it_costs() {
    let mut deep = String::from("From: a@b.c\r\nSubject: deep\r\n");
    for level in 0..NESTING + 2 {
        let _ = write!(
            deep,
            "Content-Type: multipart/mixed; boundary=b{level}x\r\n\r\n--b{level}x\r\n"
        );
    }
    let mut wide =
        String::from("Subject: wide\r\nContent-Type: multipart/mixed;\r\n boundary=\"q\"\r\n\r\n");
    wide.push_str(&"--q\n\n".repeat(PARTS + 1));
    let mut nested = String::from("Subject: nested\r\n");
    nested.push_str(&"Content-Type: message/rfc822\r\n\r\n".repeat(NESTING + 2));
    let mut long = String::from("Subject: long\r\n");
    long.push_str(&"X: y\r\n".repeat(200_000));
    for (mail, subject) in [(deep, "deep"), (wide, "wide"), (nested, "nested"), (long, "long")] {
        let summary = summarise(mail.as_bytes(), true);
        assert!(summary.defects.contains(&Defect::TooComplex), "{subject}");
        assert_eq!(summary.subject, subject);
        assert_eq!(body(mail.as_bytes()), Body::default());
    }
}

#[test]
fn ordinary_structure_passes_the_scan() {
    let mut many = String::from("Content-Type: multipart/mixed; boundary=q\r\n\r\n");
    many.push_str(
        &"--q\r\nContent-Type: multipart/alternative; boundary=r\r\n\r\n--r\r\n\r\nx\r\n--r--\r\n"
            .repeat(300),
    );
    many.push_str(&"--- a/file\n+++ b/file\n".repeat(PARTS));
    assert!(!summarise(many.as_bytes(), true).defects.contains(&Defect::TooComplex));
}

#[test]
fn a_huge_mail_is_read_by_its_headers() {
    let mut mail = b"From: a@b.c\r\nSubject: huge\r\n\r\n".to_vec();
    mail.resize(PARSE_BYTES + 1, b'x');
    let summary = summarise(&mail, true);
    assert_eq!((summary.subject.as_str(), summary.preview.as_str()), ("huge", ""));
    assert!(summary.defects.contains(&Defect::TooLarge));
}

#[test]
fn a_flood_of_references_keeps_root_and_nearest() {
    let mut mail = String::from("Message-ID: <me@x>\r\nReferences:");
    for n in 0..20_000 {
        let _ = write!(mail, " <{n}@x>\r\n");
    }
    mail.push_str("\r\n\r\n");
    let references = summarise(mail.as_bytes(), true).references;
    assert_eq!(references.len(), REFERENCES);
    assert_eq!((references[0].as_str(), references[REFERENCES - 1].as_str()), ("0@x", "19999@x"));
}

#[test]
fn noise_never_panics() {
    const PIECES: [&str; 18] = [
        "From:",
        " <a@b>",
        "\r\n",
        "\n",
        "Content-Type: multipart/mixed; boundary=",
        "b",
        "--b",
        "--b--",
        "\r\n\r\n",
        "=?utf-8?B?",
        "?=",
        "\0",
        "Content-Transfer-Encoding: base64",
        "message/rfc822",
        "Content-Type: text/html",
        "<p>&#x110000;",
        "Date: ",
        "\u{202e}",
    ];
    let mut random = Xorshift::new(17);
    for _ in 0..20_000 {
        let mut mail = Vec::new();
        for _ in 0..random.below(30) {
            match random.below(6) {
                0 => mail.push(u8::try_from(random.below(256)).unwrap()),
                _ => mail.extend_from_slice(PIECES[random.below(18)].as_bytes()),
            }
        }
        let summary = summarise(&mail, random.one_in(2));
        assert!(!summary.subject.contains(['\r', '\n', '\0']));
        for attachment in body(&mail).attachments {
            assert!(part(&mail, attachment.index).is_some());
        }
    }
}

mod kinds;
