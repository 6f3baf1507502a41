//! Domains that can be read as another domain: letters of several alphabets in one name, or letters
//! of another alphabet that all look like Latin ones (Unicode Technical Standard 39).
//!
//! Owns the decisions whether a domain is shown with its `xn--` form beside, and whether a display
//! name passes for another address. Must never refuse a domain or a name: whoever reads decides.

use unicode_security::RestrictionLevelDetection as _;
use unicode_security::confusable_detection::skeleton;
use unicode_security::restriction_level::RestrictionLevel;

/// The `xn--` form (RFC 5890 §2.3.2.1) of `domain` when it can be taken for another domain; `None`
/// where its letters deceive nobody, and where it is in ASCII already.
///
/// ```
/// use chapar_engine::lookalike::ascii_beside;
/// assert_eq!(ascii_beside("p\u{430}ypal.example").as_deref(), Some("xn--pypal-4ve.example"));
/// assert_eq!(ascii_beside("b\u{fc}cher.example"), None);
/// ```
#[must_use]
pub fn ascii_beside(domain: &str) -> Option<String> {
    if domain.is_ascii() || !is_deceptive(domain) {
        return None;
    }
    idna::domain_to_ascii(domain).ok().filter(|ascii| ascii != domain)
}

/// [`ascii_beside`] of the domain of an address, `local@domain`.
#[must_use]
pub fn ascii_beside_address(email: &str) -> Option<String> {
    ascii_beside(email.rsplit_once('@')?.1)
}

/// The address that a display name shows although it is not the address `email` that the name stands
/// beside; `None` where the name shows none.
///
/// ```
/// use chapar_engine::lookalike::other_address;
/// let name = "Bank <help@bank.example>";
/// assert_eq!(other_address(name, "x@evil.example"), Some("help@bank.example"));
/// assert_eq!(other_address("Ann (ann@home.example)", "Ann@Home.example"), None);
/// ```
#[must_use]
pub fn other_address<'n>(name: &'n str, email: &str) -> Option<&'n str> {
    /// Characters of a name that are looked at; more are shown by nobody.
    const LOOKED_AT: usize = 1_000;
    let name = name.get(..name.floor_char_boundary(LOOKED_AT)).unwrap_or_default();
    let ends = |c: char| c.is_whitespace() || "<>()[]\"',;:“”‘’«»".contains(c);
    let invisible = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '+');
    let own = email.trim().to_lowercase();
    let mut words = name.split(ends).map(|word| word.trim_matches(invisible));
    words.find(|word| is_address(word) && word.to_lowercase() != own)
}

/// Whether a word looks like an address to a person, written with a full-width `@` too.
fn is_address(word: &str) -> bool {
    let Some((local, domain)) = word.rsplit_once(['@', '\u{ff20}', '\u{fe6b}']) else {
        return false;
    };
    let dotted = domain.split(['.', '\u{3002}', '\u{ff0e}']).collect::<Vec<_>>();
    let labels = dotted.iter().all(|label| !label.is_empty());
    !local.is_empty() && dotted.len() > 1 && labels
}

/// Whether one label mixes alphabets that no language writes together, or reads as Latin letters
/// although it has none. A name whose every label is of one other alphabet is that alphabet's own.
fn is_deceptive(domain: &str) -> bool {
    let (unicode, _) = idna::domain_to_unicode(domain);
    let labels = || unicode.split('.').filter(|label| !label.is_empty());
    let is_foreign = labels().all(|label| !label.is_ascii());
    labels().filter(|label| !label.is_ascii()).any(|label| {
        let is_mixed = label.detect_restriction_level() > RestrictionLevel::HighlyRestrictive;
        let reads_as_latin = || skeleton(label).all(|c| c.is_ascii());
        is_mixed || (!is_foreign && reads_as_latin())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_shown_with_its_ascii_form() {
        for deceptive in [
            // Latin with one Cyrillic letter
            "p\u{430}ypal.example",
            // Latin with one Greek letter, in the second label
            "mail.g\u{3bf}\u{3bf}gle.example",
            // Cyrillic letters only, each of which looks Latin
            "\u{430}\u{440}\u{440}\u{4cf}\u{435}.example",
            // Greek beside Cyrillic
            "\u{3b1}\u{43b}\u{43c}.example",
            // a dotless i
            "m\u{131}crosoft.example",
            // Armenian within Latin
            "g\u{585}ogle.example",
        ] {
            let ascii = ascii_beside(deceptive).unwrap();
            assert!(ascii.contains("xn--") && ascii.is_ascii(), "{ascii}");
            assert_eq!(ascii_beside_address(&format!("a@{deceptive}")), Some(ascii));
        }
    }

    #[test]
    fn honest_names_stay_alone() {
        for honest in [
            "example.org",
            "xn--bcher-kva.example",
            "b\u{fc}cher.example",
            "stra\u{df}e.example",
            "caf\u{e9}-m\u{fc}nchen.example",
            "\u{43f}\u{43e}\u{447}\u{442}\u{430}.\u{440}\u{444}",
            "\u{441}\u{430}\u{445}\u{430}\u{440}.\u{440}\u{444}",
            "\u{43f}\u{43e}\u{447}\u{442}\u{430}.example",
            "\u{65e5}\u{672c}\u{8a9e}.jp",
            "\u{30e1}\u{30fc}\u{30eb}\u{30dc}\u{30c3}\u{30af}\u{30b9}.example",
            "\u{90ae}\u{7bb1}mail.example",
            "",
            "[192.0.2.1]",
        ] {
            assert_eq!(ascii_beside(honest), None, "{honest}");
        }
        assert_eq!(ascii_beside_address("no address"), None);
    }
    #[test]
    fn a_name_that_shows_another_address_is_told() {
        const SENDER: &str = "x@evil.example";
        for (name, shown) in [
            ("help@bank.example", "help@bank.example"),
            ("\"help@bank.example\"", "help@bank.example"),
            ("Bank <help@bank.example>", "help@bank.example"),
            ("Bank (help@bank.example)", "help@bank.example"),
            ("help@bank.example via Lists", "help@bank.example"),
            ("'ann@bank.example', Bank", "ann@bank.example"),
            ("mailto:help@bank.example", "help@bank.example"),
            ("help\u{ff20}bank.example", "help\u{ff20}bank.example"),
            ("help@b\u{e4}nk.example.", "help@b\u{e4}nk.example"),
        ] {
            assert_eq!(other_address(name, SENDER), Some(shown), "{name}");
        }
        for honest in [
            "x@evil.example",
            "X@EVIL.example",
            "<x@evil.example>",
            "Ann @ Work",
            "ann@work",
            "@ann",
            "Ann@",
            "meet@8.",
            "",
            "@@@ ..",
        ] {
            assert_eq!(other_address(honest, SENDER), None, "{honest}");
        }
        let long = "a@b.example ".repeat(100_000);
        assert_eq!(other_address(&long, "a@b.example"), None);
    }
}
