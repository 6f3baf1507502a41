//! The simulated world: virtual time, in-memory network to the sandbox provider, seeded entropy,
//! secrets and desktop in memory. The daemon runs on it unchanged.
//!
//! Everything that happens is a function of the seed: one thread, paused time, no random state.
//! [`trace::Trace`] proves it, byte by byte.

pub mod client;
pub mod clock;
pub mod disk;
pub mod doors;
pub mod internet;
pub mod net;
pub mod oracle;
pub mod player;
pub mod scenario;
pub mod trace;

use crate::sandbox::provider::{Personality, Provider};
use chapar_daemon::world::World;
use chapar_daemon::world::link::LinkWatch;
use clock::SimClock;
use doors::{RecordingDesktop, SecretDrawer, SeededEntropy};
use net::SimNet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use trace::Trace;

/// The simulated provider's host name.
pub const HOST: &str = "mail.sim.test";
/// The simulated issuer's host name.
pub const ISSUER_HOST: &str = "login.sim.test";
/// The wall clock at the start of each simulation: 2026-11-22T12:00:00Z.
pub const EPOCH_SECONDS: i64 = 1_795_348_800;

/// The world and the handles that move it.
pub struct SimWorld {
    /// The doors, as the daemon gets them.
    pub world: World,
    /// The provider behind the network door.
    pub provider: Provider,
    /// Time.
    pub clock: Arc<SimClock>,
    /// The network.
    pub net: Arc<SimNet>,
    /// Stored secrets.
    pub secrets: Arc<SecretDrawer>,
    /// Shown notifications.
    pub desktop: Arc<RecordingDesktop>,
    /// The hash of all that happened.
    pub trace: Trace,
    link: watch::Sender<u64>,
}

impl SimWorld {
    /// Builds a world from `seed`. Call it inside a current-thread runtime with paused time.
    #[must_use]
    pub fn new(seed: u64, personality: Personality) -> Self {
        let trace = Trace::default();
        let clock = Arc::new(SimClock::new(EPOCH_SECONDS));
        let now = Arc::clone(&clock);
        let provider = Provider::with_clock(personality, &[HOST], Arc::new(move || now.seconds()));
        provider.issuer.set_base(&format!("https://{ISSUER_HOST}"));
        let net = Arc::new(SimNet::new(provider.clone(), trace.clone()));
        let secrets = Arc::new(SecretDrawer::default());
        let desktop = Arc::new(RecordingDesktop::new(trace.clone()));
        let link = watch::Sender::new(0);
        let world = World {
            dns: Arc::new(doors::NoDns),
            clock: clock.clone(),
            net: Arc::new(net.door()),
            entropy: Arc::new(SeededEntropy::new(seed)),
            secrets: Arc::new(secrets.door()),
            desktop: desktop.clone(),
            link: LinkWatch(link.subscribe()),
        };
        Self { world, provider, clock, net, secrets, desktop, trace, link }
    }

    /// The machine sleeps for `gap`: timers stand still, time since boot and the wall go on,
    /// connections are dead afterwards, and a resume is hinted.
    pub fn suspend(&self, gap: Duration) {
        self.trace.note(&format!("suspend {}", gap.as_secs()));
        self.clock.suspend(gap);
        self.net.silence_all();
        self.link.send_modify(|count| *count += 1);
    }

    /// The process is killed: its connections end where they are. What is started next gets the
    /// world that is returned; the old one leads nowhere any more.
    pub fn kill(&mut self) {
        self.net.kill();
        self.world.net = Arc::new(self.net.door());
        self.world.secrets = Arc::new(self.secrets.door());
    }

    /// The network changes: open connections go silent, a hint is given.
    pub fn change_network(&self) {
        self.trace.note("network change");
        self.net.silence_all();
        self.link.send_modify(|count| *count += 1);
    }
}

/// Runs `story` in the only kind of runtime that repeats itself: one thread, paused time.
pub fn run<T>(story: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(story)
}
