//! Tenants: enterprises, the tree of nodes below them, their members, groups and invitations.
//!
//! Start with [`nodes`], which is the tree, and [`locked`], which is why two changes of it never meet. A tenant comes
//! to be in [`founding`]. What somebody may do here is decided by `access::policy` and, where people are concerned, by
//! the rule of rank: nobody hands out more than they hold, nor touches whoever holds more.
//!
//! Not here: accounts, passwords and tokens (`identity`), and what is remembered (`memory`).

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

pub use place::Place;
