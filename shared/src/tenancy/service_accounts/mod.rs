//! Service accounts: the identities of programs. A service account is a user without a password that belongs to a node.
//! It has its own memories and can hold roles like a person; the node's administrators manage it.
//!
//! [`service`] has the operations. Service accounts authenticate with API keys, which `identity` creates; their id is
//! the OAuth client id.

pub mod service;
mod store;
mod types;

pub use service::{change, create, list, lookup, may_give_keys, may_manage};
pub use types::{NewServiceAccount, ServiceAccount, ServiceAccountChange};
