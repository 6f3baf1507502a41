//! Takes out of a transcript what differs from run to run, and nothing else.

use super::stage::Stage;

/// The text with ports, places, times and ids masked.
pub(crate) fn mask(stage: &Stage, text: &str) -> String {
    let mut text = text.to_owned();
    for (port, name) in [
        (stage.ports.imaps, "993"),
        (stage.ports.imap, "143"),
        (stage.ports.smtps, "465"),
        (stage.ports.submission, "587"),
        (stage.ports.issuer, "443"),
    ] {
        text = text.replace(&format!(":{port}"), &format!(":{name}"));
    }
    text = text.replace(stage.dir().to_str().unwrap(), "/home/ana");
    let lasting = text.lines().filter(|line| !is_waiting(line));
    lasting.map(|line| mask_line(line) + "\n").collect()
}

/// `  Syncing ana …   7 s`: told only when a machine is slow.
fn is_waiting(line: &str) -> bool {
    let told = line.trim_end_matches(|c: char| c.is_ascii_digit() || " s".contains(c));
    line.starts_with("  ") && told.ends_with('…') && !told.contains('“')
}

fn mask_line(line: &str) -> String {
    // a line of the daemon's own figures
    for (start, masked) in [
        ("Daemon  chapard ", "Daemon  chapard VERSION, up TIME, N memory, N on disk"),
        ("✓ Inbox ready in ", "✓ Inbox ready in TIME, N mails. New mail now arrives by push."),
        ("+ Inbox ready in ", "+ Inbox ready in TIME, N mails. New mail now arrives by push."),
        ("✓ disk  ", "✓ disk  SIZE used, SIZE free, database verified · N ms"),
        ("clock ", "clock       DAY here"),
        ("Scheduled S3 for ", "Scheduled S3 for TIME.  Undo:  chapar outbox cancel S3"),
        ("next try ", "next try TIME"),
        ("secret  account/", "secret  account/INSTANCE/1/password"),
    ] {
        if line.trim_start().starts_with(start) {
            let margin = &line[..line.len() - line.trim_start().len()];
            return format!("{margin}{masked}");
        }
    }
    let mut masked = String::new();
    for piece in pieces(line) {
        masked.push_str(&mask_word(piece));
    }
    let masked = without_day(&masked);
    // `41 ms`, `3 s ago`, `now`: ages and durations
    let words: Vec<&str> = masked.split(' ').collect();
    let mut kept: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let next = words.get(index + 1).copied().unwrap_or_default();
        let bare = word.trim_start_matches('(');
        let number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || c == '.');
        let unit = ["ms", "s", "B", "bytes"].contains(
            &next.split('\u{1b}').next().unwrap_or_default().trim_end_matches([',', '.', ')', '"']),
        );
        kept.push(if number && unit { word.replace(bare, "N") } else { (*word).to_owned() });
    }
    kept.join(" ")
}

/// A moment of another day than today, before or after midnight, reads like one of today.
fn without_day(line: &str) -> String {
    const MONTHS: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let mut line = line.to_owned();
    for month in MONTHS.split(' ') {
        for day in 1..=31 {
            line = line.replace(&format!("{month} {day:02} hh:hh"), "hh:hh");
        }
    }
    line
}

/// Words and the spaces between them.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    line.split_inclusive([' ', '\t', '"', ','])
}

fn mask_word(piece: &str) -> String {
    let end = piece.trim_end_matches([' ', '\t', '"', ',']);
    let (word, rest) = piece.split_at(end.len());
    let bytes = word.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let stamp = word.len() >= 20 && word.ends_with('Z') && digits(0..4) && bytes[10] == b'T';
    // of another year than this one: certificates have dates of the past and of a far future
    let date = word.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-' && digits(0..4);
    let clock = (word.len() == 8 && bytes[2] == b':' && bytes[5] == b':' && digits(0..2))
        || (word.len() == 5 && bytes[2] == b':' && digits(0..2) && digits(3..5));
    let masked = if let Some(address) = address(word) {
        address
    } else if stamp {
        "TIME".to_owned()
    } else if date && ("2026".."2090").contains(&&word[..4]) {
        "hh:hh".to_owned()
    } else if clock {
        word.chars().map(|c| if c == ':' { ':' } else { 'h' }).collect()
    } else if let Some((_, domain)) = word.split_once('@').filter(|(id, _)| is_hex(id)) {
        format!("MESSAGE-ID@{domain}")
    } else {
        word.to_owned()
    };
    masked + rest
}

/// An address with a query keeps its place and its client; so does the tunnel to its port.
fn address(word: &str) -> Option<String> {
    if let Some((port, rest)) = word.split_once(":127.0.0.1:") {
        return (port == rest).then(|| "PORT:127.0.0.1:PORT".to_owned());
    }
    let (place, query) = word.split_once('?')?;
    let client = query.split('&').find(|pair| pair.starts_with("client_id="));
    let place =
        match place.strip_prefix("http://127.0.0.1:").or(place.strip_prefix("http://localhost:")) {
            Some(rest) => {
                format!("http://127.0.0.1:PORT/{}", rest.split_once('/').map_or("", |it| it.1))
            }
            None if place.starts_with("https://") => place.to_owned(),
            None => return None,
        };
    let more = query.matches('&').count() > 0;
    Some(match (client, more) {
        (Some(client), true) => format!("{place}?{client}&…"),
        (Some(client), false) => format!("{place}?{client}"),
        (None, _) => format!("{place}?…"),
    })
}

fn is_hex(id: &str) -> bool {
    id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit())
}

/// Runs of spaces become two: for tables whose columns follow what is masked.
pub(crate) fn squeeze(text: &str) -> String {
    let line = |line: &str| {
        let parts: Vec<&str> = line.split("  ").map(str::trim).filter(|p| !p.is_empty()).collect();
        parts.join("  ")
    };
    text.lines().map(|text| line(text) + "\n").collect()
}
