//! The operating-system account that runs the server: the current user, or another one, since
//! PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Uid, User, geteuid};

use crate::error::{During, Error};

/// Tried in this order when started as root.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The account that runs the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    name: String,
    /// User and group to change to, when we are root.
    switch: Option<(u32, u32)>,
}

impl Account {
    /// Returns whether the server must run as another user.
    pub(crate) fn needs_switch() -> bool {
        geteuid().is_root()
    }

    /// Chooses the account for the data directory `data`, which need not exist. As root, the owner of an existing
    /// directory continues to run it.
    pub(crate) fn choose(data: &Path) -> Result<Self, Error> {
        let owner = fs::metadata(data).ok().map(|found| found.uid());
        let me = geteuid();
        if !me.is_root() {
            return match owner {
                Some(uid) if uid != me.as_raw() => Err(Error::ForeignData { path: data.to_owned(), uid }),
                _ => Ok(Self { name: format!("with id {me}"), switch: None }),
            };
        }
        let user = match owner {
            Some(uid) if uid != 0 => User::from_uid(Uid::from_raw(uid)).ok().flatten(),
            _ => CANDIDATES.iter().find_map(|name| User::from_name(name).ok().flatten()),
        };
        let user = user.ok_or(Error::NoAccount)?;
        Ok(Self { name: user.name, switch: Some((user.uid.as_raw(), user.gid.as_raw())) })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes `command` run as this account, with no groups but its own.
    pub(crate) fn run_as(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.switch {
            // Setting the user as root also clears the supplementary groups.
            command.uid(uid).gid(gid);
        }
    }

    /// Gives a file or directory to this account.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        match self.switch {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)).during("changing the owner of", path),
            None => Ok(()),
        }
    }

    /// Returns whether this account can enter `directory`. It is tested by entering it, because permission bits are
    /// not the whole truth (access lists, network file systems).
    pub(crate) fn can_enter(&self, directory: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", ":"]).env_clear().current_dir(directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.run_as(&mut command);
        command.status().is_ok_and(|status| status.success())
    }
}
