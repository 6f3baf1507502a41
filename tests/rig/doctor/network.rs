//! The way to the servers: names, routes, a firewall.

use std::fs;

use chapar_tests::rig::authority::Kind;
use rustix::process::Signal;

use super::{Clinic, tool};

/// The incoming server's name in the DNS of this box.
pub(super) const NAME: &str = "imap.clinic.example";
/// Where it is, as seen from here: a documentation address (RFC 5737) that is nobody's.
const PLACE: &str = "203.0.113.20";

pub(super) fn all(clinic: &Clinic<'_>) {
    names(clinic);
    routes(clinic);
    firewalls(clinic);
}

/// From now on these are the records.
pub(super) fn publish(clinic: &Clinic<'_>, records: &str) {
    fs::write(&clinic.hosts, records).unwrap();
    clinic.names.signal(Signal::HUP);
}

fn names(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    dovecot.present(&rig.authority.identity_for(Kind::Good, &[NAME, "localhost"]));
    publish(clinic, &format!("127.0.0.1 {NAME}\n"));
    let imap = format!("{NAME}:{}", dovecot.ports.imaps);

    // taken out of the zone
    let patient = clinic.admit_at(&imap, &rig.smtps(), &[]);
    publish(clinic, "");
    let found = patient.finds("dns", "net.unknown_host", "you");
    found.asks(home, "spelling");
    publish(clinic, &format!("127.0.0.1 {NAME}\n"));
    found.then_sync(home);
    patient.is_cured(&found);

    // under another name now
    let patient = clinic.admit_at(&imap, &rig.smtps(), &[]);
    publish(clinic, "");
    let found = patient.finds("dns", "net.unknown_host", "you");
    let (imap, smtp) = (clinic.imaps(), rig.smtps());
    found.follow(home, "chapar account update", &[("HOST", &imap), ("HOST", &smtp)], None);
    patient.is_cured(&found);
    publish(clinic, &format!("127.0.0.1 {NAME}\n"));

    // nobody answers for the zone
    let imap = format!("{NAME}:{}", dovecot.ports.imaps);
    let patient = clinic.admit_at(&imap, &rig.smtps(), &[]);
    clinic.names.signal(Signal::STOP);
    let found = patient.finds("dns", "net.timeout", "nobody");
    found.asks(home, "it is tried again by itself");
    clinic.names.signal(Signal::CONT);
    found.then_sync(home);
    patient.is_cured(&found);
}

/// The address of the server is on no network that this machine is on.
fn routes(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    let port = dovecot.ports.imaps;
    // Dovecot listens on 127.0.0.1 alone
    let way = format!(
        "table ip place {{ chain out {{ type nat hook output priority -100 ; ip daddr {PLACE} tcp \
         dport {port} dnat to 127.0.0.1:{port} ; }} ; }}"
    );
    tool(&["nft", &way]);
    let cable = |does: &str| {
        drop(tool(&["ip", "addr", does, &format!("{PLACE}/32"), "dev", "lo"]));
    };
    cable("add");
    publish(clinic, &format!("{PLACE} {NAME}\n"));
    let patient = clinic.admit_at(&format!("{NAME}:{port}"), &rig.smtps(), &[]);
    cable("del");
    let found = patient.finds("tcp", "net.unreachable", "nobody");
    found.asks(home, "whether this machine is online");
    cable("add");
    found.then_sync(home);
    patient.is_cured(&found);
    tool(&["nft", "delete", "table", "ip", "place"]);
    cable("del");
    dovecot.present(&rig.authority.identity(Kind::Good));
}

/// A firewall that swallows, and one that refuses.
fn firewalls(clinic: &Clinic<'_>) {
    let Clinic { rig, home, dovecot, .. } = clinic;
    for (port, verdict, what, code, who, act) in [
        (dovecot.ports.imaps, "drop", "tcp", "net.timeout", "nobody", "firewall"),
        (
            rig.postfix.ports.smtps,
            "reject with tcp reset",
            "smtp",
            "net.refused",
            "provider",
            "port",
        ),
        (rig.postfix.ports.smtps, "drop", "smtp", "net.timeout", "nobody", "another network"),
    ] {
        let patient = clinic.admit();
        let wall = Wall::build(port, verdict);
        let found = patient.finds(what, code, who);
        found.asks(home, act);
        drop(wall);
        found.then_sync(home);
        patient.is_cured(&found);
    }
}

/// Stands between this machine and a port until dropped.
pub(super) struct Wall;

impl Wall {
    pub(super) fn build(port: u16, verdict: &str) -> Self {
        let rule = format!(
            "table inet wall {{ chain in {{ type filter hook input priority 0 ; tcp dport {port} {verdict} ; }} ; }}"
        );
        tool(&["nft", &rule]);
        Self
    }
}

impl Drop for Wall {
    fn drop(&mut self) {
        tool(&["nft", "delete", "table", "inet", "wall"]);
    }
}
