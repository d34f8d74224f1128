//! One folder per function, one file per noun.

mod health;
mod mcp;
