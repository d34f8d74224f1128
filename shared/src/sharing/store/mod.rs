//! The statements over shares, links, approvals and contexts.

pub(super) mod approval_list;
pub(super) mod approval_names;
pub(super) mod approval_parts;
pub(super) mod approvals;
pub(super) mod contexts;
pub(super) mod delegates;
pub(super) mod grantees;
pub(super) mod links;
pub(super) mod people;
pub(super) mod shares;
