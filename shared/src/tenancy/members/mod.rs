//! The members of a node, and their roles.
//!
//! [`service`] has the operations. A membership applies to its node and to everything below; what a member may do on a
//! node depends on their highest role on its path. A list therefore shows for each person the role they hold there
//! directly and the role they inherit, and only the former can be changed there.

pub mod service;
mod store;
mod types;

pub(crate) use service::admit;
pub use service::{add, change, list, remove};
pub use types::{Inherited, Member, MemberChange, NewMember, ThroughGroup};
