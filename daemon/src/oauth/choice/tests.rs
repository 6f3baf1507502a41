#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use chapar_engine::provider::GOOGLE;

fn config(providers: &str) -> Config {
    Config::parse(providers, std::path::Path::new("/c/config.toml")).unwrap()
}

fn of(config: &Config, provider: Option<&str>, issuer: Option<&str>, id: Option<&str>) -> Choice {
    let request = SignInRequest {
        email: "ana@x.example".into(),
        provider: provider.map(str::to_owned),
        issuer: issuer.map(str::to_owned),
        client_id: id.map(str::to_owned),
        ..SignInRequest::default()
    };
    Choice::of(config, &request).unwrap()
}

const ACME: &str = "[[provider]]\nkey = 'acme'\nname = 'Acme'\nissuer = 'https://id.acme.example'\n\
    client_id = 'acme-1'\nscopes = ['openid', 'mail']\n";

#[test]
fn the_person_goes_before_the_configuration_and_that_before_the_table() {
    let none = Config::default();
    let google = of(&none, Some("gmail"), None, Some("mine"));
    assert_eq!((google.name.as_str(), google.client.unwrap().id.as_str()), ("Google", "mine"));
    assert_eq!(google.issuer.unwrap().token_url, GOOGLE.token_url);
    assert_eq!(google.scopes.first().unwrap(), "https://mail.google.com/");
    assert!(google.extra.contains(&("prompt".into(), "consent".into())));
    assert_eq!(google.place.unwrap().path, None, "a path of its own for each attempt");

    let microsoft = of(&none, Some("microsoft"), None, Some("mine"));
    let place = microsoft.place.unwrap();
    assert_eq!((place.host.as_str(), place.path.as_deref()), ("localhost", Some("")));

    let acme = config(ACME);
    let chosen = of(&acme, Some("acme"), None, None);
    assert_eq!(chosen.client.unwrap().id, "acme-1");
    assert_eq!((chosen.issuer_id.as_str(), chosen.issuer), ("https://id.acme.example", None));
    assert_eq!(chosen.scopes, ["openid", "mail"]);
    assert_eq!(chosen.place.unwrap().path.as_deref(), Some("/callback"));
    assert_eq!(of(&acme, Some("acme"), None, Some("mine")).client.unwrap().id, "mine");
    assert_eq!(of(&acme, None, Some("https://id.acme.example"), None).client.unwrap().id, "acme-1");
}

#[test]
fn nothing_goes_back_where_that_ends_the_grants_of_other_machines() {
    let own = config("[[provider]]\nkey = 'google'\nissuer = 'https://google.example'\n");
    for google in
        [of(&Config::default(), Some("gmail"), None, None), of(&own, Some("google"), None, None)]
    {
        assert!(!google.gives_back);
    }
    let acme = config(ACME);
    assert!(of(&acme, Some("acme"), None, None).gives_back);
    assert!(of(&acme, None, Some("https://id.other.example"), None).gives_back);
}

#[test]
fn a_client_goes_to_its_own_issuer_only() {
    let acme = config(ACME);
    let other = of(&acme, Some("acme"), Some("https://id.other.example"), None);
    assert!(other.client.is_none() && other.issuer.is_none());
    assert_eq!((other.name.as_str(), other.place), ("id.other.example", None));
    let own = of(&Config::default(), Some("gmail"), Some("https://id.other.example"), Some("x"));
    assert!(own.issuer.is_none() && own.scopes.is_empty() && own.extra.is_empty());
    assert!(client_known(&acme, "acme", None));
    assert!(client_known(&acme, "other", Some("https://id.acme.example")));
    assert!(!client_known(&acme, "acme", Some("https://id.other.example")));
    assert!(!client_known(&acme, "nobody", None));
}

#[test]
fn the_configuration_changes_what_it_names_of_a_built_in_provider() {
    let here = config(
        "[[provider]]\nkey = 'google'\nissuer = 'https://localhost:1'\n\
         authorize_url = 'https://localhost:1/a'\ntoken_url = 'https://localhost:1/t'\n\
         client_id = 'x'\nredirect_uri = 'http://127.0.0.1/callback'\n",
    );
    let chosen = of(&here, Some("gmail"), None, None);
    let issuer = chosen.issuer.unwrap();
    assert_eq!(
        (issuer.id.as_str(), issuer.token_url.as_str()),
        ("https://localhost:1", "https://localhost:1/t")
    );
    assert_eq!(chosen.place.unwrap().path.as_deref(), Some("/callback"));
    assert_eq!(chosen.scopes, owned(GOOGLE.scopes));

    let moved =
        config("[[provider]]\nkey = 'gmail'\nissuer = 'https://localhost:1'\nclient_id = 'x'\n");
    assert!(of(&moved, Some("gmail"), None, None).issuer.is_none(), "its metadata is read");
}

/// A national cloud: signed in again by the issuer that the account keeps, what is known of the
/// provider holds as it did the first time.
#[test]
fn an_issuer_that_the_configuration_gives_to_a_provider_is_that_providers() {
    let cloud = config(
        "[[provider]]\nkey = 'microsoft'\nissuer = 'https://login.cloud.example'\n\
         authorize_url = 'https://login.cloud.example/common/oauth2/v2.0/authorize'\n\
         token_url = 'https://login.cloud.example/t'\nclient_id = 'x'\n",
    );
    let first = of(&cloud, Some("microsoft"), None, None);
    let again = of(&cloud, Some("microsoft"), Some("https://login.cloud.example"), None);
    assert_eq!(again.place.as_ref().unwrap().host, "localhost");
    assert_eq!(
        (again.place, again.scopes, again.issuer),
        (first.place, first.scopes, first.issuer)
    );
}

#[test]
fn nothing_known_is_said_so() {
    let request = SignInRequest { provider: Some("acme".into()), ..SignInRequest::default() };
    let failure = Choice::of(&Config::default(), &request).err().unwrap();
    assert_eq!(failure.code, "oauth.no_client");
}
