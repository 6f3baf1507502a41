//! From XML to [`Document`]. No document type is read, so no entity can be declared; depth,
//! elements and text are bounded before anything is kept.

use super::{Document, SERVERS, Server};
use crate::account::Security;
use crate::discover::issuer_url;
use crate::provider::Way;
use crate::verdict::Failure;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Elements inside each other: real documents have 5.
const DEPTH: usize = 16;
/// Elements in all: the longest real document has some 250.
const ELEMENTS: usize = 5_000;
/// Bytes of text of one element that are kept; host names and scopes are shorter.
const TEXT_BYTES: usize = 2_048;
/// Scopes kept.
const SCOPES: usize = 32;

/// Reads the document that `from` gave. Fails with `discover.document`.
pub fn read(xml: &str, from: &str) -> Result<Document, Failure> {
    let mut reader = quick_xml::Reader::from_str(xml.trim_start_matches('\u{feff}'));
    reader.config_mut().allow_dangling_amp = true;
    let mut walk = Walk::default();
    loop {
        let event = reader.read_event().map_err(|error| unusable(from, &error.to_string()))?;
        if matches!(event, Event::Eof) {
            break;
        }
        walk.take(&event).map_err(|reason| unusable(from, reason))?;
    }
    match (walk.root, walk.path.is_empty()) {
        (true, true) => Ok(walk.document),
        (true, false) => Err(unusable(from, "it breaks off")),
        (false, _) => Err(unusable(from, STRANGER)),
    }
}

const STRANGER: &str = "it is no autoconfig document";

fn unusable(from: &str, reason: &str) -> Failure {
    let message = format!("what {from} says about the mail servers cannot be used");
    Failure::of("discover.document", message, Some(reason))
}

/// One of the five characters that need no declaration (XML 1.0 §4.6), or a number.
fn reference(name: &BytesRef<'_>) -> Option<char> {
    match &**name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.resolve_char_ref().ok().flatten(),
    }
}

/// Where the reading is.
#[derive(Default)]
struct Walk {
    /// Local names of the open elements.
    path: Vec<String>,
    elements: usize,
    /// The outermost element was `clientConfig`.
    root: bool,
    text: String,
    server: Option<(Kind, Server)>,
    document: Document,
}

enum Kind {
    Imap,
    Smtp,
    Other,
}

impl Walk {
    fn take(&mut self, event: &Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Start(start) => self.open(start)?,
            Event::Empty(start) => {
                self.open(start)?;
                self.close();
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.say(&text.xml10_content()),
            Event::CData(text) => self.say(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let character = reference(name).ok_or("it uses an entity")?;
                self.say(character.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err("it declares a document type"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), &'static str> {
        self.elements += 1;
        if self.path.len() >= DEPTH || self.elements > ELEMENTS {
            return Err("it has too many elements, or too many inside each other");
        }
        let name = start.local_name().as_ref().to_owned();
        if self.path.is_empty() {
            if name != "clientConfig" {
                return Err(STRANGER);
            }
            self.root = true;
        }
        if matches!(name.as_str(), "incomingServer" | "outgoingServer") {
            self.server = Some((kind(&name, start), Server::default()));
        }
        self.path.push(name);
        self.text.clear();
        Ok(())
    }

    fn say(&mut self, text: &str) {
        let room = TEXT_BYTES.saturating_sub(self.text.len());
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(text.get(..end).unwrap_or_default());
    }

    fn close(&mut self) {
        let Some(name) = self.path.pop() else { return };
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        match (parent, name.as_str()) {
            ("incomingServer" | "outgoingServer", field) => {
                if let Some((_, server)) = &mut self.server {
                    set(server, field, text);
                }
            }
            (_, "incomingServer" | "outgoingServer") => self.keep_server(),
            ("oAuth2", "issuer") => self.document.issuer = issuer_url(text),
            ("oAuth2", "scope") => {
                let scopes = text.split_ascii_whitespace().take(SCOPES).map(str::to_owned);
                self.document.scopes = scopes.collect();
            }
            _ => {}
        }
    }

    fn keep_server(&mut self) {
        let (list, server) = match self.server.take() {
            Some((Kind::Imap, server)) => (&mut self.document.imap, server),
            Some((Kind::Smtp, server)) => (&mut self.document.smtp, server),
            Some((Kind::Other, _)) => {
                self.document.others = true;
                return;
            }
            None => return,
        };
        if list.len() < SERVERS {
            list.push(server);
        }
    }
}

fn kind(element: &str, start: &BytesStart<'_>) -> Kind {
    let attribute = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == "type");
    let kind = attribute.map(|attribute| attribute.value.to_ascii_lowercase());
    match (element, kind.as_deref()) {
        ("incomingServer", Some("imap")) => Kind::Imap,
        ("outgoingServer", Some("smtp") | None) => Kind::Smtp,
        _ => Kind::Other,
    }
}

/// One field of a server; the last of several wins, except for ways to sign in.
fn set(server: &mut Server, field: &str, text: &str) {
    match field {
        "hostname" => text.clone_into(&mut server.host),
        "port" => server.port = text.parse().ok().filter(|port| *port > 0),
        "socketType" => {
            server.security = match text.to_ascii_uppercase().as_str() {
                "SSL" | "TLS" => Some(Security::Tls),
                "STARTTLS" => Some(Security::StartTls),
                _ => None,
            };
        }
        "username" => text.clone_into(&mut server.user),
        "authentication" => {
            let way = way(text).filter(|way| !server.ways.contains(way));
            server.ways.extend(way);
        }
        _ => {}
    }
}

fn way(word: &str) -> Option<Way> {
    match word.to_ascii_lowercase().as_str() {
        "oauth2" | "xoauth2" => Some(Way::Oauth2),
        // inside TLS there is nothing that an encrypted password would add
        "password-cleartext" | "plain" | "password-encrypted" | "secure" => Some(Way::Password),
        _ => None,
    }
}
