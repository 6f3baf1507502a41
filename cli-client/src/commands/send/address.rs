//! Recipients as people type them: `ana@x.example`, `Ana <ana@x.example>`, several with commas.

use chapar_ipc_protocol::email::EmailAddress;

use crate::error::Fault;
use crate::hygiene::is_control;
use crate::usage::looks_like_address;

/// Longest address taken (RFC 5321 §4.5.3.1.3 allows a path of 256 octets).
const ADDRESS_LIMIT: usize = 254;

/// Reads every recipient of one kind.
pub(super) fn parse_all(texts: &[String]) -> Result<Vec<EmailAddress>, Fault> {
    texts.iter().flat_map(|text| split(text)).map(|text| parse(&text)).collect()
}

/// Splits at commas outside quotes and angle brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut angled) = (false, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '<' if !quoted => angled = true,
            '>' if !quoted => angled = false,
            _ => {}
        }
        if c == ',' && !quoted && !angled {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn parse(text: &str) -> Result<EmailAddress, Fault> {
    let refused = |why: &str| {
        Fault::new("input.address", format!("{text:?} is not a mail address: {why}"))
            .without_commands()
            .hint("write ana@example.org or \"Ana <ana@example.org>\"")
    };
    if text.chars().any(is_control) {
        return Err(refused("it has a line end or another control character in it"));
    }
    let trimmed = text.trim();
    let (name, email) = match trimmed.rsplit_once('<') {
        Some((name, rest)) => {
            let email = rest.strip_suffix('>').ok_or_else(|| refused("> is missing"))?;
            let name = name.trim().trim_matches('"').replace("\\\"", "\"");
            (Some(name).filter(|name| !name.is_empty()), email.trim())
        }
        None => (None, trimmed),
    };
    if !looks_like_address(email) || email.contains(['<', '>', '(', ')', ';', ':', '\\']) {
        return Err(refused("name@domain is expected"));
    }
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if email.len() > ADDRESS_LIMIT || domain.split('.').any(str::is_empty) {
        return Err(refused("the part after @ is not a domain, or it is too long"));
    }
    Ok(EmailAddress { name, email: email.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_people_type() {
        let texts = [
            "ana@x.example, Bo <bo@x.example>".to_owned(),
            "\"Byrne, Ada\" <ada@x.example>".to_owned(),
            "<cy@x.example>".to_owned(),
        ];
        let parsed = parse_all(&texts).unwrap();
        let shown: Vec<_> =
            parsed.iter().map(|to| (to.name.as_deref(), to.email.as_str())).collect();
        assert_eq!(
            shown,
            [
                (None, "ana@x.example"),
                (Some("Bo"), "bo@x.example"),
                (Some("Byrne, Ada"), "ada@x.example"),
                (None, "cy@x.example"),
            ]
        );
    }

    #[test]
    fn what_is_no_address_is_refused_with_65() {
        for text in [
            "",
            "ana",
            "@x",
            "bo@@globex",
            "a@x..y",
            "a b@x",
            "Bo <bo@x",
            "a@x\r\nBcc: b@y",
            "a@x\0",
            "a@x,",
            "x <a@y> z",
        ] {
            assert_eq!(parse_all(&[text.to_owned()]).unwrap_err().exit, 65, "{text:?}");
        }
        let long = format!("{}@x.example", "a".repeat(300));
        assert!(parse_all(&[long]).is_err());
    }
}
