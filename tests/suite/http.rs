//! The HTTP client against servers that mean well, and against those that do not: every answer is
//! bounded in bytes and time, and nothing goes where it must not.

use chapar_daemon::http::{Body, Reach, Rules, get, place, post};
use chapar_engine::secret::Secret;
use chapar_tests::sandbox::ca::{Authority, CertificateKind};
use chapar_tests::sim;
use chapar_tests::sim::internet::{Internet, Kind, page, redirect, status};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const LIMIT: usize = 1_000;

fn rules(redirects: u8) -> Rules {
    Rules { redirects, bytes: LIMIT, within: Duration::from_secs(3), reach: Reach::PublicOnly }
}

/// What a GET of `https://web.example/` makes of these bytes.
fn answered(bytes: impl Into<Vec<u8>>) -> Result<(u16, Vec<u8>), &'static str> {
    let bytes = bytes.into();
    sim::run(async {
        let internet = Internet::new();
        internet.put("web.example", 443, Kind::Web(Arc::new(move |_| bytes.clone())));
        let url = Url::parse("https://web.example/").unwrap();
        let answer = get(&internet.world(), &url, None, &rules(0)).await;
        answer.map(|answer| (answer.status, answer.body.to_vec())).map_err(|failure| failure.code)
    })
}

#[test]
fn answers_as_they_should_be() {
    assert_eq!(answered(page("hello")), Ok((200, b"hello".to_vec())));
    assert_eq!(answered(status("404 Not Found")), Ok((404, vec![])));
    assert_eq!(
        answered("HTTP/1.0 200 OK\r\n\r\nuntil the end"),
        Ok((200, b"until the end".to_vec()))
    );
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    assert_eq!(answered(chunked), Ok((200, b"hello".to_vec())));
    assert_eq!(answered(page(&"x".repeat(LIMIT))).unwrap().1.len(), LIMIT);
    let named = "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx";
    assert_eq!(answered(named), Ok((200, b"x".to_vec())));
}

#[test]
fn answers_that_are_none() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Bomb: y\r\n".repeat(10_000));
    let long = format!("HTTP/1.1 200 OK\r\nX-Bomb: {}\r\n\r\n", "y".repeat(1 << 20));
    for (what, bytes) in [
        ("too large", page(&"x".repeat(LIMIT + 1))),
        ("cut short", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel".to_vec()),
        ("many headers", many.into_bytes()),
        ("one long header", long.into_bytes()),
        ("IMAP", b"* OK ready\r\n".to_vec()),
        ("a file", vec![0; 100_000]),
        ("nothing", vec![]),
        (
            "packed",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx".to_vec(),
        ),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_vec(),
        ),
        ("a status without end", b"HTTP/1.1 ".repeat(20_000)),
    ] {
        assert_eq!(answered(bytes), Err("http.broken"), "{what}");
    }
}

#[test]
fn answers_without_end_end() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let mut header = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    header.extend([b'x'; 10]);
    for (what, kind, code) in [
        ("an endless body", Kind::Endless(head.clone()), "http.broken"),
        ("an endless header", Kind::Endless(header), "http.broken"),
        (
            "a slow body",
            Kind::Slow([&head[..], &[b'x'; 100]].concat(), Duration::from_millis(100)),
            "net.timeout",
        ),
        ("silence", Kind::Mute, "net.timeout"),
        ("swallowed packets", Kind::Blackhole, "net.timeout"),
    ] {
        sim::run(async {
            let internet = Internet::new();
            internet.put("web.example", 443, kind);
            let world = internet.world();
            let url = Url::parse("https://web.example/path?secret=1").unwrap();
            let begun = tokio::time::Instant::now();
            let failure = get(&world, &url, None, &rules(3)).await.unwrap_err();
            assert_eq!(failure.code, code, "{what}: {failure}");
            assert!(
                begun.elapsed() <= Duration::from_millis(3_010),
                "{what}: {:?}",
                begun.elapsed()
            );
            assert!(!format!("{failure:?}").contains("secret"), "{failure:?}");
        });
    }
}

/// Where `https://web.example/` redirects to, and what comes of it.
fn redirected(to: &str, reach: Reach) -> (Result<u16, &'static str>, Vec<String>) {
    let to = to.to_owned();
    sim::run(async {
        let internet = Internet::new();
        internet
            .put(
                "web.example",
                443,
                Kind::Web(Arc::new(move |path| match path {
                    "/" => redirect(&to),
                    _ => page("home"),
                })),
            )
            .put("other.example", 443, Kind::Web(Arc::new(|_| page("other"))))
            .put_private("router.example", 443, Kind::Web(Arc::new(|_| page("admin"))))
            .put_private("169.254.169.254", 443, Kind::Web(Arc::new(|_| page("keys"))))
            .put_private("::1", 443, Kind::Web(Arc::new(|_| page("keys"))));
        let url = Url::parse("https://web.example/").unwrap();
        let rules = Rules { reach, ..rules(3) };
        let answer = get(&internet.world(), &url, None, &rules).await;
        (answer.map(|answer| answer.status).map_err(|failure| failure.code), internet.dialled())
    })
}

#[test]
fn redirects_go_to_https_and_nowhere_private() {
    for reach in [Reach::PublicOnly, Reach::Anywhere] {
        for (to, outcome) in [
            ("/home", Ok(200)),
            ("https://other.example/x", Ok(200)),
            ("http://web.example/plain", Err("http.not_https")),
            ("http://other.example/", Err("http.not_https")),
            ("file:///etc/passwd", Err("http.not_https")),
            ("ftp://other.example/", Err("http.not_https")),
            ("https://user:word@other.example/", Err("http.not_https")),
            ("https://router.example/", Err("net.private")),
            ("https://169.254.169.254/latest", Err("net.private")),
            ("https://[::1]/", Err("net.private")),
            ("https://web.example/", Err("http.redirects")),
        ] {
            let (answer, dialled) = redirected(to, reach);
            assert_eq!(answer, outcome, "{to} from {reach:?}");
            assert!(dialled.iter().all(|place| place.ends_with(":443")), "{dialled:?}");
            assert!(dialled.len() <= 4, "{dialled:?}");
        }
    }
}

#[test]
fn a_redirect_that_is_not_followed_is_an_answer() {
    assert_eq!(answered(redirect("https://other.example/")), Ok((302, vec![])));
}

#[test]
fn posts_are_never_sent_on() {
    sim::run(async {
        let internet = Internet::new();
        internet
            .put("web.example", 443, Kind::Web(Arc::new(|_| redirect("https://other.example/"))))
            .put("other.example", 443, Kind::Web(Arc::new(|_| page("stolen"))));
        let body = Body {
            media_type: "application/x-www-form-urlencoded",
            content: Secret::new("code=canary".to_owned()),
            authorization: None,
        };
        let url = Url::parse("https://web.example/token").unwrap();
        let answer = post(&internet.world(), &url, &body, None, &rules(3)).await.unwrap();
        assert_eq!(answer.status, 302);
        assert_eq!(internet.dialled(), ["web.example:443"]);
    });
}

#[test]
fn only_https_without_names_is_asked() {
    for url in [
        "http://web.example/",
        "ftp://web.example/",
        "https://a:b@web.example/",
        "https://a@web.example/",
    ] {
        sim::run(async {
            let internet = Internet::new();
            let url = Url::parse(url).unwrap();
            let failure = get(&internet.world(), &url, None, &rules(0)).await.unwrap_err();
            assert_eq!(failure.code, "http.not_https", "{url}");
            assert_eq!(internet.dialled(), [""; 0]);
            assert!(!failure.message.contains("a:b") && !place(&url).contains('@'), "{failure}");
        });
    }
}

#[test]
fn over_real_tls_and_not_over_a_wrong_one() {
    let authority = Authority::new("Test");
    for (kind, outcome) in [
        (CertificateKind::Good, Ok(200)),
        (CertificateKind::WrongHost, Err("tls.wrong_host")),
        (CertificateKind::Expired, Err("tls.expired")),
        (CertificateKind::UnknownRoot, Err("tls.unknown_issuer")),
    ] {
        sim::run(async {
            let internet = Internet::new();
            internet
                .page("web.example", "/", "hello")
                .real_tls("web.example", authority.server(&["web.example"], kind));
            let url = Url::parse("https://web.example/").unwrap();
            let answer = get(&internet.world(), &url, Some(&authority.pem()), &rules(0)).await;
            assert_eq!(answer.map(|answer| answer.status).map_err(|f| f.code), outcome, "{kind:?}");
            assert_eq!(internet.said().is_empty(), outcome.is_err(), "nothing before TLS");
        });
    }
}
