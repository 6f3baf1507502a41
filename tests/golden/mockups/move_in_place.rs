//! A password that becomes a sign-in, in place.

use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::provider::Personality;
use serde_json::json;

use super::{ANA, BO, PASSWORD, accounts, browser, sit_down, stage, told, vault};
use crate::transcript::Transcript;

#[test]
fn from_a_password_to_a_sign_in() {
    let stage = stage(Personality::default());
    let ran = stage.run(&["connect", ANA, "--password-stdin", "--yes", "--wait"], PASSWORD);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let before = accounts(&stage);
    let secrets = vault(&stage);
    let mut page = Transcript::new(&stage, "reconnect_terminal");
    let words = ["account", "reconnect", "ana"];
    // somebody else is signed in in the browser
    sit_down(&stage, BO, &json!({}));
    let (said, code) = told(&mut page, &stage, &words, &Talk::new(), &[]);
    assert_eq!(code, 77, "{said}");
    assert!(said.contains(BO) && said.contains(ANA), "by name: {said}");
    assert_eq!(accounts(&stage)[0]["auth"], "password");
    assert_eq!(vault(&stage), secrets);
    sit_down(&stage, ANA, &json!({}));
    let (said, code) = told(&mut page, &stage, &words, &Talk::new(), &[]);
    assert_eq!(code, 0, "{said}\n{}", browser(&stage));
    let after = accounts(&stage);
    assert_eq!((&after[0]["id"], &after[0]["auth"]), (&before[0]["id"], &json!("oauth2")));
    page.check();
}
