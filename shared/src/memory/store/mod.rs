//! The SQL statements over memories: the only SQL of this capability.
//!
//! Every function takes the caller's transaction, so row-level security has the last word on what it sees. Statements
//! are constants beside the functions that use them; those that contain a caller's filter are built by [`condition`].
//! The projection that search reads is written by triggers (V3) and read through functions (V4).

pub(super) mod backlog;
pub(super) mod blocks;
pub(super) mod condition;
pub(super) mod delete;
pub(super) mod entities;
pub(super) mod events;
pub(super) mod feedback;
pub(super) mod few;
pub(super) mod grants;
pub(super) mod insert;
pub(super) mod known;
pub(crate) mod levels;
pub(super) mod list;
pub(super) mod lookup;
pub(super) mod row;
pub(super) mod search;
pub(super) mod similar;
pub(super) mod stats;
pub(super) mod suggest;
pub(super) mod update;
pub(super) mod versions;
