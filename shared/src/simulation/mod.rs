//! "What would they see" and "may they do that, and why", asked by administrators about people and programs.
//!
//! [`service`] has both questions. The answers come from the very code that decides about real requests, asked about a
//! [`Simulation`](crate::access::Simulation); only the reasons are put together here ([`verdict`]). They concern what the
//! asker administers and nothing else, and never hold what anybody remembers.

mod conditions;
mod key;
pub mod service;
mod store;
mod types;
mod verdict;

pub use service::{check, list};
pub use types::{About, Approver, Narrowing, Question, Reason, SeenScope, ShareReason, Verb, Verdict, Via};
