//! Where the inputs come from: the public corpora beside the repository when they are there, and
//! samples of our own always.

use std::path::{Path, PathBuf};

/// Files of a corpus that are read, and bytes of each: the rest is more of the same.
const FILES: usize = 400;
const BYTES: u64 = 48 << 10;

/// The corpora lie beside the repository, or where `CHAPAR_CORPORA` says.
fn corpora() -> PathBuf {
    if let Some(named) = std::env::var_os("CHAPAR_CORPORA") {
        return named.into();
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = here.ancestors().map(|above| above.join("shared/corpora"));
    beside.into_iter().find(|path| path.is_dir()).unwrap_or_default()
}

/// Every file below `folder` of the corpora; empty, and said, when it is not there.
pub(crate) fn corpus(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![corpora().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if entry.metadata().is_ok_and(|data| data.len() <= BYTES)
                && let Ok(bytes) = std::fs::read(&path)
            {
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files.truncate(FILES);
    if files.is_empty() {
        println!("{folder}: the corpus is not here, built-in samples only");
    }
    files
}

/// Whole mails.
pub(crate) fn mails() -> Vec<Vec<u8>> {
    let mut mails: Vec<Vec<u8>> =
        MAILS.iter().map(|mail| mail.replace('\n', "\r\n").into_bytes()).collect();
    mails
        .extend((0..20).map(|seed| {
            chapar_tests::sandbox::corpus::one("ada@example.org", seed, 1_790_000_000)
        }));
    mails.extend(corpus("mime").into_iter().chain(corpus("bounces")).map(|(_, bytes)| bytes));
    mails
}

const MAILS: &[&str] = &[
    "From: a@b.c\nTo: \"D, E\" <d@e.f>, g: h@i.j, k@l.m;\nSubject: =?utf-8?q?caf=C3=A9?= x\n\
     Date: Sun, 22 Nov 2026 12:00:00 +0000 (x (y))\nMessage-ID: <1@b.c>\nReferences: <0@b.c> <9@b.c>\n\n\
     text\n",
    "From: a@b.c\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"x\"\n\n--x\n\
     Content-Type: multipart/alternative; boundary=y\n\n--y\nContent-Type: text/plain; charset=iso-8859-1\n\
     Content-Transfer-Encoding: quoted-printable\n\ncaf=E9=\n\n--y\nContent-Type: text/html\n\n<p>caf&eacute;\n\
     --y--\n--x\nContent-Type: application/pdf; name*=utf-8''%E2%82%AC.pdf\nContent-Transfer-Encoding: base64\n\
     Content-Disposition: attachment; filename=\"../../x.pdf\"\n\nAAECAwQF\n--x\nContent-Type: message/rfc822\n\n\
     Subject: inner\n\ninner\n--x--\n",
    "Subject: no from\nContent-Type: text/plain; charset=utf-16\n\n\u{feff}x",
    "From: \"a@b\" <@x:c@d>\nFrom: e@f\nSubject:\n  folded\n\tline\nIn-Reply-To: your mail of <x@y>\n\nx",
];

/// What IMAP servers say after login, `TAG` being the tag of the command.
pub(crate) fn responses() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        RESPONSES.iter().map(|text| text.replace('\n', "\r\n").into_bytes()).collect();
    for (path, bytes) in corpus("imap-transcripts") {
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = String::from_utf8_lossy(&bytes).replace("A########", "TAG");
            all.push(text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes());
        }
    }
    all
}

const RESPONSES: &[&str] = &[
    "* LIST (\\HasNoChildren \\Sent) \"/\" \"S&AOk-nt\"\n* LIST () NIL {3}\na\"b\n* LSUB () \".\" INBOX\n\
     * STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1)\nTAG OK done\n",
    "* 3 EXISTS\n* 0 RECENT\n* FLAGS (\\Seen x)\n* OK [UIDVALIDITY 7] -\n* OK [UIDNEXT 9] -\n\
     * OK [HIGHESTMODSEQ 12] -\n* OK [PERMANENTFLAGS (\\*)] -\nTAG OK [READ-ONLY] done\n",
    "* 1 FETCH (UID 4 FLAGS (\\Seen $Forwarded) INTERNALDATE \" 1-Jan-2026 00:00:00 +0100\" RFC822.SIZE 12 MODSEQ (9))\n\
     * 2 FETCH (UID 5 FLAGS () RFC822.SIZE 3 BODY[HEADER] {15}\nSubject: x\n\n\n BODY[TEXT]<0> \"abc\")\nTAG OK done\n",
    "* 2 FETCH (UID 1 RFC822.SIZE 5 BODY[] {5}\nhello FLAGS (a b))\n* 9 EXPUNGE\n* VANISHED (EARLIER) 1:5\nTAG OK done\n",
    "* SEARCH 1 2 4294967295\n* ESEARCH (TAG \"x\") UID ALL 1:3,9\nTAG OK done\n",
    "+ idling\n* 5 EXISTS\n* BYE [UNAVAILABLE] later\nTAG NO [ALERT] no\n",
    "TAG OK [APPENDUID 7 12] done\n* OK [ALERT] \u{1b}[2Jx\nTAG BAD x\n",
];
