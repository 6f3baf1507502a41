//! Which conversation a message belongs to (RFC 5256, RFC 8621 §3).
//!
//! Owns the ids and the subject a message is threaded by. Must never thread by subject alone unless
//! the message says that it is an answer: unrelated mails named "Hello" are not one conversation.

use crate::message::Summary;
use std::collections::BTreeSet;

/// Reply and forward prefixes, lower case, as mail programs of many languages write them.
const PREFIXES: &[&str] = &[
    // English, and most others
    "re",
    "fw",
    "fwd",
    "forward",
    // German, Dutch
    "aw",
    "antwort",
    "wg",
    "antw",
    "doorst",
    // Scandinavian, Finnish
    "sv",
    "vs",
    "vb",
    "vl",
    "videresendt",
    "vidaresent",
    // French, Italian, Spanish, Portuguese
    "tr",
    "ref",
    "réf",
    "rif",
    "rv",
    "r",
    "i",
    "res",
    "enc",
    // Polish, Czech, Hungarian, Turkish, Romanian
    "odp",
    "pd",
    "vá",
    "továbbítás",
    "ynt",
    "ilt",
    "răspuns",
    // Welsh, Indonesian, Estonian, Latvian
    "atb",
    "bls",
    "trs",
    "ats",
    "pārs",
    // Greek, Russian, Hebrew, Arabic
    "απ",
    "σχετ",
    "πρθ",
    "отв",
    "пер",
    "השב",
    "הועבר",
    "رد",
    "إعادة توجيه",
    // Chinese, Japanese, Korean
    "回复",
    "回覆",
    "答复",
    "转发",
    "轉寄",
    "返信",
    "転送",
    "회신",
    "전달",
];

/// Prefixes that mean "forwarded": such a message begins something new.
const FORWARDS: &[&str] = &[
    "fw",
    "fwd",
    "forward",
    "wg",
    "doorst",
    "vb",
    "vl",
    "videresendt",
    "vidaresent",
    "tr",
    "i",
    "rv",
    "enc",
    "pd",
    "továbbítás",
    "ilt",
    "trs",
    "pārs",
    "πρθ",
    "пер",
    "הועבר",
    "إعادة توجيه",
    "转发",
    "轉寄",
    "転送",
    "전달",
];

/// Rounds of prefix taking; a subject of only `Re: Re: …` must not cost more.
const ROUNDS: usize = 64;

/// The ids of the messages this one belongs to: References, then In-Reply-To, each once, nearest
/// parent first. Its own id is not among them.
#[must_use]
pub fn related(summary: &Summary) -> Vec<String> {
    let own = summary.message_id.as_deref();
    let mut seen = BTreeSet::new();
    let references = summary.references.iter().rev();
    summary
        .in_reply_to
        .iter()
        .chain(references)
        .filter(|id| Some(id.as_str()) != own && seen.insert(id.as_str()))
        .cloned()
        .collect()
}

/// The subject to thread by, or `None`. Only for a message that looks like an answer but names no
/// message it answers: some programs lose the ids and keep the `Re:`.
#[must_use]
pub fn subject_key(summary: &Summary) -> Option<String> {
    let orphan = summary.references.is_empty() && summary.in_reply_to.is_empty();
    if !orphan || !is_reply(&summary.subject) {
        return None;
    }
    let base = base_subject(&summary.subject);
    (!base.is_empty()).then_some(base)
}

/// Whether the subject begins with a reply prefix (a forward is none).
#[must_use]
pub fn is_reply(subject: &str) -> bool {
    let subject = without_tags(subject.trim_start());
    prefix(subject).is_some_and(|(word, _)| !FORWARDS.contains(&word.as_str()))
}

/// The base subject (RFC 5256 §2.1), lower case: without reply and forward prefixes in any of the
/// known languages, `(fwd)` and `[Fwd: …]`. List tags (`[dev]`) stay: they tell lists apart.
#[must_use]
pub fn base_subject(subject: &str) -> String {
    let mut tags = String::new();
    let mut rest = subject.trim();
    for _ in 0..ROUNDS {
        let before = rest;
        rest = without_fwd(rest);
        if let Some((_, after)) = prefix(rest) {
            rest = after.trim_start();
        } else if let Some((tag, after)) = leading_tag(rest)
            && prefix(after.trim_start()).is_some()
        {
            // a tag before the prefix is kept once; `Re: [dev] Re: x` is `[dev] x`
            if !tags.contains(tag) && !after.contains(tag) {
                tags.push_str(tag);
                tags.push(' ');
            }
            rest = after.trim_start();
        }
        if rest == before {
            break;
        }
    }
    let whole = format!("{tags}{rest}").to_lowercase();
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without a `(fwd)` trailer and the `[Fwd: …]` wrapper.
fn without_fwd(subject: &str) -> &str {
    let end = subject.len().saturating_sub("(fwd)".len());
    if let (Some(head), Some(tail)) = (subject.get(..end), subject.get(end..))
        && tail.eq_ignore_ascii_case("(fwd)")
    {
        return head.trim_end();
    }
    let wrapped = subject.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("[fwd:"));
    match subject.strip_suffix(']') {
        Some(inner) if wrapped => inner.get(5..).unwrap_or_default().trim(),
        _ => subject,
    }
}

/// A leading `[tag]` and what follows.
fn leading_tag(subject: &str) -> Option<(&str, &str)> {
    let end = subject.strip_prefix('[')?.find(']')? + 2;
    Some((subject.get(..end)?, subject.get(end..)?))
}

/// Without any leading `[tag]`s.
fn without_tags(mut subject: &str) -> &str {
    for _ in 0..ROUNDS {
        match leading_tag(subject) {
            Some((_, after)) => subject = after.trim_start(),
            None => break,
        }
    }
    subject
}

/// A reply or forward prefix (`Re:`, `AW :`, `Re[2]:`, `Fwd(3):`, `回复：`), lower case, and what
/// follows it.
fn prefix(subject: &str) -> Option<(String, &str)> {
    /// Longest prefix with its counter, in characters.
    const LONGEST: usize = 24;
    let colon = subject.char_indices().take(LONGEST).find(|(_, c)| matches!(c, ':' | '：'))?;
    let (at, sign) = colon;
    let word = subject.get(..at)?.trim_end();
    let word = match word.find(['[', '(', '^', '*']) {
        Some(counter) => {
            let count = word.get(counter..)?.trim_matches(['[', ']', '(', ')', '^', '*', ' ']);
            let digits = count.bytes().all(|byte| byte.is_ascii_digit());
            word.get(..counter).filter(|_| digits)?.trim_end()
        }
        None => word,
    };
    let word = word.to_lowercase();
    let known = PREFIXES.contains(&word.as_str());
    known.then(|| (word, subject.get(at + sign.len_utf8()..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Xorshift;

    #[test]
    fn base_subjects() {
        for (subject, base) in [
            ("Hello", "hello"),
            ("Re: Hello", "hello"),
            ("RE: re[2]: AW: SV : Hello", "hello"),
            ("Antw: WG: Angebot", "angebot"),
            ("Fwd: RV: Oferta", "oferta"),
            ("回复：你好", "你好"),
            ("[Fwd: Re: Hello]", "hello"),
            ("Hello (fwd) (FWD)", "hello"),
            ("[dev] Re: Bug  in\tparser", "[dev] bug in parser"),
            ("Re: [dev] Bug in parser", "[dev] bug in parser"),
            ("Re: [dev] Re: Bug in parser", "[dev] bug in parser"),
            ("Reply: no prefix", "reply: no prefix"),
            ("Meeting: 10:30", "meeting: 10:30"),
            ("Re:", ""),
            ("", ""),
        ] {
            assert_eq!(base_subject(subject), base, "{subject}");
        }
    }

    #[test]
    fn only_an_answer_without_ids_is_threaded_by_subject() {
        let mail = |subject: &str, parent: &[&str]| Summary {
            subject: subject.to_owned(),
            in_reply_to: parent.iter().map(ToString::to_string).collect(),
            ..Summary::default()
        };
        assert_eq!(subject_key(&mail("Hello", &[])), None);
        assert_eq!(subject_key(&mail("Fwd: Hello", &[])), None);
        assert_eq!(subject_key(&mail("SV: Hello", &[])).as_deref(), Some("hello"));
        assert_eq!(subject_key(&mail("[l] Re: Hello", &[])).as_deref(), Some("[l] hello"));
        assert_eq!(subject_key(&mail("Re: Hello", &["a@b"])), None);
        assert_eq!(subject_key(&mail("Re: ", &[])), None);
    }

    #[test]
    fn related_ids_are_unique_and_nearest_first() {
        let summary = Summary {
            message_id: Some("me".to_owned()),
            in_reply_to: vec!["p".to_owned(), "me".to_owned()],
            references: ["root", "p", "root", "me"].map(str::to_owned).to_vec(),
            ..Summary::default()
        };
        assert_eq!(related(&summary), ["p", "root"]);
    }

    #[test]
    fn any_subject_is_taken_and_the_base_is_stable() {
        let mut random = Xorshift::new(3);
        let pieces =
            ["Re:", "Fwd: ", "[x]", "[Fwd: ", "]", "(fwd)", " ", "a", "：", "SV", "é", "["];
        for _ in 0..20_000 {
            let subject: String = (0..random.below(9)).map(|_| pieces[random.below(12)]).collect();
            let base = base_subject(&subject);
            assert_eq!(base_subject(&format!("Re: {base}")), base_subject(&base), "{subject}");
        }
        assert_eq!(base_subject(&"re:".repeat(10_000)).len(), "re:".len() * (10_000 - ROUNDS));
    }
}
