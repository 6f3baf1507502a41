//! Servers as people type them: `HOST`, `HOST:PORT`, `[IPv6]:PORT`.

use chapar_ipc_protocol::account::{Endpoint, Security};

use crate::args::{ImapSecurity, ServerArgs, SmtpSecurity};
use crate::error::Fault;

/// Longest DNS name (RFC 1035 §2.3.4).
const HOST_LIMIT: usize = 253;

/// Which protocol a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Incoming mail.
    Imap,
    /// Outgoing mail.
    Smtp,
}

impl Protocol {
    fn port(self, security: Security) -> u16 {
        match (self, security) {
            (Self::Imap, Security::Starttls) => 143,
            (Self::Imap, _) => 993,
            (Self::Smtp, Security::Starttls) => 587,
            (Self::Smtp, _) => 465,
        }
    }
}

/// A server as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Name or address.
    pub(crate) host: String,
    port: Option<u16>,
    protocol: Protocol,
}

impl Server {
    /// Reads a server.
    pub(crate) fn parse(text: &str, protocol: Protocol) -> Result<Self, Fault> {
        let refused = |why: &str| {
            Fault::new("input.server", format!("{text:?} is not a server: {why}"))
                .without_commands()
                .hint("a server is HOST or HOST:PORT, such as mail.example.org:993")
        };
        let trimmed = text.trim();
        let (host, port) = if let Some(rest) = trimmed.strip_prefix('[') {
            let (host, tail) = rest.split_once(']').ok_or_else(|| refused("] is missing"))?;
            (host, tail.strip_prefix(':'))
        } else {
            match trimmed.split_once(':') {
                Some((_, tail)) if tail.contains(':') => (trimmed, None),
                Some((host, port)) => (host, Some(port)),
                None => (trimmed, None),
            }
        };
        if host.is_empty() {
            return Err(refused("the host is missing"));
        }
        let fitting = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.len() > HOST_LIMIT || !host.chars().all(fitting) {
            return Err(refused("the host has characters that no host has"));
        }
        let port = match port {
            None => None,
            Some(port) => match port.parse::<u16>() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(refused("the port is a number from 1 to 65535")),
            },
        };
        Ok(Self { host: host.to_owned(), port, protocol })
    }

    /// The endpoint: what was not given follows from the rest.
    pub(crate) fn endpoint(self, security: Option<Security>) -> Endpoint {
        let security = security.unwrap_or(match (self.protocol, self.port) {
            (Protocol::Imap, Some(143)) | (Protocol::Smtp, Some(587 | 25)) => Security::Starttls,
            _ => Security::Tls,
        });
        let port = self.port.unwrap_or_else(|| self.protocol.port(security));
        Endpoint { host: self.host, port, security }
    }
}

impl ServerArgs {
    /// The IMAP server, when a part of it was given; the other parts stay as they were `before`.
    pub(crate) fn imap(&self, before: Option<&Endpoint>) -> Result<Option<Endpoint>, Fault> {
        let security = self.imap_security.map(Into::into);
        endpoint(self.imap.as_deref(), security, before, Protocol::Imap)
    }

    /// The submission server, likewise.
    pub(crate) fn smtp(&self, before: Option<&Endpoint>) -> Result<Option<Endpoint>, Fault> {
        let security = self.smtp_security.map(Into::into);
        endpoint(self.smtp.as_deref(), security, before, Protocol::Smtp)
    }
}

fn endpoint(
    given: Option<&str>,
    security: Option<Security>,
    before: Option<&Endpoint>,
    protocol: Protocol,
) -> Result<Option<Endpoint>, Fault> {
    Ok(match (given, security, before) {
        (Some(text), security, _) => Some(Server::parse(text, protocol)?.endpoint(security)),
        (None, Some(security), Some(before)) => Some(Endpoint { security, ..before.clone() }),
        _ => None,
    })
}

impl From<ImapSecurity> for Security {
    fn from(how: ImapSecurity) -> Self {
        match how {
            ImapSecurity::Tls => Self::Tls,
            ImapSecurity::Starttls => Self::Starttls,
        }
    }
}

impl From<SmtpSecurity> for Security {
    fn from(how: SmtpSecurity) -> Self {
        match how {
            SmtpSecurity::Tls => Self::Tls,
            SmtpSecurity::Starttls => Self::Starttls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_security_follow_from_each_other() {
        for (text, protocol, security, expected) in [
            ("mail.x.example", Protocol::Imap, None, "mail.x.example 993 tls"),
            ("mail.x.example:143", Protocol::Imap, None, "mail.x.example 143 starttls"),
            (
                "mail.x.example",
                Protocol::Imap,
                Some(Security::Starttls),
                "mail.x.example 143 starttls",
            ),
            ("mail.x.example:143", Protocol::Imap, Some(Security::Tls), "mail.x.example 143 tls"),
            ("mail.x.example", Protocol::Smtp, None, "mail.x.example 465 tls"),
            ("mail.x.example:587", Protocol::Smtp, None, "mail.x.example 587 starttls"),
            ("127.0.0.1:10143", Protocol::Imap, None, "127.0.0.1 10143 tls"),
            ("[::1]:993", Protocol::Imap, None, "::1 993 tls"),
            ("::1", Protocol::Imap, None, "::1 993 tls"),
        ] {
            let at = Server::parse(text, protocol).unwrap().endpoint(security);
            assert_eq!(format!("{} {} {}", at.host, at.port, at.security.word()), expected);
        }
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for text in [
            "",
            ":993",
            "mail.x:0",
            "mail.x:65536",
            "mail.x:imap",
            "a b",
            "a\r\nb",
            "http://x",
            "[::1",
            "u@h",
        ] {
            let refused = Server::parse(text, Protocol::Imap);
            assert_eq!(refused.unwrap_err().code, "input.server", "{text:?}");
        }
    }
}
