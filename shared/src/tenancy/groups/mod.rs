//! Groups: named sets of people, kept at a node, who get roles together.
//!
//! [`service`] has the verbs on groups themselves, [`members`] who belongs to them, [`roles`] what they hold. A role of a
//! group counts for everyone in it as if it were their own (`mem0.held_roles`), with one exception: a group cannot own the
//! enterprise, whose owners are named one by one. Because whoever says who is in a group gives away its roles, the rule of
//! rank holds here as well ([`rank::covers`](super::rank)).
//!
//! A group that a directory manages keeps the directory's id for it, and is not changed by hand.

pub mod members;
pub mod roles;
pub mod service;
mod store;
mod types;

pub use service::{change, create, delete, list, lookup};
pub use types::{Group, GroupChange, GroupMember, GroupRole, Manager, NewGroup, NewGroupMember, RoleOfGroup};
