//! The paths of a cluster.
//!
//! All of them are in the root, with one exception: if started as root, and the account that must run the server
//! cannot enter the root (a checkout under `/root`, which nobody else may enter), they are at the same path under
//! `/var/lib/mem0-enterprise` instead. Deleting the root does not delete them then.

use std::fs;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::config::Durability;
use crate::error::{During, Error};
use crate::{Progress, files};

/// The substitute for `/` if the root cannot be entered.
const ELSEWHERE: &str = "/var/lib/mem0-enterprise";

/// The kernel's limit for a socket's path is 107 bytes on Linux and 103 on macOS; this is the longest name in it.
const LONGEST_SOCKET_DIRECTORY: usize = 103 - "/.s.PGSQL.65535".len();

/// A file of this name in the data directory marks data that may be thrown away.
pub(crate) const EPHEMERAL_MARK: &str = "mem0.ephemeral";

/// The cluster's directory, and the account that runs its server.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) account: Account,
}

impl Place {
    /// Resolves the directory for `root`, and creates it.
    pub(crate) fn resolve(root: &Path) -> Result<Self, Error> {
        let root = std::path::absolute(root).during("resolving", root)?;
        files::make_passage(&root)?;
        // A canonical path for everybody who opens it: the server is recognised by the path it was started with.
        let root = fs::canonicalize(&root).during("resolving", &root)?;
        if !fits_a_shell(&root) {
            return Err(Error::BadPath(root));
        }
        let here = Self { account: Account::choose(&root.join("data"))?, directory: root };
        if !Account::needs_switch() || here.account.can_enter(&here.directory) {
            return Ok(here);
        }
        if here.data().exists() {
            return Err(here.unreachable());
        }
        let directory = elsewhere(&here.directory);
        files::make_passage(&directory)?;
        let there = Self { account: Account::choose(&directory.join("data"))?, directory };
        if there.account.can_enter(&there.directory) { Ok(there) } else { Err(there.unreachable()) }
    }

    /// Returns whether anything was ever created for `root`. Creates nothing.
    pub(crate) fn may_exist(root: &Path) -> bool {
        root.exists() || std::path::absolute(root).is_ok_and(|root| elsewhere(&root).exists())
    }

    /// Reports if the cluster is not in the requested root.
    pub(crate) fn explain(&self, root: &Path, progress: Progress<'_>) {
        if self.directory.starts_with(ELSEWHERE) && !root.starts_with(ELSEWHERE) {
            let (account, root, here) = (self.account.name(), root.display(), self.directory.display());
            progress(&format!("user {account} cannot enter {root}: the database is in {here}"));
        }
    }

    fn unreachable(&self) -> Error {
        Error::Unreachable { path: self.directory.clone(), account: self.account.name().to_owned() }
    }

    /// The data directory (`PGDATA`); if it exists, it is complete.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The file with the superuser's password.
    pub(crate) fn password(&self) -> PathBuf {
        self.directory.join("superuser.password")
    }

    /// The file with the port, which stays the same across restarts.
    pub(crate) fn port(&self) -> PathBuf {
        self.directory.join("port")
    }

    /// The server's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    /// The output of the last `initdb` or `pg_ctl`.
    pub(crate) fn commands_log(&self) -> PathBuf {
        self.directory.join("commands.log")
    }

    /// The directory of the Unix socket; `None` if its path would be too long for the kernel.
    pub(crate) fn sockets(&self) -> Option<PathBuf> {
        let directory = self.directory.join("sockets");
        (directory.as_os_str().len() <= LONGEST_SOCKET_DIRECTORY).then_some(directory)
    }

    /// The durability of the existing data; `None` without complete data.
    pub(crate) fn durability(&self) -> Option<Durability> {
        let data = self.data();
        let ephemeral = data.join(EPHEMERAL_MARK).exists();
        let kind = if ephemeral { Durability::Ephemeral } else { Durability::Durable };
        data.join("PG_VERSION").exists().then_some(kind)
    }
}

/// The substitute for a root that cannot be entered.
fn elsewhere(root: &Path) -> PathBuf {
    Path::new(ELSEWHERE).join(root.strip_prefix("/").unwrap_or(root))
}

/// Returns whether a path is safe in double quotes: `pg_ctl` and `initdb` pass paths to a shell that way.
fn fits_a_shell(path: &Path) -> bool {
    path.to_str().is_some_and(|path| {
        !path.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '$' | '`' | '\\' | '!'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_a_shell_would_interpret_are_refused() {
        assert!(fits_a_shell(Path::new("/home/a b/ü,(x)/.local")));
        for path in ["/a\"b", "/a$(b)", "/a`b`", "/a\\b", "/a\nb", "/a'b"] {
            assert!(!fits_a_shell(Path::new(path)), "{path}");
        }
    }
}
