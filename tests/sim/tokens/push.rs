//! Push and work on sessions that end with their tokens, in virtual time, against the provider's
//! own issuer: no mail is late, no refresh too many, no session beyond the budget.

use chapar_daemon::Daemon;
use chapar_daemon::config::Config;
use chapar_daemon::oauth::tokens::Tokens;
use chapar_daemon::oauth::{Access, Granted};
use chapar_daemon::store::{Identity, Store};
use chapar_daemon::world::clock::Clock as _;
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security, State};
use chapar_engine::address::Address;
use chapar_engine::compose::Draft;
use chapar_engine::credential::{Auth, Grant, Issuer};
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::secret::Secret;
use chapar_engine::submission::Phase;
use chapar_tests::sandbox::corpus::{self, Dice};
use chapar_tests::sandbox::faults::{Fault, Kick, Service};
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET};
use chapar_tests::sandbox::oauth::grant as death;
use chapar_tests::sandbox::oauth::rules::{Rotation, SessionEnd, SmtpAuth};
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::disk::SimDisk;
use chapar_tests::sim::{HOST, SimWorld, run};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const USER: &str = "ada@sim.test";
/// Scopes that open mail with every shape.
const SCOPES: [&str; 3] = [
    "https://mail.google.com/",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
];
/// How often the mirror is looked at for a mail that was delivered.
const LOOK: Duration = Duration::from_millis(50);
/// A mail is mirrored within this: the fetch of one message, no wait for anything.
const AT_ONCE: Duration = Duration::from_millis(500);

/// An account that signs in by a grant of the provider's issuer, and the daemon that keeps it.
struct Life {
    sim: SimWorld,
    store: Store,
    daemon: Daemon,
    account: AccountId,
    delivered: u64,
}

impl Life {
    async fn begin(personality: Personality, life: i64, end: SessionEnd) -> Self {
        let sim = SimWorld::new(5, personality);
        let issuer = &sim.provider.issuer;
        sim.provider.store.add_account(USER, "no password is used");
        corpus::fill(&sim.provider.store, USER, &["INBOX", "Archive"], 30, 5, sim.clock.seconds());
        issuer.rule(|rules| {
            rules.access_seconds = life;
            rules.session_end = end;
        });
        let now = sim.clock.boot();
        let (refresh, access) = issuer.seed(USER, DESKTOP_CLIENT, &SCOPES, sim.clock.seconds());
        let grant = Grant {
            issuer: Issuer {
                id: issuer.id(),
                token_url: issuer.token_url(),
                revoke_url: issuer.revoke_url(),
                ..Issuer::default()
            },
            client_id: DESKTOP_CLIENT.into(),
            scopes: vec![],
        };
        let granted = Granted {
            grant: grant.clone(),
            client_secret: Some(Secret::new(DESKTOP_SECRET.into())),
            refresh: Secret::new(refresh),
            access: Access {
                token: Secret::new(access),
                expires_at: Some(now.after(Duration::from_secs(life.unsigned_abs()))),
            },
            address: None,
        };
        let disk = Arc::new(SimDisk::default());
        let store = Store::open_on(disk, true, sim.clock.wall()).unwrap();
        let config = watch::channel(Config::default()).1;
        let account = store
            .write(sim.clock.wall(), move |tx| {
                let account = Account {
                    id: tx.new_account_id()?,
                    auth: Auth::Grant(grant.clone()),
                    ..super::account()
                };
                let endpoint = |port| Endpoint { host: HOST.into(), port, security: Security::Tls };
                let account = Account {
                    imap: endpoint(993),
                    smtp: endpoint(465),
                    window: 1_000,
                    notify: NotifyBy::None,
                    ..account
                };
                tx.put_account(&account)?;
                let identity = Identity::first(tx.new_identity_id()?, &account, None);
                tx.put_identity(&identity)?;
                Ok(account.id)
            })
            .await
            .unwrap();
        let signing = Tokens::new(sim.world.clone(), store.clone(), config.clone());
        signing.adopt(account, &granted).await.unwrap();
        drop(signing);
        let nowhere = PathBuf::from("/nonexistent");
        let daemon =
            Daemon::start(sim.world.clone(), store.clone(), &config, nowhere.clone(), nowhere)
                .unwrap();
        let mut begun = Self { sim, store, daemon, account, delivered: 0 };
        begun.until(State::Live).await;
        begun
    }

    async fn until(&mut self, state: State) {
        for _ in 0..6_000 {
            if self.state() == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{state:?} was due, not {:?}", self.report());
    }

    fn report(&self) -> chapar_daemon::supervisor::Report {
        self.daemon.services.accounts.report(self.account).unwrap()
    }

    fn state(&self) -> State {
        self.report().state
    }

    /// Delivers one mail and says how long it took to be in the mirror.
    async fn deliver(&mut self) -> Duration {
        self.delivered += 1;
        let before = self.mirrored();
        let mail = corpus::one(USER, self.delivered + 5_000, self.sim.clock.seconds());
        let begun = self.sim.clock.boot();
        self.sim.provider.store.deliver(USER, "INBOX", &mail, self.sim.clock.seconds());
        loop {
            tokio::time::sleep(LOOK).await;
            let took = self.sim.clock.boot().until_from(begun);
            if self.mirrored() > before {
                return took;
            }
            let state = self.report();
            assert!(took < Duration::from_mins(10), "mail {} is lost: {state:?}", self.delivered);
        }
    }

    async fn send(&self, number: u64) -> SubmissionId {
        let to = Address { name: None, email: format!("friend{number}@far.test") };
        let draft = Draft {
            account: self.account,
            identity: None,
            to: vec![to],
            cc: vec![],
            bcc: vec![],
            reply_to: vec![],
            subject: format!("Number {number}"),
            text: Some("A line.".into()),
            html: None,
            attachments: vec![],
            in_reply_to: None,
            references: vec![],
        };
        self.daemon.services.accounts.submit(draft, None, None).await.unwrap().0
    }

    fn phase(&self, id: SubmissionId) -> Phase {
        self.store.read().unwrap().submission(id).unwrap().unwrap().phase
    }

    fn mirrored(&self) -> u64 {
        let view = self.store.read().unwrap();
        let mailboxes = view.mailboxes(self.account).unwrap();
        mailboxes
            .iter()
            .map(|mailbox| {
                let counts = view.counts(mailbox.id).unwrap();
                counts.whole + counts.summary + counts.planned
            })
            .sum()
    }

    fn refreshes(&self) -> u64 {
        let commands = self.sim.provider.ledger.commands(Service::Issuer);
        commands.get("REFRESH").copied().unwrap_or_default()
    }

    fn most_sessions(&self) -> u32 {
        self.sim.provider.ledger.census(Service::Imap, USER).most
    }

    fn refused(&self) -> usize {
        let credentials = self.sim.provider.ledger.credentials();
        credentials.iter().filter(|credential| !credential.right).count()
    }

    async fn end(self) {
        assert_eq!(self.sim.provider.ledger.leaks(), []);
        self.daemon.stop("the test is over").await;
    }
}

/// Mails at random moments of `span`; the slowest one.
async fn deliveries(life: &mut Life, mails: u32, span: Duration, seed: u64) -> Duration {
    let mut dice = Dice::new(seed);
    let pause = usize::try_from((span / mails).as_millis()).unwrap();
    let mut slowest = Duration::ZERO;
    for _ in 0..mails {
        let wait = Duration::from_millis(dice.below(2 * pause) as u64);
        tokio::time::sleep(wait).await;
        slowest = slowest.max(life.deliver().await);
    }
    slowest
}

#[test]
fn tokens_of_thirty_seconds_and_no_mail_is_late() {
    let hours: u32 = std::env::var("CHAPAR_TOKEN_HOURS").map_or(2, |hours| hours.parse().unwrap());
    for (name, personality) in [
        ("generic, strict rotation", Personality::default()),
        ("Google", Personality::google()),
        ("Microsoft", Personality::microsoft()),
    ] {
        run(async {
            let mut life = Life::begin(personality, 30, SessionEnd::AtExpiry).await;
            life.sim.provider.issuer.rule(|rules| {
                if rules.rotation != Rotation::None {
                    rules.rotation = Rotation::Strict { grace: 0 };
                }
            });
            let begun = life.sim.clock.boot();
            let span = Duration::from_hours(hours.into());
            let slowest = deliveries(&mut life, 150 * hours, span, 3).await;
            let lived = life.sim.clock.boot().until_from(begun).as_secs();
            let refreshes = life.refreshes();
            eprintln!(
                "{name}: {} mails in {lived} s, slowest {slowest:?}; {refreshes} refreshes, at \
                 most {} sessions, {} refused logins",
                life.delivered,
                life.most_sessions(),
                life.refused()
            );
            assert!(slowest <= AT_ONCE, "{name}: a mail took {slowest:?}");
            // each token is used for 17 to 20 of its 30 seconds
            assert!((lived / 21..=lived / 16 + 2).contains(&refreshes), "{name}: {refreshes}");
            assert!(life.most_sessions() <= 4, "{name}: {}", life.most_sessions());
            assert_eq!(life.refused(), 0, "{name}");
            assert_eq!(life.sim.provider.issuer.alive(USER), 1, "{name}");
            assert!(life.report().health.is_empty(), "{name}: {:?}", life.report());
            life.end().await;
        });
    }
}

/// Two sessions are all that an unknown provider is asked for: the work session makes room for the
/// moment of the swap.
#[test]
fn two_seats_are_enough() {
    run(async {
        let mut life = Life::begin(Personality::default(), 60, SessionEnd::AtExpiry).await;
        let slowest = deliveries(&mut life, 200, Duration::from_hours(1), 8).await;
        assert!(slowest <= AT_ONCE, "{slowest:?}");
        assert_eq!(life.most_sessions(), 2);
        life.end().await;
    });
}

#[test]
fn tokens_of_an_hour_for_two_days() {
    run(async {
        let mut life = Life::begin(Personality::microsoft(), 3_900, SessionEnd::AtExpiry).await;
        let slowest = deliveries(&mut life, 150, Duration::from_hours(48), 4).await;
        let refreshes = life.refreshes();
        eprintln!("48 h of hours: slowest {slowest:?}, {refreshes} refreshes");
        assert!(slowest <= AT_ONCE, "{slowest:?}");
        assert!((44..=56).contains(&refreshes), "{refreshes}");
        assert_eq!(life.refused(), 0);
        life.end().await;
    });
}

/// The provider ends tokens before their time, and the sessions with them: the next session stands
/// at once, nobody is asked to sign in.
#[test]
fn a_session_ended_before_its_time_is_resumed_at_once() {
    run(async {
        let mut life = Life::begin(Personality::google(), 3_600, SessionEnd::AtExpiry).await;
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_mins(7)).await;
            let farewell = Kick::Bye("Session expired, please login again.".into());
            life.sim.provider.faults.kick(farewell);
            slowest = slowest.max(life.deliver().await);
        }
        eprintln!("sessions kicked out 20 times: slowest mail {slowest:?}");
        life.until(State::Live).await;
        assert_eq!(life.sim.provider.issuer.alive(USER), 1);
        life.end().await;
    });
}

/// The issuer is away for half an hour, then for longer than the token holds: sessions that stand
/// go on, and when it is back everything goes on by itself.
#[test]
fn an_issuer_that_is_away_costs_nothing_that_lasts() {
    run(async {
        let mut life = Life::begin(Personality::google(), 3_600, SessionEnd::Never).await;
        life.sim
            .provider
            .faults
            .always(Service::Issuer, Fault::Hang { command: "REFRESH".into(), done: false });
        let slowest = deliveries(&mut life, 60, Duration::from_hours(5), 6).await;
        assert!(life.deliver().await <= Duration::from_mins(6), "the push session stands");
        eprintln!(
            "issuer away for five hours: slowest mail {slowest:?}, {:?}",
            life.report().health
        );
        life.sim.provider.faults.clear();
        tokio::time::sleep(Duration::from_mins(10)).await;
        life.until(State::Live).await;
        assert!(deliveries(&mut life, 30, Duration::from_mins(30), 7).await <= AT_ONCE);
        assert!(life.report().health.is_empty(), "{:?}", life.report().health);
        life.end().await;
    });
}

/// The person takes the grant back: one refresh is tried, then it is said once, and neither the
/// issuer nor the mail servers are hammered. Mail and outbox wait.
#[test]
fn a_revoked_grant_is_told_once_and_not_hammered() {
    run(async {
        let mut life =
            Life::begin(Personality::google(), 3_600, SessionEnd::AtExpiryOrRevocation).await;
        let before = life.refreshes();
        let ended =
            life.sim.provider.issuer.revoke(USER, death::Death::Revoked, death::Access::Dies);
        assert_eq!(ended, 1);
        life.until(State::AuthExpired).await;
        let health: Vec<String> = life.report().health.iter().map(|c| c.code.clone()).collect();
        assert_eq!(health, ["oauth.expired"]);
        tokio::time::sleep(Duration::from_hours(6)).await;
        assert!(life.refreshes() - before <= 2, "{} refreshes", life.refreshes() - before);
        assert!(life.refused() <= 3, "{} refused logins", life.refused());
        assert_eq!(life.state(), State::AuthExpired);
        life.end().await;
    });
}

/// The mail servers refuse every token although the issuer makes good ones: three of them are shown
/// an hour, then the person is asked.
#[test]
fn fresh_tokens_that_are_refused_are_not_shown_over_and_over() {
    for personality in [Personality::google(), Personality::microsoft(), Personality::default()] {
        run(async {
            let mut life = Life::begin(personality, 3_600, SessionEnd::Never).await;
            let text = "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)";
            let refusal = Fault::Reply { command: "AUTHENTICATE".into(), text: text.into() };
            life.sim.provider.faults.always(Service::Imap, refusal);
            let seen = || {
                let commands = life.sim.provider.ledger.commands(Service::Imap);
                commands.get("AUTHENTICATE").copied().unwrap_or_default()
            };
            let (logins, refreshes) = (seen(), life.refreshes());
            life.sim.provider.faults.kick(Kick::Drop);
            tokio::time::sleep(Duration::from_hours(3)).await;
            assert_eq!(life.state(), State::AuthExpired, "{:?}", life.report());
            let health = life.report().health;
            assert_eq!(health[0].code, "oauth.token_refused");
            assert!(health[0].detail.as_deref().unwrap().contains("Invalid credentials"));
            assert!(seen() - logins <= 3, "{} logins", seen() - logins);
            assert!(life.refreshes() - refreshes <= 3);
            assert_eq!(life.sim.provider.issuer.alive(USER), 1, "the grant itself is kept");
            // mended at the provider: the person says so, and it goes on with the same grant
            life.sim.provider.faults.clear();
            life.daemon.services.accounts.sync_now(life.account).await.unwrap();
            life.until(State::Live).await;
            assert!(life.deliver().await <= AT_ONCE);
            life.end().await;
        });
    }
}

/// A token that the server does not take any more although it should hold is replaced once, without
/// anybody noticing.
#[test]
fn a_token_that_died_early_is_replaced_without_a_word() {
    run(async {
        let mut life =
            Life::begin(Personality::microsoft(), 3_600, SessionEnd::AtExpiryOrRevocation).await;
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_mins(25)).await;
            // the server forgets it: the next login with it is refused once
            let text = "NO AUTHENTICATE failed.";
            let once = Fault::Reply { command: "AUTHENTICATE".into(), text: text.into() };
            life.sim.provider.faults.add(Service::Imap, once, 1);
            life.sim.provider.faults.kick(Kick::Drop);
            assert!(life.deliver().await <= Duration::from_secs(20));
            life.until(State::Live).await;
        }
        assert!(life.report().health.is_empty());
        life.end().await;
    });
}

/// "Authenticated but not connected": no wrong password, no sign-in.
#[test]
fn a_mailbox_that_is_not_attached_is_waited_for() {
    run(async {
        let mut life = Life::begin(Personality::microsoft(), 3_600, SessionEnd::Never).await;
        life.sim.provider.issuer.unconnect(USER, true);
        life.sim.provider.faults.kick(Kick::Drop);
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert_eq!(life.state(), State::Offline, "{:?}", life.report());
        assert_eq!(life.report().health[0].code, "imap.not_connected");
        life.sim.provider.issuer.unconnect(USER, false);
        // the longest back-off of either worker
        tokio::time::sleep(Duration::from_mins(6)).await;
        life.until(State::Live).await;
        assert!(life.deliver().await <= AT_ONCE);
        assert_eq!(life.refused(), 0);
        life.end().await;
    });
}

/// Twenty mails wait while submission is switched off for the company: it is said, receiving goes
/// on, nothing is shown over and over, nothing is lost.
#[test]
fn submission_that_is_switched_off_keeps_the_outbox() {
    run(async {
        let mut life = Life::begin(Personality::microsoft(), 3_600, SessionEnd::AtExpiry).await;
        let first = life.send(0).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(life.phase(first), Phase::Sent);
        life.sim.provider.issuer.rule(|rules| rules.smtp_auth = SmtpAuth::OffForTenant);
        let mut waiting = vec![];
        for number in 1..=20 {
            waiting.push(life.send(number).await);
        }
        tokio::time::sleep(Duration::from_hours(5)).await;
        assert!(life.deliver().await <= AT_ONCE, "receiving goes on");
        let codes: Vec<_> = life.report().health.iter().map(|c| c.code.clone()).collect();
        assert_eq!(codes, ["smtp.auth_disabled"]);
        for id in &waiting {
            assert!(matches!(life.phase(*id), Phase::Queued { .. }), "{:?}", life.phase(*id));
        }
        assert_eq!(life.sim.provider.issuer.alive(USER), 1);
        life.sim.provider.issuer.rule(|rules| rules.smtp_auth = SmtpAuth::Allowed);
        tokio::time::sleep(Duration::from_hours(6)).await;
        for id in &waiting {
            assert_eq!(life.phase(*id), Phase::Sent);
        }
        assert_eq!(life.sim.provider.ledger.deliveries().len(), 21);
        assert!(life.report().health.is_empty(), "{:?}", life.report().health);
        life.end().await;
    });
}

/// Mails sent all along while tokens live thirty seconds: each goes out once.
#[test]
fn sending_on_short_tokens() {
    run(async {
        let mut life = Life::begin(Personality::default(), 30, SessionEnd::AtExpiry).await;
        let mut sent = vec![];
        for number in 0..120 {
            sent.push(life.send(number).await);
            tokio::time::sleep(Duration::from_millis(7_700)).await;
        }
        tokio::time::sleep(Duration::from_mins(5)).await;
        for id in &sent {
            assert_eq!(life.phase(*id), Phase::Sent);
        }
        assert_eq!(life.sim.provider.ledger.deliveries().len(), 120);
        assert!(life.deliver().await <= AT_ONCE);
        assert_eq!(life.refused(), 0);
        life.end().await;
    });
}
