//! What is stored is damaged or lost while the person works: `doctor --fix` makes it anew, says what,
//! and no mail that is whole is fetched again.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chapar_tests::rig::process::wait_for;
use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde_json::Value;

use super::stage::Stage;

/// The damaged file is deleted by a look that comes a few times a minute.
const LIMIT: Duration = Duration::from_mins(3);
const LISTING: TableDefinition<'static, &'static [u8], &'static [u8]> =
    TableDefinition::new("listing");

fn state(stage: &Stage) -> PathBuf {
    stage.dir().join("state/chapar")
}

fn furnished() -> Stage {
    let stage = Stage::new();
    for number in 1..=3 {
        let subject = format!("From: Bo <bo@example.test>\nSubject: Letter {number}\n\n");
        stage.deliver(number, &format!("{subject}Text {number}.\n"));
    }
    stage.connect();
    stage
}

fn stop(stage: &Stage) {
    let ran = stage.run(&["service", "stop"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// Takes every second entry out of the index that lists are read from.
fn cut_the_index(stage: &Stage) {
    let database = redb::Database::open(state(stage).join("meta.redb")).unwrap();
    let keys: Vec<Vec<u8>> = {
        let reading = database.begin_read().unwrap();
        let table = reading.open_table(LISTING).unwrap();
        let keys = table.iter().unwrap().map(|row| row.unwrap().0.value().to_vec());
        keys.step_by(2).collect()
    };
    assert!(keys.len() > 1);
    let writing = database.begin_write().unwrap();
    let mut table = writing.open_table(LISTING).unwrap();
    for key in keys {
        table.remove(key.as_slice()).unwrap();
    }
    drop(table);
    writing.commit().unwrap();
}

/// All that `doctor` said, fixed or found.
fn said(found: &Value) -> String {
    format!("{} {}", found["fixed"], found["checks"])
}

#[test]
fn an_index_that_contradicts_its_mails_is_made_anew() {
    let stage = furnished();
    stop(&stage);
    cut_the_index(&stage);
    let (found, _) = stage.json(&["doctor", "--fix"], "");
    // the daemon verifies its database by itself too, and may have been first
    let told = said(&found);
    let words = "mails 3, mailboxes to be read again 0";
    assert!(told.contains("was made anew") && told.contains(words), "{told}");
    let (list, _) = stage.json(&["mail", "list"], "");
    assert_eq!(list["total"], 3, "{list}");
    assert_eq!(list["emails"].as_array().map(Vec::len), Some(3), "{list}");
    let ran = stage.run(&["status"], "");
    assert!(ran.text().contains("The database was damaged and was made anew"), "{}", ran.text());
    wait_for(LIMIT, "the damaged file gone", || {
        (!state(&stage).join("meta.redb.damaged").exists()).then_some(())
    });
    let ran = stage.run(&["status"], "");
    assert!(
        ran.text().replace("\n      ", " ").contains("mirror is whole again"),
        "{}",
        ran.text()
    );
}

#[test]
fn removed_packs_are_made_anew() {
    let stage = furnished();
    let packs = state(&stage).join("packs");
    wait_for(LIMIT, "the mails stored", || fs::read_dir(&packs).unwrap().next().map(drop));
    let (list, _) = stage.json(&["mail", "list"], "");
    let id = list["emails"][0]["id"].as_str().unwrap().to_owned();
    fs::remove_dir_all(&packs).unwrap();
    let (found, _) = stage.json(&["doctor", "--fix"], "");
    assert!(
        said(&found).contains("mails whose stored bytes were lost are fetched again: 3"),
        "{found}"
    );
    wait_for(LIMIT, "the mail again", || {
        let ran = stage.run(&["mail", "show", &id], "");
        (ran.code == Some(0) && ran.text().contains("Text")).then_some(())
    });
    assert!(packs.is_dir());
}
