//! Replaces files atomically, and never makes them readable by more people than before.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    /// Its owner only.
    Owner,
    /// Whoever could read it before; for a new file, the default of the person's umask.
    AsBefore,
}

/// Replaces a file in one step: readers see the old or the new one. Symbolic links stay: their target is replaced.
pub(crate) fn replace(path: &Path, content: &[u8], reader: Reader) -> io::Result<()> {
    let path = &target(path)?;
    let permissions = match fs::metadata(path) {
        Ok(old) if reader == Reader::AsBefore => Some(old.permissions()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => None,
    };
    let beside = suffixed(path, &format!(".{}.new", std::process::id()));
    // Left behind by a crashed process with the same id: in containers process ids repeat.
    let _ = fs::remove_file(&beside);
    let written = write_new(&beside, content, permissions, reader).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Copies a file to `<file>.bak`, or with a number appended if that name is taken by something
/// else. Returns the path of the copy.
pub(crate) fn keep(path: &Path) -> io::Result<PathBuf> {
    let path = &target(path)?;
    let (content, permissions) = (fs::read(path)?, fs::metadata(path)?.permissions());
    let names = std::iter::once(".bak".to_owned()).chain((1..).map(|number| format!(".bak.{number}")));
    for name in names {
        let copy = suffixed(path, &name);
        match write_new(&copy, &content, Some(permissions.clone()), Reader::Owner) {
            Ok(()) => return Ok(copy),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Err(_) if fs::read(&copy).is_ok_and(|kept| kept == content) => return Ok(copy),
            Err(_) => {}
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Follows symbolic links; the target need not exist.
fn target(path: &Path) -> io::Result<PathBuf> {
    /// The limit that Linux has.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().map(|parent| parent.join(&next)).unwrap_or(next),
            // Not a link, or nothing at all.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is a link that leads in a circle"))
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Writes a file that must not exist yet.
fn write_new(
    path: &Path,
    content: &[u8],
    permissions: Option<Permissions>,
    reader: Reader,
) -> io::Result<()> {
    let mut file = open_new(path, permissions.as_ref(), reader)?;
    // The permissions that could not be set on creation.
    permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
    file.write_all(content)?;
    file.sync_all()
}

/// Creates the file with no more than these permissions from the start.
#[cfg(unix)]
fn open_new(path: &Path, permissions: Option<&Permissions>, reader: Reader) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mode = match (permissions, reader) {
        (Some(permissions), _) => permissions.mode() & 0o777,
        (None, Reader::Owner) => 0o600,
        (None, Reader::AsBefore) => 0o666,
    };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// On other systems, a person's profile is private already.
#[cfg(not(unix))]
fn open_new(path: &Path, _: Option<&Permissions>, _: Reader) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use super::*;

    /// Returns the names in a directory, sorted.
    fn names(directory: &Path) -> Vec<String> {
        let names = fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("settings.json");
        for text in ["one", "two"] {
            replace(&file, text.as_bytes(), Reader::AsBefore).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(names(home.path()), ["settings.json"]);
        let full = home.path().join("full");
        fs::create_dir_all(full.join("of")).unwrap();
        assert!(replace(&full, b"", Reader::AsBefore).is_err());
        assert_eq!(names(home.path()), ["full", "settings.json"], "what was begun is taken away");
    }

    #[test]
    fn whatever_was_there_is_kept_under_a_name_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a");
        fs::write(home.path().join("a.bak"), "somebody's").unwrap();
        let mut kept = Vec::new();
        for text in ["one", "two", "one"] {
            fs::write(&file, text).unwrap();
            kept.push(keep(&file).unwrap());
        }
        assert_eq!(kept, ["a.bak.1", "a.bak.2", "a.bak.1"].map(|name| home.path().join(name)));
        let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap();
        assert_eq!(["a.bak", "a.bak.1", "a.bak.2"].map(read), ["somebody's", "one", "two"]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_may_read_more_than_before_not_even_for_a_moment() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let secret = Permissions::from_mode(0o600);
        let (new, file) = (home.path().join("new"), home.path().join("file"));
        drop(open_new(&new, Some(&secret), Reader::AsBefore).unwrap());
        assert_eq!(mode(&new), 0o600, "before anything is in it");
        assert!(
            open_new(&new, Some(&secret), Reader::AsBefore).is_err(),
            "what is there may be open already"
        );
        for (permissions, kept) in [(0o600, 0o600), (0o664, 0o664)] {
            fs::write(&file, permissions.to_string()).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(permissions)).unwrap();
            let copy = keep(&file).unwrap();
            replace(&file, b"new", Reader::AsBefore).unwrap();
            assert_eq!((mode(&copy), mode(&file)), (kept, kept));
        }
        replace(&file, b"", Reader::Owner).unwrap();
        replace(&home.path().join("own"), b"", Reader::Owner).unwrap();
        assert_eq!((mode(&file), mode(&home.path().join("own"))), (0o600, 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_even_to_nothing() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let [link, second, file] = ["link", "second", "file"].map(|name| home.path().join(name));
        symlink("second", &link).unwrap();
        symlink(&file, &second).unwrap();
        for text in ["one", "two"] {
            replace(&link, text.as_bytes(), Reader::AsBefore).unwrap();
            assert!(link.is_symlink() && second.is_symlink() && !file.is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert_eq!(keep(&link).unwrap(), home.path().join("file.bak"));
        fs::remove_file(&file).unwrap();
        symlink("link", &file).unwrap();
        assert!(replace(&link, b"", Reader::AsBefore).unwrap_err().to_string().contains("circle"));
    }
}
