//! The page on loopback, the pasted address and the code for a device are there at one time: any one
//! wins, and the others end with it.

use std::net::TcpStream;

use chapar_tests::rig::process::wait_for;
use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::provider::Personality;

use super::{ADDRESS, ANA, REMOTE, Service, accounts, elsewhere, stage, typed_code};
use crate::stage::Stage;
use crate::terminal::on_terminal;

/// Signs in by `talk` with all three ways open.
fn wins(talk: impl Fn(&Stage) -> Talk) {
    let stage = stage(Personality::default());
    stage.provider.issuer.rule(|rules| rules.interval = 1);
    let words = ["connect", ANA, "--device"];
    let (said, code) = on_terminal(&stage, &words, &talk(&stage), &[REMOTE]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("Signed in as").count(), 1, "{said}");
    assert_eq!(accounts(&stage).len(), 1);
    assert_eq!(stage.provider.issuer.alive(ANA), 1, "one grant and no other");
    let port = said.split("ssh -N -L ").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
    let port: u16 = port.parse().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the page still listens");
    // nobody asks about the code any more: a count that stands still over three intervals
    let polls = || stage.provider.ledger.commands(Service::Issuer).get("POLL").copied();
    let mut last = (polls(), std::time::Instant::now());
    wait_for(std::time::Duration::from_secs(20), "the polling to end", || {
        if polls() != last.0 {
            last = (polls(), std::time::Instant::now());
        }
        (last.1.elapsed().as_secs() >= 3).then_some(())
    });
}

#[test]
fn the_pasted_address() {
    let words = elsewhere();
    wins(|_| Talk::new().pastes(ADDRESS, &words.each_ref().map(String::as_str)));
}

#[test]
fn the_page_on_loopback() {
    let words = elsewhere();
    wins(|_| Talk::new().runs(ADDRESS, &[&words[0], "{}"]));
}

#[test]
fn the_code_for_a_device() {
    wins(typed_code);
}
