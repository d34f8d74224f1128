//! One folder per function, one file per noun.

mod admin;
mod ai_enhancement;
mod auth;
mod bodies;
mod health;
mod mcp;
mod memories;
mod pages_of_others;
mod parts;
