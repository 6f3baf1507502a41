//! The name a saved attachment gets: what its sender called it, as far as that is harmless.
//!
//! A sender's name is never a path, never hidden, never a device, and reads as it is written.

use crate::hygiene::{Lines, clean};

/// Longest name in bytes: file systems take 255, and a number may have to be added.
const NAME_BYTES: usize = 180;
/// Longest ending, with its dot, that is kept when a name is cut.
const ENDING_BYTES: usize = 24;
/// What an attachment without a usable name is called, with its number and an ending.
const NAMELESS: &str = "attachment";
/// Names that Windows keeps for devices, also with an ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// The same with a digit behind them.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];
/// Endings of what has no name, by media type.
const ENDINGS: [(&str, &str); 14] = [
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/csv", "csv"),
    ("text/calendar", "ics"),
    ("text/vcard", "vcf"),
    ("message/rfc822", "eml"),
    ("audio/mpeg", "mp3"),
    ("video/mp4", "mp4"),
];

/// The file name for the attachment `number` that its sender named `given`.
pub(super) fn safe(given: Option<&str>, number: usize, media: &str) -> String {
    let given = clean(given.unwrap_or_default(), Lines::One);
    // both kinds of separators: the name may have been written anywhere
    let last = given.rsplit(['/', '\\']).find(|part| !is_blank(part)).unwrap_or_default();
    let plain: String = last.chars().map(|c| if is_harmless(c) { c } else { '_' }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if !plain.chars().any(char::is_alphanumeric) {
        return nameless(number, media);
    }
    let plain = match plain.chars().next() {
        // a program would read the name as a flag or as a home directory
        Some('-' | '~') => format!("_{}", plain.get(1..).unwrap_or_default()),
        _ if is_device(plain) => format!("_{plain}"),
        _ => plain.to_owned(),
    };
    shortened(&plain)
}

/// The `again`th name for the same attachment, when there is a file of the name before.
pub(super) fn numbered(name: &str, again: usize) -> String {
    let (stem, ending) = split(name);
    format!("{stem} ({again}){ending}")
}

/// The ending in lower case, without its dot.
pub(super) fn ending(name: &str) -> String {
    split(name).1.trim_start_matches('.').to_lowercase()
}

fn nameless(number: usize, media: &str) -> String {
    match ENDINGS.iter().find(|(kind, _)| *kind == media) {
        Some((_, ending)) => format!("{NAMELESS}-{number}.{ending}"),
        None => format!("{NAMELESS}-{number}"),
    }
}

fn is_blank(part: &str) -> bool {
    part.trim_matches(['.', ' ']).is_empty()
}

/// What every file system takes and no shell, service or person stumbles over.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/' | '\\' | '`' | '$')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|rest| {
            let mut rest = rest.chars();
            matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(|device| numbered(device))
}

/// Stem and ending with its dot; what is too long for an ending is none.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= ENDING_BYTES => name.split_at(at),
        _ => (name, ""),
    }
}

/// Cut in the stem, so that the ending still says what it is.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let end = stem.floor_char_boundary(NAME_BYTES - ending.len());
    let stem = stem.get(..end).unwrap_or_default().trim_end_matches(['.', ' ']);
    format!("{stem}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(given: &str) -> String {
        safe(Some(given), 3, "application/pdf")
    }

    #[test]
    fn a_good_name_stays() {
        for name in
            ["nabídka 2026.pdf", "a.tar.gz", "請求書.pdf", "it's (final) & signed.docx", "_x"]
        {
            assert_eq!(named(name), name);
        }
    }

    #[test]
    fn what_leads_elsewhere_is_only_a_name() {
        for (given, name) in [
            ("../../.ssh/authorized_keys", "authorized_keys"),
            ("/etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\evil.dll", "evil.dll"),
            ("..\\..\\x.txt", "x.txt"),
            ("invoice/..", "invoice"),
            (".bashrc", "bashrc"),
            ("...", "attachment-3.pdf"),
            ("", "attachment-3.pdf"),
            (" / . / ", "attachment-3.pdf"),
            ("a\0b", "ab"),
            ("-rf", "_rf"),
            ("~root", "_root"),
            ("x.pdf. . .", "x.pdf"),
            ("alt:stream", "alt_stream"),
            ("$(reboot)`id`", "_(reboot)_id_"),
            ("two\r\nlines\tand  blanks.txt", "two lines and blanks.txt"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("Lpt1.pdf", "_Lpt1.pdf"),
            ("console.log", "console.log"),
            ("\u{202e}fdp.exe", "fdp.exe"),
            ("a\u{200b}b.pdf", "ab.pdf"),
            ("???", "attachment-3.pdf"),
        ] {
            assert_eq!(named(given), name, "{given:?}");
        }
        assert_eq!(safe(None, 2, "x/unknown"), "attachment-2");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        for stem in ["x".repeat(5_000), "ž".repeat(3_000), "漢".repeat(100)] {
            let name = named(&format!("{stem}.pdf"));
            assert!(name.len() <= NAME_BYTES, "{name}");
            assert_eq!(name.rsplit_once('.').map(|(_, ending)| ending), Some("pdf"), "{name}");
        }
        let ending = format!("x.{}", "y".repeat(4_000));
        assert!(named(&ending).len() <= NAME_BYTES);
        assert_eq!(numbered("a.tar.gz", 2), "a.tar (2).gz");
        assert_eq!(numbered("Makefile", 2), "Makefile (2)");
    }

    /// Whatever a sender writes: one harmless component that names itself again.
    #[test]
    fn every_name_is_one_harmless_component() {
        let odd = [
            "/",
            "\\",
            "..",
            ".",
            "-",
            "~",
            "\0",
            "\u{1b}[2J",
            "\u{202e}",
            "\u{200f}",
            " ",
            "\n",
            "con",
            "com1",
            "a",
            "ž",
            "漢",
            "🦀",
            ":",
            "*",
            "$",
            "`",
            ".pdf",
            ".desktop",
            "%00",
            "\u{feff}",
            "e\u{301}",
        ];
        let mut seed = 0x9e37_79b9_u32;
        let mut next = |limit: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed as usize % limit
        };
        for _ in 0..20_000 {
            let given: String = (0..next(9)).map(|_| odd[next(odd.len())]).collect();
            let name = safe(Some(&given), 7, "text/plain");
            assert!(!name.is_empty() && name.len() <= NAME_BYTES, "{given:?}");
            assert!(
                !name.starts_with(['.', '-', '~', ' ']) && !name.ends_with(['.', ' ']),
                "{name:?}"
            );
            assert!(name.chars().all(is_harmless), "{given:?} became {name:?}");
            assert!(!is_device(&name), "{name:?}");
            assert_eq!(clean(&name, Lines::One), name);
            assert_eq!(safe(Some(&name), 7, "text/plain"), name, "not its own name");
        }
    }
}
