//! Mail addresses as people write them (RFC 5322 §3.4) and as SMTP takes them (RFC 5321 §4.1.2).

/// A mailbox address with the name shown beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The display name, decoded; not trusted for anything.
    pub name: Option<String>,
    /// The addr-spec, `local@domain`.
    pub email: String,
}

/// Google's two names for one domain: a mailbox answers to both, and its sign-in may say either.
const GOOGLE: [&str; 2] = ["gmail.com", "googlemail.com"];

/// Whether two addresses name one mailbox as far as can be told without asking: letter case makes
/// no difference, anything else does (`ana+x@` is an alias, which a person has to confirm).
#[must_use]
pub fn same_mailbox(one: &str, other: &str) -> bool {
    match (one.trim().rsplit_once('@'), other.trim().rsplit_once('@')) {
        (Some((local, domain)), Some((other_local, other_domain))) => {
            let google = |domain: &str| GOOGLE.iter().any(|name| domain.eq_ignore_ascii_case(name));
            local.to_lowercase() == other_local.to_lowercase()
                && (domain.eq_ignore_ascii_case(other_domain)
                    || (google(domain) && google(other_domain)))
        }
        _ => false,
    }
}

/// Octets of a whole address (RFC 5321 §4.5.3.1.3: a path has 256 with its brackets).
const ADDRESS_BYTES: usize = 254;
/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES: usize = 64;
/// Octets of a domain label (RFC 1035 §2.3.4).
const LABEL_BYTES: usize = 63;

/// `email` as SMTP and a header take it: the domain in its ASCII form (RFC 5890 §2.3.2.1), a local
/// part whose dots stand where only a quoted string may have them in quotes (RFC 5321 §4.1.2; some
/// providers of telephones gave out `ana..b.@`). The reason when it is no mail address.
pub fn as_sent(email: &str) -> Result<String, &'static str> {
    let (local, domain) = email.rsplit_once('@').ok_or(NO_AT)?;
    let is_odd = local.split('.').any(str::is_empty);
    let is_plain = local.bytes().all(|byte| byte == b'.' || is_atext(byte));
    let is_quoted_only = is_odd && is_plain && !local.is_empty();
    let local = if is_quoted_only { format!("\"{local}\"") } else { local.to_owned() };
    let sent = format!("{local}@{}", ascii_domain(domain)?);
    check(&sent).map(|()| sent)
}

/// A domain in ASCII letters; one that is so already stays as it is.
fn ascii_domain(domain: &str) -> Result<String, &'static str> {
    if domain.is_ascii() {
        return Ok(domain.to_owned());
    }
    idna::domain_to_ascii_strict(domain).map_err(|_| "the domain cannot be the name of a host")
}

/// The reason why a word is no address.
const NO_AT: &str = "there is no @ in it";

/// Whether `email` can be put into an SMTP command and a header as it is; the reason when not.
pub fn check(email: &str) -> Result<(), &'static str> {
    if email.len() > ADDRESS_BYTES {
        return Err("it has more than 254 characters");
    }
    if email.chars().any(char::is_control) {
        return Err("it contains a control character");
    }
    let Some((local, domain)) = email.rsplit_once('@') else {
        return Err(NO_AT);
    };
    check_local(local)?;
    check_domain(domain)
}

/// Dot-atom or quoted string.
fn check_local(local: &str) -> Result<(), &'static str> {
    if local.is_empty() {
        return Err("nothing stands before the @");
    }
    if local.len() > LOCAL_BYTES {
        return Err("more than 64 characters stand before the @");
    }
    if !local.is_ascii() {
        return Err("letters beyond ASCII before the @ are not supported (SMTPUTF8)");
    }
    if let Some(quoted) = local.strip_prefix('"') {
        return check_quoted(quoted);
    }
    if local.split('.').any(str::is_empty) {
        return Err("a dot stands at the wrong place before the @");
    }
    if !local.bytes().all(|byte| byte == b'.' || is_atext(byte)) {
        return Err("a character before the @ is not allowed there");
    }
    Ok(())
}

/// What follows the opening quote, with the closing one.
fn check_quoted(quoted: &str) -> Result<(), &'static str> {
    const REASON: &str = "the quotes before the @ do not match";
    let inner = quoted.strip_suffix('"').ok_or(REASON)?;
    let mut escaped = false;
    for byte in inner.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Err(REASON),
            _ => {}
        }
    }
    if escaped { Err(REASON) } else { Ok(()) }
}

/// Letters, digits and hyphens in labels, or an address literal.
fn check_domain(domain: &str) -> Result<(), &'static str> {
    if domain.is_empty() {
        return Err("nothing stands after the @");
    }
    if let Some(literal) = domain.strip_prefix('[') {
        return check_literal(literal);
    }
    if !domain.is_ascii() {
        return Err("the domain has letters beyond ASCII: give its `xn--` form");
    }
    for label in domain.split('.') {
        let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if label.is_empty() {
            return Err("a dot stands at the wrong place in the domain");
        }
        if label.len() > LABEL_BYTES || !allowed || label.starts_with('-') || label.ends_with('-') {
            return Err("the domain is no host name");
        }
    }
    Ok(())
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` after the opening bracket.
fn check_literal(literal: &str) -> Result<(), &'static str> {
    let inner = literal.strip_suffix(']').unwrap_or_default();
    let good = match inner.strip_prefix("IPv6:") {
        Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
        None => inner.parse::<std::net::Ipv4Addr>().is_ok(),
    };
    if good { Ok(()) } else { Err("the brackets after the @ hold no IP address") }
}

/// atext of RFC 5322 §3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_under_two_spellings() {
        for (one, other, same) in [
            ("Ana@Contoso.example", "ana@contoso.EXAMPLE", true),
            ("ana@gmail.com", "ana@googlemail.com", true),
            ("ana+x@contoso.example", "ana@contoso.example", false),
            ("ana@contoso.example", "bob@contoso.example", false),
            ("ana@contoso.example", "ana@other.example", false),
            ("ana@gmail.com", "ana@gmail.com.evil.example", false),
            ("ana", "ana", false),
            ("", "", false),
        ] {
            assert_eq!(same_mailbox(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn good_addresses() {
        for email in [
            "a@b",
            "a.b+c@example.org",
            "\"a b\"@example.org",
            "\"a\\\"b\"@x.y",
            "x@[192.0.2.1]",
            "x@[IPv6:2001:db8::1]",
            "o'neil@xn--bcher-kva.example",
            "1@2.3",
        ] {
            assert_eq!(check(email), Ok(()), "{email}");
        }
    }

    #[test]
    fn what_people_type_becomes_what_is_sent() {
        for (typed, sent) in [
            ("ana@example.org", "ana@example.org"),
            ("Hana..Ko.@docomo.test", "\"Hana..Ko.\"@docomo.test"),
            (".start@x.test", "\".start\"@x.test"),
            ("end.@x.test", "\"end.\"@x.test"),
            ("a...b@x.test", "\"a...b\"@x.test"),
            ("\"a..b\"@x.test", "\"a..b\"@x.test"),
            ("hans@b\u{fc}cher.example", "hans@xn--bcher-kva.example"),
            ("hans@B\u{dc}CHER.Example", "hans@xn--bcher-kva.example"),
            ("hans@bu\u{308}cher.example", "hans@xn--bcher-kva.example"),
            ("me@stra\u{df}e.example", "me@xn--strae-oqa.example"),
            ("i@\u{43f}\u{43e}\u{447}\u{442}\u{430}.\u{440}\u{444}", "i@xn--80a1acny.xn--p1ai"),
            ("i@\u{90f5}\u{4fbf}\u{3002}jp", "i@xn--wtqs30n.jp"),
            ("a..b@b\u{fc}cher.example", "\"a..b\"@xn--bcher-kva.example"),
            ("x@[192.0.2.1]", "x@[192.0.2.1]"),
        ] {
            assert_eq!(as_sent(typed).as_deref(), Ok(sent), "{typed}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a..b c@d",
            "\u{e9}@b",
            "a@b\u{fc}.",
            "a@-\u{fc}.x",
            "a@b\u{fc}\r\nRCPT TO:<x@y>",
            "..@\u{fc} .x",
            "a@\u{fc}_x.y",
            "a@\u{202e}x.y",
        ] {
            assert!(as_sent(bad).is_err(), "{bad}");
        }
        assert!(as_sent(&format!("a@{}", "\u{fc}".repeat(64))).is_err());
    }

    #[test]
    fn bad_addresses() {
        for email in [
            "",
            "a",
            "@b",
            "a@",
            "a@@b",
            "a b@c",
            "a@b c",
            "a@b\r\nRCPT TO:<x@y>",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a@-b",
            "a@b-",
            "a@b_c",
            "<a@b>",
            "a@b>",
            "a,b@c",
            "é@b",
            "a@bücher.example",
            "\"a@b",
            "\"a\"b\"@c",
            "\"a\\\"@b",
            "a@[1.2.3]",
            "a@[x]",
            "a@b\0",
            "a(c)@b",
            "a@b(c)",
            "a@[1.2.3.4",
            "a:b@c",
        ] {
            assert!(check(email).is_err(), "{email}");
        }
        assert!(check(&format!("{}@b", "a".repeat(65))).is_err());
        assert!(check(&format!("a@{}", "b".repeat(64))).is_err());
        assert!(check(&format!("a@{}", "b.".repeat(130) + "c")).is_err());
    }
}
