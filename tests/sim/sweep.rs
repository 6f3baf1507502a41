//! A submission whose connection ends at every byte of its protocol, in both directions, by FIN, by
//! RST and by silence: never sent twice, never lost, of unknown fate only once the final dot may
//! have been on the wire, and settled by looking where the provider files sent mail by itself.

use chapar_engine::submission::{Delivery, Phase};
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sandbox::proxy::{Cut, Direction, Plan};
use chapar_tests::sim::net::LinkFault;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The submission port of the simulated account.
const PORT: u16 = 465;
/// Without `CHAPAR_SWEEP=full`, cuts lie this far apart, at other bytes for FIN than for RST.
const CUT_EVERY: u64 = 8;
/// Silence ends by the product's own deadlines, which takes virtual half hours: every so many bytes.
const SILENT_EVERY: u64 = 40;
/// After a cut: the first retry comes within 72 s, the first looks within 35 s.
const AFTER_CUT: Duration = Duration::from_secs(80);
/// After silence: RFC 5321 allows ten minutes for the final reply.
const AFTER_SILENCE: Duration = Duration::from_mins(30);

#[derive(Debug, Default)]
struct Tally {
    sends: usize,
    lost: usize,
    twice: usize,
    retried: usize,
    unknown: usize,
    settled: usize,
}

/// Sends one message undisturbed; the bytes of its connection each way.
async fn record(player: &mut Player) -> [u64; 2] {
    player.play(&Step::Send { recipient: 0 }).await;
    player.play(&Step::Wait(AFTER_CUT)).await;
    let record = player.world.net.last_on(PORT).expect("a submission was made");
    [record.up.load(Ordering::SeqCst), record.down.load(Ordering::SeqCst)]
}

/// Sends one message whose connection suffers `plan`, waits for its end and judges it.
async fn suffer(player: &mut Player, plan: Plan, tally: &mut Tally) {
    player.world.net.next_on(PORT, LinkFault::Cut(plan));
    player.play(&Step::Send { recipient: 0 }).await;
    player.play(&Step::Wait(Duration::from_secs(1))).await;
    let first = player.world.net.last_on(PORT).expect("a submission was begun");
    player.play(&Step::Wait(if plan.cut == Cut::Stall { AFTER_SILENCE } else { AFTER_CUT })).await;
    let submission = player.last_submission();
    let counts = player.world.provider.ledger.counts();
    let recipient = &submission.recipients[0];
    let key = (submission.message_id.clone(), recipient.email.clone());
    let copies = counts.get(&key).copied().unwrap_or(0);
    // what a retry or a look cleared up is judged too: what the first connection had tried to write
    let dot_began = first.tried.lock().unwrap().windows(5).any(|bytes| bytes == b"\r\n.\r\n");
    tally.sends += 1;
    tally.twice += usize::from(copies > 1);
    tally.retried += usize::from(submission.attempts > 1);
    match submission.phase {
        Phase::Sent => {
            tally.lost += usize::from(copies == 0);
            let found = matches!(&recipient.delivery, Delivery::Accepted { reply } if reply == "found in Sent");
            tally.settled += usize::from(found);
            assert!(!found || dot_began, "{plan:?}: looked for, but the final dot was not tried");
        }
        Phase::Unknown => {
            tally.unknown += 1;
            assert!(dot_began, "{plan:?}: of unknown fate before the final dot");
            let filed = player.world.provider.personality.files_sent && copies > 0;
            assert!(!filed, "{plan:?}: it lies in Sent and was not found");
        }
        other => panic!("{plan:?}: ended as {other:?} with {copies} copies"),
    }
}

/// Every byte of both directions.
fn sweep(personality: Personality, cut: Cut, first: u64, every: u64) -> Tally {
    run(async move {
        let mut player = Player::new(3, personality).await;
        player.connect().await.unwrap();
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        let [up, down] = record(&mut player).await;
        assert!(up > 400 && down > 200, "the whole submission: {up} and {down} bytes");
        let mut tally = Tally::default();
        for (direction, bytes) in [(Direction::ToServer, up), (Direction::ToClient, down)] {
            for at in (first..bytes).filter(|at| (at - first).is_multiple_of(every)) {
                suffer(&mut player, Plan { direction, at, cut }, &mut tally).await;
            }
        }
        player.stop().await;
        tally
    })
}

#[test]
fn a_submission_cut_at_every_byte_arrives_once() {
    let full = std::env::var("CHAPAR_SWEEP").is_ok_and(|how| how == "full");
    let (cut_every, silent_every) = if full { (1, 16) } else { (CUT_EVERY, SILENT_EVERY) };
    let files_sent = Personality { files_sent: true, ..Personality::default() };
    let sweeps: Vec<_> = [
        (Personality::default(), Cut::Fin, 0, cut_every),
        (files_sent.clone(), Cut::Rst, cut_every / 2, cut_every),
        (Personality::poor(), Cut::Stall, 0, silent_every),
        (files_sent, Cut::Stall, 0, silent_every),
    ]
    .into_iter()
    .map(|(personality, cut, first, every)| {
        let files_sent = personality.files_sent;
        (files_sent, cut, std::thread::spawn(move || sweep(personality, cut, first, every)))
    })
    .collect();
    for (files_sent, cut, sweep) in sweeps {
        let tally = sweep.join().unwrap();
        eprintln!(
            "{cut:?}, provider files sent mail: {files_sent}: sends={} lost={} twice={} retried={} \
             unknown={} settled={}",
            tally.sends, tally.lost, tally.twice, tally.retried, tally.unknown, tally.settled
        );
        assert_eq!((tally.lost, tally.twice), (0, 0), "{cut:?}");
        assert!(tally.retried > 0 && tally.unknown + tally.settled > 0, "{cut:?}: nothing was cut");
    }
}
