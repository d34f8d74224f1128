//! Opens and stops a cluster.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{During, Error};
use crate::installation::Installation;
use crate::lock::Lock;
use crate::place::Place;
use crate::postmaster::Postmaster;
use crate::start::start;
use crate::{Progress, SUPERUSER, data, files, url};

/// A running PostgreSQL. Dropping this does not stop it: servers outlive the processes that use them.
pub struct Cluster {
    place: Place,
    port: u16,
    password: String,
}

impl Cluster {
    /// Ensures that the cluster of `config.root` runs and accepts connections: downloads, initialises and starts what
    /// is missing, and reuses what exists. Blocks, for seconds if there is work to do; in async code, call it inside
    /// `spawn_blocking`. `progress` gets one line per step.
    ///
    /// # Errors
    /// See [`Error`]; the next call completes or repeats whatever was interrupted.
    pub fn open(config: &Config, progress: Progress<'_>) -> Result<Self, Error> {
        let place = Place::resolve(&config.root)?;
        let lock = Lock::take(&place.directory, progress)?;
        if let Some(found) = place.durability()
            && found != config.durability
        {
            return Err(Error::OtherDurability { path: place.directory, found, wanted: config.durability });
        }
        if let Some(server) = Postmaster::find(&place.data())
            && server.wait_until_ready(progress)
        {
            return Self::of(place, &server);
        }
        place.explain(&config.root, progress);
        files::sweep(&place.directory);
        let installation = Installation::ensure(&place, progress)?;
        data::ensure(&place, &installation, config.durability, &lock, progress)?;
        let server = start(&place, &installation, config, &lock, progress)?;
        Self::of(place, &server)
    }

    fn of(place: Place, server: &Postmaster) -> Result<Self, Error> {
        let path = place.password();
        let password = fs::read_to_string(&path).during("reading", &path)?.trim().to_owned();
        let no_port = || Error::Start { reason: "it names no port".to_owned(), log: place.log() };
        let port = server.port().ok_or_else(no_port)?;
        Ok(Self { place, port, password })
    }

    /// Stops the server, ending all sessions, and waits until it has ended.
    ///
    /// # Errors
    /// [`Error::Stop`] if it takes longer than two minutes.
    pub fn stop(self, progress: Progress<'_>) -> Result<(), Error> {
        Self::stop_at(&self.place.directory, progress).map(drop)
    }

    /// Stops the server of the cluster in `root`, if one runs. Returns whether one did.
    ///
    /// # Errors
    /// [`Error::Stop`], and errors of locating the cluster.
    pub fn stop_at(root: &Path, progress: Progress<'_>) -> Result<bool, Error> {
        if !Place::may_exist(root) {
            return Ok(false);
        }
        let place = Place::resolve(root)?;
        let _lock = Lock::take(&place.directory, progress)?;
        match Postmaster::find(&place.data()) {
            Some(server) => server.stop(progress).map(|()| true),
            None => Ok(false),
        }
    }

    /// The port on 127.0.0.1. It is stored in the root and changes only if another program has taken it meanwhile.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory (mode 0700) of the Unix socket; `None` if its path would exceed the kernel's limit.
    #[must_use]
    pub fn socket_directory(&self) -> Option<PathBuf> {
        self.place.sockets()
    }

    /// The directory of the cluster: the configured root, or its substitute (see the crate's documentation).
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// `postgres://…` over TCP for the superuser and a database; `postgres` always exists.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url(SUPERUSER, &self.password, database)
    }

    /// `postgres://…` over TCP for a role and a database. Contains the password.
    #[must_use]
    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        url::postgres(role, password, self.port, database)
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("directory", &self.place.directory).field("port", &self.port).finish()
    }
}
