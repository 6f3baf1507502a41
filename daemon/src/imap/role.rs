//! Which mailbox is for what: by what the server says (RFC 6154), else by well-known names.

use super::Listed;
use chapar_engine::mailbox::Role;

/// The role that a LIST attribute names; XLIST's old words too.
pub(super) fn of_attribute(attribute: &str) -> Option<Role> {
    Some(match attribute.to_ascii_lowercase().as_str() {
        "\\drafts" => Role::Drafts,
        "\\sent" => Role::Sent,
        "\\junk" | "\\spam" => Role::Junk,
        "\\trash" => Role::Trash,
        "\\archive" => Role::Archive,
        "\\all" | "\\allmail" => Role::All,
        "\\flagged" | "\\starred" => Role::Flagged,
        "\\important" => Role::Important,
        _ => return None,
    })
}

/// Last parts of names, lower case, that mean a role where the server names none. Ordered: the
/// first that is there wins.
const NAMES: &[(Role, &[&str])] = &[
    (
        Role::Drafts,
        &[
            "drafts",
            "draft",
            "entw\u{fc}rfe",
            "brouillons",
            "borradores",
            "bozze",
            "rascunhos",
            "concepten",
            "\u{427}\u{435}\u{440}\u{43d}\u{43e}\u{432}\u{438}\u{43a}\u{438}",
        ],
    ),
    (
        Role::Sent,
        &[
            "sent",
            "sent items",
            "sent messages",
            "sent mail",
            "sent-mail",
            "gesendet",
            "gesendete objekte",
            "gesendete elemente",
            "envoy\u{e9}s",
            "messages envoy\u{e9}s",
            "\u{e9}l\u{e9}ments envoy\u{e9}s",
            "enviados",
            "elementos enviados",
            "posta inviata",
            "inviati",
            "verzonden",
            "verzonden items",
            "\u{41e}\u{442}\u{43f}\u{440}\u{430}\u{432}\u{43b}\u{435}\u{43d}\u{43d}\u{44b}\u{435}",
        ],
    ),
    (
        Role::Trash,
        &[
            "trash",
            "deleted",
            "deleted items",
            "deleted messages",
            "papierkorb",
            "gel\u{f6}schte elemente",
            "corbeille",
            "papelera",
            "cestino",
            "lixeira",
            "prullenbak",
            "\u{41a}\u{43e}\u{440}\u{437}\u{438}\u{43d}\u{430}",
        ],
    ),
    (
        Role::Junk,
        &[
            "junk",
            "spam",
            "junk e-mail",
            "junk email",
            "junk mail",
            "bulk mail",
            "spamverdacht",
            "courrier ind\u{e9}sirable",
            "correo no deseado",
            "posta indesiderata",
            "\u{421}\u{43f}\u{430}\u{43c}",
        ],
    ),
    (
        Role::Archive,
        &[
            "archive",
            "archives",
            "archiv",
            "archivio",
            "archivo",
            "archief",
            "\u{410}\u{440}\u{445}\u{438}\u{432}",
        ],
    ),
];

/// Gives every role that no mailbox has to the first mailbox with a name for it, at the top or
/// directly under INBOX; and leaves a role that several claim to the first alone.
pub(super) fn guess_missing(mailboxes: &mut [Listed]) {
    for (role, names) in NAMES {
        if mailboxes.iter().any(|mailbox| mailbox.role == Some(*role)) {
            continue;
        }
        let place = names.iter().find_map(|name| {
            mailboxes.iter().position(|mailbox| {
                mailbox.role.is_none() && mailbox.selectable && is_called(mailbox, name)
            })
        });
        if let Some(mailbox) = place.and_then(|place| mailboxes.get_mut(place)) {
            mailbox.role = Some(*role);
        }
    }
    let mut taken = std::collections::BTreeSet::new();
    for mailbox in mailboxes {
        mailbox.role = mailbox.role.filter(|role| taken.insert(*role));
    }
}

fn is_called(mailbox: &Listed, name: &str) -> bool {
    let lower = mailbox.name.to_lowercase();
    let separator = mailbox.separator.unwrap_or('/');
    let last =
        lower.strip_prefix("inbox").and_then(|rest| rest.strip_prefix(separator)).unwrap_or(&lower);
    last == name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, role: Option<Role>) -> Listed {
        Listed {
            wire_name: name.to_owned(),
            name: name.to_owned(),
            separator: Some('.'),
            role,
            selectable: true,
            subscribed: true,
            status: None,
        }
    }

    #[test]
    fn by_name_only_where_the_server_is_silent() {
        let mut mailboxes = [
            named("Sent", None),
            named("INBOX.Gesendet", Some(Role::Sent)),
            named("INBOX.Deleted Items", None),
            named("Projects.Trash", None),
            named("ENTW\u{dc}RFE", None),
            named("Junk", Some(Role::Junk)),
            named("Spam", Some(Role::Junk)),
        ];
        guess_missing(&mut mailboxes);
        let roles: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.role).collect();
        assert_eq!(
            roles,
            [
                None,
                Some(Role::Sent),
                Some(Role::Trash),
                None,
                Some(Role::Drafts),
                Some(Role::Junk),
                None
            ]
        );
    }
}
