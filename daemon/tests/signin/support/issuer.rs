//! A small authorization server over real TLS. It keeps the rules of RFC 6749, 7636, 7591, 8414,
//! 8628 and 9207 by itself, and says whatever else it is told to say.

use super::browser::parameter;
use crate::tls_support::{Authority, VALID};
use chapar_engine::secret::base64url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is sent instead of the honest answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, media type, further header lines, body.
    Http(u16, &'static str, String, Vec<u8>),
    /// Nothing, and the connection stays.
    Silence,
    /// Nothing, and the connection ends.
    Hangup,
    /// The honest answer.
    Honest,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Http(status, "application/json", String::new(), body.to_string().into())
    }
    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self::Http(status, "text/html; charset=utf-8", String::new(), body.into())
    }
    pub(crate) fn redirect(to: &str) -> Self {
        Self::Http(302, "text/html", format!("Location: {to}\r\n"), vec![])
    }
}

/// A request it got.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Asked {
    /// A member of the form.
    pub(crate) fn member(&self, name: &str) -> Option<String> {
        let mut form = url::form_urlencoded::parse(self.body.as_bytes());
        form.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

#[derive(Default)]
struct Book {
    /// What to say by path; the last one is said for ever.
    script: HashMap<String, VecDeque<Reply>>,
    asked: Vec<Asked>,
    /// Challenge and redirect by code.
    codes: HashMap<String, (String, String)>,
    /// Members added to every token answer; null takes one away.
    tokens: HashMap<String, Value>,
    /// Members changed in the metadata.
    metadata: HashMap<String, Value>,
    /// Members of the ID token.
    claims: HashMap<String, Value>,
    issued: usize,
    agreed: usize,
}

#[derive(Clone)]
pub(crate) struct Issuer {
    /// `https://localhost:PORT`.
    pub(crate) id: String,
    pub(crate) ca_pem: String,
    book: Arc<Mutex<Book>>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(authority.server("localhost", VALID));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let id = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let issuer = Self { id, ca_pem: authority.pem, book: Arc::default() };
        let served = issuer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, issuer) = (acceptor.clone(), served.clone());
                tokio::spawn(async move {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        issuer.serve(&mut stream).await;
                    }
                });
            }
        });
        issuer
    }

    /// Says these at `path`, the last one for ever.
    pub(crate) fn says(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.book.lock().unwrap().script.insert(path.into(), replies.into_iter().collect());
    }

    /// Changes a member of every token answer; null takes it away.
    pub(crate) fn token_has(&self, name: &str, value: Value) {
        self.book.lock().unwrap().tokens.insert(name.into(), value);
    }

    /// Changes a member of the metadata; null takes it away.
    pub(crate) fn metadata_has(&self, name: &str, value: Value) {
        self.book.lock().unwrap().metadata.insert(name.into(), value);
    }

    /// Changes a claim of the ID token; null takes it away.
    pub(crate) fn claims(&self, name: &str, value: Value) {
        self.book.lock().unwrap().claims.insert(name.into(), value);
    }

    /// Every request at `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let book = self.book.lock().unwrap();
        book.asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// The person signs in and agrees: where the browser is sent.
    pub(crate) fn agree(&self, authorize_url: &str) -> String {
        let of = |name: &str| parameter(authorize_url, name).unwrap_or_default();
        assert_eq!(of("response_type"), "code");
        assert_eq!(of("code_challenge_method"), "S256", "PKCE is S256 always");
        let mut book = self.book.lock().unwrap();
        book.agreed += 1;
        let code = format!("code-{}-canary", book.agreed);
        book.codes.insert(code.clone(), (of("code_challenge"), of("redirect_uri")));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &of("state"))
            .append_pair("iss", &self.id)
            .finish();
        format!("{}?{query}", of("redirect_uri"))
    }

    /// The person, or the issuer, says no.
    pub(crate) fn refuse(&self, authorize_url: &str, error: &str, description: &str) -> String {
        let of = |name: &str| parameter(authorize_url, name).unwrap_or_default();
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("error", error)
            .append_pair("error_description", description)
            .append_pair("state", &of("state"))
            .append_pair("iss", &self.id)
            .finish();
        format!("{}?{query}", of("redirect_uri"))
    }

    async fn serve(&self, stream: &mut (impl AsyncRead + tokio::io::AsyncWrite + Unpin)) {
        let Some(asked) = read(stream).await else { return };
        let reply = {
            let mut book = self.book.lock().unwrap();
            book.asked.push(asked.clone());
            match book.script.get_mut(&asked.path) {
                Some(script) if script.len() > 1 => script.pop_front().unwrap(),
                Some(script) => script.front().cloned().unwrap_or(Reply::Honest),
                None => Reply::Honest,
            }
        };
        let reply = match reply {
            Reply::Honest => self.honest(&asked),
            scripted => scripted,
        };
        match reply {
            Reply::Silence => std::future::pending().await,
            Reply::Hangup | Reply::Honest => {}
            Reply::Http(status, media, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: {media}\r\n{headers}\
                     Content-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _gone = stream.write_all(head.as_bytes()).await;
                let _gone = stream.write_all(&body).await;
                let _gone = stream.shutdown().await;
            }
        }
    }

    fn honest(&self, asked: &Asked) -> Reply {
        match asked.path.as_str() {
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
                Reply::json(200, &self.metadata())
            }
            "/register" => Self::register(asked),
            "/token" => self.token(asked),
            "/device" => Reply::json(
                200,
                &json!({"device_code": "dev-secret", "user_code": "WDJB-MJHT", "interval": 1,
                    "verification_uri": format!("{}/type", self.id), "expires_in": 600}),
            ),
            "/userinfo" => Reply::json(200, &json!({"sub": "1", "email": "ana@contoso.example"})),
            _ => Reply::html(404, "nothing"),
        }
    }

    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.id);
        let mut metadata = json!({
            "issuer": self.id,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "device_authorization_endpoint": at("/device"),
            "registration_endpoint": at("/register"),
            "revocation_endpoint": at("/revoke"),
            "userinfo_endpoint": at("/userinfo"),
            "scopes_supported": ["openid", "email", "offline_access", "profile"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        change(&mut metadata, &self.book.lock().unwrap().metadata);
        metadata
    }

    fn register(asked: &Asked) -> Reply {
        let wish: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(wish["application_type"], "native");
        assert_eq!(wish["token_endpoint_auth_method"], "none");
        let redirect = wish["redirect_uris"][0].as_str().unwrap();
        assert!(redirect.starts_with("http://127.0.0.1:"), "{redirect}");
        Reply::json(
            201,
            &json!({"client_id": "registered-1", "token_endpoint_auth_method": "none"}),
        )
    }

    fn token(&self, asked: &Asked) -> Reply {
        let grant_type = asked.member("grant_type").unwrap_or_default();
        if grant_type == "authorization_code" {
            let code = asked.member("code").unwrap_or_default();
            let known = self.book.lock().unwrap().codes.remove(&code);
            let Some((challenge, redirect)) = known else {
                let said = json!({"error": "invalid_grant", "error_description": "code is used"});
                return Reply::json(400, &said);
            };
            let verifier = asked.member("code_verifier").unwrap_or_default();
            let proof = base64url(Sha256::digest(verifier.as_bytes()).as_slice());
            if *proof != challenge || asked.member("redirect_uri").as_deref() != Some(&redirect) {
                return Reply::json(400, &json!({"error": "invalid_grant"}));
            }
        }
        let client = asked.member("client_id").unwrap_or_default();
        Reply::json(200, &self.answer(&client))
    }

    /// A token answer for a client.
    pub(crate) fn answer(&self, client: &str) -> Value {
        let mut book = self.book.lock().unwrap();
        book.issued += 1;
        let mut claims = json!({"iss": self.id, "aud": client, "email": "ana@contoso.example"});
        change(&mut claims, &book.claims);
        let payload = base64url(claims.to_string().as_bytes());
        let mut answer = json!({
            "access_token": format!("access-canary-{}", book.issued),
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": format!("refresh-canary-{}", book.issued),
            "id_token": format!("e30.{}.x", *payload),
        });
        change(&mut answer, &book.tokens);
        answer
    }
}

fn change(value: &mut Value, changes: &HashMap<String, Value>) {
    let members = value.as_object_mut().unwrap();
    for (name, value) in changes {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut said = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let some = stream.read(&mut chunk).await.ok().filter(|some| *some > 0)?;
        said.extend_from_slice(&chunk[..some]);
        let text = String::from_utf8_lossy(&said).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            let target = head.split(' ').nth(1)?;
            let path = target.split('?').next()?.to_owned();
            return Some(Asked { path, body: body.to_owned() });
        }
    }
}
