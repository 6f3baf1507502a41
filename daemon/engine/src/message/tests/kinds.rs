//! Mails of other programs that break the RFCs, kind by kind, and what a person has to see of them.

use super::*;

/// A mail of these lines, ended by CRLF; `\xNN` of a byte string stays the byte that it is.
fn mail(lines: &[u8]) -> Vec<u8> {
    let mut mail = Vec::with_capacity(lines.len() + 64);
    for byte in lines {
        if *byte == b'\n' {
            mail.push(b'\r');
        }
        mail.push(*byte);
    }
    mail
}

fn text(lines: &[u8]) -> String {
    body(&mail(lines)).text.unwrap_or_default()
}

fn names(lines: &[u8]) -> Vec<String> {
    body(&mail(lines)).attachments.into_iter().filter_map(|part| part.name).collect()
}

fn subject(line: &[u8]) -> String {
    let lines = [b"Subject: ", line, b"\n\nx\n"].concat();
    summarise(&mail(&lines), true).subject
}

fn from(line: &str) -> Vec<(Option<String>, String)> {
    let lines = format!("From: {line}\n\nx\n");
    let summary = summarise(&mail(lines.as_bytes()), true);
    summary.from.into_iter().map(|who| (who.name, who.email)).collect()
}

/// A text of one part with this type and encoding.
fn single(media: &str, encoding: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: a@b.example\nMIME-Version: 1.0\nContent-Type: {media}\n\
         Content-Transfer-Encoding: {encoding}\n\n"
    );
    [head.as_bytes(), content].concat()
}

#[test]
fn broken_quoted_printable_keeps_the_rest() {
    for (content, want) in [
        (&b"a==b Gr=C3=BC=C3=9Fe end\n"[..], "Grüße end"),
        (b"a=XYb =C3=A9t=C3=A9\n", "a=XYb été"),
        (b"low=c3=bcr case\n", "lowür case"),
        (b"soft=  \nbreak with blanks\n", "softbreak with blanks"),
        (b"ends with =", "ends with"),
        (b"ends with =C", "ends with"),
        (b"raw \xc3\xbc and =C3=BC\n", "raw ü and ü"),
        (b"=\n=\n=\nx=\n", "x"),
        (b"100 = 50 + 50 =C3=A4\n", "100 = 50 + 50 ä"),
        (b"<p style=3D'a'> =3D= \n", "<p style='a'> ="),
    ] {
        let read = text(&single("text/plain; charset=utf-8", "quoted-printable", content));
        assert!(read.contains(want), "{:?}: {read:?}", String::from_utf8_lossy(content));
    }
    let html = single("text/html; charset=utf-8", "quoted-printable", b"<p>=ZZ= words=</p>==\n");
    assert!(text(&html).contains("words"));
}

#[test]
fn broken_base64_keeps_the_rest() {
    for content in [
        &b"R3LDvMOfZSBhdXMgS8O2bG4="[..],
        b"R3LDvMOfZSBhdXMgS8O2bG4",
        b"R3LDvM OfZS\tBhdXMg\n\nS8O2bG4=\n",
        b"R3LDvMOfZSBhdXMgS8O2bG4=\n-- \nList: http://lists.example/\n",
        b"R3LDvMOf!ZSBhdXMgS8O2bG4=",
        b"R3LDvA==w59lIGF1cyBLw7Zsbg==",
        b"77u/R3LDvMOfZSBhdXMgS8O2bG4=",
        b"\n\n  R3LDvMOfZSBhdXMgS8O2bG4=  \n",
        b"R3LDvMOfZSBhdXMgS8O2bG4=\0\0",
    ] {
        let read = text(&single("text/plain; charset=utf-8", "base64", content));
        assert!(
            read.contains("Grüße aus Köln"),
            "{:?}: {read:?}",
            String::from_utf8_lossy(content)
        );
    }
}

#[test]
fn transfer_encodings_as_programs_write_them() {
    for encoding in [
        "quoted-printable;",
        "\"quoted-printable\"",
        "quoted-printable (RFC 2045)",
        "Quoted-Printable ",
        "x-quoted-printable",
        "'quoted-printable'",
        "quoted-printable; charset=utf-8",
        "quotedprintable",
        "quoted_printable",
        "(as ever) quoted-printable",
    ] {
        let read =
            text(&single("text/plain; charset=utf-8", encoding, b"Gr=C3=BC=C3=9Fe aus=20Rom\n"));
        assert!(read.contains("Grüße aus Rom"), "{encoding}: {read:?}");
    }
    for encoding in ["8-bit", "utf-8", "7bit;", "none", "binary, 8bit", "\u{fc}", ""] {
        let read = text(&single("text/plain; charset=utf-8", encoding, "Grüße=20x\n".as_bytes()));
        assert!(read.contains("Grüße=20x"), "{encoding}: {read:?}");
    }
    for encoding in ["base64;", "BASE-64", "x-base64", "\"base64\"", "b64", "base64 (mime)"] {
        let read = text(&single("text/plain; charset=utf-8", encoding, b"R3LDvMOfZSBhdXMgUm9t\n"));
        assert!(read.contains("Grüße aus Rom"), "{encoding}: {read:?}");
    }
    let uu = b"begin 644 note.txt\n#0V%T\n`\nend\n";
    for encoding in ["x-uuencode", "uuencode", "x-uue"] {
        let read = text(&single("text/plain", encoding, uu));
        assert!(read.contains("Cat"), "{encoding}: {read:?}");
    }
}

#[test]
fn a_bare_comma_makes_no_two_people() {
    for (line, people) in [
        ("Berg, Anna <a@x.example>", &[(Some("Berg, Anna"), "a@x.example")][..]),
        ("Berg, Anna, MD, PhD <a@x.example>", &[(Some("Berg, Anna, MD, PhD"), "a@x.example")]),
        ("ACME, Inc. <a@x.example>", &[(Some("ACME, Inc."), "a@x.example")]),
        (
            "a@x.example, Berg, Bo <b@x.example>",
            &[(None, "a@x.example"), (Some("Berg, Bo"), "b@x.example")],
        ),
        ("=?utf-8?q?M=C3=BCller?=, Eva <e@x.example>", &[(Some("Müller, Eva"), "e@x.example")]),
        (
            "\"Berg, Anna\" <a@x.example>, Bo <b@x.example>",
            &[(Some("Berg, Anna"), "a@x.example"), (Some("Bo"), "b@x.example")],
        ),
        (",, a@x.example ,,", &[(None, "a@x.example")]),
        ("Anna <a@x.example>,", &[(Some("Anna"), "a@x.example")]),
    ] {
        let want: Vec<(Option<String>, String)> =
            people.iter().map(|(name, email)| (name.map(str::to_owned), (*email).into())).collect();
        assert_eq!(from(line), want, "{line}");
    }
}

#[test]
fn addresses_of_every_form() {
    for (line, email) in [
        ("\"a@b\"@c.example", "\"a@b\"@c.example"),
        ("<MAILER-DAEMON>", "MAILER-DAEMON"),
        ("Postmaster <postmaster>", "postmaster"),
        ("ann@[192.0.2.7]", "ann@[192.0.2.7]"),
        ("Ann <ann@[IPv6:2001:db8::7]> (home)", "ann@[IPv6:2001:db8::7]"),
        ("ann(comment)@(other (nested))x.example", "ann@x.example"),
        ("ann@x.example (Ann Berg)", "ann@x.example"),
        ("<@relay.example,@two.example:ann@x.example>", "ann@x.example"),
        ("Ann <<ann@x.example>>", "ann@x.example"),
        ("Ann <ann@x.example", "ann@x.example"),
        ("ann @ x . example", "ann@x.example"),
        ("\"Ann \\\"A\\\" Berg\" <ann@x.example>", "ann@x.example"),
        ("'ann@x.example' <ann@x.example>", "ann@x.example"),
        ("friends: ann@x.example, bo@x.example;", "ann@x.example"),
        ("mailto:ann@x.example", "ann@x.example"),
    ] {
        let read = from(line);
        assert_eq!(read.first().map(|who| who.1.as_str()), Some(email), "{line}: {read:?}");
    }
}

#[test]
fn charsets_that_are_not_said_or_wrongly_said() {
    let jp = b"\x1b$B$3$l$O%F%9%H$G$9\x1b(B";
    for (media, content, want) in [
        ("text/plain", &jp[..], "これはテストです"),
        ("text/plain; charset=us-ascii", &jp[..], "これはテストです"),
        ("text/plain; charset=iso-8859-1", &jp[..], "これはテストです"),
        ("text/plain", "Grüße".as_bytes(), "Grüße"),
        ("text/plain; charset=us-ascii", "Grüße".as_bytes(), "Grüße"),
        ("text/plain; charset=utf-8", b"Gr\xfc\xdfe", "Grüße"),
        ("text/plain; charset=us-ascii", b"Gr\xfc\xdfe \x80 5", "Grüße € 5"),
        ("text/plain; charset=unknown-8bit", b"Gr\xfc\xdfe", "Grüße"),
        ("text/plain; charset=_iso-2022-jp", &jp[..], "これはテストです"),
        ("text/html", b"<meta charset=koi8-r><p>\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
        (
            "text/html; charset=us-ascii",
            b"<META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=windows-1250'>\x8atav",
            "Štav",
        ),
        ("text/plain; charset=utf-16", b"\xff\xfeG\0r\0\xfc\0n\0", "Grün"),
        ("text/plain", b"\xef\xbb\xbfGr\xc3\xbcn", "Grün"),
        ("text/plain", b"caf\xe9", "café"),
        ("text/plain; charset=utf-8", b"caf\xe9", "café"),
    ] {
        let read = text(&single(media, "8bit", content));
        assert!(read.contains(want), "{media}: {read:?}");
        assert!(!read.contains('\u{fffd}'), "{media}: {read:?}");
    }
}

#[test]
fn charsets_by_the_names_in_use() {
    for (name, content, want) in [
        ("cp1252", &b"caf\xe9"[..], "café"),
        ("\"iso-8859-15\"", b"5 \xa4", "5 €"),
        ("'windows-1251'", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("win-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("utf8", "é".as_bytes(), "é"),
        ("UTF_8", "é".as_bytes(), "é"),
        ("utf-8mb4", "é".as_bytes(), "é"),
        ("unicode-1-1-utf-7", b"Gr+APwA3w-e", "Grüße"),
        ("utf-7", b"a +ImIDkQ.", "a ≢Α."),
        ("gb2312", b"\xc4\xe3\xba\xc3", "你好"),
        ("gb18030", b"\xc4\xe3\xba\xc3", "你好"),
        ("ms949", b"\xbe\xc8\xb3\xe7", "안녕"),
        ("ks_c_5601-1987", b"\xbe\xc8\xb3\xe7", "안녕"),
        ("cp932", b"\x87\x40", "①"),
        ("x-sjis", b"\x82\xb1", "こ"),
        ("big5-hkscs", b"\xa7\x41\xa6\x6e", "你好"),
        ("iso8859-2", b"\xe8", "č"),
        ("iso-8859-8-i", b"\xf9\xec", "של"),
        ("macintosh", b"caf\x8e", "café"),
        ("utf-16le", b"h\0i\0", "hi"),
        ("ansi_x3.110-1983", b"caf\xe9", "café"),
        ("cp850", b"caf\x82 Gr\x81\xe1e", "café Grüße"),
        ("IBM437", b"5 \x9c", "5 £"),
        ("ibm852", b"\x9d\xa2d\xab", "Łódź"),
        ("CP858", b"5 \xd5", "5 €"),
    ] {
        let read = text(&single(&format!("text/plain; charset={name}"), "8bit", content));
        assert!(read.contains(want), "{name}: {read:?}");
    }
}

#[test]
fn content_types_that_are_not_quite_one() {
    for media in [
        "text",
        "text; charset=utf-8",
        "text/",
        "/plain",
        "plain",
        "plain/text; charset=utf-8",
        "text/plain charset=utf-8",
        "text/plain,charset=utf-8",
        "text/plain; charset=\"utf-8",
        "text/plain;; charset=utf-8;",
        "text/plain; charset = utf-8",
        "text\\plain; charset=utf-8",
        "Text/Plain; Charset=UTF-8; format=flowed",
        "text/plain;charset=utf-8;charset=iso-8859-1",
        "\"text/plain\"; charset=utf-8",
        "text/plain (words); charset=utf-8",
        "text/x-unknown; charset=utf-8",
        ";",
        "",
    ] {
        let read = text(&single(media, "8bit", "Grüße aus Rom\n".as_bytes()));
        assert!(read.contains("Grüße aus Rom"), "{media}: {read:?}");
    }
}

/// A part of text and a file, between these lines.
fn with_file(head: &str, open: &str, close: &str) -> Vec<u8> {
    let mail = format!(
        "From: a@b.example\nMIME-Version: 1.0\n{head}{open}\nContent-Type: text/plain\n\n\
         see the file\n{open}\nContent-Type: application/pdf; name=a.pdf\n\
         Content-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n{close}"
    );
    mail.into_bytes()
}

#[test]
fn boundaries_that_are_missing_or_wrong() {
    for (head, open, close) in [
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b", "--b--\n"),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b", ""),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b", "--b\n"),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b", "--b-\n"),
        ("Content-Type: multipart/mixed; boundary=b\n", "--b", "--b--\n"),
        ("Content-Type: multipart/mixed;\n\tboundary=\"b c\"\nX: y\n", "--b c", "--b c--"),
        ("Content-Type: multipart/mixed\n\n", "--other", "--other--\n"),
        ("Content-Type: multipart/mixed; boundary=\"\"\n\n", "--other", "--other--\n"),
        ("Content-Type: multipart/mixed; boundary=wrong\n\n", "--other", "--other--\n"),
        ("Content-Type: multipart/mixed; boundary='b'\n\n", "--b", "--b--\n"),
        ("Content-Type: multipart/mixed; boundary=\"b\n\n", "--b", "--b--\n"),
        ("Content-Type: multipart/mixed; boundary=b\n\npre\n--\n-- \n---\n", "--b", "--b--\n"),
        ("Content-Type: multipart/mixed; Boundary = b\n\n", "--b  ", "--b--  \n"),
        ("Content-Type: multipart/related; boundary=b; type=x\n\n", "--b", "--b--\nend"),
        ("Content-Type: Multipart/Mixed; boundary=b; boundary=c\n\n", "--b", "--b--\n"),
    ] {
        let lines = with_file(head, open, close);
        let read = body(&mail(&lines));
        let shown = String::from_utf8_lossy(&lines);
        assert!(read.text.as_deref().unwrap_or_default().contains("see the file"), "{shown}");
        let parts: Vec<_> =
            read.attachments.iter().map(|part| (part.name.as_deref(), part.size)).collect();
        assert_eq!(parts, [(Some("a.pdf"), 8)], "{shown}");
        assert!(summarise(&mail(&lines), true).has_attachment, "{shown}");
    }
}

#[test]
fn open_multiparts_within_others() {
    let inner = "Content-Type: multipart/alternative; boundary=i\n\n--i\n\nplain words\n--i\n\
         Content-Type: text/html\n\n<p>html words</p>\n";
    for (end, file) in [
        ("--i--\n--o\n", true),
        ("--o\n", true),
        ("\n--i--\n\n--o\n", true),
        ("", false),
        ("--i--\n", false),
    ] {
        let mut lines = format!("Content-Type: multipart/mixed; boundary=o\n\n--o\n{inner}{end}");
        if file {
            lines.push_str("Content-Disposition: attachment; filename=a.txt\n\nfile");
        }
        let read = body(&mail(lines.as_bytes()));
        assert_eq!(read.text.as_deref().map(str::trim), Some("plain words"), "{lines}");
        assert!(read.html.is_some_and(|html| html.contains("html words")), "{lines}");
        let names: Vec<_> = read.attachments.iter().map(|part| part.name.as_deref()).collect();
        assert_eq!(names, if file { vec![Some("a.txt")] } else { vec![] }, "{lines}");
    }
}

#[test]
fn an_empty_text_gives_way_to_html() {
    for plain in ["", "\n", " \t \n\n", "\u{a0}\u{200b}\n", "\r", "\u{feff}"] {
        for around in ["alternative", "mixed", "related"] {
            let lines = format!(
                "Content-Type: multipart/{around}; boundary=b\n\n--b\n\
                 Content-Type: text/plain; charset=utf-8\n\n{plain}\n--b\n\
                 Content-Type: text/html; charset=utf-8\n\n<p>html words</p>\n--b--\n"
            );
            let read = text(lines.as_bytes());
            assert!(read.contains("html words"), "{around} {plain:?}: {read:?}");
            let preview = summarise(&mail(lines.as_bytes()), true).preview;
            assert!(preview.contains("html words"), "{around} {plain:?}: {preview:?}");
        }
    }
}

#[test]
fn file_names_as_programs_write_them() {
    for (fields, name) in [
        ("attachment; filename*=utf-8''%e2%82%ac%20rates.pdf; filename=x.pdf", "€ rates.pdf"),
        ("attachment; filename=x.pdf; filename*=UTF-8'en'na%C3%AFve.pdf", "naïve.pdf"),
        (
            "attachment; filename*0*=utf-8''Gr%C3%; filename*1*=BC%C3%9Fe; filename*2=.txt",
            "Grüße.txt",
        ),
        ("attachment; filename*1=\"b.txt\"; filename*0=\"a\"", "ab.txt"),
        ("attachment; filename=\"=?utf-8?B?R3LDvMOfZS50eHQ=?=\"", "Grüße.txt"),
        ("attachment; filename==?utf-8?q?Gr=C3=BCn.txt?=", "Grün.txt"),
        ("attachment; filename=\"=?utf-8?q?Gr=C3=BC?=\n =?utf-8?q?n.txt?=\"", "Grün.txt"),
        ("attachment; filename=two words.txt", "two words.txt"),
        ("attachment; filename=\"a \\\"b\\\".txt\"", "a \"b\".txt"),
        ("attachment; filename=\"a;b.txt\"", "a;b.txt"),
        ("attachment; filename = spaced.txt", "spaced.txt"),
        ("attachment; FILENAME=capital.txt", "capital.txt"),
        ("attachment; filename=\"open.txt", "open.txt"),
        ("filename=bare.txt", "bare.txt"),
        ("attachment filename=nosemicolon.txt", "nosemicolon.txt"),
        ("attachment; filename*=iso-8859-1''caf%E9.txt", "café.txt"),
        ("attachment; filename*=\"utf-8''q%C3%BC.txt\"", "qü.txt"),
        ("attachment; filename*=plain.txt", "plain.txt"),
        ("attachment; filename=\"raw ü.txt\"", "raw ü.txt"),
        ("attachment; filename=\"C:\\\\temp\\\\x.txt\"", "C:\\temp\\x.txt"),
    ] {
        let lines = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\n\
             Content-Type: application/octet-stream\nContent-Disposition: {fields}\n\nx\n--b--\n"
        );
        assert_eq!(names(lines.as_bytes()), [name], "{fields}");
    }
    for (media, name) in [
        ("application/pdf; name=\"=?iso-8859-1?Q?caf=E9.pdf?=\"", "café.pdf"),
        ("application/pdf;\n name*=utf-8''caf%C3%A9.pdf", "café.pdf"),
        ("application/pdf; name*0=\"long \"; name*1=\"name.pdf\"", "long name.pdf"),
    ] {
        let lines = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\n\
             Content-Type: {media}\n\nx\n--b--\n"
        );
        assert_eq!(names(lines.as_bytes()), [name], "{media}");
    }
}

#[test]
fn a_long_file_name_keeps_its_ending() {
    for (given, kept) in [
        (format!("{}.pdf", "n".repeat(252)), format!("{}.pdf", "n".repeat(252))),
        (format!("{}.pdf", "n".repeat(253)), format!("{}….pdf", "n".repeat(251))),
        (format!("{}.tar.gz", "é".repeat(900)), format!("{}….gz", "é".repeat(252))),
        ("x".repeat(300), format!("{}…", "x".repeat(255))),
        (format!("a.{}", "b".repeat(300)), format!("a.{}…", "b".repeat(253))),
    ] {
        let lines = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\n\
             Content-Type: application/pdf\nContent-Disposition: attachment;\n filename=\"{given}\"\n\n\
             x\n--b--\n"
        );
        assert_eq!(names(lines.as_bytes()), [kept], "{given}");
    }
}

#[test]
fn a_text_with_a_name_is_an_attachment() {
    for (fields, listed) in [
        ("Content-Disposition: inline; filename=\"a.patch\"", true),
        ("Content-Type: text/x-patch; name=a.patch", true),
        ("Content-Disposition: attachment", true),
        ("Content-Type: text/calendar; method=REQUEST", true),
        ("Content-Disposition: inline", false),
        ("Content-Type: text/plain", false),
    ] {
        let lines = format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee patch\n--b\n{fields}\n\n\
             +++ b\n--b--\n"
        );
        let read = body(&mail(lines.as_bytes()));
        assert_eq!(read.attachments.len(), usize::from(listed), "{fields}");
        assert!(read.text.is_some_and(|text| text.contains("see patch")), "{fields}");
    }
}

#[test]
fn the_first_of_doubled_headers_counts() {
    for (lines, subject, sender) in [
        ("Subject: first\nSubject: second\nFrom: a@x.example\n\nx", "first", "a@x.example"),
        (
            "From: a@x.example\nsubject: one\nFROM: b@x.example\nSUBJECT: two\n\nx",
            "one",
            "a@x.example",
        ),
        ("From: a@x.example\nFrom: b@x.example\nSubject: s\n\nx", "s", "a@x.example"),
        ("From:\nFrom: b@x.example\nSubject:\nSubject: s\n\nx", "s", "b@x.example"),
    ] {
        let read = summarise(&mail(lines.as_bytes()), true);
        assert_eq!(read.subject, subject, "{lines}");
        assert_eq!(read.from.first().map(|who| who.email.as_str()), Some(sender), "{lines}");
    }
    let twice = "Content-Type: text/plain; charset=utf-8\nContent-Type: text/html\n\n1 <b> 2\n";
    assert!(text(twice.as_bytes()).contains("1 <b> 2"));
}

#[test]
fn raw_bytes_in_headers() {
    for (media, line, want) in [
        ("text/plain; charset=koi8-r", &b"\xf0\xd2\xc9\xd7\xc5\xd4"[..], "Привет"),
        ("text/plain; charset=windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("text/plain; charset=big5", b"\xa7\x41\xa6\x6e", "你好"),
        ("text/plain; charset=utf-8", b"Gr\xfc\xdfe aus Rom", "Grüße aus Rom"),
        ("text/plain; charset=iso-8859-1", "Grüße aus Rom".as_bytes(), "Grüße aus Rom"),
        ("text/plain", b"caf\xe9 \x96 bar", "café – bar"),
        ("text/plain", b"Robbie signs \xa380m deal", "Robbie signs £80m deal"),
        ("text/plain", b"From \x805 to 20\xb0", "From €5 to 20°"),
        ("text/plain", b"\x1b$B$3$l\x1b(B", "これ"),
        ("text/plain", b"=?utf-8?q?Gr=C3=BCn?= und \xc3\xbc", "Grün und ü"),
    ] {
        let head = format!("Content-Type: {media}\nSubject: ");
        let lines = [head.as_bytes(), line, b"\n\nx\n"].concat();
        assert_eq!(summarise(&mail(&lines), true).subject, want, "{media}");
    }
}

#[test]
fn words_split_over_encoded_words() {
    for (line, want) in [
        (&b"=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9F?= =?utf-8?q?e?="[..], "Grüße"),
        (b"=?utf-8?b?R3LD?= =?utf-8?b?vMOf?=\n =?utf-8?b?ZQ==?=", "Grüße"),
        (b"=?UTF-8?B?R3LDvMO?= =?utf-8?b?fZQ==?=", "Grüße"),
        (b"=?utf-8?q?=E6=9D?= =?utf-8?b?rQ==?=", "杭"),
        (b"=?gb2312?B?xOM?= =?gb2312?B?usM=?=", "你好"),
        (b"=?iso-2022-jp?b?GyRCJDMk?= =?iso-2022-jp?b?bBsoQg==?=", "これ"),
        (b"=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        (b"x=?utf-8?q?=C3=BC?=y", "xüy"),
        (b"=?utf-8?q?with blank=C3=BC?= z", "with blankü z"),
        (b"=?utf-8*en?q?Gr=C3=BCn?=", "Grün"),
        (b"=?utf-8?q?a_b?= c =?utf-8?q?d?=", "a b c d"),
        (b"=?utf-8?x?abc?= =?utf-8?q?open", "=?utf-8?x?abc?= =?utf-8?q?open"),
        (b"=?utf-8?q?Gr=C3=BCn?=. Mail", "Grün. Mail"),
        (b"\"=?utf-8?q?quoted=C3=BC?=\"", "\"quotedü\""),
        (b"=?utf-8?Q??= x", "x"),
        (b"=?utf-8?b?R3LDvG4?=", "Grün"),
    ] {
        assert_eq!(subject(line), want, "{}", String::from_utf8_lossy(line));
    }
}
