//! The usual names, when nobody says anything: TLS from the start first, then STARTTLS, and no
//! other port.

use super::{Proposal, Source, Target};
use crate::account::{Endpoint, Security};

/// Endpoints worth a try, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guesses {
    /// For IMAP.
    pub imap: Vec<Endpoint>,
    /// For submission.
    pub smtp: Vec<Endpoint>,
}

/// What to try for a domain.
#[must_use]
pub fn guesses(domain: &str) -> Guesses {
    let ports = |names: [&str; 3], tls: u16, starttls: u16| {
        let tries = [(tls, Security::Tls), (starttls, Security::StartTls)];
        let of = |(port, security)| {
            names.map(|name| Endpoint { host: name.to_owned(), port, security }).into_iter()
        };
        tries.into_iter().flat_map(of).collect()
    };
    let (imap, smtp, mail) =
        (format!("imap.{domain}"), format!("smtp.{domain}"), format!("mail.{domain}"));
    Guesses {
        imap: ports([&imap, &mail, domain], 993, 143),
        smtp: ports([&smtp, &mail, domain], 465, 587),
    }
}

/// The pair that was found to hold.
#[must_use]
pub fn proposal(imap: &Endpoint, smtp: &Endpoint, target: &Target) -> Proposal {
    Proposal::of(Source::Guess, imap.clone(), smtp.clone(), target.email.clone())
}
