//! Files that are either complete or absent, even if the process is killed: written under
//! a temporary name, then renamed.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{During, Error};

/// The prefix of temporary names, by which leftovers are recognized.
const UNFINISHED: &str = "unfinished-";

/// Returns a name next to the final one that no other process uses.
pub(crate) fn unfinished(directory: &Path, what: &str) -> Result<PathBuf, Error> {
    Ok(directory.join(format!("{UNFINISHED}{what}-{}", random_hex(6)?)))
}

/// Removes leftovers of killed processes. Call only under the directory's lock. What cannot be removed yet is left for
/// the next time: its name is never used again.
pub(crate) fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let path = entry.path();
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

/// Takes a directory out of use at once, then deletes it: if killed in between, it is a leftover.
pub(crate) fn discard(directory: &Path) -> Result<(), Error> {
    let parent = directory.parent().unwrap_or(directory);
    let trash = unfinished(parent, "trash")?;
    match fs::rename(directory, &trash) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => result.during("discarding", directory)?,
    }
    let _ = fs::remove_dir_all(&trash);
    Ok(())
}

/// Creates a directory and its missing parents so that everyone can enter them, whatever the umask: the account that
/// runs the server must pass through them. Existing directories keep their permissions.
pub(crate) fn make_passage(directory: &Path) -> Result<(), Error> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make_passage(parent)?;
    }
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(Error::Io { doing: "creating", path: directory.to_owned(), source }),
        Ok(()) => set_mode(directory, 0o755),
    }
}

/// Creates a directory that only its owner can enter.
pub(crate) fn make_private(directory: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => result.during("creating", directory)?,
    }
    set_mode(directory, 0o700)
}

pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    fs::set_permissions(path, Permissions::from_mode(mode)).during("setting the permissions of", path)
}

/// Writes a file atomically; `prepare` may change its owner before it gets its name.
pub(crate) fn write(
    path: &Path,
    mode: u32,
    text: &str,
    prepare: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let parent = path.parent().unwrap_or(path);
    let temporary = unfinished(parent, "file")?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&temporary)
        .during("creating", &temporary)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).during("writing", &temporary)?;
    set_mode(&temporary, mode)?;
    prepare(&temporary)?;
    fs::rename(&temporary, path).during("writing", path)
}

/// Reproduces a tree with hard links, or copies across file systems.
pub(crate) fn link_tree(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir(to).during("creating", to)?;
    set_mode(to, 0o755)?;
    for entry in fs::read_dir(from).during("reading", from)? {
        let entry = entry.during("reading", from)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().during("reading", &source)?.is_dir() {
            link_tree(&source, &target)?;
        } else if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target).during("copying", &source)?;
        }
    }
    Ok(())
}

/// Makes every file of a tree readable, and those in a `bin` directory executable: unzipping preserves neither, and
/// the umask may forbid both.
pub(crate) fn open_tree(directory: &Path) -> Result<(), Error> {
    set_mode(directory, 0o755)?;
    for entry in fs::read_dir(directory).during("reading", directory)? {
        let entry = entry.during("reading", directory)?;
        if entry.file_type().during("reading", directory)?.is_dir() {
            open_tree(&entry.path())?;
        } else {
            let program = directory.ends_with("bin");
            set_mode(&entry.path(), if program { 0o755 } else { 0o644 })?;
        }
    }
    Ok(())
}

/// Returns `bytes` random bytes in lower-case hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> Result<String, Error> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| Error::Io {
        doing: "reading",
        path: PathBuf::from("the system's random numbers"),
        source: io::Error::other(error),
    })?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}
