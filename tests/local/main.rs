//! What a newcomer runs: the all-in-one server as a process with its own PostgreSQL.
//!
//! A test target of package `server`, because cargo builds a binary for its own package's tests and tells them its
//! path. The `e2e` binary beside this one tests what the routes do; these tests cover only what `make up` and
//! `make down` promise: one command, no questions, nothing lost. Start with [`installation`].

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics says where it broke")]

mod connections;
mod first_use;
mod forwarded;
mod http;
mod installation;
mod interruption;
mod process;
mod refusals;
