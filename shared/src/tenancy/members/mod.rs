//! Who belongs to a node, and as what.
//!
//! [`service`] has the verbs. A membership holds on its node and on everything below; what a member may do on a node
//! is their highest role over its path. A list therefore shows for each person what they hold there directly and what
//! they inherit, and only the former can be changed there.

pub mod service;
mod store;
mod types;

pub(crate) use service::admit;
pub use service::{add, change, list, remove};
pub use types::{Inherited, Member, MemberChange, NewMember, ThroughGroup};
