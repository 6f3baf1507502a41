//! Mailboxes made by hand: maildirs with chosen dates, flags and folders, in a second.
//!
//! Dovecot takes INTERNALDATE from the file's modification time and sizes from its name (`S=`, `W=`),
//! so a made mailbox is exactly as told, and what is told is returned as the list of [`Planted`].

use std::fmt::Write as _;
use std::fs::{self, File, FileTimes};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::User;
use super::dovecot::give_to_mail_user;

/// The twelve mailboxes of the large account: nested, with non-ASCII names. Seven are made here,
/// INBOX and the special ones exist at every login.
pub const MADE_FOLDERS: [&str; 6] = [
    "Clients",
    "Clients/Acme",
    "Clients/Umbrella & Söhne",
    "Projekte/Österreich",
    "Почта/Входящие",
    "日本語",
];

/// Folders that Dovecot makes itself and that get mail too.
const STANDING_FOLDERS: [&str; 4] = ["INBOX", "Sent", "Archive", "Trash"];

/// First INTERNALDATE of a made mailbox; each later message is a minute younger.
const EPOCH: u64 = 1_700_000_000;

/// Names the messages of the large account; those of one folder are named by the folder.
const SERIES: &str = "tree";

/// One message put into a maildir.
#[derive(Clone, Debug)]
pub struct Planted {
    /// Its folder, decoded.
    pub folder: String,
    /// INTERNALDATE, seconds since 1970.
    pub internal_date: u64,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// The bytes with CRLF, as a client reads them.
    pub bytes: Vec<u8>,
}

/// Plants `count` messages over all folders of the large account, dates strictly rising in an order
/// that jumps between the folders. Deterministic.
pub fn plant_tree(user: &User, count: u64) -> Vec<Planted> {
    let folders: Vec<&str> = STANDING_FOLDERS.iter().chain(&MADE_FOLDERS).copied().collect();
    let mut random = Mix(42);
    let planted = (0..count).map(|n| {
        // half of everything in INBOX, as with people
        let pick = random.below(2 * folders.len() as u64);
        let folder = folders.get(usize::try_from(pick).unwrap()).copied().unwrap_or("INBOX");
        plant_one(user, folder, SERIES, n, &mut random)
    });
    let planted = planted.collect();
    give_to_mail_user(user.maildir.parent().unwrap());
    planted
}

/// Plants `count` messages into one folder.
pub fn plant_folder(user: &User, folder: &str, count: u64) -> Vec<Planted> {
    let series: String = folder.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut random = Mix(7);
    let planted = (0..count).map(|n| plant_one(user, folder, &series, n, &mut random)).collect();
    give_to_mail_user(user.maildir.parent().unwrap());
    planted
}

fn plant_one(user: &User, folder: &str, series: &str, n: u64, random: &mut Mix) -> Planted {
    let internal_date = EPOCH + 60 * n;
    let message_id = format!("m{n}.{series}.{}@gen.test", user.name);
    let text = message(user, folder, n, &message_id, random);
    let unix = text.replace("\r\n", "\n");
    let flags: String = [('F', 5), ('R', 20), ('S', 70)]
        .into_iter()
        .filter_map(|(flag, percent)| (random.below(100) < percent).then_some(flag))
        .collect();
    let dir = match folder {
        "INBOX" => user.maildir.clone(),
        other => user.maildir.join(mutf7(other)),
    };
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(dir.join(part)).unwrap();
    }
    let name = format!("{internal_date}.M{n}P1.gen,S={},W={}:2,{flags}", unix.len(), text.len());
    write_dated(&dir.join("cur").join(name), unix.as_bytes(), internal_date);
    Planted { folder: folder.to_owned(), internal_date, message_id, bytes: text.into_bytes() }
}

fn write_dated(path: &Path, bytes: &[u8], seconds: u64) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    let modified = UNIX_EPOCH + Duration::from_secs(seconds);
    file.set_times(FileTimes::new().set_modified(modified)).unwrap();
}

fn message(user: &User, folder: &str, n: u64, message_id: &str, random: &mut Mix) -> String {
    let other = format!("Contact {0} <c{0}@remote.test>", random.below(300));
    let me = format!("Ärger Example <{}>", user.address).replace("Ärger", "=?utf-8?q?=C3=84rger?=");
    let (from, to) = if folder == "Sent" { (me, other) } else { (other, me) };
    let date = jiff::Timestamp::from_second(i64::try_from(EPOCH + 60 * n).unwrap()).unwrap();
    let date = date.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let mut text = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Offer {n} f=?utf-8?q?=C3=BC?=r you\r\nDate: {date}\r\n\
         Message-ID: <{message_id}>\r\n"
    );
    if n > 10 && random.below(100) < 40 {
        let parent = n - 1 - random.below(10);
        let parent = message_id.replacen(&n.to_string(), &parent.to_string(), 1);
        let _ = write!(text, "In-Reply-To: <{parent}>\r\n");
    }
    text.push_str("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
    text.push_str("Content-Transfer-Encoding: 8bit\r\n\r\n");
    for line in 0..10 + random.below(80) {
        let _ =
            write!(text, "Line {line} of message {n}: grüße und Zahlen {:x}.\r\n", random.next());
    }
    text
}

/// Modified UTF-7 (RFC 3501 §5.1.3) of a folder name, for directory names in layout `fs`.
fn mutf7(name: &str) -> String {
    let mut out = String::new();
    let mut pending: Vec<u16> = Vec::new();
    for character in name.chars() {
        if (' '..='~').contains(&character) {
            flush(&mut out, &mut pending);
            out.push(character);
            if character == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            pending.extend_from_slice(character.encode_utf16(&mut units));
        }
    }
    flush(&mut out, &mut pending);
    out
}

fn flush(out: &mut String, pending: &mut Vec<u16>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    if pending.is_empty() {
        return;
    }
    let bytes: Vec<u8> = pending.drain(..).flat_map(u16::to_be_bytes).collect();
    out.push('&');
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            let index = usize::try_from(word >> (18 - 6 * sextet) & 63).unwrap();
            out.push(char::from(ALPHABET[index]));
        }
    }
    out.push('-');
}

/// A small deterministic generator (`SplitMix64`): the same mailbox every time.
struct Mix(u64);

impl Mix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn folder_names_are_encoded_as_the_rfc_shows() {
        assert_eq!(super::mutf7("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(super::mutf7("a & b"), "a &- b");
    }
}
