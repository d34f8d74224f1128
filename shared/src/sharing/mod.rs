//! Sharing: who beside those of its scope sees a memory, through what, for how long, and who let them.
//!
//! One memory, many scopes: a share is a grant, and what search and row-level security read (`memories.scope_ids`) is the
//! projection of the grants, brought up to them in the same transaction. A share gives `read`, `write` or `admin` to a
//! person, a node, the enterprise or everyone; it may end by itself, may allow to be shared on, and what was shared on
//! ends with it. A person who is given a memory sees it among their own and does not own it.
//!
//! [`share`](share::share) and what ends it are in [`share`], who sees what and why in [`access`], everything level by
//! level in [`hierarchy`], links for anybody in [`links`]; whether somebody else has to agree, in [`approvals`], and saved
//! sets in [`contexts`]. [`relocate`] gives a memory another home, and [`standing`]
//! answers questions about others, [`preview`] about what sharing would be answered with.
//!
//! Not here: how far a class may go at all (`access::Classification`, `tenancy::policies`), and what a grant allows
//! (`memory`).

pub mod access;
pub mod approvals;
mod authority;
mod chain;
pub mod contexts;
mod direction;
pub mod expiry;
mod grantee;
pub mod hierarchy;
pub mod links;
pub mod preview;
mod reach;
pub mod relocate;
pub mod share;
pub mod standing;
mod store;
mod types;

pub use crate::tenancy::policies::Direction;
pub use grantee::GranteeName;
pub use types::{Listing, NewShare, Share, Shared, Subject};
