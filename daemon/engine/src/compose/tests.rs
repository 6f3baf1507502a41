use super::*;
use crate::message::{body, part, summarise};
use crate::testing::Xorshift;

fn to(email: &str) -> Address {
    Address { name: None, email: email.to_owned() }
}

fn draft() -> Draft {
    Draft {
        account: AccountId(1),
        identity: None,
        to: vec![Address {
            name: Some("Jörg, \"der\" Große".to_owned()),
            email: "j@example.org".to_owned(),
        }],
        cc: vec![to("c@example.org")],
        bcc: vec![to("secret@example.org"), to("c@EXAMPLE.org")],
        reply_to: vec![],
        subject: "Grüße – 世界".to_owned(),
        text: Some("Hallo\n.\nFrom here\r\nß\n".to_owned()),
        html: Some("<p>Hallo</p>".to_owned()),
        attachments: vec![Attachment {
            name: "Jahresabschluß, 2024.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            bytes: (0..=255).collect(),
        }],
        in_reply_to: Some("<p@x.y>".to_owned()),
        references: vec!["r@x.y".to_owned(), "p@x.y".to_owned()],
    }
}

fn frozen() -> Frozen {
    Frozen {
        from: Address { name: Some("Ich".to_owned()), email: "me@example.org".to_owned() },
        reply_to: vec![],
        bcc: vec![],
        message_id: "m1@example.org".to_owned(),
        date: Wall(1_751_356_800_123),
        seed: 7,
    }
}

#[test]
fn addresses_are_written_as_smtp_takes_them() {
    let typed = ["hans@bücher.example", "Hana..ko.@docomo.test", ".a@x.test"];
    let mut draft = draft();
    draft.to = typed.map(to).to_vec();
    draft.cc = vec![to("hans@xn--bcher-kva.example")];
    draft.bcc = vec![];
    let from = Address { name: None, email: "ich@straße.example".to_owned() };
    let composed = compose(&draft, &Frozen { from, ..frozen() }).unwrap();
    let sent = ["hans@xn--bcher-kva.example", "\"Hana..ko.\"@docomo.test", "\".a\"@x.test"];
    assert_eq!(composed.recipients, sent);
    assert_eq!(composed.from, "ich@xn--strae-oqa.example");
    let text = String::from_utf8(composed.bytes).unwrap();
    for email in sent {
        assert!(text.contains(&format!("<{email}>")), "{email}");
    }
    assert!(text.is_ascii());
}

#[test]
fn what_is_composed_is_read_back() {
    let composed = compose(&draft(), &frozen()).unwrap();
    assert_eq!(composed.recipients, ["j@example.org", "c@example.org", "secret@example.org"]);
    assert_eq!(composed.from, "me@example.org");
    assert!(!composed.eight_bit);
    let summary = summarise(&composed.bytes, true);
    assert_eq!(summary.subject, "Grüße – 世界");
    assert_eq!(summary.to, draft().to);
    assert_eq!(
        (summary.in_reply_to, summary.references),
        (vec!["p@x.y".to_owned()], vec!["r@x.y".to_owned(), "p@x.y".to_owned()])
    );
    assert_eq!(summary.message_id.as_deref(), Some("m1@example.org"));
    assert_eq!(summary.sent_at, Some(Wall(1_751_356_800_000)));
    assert!(summary.has_attachment && summary.bcc.is_empty() && summary.defects.is_empty());
    let read = body(&composed.bytes);
    assert_eq!(read.text.unwrap().replace("\r\n", "\n"), "Hallo\n.\nFrom here\nß\n");
    assert_eq!(read.html.unwrap().trim_end(), "<p>Hallo</p>");
    assert_eq!(read.attachments[0].name.as_deref(), Some("Jahresabschluß, 2024.pdf"));
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(part(&composed.bytes, read.attachments[0].index), Some(bytes));
}

#[test]
fn an_identity_adds_its_reply_to_and_its_copy() {
    let mut frozen = frozen();
    frozen.reply_to = vec![to("office@example.org")];
    frozen.bcc = vec![to("archive@example.org"), to("c@example.ORG")];
    let composed = compose(&draft(), &frozen).unwrap();
    let expected = ["j@example.org", "c@example.org", "secret@example.org", "archive@example.org"];
    assert_eq!(composed.recipients, expected);
    let text = String::from_utf8(composed.bytes.clone()).unwrap();
    assert!(!text.contains("archive"), "a copy nobody else knows of");
    assert_eq!(summarise(&composed.bytes, true).reply_to, [to("office@example.org")]);
    let own = Draft { reply_to: vec![to("me.too@example.org")], ..draft() };
    let composed = compose(&own, &frozen).unwrap();
    assert_eq!(summarise(&composed.bytes, true).reply_to, [to("me.too@example.org")]);
    let nobody = Draft { to: vec![], cc: vec![], bcc: vec![], ..draft() };
    assert_eq!(compose(&nobody, &frozen), Err(DraftError::NoRecipients));
    frozen.bcc = vec![to("not an address")];
    assert!(matches!(compose(&draft(), &frozen), Err(DraftError::BadAddress { .. })));
}

#[test]
fn bcc_is_in_the_envelope_only_and_the_bytes_are_a_function_of_the_input() {
    let composed = compose(&draft(), &frozen()).unwrap();
    let text = String::from_utf8(composed.bytes.clone()).unwrap();
    assert!(!text.contains("secret") && !text.to_lowercase().contains("bcc"));
    assert_eq!(compose(&draft(), &frozen()).unwrap(), composed);
    let only_bcc = Draft { to: vec![], cc: vec![], ..draft() };
    let text = String::from_utf8(compose(&only_bcc, &frozen()).unwrap().bytes).unwrap();
    assert!(text.contains("To: undisclosed-recipients:;\r\n"));
}

#[test]
fn what_cannot_be_sent_is_refused_with_its_field() {
    let refuse = |change: &dyn Fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        compose(&draft, &frozen()).unwrap_err().to_string()
    };
    assert!(
        refuse(&|d| d.subject = "x\r\nBcc: y@z".to_owned())
            .contains("subject contains a line break")
    );
    assert!(refuse(&|d| d.to[0].name = Some("a\0".to_owned())).contains("a NUL character"));
    assert!(refuse(&|d| d.text = Some("a\0b".to_owned())).contains("text contains a NUL"));
    assert!(refuse(&|d| d.cc[0].email = "x".to_owned()).contains("cc: `x` is not a mail address"));
    assert!(refuse(&|d| d.cc[0].email = "a@b>\r\nRCPT".to_owned()).contains("control character"));
    assert!(refuse(&|d| d.to[0].email = "a@bü_cher.de".to_owned()).contains("name of a host"));
    assert!(
        refuse(&|d| d.attachments[0].name = "a\"\r\nX: y".to_owned()).contains("attachment name")
    );
    assert!(refuse(&|d| d.in_reply_to = Some("a@b>\r\nX: <y".to_owned())).contains("line break"));
    let nobody = |d: &mut Draft| (d.to, d.cc, d.bcc) = (vec![], vec![], vec![]);
    assert!(refuse(&nobody).contains("no recipient"));
    assert!(
        refuse(&|d| d.bcc = (0..501).map(|n| to(&format!("{n}@x"))).collect())
            .contains("limit of 500")
    );
    let nothing = |d: &mut Draft| (d.text, d.html, d.attachments) = (None, None, vec![]);
    assert!(refuse(&nothing).contains("neither text"));
}

#[test]
fn long_lines_controls_and_embedded_messages_stay_within_the_rules() {
    let inner = compose(&draft(), &frozen()).unwrap().bytes;
    let eight_bit = "Subject: ü\r\n\r\nx\r\n".as_bytes().to_vec();
    let embed = |bytes: &[u8]| Attachment {
        name: "mail.eml".to_owned(),
        content_type: "message/rfc822".to_owned(),
        bytes: bytes.to_vec(),
    };
    let mut big = draft();
    big.subject = "lang ".repeat(300);
    big.text = Some(format!("{}\n\u{1b}[31m\u{b}\rend", "x".repeat(5_000)));
    big.references = (0..300).map(|n| format!("{n}@{}", "y".repeat(60))).collect();
    big.attachments = vec![
        embed(&inner),
        embed(&eight_bit),
        Attachment {
            name: "n".repeat(3_000),
            content_type: "multipart/mixed".to_owned(),
            bytes: vec![],
        },
        Attachment {
            name: "a/b\\c".to_owned(),
            content_type: "text/plain\"; x".to_owned(),
            bytes: b"\n.\n\0".to_vec(),
        },
    ];
    let composed = compose(&big, &frozen()).unwrap();
    let read = body(&composed.bytes);
    assert!(read.text.unwrap().contains(&"x".repeat(5_000)));
    let contents: Vec<_> =
        read.attachments.iter().map(|a| part(&composed.bytes, a.index).unwrap()).collect();
    assert_eq!(contents[0].trim_ascii_end(), inner.trim_ascii_end());
    assert_eq!(contents[1..], [eight_bit, vec![], b"\n.\n\0".to_vec()]);
    assert_eq!(summarise(&composed.bytes, true).references.len(), REFERENCES);
}

#[test]
fn reply_subjects() {
    for (subject, reply) in [
        ("Hello", "Re: Hello"),
        ("RE: Hello", "RE: Hello"),
        ("AW: Hello", "AW: Hello"),
        ("Fwd: Hello", "Re: Fwd: Hello"),
        ("", "Re:"),
    ] {
        assert_eq!(reply_subject(subject), reply);
    }
}

#[test]
fn no_text_forges_a_header_or_recipient() {
    const PIECES: [&str; 14] = [
        "\r\n",
        "\n",
        "\r",
        "\0",
        "Bcc: evil@x.y",
        "X-Evil: 1",
        "<",
        ">",
        "\"",
        "=?utf-8?q?",
        "?=",
        "é",
        " ",
        ", evil@x.y",
    ];
    const HEADERS: [&str; 14] = [
        "Date",
        "From",
        "Message-ID",
        "Subject",
        "MIME-Version",
        "To",
        "Cc",
        "Reply-To",
        "In-Reply-To",
        "References",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
        "Content-ID",
    ];
    let mut random = Xorshift::new(23);
    let mut sent = 0;
    for _ in 0..10_000 {
        let kinds = if random.one_in(4) { 14 } else { 10 };
        let offset = 14 - kinds;
        let mut text = || -> String {
            (0..random.below(5)).map(|_| PIECES[offset + random.below(kinds)]).collect()
        };
        let mut forged = draft();
        forged.subject = text();
        forged.to[0].name = Some(text());
        forged.attachments[0].name = text();
        forged.attachments[0].content_type = text();
        forged.references = vec![text()];
        let Ok(composed) = compose(&forged, &frozen()) else {
            continue;
        };
        sent += 1;
        assert_eq!(composed.recipients, ["j@example.org", "c@example.org", "secret@example.org"]);
        let bytes = String::from_utf8(composed.bytes).unwrap();
        let head = bytes.split("\r\n\r\n").next().unwrap();
        for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
            let name = line.split(':').next().unwrap();
            assert!(HEADERS.contains(&name), "{line}");
        }
        assert_eq!(summarise(bytes.as_bytes(), true).to.len(), 1, "{head}");
    }
    assert!(sent > 500, "{sent}");
}
