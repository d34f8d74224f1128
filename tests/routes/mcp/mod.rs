//! `POST /mcp`.

mod client;
mod envelope;
mod eras;
mod tools;
