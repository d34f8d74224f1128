//! Memories, one file per operation or sub-resource.

pub(crate) mod access;
pub(crate) mod add;
pub(crate) mod batch;
pub(crate) mod feedback;
pub(crate) mod hierarchical;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod import;
pub(crate) mod link;
pub(crate) mod list;
mod message;
mod narrow;
pub(crate) mod one;
pub(crate) mod search;
mod selection;
pub(crate) mod share;
pub(crate) mod sweep;
pub(crate) mod view;
