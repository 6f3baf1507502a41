//! HTTP/1.1 over the world's own connections: for authorization servers and for discovery.
//!
//! Owns the limits of what is read and the rule that everything is `https`. Must never follow a
//! redirect it was not told to follow, keep a cookie, or say anything before TLS is verified.

pub use crate::world::net::Reach;

use crate::world::World;
use crate::world::clock::within;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST,
    HeaderMap, LOCATION, RETRY_AFTER,
};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::pin::{Pin, pin};
use std::time::Duration;
use url::{Host, Url};

/// Response headers in bytes: real ones have below 8 KiB.
const HEADER_BYTES: usize = 64 << 10;

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

/// The connection that an answer came over. Dropped, it is closed: who has something more urgent to
/// do with an answer keeps it until then.
pub struct Held(#[expect(dead_code, reason = "it is held to be dropped")] Pin<Box<dyn Send>>);

/// GET.
pub async fn get(
    world: &World,
    url: &Url,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<Answer, Failure> {
    let (answer, _) = limited(world, url, rules, follow(world, url, None, ca_pem, rules)).await?;
    Ok(answer)
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
    let (answer, _) = post_and_hold(world, url, body, ca_pem, rules).await?;
    Ok(answer)
}

/// [`post`], with the connection still open.
pub async fn post_and_hold(
    world: &World,
    url: &Url,
    body: &Body,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<(Answer, Held), Failure> {
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
) -> Result<(Answer, Held), Failure> {
    let (first, mut url, mut rules) = (url, url.clone(), *rules);
    for _ in 0..=rules.redirects {
        let (answer, location, line) = exchange(world, &url, body, ca_pem, &rules).await?;
        let Some(next) = location.filter(|_| rules.redirects > 0) else {
            return Ok((answer, line));
        };
        // what the person named may be private; where it sends us to is said by somebody else
        if next.host() != first.host() {
            rules.reach = Reach::PublicOnly;
        }
        url = next;
    }
    let message = format!("{} redirects more than {} times", place(first), rules.redirects);
    Err(Failure::of("http.redirects", message, None))
}

/// One request and its answer; where it points, when it is a redirect.
async fn exchange(
    world: &World,
    url: &Url,
    body: Option<&Body>,
    ca_pem: Option<&str>,
    rules: &Rules,
) -> Result<(Answer, Option<Url>, Held), Failure> {
    let (host, port) = https(url)?;
    let plain = rules.reach.connect(world.net.as_ref(), &host, port).await?;
    let stream = world.net.secure(plain, &host, ca_pem).await?;
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
    let mut talk = pin!(async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let location = location(url, &response);
        read(url, response, rules).await.map(|answer| (answer, location))
    });
    let mut connection = Box::pin(connection);
    // the connection is driven beside the talk, and never without it
    let said = tokio::select! {
        biased;
        said = &mut talk => said,
        // an answer that came whole before the connection ended is an answer
        ended = &mut connection => match (talk.await, ended) {
            (Err(_), Err(error)) => Err(broken(error)),
            (said, _) => said,
        },
    };
    said.map(|(answer, location)| (answer, location, Held(connection)))
}

/// Host and port of an `https` URL without user information.
fn https(url: &Url) -> Result<(String, u16), Failure> {
    let anonymous = url.username().is_empty() && url.password().is_none();
    let host = match url.host() {
        Some(Host::Domain(name)) => Some(name.to_owned()),
        Some(Host::Ipv4(address)) => Some(address.to_string()),
        // without the brackets of a URL
        Some(Host::Ipv6(address)) => Some(address.to_string()),
        None => None,
    };
    match (host, url.port_or_known_default()) {
        (Some(host), Some(port)) if url.scheme() == "https" && anonymous => Ok((host, port)),
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
        // no answer needs it, and what is packed may be a thousand times larger than it looks
        .header(ACCEPT_ENCODING, "identity")
        .header(ACCEPT, "application/json, text/xml, application/xml;q=0.9, */*;q=0.1");
    let mut content = Bytes::new();
    if let Some(body) = body {
        builder = builder.method(Method::POST).header(CONTENT_TYPE, body.media_type);
        // of an empty body too (RFC 9110 §8.6), or a server takes it for no form
        builder = builder.header(CONTENT_LENGTH, body.content.expose().len());
        if let Some(authorization) = &body.authorization {
            builder = builder.header(AUTHORIZATION, authorization.expose());
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
    let packed = head.headers.get(CONTENT_ENCODING);
    if let Some(packing) =
        packed.filter(|packing| !packing.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let message =
            format!("the answer of {} is packed although that was not asked for", place(url));
        let packing = String::from_utf8_lossy(packing.as_bytes());
        return Err(Failure::of("http.broken", message, Some(&packing)));
    }
    let collected = Limited::new(body, rules.bytes).collect().await.map_err(|error| {
        let message = if error.is::<LengthLimitError>() {
            format!("the answer of {} has more than {} bytes", place(url), rules.bytes)
        } else {
            format!("the answer of {} broke off", place(url))
        };
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

/// The URL for people: without user, query and fragment, which may carry secrets.
#[must_use]
pub fn place(url: &Url) -> String {
    let mut bare = url.clone();
    // a URL that can have neither has neither
    let _: (Result<(), ()>, Result<(), ()>) = (bare.set_username(""), bare.set_password(None));
    bare.set_query(None);
    bare.set_fragment(None);
    bare.into()
}
