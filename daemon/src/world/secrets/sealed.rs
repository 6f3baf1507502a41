//! Secrets in one sealed file (XChaCha20-Poly1305) with the key elsewhere: in a systemd credential
//! or in a 0600 file beside it. Every change rewrites the whole file under a new nonce and
//! replaces it atomically; a kill leaves the old or the new one.

mod key;

use super::{Put, SecretsError, Vault};
use crate::world::entropy::Entropy;
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chapar_engine::secret::Secret;
use key::Key;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// First bytes: what it is, and the version of the layout.
const MAGIC: &[u8; 16] = b"chapar sealed 1\n";
/// Bytes of a nonce.
const NONCE: usize = 24;
/// Bytes of the file: thousands of accounts with kilobyte tokens.
const FILE_BYTES: u64 = 8 << 20;
/// Modes of both files.
const MODE: u32 = 0o600;

/// The sealed file of one state directory.
pub struct SealedFile {
    inner: Arc<Inner>,
    /// One at a time; how often the file was changed, so that nothing is written over a change
    /// that was not read.
    turn: Mutex<u64>,
}

struct Inner {
    file: PathBuf,
    key_file: PathBuf,
    credential: Option<PathBuf>,
    entropy: Arc<dyn Entropy>,
}

type Entries = BTreeMap<String, Secret>;

/// All that a new file is made of.
struct Draft {
    entries: Entries,
    key: Key,
    nonce: [u8; NONCE],
}

impl SealedFile {
    /// The file `secrets.sealed` in `state`; its key from `$CREDENTIALS_DIRECTORY/chapar-key` or
    /// `secrets.key` in `state`. Reads nothing yet.
    #[must_use]
    pub fn new(state: &Path, entropy: Arc<dyn Entropy>) -> Self {
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
            .map(|dir| Path::new(&dir).join("chapar-key"))
            .filter(|file| file.exists());
        Self::with_credential(state, credential, entropy)
    }

    /// The same with a given credential file.
    #[must_use]
    pub fn with_credential(
        state: &Path,
        credential: Option<PathBuf>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                file: state.join("secrets.sealed"),
                key_file: state.join("secrets.key"),
                credential,
                entropy,
            }),
            turn: Mutex::new(0),
        }
    }

    /// What it is, for `status`.
    #[must_use]
    pub fn vault(&self) -> Vault {
        let protects = if self.inner.credential.is_some() {
            "an encrypted file whose key systemd holds. The file is safe from other users and from \
             whoever steals the disk or a backup, not from your own programs"
        } else {
            "an encrypted file with its key file beside it. The file is safe from other users and from \
             a stolen backup without the key file, not from your own programs"
        };
        Vault { kind: "file", protects: protects.to_owned() }
    }

    /// Stores and reads back.
    pub async fn put(&self, key: &str, secret: &Secret) -> Result<(), SecretsError> {
        let (name, value) = (key.to_owned(), secret.clone());
        self.change(move |entries| {
            entries.insert(name, value);
            true
        })
        .await?;
        self.read_back(key, secret).await
    }

    /// Reads file and key now, so that the new file is all that is left to be written. When another
    /// change comes between, both are read again.
    pub async fn prepare<'a>(&'a self, key: &'a str) -> Result<Put<'a>, SecretsError> {
        let turn = self.turn.lock().await;
        let (inner, read_at) = (Arc::clone(&self.inner), *turn);
        let mut draft = blocking(move || inner.draft()).await?;
        drop(turn);
        Ok(Box::new(move |secret: Secret| {
            Box::pin(async move {
                let mut turn = self.turn.lock().await;
                if *turn != read_at {
                    drop(turn);
                    return self.put(key, &secret).await;
                }
                *turn += 1;
                draft.entries.insert(key.to_owned(), secret.clone());
                let inner = Arc::clone(&self.inner);
                blocking(move || inner.write(draft)).await?;
                drop(turn);
                self.read_back(key, &secret).await
            })
        }))
    }

    async fn read_back(&self, key: &str, secret: &Secret) -> Result<(), SecretsError> {
        match self.get(key).await? {
            Some(read) if read.expose() == secret.expose() => Ok(()),
            _ => Err(SecretsError::Corrupt("another value".to_owned())),
        }
    }

    /// Reads.
    pub async fn get(&self, key: &str) -> Result<Option<Secret>, SecretsError> {
        let key = key.to_owned();
        let inner = Arc::clone(&self.inner);
        let _turn = self.turn.lock().await;
        blocking(move || Ok(inner.read()?.remove(&key))).await
    }

    /// Deletes.
    pub async fn forget(&self, key: &str) -> Result<(), SecretsError> {
        let key = key.to_owned();
        self.change(move |entries| entries.remove(&key).is_some()).await
    }

    /// Applies `change`; it says whether anything is different.
    async fn change(
        &self,
        change: impl FnOnce(&mut Entries) -> bool + Send + 'static,
    ) -> Result<(), SecretsError> {
        let inner = Arc::clone(&self.inner);
        let mut turn = self.turn.lock().await;
        *turn += 1;
        blocking(move || {
            let mut entries = inner.read()?;
            if !change(&mut entries) {
                return Ok(());
            }
            inner.write(inner.draft_of(entries)?)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SecretsError> + Send + 'static,
) -> Result<T, SecretsError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(SecretsError::Unavailable(error.to_string())))
}

impl Inner {
    fn read(&self) -> Result<Entries, SecretsError> {
        let Some(sealed) = read_private(&self.file, FILE_BYTES)? else {
            return Ok(Entries::new());
        };
        let key = Key::existing(self)?;
        let broken = |what: &str| {
            SecretsError::Corrupt(format!(
                "{} {what}; restore it from a backup, or remove it and sign in again",
                self.file.display()
            ))
        };
        let body =
            sealed.strip_prefix(MAGIC).ok_or_else(|| broken("is not a vault of this version"))?;
        let (check, body) =
            body.split_at_checked(key::CHECK).ok_or_else(|| broken("is cut short"))?;
        if check != key.check() {
            return Err(SecretsError::Corrupt(format!(
                "{} was sealed with another key than the one in {}; put the right key back",
                self.file.display(),
                key.origin.display()
            )));
        }
        let (nonce, body) =
            body.split_first_chunk::<NONCE>().ok_or_else(|| broken("is cut short"))?;
        let mut text = Zeroizing::new(body.to_vec());
        XChaCha20Poly1305::new(key.bytes())
            .decrypt_in_place(&XNonce::from(*nonce), MAGIC, &mut *text)
            .map_err(|_| broken("is damaged"))?;
        unpacked(&text).ok_or_else(|| broken("holds something else than secrets"))
    }

    /// What is there, to be changed and written once.
    fn draft(&self) -> Result<Draft, SecretsError> {
        self.draft_of(self.read()?)
    }

    fn draft_of(&self, entries: Entries) -> Result<Draft, SecretsError> {
        let key = Key::existing_or_new(self)?;
        let mut nonce = [0; NONCE];
        self.entropy.fill(&mut nonce);
        Ok(Draft { entries, key, nonce })
    }

    fn write(&self, draft: Draft) -> Result<(), SecretsError> {
        let Draft { entries, key, nonce } = draft;
        let mut body = packed(&entries);
        XChaCha20Poly1305::new(key.bytes())
            .encrypt_in_place(&XNonce::from(nonce), MAGIC, &mut *body)
            .map_err(|_| SecretsError::Unavailable("the secrets are too large to seal".into()))?;
        let mut sealed = MAGIC.to_vec();
        sealed.extend_from_slice(key.check());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        replace(&self.file, &sealed).map_err(|error| unwritable(&self.file, &error))
    }
}

/// Entries as length-prefixed pairs, in a buffer that never grows (growing would leave copies).
fn packed(entries: &Entries) -> Zeroizing<Vec<u8>> {
    let length: usize =
        entries.iter().map(|(name, value)| 8 + name.len() + value.expose().len()).sum();
    // 16 bytes for the tag
    let mut packed = Zeroizing::new(Vec::with_capacity(length + 16));
    for (name, value) in entries {
        for part in [name.as_bytes(), value.expose().as_bytes()] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            packed.extend_from_slice(&length.to_le_bytes());
            packed.extend_from_slice(part);
        }
    }
    packed
}

fn unpacked(mut bytes: &[u8]) -> Option<Entries> {
    fn part<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        *bytes = rest;
        std::str::from_utf8(part).ok()
    }
    let mut entries = Entries::new();
    while !bytes.is_empty() {
        let name = part(&mut bytes)?.to_owned();
        let value = Secret::new(part(&mut bytes)?.to_owned());
        entries.insert(name, value);
    }
    Some(entries)
}

/// The bytes of a file that is ours alone; `None` when it is not there.
fn read_private(file: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, SecretsError> {
    let unreadable = |reason: String| {
        SecretsError::Unavailable(format!("{} cannot be read: {reason}", file.display()))
    };
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(file);
    let opened = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| unreadable(error.to_string()))?,
    };
    let metadata = opened.metadata().map_err(|error| unreadable(error.to_string()))?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(unreadable("it belongs to another user".to_owned()));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(unreadable(format!(
            "its mode {:o} lets others in; run: chmod 600 {}",
            metadata.mode() & 0o777,
            file.display()
        )));
    }
    if metadata.len() > limit {
        return Err(unreadable(format!("it is larger than {limit} bytes")));
    }
    let room = usize::try_from(metadata.len()).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    opened.take(limit).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(bytes))
}

/// Puts `bytes` in the place of `file`, durably and whole or not at all.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    let mut opened = match private_new(&new) {
        // a kill between making and renaming it
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&new)?;
            private_new(&new)?
        }
        opened => opened?,
    };
    opened.write_all(bytes)?;
    opened.sync_all()?;
    fs::rename(&new, file)?;
    match file.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn private_new(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(file)
}

fn unwritable(file: &Path, error: &io::Error) -> SecretsError {
    SecretsError::Unavailable(format!("{} cannot be written: {error}", file.display()))
}
