//! The accounts of an enterprise, as its administrators see them.
//!
//! Not here: what an account may sign in with, and ending its use (`identity`).

mod leavers;
pub mod service;
mod store;
mod types;

pub use leavers::{LeaverPolicy, MemoryHeir, Reassigned, Reassignment, forget, reassign};
pub use service::{list, lookup, may_manage};
pub use types::{Kind, Listing, Membership, Status, User, UserDetails};
