//! Groups: named sets of people, kept at a node, who receive roles together.
//!
//! [`service`] has the operations on groups themselves, [`members`] on their members, [`roles`] on the roles they hold.
//! A role of a group counts for every member as if it were their own (`mem0.held_roles`), with one exception: a group
//! cannot own the enterprise, whose owners are named individually. Since adding a member to a group grants its roles,
//! the rule of rank applies here as well ([`rank::covers`](super::rank)).
//!
//! A group that is managed by a directory keeps the directory's id for it, and is not changed by hand.

pub mod members;
pub mod roles;
pub mod service;
mod store;
mod types;

pub use service::{change, create, delete, list, lookup};
pub use types::{Group, GroupChange, GroupMember, GroupRole, Manager, NewGroup, NewGroupMember, RoleOfGroup};
