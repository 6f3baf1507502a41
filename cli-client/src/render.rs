//! Laying out what people see; the JSON forms hold the same facts.

pub(crate) mod detail;
pub(crate) mod mail;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod time;

/// What is known of a mail that did not go out: a server's reply in quotes, chapar's own sentence
/// as it is.
pub(crate) fn said(words: &str) -> String {
    let is_reply = words.get(..3).is_some_and(|code| code.bytes().all(|it| it.is_ascii_digit()));
    if is_reply { format!("the server said “{words}”") } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn only_a_reply_is_a_servers_word() {
        assert_eq!(said("451 4.7.1 later"), "the server said “451 4.7.1 later”");
        for ours in ["the connection ended", "45", "", "mail.x:465 refuses connections"] {
            assert_eq!(said(ours), ours);
        }
    }
}
