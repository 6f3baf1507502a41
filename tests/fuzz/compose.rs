//! Whatever a person or a program puts into a draft, the finished mail says that and nothing else:
//! no header, recipient or line of SMTP that was not meant.

use crate::driver::run;
use crate::mutate::{clean_text, text};
use chapar_engine::address::Address;
use chapar_engine::compose::{Attachment, Draft, Frozen, compose};
use chapar_engine::id::AccountId;
use chapar_engine::message::{body, part, summarise};
use chapar_engine::time::Wall;
use chapar_tests::sandbox::corpus::Dice;
use std::collections::BTreeSet;

/// Every header that a composed mail may have.
const HEADERS: &[&str] = &[
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "user-agent",
];

fn field(dice: &mut Dice, longest: usize) -> String {
    // most drafts are clean, or hardly one would be composed
    if dice.chance(3) { text(dice, longest) } else { clean_text(dice, longest) }
}

fn list(dice: &mut Dice) -> Vec<Address> {
    let mut list = Vec::new();
    for _ in 0..dice.below(4) {
        let local = *dice.pick(&["a", "b.c", "\"q r\"", "x+y", "o'n"]);
        let email = if dice.chance(97) {
            format!("{local}@d{}.example", dice.below(3))
        } else {
            text(dice, 12)
        };
        list.push(Address { name: dice.chance(70).then(|| field(dice, 30)), email });
    }
    list
}

fn draft(dice: &mut Dice) -> Draft {
    Draft {
        account: AccountId(1),
        identity: None,
        to: list(dice),
        cc: list(dice),
        bcc: list(dice),
        reply_to: list(dice),
        subject: field(dice, 120),
        text: dice.chance(80).then(|| text(dice, 200)),
        html: dice.chance(30).then(|| text(dice, 100)),
        attachments: (0..dice.below(3))
            .map(|_| Attachment {
                name: field(dice, 40),
                content_type: if dice.chance(90) {
                    "application/pdf".into()
                } else {
                    field(dice, 20)
                },
                bytes: (0..dice.below(300)).map(|_| (dice.roll() >> 9) as u8).collect(),
            })
            .collect(),
        in_reply_to: dice.chance(40).then(|| field(dice, 20)),
        references: (0..dice.below(4)).map(|_| field(dice, 20)).collect(),
    }
}

#[test]
fn drafts() {
    let composed = std::cell::Cell::new(0_u64);
    run("drafts", 12_000, |dice| {
        let draft = draft(dice);
        let from = Address { name: Some(field(dice, 20)), email: "me@own.example".into() };
        let frozen = Frozen {
            reply_to: vec![],
            bcc: vec![],
            from,
            message_id: "1.2@own.example".into(),
            date: Wall(1_795_348_800_000),
            seed: dice.roll(),
        };
        let Ok(mail) = compose(&draft, &frozen) else { return };
        composed.set(composed.get() + 1);
        assert_eq!(
            compose(&draft, &frozen).unwrap().bytes,
            mail.bytes,
            "not a function of its input"
        );
        wire(&mail.bytes);
        envelope(&draft, &mail.recipients);
        headers(&mail.bytes);
        reread(&draft, &mail.bytes);
    });
    println!("drafts: {} composed", composed.get());
    assert!(composed.get() > 500 || std::env::var_os("CHAPAR_FUZZ_ONLY").is_some());
}

/// Only CRLF pairs, no NUL, no line beyond 998 bytes.
fn wire(bytes: &[u8]) {
    assert!(bytes.ends_with(b"\r\n") && !bytes.contains(&0));
    for line in bytes.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or_else(|| {
            assert!(line.is_empty(), "a bare LF");
            line
        });
        assert!(!line.contains(&b'\r'), "a bare CR");
        assert!(line.len() <= 998, "a line of {} bytes", line.len());
    }
}

/// The recipients are those of the draft, each once.
fn envelope(draft: &Draft, recipients: &[String]) {
    let wanted: BTreeSet<&str> = draft
        .to
        .iter()
        .chain(&draft.cc)
        .chain(&draft.bcc)
        .map(|address| address.email.as_str())
        .collect();
    let given: BTreeSet<&str> = recipients.iter().map(String::as_str).collect();
    assert_eq!(given, wanted);
    assert_eq!(given.len(), recipients.len());
}

/// No header that nobody meant, none twice.
fn headers(bytes: &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut seen = BTreeSet::new();
    for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
        let name = line
            .split_once(':')
            .unwrap_or_else(|| panic!("no header: {line:?}"))
            .0
            .to_ascii_lowercase();
        assert!(HEADERS.contains(&name.as_str()), "a header nobody meant: {line:?}");
        assert!(seen.insert(name), "twice: {line:?}");
    }
}

/// What another parser reads of it is what the draft says.
fn reread(draft: &Draft, bytes: &[u8]) {
    let summary = summarise(bytes, true);
    let plain = |address: &&Address| !address.email.starts_with('"');
    let emails = |list: &[Address]| -> Vec<String> {
        list.iter().filter(plain).map(|address| address.email.clone()).collect()
    };
    let read = |list: &[Address]| -> Vec<String> {
        list.iter()
            .map(|address| address.email.clone())
            .filter(|email| !email.contains(['"', ' ']))
            .collect()
    };
    assert_eq!(read(&summary.to), emails(&draft.to));
    assert_eq!(read(&summary.cc), emails(&draft.cc));
    assert_eq!(read(&summary.reply_to), emails(&draft.reply_to));
    assert_eq!(summary.from.len(), 1, "{:?}", summary.from);
    assert_eq!(summary.from[0].email, "me@own.example");
    assert!(summary.bcc.is_empty());
    assert_eq!(summary.message_id.as_deref(), Some("1.2@own.example"));
    let words = |text: &str| -> Vec<String> {
        let visible =
            text.replace(|c: char| c.is_control() || c == '\u{feff}' || c == '\u{202e}', " ");
        visible.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(words(&summary.subject).concat(), words(&draft.subject).concat(), "subject");
    let read = body(bytes);
    assert_eq!(read.attachments.len(), draft.attachments.len(), "{:?}", read.attachments);
    for (listed, meant) in read.attachments.iter().zip(&draft.attachments) {
        assert_eq!(part(bytes, listed.index).as_ref(), Some(&meant.bytes));
    }
    // An empty plain part beside HTML gives way to the text of the HTML.
    let speaks = |text: &&String| !words(text).is_empty() || draft.html.is_none();
    if let Some(meant) = draft.text.as_ref().filter(speaks) {
        assert_eq!(words(&read.text.unwrap_or_default()), words(meant), "text");
    }
}
