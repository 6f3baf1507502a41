//! What is known before anything is proved: the flags, what was found, what a person said.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use chapar_ipc_protocol::account::Endpoint;
use chapar_ipc_protocol::connect::{AuthKind, OauthWish};
use chapar_ipc_protocol::secret::Secret;
use serde_json::json;

use super::found::{self, Looked, Way};
use crate::args::{ConnectArgs, ServerArgs, SignInArgs};
use crate::ask;
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::screen::{Form, Line, Screen};
use crate::server::{Protocol, Server};
use crate::usage::looks_like_address;

/// Largest file of authorities: a whole trust store is below this.
const CA_LIMIT: u64 = 1 << 20;
/// Largest client secret; those in use have below 100 bytes.
const CLIENT_SECRET_LIMIT: u64 = 4096;

/// What is known of the mailbox.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The address.
    pub(super) email: String,
    /// How to sign in.
    pub(super) auth: AuthKind,
    /// IMAP server, once known; with a sign-in the daemon may know it by the provider.
    pub(super) imap: Option<Endpoint>,
    /// Submission server, likewise.
    pub(super) smtp: Option<Endpoint>,
    /// Login name, when it is not the address.
    pub(super) user: Option<String>,
    /// How to sign in by OAuth.
    pub(super) oauth: Option<OauthWish>,
    /// How the servers were found.
    pub(super) found_by: Option<String>,
    /// What a person has to know before a password works.
    pub(super) password_note: Option<String>,
    /// PEM of the authority.
    pub(super) ca_pem: Option<String>,
}

impl Settings {
    /// What the flags say; the address is asked for.
    pub(super) fn given(screen: &Screen, args: &ConnectArgs) -> Result<Self, Fault> {
        let email = match &args.address {
            Some(address) => address.clone(),
            None => ask::line(screen, "the address", None, "ADDRESS")?,
        };
        check_address(&email)?;
        let wanted = args.sign_in.is_wanted();
        Ok(Self {
            email,
            auth: if wanted { AuthKind::Oauth2 } else { AuthKind::Password },
            imap: args.servers.imap(None)?,
            smtp: args.servers.smtp(None)?,
            user: None,
            oauth: if wanted { Some(sign_in_wish(&args.sign_in)?) } else { None },
            found_by: None,
            password_note: None,
            ca_pem: args.servers.ca_file.as_deref().map(read_authority).transpose()?,
        })
    }

    /// Whether nothing has to be looked for.
    pub(super) fn are_whole(&self) -> bool {
        let named = self.oauth.as_ref().is_some_and(|wish| wish.provider.is_some());
        named || (self.imap.is_some() && self.smtp.is_some())
    }

    /// Whether one server is named: then the other is the person's affair too.
    pub(super) fn are_half(&self) -> bool {
        !self.are_whole() && (self.imap.is_some() || self.smtp.is_some())
    }

    /// Looks for what is missing and asks for what was not found.
    pub(super) fn find(
        &mut self,
        screen: &Screen,
        daemon: &mut Daemon,
        args: &ConnectArgs,
    ) -> Result<(), Fault> {
        let by_password = args.password.are_given();
        let ca_pem = self.ca_pem.as_deref();
        let way = match found::looked_for(screen, daemon, &self.email, ca_pem)? {
            Looked::Found(way) => *way,
            Looked::Nothing { guessed } => {
                return self.ask_for_servers(screen, &args.servers, guessed);
            }
        };
        if self.auth != AuthKind::Oauth2 && (by_password || !way.can_sign_in()) {
            found::confirm(screen, &way, args.change.yes || args.change.dry_run)?;
            self.password_note.clone_from(&way.candidate.password_note);
        } else {
            self.auth = AuthKind::Oauth2;
        }
        self.take(way);
        Ok(())
    }

    fn take(&mut self, way: Way) {
        let candidate = way.candidate;
        if self.auth == AuthKind::Oauth2 {
            let wish = self.oauth.get_or_insert_default();
            if wish.issuer.is_none() && wish.provider.is_none() {
                wish.issuer = candidate.issuer;
                wish.provider = Some(candidate.provider).filter(|key| key != "other");
            }
        }
        self.imap = candidate.imap;
        self.smtp = candidate.smtp;
        self.user = Some(candidate.user).filter(|user| *user != self.email && !user.is_empty());
        self.found_by = Some(candidate.found_by);
    }

    /// Asks for the servers that are not named. The usual names are offered unless they were `tried`.
    pub(super) fn ask_for_servers(
        &mut self,
        screen: &Screen,
        args: &ServerArgs,
        tried: bool,
    ) -> Result<(), Fault> {
        let domain = self.email.rsplit_once('@').map_or("", |(_, domain)| domain);
        if screen.asks {
            screen.say(&Line::of(if tried {
                "Your provider's help pages name the two servers:"
            } else {
                "Ask your provider for the two servers, or press Enter to try the usual names."
            }));
        }
        if self.imap.is_none() {
            let usual = Some(format!("imap.{domain}:993")).filter(|_| !tried);
            let text = ask::line(screen, "  IMAP server", usual.as_deref(), "--imap HOST[:PORT]")?;
            let security = args.imap_security.map(Into::into);
            self.imap = Some(Server::parse(&text, Protocol::Imap)?.endpoint(security));
        }
        if self.smtp.is_none() {
            let imap = self.imap.as_ref().map_or("", |imap| imap.host.as_str());
            let usual = match imap.strip_prefix("imap.") {
                Some(rest) => format!("smtp.{rest}:465"),
                None => format!("{imap}:465"),
            };
            let text = ask::line(screen, "  SMTP server", Some(&usual), "--smtp HOST[:PORT]")?;
            let security = args.smtp_security.map(Into::into);
            self.smtp = Some(Server::parse(&text, Protocol::Smtp)?.endpoint(security));
        }
        Ok(())
    }

    /// What `--dry-run` prints.
    pub(super) fn show(&self, screen: &Screen) -> Result<(), Fault> {
        if screen.form == Form::Json {
            let members = json!({
                "dryRun": true, "email": self.email, "imap": self.imap, "smtp": self.smtp,
                "auth": self.auth, "foundBy": self.found_by,
            });
            return screen.object("connect", members);
        }
        let line = |what: &str, at: &Option<Endpoint>| {
            let place = at.as_ref().map_or_else(
                || "as the provider says".to_owned(),
                |at| format!("{}:{}   {}", at.host, at.port, at.security.word()),
            );
            Line::of(format!("  {what}  {place}"))
        };
        screen.answers(&[
            Line::of(format!("Would prove and save {}:", self.email)),
            line("incoming", &self.imap),
            line("outgoing", &self.smtp),
        ])
    }
}

/// The sign-in that the flags describe.
pub(crate) fn sign_in_wish(args: &SignInArgs) -> Result<OauthWish, Fault> {
    Ok(OauthWish {
        provider: args.provider.clone(),
        issuer: args.issuer.clone(),
        client_id: args.client_id.clone(),
        client_secret: args.client_secret_file.as_deref().map(read_client_secret).transpose()?,
        scopes: Some(args.scopes.clone()).filter(|scopes| !scopes.is_empty()),
        device: args.device.then_some(true),
    })
}

fn read_client_secret(path: &Path) -> Result<Secret, Fault> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(CLIENT_SECRET_LIMIT + 1).read_to_string(&mut text))
        .map_err(|cause| Fault::file(path, &cause))?;
    let secret = text.trim();
    if secret.is_empty()
        || secret.len() as u64 > CLIENT_SECRET_LIMIT
        || secret.contains(['\n', '\0'])
    {
        return Err(Fault::new("input.data", format!("{} holds no client secret", path.display()))
            .without_commands()
            .hint("the file has to contain the secret on one line and nothing else"));
    }
    Ok(Secret::new(secret.to_owned()))
}

/// Refuses what can be no address before anything is dialled; the daemon checks in full.
fn check_address(address: &str) -> Result<(), Fault> {
    let fine = looks_like_address(address)
        && !address.chars().any(crate::hygiene::is_control)
        && !address.contains(['<', '>', ',', ';'])
        && address.rsplit_once('@').is_some_and(|(_, domain)| {
            domain.split('.').all(|label| !label.is_empty()) && !domain.contains(['/', ':', '@'])
        });
    if fine {
        return Ok(());
    }
    Err(Fault::new("input.address", format!("{address:?} is not a mail address"))
        .without_commands()
        .hint("an address is name@domain, such as ana@example.org"))
}

/// Reads authorities in PEM.
pub(crate) fn read_authority(path: &Path) -> Result<String, Fault> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(CA_LIMIT + 1).read_to_string(&mut text))
        .map_err(|cause| Fault::file(path, &cause))?;
    if text.len() as u64 > CA_LIMIT || !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Fault::new(
            "input.data",
            format!("{} holds no certificate in PEM", path.display()),
        )
        .without_commands()
        .hint(
            "it has to contain -----BEGIN CERTIFICATE-----; from DER: openssl x509 -inform der",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_address_is_refused_at_once() {
        for address in ["ana@example.org", "a+b@x.example", "žofie@příklad.example"] {
            assert!(check_address(address).is_ok(), "{address}");
        }
        for address in [
            "",
            "ana",
            "@x",
            "ana@",
            "a b@x",
            "ana@x..y",
            "ana@x\r\nRCPT",
            "<a@x>",
            "a@x,b@y",
            "a@x:1",
        ] {
            assert_eq!(check_address(address).unwrap_err().exit, 65, "{address:?}");
        }
    }
}
