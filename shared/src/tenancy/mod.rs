//! Tenants: enterprises, the tree of nodes below them, their members and invitations.
//!
//! Start with [`founding`], which is how a tenant comes to be.

pub mod founding;
pub mod owners;
