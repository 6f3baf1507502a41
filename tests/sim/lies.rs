//! Lives in which the server gives one answer that is not the true one: late, twice, in another
//! order, cut, refused, without a part of it, or wrong. Whatever it is, the mirror ends equal to the
//! server, by itself. `CHAPAR_LIVES=n` plays that many, `CHAPAR_LIFE=n` one of them.

use chapar_tests::sandbox::corpus::Dice;
use chapar_tests::sandbox::imap::lie::Lie;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use std::time::Duration;

/// Lives played in the check.
const LIVES: u64 = 120;
/// Mails at the start, over all mailboxes.
const MAILS: usize = 18;
/// Answers to look at mail in such a life, about.
const ANSWERS: usize = 90;
/// Within this most are mended: a look at everything comes round every five minutes.
const SOON: Duration = Duration::from_mins(40);
/// Within this all are: the UIDs are compared every day.
const AT_LAST: Duration = Duration::from_hours(26);

fn lie(dice: &mut Dice) -> Lie {
    let mut next = |below: usize| usize::try_from(dice.roll() >> 20).unwrap() % below;
    let at = next(40);
    match next(16) {
        0 => Lie::LeavesAll,
        1..=3 => Lie::Leaves(at),
        4 => Lie::Repeats(at),
        5 => Lie::Swaps(at),
        6 | 7 => Lie::Late(at),
        8 => Lie::Refuses(["NO [UNAVAILABLE] Later.", "BAD What?", "NO [SERVERBUG] Oops."][at % 3]),
        9 => Lie::Bye,
        10 => Lie::Cuts(at * 37),
        11 => Lie::Silent(at * 37),
        12 => Lie::Waits(Duration::from_secs(20 + 3 * at as u64)),
        13 => Lie::Omits(at),
        14 => Lie::Strips(at),
        _ => Lie::Miscounts(at % 2 == 0),
    }
}

/// One life; after how long the mirror was equal, or why it never was.
fn live(number: u64) -> Result<Duration, String> {
    run(async move {
        let mut dice = Dice::new(number ^ 0x11e5);
        let personality = match number % 3 {
            0 => Personality::poor(),
            1 => Personality::default(),
            _ => Personality { files_sent: true, ..Personality::default() },
        };
        let mut player = Player::with_mails(number, personality, MAILS).await;
        let told = lie(&mut dice);
        let after = u32::try_from(dice.below(ANSWERS)).unwrap();
        player.world.provider.faults.lie(after, told.clone());
        let mut connected = player.connect().await;
        for _ in 0..2 {
            // whoever is refused tries again
            if connected.is_err() {
                connected = player.connect().await;
            }
        }
        connected.map_err(|failure| format!("{told:?}: no account: {failure:?}"))?;
        for round in 0..4_u8 {
            happen(&mut player, &mut dice, round).await;
        }
        let ended = player.ended_equal([SOON, AT_LAST]).await;
        let has_lied = player.world.provider.faults.has_lied();
        player.stop().await;
        ended.map_err(|why| format!("{told:?} after {after} answers (told: {has_lied}): {why}"))
    })
}

/// Some minutes of a mailbox.
async fn happen(player: &mut Player, dice: &mut Dice, round: u8) {
    let mut byte = || u8::try_from(dice.roll() >> 20 & 0xff).unwrap();
    let mut steps = vec![
        Step::Wait(Duration::from_secs(u64::from(byte()) + 1)),
        Step::Deliver { mailbox: 0, seed: byte() },
        Step::Deliver { mailbox: 0, seed: byte() },
        Step::Deliver { mailbox: byte(), seed: byte() },
        Step::Wait(Duration::from_secs(u64::from(byte()))),
        Step::Flag { mailbox: byte(), nth: byte(), flags: byte() },
        Step::Expunge { mailbox: byte(), nth: byte() },
    ];
    if round == 2 && byte() % 2 == 0 {
        steps.push(Step::NewValidity { mailbox: byte() });
    }
    for step in steps {
        player.play(&step).await;
    }
}

#[test]
fn whatever_one_answer_says_the_mirror_ends_equal() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let lives: Vec<u64> = match number("CHAPAR_LIFE") {
        Some(one) => vec![one],
        None => (1..=number("CHAPAR_LIVES").unwrap_or(LIVES)).collect(),
    };
    let (mut late, mut broken) = (0, Vec::new());
    for life in &lives {
        match live(*life) {
            Ok(took) => late += u64::from(took > SOON),
            Err(why) => {
                eprintln!("CHAPAR_LIFE={life}: {why}");
                broken.push(*life);
            }
        }
    }
    eprintln!(
        "{} lives, {} not equal, {late} mended by the daily proof",
        lives.len(),
        broken.len()
    );
    assert!(broken.is_empty(), "lives that did not end equal: {broken:?}");
}
