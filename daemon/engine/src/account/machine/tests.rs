use super::*;
use crate::testing::Xorshift;

fn at(seconds: u64) -> Boot {
    Boot(Duration::from_secs(seconds))
}

fn fail(code: &'static str) -> Failure {
    Failure::of(code, "could not", None)
}

/// A started machine whose sync ended and whose watch stands at second 10.
fn live() -> Machine {
    let mut machine = Machine::new();
    assert_eq!(
        machine.apply(at(0), Input::Start { paused: false }, 0),
        [Action::RunSync, Action::RunWatch, Action::Enter(State::Connecting)]
    );
    assert_eq!(
        machine.apply(at(1), Input::SyncStarted { initial: true }, 0),
        [Action::Enter(State::Syncing)]
    );
    assert_eq!(machine.apply(at(2), Input::WatchUp, 0), []);
    // the watch came up while the sync ran: one more look
    assert_eq!(
        machine.apply(at(9), Input::SyncEnded(Ok(())), 0),
        [Action::RunSync, Action::Enter(State::Live)]
    );
    assert_eq!(machine.apply(at(10), Input::SyncEnded(Ok(())), 0), [Action::ArmTimer(at(310))]);
    machine
}

#[test]
fn hints_run_a_sync_and_hints_during_it_run_one_more() {
    let mut machine = live();
    assert_eq!(machine.apply(at(20), Input::Hint, 0), [Action::RunSync]);
    assert_eq!(machine.apply(at(21), Input::Hint, 0), []);
    assert_eq!(machine.apply(at(21), Input::Hint, 0), []);
    assert_eq!(machine.apply(at(22), Input::SyncEnded(Ok(())), 0), [Action::RunSync]);
    assert_eq!(machine.apply(at(23), Input::SyncEnded(Ok(())), 0), [Action::ArmTimer(at(323))]);
    assert_eq!(machine.apply(at(323), Input::Timer, 0), [Action::RunSync]);
}

#[test]
fn a_lost_link_goes_offline_and_the_moved_link_brings_it_back() {
    let mut machine = live();
    let actions = machine.apply(at(50), Input::WatchLost(fail("net.lost")), 0);
    assert!(
        matches!(
            actions[..],
            [
                Action::SetHealth(_),
                Action::ArmTimer(_),
                Action::Enter(State::Offline | State::Connecting)
            ]
        ),
        "{actions:?}"
    );
    assert_eq!(machine.state(), State::Offline);
    let actions = machine.apply(at(51), Input::LinkMoved, 0);
    assert_eq!(actions[0], Action::RunWatch, "no dial since the failure: at once");
    let _ = machine.apply(at(51), Input::WatchLost(fail("net.unreachable")), 0);
    let actions = machine.apply(at(51), Input::LinkMoved, 0);
    assert!(!actions.contains(&Action::RunWatch), "within two seconds of the last dial");
    assert_eq!(machine.timer(), Some(at(53)));
    assert_eq!(machine.apply(at(53), Input::Timer, 0)[0], Action::RunWatch);
    let actions = machine.apply(at(54), Input::WatchUp, 0);
    assert_eq!(actions, [Action::RunSync, Action::ClearHealth, Action::Enter(State::Live)]);
    assert_eq!(machine.apply(at(60), Input::LinkMoved, 0), [Action::Probe]);
}

#[test]
fn a_refused_password_is_confirmed_once_and_then_stops_everything() {
    let mut machine = Machine::new();
    let _ = machine.apply(at(0), Input::Start { paused: false }, 0);
    let _ = machine.apply(at(1), Input::SyncEnded(Err(fail("imap.auth"))), 0);
    assert_eq!(machine.state(), State::Offline);
    let actions = machine.apply(at(2), Input::WatchLost(fail("imap.auth")), 0);
    assert_eq!(actions, [Action::StopSync, Action::Enter(State::AuthExpired)]);
    for input in [Input::Timer, Input::LinkMoved, Input::Hint] {
        assert_eq!(machine.apply(at(9_999), input, 0), []);
    }
    let actions = machine.apply(at(10_000), Input::SettingsChanged { paused: false }, 0);
    assert_eq!(actions[..2], [Action::RunSync, Action::RunWatch]);
    let actions = machine.apply(at(10_001), Input::SettingsChanged { paused: false }, 0);
    assert_eq!(actions[..2], [Action::StopSync, Action::StopWatch], "each is stopped once");
}

#[test]
fn a_single_refusal_between_successes_is_forgotten() {
    let mut machine = live();
    for round in 1..5 {
        let _ = machine.apply(at(round * 1000), Input::WatchLost(fail("imap.auth")), 0);
        let _ = machine.apply(at(round * 1000 + 60), Input::Timer, 0);
        let _ = machine.apply(at(round * 1000 + 61), Input::WatchUp, 0);
        assert_ne!(machine.state(), State::AuthExpired);
    }
}

#[test]
fn a_wrong_certificate_stops_at_once_and_sync_now_tries_again() {
    let mut machine = live();
    let actions = machine.apply(at(50), Input::WatchLost(fail("tls.expired")), 0);
    assert_eq!(actions[1..], [Action::StopSync, Action::Enter(State::SettingsWrong)]);
    assert_eq!(machine.timer(), None);
    let actions = machine.apply(at(60), Input::SyncNow, 0);
    assert_eq!(
        actions,
        [Action::RunSync, Action::RunWatch, Action::ClearHealth, Action::Enter(State::Connecting)]
    );
}

#[test]
fn a_throttle_waits_as_long_as_asked() {
    let mut machine = live();
    let mut failure = fail("imap.throttled");
    failure.verdict = Verdict::Throttled(Some(Duration::from_mins(15)));
    let _ = machine.apply(at(50), Input::WatchLost(failure), 0);
    assert_eq!(machine.state(), State::Throttled);
    // the poll of the mailboxes is due sooner, the push session is not
    let _ = machine.apply(at(100), Input::LinkMoved, 0);
    assert_eq!(machine.watch.due, Some(at(950)));
}

#[test]
fn pause_stops_everything() {
    let mut machine = live();
    let actions = machine.apply(at(50), Input::SettingsChanged { paused: true }, 0);
    assert_eq!(actions, [Action::StopSync, Action::StopWatch, Action::Enter(State::Paused)]);
    for input in [Input::Timer, Input::LinkMoved, Input::Hint, Input::SyncNow] {
        assert_eq!(machine.apply(at(60), input, 0), []);
    }
}

#[test]
fn a_grant_that_is_over_is_told_at_once_and_what_stands_brings_mail() {
    let over = fail("oauth.expired");
    let mut machine = live();
    let actions = machine.apply(at(50), Input::GrantOver(over.clone()), 0);
    assert_eq!(actions, [Action::SetHealth(over.clone()), Action::Enter(State::AuthExpired)]);
    assert_eq!(machine.apply(at(51), Input::GrantOver(over), 0), [], "told once");
    assert_eq!(machine.apply(at(60), Input::Hint, 0), [Action::RunSync]);
    let actions = machine.apply(at(61), Input::SyncEnded(Ok(())), 0);
    assert_eq!(actions, [Action::ArmTimer(at(361))], "still blocked");
    assert_eq!(machine.apply(at(70), Input::SyncNow, 0), [Action::RunSync], "one sync, no dial");
    let _ = machine.apply(at(71), Input::SyncEnded(Ok(())), 0);
    // the server ends the session: nothing is dialled, and the reason stays
    let actions = machine.apply(at(80), Input::WatchLost(fail("net.lost")), 0);
    assert_eq!(actions, [Action::StopSync]);
    assert_eq!(machine.state(), State::AuthExpired);
    assert_eq!(machine.health().map(|health| health.code), Some("oauth.expired"));
    assert_eq!(machine.apply(at(9_999), Input::Timer, 0), []);
}

#[test]
fn what_fails_on_a_grant_that_is_over_ends_it_all() {
    let mut machine = live();
    let _ = machine.apply(at(50), Input::GrantOver(fail("oauth.expired")), 0);
    let _ = machine.apply(at(60), Input::Hint, 0);
    let actions = machine.apply(at(61), Input::SyncEnded(Err(fail("oauth.expired"))), 0);
    assert_eq!(
        actions,
        [Action::StopSync, Action::StopWatch],
        "push without sync would bring nothing"
    );
    assert_eq!(machine.timer(), None);
}

#[test]
fn a_grant_that_is_over_stops_what_does_not_stand() {
    let mut machine = Machine::new();
    let _ = machine.apply(at(0), Input::Start { paused: false }, 0);
    let actions = machine.apply(at(1), Input::GrantOver(fail("oauth.expired")), 0);
    assert_eq!(actions[1..3], [Action::StopSync, Action::StopWatch]);
    assert_eq!(actions[3], Action::Enter(State::AuthExpired));
    let actions = machine.apply(at(2), Input::GrantHolds, 0);
    assert_eq!(actions[..2], [Action::RunSync, Action::RunWatch], "it holds after all");
}

#[test]
fn a_new_login_mends_a_grant_that_was_over() {
    for input in [Input::WatchUp, Input::GrantHolds] {
        let mut machine = live();
        let _ = machine.apply(at(50), Input::GrantOver(fail("oauth.expired")), 0);
        let actions = machine.apply(at(60), input, 0);
        assert!(actions.ends_with(&[Action::ClearHealth, Action::Enter(State::Live)]));
        let actions = machine.apply(at(70), Input::WatchLost(fail("net.lost")), 0);
        assert!(matches!(actions[0], Action::SetHealth(_)), "failures count again: {actions:?}");
    }
}

#[test]
fn a_paused_account_is_not_told_of_its_grant() {
    let mut machine = live();
    let _ = machine.apply(at(50), Input::SettingsChanged { paused: true }, 0);
    assert_eq!(machine.apply(at(60), Input::GrantOver(fail("oauth.expired")), 0), []);
    let actions = machine.apply(at(70), Input::SettingsChanged { paused: false }, 0);
    assert_eq!(actions[..2], [Action::RunSync, Action::RunWatch]);
}

/// What the world outside does with the actions.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of the workers")]
struct Shell {
    /// A pass runs.
    sync: bool,
    /// The sync worker has not been stopped.
    held: bool,
    watch: bool,
    watch_up: bool,
    timer: Option<Boot>,
    dials: Vec<Boot>,
}

impl Shell {
    fn perform(&mut self, now: Boot, action: &Action) {
        match action {
            Action::RunSync => {
                assert!(!std::mem::replace(&mut self.sync, true), "two syncs");
                self.held = true;
            }
            Action::StopSync => {
                assert!(std::mem::take(&mut self.held), "stopped nothing");
                self.sync = false;
            }
            Action::RunWatch => {
                assert!(!std::mem::replace(&mut self.watch, true), "two watches");
                self.dials.push(now);
            }
            Action::StopWatch => {
                assert!(std::mem::take(&mut self.watch), "stopped nothing");
                self.watch_up = false;
            }
            Action::Probe => assert!(self.watch_up, "probed nothing"),
            Action::ArmTimer(at) => {
                assert!(*at > now, "a timer in the past");
                self.timer = Some(*at);
            }
            Action::Enter(_) | Action::SetHealth(_) | Action::ClearHealth => {}
        }
    }

    /// An input that can happen in this world.
    fn input(&mut self, random: &mut Xorshift) -> Input {
        const CODES: [&str; 8] = [
            "net.lost",
            "net.timeout",
            "imap.auth",
            "tls.expired",
            "imap.throttled",
            "imap.refused",
            "net.refused",
            "imap.unavailable",
        ];
        loop {
            let kinds = if random.one_in(4) { 8 } else { 2 };
            let failure = fail(CODES[random.below(kinds)]);
            match random.below(16) {
                0 if random.one_in(10) => {
                    return Input::SettingsChanged { paused: random.one_in(3) };
                }
                1 if self.sync => {
                    return Input::SyncStarted { initial: random.one_in(2) };
                }
                2 if self.sync => {
                    self.sync = false;
                    return Input::SyncEnded(Ok(()));
                }
                3 if self.sync => {
                    self.sync = false;
                    return Input::SyncEnded(Err(failure));
                }
                4 | 5 if self.watch && !self.watch_up => {
                    self.watch_up = true;
                    return Input::WatchUp;
                }
                6 if self.watch => {
                    self.watch = false;
                    self.watch_up = false;
                    return Input::WatchLost(failure);
                }
                7 if self.watch_up => return Input::Hint,
                8 | 9 => return Input::LinkMoved,
                10 if random.one_in(5) => return Input::SyncNow,
                14 if random.one_in(5) => return Input::GrantOver(fail("oauth.expired")),
                15 if random.one_in(5) => return Input::GrantHolds,
                11.. if self.timer.is_some() => return Input::Timer,
                _ => {}
            }
        }
    }
}

#[test]
fn random_walks_keep_every_promise() {
    for seed in 0..300 {
        let mut random = Xorshift::new(seed);
        let (mut machine, mut shell) = (Machine::new(), Shell::default());
        let mut now = at(1_000);
        for action in machine.apply(now, Input::Start { paused: random.one_in(5) }, random.next()) {
            shell.perform(now, &action);
        }
        for _ in 0..400 {
            now = now.after(Duration::from_millis(random.below(3_000) as u64));
            let input = shell.input(&mut random);
            if input == Input::Timer {
                now = now.max(shell.timer.take().unwrap());
            }
            for action in machine.apply(now, input, random.next()) {
                shell.perform(now, &action);
            }
            let quiet = !machine.lingers
                && matches!(
                    machine.state(),
                    State::Paused | State::AuthExpired | State::SettingsWrong
                );
            assert!(!machine.lingers || shell.watch_up, "nothing is left that could linger");
            assert!(!quiet || !(shell.held || shell.watch), "connected in {:?}", machine.state());
            assert!(quiet || shell.sync || machine.timer().is_some(), "asleep for ever");
            assert!(quiet || shell.sync || machine.timer() == shell.timer, "the timer was lost");
            assert_eq!((machine.sync.running, machine.watch.running), (shell.sync, shell.watch));
            assert!(machine.state() != State::Live || shell.watch_up);
        }
    }
}

#[test]
fn a_flapping_link_dials_at_most_ten_times_a_minute() {
    let (mut machine, mut shell) = (Machine::new(), Shell::default());
    let mut step = |machine: &mut Machine, now, input| {
        for action in machine.apply(now, input, 0) {
            shell.perform(now, &action);
            match action {
                Action::RunSync => shell.sync = false,
                Action::RunWatch => shell.watch = false,
                _ => {}
            }
        }
        shell.dials.len()
    };
    step(&mut machine, at(0), Input::Start { paused: false });
    for half in 0..1_200 {
        let now = Boot(Duration::from_millis(500 * half));
        step(&mut machine, now, Input::SyncEnded(Err(fail("net.lost"))));
        step(&mut machine, now, Input::WatchLost(fail("net.lost")));
        step(&mut machine, now, Input::LinkMoved);
    }
    let dials = step(&mut machine, at(600), Input::Timer);
    assert!((20..=102).contains(&dials), "{dials} dials in ten minutes");
}
