//! PostgreSQL: connections, transactions and errors. Knows no capability and no tenant.
//!
//! Start with [`Database`]; domain code never holds one longer than it takes to begin a transaction through `access`.

mod connect;
mod error;
mod expected;
mod login;
#[cfg(feature = "migrations")]
pub mod migrate;
mod pool;
mod requirements;
mod roots;
mod settle;
mod together;
mod trust;
mod tx;

pub use error::StoreError;
pub use expected::Expected;
pub use pool::{Database, Readiness};
pub(crate) use roots::region_of;
pub(crate) use together::{Parameters, Together};
pub(crate) use tx::Binding;
pub use tx::Tx;

/// The oldest schema that this code runs on: the number of the last migration it relies on.
pub const SCHEMA_VERSION: i32 = 159;

/// A parameter for a list built at run time, as by the filter compiler.
pub type Parameter = Box<dyn tokio_postgres::types::ToSql + Sync + Send>;
