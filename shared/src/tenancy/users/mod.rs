//! The accounts of an enterprise, as its administrators see them.
//!
//! Not here: an account's credentials and its deactivation (`identity`).

mod leavers;
pub mod reassign;
mod reassignment;
mod reassignment_store;
pub mod service;
mod store;
mod types;

pub use leavers::{LeaverPolicy, WhoReassigns, forget};
pub(crate) use reassign::check_reassigner;
pub use reassign::{TOPIC, proceed, reassign, reassignment, reassignments};
pub use reassignment::{HeirView, MemoryHeir, Progress, Reassignment};
pub(in crate::tenancy) use service::named;
pub(crate) use service::role_on_enterprise;
pub use service::{list, lookup, may_administer, may_manage, may_reset_password};
pub use types::{Kind, Listing, Membership, Status, User, UserDetails};
