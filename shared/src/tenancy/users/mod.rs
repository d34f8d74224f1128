//! The accounts of an enterprise, as its administrators see them.
//!
//! Not here: what an account may sign in with, and ending its use (`identity`).

pub mod service;
mod store;
mod types;

pub use service::{list, lookup, may_manage};
pub use types::{Listing, Membership, Status, User, UserDetails};
