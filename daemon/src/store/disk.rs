//! The files under the store, behind a door: real ones here, simulated ones in tests.
//!
//! Owns paths, modes and the order of directory syncs; knows nothing of what is in the files.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the store keeps its bytes. What is written and not synced may be gone after a crash; a
/// pack that [`Disk::pack`] made survives (empty) once that call returned.
pub trait Disk: Debug + Send + Sync + 'static {
    /// What to call the database in messages: its path.
    fn name(&self) -> String;
    /// Opens the database file; with `create`, made empty when absent, without, an absent one is
    /// [`io::ErrorKind::NotFound`]. Called again after an I/O error, and once before each opening to
    /// look at what is there; the one before is closed by then.
    fn meta(&self, create: bool) -> io::Result<Box<dyn redb::StorageBackend>>;
    /// Makes an empty database file beside the one that is there, in place of any left from before.
    fn fresh(&self) -> io::Result<Box<dyn redb::StorageBackend>>;
    /// Puts the file that [`Disk::fresh`] made in the place of the database, durably. What is open
    /// of the old one stays readable.
    fn swap(&self) -> io::Result<()>;
    /// Moves a damaged database out of the way, where a person can look at it; fine when it is gone.
    fn set_aside(&self) -> io::Result<()>;
    /// Removes what [`Disk::set_aside`] moved away; fine when there is nothing.
    fn remove_aside(&self) -> io::Result<()>;
    /// Whether there is one.
    fn has_aside(&self) -> bool;
    /// Opens the copy of what no server can give again; with `create`, made empty when absent.
    fn copy(&self, create: bool) -> io::Result<Box<dyn PackFile>>;
    /// Makes an empty copy beside the one that is there, in place of any left from before.
    fn fresh_copy(&self) -> io::Result<Box<dyn PackFile>>;
    /// Puts the file that [`Disk::fresh_copy`] made in the place of the copy, durably.
    fn swap_copy(&self) -> io::Result<()>;
    /// Names the time since the machine was switched on: what was written in it and not synced is
    /// still there. `None` when that cannot be told.
    fn boot(&self) -> Option<[u8; 16]>;
    /// Numbers of the packs that are there, in any order.
    fn packs(&self) -> io::Result<Vec<u32>>;
    /// Opens a pack for reading and appending. With `create`, makes it when absent; without, an
    /// absent one is [`io::ErrorKind::NotFound`].
    fn pack(&self, number: u32, create: bool) -> io::Result<Box<dyn PackFile>>;
    /// Removes a pack; fine when it is gone.
    fn remove_pack(&self, number: u32) -> io::Result<()>;
    /// An empty file without a name, for bytes that are moved to a pack soon. It is gone when it is
    /// closed.
    fn loose(&self) -> io::Result<Box<dyn PackFile>>;
    /// Bytes taken by everything.
    fn bytes(&self) -> io::Result<u64>;
    /// Fails when what is open is no longer what lies at its place (deleted, replaced, unmounted).
    fn still_there(&self) -> io::Result<()>;
    /// Fails when a file of ours cannot be written and synced now; leaves nothing behind.
    fn room(&self) -> io::Result<()>;
}

/// One append-only file.
#[expect(clippy::len_without_is_empty, reason = "fallible; emptiness is never asked for")]
pub trait PackFile: Debug + Send + Sync {
    /// Its length in bytes, unsynced ones included.
    fn len(&self) -> io::Result<u64>;
    /// Fills `out` from `offset`; [`io::ErrorKind::UnexpectedEof`] beyond the end.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Adds `bytes` at the end.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;
    /// Makes all that was appended durable.
    fn sync(&self) -> io::Result<()>;
    /// Cuts it to `len` bytes.
    fn truncate(&self, len: u64) -> io::Result<()>;
}

/// The state directory of this machine.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    /// Device and inode of the database that is open, and of the one made to replace it.
    opened: Mutex<Inodes>,
    /// Files without a name that were made.
    loosened: AtomicU64,
}

#[derive(Debug, Default)]
struct Inodes {
    present: Option<(u64, u64)>,
    fresh: Option<(u64, u64)>,
}

/// Name of the database in the directory.
const META: &str = "meta.redb";
/// Name of a database that is to replace it.
const FRESH: &str = "meta.redb.new";
/// Name of a damaged database that was replaced.
const DAMAGED: &str = "meta.redb.damaged";
/// Name of the copy of what no server can give again, and of one that is to replace it.
const COPY: &str = "meta.copy";
const FRESH_COPY: &str = "meta.copy.new";
/// What the kernel calls the time since it was started.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Name of the file that proves that there is room, and its bytes: more than a commit takes.
const ROOM: &str = "room.probe";
const ROOM_BYTES: usize = 64 << 10;
/// Begins the names that files without a name have for a moment.
const LOOSE: &str = "loose.";
/// Name of the directory of packs.
const PACKS: &str = "packs";

impl Directory {
    /// Opens `root`, made 0700 when absent.
    pub fn open(root: &Path) -> io::Result<Self> {
        let packs = root.join(PACKS);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&packs)?;
        for dir in [root, &packs] {
            if fs::metadata(dir)?.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
            }
        }
        Ok(Self { root: root.to_owned(), opened: Mutex::default(), loosened: AtomicU64::new(0) })
    }

    fn opened(&self) -> MutexGuard<'_, Inodes> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meta_path(&self) -> PathBuf {
        self.root.join(META)
    }

    fn pack_path(&self, number: u32) -> PathBuf {
        self.root.join(PACKS).join(format!("{number:08}.pack"))
    }
}

fn inode(file: &File) -> io::Result<(u64, u64)> {
    let facts = file.metadata()?;
    Ok((facts.dev(), facts.ino()))
}

fn open_file(path: &Path, create: bool) -> io::Result<File> {
    let made = create && !path.exists();
    let file = OpenOptions::new().read(true).write(true).create(create).mode(0o600).open(path)?;
    if made && let Some(dir) = path.parent() {
        // a file is only there after a crash when its directory was synced
        File::open(dir)?.sync_all()?;
    }
    Ok(file)
}

impl Disk for Directory {
    fn name(&self) -> String {
        self.meta_path().display().to_string()
    }

    fn meta(&self, create: bool) -> io::Result<Box<dyn redb::StorageBackend>> {
        let file = open_file(&self.meta_path(), create)?;
        self.opened().present = Some(inode(&file)?);
        let backend = redb::backends::FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Box::new(backend))
    }

    fn fresh(&self) -> io::Result<Box<dyn redb::StorageBackend>> {
        let path = self.root.join(FRESH);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = open_file(&path, true)?;
        self.opened().fresh = Some(inode(&file)?);
        let backend = redb::backends::FileBackend::new(file).map_err(io::Error::other)?;
        Ok(Box::new(backend))
    }

    fn swap(&self) -> io::Result<()> {
        let mut opened = self.opened();
        let fresh = opened.fresh.take().ok_or(io::ErrorKind::NotFound)?;
        fs::rename(self.root.join(FRESH), self.meta_path())?;
        opened.present = Some(fresh);
        File::open(&self.root)?.sync_all()
    }

    fn set_aside(&self) -> io::Result<()> {
        match fs::rename(self.meta_path(), self.root.join(DAMAGED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => File::open(&self.root)?.sync_all(),
        }
    }

    fn remove_aside(&self) -> io::Result<()> {
        match fs::remove_file(self.root.join(DAMAGED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn has_aside(&self) -> bool {
        self.root.join(DAMAGED).exists()
    }

    fn copy(&self, create: bool) -> io::Result<Box<dyn PackFile>> {
        Ok(Box::new(RealPack(open_file(&self.root.join(COPY), create)?)))
    }

    fn fresh_copy(&self) -> io::Result<Box<dyn PackFile>> {
        let path = self.root.join(FRESH_COPY);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Box::new(RealPack(open_file(&path, true)?)))
    }

    fn swap_copy(&self) -> io::Result<()> {
        fs::rename(self.root.join(FRESH_COPY), self.root.join(COPY))?;
        File::open(&self.root)?.sync_all()
    }

    fn boot(&self) -> Option<[u8; 16]> {
        let text = fs::read_to_string(BOOT_ID).ok()?;
        let hash = blake3::hash(text.trim().as_bytes());
        hash.as_bytes().first_chunk().copied()
    }

    fn packs(&self) -> io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        let entries = match fs::read_dir(self.root.join(PACKS)) {
            // somebody removed the packs; where the whole directory is away, nothing is known of them
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.meta_path().exists() => {
                return Ok(numbers);
            }
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".pack"));
            numbers.extend(number.and_then(|digits| digits.parse::<u32>().ok()));
        }
        Ok(numbers)
    }

    fn pack(&self, number: u32, create: bool) -> io::Result<Box<dyn PackFile>> {
        let packs = self.root.join(PACKS);
        if create && !packs.exists() {
            // not recursive: a state directory that is away is not made anew
            fs::DirBuilder::new().mode(0o700).create(&packs)?;
            File::open(&self.root)?.sync_all()?;
        }
        Ok(Box::new(RealPack(open_file(&self.pack_path(number), create)?)))
    }

    fn remove_pack(&self, number: u32) -> io::Result<()> {
        match fs::remove_file(self.pack_path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn loose(&self) -> io::Result<Box<dyn PackFile>> {
        let number = self.loosened.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(format!("{LOOSE}{number}"));
        let file = open_file(&path, true)?;
        fs::remove_file(path)?;
        // one that a kill left there
        file.set_len(0)?;
        Ok(Box::new(RealPack(file)))
    }

    fn bytes(&self) -> io::Result<u64> {
        // blocks, not length: the database file is sparse
        let mut bytes = fs::metadata(self.meta_path())?.blocks() * 512;
        for name in [COPY, DAMAGED] {
            bytes += fs::metadata(self.root.join(name)).map_or(0, |file| file.blocks() * 512);
        }
        for number in self.packs()? {
            bytes += fs::metadata(self.pack_path(number))?.blocks() * 512;
        }
        Ok(bytes)
    }

    fn still_there(&self) -> io::Result<()> {
        let facts = fs::metadata(self.meta_path())?;
        if self.opened().present == Some((facts.dev(), facts.ino())) {
            return Ok(());
        }
        Err(io::Error::other("another file was put in its place"))
    }

    fn room(&self) -> io::Result<()> {
        let path = self.root.join(ROOM);
        let proved = open_file(&path, true).and_then(|file| {
            file.write_all_at(&vec![0; ROOM_BYTES], 0)?;
            file.sync_data()
        });
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => proved.and(Err(error)),
            _ => proved,
        }
    }
}

#[derive(Debug)]
struct RealPack(File);

impl PackFile for RealPack {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let end = self.len()?;
        self.0.write_all_at(bytes, end)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}
