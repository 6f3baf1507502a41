//! The faults, each with its name. None of them may cost a grant or an endless wait.

use super::issuer::Fault;
use Fault::{
    Connect, CutAfter, Endless, Instead, InsteadAndStall, Members, ServedBut, Silence, StallAfter,
    Swallow, Tls,
};
use std::time::Duration;

/// A fault and its name.
type Named = (&'static str, Fault);

/// All of them.
pub(super) fn faults() -> Vec<Named> {
    [network(), pages(), served()].concat()
}

/// What happens on the way.
fn network() -> Vec<Named> {
    vec![
        ("no name", Connect("net.unknown_host")),
        ("refused", Connect("net.refused")),
        ("unreachable", Connect("net.unreachable")),
        ("swallowed for two minutes", Swallow(Duration::from_mins(2))),
        ("certificate of a captive portal", Tls("tls.wrong_host")),
        ("certificate of a company's proxy", Tls("tls.unknown_issuer")),
        ("certificate that signs itself", Tls("tls.self_signed")),
        ("certificate that is over", Tls("tls.expired")),
        ("certificate of tomorrow", Tls("tls.not_yet_valid")),
        ("no TLS at all", Tls("tls.not_tls")),
        ("silence", Silence),
        ("connection closed", Instead("")),
        ("another protocol", Instead("* OK IMAP4rev1 ready\r\n")),
        ("half a status line", Instead("HTTP/1.1 20")),
        ("headers that stop", InsteadAndStall("HTTP/1.1 200 OK\r\nContent-Type: text/h")),
        ("headers without end", Endless("X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")),
        (
            "body without end",
            Endless("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[[[[[[[[[[[[[[[[[["),
        ),
    ]
}

/// What answers in the endpoint's place, or the endpoint itself on a bad day.
fn pages() -> Vec<Named> {
    vec![
        (
            "portal page",
            Instead("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Accept our terms"),
        ),
        (
            "portal page that mentions invalid_grant",
            Instead(
                "HTTP/1.1 400 No\r\nContent-Type: text/html\r\n\r\n{\"error\":\"invalid_grant\"",
            ),
        ),
        (
            "redirect to a portal",
            Instead(
                "HTTP/1.1 302 Found\r\nLocation: https://portal.test/\r\nContent-Length: 0\r\n\r\n",
            ),
        ),
        (
            "redirect that keeps the method",
            Instead("HTTP/1.1 307 Go\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("network authentication", Instead("HTTP/1.1 511 Sign in\r\nContent-Length: 0\r\n\r\n")),
        ("proxy authentication", Instead("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")),
        (
            "firewall page",
            Instead(
                "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html>blocked</html>",
            ),
        ),
        ("400 without a word", Instead("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
        ("401 without a word", Instead("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")),
        ("404", Instead("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here.")),
        ("500", Instead("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")),
        ("502 page", Instead("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>nginx</html>")),
        ("503 with a wait", Instead("HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n\r\n")),
        ("429 with a wait", Instead("HTTP/1.1 429 Slow\r\nRetry-After: 600\r\n\r\n")),
        ("429 with a date", Instead("HTTP/1.1 429 Slow\r\nRetry-After: Fri, 31 Dec\r\n\r\n")),
        ("204", Instead("HTTP/1.1 204 Nothing\r\n\r\n")),
        ("empty 200", Instead("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
        (
            "invalid_grant from a server that is down",
            Instead("HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n{\"error\":\"invalid_grant\"}"),
        ),
        (
            "invalid_grant that is fine",
            Instead("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"error\":\"invalid_grant\"}"),
        ),
        (
            "an error that is an object",
            Instead(
                "HTTP/1.1 400 No\r\nConnection: close\r\n\r\n{\"error\":{\"code\":\"invalid_grant\"}}",
            ),
        ),
        (
            "an error in a list",
            Instead("HTTP/1.1 400 No\r\nConnection: close\r\n\r\n[{\"error\":\"invalid_grant\"}]"),
        ),
        (
            "temporarily_unavailable",
            Instead(
                "HTTP/1.1 400 No\r\nConnection: close\r\n\r\n{\"error\":\"temporarily_unavailable\"}",
            ),
        ),
        (
            "slow_down",
            Instead("HTTP/1.1 400 No\r\nConnection: close\r\n\r\n{\"error\":\"slow_down\"}"),
        ),
        (
            "invalid_client",
            Instead("HTTP/1.1 401 No\r\nConnection: close\r\n\r\n{\"error\":\"invalid_client\"}"),
        ),
        (
            "an error of the future",
            Instead("HTTP/1.1 400 No\r\nConnection: close\r\n\r\n{\"error\":\"quantum_required\"}"),
        ),
    ]
}

/// What happens to an answer for which the issuer may have rotated already.
fn served() -> Vec<Named> {
    vec![
        ("the request is served, the connection lost", CutAfter(0)),
        ("lost within the status line", CutAfter(9)),
        ("lost within the headers", CutAfter(40)),
        ("lost within the token", CutAfter(130)),
        ("served and stalled", StallAfter(0)),
        ("stalled within the token", StallAfter(140)),
        (
            "served, then a gateway's page",
            ServedBut("HTTP/1.1 504 Timeout\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("a token that is a number", Members(r#""access_token":7,"refresh_token":"{refresh}""#)),
        ("a token that is empty", Members(r#""access_token":"","token_type":"Bearer""#)),
        ("a token with a line end", Members(r#""access_token":"a\r\nb","token_type":"Bearer""#)),
        ("a token with a control-A", Members(r#""access_token":"a\u0001auth=b""#)),
        ("a token of another kind", Members(r#""access_token":"{access}","token_type":"mac""#)),
        ("no token", Members(r#""token_type":"Bearer","expires_in":3600"#)),
    ]
}

/// Whether a failure of this code is what `fault` comes to.
pub(super) fn is_its(fault: Fault, code: &str) -> bool {
    match fault {
        Connect(own) => code == own,
        Instead(bytes) if bytes.contains("invalid_client") => code == "oauth.client",
        Instead(bytes)
            if ["429", "Retry-After", "slow_down", "temporarily"]
                .iter()
                .any(|w| bytes.contains(w)) =>
        {
            code == "oauth.throttled"
        }
        Swallow(_) | Silence | InsteadAndStall(_) | StallAfter(_) => code == "net.timeout",
        _ => code == "oauth.unavailable",
    }
}
