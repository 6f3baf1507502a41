use super::*;
use crate::testing::Xorshift;

const START: Boot = Boot(Duration::from_secs(1_000));

fn at(seconds: u64) -> Boot {
    START.after(Duration::from_secs(seconds))
}

fn renewal(name: &str, life: Option<u64>) -> Renewal {
    Renewal { access: Secret::new(name.into()), life: life.map(Duration::from_secs), refresh: None }
}

fn value(due: Due) -> String {
    match due {
        Due::Use(token) => token.value.expose().to_owned(),
        other => panic!("a token was due: {other:?}"),
    }
}

fn passing() -> Failure {
    Failure::of("oauth.unavailable", "x", None)
}

/// A machine with a first token of that life.
fn with(life: Option<u64>, entropy: u64) -> Grants {
    let mut grants = Grants::new();
    assert!(matches!(grants.ask(START, Duration::ZERO), Due::Refresh));
    assert_eq!(grants.state(START), State::Refreshing);
    grants.renewed(START, renewal("one", life), entropy);
    assert_eq!(grants.state(START), State::Fresh);
    grants
}

#[test]
fn renewed_ahead_of_the_end_and_never_all_at_once() {
    let mut random = Xorshift::new(3);
    for (life, earliest, latest) in [
        (30, 17, 20),
        (60, 34, 40),
        (600, 340, 400),
        (900, 540, 600),
        (3600, 3240, 3300),
        (5400, 5040, 5100),
    ] {
        let (mut least, mut most) = (u64::MAX, 0);
        for _ in 0..300 {
            let grants = with(Some(life), random.next());
            let renew = grants.token.as_ref().unwrap().renew_at.until_from(START).as_secs();
            least = least.min(renew);
            most = most.max(renew);
        }
        assert!(least >= earliest && most <= latest && most > least, "{life}: {least}..{most}");
    }
}

#[test]
fn one_refresh_a_token_whatever_its_life_and_however_many_ask() {
    for life in [None, Some(1), Some(5), Some(30), Some(3600)] {
        let mut grants = with(life, 7);
        let mut refreshes = 0_u64;
        for second in 1..=7_200 {
            for at_least in [0, 60, 600, 100_000] {
                if matches!(grants.ask(at(second), Duration::from_secs(at_least)), Due::Refresh) {
                    refreshes += 1;
                    grants.renewed(at(second), renewal("next", life), second);
                }
            }
        }
        let span = life.unwrap_or(3600).max(5);
        let most = 7_200 / (span * 17 / 30).max(5) + 1;
        assert!(refreshes >= 7_200 / (span + 1) && refreshes <= most, "{life:?}: {refreshes}");
    }
}

#[test]
fn a_token_in_use_always_holds() {
    for life in [30, 90, 3600] {
        let mut grants = with(Some(life), 0);
        for second in 1..10_000 {
            match grants.ask(at(second), Duration::ZERO) {
                Due::Use(token) => assert!(token.expires_at.unwrap() > at(second)),
                Due::Refresh => grants.renewed(at(second), renewal("next", Some(life)), second),
                Due::Fail(failure) => panic!("{failure}"),
            }
        }
    }
}

#[test]
fn trouble_keeps_the_old_token_while_it_holds() {
    let mut grants = with(Some(3600), 0);
    let late = at(3_500);
    assert!(matches!(grants.ask(late, Duration::ZERO), Due::Refresh));
    grants.failed(late, passing(), 0);
    assert_eq!(value(grants.ask(late, Duration::ZERO)), "one");
    grants.failed(at(3_601), passing(), u64::MAX);
    assert!(matches!(grants.ask(at(3_601), Duration::ZERO), Due::Fail(_)));
    assert_eq!(grants.state(at(3_601)), State::Stale);
}

#[test]
fn trouble_is_not_hammered_and_passes() {
    let mut grants = Grants::new();
    let mut asked = Vec::new();
    for second in 0..3_600 {
        if matches!(grants.ask(at(second), Duration::ZERO), Due::Refresh) {
            asked.push(second);
            grants.failed(at(second), passing(), second * 7_919);
        }
    }
    assert!((60..=160).contains(&asked.len()), "{} tries in an hour", asked.len());
    assert!(asked.windows(2).skip(8).all(|pair| pair[1] - pair[0] <= 61), "{asked:?}");
    // a moved link is worth another try at once; a throttle is not
    assert!(matches!(grants.ask(at(3_600), Duration::ZERO), Due::Fail(_) | Due::Refresh));
    grants.failed(at(3_600), passing(), u64::MAX);
    grants.hasten();
    assert!(matches!(grants.ask(at(3_600), Duration::ZERO), Due::Refresh));
    let wait = Some(Duration::from_mins(15));
    let throttled = Failure { verdict: Verdict::Throttled(wait), ..passing() };
    grants.failed(at(3_600), throttled, 0);
    grants.hasten();
    assert!(matches!(grants.ask(at(4_499), Duration::ZERO), Due::Fail(_)));
    assert!(matches!(grants.ask(at(4_501), Duration::ZERO), Due::Refresh));
}

#[test]
fn only_the_issuers_last_word_revokes() {
    let over = Failure::of("oauth.expired", "x", None);
    assert_eq!(over.verdict, Verdict::SignInAgain);
    let mut grants = with(Some(3600), 0);
    for second in 0..200 {
        grants.failed(at(second), passing(), second);
        assert_ne!(grants.state(at(second)), State::Revoked);
    }
    grants.failed(at(200), over, 0);
    assert_eq!(grants.state(at(200)), State::Revoked);
    let mut rechecks = 0;
    for second in 201..3_801 {
        if matches!(grants.ask(at(second), Duration::ZERO), Due::Refresh) {
            rechecks += 1;
            grants.failed(at(second), Failure::of("oauth.expired", "x", None), 0);
        }
    }
    assert!(rechecks <= 3, "{rechecks} in an hour");
    grants.renewed(at(4_000), renewal("again", None), 0);
    assert_eq!(value(grants.ask(at(4_001), Duration::ZERO)), "again");
}

#[test]
fn a_refused_token_is_replaced_three_times_an_hour() {
    let mut grants = with(Some(3600), 0);
    let mut replaced = 0;
    for second in 0..3_000 {
        let Due::Use(token) = grants.ask(at(second), Duration::ZERO) else {
            panic!("there is always one");
        };
        if grants.distrust(at(second), &token.value) {
            replaced += 1;
            assert!(!grants.distrust(at(second), &token.value), "the second says nothing new");
            assert!(matches!(grants.ask(at(second), Duration::ZERO), Due::Refresh));
            grants.renewed(at(second), renewal(&format!("t{second}"), Some(3600)), 0);
        }
        assert!(!grants.distrust(at(second), &Secret::new("an older one".into())));
    }
    assert_eq!(replaced, 3);
}

#[test]
fn sessions_are_swapped_before_their_token_ends() {
    for life in [30, 3600] {
        let grants = with(Some(life), 0);
        let token = grants.token.as_ref().unwrap();
        let (swap, end) = (token.swap_at().unwrap(), token.expires_at.unwrap());
        let lead = end.until_from(swap).as_secs();
        assert!((life.min(900) / 3..=360).contains(&lead), "{life}: {lead}");
    }
    assert_eq!(with(None, 0).token.as_ref().unwrap().swap_at(), None);
}
