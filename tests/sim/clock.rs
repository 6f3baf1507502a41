//! Sending on a wall clock that is set: what waits for a length of time does not wait for the old
//! hour to come again, and what waits for an hour is sent at that hour, once.

use chapar_daemon::world::clock::Clock as _;
use chapar_engine::submission::{Filing, Phase};
use chapar_engine::time::Wall;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use std::time::Duration;

/// Who is put off once.
const GREYLISTED: u8 = 3;
/// Back and ahead, by less and by more than anything is ever put off: minutes.
const JUMPS: [i16; 6] = [-3, -180, -3_000, -30_000, 180, 30_000];

async fn living() -> Player {
    let mut player = Player::new(5, Personality::default()).await;
    player.connect().await.unwrap();
    wait(&mut player, Duration::from_mins(5)).await;
    player
}

async fn wait(player: &mut Player, time: Duration) {
    player.play(&Step::Wait(time)).await;
}

/// How often the last submission reached each that it reached.
fn arrivals(player: &Player) -> Vec<u32> {
    let id = player.last_submission().message_id;
    let counts = player.world.provider.ledger.counts();
    let of = counts.into_iter().filter(|((message_id, _), _)| *message_id == id);
    of.map(|(_, count)| u32::try_from(count).unwrap()).collect()
}

#[test]
fn a_retry_does_not_wait_for_the_old_hour() {
    for minutes in JUMPS {
        run(async move {
            let mut player = living().await;
            player.play(&Step::Send { recipient: GREYLISTED }).await;
            wait(&mut player, Duration::from_secs(10)).await;
            assert!(arrivals(&player).is_empty(), "it was put off");
            player.play(&Step::WallJump(minutes)).await;
            wait(&mut player, Duration::from_mins(3)).await;
            let submission = player.last_submission();
            assert_eq!((submission.phase, submission.filing), (Phase::Sent, Filing::Filed));
            assert_eq!(arrivals(&player), [1], "{minutes}");
            player.stop().await;
        });
    }
}

#[test]
fn a_copy_does_not_wait_for_the_old_hour() {
    for minutes in JUMPS {
        run(async move {
            let mut player = living().await;
            let refused =
                Fault::Reply { command: "APPEND".into(), text: "NO [INUSE] Later.".into() };
            player.world.provider.faults.add(Service::Imap, refused, 1);
            player.play(&Step::Send { recipient: 0 }).await;
            wait(&mut player, Duration::from_secs(5)).await;
            let filing = player.last_submission().filing;
            assert!(matches!(filing, Filing::Wanted { .. }), "{filing:?}");
            player.play(&Step::WallJump(minutes)).await;
            wait(&mut player, Duration::from_mins(3)).await;
            assert_eq!(player.last_submission().filing, Filing::Filed, "{minutes}");
            player.stop().await;
        });
    }
}

#[test]
fn a_look_does_not_wait_for_the_old_hour() {
    for minutes in JUMPS {
        run(async move {
            let mut player = living().await;
            player.play(&Step::DotLost).await;
            player.play(&Step::Send { recipient: 0 }).await;
            wait(&mut player, Duration::from_secs(3)).await;
            assert_eq!(player.last_submission().phase, Phase::Unknown);
            player.play(&Step::WallJump(minutes)).await;
            wait(&mut player, Duration::from_mins(15)).await;
            let looks = player.last_submission().search.map(|search| search.looks);
            assert!(looks >= Some(4), "{minutes}: {looks:?} looks");
            assert!(arrivals(&player).is_empty(), "never sent again by itself");
            player.stop().await;
        });
    }
}

/// Sends at `at` and plays `steps`; then it must not have been sent, and must be sent within two
/// minutes of `at` on the clock as it is now, once, whatever the clock does afterwards.
fn is_sent_at_its_hour(hours: u64, steps: Vec<Step>) {
    run(async move {
        let mut player = living().await;
        let at = player.world.clock.wall().after(Duration::from_hours(hours));
        player.schedule(0, at).await;
        for step in &steps {
            player.play(step).await;
            let early = player.world.clock.wall() < at;
            assert!(!early || arrivals(&player).is_empty(), "{step} sent it early");
        }
        let left = at.until_from(player.world.clock.wall());
        wait(&mut player, left + Duration::from_mins(2)).await;
        assert_eq!(arrivals(&player), [1], "{steps:?}");
        for minutes in [-300, 600, -600] {
            player.play(&Step::WallJump(minutes)).await;
            player.play(&Step::Crash { turns: 3, send: false }).await;
            wait(&mut player, Duration::from_hours(12)).await;
        }
        let submission = player.last_submission();
        assert_eq!((submission.phase, submission.filing), (Phase::Sent, Filing::Filed));
        assert_eq!(arrivals(&player), [1], "{steps:?}");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

#[test]
fn a_scheduled_send_goes_out_at_its_hour_once() {
    let hour = Duration::from_hours(1);
    let crash = || Step::Crash { turns: 5, send: false };
    is_sent_at_its_hour(2, vec![]);
    is_sent_at_its_hour(2, vec![Step::Wait(hour), Step::WallJump(-60), Step::Wait(hour)]);
    is_sent_at_its_hour(2, vec![Step::Wait(hour), Step::WallJump(-30_000), crash()]);
    is_sent_at_its_hour(2, vec![Step::Wait(hour), Step::WallJump(45)]);
    is_sent_at_its_hour(2, vec![Step::WallJump(30_000), Step::Wait(hour)]);
    is_sent_at_its_hour(2, vec![Step::Suspend(hour * 3)]);
    is_sent_at_its_hour(2, vec![crash(), Step::Suspend(hour), Step::WallJump(-90), crash()]);
}

#[test]
fn the_hour_comes_while_the_network_is_away() {
    run(async {
        let mut player = living().await;
        let at = player.world.clock.wall().after(Duration::from_mins(30));
        player.schedule(GREYLISTED, at).await;
        player.play(&Step::Outage(Duration::from_hours(1))).await;
        player.play(&Step::WallJump(-240)).await;
        wait(&mut player, Duration::from_mins(10)).await;
        let submission = player.last_submission();
        assert_eq!((submission.phase, submission.send_at), (Phase::Sent, Wall(at.0)));
        assert_eq!(arrivals(&player), [1]);
        player.stop().await;
    });
}
