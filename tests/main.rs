//! End-to-end tests: HTTP to the real routers, a real PostgreSQL, and assertions that read like sentences.
//!
//! `harness` creates an application for each test, and people who call it; start with `harness::TestApp`. `routes`
//! mirrors the functions: the tests of `POST /v1/auth/login` of `functions/auth` are in `routes/auth/login.rs`. Tests
//! that span all of them (isolation, row-level security, every statement prepared, plans) have modules of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics says where it broke")]
#![allow(clippy::print_stderr, reason = "progress of slow preparations, shown with a failing test only")]

mod admission;
mod audit;
mod backups;
mod bad_input;
mod bridge;
mod cargo;
mod credentials;
mod database_login;
mod deploy;
mod failures;
mod filters;
mod guides;
#[allow(dead_code, reason = "kept whole while the first routes are being written")]
mod harness;
mod installation;
mod isolation;
mod jobs;
mod lambda;
mod limits;
mod mcp_clients;
mod mem0_typescript;
mod neighbours;
mod node;
mod operations;
mod pages;
mod plans;
mod providers;
mod python;
mod recall;
mod routes;
mod rows;
mod search;
mod statements;
#[cfg(feature = "unscoped")]
mod unscoped;
mod visibility;
