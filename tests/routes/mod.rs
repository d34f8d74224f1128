//! One folder per function, one file per noun.

mod admin;
mod auth;
mod health;
mod mcp;
mod memories;
