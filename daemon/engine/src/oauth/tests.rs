use super::*;
use crate::verdict::condition;

#[test]
fn refusals_have_their_conditions() {
    for (error, description, suberror, code) in [
        ("access_denied", None, None, "oauth.denied"),
        ("access_denied", Some("End-User aborted interaction"), None, "oauth.denied"),
        ("access_denied", Some("AADSTS65004: User declined to consent"), None, "oauth.denied"),
        (
            "access_denied",
            Some("AADSTS90094: grant requires admin permission"),
            None,
            "oauth.admin_consent",
        ),
        (
            "invalid_grant",
            Some("AADSTS65001: has not consented"),
            Some("consent_required"),
            "oauth.admin_consent",
        ),
        ("invalid_grant", None, Some("consent_required"), "oauth.admin_consent"),
        ("interaction_required", Some("AADSTS90095: x"), None, "oauth.admin_consent"),
        ("interaction_required", Some("AADSTS50076: MFA"), None, "oauth.code"),
        ("interaction_required", Some("AADSTS53003: blocked"), None, "oauth.policy"),
        ("invalid_grant", Some("AADSTS50105: not assigned"), None, "oauth.client"),
        ("unauthorized_client", Some("AADSTS700016: not found"), None, "oauth.client"),
        ("invalid_client", Some("AADSTS7000218: client_secret"), None, "oauth.client"),
        ("invalid_client", Some("AADSTS7000112: disabled"), None, "oauth.client"),
        ("invalid_request", Some("AADSTS50011: redirect"), None, "oauth.client"),
        ("invalid_scope", Some("AADSTS70011: scope"), None, "oauth.client"),
        ("redirect_uri_mismatch", None, None, "oauth.client"),
        ("invalid_client", Some("The OAuth client was not found."), None, "oauth.client"),
        ("admin_policy_enforced", None, None, "oauth.policy"),
        ("invalid_grant", Some("Bad Request"), None, "oauth.code"),
        ("invalid_grant", Some("AADSTS99999999999999: huge"), None, "oauth.code"),
        ("expired_token", None, None, "oauth.timeout"),
        ("temporarily_unavailable", None, None, "oauth.unavailable"),
        ("server_error", None, None, "oauth.unavailable"),
        ("something_new", None, None, "oauth.refused"),
        ("", None, None, "oauth.refused"),
    ] {
        let read = read_refusal(&Refusal { error, description, suberror });
        assert_eq!(read.code, code, "{error} {description:?}");
    }
}

#[test]
fn every_reading_has_a_condition_and_a_reason_that_follows_a_colon() {
    for error in ["access_denied", "invalid_grant", "invalid_client", "nonsense"] {
        let read = read_refusal(&Refusal { error, ..Refusal::default() });
        assert!(condition(read.code).is_some(), "{}", read.code);
        assert!(!read.reason.ends_with('.') && !read.reason.is_empty());
    }
    for number in [
        50_011_u32, 50_105, 53_000, 53_003, 65_001, 65_004, 70_011, 90_094, 90_095, 700_016,
        7_000_112, 7_000_218,
    ] {
        let said = format!("AADSTS{number}: x");
        let read = read_refusal(&Refusal { error: "x", description: Some(&said), suberror: None });
        assert!(condition(read.code).is_some(), "{number}");
        assert_ne!(read.code, "oauth.refused", "{number}");
    }
}

#[test]
fn numbers_are_read_out_of_descriptions() {
    for (said, number) in [
        ("AADSTS65001: The user", Some(65_001)),
        ("prefix AADSTS700016", Some(700_016)),
        ("AADSTS: none", None),
        ("AADSTSx1", None),
        ("AADSTS99999999999", None),
        ("", None),
    ] {
        assert_eq!(aadsts_number(said), number, "{said}");
    }
}

fn scopes(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

#[test]
fn only_mail_scopes_can_be_missing() {
    let google = scopes("https://mail.google.com/ openid email");
    let microsoft = scopes(
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access openid",
    );
    for (asked, granted, missing) in [
        (&google, Some("openid https://www.googleapis.com/auth/userinfo.email"), 1),
        (&google, Some("https://mail.google.com/ openid"), 0),
        (&google, Some(""), 1),
        (&google, None, 0),
        (
            &microsoft,
            Some(
                "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
            ),
            0,
        ),
        (&microsoft, Some("IMAP.AccessAsUser.All smtp.send"), 0),
        (&microsoft, Some("https://outlook.office365.com/IMAP.AccessAsUser.All"), 1),
        (&microsoft, Some("https://graph.microsoft.com/User.Read openid"), 2),
    ] {
        assert_eq!(missing_scopes(asked, granted).len(), missing, "{granted:?}");
    }
}

#[test]
fn issuers_are_compared_as_strings_but_for_the_words_for_any_tenant() {
    let common = "https://login.microsoftonline.com/common/v2.0";
    let tenant = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    for (ours, said, same) in [
        ("https://a.example", "https://a.example", true),
        ("https://a.example", "https://a.example/", false),
        ("https://a.example", "https://A.example", false),
        ("https://a.example", "https://a.example.evil.example", false),
        ("https://a.example", "", false),
        (common, common, true),
        (common, tenant, true),
        (common, "https://login.microsoftonline.com/{tenantid}/v2.0", true),
        (tenant, common, false),
        (common, "https://login.microsoftonline.com/contoso/v2.0", false),
        (common, "https://login.evil.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", false),
        (
            common,
            "http://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            false,
        ),
        (
            common,
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v1.0",
            false,
        ),
        ("https://a.example/realms/x", "https://a.example/realms/y", false),
    ] {
        assert_eq!(same_issuer(ours, said), same, "{ours} {said}");
    }
}

#[test]
fn lifetimes_that_are_none_are_unknown_and_absurd_ones_are_cut() {
    for (said, seconds) in [
        (None, None),
        (Some(0), None),
        (Some(-1), None),
        (Some(i64::MIN), None),
        (Some(1), Some(1)),
        (Some(3_600), Some(3_600)),
        (Some(1_000_000_000_000), Some(86_400)),
        (Some(i64::MAX), Some(86_400)),
    ] {
        assert_eq!(lifetime(said), seconds.map(Duration::from_secs), "{said:?}");
    }
}

#[test]
fn the_administrators_link_is_made_of_plain_parts_only() {
    let common = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";
    let of = admin_consent_url;
    assert_eq!(
        of(common, "ana@contoso.example", "8f-1").as_deref(),
        Some("https://login.microsoftonline.com/contoso.example/adminconsent?client_id=8f-1")
    );
    let own = "https://localhost:1/tenant-1/oauth2/v2.0/authorize";
    assert_eq!(
        of(own, "ana@contoso.example", "8f").as_deref(),
        Some("https://localhost:1/tenant-1/adminconsent?client_id=8f")
    );
    assert_eq!(of("https://accounts.google.com/o/oauth2/v2/auth", "a@b.c", "x"), None);
    assert_eq!(of(common, "ana@con/toso", "8f"), None);
    assert_eq!(of(common, "ana@contoso.example", "8f&x=1"), None);
    assert_eq!(of("http://h/common/oauth2/v2.0/authorize", "a@b.c", "x"), None);
}
