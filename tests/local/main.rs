//! What a newcomer runs: the all-in-one server as a process, with a PostgreSQL of its own.
//!
//! A test target of package `server`, because cargo builds a binary for its own package's tests and tells them where it
//! is. What the routes mean is tested in the `e2e` binary beside this one; here is only what `make up` and `make down`
//! promise: one command, nothing asked for, nothing lost. Start with [`installation`].

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics says where it broke")]

mod connections;
mod first_use;
mod http;
mod installation;
mod interruption;
mod process;
mod refusals;
