//! Sharing: who besides the members of its scope sees a memory, through what, for how long, and who allowed it.
//!
//! One memory, many scopes: a share is a grant, and what search and row-level security read (`memories.scope_ids`) is a
//! projection of the grants, updated in the same transaction. A share grants `read`, `write` or `admin` to a person, a
//! node, the enterprise or everyone; it may expire, and may allow resharing. Reshares end with it. A person with whom a
//! memory is shared sees it among their own but does not own it.
//!
//! [`share`](share::share) and what ends it are in [`share`], who sees what and why in [`access`], everything level by
//! level in [`hierarchy`], links for anyone in [`links`], approvals in [`approvals`], and curated sets in [`contexts`].
//! [`relocate`] moves a memory to another home, [`standing`] answers questions about other people, and [`preview`]
//! tells what a request to share would result in.
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
pub use grantee::{GranteeError, GranteeName};
pub use types::{Listing, NewShare, Share, ShareRequest, Shared, Subject};
