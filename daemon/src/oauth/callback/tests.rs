#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

const STATE: &str = "Zk3-_state";

fn issuer(says_iss: bool) -> Issuer {
    Issuer {
        id: "https://issuer.example".into(),
        authorize_url: "https://login.example/common/oauth2/v2.0/authorize".into(),
        says_iss,
        ..Issuer::default()
    }
}

/// The outcome in one word: the code, the code of the failure, or why it is not ours.
fn outcome(query: &str, says_iss: bool, pasted: bool) -> String {
    let (state, issuer) = (Secret::new(STATE.into()), issuer(says_iss));
    let expected = Expected {
        state: &state,
        issuer: &issuer,
        client_id: "8f",
        email: "ana@contoso.example",
        name: "issuer.example",
    };
    let read = if pasted {
        read_pasted(&Secret::new(query.into()), &expected)
    } else {
        read(query, &expected)
    };
    match read {
        Ok(Ok(code)) => code.expose().to_owned(),
        Ok(Err(failure)) => failure.code.to_owned(),
        Err(why) => format!("{why:?}"),
    }
}

#[test]
fn only_the_right_state_makes_an_answer() {
    for (query, wanted) in [
        ("code=abc&state=Zk3-_state", "abc"),
        ("state=Zk3-_state&code=a%2Fb%20c&session_state=1", "a/b c"),
        ("code=abc&state=Zk3-_stat", "OtherState"),
        ("code=abc&state=zk3-_state", "OtherState"),
        ("code=abc&state=Zk3-_state%00", "OtherState"),
        ("code=abc&state=", "OtherState"),
        ("code=abc", "OtherState"),
        ("error=access_denied", "OtherState"),
        ("error=access_denied&state=x", "OtherState"),
        ("state=Zk3-_state", "NoAnswer"),
        ("", "NoAnswer"),
        ("code=abc&code=def&state=Zk3-_state", "NoAnswer"),
        ("code=abc&state=x&state=Zk3-_state", "NoAnswer"),
        (
            "code=abc&state=Zk3-_state&iss=https://issuer.example&iss=https://evil.example",
            "NoAnswer",
        ),
        ("error=access_denied&state=Zk3-_state", "oauth.denied"),
        ("error=access_denied&code=abc&state=Zk3-_state", "oauth.denied"),
        ("error=server_error&state=Zk3-_state", "oauth.unavailable"),
        ("code=&state=Zk3-_state", "oauth.refused"),
    ] {
        assert_eq!(outcome(query, false, false), wanted, "{query}");
    }
}

#[test]
fn the_issuer_has_to_be_the_one_that_was_asked() {
    let with = |iss: &str| format!("code=abc&state={STATE}{iss}");
    for (iss, says_iss, wanted) in [
        ("&iss=https%3A%2F%2Fissuer.example", true, "abc"),
        ("&iss=https%3A%2F%2Fissuer.example", false, "abc"),
        ("", false, "abc"),
        ("", true, "oauth.issuer"),
        ("&iss=", true, "oauth.issuer"),
        ("&iss=", false, "oauth.issuer"),
        ("&iss=https%3A%2F%2Fevil.example", false, "oauth.issuer"),
        ("&iss=https%3A%2F%2Fissuer.example%2F", true, "oauth.issuer"),
    ] {
        assert_eq!(outcome(&with(iss), says_iss, false), wanted, "{iss}");
    }
    let denied = format!("error=access_denied&state={STATE}");
    assert_eq!(outcome(&denied, true, false), "oauth.issuer", "errors name the issuer too");
}

#[test]
fn a_pasted_address_is_read_however_it_was_copied() {
    for pasted in [
        "http://127.0.0.1:38911/x?code=abc&state=Zk3-_state",
        "http://localhost:38911/?code=abc&state=Zk3-_state#_=_",
        "  <http://127.0.0.1:38911/x?code=abc&state=Zk3-\n  _state>\r\n",
        "/x?code=abc&state=Zk3-_state",
        "?code=abc&state=Zk3-_state",
        "code=abc&state=Zk3-_state",
        "'127.0.0.1:38911/x?state=Zk3-_state&code=abc'",
    ] {
        assert_eq!(outcome(pasted, false, true), "abc", "{pasted:?}");
    }
    assert_eq!(outcome("code=a?c&state=Zk3-_state", false, true), "a?c");
    let long = format!("code={}&state={STATE}", "a".repeat(ADDRESS_BYTES));
    for (pasted, wanted) in [
        ("", "NoAnswer"),
        ("hello", "NoAnswer"),
        ("https://login.example/authorize?client_id=1&state=Zk3-_state", "NoAnswer"),
        ("http://127.0.0.1:1/?code=abc&state=other", "OtherState"),
        (long.as_str(), "NoAnswer"),
        ("http://127.0.0.1:1/?error=access_denied&state=Zk3-_state", "oauth.denied"),
    ] {
        assert_eq!(outcome(pasted, false, true), wanted);
    }
    assert_eq!(explain(NotOurs::NoAnswer).code, "oauth.pasted");
    assert_eq!(explain(NotOurs::OtherState).code, "oauth.state");
}

#[test]
fn a_refusal_says_whose_it_is_why_and_what_to_do() {
    let (state, issuer) = (Secret::new(STATE.into()), issuer(false));
    let expected = Expected {
        state: &state,
        issuer: &issuer,
        client_id: "8f",
        email: "ana@contoso.example",
        name: "login.example",
    };
    let said = |query: &str| read(&format!("{query}&state={STATE}"), &expected).unwrap();
    let admin = said("error=access_denied&error_description=AADSTS90094%3A+needs+an+admin");
    let admin = admin.unwrap_err();
    assert_eq!(admin.code, "oauth.admin_consent");
    let link = "https://login.example/contoso.example/adminconsent?client_id=8f";
    assert!(admin.message.ends_with(link), "{}", admin.message);
    assert_eq!(admin.detail.as_deref(), Some("access_denied: AADSTS90094: needs an admin"));
    let client = said("error=unauthorized_client&error_description=AADSTS50011").unwrap_err();
    assert!(client.message.starts_with("login.example refuses the client 8f: "), "{client}");
    assert!(client.message.contains("http://localhost"), "{client}");
    let rude = said("error=x&error_description=%1b%5b31m%0d%0aevil%E2%80%AE").unwrap_err();
    assert_eq!(rude.detail.as_deref(), Some("x: [31m evil"));
}
