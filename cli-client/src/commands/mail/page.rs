//! A mail's HTML as a page in the browser.
//!
//! The daemon gives the HTML cleaned; the page forbids the browser once more what was taken out. It
//! lies in a file for its owner alone, which goes after a day. Must never show a byte of a mail that
//! was not cleaned.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use chapar_ipc_protocol::blob::BlobOpen;
use chapar_ipc_protocol::email::Email;
use chapar_ipc_protocol::id::{BlobId, EmailId};
use serde_json::json;

use super::attachments::opened_directory;
use super::attachments::place::Place;
use super::export::broken;
use super::show::headers;
use super::{get, unknown};
use crate::commands::Context;
use crate::commands::connect::browser::{self, Opened};
use crate::daemon::fault_of;
use crate::error::Fault;
use crate::hygiene::{Lines, clean};
use crate::screen::{Form, Line, Style};

/// Bytes of cleaned HTML that are read; the daemon gives less.
const HTML_BYTES: u64 = 16 << 20;
/// What the browser may do with the page: show its text, its colours and the pictures within it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
                      base-uri 'none'; form-action 'none'";
/// What is needed of the mail.
const PROPERTIES: &[&str] = &[
    "id",
    "from",
    "to",
    "cc",
    "replyTo",
    "sentAt",
    "receivedAt",
    "subject",
    "attachments",
    "htmlBody",
    "warnings",
];

/// Opens the HTML of a mail.
pub(super) fn open(context: &Context<'_>, id: &str) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let found = get(&mut daemon, &[EmailId::from(id)], Some(PROPERTIES))?;
    let email = found.into_iter().next().ok_or_else(|| unknown(id))?;
    let open = BlobOpen { blob_id: safe_html(&email)?, offset: None };
    let reader = daemon.into_client().open_blob(&open).map_err(fault_of)?;
    let mut html = Vec::new();
    reader.take(HTML_BYTES).read_to_end(&mut html).map_err(|cause| broken(&cause))?;
    let place = Place::open(&opened_directory(context)?)?;
    let mut made = place.make(&format!("{}.html", email.id))?;
    made.write(page(&email, &String::from_utf8_lossy(&html)).as_bytes())?;
    let path = made.finish()?;
    let opened = browser::open(&address(&path));
    if let Opened::Failed(why) = &opened {
        let _ = std::fs::remove_file(&path);
        return Err(Fault::new("cli.no_program", "no browser was found that shows it")
            .because(why.join(" "))
            .without_commands()
            .hint("set $BROWSER to your browser, or show the mail as text: chapar mail show ID"));
    }
    let shown = opened == Opened::Yes;
    match screen.form {
        Form::Json => {
            let page = json!({"file": path, "opened": shown});
            screen.object("mail.show", json!({"id": email.id, "page": page}))
        }
        Form::Plain => screen.fields([path.display().to_string().as_str()]),
        Form::Human => {
            let line =
                if shown { "opened in the browser" } else { "no browser can be seen from here" };
            let mark = if shown { (Style::Good, "✓") } else { (Style::Warn, "!") };
            let line = format!(" {line}:  {}", path.display());
            screen.answer(&Line::new().with(mark.0, mark.1).text(line))?;
            let note = "Pictures and whatever else a page loads are left out. The file is deleted after a day.";
            screen.say(&Line::new().with(Style::Dim, note));
            Ok(())
        }
    }
}

/// What the daemon gives the cleaned HTML by.
fn safe_html(email: &Email) -> Result<BlobId, Fault> {
    let part = email.html_body.as_deref().and_then(<[_]>::first);
    let why = match part.map(|part| &part.safe_blob_id) {
        Some(Some(id)) => return Ok(id.clone()),
        Some(None) => "is too large to be taken apart",
        None => "has no HTML",
    };
    Err(Fault::new("mail.no_html", format!("{} {why}", email.id)).without_commands().try_command([
        "chapar",
        "mail",
        "show",
        &email.id.0,
    ]))
}

/// The whole page: what the mail says about itself, then its HTML.
fn page(email: &Email, html: &str) -> String {
    let title = escaped(crate::render::mail::titled(email.subject.as_deref()));
    let mut rows = String::new();
    for (name, value) in headers(email) {
        rows.extend(["<tr><th>", name, "<td>", &escaped(&value)]);
    }
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>{title}</title>\
         <style>body{{margin:0;font-family:sans-serif}}\
         header{{padding:.6em 1em;border-bottom:1px solid #999}}\
         th{{text-align:left;font-weight:normal;color:#666;padding-right:1em;vertical-align:top}}\
         article{{padding:1em;overflow:auto;contain:content}}</style></head>\
         <body><header><table>{rows}</table></header>\n<article>\n{html}\n</article></body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let text = clean(text, Lines::One);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The address of a file (RFC 8089).
fn address(path: &Path) -> String {
    let mut address = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                address.push(char::from(*byte));
            }
            other => address.extend(["%".to_owned(), format!("{other:02X}")]),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_nothing_in_markup_but_the_cleaned_html() {
        let email = Email {
            id: EmailId::from("M7"),
            subject: Some("</title><script>x()</script> & \"y\"\u{202e}".to_owned()),
            ..Email::default()
        };
        let page = page(&email, "<p>hello</p>");
        assert!(!page.contains("<script"), "{page}");
        assert!(
            page.contains("&lt;/title&gt;&lt;script&gt;x()&lt;/script&gt; &amp; &quot;y&quot;<")
        );
        assert!(page.contains("\n<p>hello</p>\n"), "{page}");
        let policy = page.find("default-src 'none'").unwrap();
        assert!(policy < page.find("<title>").unwrap(), "the policy comes before what it is for");
    }

    #[test]
    fn a_path_is_an_address() {
        for (path, wanted) in [
            ("/run/user/1000/chapar/opened/M7.html", "file:///run/user/1000/chapar/opened/M7.html"),
            ("/tmp/a b/M7 (2).html", "file:///tmp/a%20b/M7%20%282%29.html"),
            ("/x/é#?%", "file:///x/%C3%A9%23%3F%25"),
        ] {
            assert_eq!(address(Path::new(path)), wanted);
        }
    }
}
