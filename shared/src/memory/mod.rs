//! Memories: what is remembered, recalled and forgotten, and who may see it.

pub mod filter;
pub use crate::page;
