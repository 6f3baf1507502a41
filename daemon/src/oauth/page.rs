//! The pages a person lands on after the sign-in: one that is glad, one that says what went wrong.
//!
//! Owns the words, the looks and the headers. Must never hold a code, a state or a token, load
//! anything from anywhere, or run a script: the page is told who signed in, and nothing else.

use super::redirect::Status;
use chapar_engine::message::one_line;
use chapar_engine::secret::base64;
use chapar_engine::verdict::{Failure, condition};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Characters of a name or a reason that are shown.
const SHOWN_CHARS: usize = 640;
/// The whole look; the hash of it is the only style the page's policy allows.
const STYLE: &str = include_str!("page/style.css");
/// Drawn, not loaded: a tick.
const TICK: &str = r#"<svg class="mark" viewBox="0 0 48 48" role="img" aria-label="Done"><circle cx="24" cy="24" r="22"/><path d="M14.5 24.8l6.4 6.4 12.8-14"/></svg>"#;
/// A cross.
const CROSS: &str = r#"<svg class="mark" viewBox="0 0 48 48" role="img" aria-label="Not done"><circle cx="24" cy="24" r="22"/><path d="M17 17l14 14M31 17L17 31"/></svg>"#;
/// An envelope on its way: the courier's sign.
const SIGN: &str = r#"<svg class="sign" viewBox="0 0 32 32" aria-hidden="true"><path d="M3 9.5h4M1.5 16h4M3 22.5h4"/><rect x="9" y="7" width="21" height="18" rx="3"/><path d="M10 9.5l9.5 8 9.5-8"/></svg>"#;

/// What the person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    SignedIn { address: Option<String>, wanted: String, issuer: String },
    Failed(Failure),
}

impl Page {
    /// The sign-in went well: as whom, if the issuer said, and for which mailbox.
    pub(super) fn signed_in(address: Option<&str>, wanted: &str, issuer: &str) -> Self {
        let address = address.map(str::to_owned);
        let (wanted, issuer) = (wanted.to_owned(), issuer.to_owned());
        Self { kind: Kind::SignedIn { address, wanted, issuer } }
    }

    /// It did not.
    pub(super) fn failed(failure: &Failure) -> Self {
        Self { kind: Kind::Failed(failure.clone()) }
    }

    /// Status line, headers and document.
    pub(super) fn response(&self) -> String {
        response("200 OK", &self.document())
    }

    /// The document.
    fn document(&self) -> String {
        match &self.kind {
            Kind::SignedIn { address, wanted, issuer } => {
                signed_in(address.as_deref(), wanted, issuer)
            }
            Kind::Failed(failure) => failed(failure),
        }
    }
}

fn signed_in(address: Option<&str>, wanted: &str, issuer: &str) -> String {
    let other = address.filter(|address| !address.eq_ignore_ascii_case(wanted));
    let title = match address {
        Some(address) => format!("Signed in as {}", shown(address)),
        None => "Signed in".to_owned(),
    };
    let heading = match address {
        Some(address) => format!("Signed in as<br><strong>{}</strong>", shown(address)),
        None => "Signed in".to_owned(),
    };
    let next = match other {
        Some(_) => format!(
            "It is the sign-in of the mailbox <b>{}</b>, as you said. chapar now opens the mailbox \
             and shows you in your terminal how it goes.",
            shown(wanted)
        ),
        None => {
            "chapar now opens the mailbox and shows you in your terminal how it goes.".to_owned()
        }
    };
    let body = format!(
        "{TICK}<h1>{heading}</h1><p class=\"lead\">You may close this tab and go back to your \
         terminal.</p><p>{next}</p><p class=\"small\">{} has let chapar use this mailbox. \
         You can take that back there at any time, or with <code>chapar account remove</code>.</p>",
        shown(issuer)
    );
    document(&title, "good", &body)
}

fn failed(failure: &Failure) -> String {
    let row = condition(failure.code);
    let title = row.map_or("The sign-in did not work", |row| row.title);
    let mut body = format!("{CROSS}<h1>{}</h1>", shown(title));
    let reason = shown(&sentence(&failure.message));
    let _infallible = write!(body, "<p class=\"lead\">{reason}</p>");
    if let Some(row) = row {
        let _infallible = write!(body, "<p>{}</p>", shown(row.advice()));
    }
    if let Some(words) = &failure.detail {
        let _infallible = write!(body, "<blockquote>{}</blockquote>", shown(words));
    }
    let _infallible = write!(
        body,
        "<p>You may close this tab. Your terminal says how to go on.</p>\
         <p class=\"small\"><code>chapar help {}</code></p>",
        shown(failure.code)
    );
    document(title, "bad", &body)
}

/// With a capital and a full stop; a host name at the start stays as it is written.
fn sentence(text: &str) -> String {
    let is_host = text.split(' ').next().is_some_and(|word| word.contains('.'));
    let mut letters = text.chars();
    let first = match letters.next() {
        Some(first) if !is_host => first.to_uppercase().to_string(),
        first => first.map(String::from).unwrap_or_default(),
    };
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

fn document(title: &str, class: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <title>{} \u{b7} chapar</title><style>{STYLE}</style></head>\
         <body><main class=\"{class}\"><header>{SIGN}chapar</header>{body}</main></body></html>\n",
        shown(title)
    )
}

/// What everybody gets who does not bring the answer.
pub(super) fn nothing_here(status: Status) -> String {
    let status = match status {
        Status::BadRequest => "400 Bad Request",
        Status::NotFound => "404 Not Found",
        Status::NotAllowed => "405 Method Not Allowed\r\nAllow: GET",
        Status::TooLarge => "431 Request Header Fields Too Large",
    };
    response(status, "<!doctype html><title>chapar</title>There is nothing here.\n")
}

/// The policy lets in one style, by its hash, and nothing else at all.
fn response(status: &str, document: &str) -> String {
    let hash = base64(Sha256::digest(STYLE.as_bytes()).as_slice());
    format!(
        "HTTP/1.1 {status}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'\r\n\
         Referrer-Policy: no-referrer\r\n\
         Cache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n\
         Connection: close\r\n\r\n{document}",
        document.len(),
        *hash
    )
}

/// Text of others, on one line, without anything that could be markup.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text, SHOWN_CHARS).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests;
