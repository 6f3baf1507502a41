//! What an issuer means when it refuses. The codes of the RFCs decide; the numbers Microsoft puts
//! into its descriptions only pick the words, and the one case the codes do not tell apart: that
//! an administrator has to agree.

/// An error answer of an authorization, token, device or registration endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// `error` (RFC 6749 §4.1.2.1, §5.2; RFC 8628 §3.5; RFC 7591 §3.2.2).
    pub error: &'a str,
    /// `error_description`, the issuer's own words.
    pub description: Option<&'a str>,
    /// `suberror`, Microsoft's finer code.
    pub suberror: Option<&'a str>,
}

/// What it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Code of the condition.
    pub code: &'static str,
    /// The reason, a phrase that can follow a colon; says what to do where the condition's own
    /// remedy is too general.
    pub reason: &'static str,
}

const fn reading(code: &'static str, reason: &'static str) -> Reading {
    Reading { code, reason }
}

/// Microsoft's numbers. It asks not to code against them: they choose words, and `oauth.client` or
/// `oauth.admin_consent` where the plain code would only say that something was refused.
static AADSTS: &[(u32, Reading)] = &[
    (
        50_011,
        reading(
            "oauth.client",
            "the redirect address is not registered with the client; add http://localhost under Authentication, Mobile and desktop applications",
        ),
    ),
    (
        50_105,
        reading(
            "oauth.client",
            "you are not assigned to this app; your administrator has to assign you",
        ),
    ),
    (53_000, reading("oauth.policy", "a policy of your organization forbids it on this device")),
    (53_003, reading("oauth.policy", "a policy of your organization forbids it")),
    (
        65_001,
        reading(
            "oauth.admin_consent",
            "nobody has agreed to this app yet; your administrator has to",
        ),
    ),
    (65_004, reading("oauth.denied", "the sign-in was declined")),
    (
        70_011,
        reading(
            "oauth.client",
            "a scope is not valid for the client; give it the API permissions IMAP.AccessAsUser.All and SMTP.Send",
        ),
    ),
    (90_094, reading("oauth.admin_consent", "an administrator has to agree to this app")),
    (
        90_095,
        reading(
            "oauth.admin_consent",
            "an administrator has to agree to this app; a request was sent",
        ),
    ),
    (
        700_016,
        reading(
            "oauth.client",
            "the client is not known to your organization; check the client id, or let the client serve accounts of any organization",
        ),
    ),
    (7_000_112, reading("oauth.client", "the client was disabled by whoever registered it")),
    (
        7_000_218,
        reading(
            "oauth.client",
            "the client is not registered as a public one; switch on Allow public client flows under Authentication",
        ),
    ),
];

/// The codes of the RFCs, and those of Google that are none.
static ERRORS: &[(&str, Reading)] = &[
    ("access_denied", reading("oauth.denied", "the sign-in was declined")),
    (
        "consent_required",
        reading(
            "oauth.admin_consent",
            "nobody has agreed to this app yet; your administrator has to",
        ),
    ),
    (
        "admin_policy_enforced",
        reading("oauth.policy", "a policy of your organization forbids this app"),
    ),
    ("invalid_grant", reading("oauth.code", "the code was used before, or came too late")),
    ("interaction_required", reading("oauth.code", "it wants another step of the sign-in")),
    ("login_required", reading("oauth.code", "it wants another step of the sign-in")),
    ("account_selection_required", reading("oauth.code", "it wants another step of the sign-in")),
    ("expired_token", reading("oauth.timeout", "the code to type has expired")),
    ("server_error", reading("oauth.unavailable", "it has trouble of its own")),
    ("temporarily_unavailable", reading("oauth.unavailable", "it has trouble of its own")),
    ("slow_down", reading("oauth.unavailable", "it asks to be left alone for a while")),
    (
        "invalid_client",
        reading("oauth.client", "it does not know this client, or wants its secret"),
    ),
    ("deleted_client", reading("oauth.client", "the client was deleted by whoever registered it")),
    ("org_internal", reading("oauth.client", "the client serves another organization only")),
    ("unauthorized_client", reading("oauth.client", "the client may not sign in this way")),
    (
        "redirect_uri_mismatch",
        reading(
            "oauth.client",
            "the redirect address is not registered with the client; register it as a desktop app",
        ),
    ),
    ("invalid_redirect_uri", reading("oauth.client", "it takes no redirect to this machine")),
    (
        "invalid_client_metadata",
        reading("oauth.client", "it does not register clients of this kind"),
    ),
    ("invalid_scope", reading("oauth.client", "the client may not ask for these scopes")),
    ("invalid_target", reading("oauth.client", "the client may not ask for this server")),
    ("unsupported_response_type", reading("oauth.client", "the client may not sign in this way")),
    ("unsupported_grant_type", reading("oauth.client", "the client may not sign in this way")),
    (
        "invalid_request",
        reading("oauth.client", "it does not understand the request of this client"),
    ),
];

/// Reads a refusal. Unknown codes are a refusal without a known reason.
#[must_use]
pub fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let number = refusal.description.and_then(aadsts_number);
    let hinted = number.and_then(|number| {
        AADSTS.iter().find(|(known, _)| *known == number).map(|(_, reading)| *reading)
    });
    let plain =
        |word: &str| ERRORS.iter().find(|(known, _)| *known == word).map(|(_, reading)| *reading);
    hinted
        .or_else(|| refusal.suberror.and_then(plain))
        .or_else(|| plain(refusal.error))
        .unwrap_or(reading("oauth.refused", "it gives no reason we know"))
}

/// The number in `AADSTS65001: …`.
#[must_use]
pub fn aadsts_number(description: &str) -> Option<u32> {
    let (_, after) = description.split_once("AADSTS")?;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after.get(..digits)?.parse().ok()
}
