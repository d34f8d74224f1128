//! An application for each test, people who call it, and their answers.
//!
//! [`TestApp`] has the real routers on its own database: a copy of one migrated template (`template`, `database`) in
//! the embedded PostgreSQL that all tests share (`cluster`). People are types: [`Anonymous`] and [`Actor`], both a
//! [`Client`]; a request returns an [`Answer`].
//!
//! ```ignore
//! let (app, alice, bob) = TestApp::two_tenants().await;
//! let memory = alice.post("/v3/memories/add/", json!({ … })).await.ok();
//! bob.get(&format!("/v1/memories/{}/", memory["id"])).await.assert_problem(404, "not-found", None);
//! ```

mod actor;
mod answer;
mod app;
mod client;
mod cluster;
mod database;
mod explain;
mod oauth;
mod people;
mod requests;
mod reviewed;
mod seed;
mod skip;
mod snapshot;
mod tables;
mod template;
mod tests;
mod tokens;
mod tree;
mod two_teams;
mod world;

pub(crate) use actor::{Actor, Anonymous};
pub(crate) use answer::Answer;
pub(crate) use app::{ALLOWED_ORIGIN, PUBLIC_URL, TestApp};
pub(crate) use client::{Client, form};
pub(crate) use database::{TestDatabase, pack};
pub(crate) use explain::{Explainer, Scan};
pub(crate) use oauth::{
    Browser, VERIFIER, authorize_url, challenge, field, onward, parameter, person, register, tokens,
};
pub(crate) use people::PASSWORD;
pub(crate) use reviewed::reviewed_file_changed;
pub(crate) use seed::seeded;
pub(crate) use skip::skip;
pub(crate) use tables::Tables;
pub(crate) use tokens::{SEED, claims, forge, signing_key};
pub(crate) use tree::Node;
pub(crate) use two_teams::TwoTeams;
pub(crate) use world::World;
