//! The domain of mem0-enterprise: one folder per capability, in order of dependency.
//!
//! `ids`, `error`, `clock`, `random`, `email`, `name` · `db` · `access` · `audit`, `idempotency`, `outbox` · `tenancy`
//! · `identity` · `memory` · `sharing` · `enhancement` · `jobs`. A module may use only those to its left. `config`,
//! `http`, `moment`, `page` and `telemetry` support all of them and know no capability.
//!
//! Start reading at [`access`]: nothing reaches the database without a context made there.

pub mod access;
pub mod audit;
mod aws;
pub mod clock;
pub mod config;
pub mod db;
pub mod email;
pub mod embedding;
pub mod enhancement;
pub mod error;
pub mod http;
mod https;
pub mod idempotency;
pub mod identity;
pub mod ids;
pub mod invisible;
pub mod jobs;
pub mod lambda;
pub mod limits;
pub mod loopback;
pub mod memory;
pub mod metrics;
pub mod moment;
mod name;
pub mod outbox;
pub mod page;
mod random;
mod recent;
pub mod sharing;
pub mod simulation;
pub mod telemetry;
pub mod tenancy;

pub use error::{Error, Result};
