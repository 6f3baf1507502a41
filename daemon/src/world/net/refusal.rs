//! Turns a failed handshake into a failure a person can act on: what was presented, what was
//! needed, what to try. The only place that reads rustls's errors.

use super::certificate::{Chain, Presented};
use super::ended::ended;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, Verdict};
use rustls::{AlertDescription, CertificateError, Error};
use std::borrow::Cow;
use std::io;

/// What happened, for the message, and the remedy.
struct Reason {
    code: &'static str,
    what: String,
    remedy: Cow<'static, str>,
}

const ASK_NAME: &str = "the server name your provider publishes, e.g. the host of its webmail";
const ASK_RENEWAL: &str = "again after the provider has renewed the certificate; tell them";
const ASK_CLOCK: &str = "setting this machine's clock, then again; else tell the provider";
const ASK_CA: &str =
    "the provider's public server name, or --ca-file with your company's own authority";
const ASK_OTHER_CA: &str =
    "a file with the certificate of this very server, or of the authority that issued it";
/// Of a chain of one certificate.
const LEFT_OUT: &str =
    "reason     the server may leave out a certificate between this one and its authority\n";
const ASK_CHAIN: &str = "again after whoever runs the server has let it send the whole chain; if the \
                         authority is your company's own, --ca-file with its certificate";
const ASK_CHAIN_OR_OTHER: &str = "a file with the certificate that signed this one; else again after \
                                  whoever runs the server has let it send the whole chain";
const ASK_NAMED: &str = "again after the certificate names the server in subjectAltName; the name in CN \
                         does not count";
const ASK_PORT: &str = "the port for TLS (993 for IMAP, 465 for SMTP), or STARTTLS (143, 587)";
const ASK_NEW_TLS: &str = "another server of the provider; this one must be brought up to TLS 1.2";
const ASK_PROVIDER: &str = "again after the provider has put the certificate right; tell them";

/// The failure of a handshake with `host`.
pub(super) fn judge(
    host: &str,
    error: &io::Error,
    presented: Option<Presented>,
    own_authority: bool,
    now: Wall,
) -> Failure {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return lost(host, error);
    };
    let reason = match tls {
        Error::InvalidCertificate(error) => certificate(error, presented.as_ref(), own_authority),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => Reason {
            code: "tls.not_tls",
            what: "does not speak TLS on this port".to_owned(),
            remedy: ASK_PORT.into(),
        },
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => Reason {
            code: "tls.too_old",
            what: "offers no TLS version and cipher that is still safe".to_owned(),
            remedy: ASK_NEW_TLS.into(),
        },
        _ => Reason {
            code: "tls.invalid",
            what: "did not complete the TLS handshake".to_owned(),
            remedy: ASK_PROVIDER.into(),
        },
    };
    let needed = if own_authority {
        format!("a certificate for {host} from a public authority or the one given for the account")
    } else {
        format!("a certificate for {host} from a public authority")
    };
    let mut detail = String::new();
    let is_alone = presented.as_ref().is_some_and(|it| it.chain == Chain::Alone && !it.self_issued);
    if let Some(presented) = presented {
        detail = format!("presented  {presented}\n");
    }
    if reason.code == "tls.not_tls" || reason.code == "tls.too_old" {
        detail.push_str("needed     TLS 1.2 or newer\n");
    } else {
        detail = format!("{detail}needed     {needed}\n");
    }
    if matches!(reason.code, "tls.expired" | "tls.not_yet_valid") {
        let days = now.seconds().div_euclid(86_400);
        detail = format!("{detail}clock      {} here\n", date(days));
    }
    // a precise code says it all; and of a self-signed certificate the library only notes a detail
    if let (Some(why), "tls.invalid" | "tls.too_old") = (why(tls), reason.code) {
        detail = format!("{detail}reason     {why}\n");
    }
    if is_alone && reason.code == "tls.unknown_issuer" {
        detail.push_str(LEFT_OUT);
    }
    detail = format!("{detail}try        {}", reason.remedy);
    Failure {
        code: reason.code,
        message: format!("{host} {} \u{2013} not connecting", reason.what),
        detail: Some(detail),
        verdict: Verdict::FixSettings,
    }
}

fn certificate(
    error: &CertificateError,
    presented: Option<&Presented>,
    own_authority: bool,
) -> Reason {
    let self_issued = presented.is_some_and(|it| it.self_issued);
    let nameless = presented.is_some_and(|it| it.names.is_empty());
    let (code, what, remedy) = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("tls.expired", "has an expired certificate", ASK_RENEWAL)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("tls.not_yet_valid", "has a certificate that is not valid yet", ASK_CLOCK)
        }
        CertificateError::Revoked => ("tls.revoked", "has a revoked certificate", ASK_RENEWAL),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            if nameless =>
        {
            ("tls.wrong_host", "has a certificate that names no host in subjectAltName", ASK_NAMED)
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("tls.wrong_host", "has a certificate for another name", ASK_NAME)
        }
        _ if self_issued && own_authority => (
            "tls.self_signed",
            "uses a self-signed certificate that the given file does not vouch for",
            ASK_OTHER_CA,
        ),
        _ if self_issued => ("tls.self_signed", "uses a self-signed certificate", ASK_CA),
        CertificateError::UnknownIssuer => {
            return unknown_issuer(presented.map(|it| &it.chain), own_authority);
        }
        _ => ("tls.invalid", "has no valid certificate", ASK_PROVIDER),
    };
    Reason { code, what: what.to_owned(), remedy: remedy.into() }
}

/// Nobody who is trusted here signed it. What the server sent beside it tells whether it forgot to send
/// who did, or has an authority of its own.
fn unknown_issuer(chain: Option<&Chain>, own_authority: bool) -> Reason {
    let neither = "has a certificate that neither this machine nor the given file vouches for";
    let (what, remedy): (Cow<'_, str>, Cow<'_, str>) = match (chain, own_authority) {
        (Some(Chain::Alone), true) => (neither.into(), ASK_CHAIN_OR_OTHER.into()),
        (Some(Chain::Alone), false) => (
            "sends one certificate only, whose issuer this machine does not know".into(),
            ASK_CHAIN.into(),
        ),
        (Some(Chain::ToRoot(root)), _) => {
            let root = root.as_deref().unwrap_or("without a name");
            let what = if own_authority {
                format!("{neither}: its authority is {root}")
            } else {
                format!("has a certificate of a private authority, {root}")
            };
            let flag = if own_authority { "a file" } else { "--ca-file" };
            let ask = "got from whoever runs the server, if you meant such a server";
            (what.into(), format!("{flag} with the certificate of {root}, {ask}").into())
        }
        (_, true) => (neither.into(), ASK_OTHER_CA.into()),
        (_, false) => {
            ("has a certificate from an authority this machine does not know".into(), ASK_CA.into())
        }
    };
    Reason { code: "tls.unknown_issuer", what: what.into_owned(), remedy: own(remedy) }
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// What the message does not say yet, in words; never the library's own names for things.
fn why(error: &Error) -> Option<&'static str> {
    use CertificateError as Certificate;
    Some(match error {
        Error::InvalidCertificate(Certificate::BadEncoding) => "its encoding is broken",
        Error::InvalidCertificate(Certificate::BadSignature) => "its signature does not fit",
        Error::InvalidCertificate(
            Certificate::UnsupportedSignatureAlgorithmContext { .. }
            | Certificate::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => "it is signed in a way that is not supported or not safe any more",
        Error::InvalidCertificate(Certificate::UnhandledCriticalExtension) => {
            "it makes a demand that chapar does not understand"
        }
        Error::InvalidCertificate(
            Certificate::InvalidPurpose | Certificate::InvalidPurposeContext { .. },
        ) => "it is not meant for servers",
        Error::InvalidCertificate(
            Certificate::UnknownRevocationStatus | Certificate::ExpiredRevocationList,
        ) => "whether it was revoked cannot be told",
        Error::NoCertificatesPresented => "it presented no certificate",
        Error::PeerMisbehaved(_) => "it broke the rules of TLS",
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "it found nothing in common with what chapar offers"
        }
        Error::AlertReceived(_) => "it ended the handshake itself",
        _ => return None,
    })
}

/// The connection ended within the handshake: a network matter, not the certificate's.
fn lost(host: &str, error: &io::Error) -> Failure {
    Failure {
        code: "net.closed",
        message: format!("{host} closed the connection during the TLS handshake"),
        detail: Some(ended(error).to_owned()),
        verdict: Verdict::Retry,
    }
}

/// Days since 1970 as `YYYY-MM-DD`.
fn date(days: i64) -> String {
    i32::try_from(days)
        .ok()
        .and_then(|days| {
            let epoch = jiff::civil::date(1970, 1, 1);
            epoch.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
        })
        .map_or_else(|| "unknown".to_owned(), |day| day.to_string())
}
