//! The all-in-one server: every function's router in one process.
//!
//! Start reading at [`router`], which the end-to-end tests also call. [`serve`] adds a socket, and with `--embedded` a
//! PostgreSQL, the schema and a demo enterprise.

mod connections;
pub mod demo;
pub mod down;
mod embedded;
mod forwarded;
pub mod migrate;
pub mod reembed;
pub mod reset_password;
mod router;
pub mod serve;
mod shutdown;
mod upkeep;

pub use router::{Platform, operations, router};

/// Prints a line for the person at the terminal to stderr; stdout stays for logs and machines.
#[allow(clippy::print_stderr, reason = "the one place that talks to the terminal")]
pub fn say(line: &str) {
    eprintln!("{line}");
}
