//! Tenants: enterprises, the tree of nodes below them, their members, groups and invitations.
//!
//! Start with [`nodes`], the tree, and [`locked`], which keeps two changes of it from running concurrently.
//! [`founding`] creates a tenant. What a caller may do here is decided by `access::policy` and, where people are
//! concerned, by the rule of rank: nobody grants more than they hold, or acts on anyone who holds more.
//!
//! Not here: accounts, passwords and tokens (`identity`), and the memories themselves (`memory`).

pub mod enterprise;
pub mod founding;
pub mod groups;
pub mod invitations;
pub mod locked;
pub mod members;
pub mod nodes;
pub mod owners;
pub mod policies;
pub mod scopes;
pub mod service_accounts;
pub mod users;

mod place;
mod rank;
mod stepwise;

pub use place::{Place, PlaceId};
pub(crate) use rank::may_show_all;
