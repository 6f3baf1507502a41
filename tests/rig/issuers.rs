//! The issuers of the rig themselves, and its mail servers with their tokens: they must be what the
//! tests of the product take them for. The client here is Python's.

use chapar_tests::rig::oidc::{Issuer, Persona};
use chapar_tests::rig::person::{Person, Says, With};
use chapar_tests::rig::{Rig, User, python};
use serde_json::{Value, json};

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

struct Endpoints {
    device: String,
    token: String,
    scope: &'static str,
}

fn endpoints(issuer: Issuer<'_>) -> Endpoints {
    let url = issuer.url();
    match issuer.persona {
        Persona::Microsoft => Endpoints {
            device: format!("{url}/common/oauth2/v2.0/devicecode"),
            token: format!("{url}/common/oauth2/v2.0/token"),
            scope: "openid offline_access https://outlook.office.com/IMAP.AccessAsUser.All",
        },
        _ => Endpoints {
            device: format!("{url}/device/auth"),
            token: format!("{url}/token"),
            scope: "openid offline_access mail",
        },
    }
}

/// Signs a person in by a device code: the token endpoint's answer.
fn sign_in(rig: &Rig, issuer: Issuer<'_>, user: &User) -> Value {
    let at = endpoints(issuer);
    let asked = json!({"client_id": "rig-public", "scope": at.scope, "prompt": "consent"});
    let device = python::post(rig, &at.device, &asked);
    let poll = json!({
        "client_id": "rig-public", "grant_type": DEVICE_CODE,
        "device_code": device["body"]["device_code"],
    });
    let early = python::post(rig, &at.token, &poll);
    assert_eq!(early["body"]["error"], "authorization_pending", "{early}");
    let person = Person::new(rig, user, With::PlainHttp, Says::Yes);
    person.opens(device["body"]["verification_uri_complete"].as_str().unwrap());
    let tokens = python::post(rig, &at.token, &poll);
    assert_eq!(tokens["status"], 200, "{tokens}");
    issuer.grants(user);
    tokens["body"].clone()
}

fn refresh(rig: &Rig, issuer: Issuer<'_>, token: &Value) -> Value {
    let form = json!({
        "client_id": "rig-public", "grant_type": "refresh_token", "refresh_token": token,
    });
    let answer = python::post(rig, &endpoints(issuer).token, &form);
    answer["body"].clone()
}

#[test]
fn tokens_open_imap_and_smtp_by_both_mechanisms() {
    let rig = Rig::shared();
    for persona in [Persona::Generic, Persona::Microsoft] {
        let issuer = rig.issuer(persona);
        let user = rig.user();
        let tokens = sign_in(rig, issuer, &user);
        let access = tokens["access_token"].as_str().unwrap();
        if persona == Persona::Microsoft {
            assert!(access.len() >= 2_000, "as large as Microsoft's: {}", access.len());
        }
        let tried = python::bearer(rig, &user, access);
        for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
            assert_eq!(tried[format!("imap {mechanism}")]["said"], "OK", "{persona:?} {tried}");
            let smtp = tried[format!("smtp {mechanism}")]["said"].as_str().unwrap();
            assert!(smtp.starts_with("235 "), "{persona:?} {tried}");
        }
        // somebody else's mailbox is not opened by it
        let other = python::bearer(rig, &rig.user(), access);
        for (way, met) in other.as_object().unwrap() {
            let said = met["said"].as_str().unwrap();
            let refused = said.contains("AUTHENTICATIONFAILED") || said.starts_with("535 ");
            assert!(refused, "{way}: {met}");
            assert!(met["challenge"].as_str().unwrap().contains("status"), "{way}: {met}");
        }
    }
}

#[test]
fn a_used_refresh_token_ends_the_whole_grant() {
    let rig = Rig::shared();
    let issuer = rig.issuer(Persona::Generic);
    let user = rig.user();
    let first = sign_in(rig, issuer, &user);
    let second = refresh(rig, issuer, &first["refresh_token"]);
    issuer.grants(&user);
    assert_ne!(second["refresh_token"], first["refresh_token"], "it rotates");
    let access = second["access_token"].as_str().unwrap();
    assert_eq!(python::bearer(rig, &user, access)["imap XOAUTH2"]["said"], "OK");
    assert_eq!(refresh(rig, issuer, &first["refresh_token"])["error"], "invalid_grant");
    assert_eq!(refresh(rig, issuer, &second["refresh_token"])["error"], "invalid_grant");
    let said = python::bearer(rig, &user, access)["imap XOAUTH2"]["said"].to_string();
    assert!(said.contains("AUTHENTICATIONFAILED"), "the access token ends with it: {said}");
}

#[test]
fn a_revoked_grant_is_refused_in_the_words_of_the_provider() {
    let rig = Rig::shared();
    let issuer = rig.issuer(Persona::Microsoft);
    let user = rig.user();
    let tokens = sign_in(rig, issuer, &user);
    assert_eq!(issuer.revoke(&user), 1);
    let refused = refresh(rig, issuer, &tokens["refresh_token"]);
    assert_eq!(refused["error"], "invalid_grant");
    assert!(refused["error_description"].as_str().unwrap().starts_with("AADSTS70008"), "{refused}");
}
