//! A lock that one process at a time holds for a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::Progress;
use crate::error::{During, Error};

/// Held until dropped, or until the last child that got it as its standard input has ended.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for the lock of `directory`, and reports if another process holds it.
    pub(crate) fn take(directory: &Path, progress: Progress<'_>) -> Result<Self, Error> {
        let path = directory.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .during("opening", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress(&format!("waiting for another process that is using {}", directory.display()));
                file.lock().during("locking", &path)?;
            }
            Err(TryLockError::Error(source)) => return Err(Error::Io { doing: "locking", path, source }),
        }
        Ok(Self { file, path })
    }

    /// Returns the lock as a child's standard input. The lock belongs to the open file, which the child then shares:
    /// if we are killed while `initdb` or pip still writes, the next process waits until it has ended.
    pub(crate) fn lend(&self) -> Result<Stdio, Error> {
        Ok(self.file.try_clone().during("lending", &self.path)?.into())
    }
}
