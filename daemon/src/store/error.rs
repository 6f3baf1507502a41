//! How failures of files and of redb become [`StoreError`]s.

use super::StoreError;
use std::io;

impl StoreError {
    /// Its code in the registry of conditions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "store.newer",
            Self::Foreign { .. } => "store.foreign",
            Self::DiskFull { .. } => "store.full",
            Self::ReadOnly { .. } => "store.read_only",
            Self::Damaged { .. } => "store.damaged",
            Self::Busy { .. } => "store.locked",
            Self::Missing(_) => "store.missing",
            Self::Conflict(_) => "store.conflict",
            Self::Io { .. } => "store.io",
            Self::Lost => "store.lost",
            Self::Stopping => "daemon.stopping",
        }
    }

    /// A failed file operation.
    pub(super) fn of_io(path: &str, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path, reason: error.to_string() }
            }
            io::ErrorKind::UnexpectedEof => {
                Self::Damaged { path, reason: "it ends too early".into() }
            }
            _ => Self::Io { path, reason: error.to_string() },
        }
    }

    /// A failed database operation.
    pub(super) fn of_redb(path: &str, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(error) => Self::of_io(path, &error),
            redb::Error::Corrupted(reason) => Self::Damaged { path: path.into(), reason },
            redb::Error::DatabaseAlreadyOpen => Self::Busy { path: path.into() },
            error @ (redb::Error::TableTypeMismatch { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableDoesNotExist(_)) => {
                Self::Damaged { path: path.into(), reason: error.to_string() }
            }
            error => Self::Io { path: path.into(), reason: error.to_string() },
        }
    }

    /// A place where the store was found closed.
    pub(super) fn closed(path: &str) -> Self {
        Self::Io { path: path.into(), reason: "the store is closed".into() }
    }

    /// Whether the store refuses to be opened by this program, however often it is tried.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Newer { .. } | Self::Foreign { .. } | Self::Damaged { .. })
    }

    /// Whether the same may work later: nothing was proven about what is stored.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.is_of_file() || *self == Self::Stopping
    }

    /// Whether the file, not the request, is what failed: the database has to be opened again.
    pub(super) fn is_of_file(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::ReadOnly { .. } | Self::Io { .. })
    }
}
