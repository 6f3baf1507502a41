//! What every target shares: a seed, a number of cases, and how a failure names its case.
//!
//! `CHAPAR_FUZZ_SEED=n` plays other cases, `CHAPAR_FUZZ_CASES=n` that many a target, and
//! `CHAPAR_FUZZ_ONLY=n` the one case that a failure named.

use chapar_tests::sandbox::corpus::Dice;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// The seed of the check: the same cases each time.
const SEED: u64 = 20_261_122;
/// What a whole target may add to this process's memory, in KiB.
const GROWTH_KIB: u64 = 192 << 10;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// Plays `cases` cases of the target `name`; each gets dice of its own.
pub(crate) fn run(name: &str, cases: u64, case: impl Fn(&mut Dice)) {
    let seed = number("CHAPAR_FUZZ_SEED").unwrap_or(SEED);
    let cases = number("CHAPAR_FUZZ_CASES").unwrap_or(cases);
    let range = number("CHAPAR_FUZZ_ONLY").map_or(0..cases, |only| only..only + 1);
    let begun = Instant::now();
    let before = high_water();
    for at in range.clone() {
        let mut dice = Dice::new(seed ^ at.wrapping_mul(0xD134_2543_DE82_EF95));
        let played = catch_unwind(AssertUnwindSafe(|| case(&mut dice)));
        if let Err(panic) = played {
            println!("{name}: broken by CHAPAR_FUZZ_SEED={seed} CHAPAR_FUZZ_ONLY={at}");
            resume_unwind(panic);
        }
    }
    let took = begun.elapsed();
    let grown = high_water().saturating_sub(before);
    let played = range.end - range.start;
    println!("{name}: {played} cases, seed {seed}, {:.1} s, {grown} KiB more", took.as_secs_f32());
    assert!(grown < GROWTH_KIB, "{name}: {grown} KiB more");
}

/// The processor time of one case. A busy machine makes a case wait; waiting costs no processor time.
pub(crate) struct Work(Duration);

impl Work {
    /// Begins to count the processor time of this thread.
    pub(crate) fn begin() -> Self {
        Self(thread_time())
    }

    /// The processor time since the beginning.
    pub(crate) fn so_far(&self) -> Duration {
        thread_time().saturating_sub(self.0)
    }

    /// Panics when this thread worked for `limit` or longer since the beginning.
    pub(crate) fn assert_below(&self, limit: Duration, bytes: usize) {
        let took = self.so_far();
        assert!(took < limit, "{bytes} bytes took {took:?} of processor time");
    }
}

fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("processor time is never negative")
}

/// The most memory this process ever had, in KiB.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
