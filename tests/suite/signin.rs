//! The sign-in against the sandbox's issuer, in its three shapes: by a browser that follows every
//! page, by the pasted address, by the device code; and what people and issuers do wrong.

use chapar_daemon::config::{Config, VaultChoice};
use chapar_daemon::oauth::Granted;
use chapar_daemon::oauth::signin::{Pasted, SignIn, SignInRequest};
use chapar_daemon::world::World;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, condition};
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use chapar_tests::sandbox::oauth::form::Form;
use chapar_tests::sandbox::oauth::person::{Boxes, Client, Landing, Person};
use chapar_tests::sandbox::oauth::rules::{ExpiresIn, Iss};
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use tokio::sync::{mpsc, oneshot};

const USER: &str = "ada@example.test";
const PASSWORD: &str = "correct horse";

/// A provider of some shape on loopback, and what chapar is asked at it.
struct Scene {
    provider: Provider,
    world: World,
    config: Config,
    request: SignInRequest,
    _ports: Listening,
}

impl Scene {
    /// Known by nothing but its issuer: chapar reads the metadata and registers itself.
    async fn generic() -> Self {
        let mut scene = Self::new(Personality::default()).await;
        scene.request.issuer = Some(scene.provider.issuer.id());
        scene
    }

    /// Google's shape under Google's key, with the desktop client and its secret.
    async fn google() -> Self {
        let mut scene = Self::new(Personality::google()).await;
        scene.request.client_secret = Some(Secret::new(DESKTOP_SECRET.into()));
        scene.configured("gmail", DESKTOP_CLIENT);
        scene
    }

    /// Microsoft's shape under Microsoft's key.
    async fn microsoft() -> Self {
        let mut scene = Self::new(Personality::microsoft()).await;
        scene.configured("microsoft", NATIVE_CLIENT);
        scene
    }

    async fn new(personality: Personality) -> Self {
        let provider = Provider::new(personality);
        provider.store.add_account(USER, PASSWORD);
        provider.store.add_account("bob@example.test", "battery staple");
        let ports = provider.listen([0; 4]).await.unwrap();
        let request = SignInRequest {
            email: USER.into(),
            ca_pem: Some(provider.ca_pem()),
            ..SignInRequest::default()
        };
        let world = World::real(&std::env::temp_dir(), VaultChoice::File).0;
        Self { provider, world, config: Config::default(), request, _ports: ports }
    }

    fn configured(&mut self, key: &str, client: &str) {
        let issuer = &self.provider.issuer;
        let text = format!(
            "[[provider]]\nkey = '{key}'\nissuer = '{}'\nauthorize_url = '{}'\ntoken_url = '{}'\n\
             device_url = '{}'\n",
            issuer.id(),
            issuer.authorize_url(),
            issuer.token_url(),
            issuer.device_url(),
        );
        self.config = Config::parse(&text, std::path::Path::new("/c/config.toml")).unwrap();
        self.request.provider = Some(key.into());
        self.request.client_id = Some(client.into());
    }

    fn person(&self) -> Person {
        Person::new(USER, PASSWORD, &self.provider.ca_pem())
    }

    async fn begin(&self) -> Result<SignIn, Failure> {
        SignIn::begin(&self.world, &self.config, &self.request).await
    }

    /// The whole way by the browser.
    async fn sign_in(&self, person: &Person) -> (Result<Granted, Failure>, Landing) {
        let sign_in = self.begin().await.unwrap();
        let url = sign_in.prompt.authorize_url.clone();
        let (_pasted, answers) = mpsc::channel(1);
        let mut issued = vec![];
        let (granted, landing) = tokio::join!(
            sign_in.finish(&self.world, answers, &mut issued, &|_| Ok(())),
            person.sign_in(&url)
        );
        // giving one back at Google would end those of other machines too
        let noted = usize::from(self.request.provider.as_deref() != Some("gmail"));
        assert!(granted.is_err() || issued.len() == noted, "what was granted was noted");
        (granted, landing.unwrap())
    }

    /// The whole way by the browser, which ends badly; the page says so too.
    async fn fails(&self, person: &Person) -> Failure {
        let (granted, landing) = self.sign_in(person).await;
        let failure = granted.unwrap_err();
        assert!(condition(failure.code).is_some(), "{failure}");
        assert!(landing.body.contains(&format!("chapar help {}", failure.code)), "{failure}");
        failure
    }
}

#[tokio::test]
async fn each_shape_of_issuer_signs_the_person_in_with_a_second_factor_and_without() {
    for (name, scene) in [
        ("generic", Scene::generic().await),
        ("google", Scene::google().await),
        ("microsoft", Scene::microsoft().await),
    ] {
        for mfa in [false, true] {
            scene.provider.issuer.rule(|rules| rules.mfa = mfa);
            let (granted, landing) = scene.sign_in(&scene.person()).await;
            let granted = granted.unwrap_or_else(|failure| panic!("{name}: {failure}"));
            assert_eq!(granted.address.as_deref(), Some(USER), "{name}");
            assert!(granted.access.expires_at.is_some(), "{name}");
            assert_eq!(landing.status, 200, "{name}");
            assert!(landing.body.contains(USER) && landing.body.contains("close this tab"));
            for secret in scene.provider.issuer.secrets() {
                assert!(!landing.body.contains(&secret), "{name}");
                assert!(!format!("{granted:?}").contains(&secret), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_was_registered_signs_in_again() {
    let mut scene = Scene::generic().await;
    let first = scene.sign_in(&scene.person()).await.0.unwrap().grant.client_id;
    scene.request.client_id = Some(first.clone());
    let (again, landing) = scene.sign_in(&scene.person()).await;
    assert_eq!(again.unwrap().grant.client_id, first);
    assert!(landing.address.contains("/callback?"), "{}", landing.address);
    assert_eq!(scene.provider.ledger.commands(Service::Issuer).get("REGISTER"), Some(&1));
}

#[tokio::test]
async fn the_browser_may_be_on_another_machine() {
    for scene in [Scene::generic().await, Scene::microsoft().await] {
        let sign_in = scene.begin().await.unwrap();
        let url = sign_in.prompt.authorize_url.clone();
        let (pasted, answers) = mpsc::channel(1);
        let paste = async {
            let address = scene.person().final_address(&url).await.unwrap();
            let (answer, told) = oneshot::channel();
            let address = Secret::new(address);
            pasted.send(Pasted { address, answer }).await.unwrap();
            told.await.unwrap().unwrap();
        };
        let mut issued = vec![];
        let (granted, ()) =
            tokio::join!(sign_in.finish(&scene.world, answers, &mut issued, &|_| Ok(())), paste);
        assert_eq!(granted.unwrap().address.as_deref(), Some(USER));
    }
}

#[tokio::test]
async fn the_code_may_be_typed_elsewhere_where_there_is_one() {
    for mut scene in [Scene::generic().await, Scene::microsoft().await] {
        scene.provider.issuer.rule(|rules| {
            rules.interval = 1;
            rules.mfa = true;
        });
        scene.request.device = true;
        let sign_in = scene.begin().await.unwrap();
        let device = sign_in.prompt.device.clone().unwrap();
        let person = scene.person();
        let (_pasted, answers) = mpsc::channel(1);
        let mut issued = vec![];
        let (granted, page) = tokio::join!(
            sign_in.finish(&scene.world, answers, &mut issued, &|_| Ok(())),
            person.device(&device.verification_uri, &device.user_code),
        );
        assert!(page.is_ok(), "{page:?}");
        assert_eq!(granted.unwrap().address.as_deref(), Some(USER));
    }
    // an issuer that gives none leaves the other ways
    let mut scene = Scene::google().await;
    scene.request.device = true;
    scene.provider.issuer.rule(|rules| rules.device = false);
    assert_eq!(scene.begin().await.unwrap().prompt.device, None);
}

#[tokio::test]
async fn what_people_do_wrong_has_a_name() {
    for scene in [Scene::generic().await, Scene::google().await, Scene::microsoft().await] {
        assert_eq!(scene.fails(&scene.person().who_denies()).await.code, "oauth.denied");
    }
    let scene = Scene::google().await;
    let unticked = scene.person().who_ticks(Boxes::None);
    assert_eq!(scene.fails(&unticked).await.code, "oauth.missing_scope");
    // the same page again, all ticked: consent was asked for, so the refresh token comes again
    assert!(scene.sign_in(&scene.person()).await.0.is_ok());
    assert!(scene.sign_in(&scene.person()).await.0.is_ok());

    let scene = Scene::generic().await;
    let bob = Person::new("bob@example.test", "battery staple", &scene.provider.ca_pem());
    let (granted, landing) = scene.sign_in(&bob).await;
    assert_eq!(granted.unwrap().address.as_deref(), Some("bob@example.test"));
    assert!(landing.body.contains("bob@example.test") && landing.body.contains(USER));
}

#[tokio::test]
async fn what_issuers_do_wrong_has_a_name() {
    let scene = Scene::microsoft().await;
    scene.provider.issuer.rule(|rules| rules.admin_consent = true);
    let failure = scene.fails(&scene.person().who_denies()).await;
    assert_eq!(failure.code, "oauth.admin_consent", "{failure}");
    assert!(failure.message.contains("/example.test/adminconsent?client_id="), "{failure}");

    for iss in [Iss::Missing, Iss::Lie("https://evil.example".into())] {
        let scene = Scene::generic().await;
        scene.provider.issuer.rule(|rules| rules.iss = iss.clone());
        assert_eq!(scene.fails(&scene.person()).await.code, "oauth.issuer", "{iss:?}");
    }
    let scene = Scene::generic().await;
    scene.provider.issuer.rule(|rules| rules.refresh_token = false);
    assert_eq!(scene.fails(&scene.person()).await.code, "oauth.no_refresh_token");

    let scene = Scene::generic().await;
    scene.provider.issuer.rule(|rules| rules.registration = false);
    let refused = scene.begin().await.err().unwrap();
    assert_eq!(refused.code, "oauth.no_client");

    for life in [0.into(), (-1).into(), 1_000_000_000_000_i64.into(), "3600".into()] {
        let scene = Scene::generic().await;
        scene.provider.issuer.rule(|rules| rules.expires_in = ExpiresIn::Says(life));
        assert!(scene.sign_in(&scene.person()).await.0.is_ok());
    }
    for expires_in in [ExpiresIn::Text, ExpiresIn::Absent] {
        let scene = Scene::generic().await;
        scene.provider.issuer.rule(|rules| rules.expires_in = expires_in);
        assert!(scene.sign_in(&scene.person()).await.0.is_ok());
    }
    // no word about scopes, no ID token: userinfo knows the person
    let scene = Scene::generic().await;
    scene.provider.issuer.rule(|rules| {
        rules.says_scope = false;
        rules.id_token = false;
    });
    assert_eq!(scene.sign_in(&scene.person()).await.0.unwrap().address.as_deref(), Some(USER));
}

#[tokio::test]
async fn microsofts_template_is_taken_for_any_tenant_and_its_metadata_read() {
    let mut scene = Scene::microsoft().await;
    scene.provider.issuer.rule(|rules| rules.template_issuer = true);
    // by its address alone: metadata instead of the table, our own client's usual redirect
    scene.request.provider = None;
    scene.request.issuer = Some(scene.provider.issuer.id());
    scene.config = Config::default();
    let sign_in = scene.begin().await.unwrap();
    assert_eq!(sign_in.prompt.issuer, scene.provider.issuer.id());
    let url = &sign_in.prompt.authorize_url;
    assert!(url.contains(&format!("{}%2Fcallback", sign_in.prompt.port)), "{url}");
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_by_who_has_the_verifier() {
    let scene = Scene::generic().await;
    let sign_in = scene.begin().await.unwrap();
    let url = sign_in.prompt.authorize_url.clone();
    let address = scene.person().final_address(&url).await.unwrap();
    let of = |address: &str, name: &str| {
        let fields = Form::parse(address.split_once('?').unwrap().1);
        fields.get(name).unwrap().to_owned()
    };
    // somebody who saw the address goes first, guesses the verifier, and spoils the code
    let thief = Client::new(&scene.provider.ca_pem());
    let mut form = Form::default();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("client_id", &of(&url, "client_id")),
        ("code", &of(&address, "code")),
        ("redirect_uri", &of(&url, "redirect_uri")),
        ("code_verifier", &"guess".repeat(10)),
    ] {
        form.add(name, value);
    }
    let (status, body) = thief.post(&scene.provider.issuer.token_url(), &form).await.unwrap();
    assert!(status == 400 && body.contains("invalid_grant"), "{body}");
    let (pasted, answers) = mpsc::channel(1);
    let (answer, _told) = oneshot::channel();
    pasted.send(Pasted { address: Secret::new(address), answer }).await.unwrap();
    let ended = sign_in.finish(&scene.world, answers, &mut vec![], &|_| Ok(())).await;
    assert_eq!(ended.unwrap_err().code, "oauth.code");
    assert_eq!(scene.provider.issuer.alive(USER), 0, "nobody has got anything");
}
