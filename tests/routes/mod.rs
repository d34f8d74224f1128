//! One folder per function, one file per noun.

mod admin;
mod health;
mod mcp;
