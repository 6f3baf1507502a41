//! What is the case with this machine: its disk, its clock, the files of the store, the program.
//!
//! Looks only. Must never wait for another process, so that `status` may always ask.

use crate::account::report::{Area, Condition};
use crate::store::Store;
use crate::world::World;
use chapar_engine::id::Seq;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, condition};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Less free space than this is worth a word: the first sync of one mailbox.
pub const LOW_SPACE: u64 = 500 * 1000 * 1000;
/// Less than this holds no mail at all.
pub const FULL: u64 = 1000 * 1000;
/// 2026-11-01: no clock that is right shows an earlier time than this program was made at.
const MADE: Wall = Wall(1_793_491_200_000);
/// A clock is set back by less than this all the time.
const SET_BACK_MS: i64 = 5 * 60 * 1000;

/// The machine as this daemon sees it.
pub struct Machine {
    world: World,
    store: Store,
    /// The directory of the store.
    state: PathBuf,
    program: Option<Program>,
    /// Since when each condition is the case. A lock, not a task: a map of a few, never held over
    /// an await.
    since: Mutex<BTreeMap<&'static str, Wall>>,
}

impl Machine {
    /// The machine with the store in `state`; to be made when the program starts.
    #[must_use]
    pub fn new(world: World, store: Store, state: PathBuf) -> Self {
        Self { world, store, state, program: Program::running(), since: Mutex::default() }
    }

    /// Everything that is wrong at present, the worst first.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let now = self.world.clock.wall();
        let found: Vec<Failure> =
            [self.files(), self.restored(), self.space(), self.clock(), self.replaced()]
                .into_iter()
                .flatten()
                .collect();
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|code, _| found.iter().any(|failure| failure.code == *code));
        let mut conditions: Vec<Condition> = Vec::new();
        for failure in &found {
            let at = *since.entry(failure.code).or_insert(now);
            // a disk may be found full by a write and by a look
            if conditions.iter().all(|known| known.code != failure.code) {
                conditions.push(Condition::of(failure, Area::Mail, None, at));
            }
        }
        conditions.sort_by_key(|condition| std::cmp::Reverse(condition.severity));
        conditions
    }

    /// The failure that the store met and that has not passed.
    fn files(&self) -> Option<Failure> {
        let trouble = self.store.trouble().borrow().clone()?;
        Some(named(trouble.code(), Some(&trouble.to_string())))
    }

    /// What was made anew since the start.
    fn restored(&self) -> Option<Failure> {
        let restored = self.store.restored()?;
        Some(named("store.restored", Some(&restored.to_string())))
    }

    fn space(&self) -> Option<Failure> {
        let free = free_bytes(&self.state).filter(|free| *free < LOW_SPACE)?;
        let code = if free < FULL { "store.full" } else { "store.low_space" };
        let detail = format!("{} has {} free", self.state.display(), megabytes(free));
        Some(named(code, Some(&detail)))
    }

    fn clock(&self) -> Option<Failure> {
        let behind = clock_behind(&self.world, &self.store)?;
        Some(named("clock.wrong", Some(&behind)))
    }

    fn replaced(&self) -> Option<Failure> {
        let program = self.replaced_program()?;
        Some(named("daemon.replaced", Some(&program.display().to_string())))
    }

    /// The program file of this process, when it was replaced or removed since the start.
    #[must_use]
    pub fn replaced_program(&self) -> Option<PathBuf> {
        let program = self.program.as_ref().filter(|program| program.was_replaced());
        program.map(|program| program.path.clone())
    }
}

/// A condition in the registry's own words.
fn named(code: &'static str, detail: Option<&str>) -> Failure {
    let title = condition(code).map_or(code, |row| row.title);
    Failure::of(code, title, detail)
}

/// What of the disk the person may still use, in bytes; `None` when nobody can tell.
#[must_use]
pub fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// A number of bytes for people.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    const MEGA: u64 = 1000 * 1000;
    if bytes >= 10_000 * MEGA {
        format!("{} GB", bytes / (1000 * MEGA))
    } else {
        format!("{} MB", bytes.div_ceil(MEGA))
    }
}

/// How far the clock is behind what chapar knows of time by itself, in words; `None` when it is
/// not. No other clock is asked.
#[must_use]
pub fn clock_behind(world: &World, store: &Store) -> Option<String> {
    let head = *store.head().borrow();
    let before = Seq(head.0.saturating_sub(1));
    let last = store.read().and_then(|view| view.events(before, 1)).unwrap_or_default();
    let known = last.first().map_or(MADE, |event| event.at.max(MADE));
    let behind = known.0.saturating_sub(world.clock.wall().0);
    let words = format!("at least {} min behind what was written down earlier", behind / 60_000);
    (behind > SET_BACK_MS).then_some(words)
}

/// The program file that this process was started from.
struct Program {
    path: PathBuf,
    /// Device and inode: a replaced file has others.
    file: (u64, u64),
}

impl Program {
    fn running() -> Option<Self> {
        let path = std::env::current_exe().ok()?;
        // the file that runs, whatever lies at its path by now
        let file = identity(Path::new("/proc/self/exe")).or_else(|| identity(&path))?;
        Some(Self { path, file })
    }

    fn was_replaced(&self) -> bool {
        identity(&self.path) != Some(self.file)
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.dev(), facts.ino()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_replaced_or_removed_program_is_noticed() {
        let path = std::env::temp_dir().join(format!("chapar-program-{}", std::process::id()));
        std::fs::write(&path, "old").unwrap();
        let program = Program { file: identity(&path).unwrap(), path: path.clone() };
        assert!(!program.was_replaced());
        // as a package manager does it: a new file is renamed over the old one
        let new = path.with_extension("new");
        std::fs::write(&new, "new").unwrap();
        std::fs::rename(&new, &path).unwrap();
        assert!(program.was_replaced());
        std::fs::remove_file(&path).unwrap();
        assert!(program.was_replaced());
    }
}
