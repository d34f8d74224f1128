//! Service accounts: what programs act as. A user without a password that a node owns, with its own memories and with roles
//! like people; its administrators are those of the node.
//!
//! [`service`] has the verbs. What it signs in with are API keys, which `identity` makes; its id is what OAuth calls a
//! client id.

pub mod service;
mod store;
mod types;

pub use service::{change, create, list, lookup, may_give_keys, may_manage};
pub use types::{NewServiceAccount, ServiceAccount, ServiceAccountChange};
