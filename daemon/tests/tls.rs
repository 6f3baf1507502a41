//! The certificate matrix: every fault refused under its own code, with what was presented and
//! needed; the good case accepted.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    clippy::allow_attributes,
    reason = "tests"
)]

mod tls_support;

use chapar_engine::verdict::{Failure, Verdict};
use rustls::ServerConfig;
use std::process::Stdio;
use std::sync::Arc;
use tls_support::{Authority, VALID, nameless, own_authority, self_signed, world};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

async fn against(server: Arc<ServerConfig>, host: &str, ca: Option<&str>) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = TlsAcceptor::from(server).accept(stream).await;
    });
    let world = world();
    let stream = world.net.connect("127.0.0.1", port).await.unwrap();
    world.net.secure(stream, host, ca).await.map(drop)
}

/// Where neither an operator nor a root is to be named.
const ASK_CA: &str = "the provider's public server name, or --ca-file";

#[tokio::test]
async fn a_valid_certificate_of_the_given_authority_is_accepted() {
    let authority = Authority::new();
    let server = authority.server("mail.test", VALID);
    against(server.clone(), "mail.test", Some(&authority.pem)).await.unwrap();
    against(server, "mail.test.", Some(&authority.pem)).await.unwrap();
    let server = authority.server("127.0.0.1", VALID);
    against(server, "127.0.0.1", Some(&authority.pem)).await.unwrap();
}

#[tokio::test]
async fn every_fault_has_its_code_and_says_what_was_presented() {
    let authority = Authority::new();
    let other = Authority::new();
    let ca = Some(authority.pem.as_str());
    let cases = [
        ("tls.expired", authority.server("mail.test", (2019, 2020)), "mail.test", "2020-01-01"),
        (
            "tls.not_yet_valid",
            authority.server("mail.test", (2090, 2095)),
            "mail.test",
            "2090-01-01",
        ),
        ("tls.wrong_host", authority.server("other.test", VALID), "mail.test", "for other.test"),
        ("tls.wrong_host", authority.server("*.test", VALID), "a.mail.test", "for *.test"),
        ("tls.wrong_host", authority.server("mail.test", VALID), "127.0.0.1", "for mail.test"),
        (
            "tls.unknown_issuer",
            other.server("mail.test", VALID),
            "mail.test",
            "issued by test authority",
        ),
        ("tls.self_signed", self_signed("mail.test"), "mail.test", "self-signed"),
    ];
    for (code, server, host, says) in cases {
        let failure = against(server, host, ca).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
        assert_eq!(failure.verdict, Verdict::FixSettings);
        let detail = failure.detail.unwrap();
        for part in [says, "presented  CN=", "needed  ", host, "try  "] {
            assert!(detail.contains(part), "{code}: no {part:?} in {detail}");
        }
    }
}

/// What `openssl req -x509` and bridges on this machine make may sign others too.
#[tokio::test]
async fn the_very_certificate_that_was_given_is_the_servers() {
    for name in ["mail.test", "*.home.test", "127.0.0.1", "::1"] {
        let host = name.replace('*', "nas");
        let (server, pem) = own_authority(name, VALID);
        against(server.clone(), &host, Some(&pem)).await.unwrap();
        // beside others in the file, in any place
        let others = Authority::new();
        let file = format!("{}{pem}{}", others.pem, Authority::new().pem);
        against(server.clone(), &host, Some(&file)).await.unwrap();
        // another one of the same name is not the one that was given
        let (_, other) = own_authority(name, VALID);
        for ca in [None, Some(other.as_str()), Some(others.pem.as_str())] {
            let failure = against(server.clone(), &host, ca).await.unwrap_err();
            assert_eq!(failure.code, "tls.self_signed", "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_given_certificate_holds_for_its_names_and_its_time_only() {
    for (host, name, years, code) in [
        ("mail.test", "other.test", VALID, "tls.wrong_host"),
        ("127.0.0.2", "127.0.0.1", VALID, "tls.wrong_host"),
        ("a.b.test", "*.test", VALID, "tls.wrong_host"),
        ("mail.test", "mail.test", (2019, 2020), "tls.expired"),
        ("mail.test", "mail.test", (2090, 2095), "tls.not_yet_valid"),
    ] {
        let (server, pem) = own_authority(name, years);
        let failure = against(server, host, Some(&pem)).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
    }
    let (server, pem) = nameless("mail.test");
    let failure = against(server, "mail.test", Some(&pem)).await.unwrap_err();
    assert_eq!(failure.code, "tls.wrong_host");
    assert!(failure.message.contains("names no host in subjectAltName"), "{failure:?}");
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_not_asked_for_again() {
    let (stranger, other) = (Authority::new(), Authority::new());
    let servers = [
        stranger.server("mail.test", VALID),
        self_signed("mail.test"),
        own_authority("mail.test", VALID).0,
    ];
    for server in servers {
        let failure = against(server.clone(), "mail.test", Some(&other.pem)).await.unwrap_err();
        assert!(failure.message.contains("the given file"), "{failure:?}");
        let detail = failure.detail.unwrap();
        assert!(!detail.contains("--ca-file"), "{detail}");
        assert_eq!(detail.contains("leave out"), failure.code == "tls.unknown_issuer", "{detail}");
        let without = against(server, "mail.test", None).await.unwrap_err();
        assert!(without.detail.unwrap().contains("--ca-file"));
    }
}

/// A server that vouches for itself, one that forgets who vouches for it and one of a private
/// authority each have a remedy of their own.
#[tokio::test]
async fn what_the_server_sends_beside_tells_why_its_issuer_is_unknown() {
    let authority = Authority::new();
    let private = "certificate of test authority";
    let cases = [
        (self_signed("mail.test"), "tls.self_signed", "uses a self-signed", ASK_CA),
        (
            authority.server("mail.test", VALID),
            "tls.unknown_issuer",
            "sends one certificate",
            "chain",
        ),
        (authority.server_below("mail.test", false), "tls.unknown_issuer", "does not know", ASK_CA),
        (
            authority.server_below("mail.test", true),
            "tls.unknown_issuer",
            "test authority",
            private,
        ),
        (authority.server_with_root("mail.test"), "tls.unknown_issuer", "test authority", private),
    ];
    for (server, code, message, remedy) in cases {
        let failure = against(server.clone(), "mail.test", None).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.contains(message), "{failure:?}");
        let detail = failure.detail.unwrap();
        let (_, told) = detail.split_once("try  ").unwrap();
        assert!(told.contains(remedy), "{detail}");
        assert_eq!(told.contains("whole chain"), remedy == "chain", "{detail}");
        // the authority that was given is told of as such, in each of them
        let given = against(server, "mail.test", Some(&Authority::new().pem)).await.unwrap_err();
        assert!(given.message.contains("the given file"), "{given:?}");
        assert!(!given.detail.unwrap().contains("--ca-file"));
    }
    for server in
        [authority.server_below("mail.test", false), authority.server_with_root("mail.test")]
    {
        against(server, "mail.test", Some(&authority.pem)).await.unwrap();
    }
}

#[tokio::test]
async fn without_the_authority_nothing_of_it_is_believed() {
    let server = Authority::new().server("mail.test", VALID);
    let failure = against(server, "mail.test", None).await.unwrap_err();
    assert_eq!(failure.code, "tls.unknown_issuer");
}

#[tokio::test]
async fn an_authority_file_without_certificates_is_named() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let failure = against(self_signed("mail.test"), "mail.test", Some(pem)).await.unwrap_err();
        assert_eq!(failure.code, "tls.ca_file", "{failure:?}");
    }
}

#[tokio::test]
async fn a_plain_server_and_a_closing_one_are_told_apart() {
    for (says, code) in [(&b"* OK hello\r\n"[..], "tls.not_tls"), (b"", "net.closed")] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            // the hello is read, or closing would reset the connection
            let mut hello = [0; 4096];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut hello).await;
            let _ = stream.write_all(says).await;
        });
        let world = world();
        let stream = world.net.connect("127.0.0.1", port).await.unwrap();
        let failure = world.net.secure(stream, "mail.test", None).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
    }
}

#[tokio::test]
async fn tls_1_1_is_too_old() {
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        free.local_addr().unwrap().port()
    };
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["mail.test".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    let chain = concat!(env!("CARGO_TARGET_TMPDIR"), "/tls-1.1.pem");
    std::fs::write(chain, certificate + &key.serialize_pem()).unwrap();
    let server = std::process::Command::new("openssl")
        .args(["s_server", "-quiet", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-accept"])
        .arg(format!("127.0.0.1:{port}"))
        .args(["-cert", chain])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut server) = server else {
        eprintln!("skipped: openssl is not installed");
        return;
    };
    let world = world();
    let mut connected = None;
    for _ in 0..100 {
        match world.net.connect("127.0.0.1", port).await {
            Ok(stream) => {
                connected = Some(stream);
                break;
            }
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    let result = match connected {
        Some(stream) => world.net.secure(stream, "mail.test", None).await.map(drop),
        None => Ok(()),
    };
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(result.unwrap_err().code, "tls.too_old");
}
