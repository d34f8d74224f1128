//! Sharing policies of nodes, for the memories at and below them: the default class, how far each class may be shared,
//! and which sharing needs an approval. The enterprise can have a policy, too.
//!
//! [`service`] has the operations of administrators; [`effective`] returns what applies at a scope, which remembering
//! and sharing ask for. A policy is inherited down the tree: the nearest default and the narrowest audience apply.

mod approval_rule;
mod effective;
pub mod service;
mod standing;
mod store;
mod types;

pub use approval_rule::{ApprovalRule, Direction};
pub use effective::{Effective, effective, effective_of, within};
pub(crate) use service::{check_crosses, check_leaves};
pub use service::{lookup, replace};
pub(crate) use standing::{role_for, roles_for};
pub use types::{PolicyView, SharingPolicy};
