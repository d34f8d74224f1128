//! The authorization server over HTTP: metadata, the endpoints that applications call, and the pages that people see.
//!
//! `shared::identity::oauth` implements the operations. Applications get errors as the RFCs define them,
//! not problem documents; people get pages that need no script. [`form`] parses what both send, [`refused`]
//! is the error for applications.

pub(crate) mod applications;
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
