//! The tree: organizations, divisions (departments, units) and teams below the enterprise.
//!
//! [`service`] has the operations, [`placement`] the rules for parents and depth. Every scope has a `path`, its
//! ancestors from the enterprise down to itself; a move rewrites the paths of the whole subtree in one statement.
//! Memories reference scopes, never paths, so they do not change: who can see them follows from the tree at the next
//! request. A node can be dissolved, which hands its contents to an heir ([`dissolve`](dissolve())).

mod dissolution;
mod dissolution_store;
mod dissolve;
mod estate;
mod naming;
pub mod placement;
mod seen;
pub mod service;
mod store;
mod types;

pub use dissolution::{Dissolution, Estate, Heir, Members, Status, Wish};
pub use dissolve::{TOPIC, cancel, dissolution, dissolutions, dissolve, proceed};
pub(crate) use service::check_empty;
pub use service::{change, create, delete, list, lookup, relocate};
pub use types::{Listing, NewNode, Node, NodeChange, Parent, Settings};
