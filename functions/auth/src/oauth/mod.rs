//! The authorization server as HTTP: metadata, the endpoints that applications call, and the pages that people see.
//!
//! What the verbs do is in `shared::identity::oauth`. Applications are answered as the RFCs have it, not with problems;
//! people with pages that need no script. [`form`] reads what either of them sends, [`refused`] says no to the former.

pub(crate) mod authorize;
pub(crate) mod consent;
mod cookies;
pub(crate) mod device;
mod form;
pub(crate) mod introspect;
pub(crate) mod login;
pub(crate) mod metadata;
mod pages;
mod refused;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod token;
mod visitor;
