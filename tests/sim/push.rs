//! Push against everything that can befall its link: mail that arrives right after it is told
//! within two minutes, once.

use chapar_tests::sandbox::faults::Kick;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::net::LinkFault;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use std::time::Duration;
use tokio::time::Instant;

/// From the arrival at the server to the word at the client.
const NOTICED: Duration = Duration::from_mins(2);
/// Where the link that replaces a half-open one is half open too.
const TWICE: Duration = Duration::from_mins(3);
/// How finely that is measured.
const GRAIN: Duration = Duration::from_secs(1);
/// The IMAP port of the simulated account.
const PORT: u16 = 993;
/// Offsets in the life of the link, so that no timer is only met at its start.
const AGES: [u64; 6] = [1, 40, 89, 91, 107, 1_499];

/// Delivers a mail to the INBOX; how long until a client is told.
async fn told_after(player: &mut Player, seed: u8) -> Duration {
    let before = player.announced();
    player.play(&Step::Deliver { mailbox: 0, seed }).await;
    let began = Instant::now();
    while player.announced() == before {
        assert!(began.elapsed() < NOTICED * 20, "it is never told");
        tokio::time::sleep(GRAIN).await;
    }
    began.elapsed()
}

/// Lets push live for each of [`AGES`], does `harm` to it, and delivers.
fn is_noticed(name: &str, personality: &Personality, harm: &impl AsyncFn(&mut Player)) {
    is_noticed_within(NOTICED, name, personality, harm);
}

fn is_noticed_within(
    limit: Duration,
    name: &str,
    personality: &Personality,
    harm: &impl AsyncFn(&mut Player),
) {
    run(async {
        let mut player = Player::new(11, personality.clone()).await;
        player.connect().await.unwrap();
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        let (mut longest, mut seed) = (Duration::ZERO, 0);
        for age in AGES {
            player.play(&Step::Wait(Duration::from_secs(age))).await;
            harm(&mut player).await;
            // right away, and again once the link is new
            for _ in 0..2 {
                seed += 1;
                longest = longest.max(told_after(&mut player, seed).await);
            }
        }
        eprintln!("{name}: {seed} mails, told within {} s", longest.as_secs());
        assert!(longest <= limit, "{name}: only after {} s", longest.as_secs());
        tokio::time::sleep(Duration::from_mins(5)).await;
        assert_eq!(player.announced(), usize::from(seed), "{name}: each once");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// Servers with IDLE and without it.
fn personalities() -> [(&'static str, Personality); 2] {
    [("IDLE", Personality::default()), ("poor", Personality::poor())]
}

#[test]
fn a_half_open_link_is_noticed() {
    for (kind, personality) in personalities() {
        is_noticed(&format!("half open, {kind}"), &personality, &async |player: &mut Player| {
            player.world.net.silence_all();
        });
        // and the connection made instead is half open in its login
        let name = format!("half open twice, {kind}");
        is_noticed_within(TWICE, &name, &personality, &async |player: &mut Player| {
            player.world.net.next_on(PORT, LinkFault::SilentAfter(200));
            player.world.provider.faults.kick(Kick::Drop);
        });
    }
}

#[test]
fn a_reset_link_is_noticed() {
    for (kind, personality) in personalities() {
        is_noticed(&format!("reset, {kind}"), &personality, &async |player: &mut Player| {
            player.world.net.reset_all();
        });
        is_noticed(
            &format!("reset in the login, {kind}"),
            &personality,
            &async |player: &mut Player| {
                player.world.net.next_on(PORT, LinkFault::ResetAfter(200));
                player.world.net.reset_all();
            },
        );
    }
}

#[test]
fn after_sleep_and_in_another_network_it_is_noticed() {
    for (kind, personality) in personalities() {
        for hours in [0, 9] {
            let gap = Duration::from_secs(40) + Duration::from_hours(hours);
            is_noticed(
                &format!("slept {hours} h, {kind}"),
                &personality,
                &async |player: &mut Player| {
                    player.play(&Step::Suspend(gap)).await;
                },
            );
        }
        is_noticed(
            &format!("another network, {kind}"),
            &personality,
            &async |player: &mut Player| {
                player.world.change_network();
            },
        );
        is_noticed(&format!("an outage, {kind}"), &personality, &async |player: &mut Player| {
            player.play(&Step::Outage(Duration::from_mins(7))).await;
        });
    }
}

#[test]
fn after_a_restart_of_either_side_it_is_noticed() {
    for (kind, personality) in personalities() {
        is_noticed(
            &format!("server restart, {kind}"),
            &personality,
            &async |player: &mut Player| {
                // gone for a moment: the first connections are refused
                for _ in 0..2 {
                    player.world.net.next_on(PORT, LinkFault::Refuse);
                }
                player.play(&Step::Bye).await;
            },
        );
        is_noticed(&format!("own restart, {kind}"), &personality, &async |player: &mut Player| {
            player.play(&Step::Crash { turns: 2, send: false }).await;
        });
    }
}
