//! Simulation of access: "what would they see" and "may they do that, and why", asked by administrators about people
//! and programs.
//!
//! [`service`] answers both questions. The answers come from the same code that decides about real requests, applied to
//! a [`Simulation`](crate::access::Simulation); only the reasons are put together here ([`verdict`]). They concern only
//! what the asker administers, and never contain the text of a memory.

mod conditions;
mod key;
pub mod service;
mod store;
mod types;
mod verdict;

pub use service::{check, list};
pub use types::{About, Approver, Narrowing, Question, Reason, SeenScope, ShareReason, Verb, Verdict, Via};
