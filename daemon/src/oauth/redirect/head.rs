//! The one request the page answers: its head, read within limits and judged.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes of a request head: codes of Microsoft have up to 2 KiB, browsers add some of their own.
const HEAD_BYTES: usize = 16 << 10;

/// Why a request is not the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Status {
    /// 400: it is no HTTP.
    BadRequest,
    /// 404: nothing is here; also for what is meant for another host.
    NotFound,
    /// 405: only GET.
    NotAllowed,
    /// 431: a head beyond the limit.
    TooLarge,
}

/// Reads up to the empty line; `None` when the peer left or said more than fits.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(2 << 10);
    let mut chunk = [0; 2 << 10];
    loop {
        let some = read_some(stream, &mut chunk).await.ok().filter(|some| *some > 0)?;
        head.extend_from_slice(chunk.get(..some)?);
        // more than fits is judged as it is, and found too large
        if ends(&head) || head.len() > HEAD_BYTES {
            return Some(head);
        }
    }
}

async fn read_some(stream: &mut (impl AsyncRead + Unpin), chunk: &mut [u8]) -> io::Result<usize> {
    stream.read(chunk).await
}

fn ends(head: &[u8]) -> bool {
    head.windows(4).any(|window| window == b"\r\n\r\n")
}

/// The query of a GET of `path` at this port of loopback, or why it is none.
pub(super) fn query<'a>(head: &'a [u8], port: u16, path: &str) -> Result<&'a str, Status> {
    if head.len() > HEAD_BYTES {
        return Err(Status::TooLarge);
    }
    let text = std::str::from_utf8(head).map_err(|_| Status::BadRequest)?;
    let (text, _) = text.split_once("\r\n\r\n").ok_or(Status::BadRequest)?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    if !matches!(version, Some("HTTP/1.1" | "HTTP/1.0")) || words.next().is_some() {
        return Err(Status::BadRequest);
    }
    if method != Some("GET") {
        return Err(Status::NotAllowed);
    }
    if !is_for_us(lines, port) {
        return Err(Status::NotFound);
    }
    match target.unwrap_or_default().split_once('?') {
        Some((asked, query)) if asked == path => Ok(query),
        _ => Err(Status::NotFound),
    }
}

/// Whether the one `Host` names loopback and our port: a name that was made to point here (DNS
/// rebinding) does not.
fn is_for_us<'a>(headers: impl Iterator<Item = &'a str>, port: u16) -> bool {
    let mut hosts = headers.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim().to_ascii_lowercase())
    });
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(head: &str) -> Result<&str, Status> {
        query(head.as_bytes(), 4711, "/p")
    }

    #[test]
    fn only_a_get_of_the_path_at_loopback_is_heard() {
        for host in ["127.0.0.1:4711", "localhost:4711", "LOCALHOST:4711", "[::1]:4711"] {
            let head = format!("GET /p?a=1 HTTP/1.1\r\nHost: {host}\r\nX: y\r\n\r\n");
            assert_eq!(judge(&head), Ok("a=1"), "{host}");
        }
        for (head, status) in [
            ("GET /p?a=1 HTTP/1.1\r\n\r\n", Status::NotFound),
            ("GET /p?a=1 HTTP/1.1\r\nHost: evil.example:4711\r\n\r\n", Status::NotFound),
            ("GET /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", Status::NotFound),
            ("GET /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4712\r\n\r\n", Status::NotFound),
            ("GET /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1.evil:4711\r\n\r\n", Status::NotFound),
            ("GET /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\nHost: x:1\r\n\r\n", Status::NotFound),
            ("GET /p HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::NotFound),
            ("GET /q?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::NotFound),
            ("GET /p/?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::NotFound),
            (
                "GET http://127.0.0.1:4711/p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n",
                Status::NotFound,
            ),
            ("POST /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::NotAllowed),
            ("HEAD /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::NotAllowed),
            ("get /p?a=1 HTTP/1.1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::NotAllowed),
            ("GET /p?a=1 HTTP/2.0\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::BadRequest),
            ("GET /p?a=1\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::BadRequest),
            ("GET /p?a=1 HTTP/1.1 x\r\nHost: 127.0.0.1:4711\r\n\r\n", Status::BadRequest),
            ("GET /p?a=1 HTTP/1.1\nHost: 127.0.0.1:4711\n\n", Status::BadRequest),
            ("", Status::BadRequest),
        ] {
            assert_eq!(judge(head), Err(status), "{head:?}");
        }
        let large = format!("GET /p?{} HTTP/1.1\r\n\r\n", "a".repeat(HEAD_BYTES));
        assert_eq!(judge(&large), Err(Status::TooLarge));
        assert_eq!(query(b"GET /p?\xff HTTP/1.1\r\n\r\n", 1, "/p"), Err(Status::BadRequest));
    }
}
