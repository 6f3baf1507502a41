//! Scenarios on the simulated world: a seed makes the bytes, the bytes make the steps, the oracle
//! judges the end. `CHAPAR_SEED=n` plays one seed, `CHAPAR_SEEDS=n` that many.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that prints its seed")]

use chapar_tests::sandbox::corpus::Dice;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::decode;
use chapar_tests::sim::trace::Trace;

/// Seeds played in the check.
const SEEDS: u64 = 30;
/// Bytes of a scenario: about a dozen steps.
const BYTES: usize = 30;

fn scenario(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed ^ 0x5ce4);
    (0..BYTES).map(|_| (dice.roll() >> 32 & 0xff) as u8).collect()
}

/// Plays one seed; the outcome and the trace.
fn play(seed: u64) -> (Result<(), String>, Trace) {
    let personality = if seed % 4 == 3 { Personality::poor() } else { Personality::default() };
    run(async move {
        let mut player = Player::new(seed, personality);
        let trace = player.world.trace.clone();
        let outcome = if let Err(failure) = player.connect().await {
            Err(format!("connect: {failure:?}"))
        } else {
            for step in decode(&scenario(seed)) {
                player.play(&step).await;
            }
            player.judge().await
        };
        player.stop().await;
        (outcome, trace)
    })
}

#[test]
fn seeds() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seeds = match number("CHAPAR_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("CHAPAR_SEEDS").unwrap_or(SEEDS),
    };
    let mut broken = Vec::new();
    for seed in seeds {
        let (outcome, trace) = play(seed);
        if let Err(reason) = outcome {
            eprintln!("CHAPAR_SEED={seed}: {reason}\n  {}", trace.notes().join("\n  "));
            broken.push(seed);
        }
    }
    assert!(broken.is_empty(), "broken seeds: {broken:?}");
}

#[test]
fn same_seed_same_trace() {
    for seed in [1, 2, 3] {
        let (first, again) = (play(seed).1, play(seed).1);
        assert!(first.len() > 10_000, "hardly anything happened: {} bytes", first.len());
        assert_eq!(first.hash(), again.hash(), "CHAPAR_SEED={seed} does not repeat itself");
    }
    assert_ne!(play(1).1.hash(), play(2).1.hash());
}
