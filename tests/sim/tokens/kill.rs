//! The process killed at every door it passes during a refresh: each read and write of the
//! connection, each step of the vault. What is on the wire and in the vault stays, the rest is gone.

use super::issuer::{self, Fuse, Rotation};
use super::vault;
use super::{LONG, Place, access, account};
use chapar_daemon::world::World;
use chapar_engine::verdict::Verdict;
use chapar_tests::sim::run;
use std::sync::Arc;

/// How a life with one kill ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The kill came after everything was over.
    Unhurt,
    /// The grant lives.
    Lives,
    /// The issuer ended it.
    Lost,
}

fn fused(place: &Place, fuse: &Fuse) -> World {
    World {
        net: Arc::new(issuer::Way::fused(&place.endpoint, fuse.clone())),
        secrets: Arc::new(vault::Way::fused(&place.vault, fuse.clone())),
        ..place.world()
    }
}

/// A sign-in, two good refreshes, then one that is killed at the `at`th door, and a new start.
async fn life(rotation: Rotation, at: u64) -> End {
    let place = Place::new(rotation);
    let tokens = place.signed_in().await;
    access(&tokens).await.unwrap();
    place.wait(LONG).await;
    drop(tokens);
    let fuse = Fuse::new(Some(at));
    let dying = place.broker_in(fused(&place, &fuse));
    tokio::select! {
        biased;
        () = fuse.died() => {}
        got = access(&dying) => {
            got.unwrap();
            return End::Unhurt;
        }
    }
    drop(dying);
    // the next run asks again, and once more an hour later
    let tokens = place.broker();
    for _ in 0..2 {
        match access(&tokens).await {
            Ok(_) => {}
            Err(failure) if failure.verdict == Verdict::SignInAgain => return End::Lost,
            Err(failure) => panic!("{rotation:?} at {at}: {failure}"),
        }
        place.wait(LONG).await;
    }
    End::Lives
}

#[test]
fn killed_at_every_door_a_grant_lives() {
    for rotation in [Rotation::None, Rotation::Lenient] {
        let mut kills = 0;
        loop {
            match run(life(rotation, kills)) {
                End::Unhurt => break,
                end => assert_eq!(end, End::Lives, "{rotation:?} killed at door {kills}"),
            }
            kills += 1;
        }
        assert!(kills >= 10, "a refresh passes more doors than {kills}");
        eprintln!("{rotation:?}: killed at each of {kills} doors, 0 grants lost");
    }
}

/// Against an issuer that ends a grant when a replaced token comes again there is a window that no
/// client can close: from the rotation at the issuer to the write into the vault. Everywhere else
/// the grant lives.
#[test]
fn a_strict_issuer_leaves_one_window() {
    let mut ends = vec![];
    loop {
        match run(life(Rotation::Strict, ends.len() as u64)) {
            End::Unhurt => break,
            end => ends.push(end),
        }
    }
    let first = ends.iter().position(|end| *end == End::Lost).expect("there is a window");
    let last = ends.iter().rposition(|end| *end == End::Lost).unwrap();
    assert!(ends[first..=last].iter().all(|end| *end == End::Lost), "{ends:?}");
    assert!(first > 2, "before the request is sent nothing is lost: {ends:?}");
    assert!(last + 1 < ends.len(), "once the vault has it nothing is lost: {ends:?}");
    let window = last + 1 - first;
    eprintln!("Strict: {} doors, lost in {window} between rotation and vault", ends.len());
}

#[test]
fn killed_while_a_sign_in_is_stored() {
    run(async {
        for at in 0.. {
            let place = Place::new(Rotation::Lenient);
            let fuse = Fuse::new(Some(at));
            let dying = place.broker_in(fused(&place, &fuse));
            let granted = place.granted();
            tokio::select! {
                biased;
                () = fuse.died() => {}
                adopted = dying.adopt(account().id, &granted) => {
                    adopted.unwrap();
                    assert!(at >= 3, "{}", fuse.passed());
                    return;
                }
            }
            // nothing refers to it yet: either nothing is stored, or what is can be used
            place.wait(LONG).await;
            let after = access(&place.broker()).await;
            let stored = !place.vault.text().is_empty();
            assert_eq!(after.is_ok(), stored, "{after:?}");
        }
    });
}
