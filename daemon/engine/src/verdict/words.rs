//! What servers say at a login in words of their own, where no code says it: for IMAP and SMTP.
//!
//! Must never take a refusal of the password itself for one of these: a person would look in the
//! wrong place.

use super::says;

/// The password of the web page does not do; one made for programs does.
pub(super) fn wants_app_password(lower: &str) -> bool {
    const KINDS: &[&str] = &[
        "application-specific",
        "application specific",
        "app-specific",
        "app specific",
        "app password",
        "app-password",
        "apppassword",
        "application password",
        "application-password",
        "client password",
        "client-specific password",
        "device password",
        "external password",
        "special password",
        "third-party password",
        "third party password",
        "authorization code instead",
        "use authorization code",
        "use the authorization code",
        "use an authorization code",
        "пароль приложения",
        "пароль для внешн",
        "parol prilozheniya",
        "parol dlya vneshn",
        "授权码",
    ];
    says(lower, KINDS)
        || says(lower, &["via your web browser", "web login required", "via a web browser"])
        || says(lower, &["via the web browser", "using a web browser", "through your web browser"])
}

/// The mailbox itself is closed until the person does something on the provider's website.
pub(super) fn is_blocked(lower: &str) -> bool {
    if says(lower, &["tempor", "try again later"]) {
        return false;
    }
    let whose = says(lower, &["account", "mailbox", "user "]);
    let how = says(lower, &["blocked", "suspended", "deactivated", "frozen", "locked"])
        || says(lower, &["is disabled", "has been disabled", "was disabled"]);
    // what is switched off is a protocol or a way of signing in, not the mailbox
    let part = says(lower, &["imap", "smtp", "protocol", "password auth", "basic auth"]);
    whose && how && !part || says(lower, &["verify your identity", "confirm your identity"])
}

/// The server takes no password at all from programs: the person has to sign in in the browser.
pub(super) fn takes_no_password(lower: &str) -> bool {
    let what = says(lower, &["basic auth", "basicauth", "legacy auth", "password auth"])
        || says(lower, &["password login", "password sign-in", "password-based"]);
    let how = says(lower, &["disabled", "blocked", "not allowed", "not permitted", "turned off"])
        || says(
            lower,
            &["switched off", "no longer", "not supported", "unsupported", "deprecated"],
        )
        || says(lower, &["not enabled", "forbidden", "retired"]);
    what && how
        || says(lower, &["modern authentication", "oauth is required", "oauth2 is required"])
        || says(lower, &["requires oauth", "require oauth", "use oauth", "oauth2 only"])
        || says(lower, &["oauth only", "only oauth", "must use xoauth2", "use xoauth2"])
}

/// The words are about the mechanism, not about the credential.
pub(super) fn is_about_mechanism(lower: &str) -> bool {
    says(lower, &["unsupported", "not supported", "unknown command", "invalid command"])
        || says(lower, &["unrecognized", "unrecognised", "unknown auth", "not implemented"])
        || says(lower, &["mechanism", "command not", "use login", "with login"])
}

/// The words say that what was shown is wrong.
pub(super) fn is_about_credential(lower: &str) -> bool {
    says(lower, &["password", "credential", "passwd"])
}
