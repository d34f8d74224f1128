//! What kind of cluster, and where.

use std::fmt;
use std::path::PathBuf;

use crate::{Error, cache, wheel::Wheel};

/// What survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything committed survives crashes and power cuts (`fsync` on). For data somebody would miss.
    Durable,
    /// Nothing outlives the server: `fsync`, `synchronous_commit` and `full_page_writes` are off, and a cluster
    /// whose server is not running is thrown away and made anew. For tests and benchmarks.
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
    /// The directory that is the cluster's: binaries, data, password, log and socket live in it. Made when absent.
    pub root: PathBuf,
    /// What survives. A root keeps the durability it was made with; asking for the other one is an error.
    pub durability: Durability,
    /// PostgreSQL settings beyond the defaults of this crate, later ones winning. They take effect when the server
    /// starts; one that is already running is used as it is (call [`Cluster::stop_at`](crate::Cluster::stop_at) first
    /// to force them).
    pub settings: Vec<(String, String)>,
}

impl Config {
    /// A cluster whose data is kept.
    pub fn durable(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), durability: Durability::Durable, settings: Vec::new() }
    }

    /// A cluster that lives as long as its server.
    pub fn ephemeral(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), durability: Durability::Ephemeral, settings: Vec::new() }
    }

    /// The one ephemeral cluster that all test processes of this user share, in the cache directory. It stays
    /// running between test runs. Callers keep out of each other's way with databases of their own.
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
        // The wheel is part of the name, so that checkouts with different pins do not meet.
        Ok(Self::ephemeral(directory.join(format!("tests-{}", Wheel::of_this_machine()?.key()))))
    }

    /// Adds a PostgreSQL setting, as in `postgresql.conf` but unquoted: `("shared_buffers", "1GB")`.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }
}
