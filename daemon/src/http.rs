//! HTTP/1.1 over the world's own connections: for authorization servers and for discovery.
//!
//! Owns the limits of what is read and the rule that everything is `https`. Must never follow a
//! redirect it was not told to follow, keep a cookie, or say anything before TLS is verified.

use crate::world::World;
use crate::world::clock::within;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, LOCATION, RETRY_AFTER};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use url::Url;

/// Response headers in bytes: real ones have below 8 KiB.
const HEADER_BYTES: usize = 64 << 10;

/// To whom a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Wherever the person pointed: a company's own server may be on a private address.
    Anywhere,
    /// Not to private, loopback or link-local addresses: the URL came from outside.
    PublicOnly,
}

/// What is allowed of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Redirects followed, each to `https` again.
    pub redirects: u8,
    /// Bytes of body read at most; more is a failure.
    pub bytes: usize,
    /// For everything: names, connections, redirects, body.
    pub within: Duration,
    /// Where it may go.
    pub reach: Reach,
}

/// What a server answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Media type without parameters, in lower case.
    pub media_type: String,
    /// `Retry-After` in seconds; HTTP dates are not understood.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Bytes,
    /// Where it came from, after redirects.
    pub url: Url,
}

/// GET.
pub async fn get(
    world: &World,
    url: &Url,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<Answer, Failure> {
    limited(world, url, rules, follow(world, url, None, ca_pem, rules)).await
}

/// What a POST carries.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its media type, such as `application/x-www-form-urlencoded`.
    pub media_type: &'static str,
    /// The bytes; secret, because forms carry codes and tokens.
    pub content: Secret,
    /// Value of the `Authorization` header, if one is needed.
    pub authorization: Option<Secret>,
}

/// POST. Redirects are never followed: what may have had an effect is not repeated elsewhere.
pub async fn post(
    world: &World,
    url: &Url,
    body: &Body,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<Answer, Failure> {
    let rules = Rules { redirects: 0, ..*rules };
    limited(world, url, &rules, follow(world, url, Some(body), ca_pem, &rules)).await
}

async fn limited<T>(
    world: &World,
    url: &Url,
    rules: &Rules,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    within(world.clock.as_ref(), rules.within, work).await.unwrap_or_else(|| {
        let message = format!("{} did not answer within {} s", place(url), rules.within.as_secs());
        Err(Failure::of("net.timeout", message, None))
    })
}

async fn follow(
    world: &World,
    url: &Url,
    body: Option<&Body>,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<Answer, Failure> {
    let mut url = url.clone();
    for _ in 0..=rules.redirects {
        let (answer, location) = exchange(world, &url, body, ca_pem, rules).await?;
        match location.filter(|_| rules.redirects > 0) {
            Some(next) => url = next,
            None => return Ok(answer),
        }
    }
    let message = format!("{} redirects more than {} times", place(&url), rules.redirects);
    Err(Failure::of("http.redirects", message, None))
}

/// One request and its answer; where it points, when it is a redirect.
async fn exchange(
    world: &World,
    url: &Url,
    body: Option<&Body>,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<(Answer, Option<Url>), Failure> {
    let (host, port) = https(url)?;
    let plain = match rules.reach {
        Reach::Anywhere => world.net.connect(host, port).await?,
        Reach::PublicOnly => world.net.connect_public(host, port).await?,
    };
    let stream = world.net.secure(plain, host, ca_pem).await?;
    let broken = |error: hyper::Error| {
        let message = format!("the answer of {} is no HTTP or broke off", place(url));
        Failure::of("http.broken", message, Some(&error.to_string()))
    };
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEADER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = request(url, body)?;
    let talk = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let location = location(url, &response);
        read(url, response, rules).await.map(|answer| (answer, location))
    };
    // the connection is driven beside the talk and ends with it: nothing outlives the call
    tokio::select! {
        biased;
        answer = talk => answer,
        Err(error) = connection => Err(broken(error)),
    }
}

/// Host and port of an `https` URL without user information.
fn https(url: &Url) -> Result<(&str, u16), Failure> {
    let host = url.host_str().filter(|_| url.scheme() == "https" && url.username().is_empty());
    match (host, url.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((host, port)),
        _ => {
            let message = format!("{} is not an https address", place(url));
            Err(Failure::of("http.not_https", message, None))
        }
    }
}

fn request(url: &Url, body: Option<&Body>) -> Result<Request<Full<Bytes>>, Failure> {
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let authority = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let mut builder = Request::builder()
        .uri(target)
        .header(HOST, authority)
        .header(ACCEPT, "application/json, text/xml, application/xml;q=0.9, */*;q=0.1");
    let mut content = Bytes::new();
    if let Some(body) = body {
        builder = builder.method(Method::POST).header(CONTENT_TYPE, body.media_type);
        if let Some(authorization) = &body.authorization {
            builder = builder.header(hyper::header::AUTHORIZATION, authorization.expose());
        }
        content = Bytes::copy_from_slice(body.content.expose().as_bytes());
    }
    builder.body(Full::new(content)).map_err(|error| {
        let message = format!("{} cannot be asked for", place(url));
        Failure::of("http.not_https", message, Some(&error.to_string()))
    })
}

fn location(url: &Url, response: &Response<hyper::body::Incoming>) -> Option<Url> {
    let target = response.headers().get(LOCATION)?.to_str().ok()?;
    response.status().is_redirection().then(|| url.join(target).ok()).flatten()
}

async fn read(
    url: &Url,
    response: Response<hyper::body::Incoming>,
    rules: &Rules,
) -> Result<Answer, Failure> {
    let (head, body) = response.into_parts();
    let collected = Limited::new(body, rules.bytes).collect().await.map_err(|error| {
        let message = format!(
            "the answer of {} broke off or has more than {} bytes",
            place(url),
            rules.bytes
        );
        Failure::of("http.broken", message, Some(&error.to_string()))
    })?;
    Ok(Answer {
        status: head.status.as_u16(),
        media_type: media_type(&head.headers),
        retry_after: retry_after(&head.headers),
        body: collected.to_bytes(),
        url: url.clone(),
    })
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The URL for people: without query and fragment, which may carry secrets.
#[must_use]
pub fn place(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    bare.into()
}
