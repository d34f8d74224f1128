//! What nodes say about the memories at and below them: the class of what is added without one, and how far each class
//! may go, and which sharing needs an approval. The enterprise is such a node, too.
//!
//! [`service`] has the verbs of administrators; [`effective`] answers what holds at a scope, which is what remembering
//! and sharing ask. A policy is inherited down the tree: the nearest default holds, and of the audiences the narrowest.

mod approval_rule;
mod effective;
pub mod service;
mod store;
mod types;

pub use approval_rule::{ApprovalRule, Direction};
pub use effective::{Effective, effective, within};
pub use service::{lookup, replace};
pub use types::{PolicyView, SharingPolicy};
