//! The configuration of a cluster.

use std::fmt;
use std::path::PathBuf;

use crate::{Error, cache, wheel::Wheel};

/// What survives a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything committed survives crashes and power cuts (`fsync` on). For data somebody would miss.
    Durable,
    /// Nothing outlives the server: `fsync`, `synchronous_commit` and `full_page_writes` are off, and a cluster whose
    /// server is not running is deleted and created again. For tests and benchmarks.
    Ephemeral,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Durable => "durable",
            Self::Ephemeral => "throw-away",
        })
    }
}

/// Which cluster to open.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory of the cluster: binaries, data, password, log and socket live in it. Created if absent.
    pub root: PathBuf,
    /// What survives. A root keeps the durability it was created with; asking for the other one is an error.
    pub durability: Durability,
    /// PostgreSQL settings beyond this crate's defaults; later ones win. They take effect when the server starts; a
    /// running server is used as it is (call [`Cluster::stop_at`](crate::Cluster::stop_at) first to force them).
    pub settings: Vec<(String, String)>,
}

impl Config {
    /// Creates the configuration of a cluster whose data is kept.
    pub fn durable(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), durability: Durability::Durable, settings: Vec::new() }
    }

    /// Creates the configuration of a cluster that lives as long as its server.
    pub fn ephemeral(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), durability: Durability::Ephemeral, settings: Vec::new() }
    }

    /// The one ephemeral cluster in the cache directory that all test processes of this user share. It stays running
    /// between test runs. Callers isolate themselves with their own databases.
    ///
    /// A cheap copy of a prepared database is `CREATE DATABASE … TEMPLATE … STRATEGY FILE_COPY`: with `fsync` off, a
    /// template of 10 MB in 540 files took 31 ms (19 ms each, four at a time), against 62 ms (49 ms) with the default
    /// `WAL_LOG`. While other sessions write a lot the two are equal. Nobody may be connected to the template, and
    /// dropping a copy takes 10 ms.
    ///
    /// # Errors
    /// [`Error::NoCache`], [`Error::UnsupportedPlatform`].
    pub fn shared_by_tests() -> Result<Self, Error> {
        let directory = cache::directory().ok_or(Error::NoCache)?;
        // The wheel is part of the name, so that checkouts with different pins do not share a cluster.
        Ok(Self::ephemeral(directory.join(format!("tests-{}", Wheel::of_this_machine()?.key()))))
    }

    /// Adds a PostgreSQL setting, as in `postgresql.conf` but unquoted: `("shared_buffers", "1GB")`.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}
