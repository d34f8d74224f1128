//! Tests the embedded PostgreSQL with real servers.
//!
//! Each test has its own cluster in a temporary directory; the programs come from the user's cache, so only the first
//! run downloads. `support` has the fixtures and the "other process".

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is how a test fails")]
#![allow(clippy::print_stdout, reason = "the other process answers on its standard output")]
#![allow(clippy::disallowed_methods, reason = "tests look at servers and processes from outside")]

mod access;
mod download;
mod interruption;
mod lifecycle;
mod objects;
mod support;
