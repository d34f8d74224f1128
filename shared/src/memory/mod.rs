//! Memories: what is remembered, recalled and forgotten, and who may see it.
//!
//! [`Memories`] is the service; each of its verbs has a file: [`remember`](Memories::remember),
//! [`import`](Memories::import), [`recall`](Memories::recall), [`list`](Memories::list), [`read`](Memories::read),
//! [`revise`](Memories::revise), [`forget`](Memories::forget), [`history`](Memories::history),
//! [`entities`](Memories::entities), [`events`](Memories::events), [`stats`](Memories::stats),
//! [`judge`](Memories::judge). A verb takes the caller first, checks what they may do, and does everything in one
//! transaction. The pure parts sit beside them: [`filter`], [`extraction`], [`duplicate`] and [`ranking`].
//!
//! Not here: who may do what (`access::policy`), text to vectors (`embedding`), HTTP (`functions/memories`).

mod backlog;
mod blocks;
mod briefing;
mod capture;
mod class_rules;
mod classify;
mod compare;
mod composed;
mod crowds;
pub mod duplicate;
mod entities;
mod events;
pub mod extraction;
mod feedback;
pub mod filter;
mod forget;
mod gate;
mod history;
mod import;
mod list;
mod passage;
mod permission;
mod ranking;
mod read;
mod recall;
mod rehome;
mod remember;
mod revise;
mod scope_param;
pub(crate) mod seek;
mod service;
mod statements;
mod stats;
mod store;
mod suggest;
mod supersede;
mod types;
mod upkeep;
mod validate;

pub use backlog::{Backlog, Progress};
pub use briefing::{Briefing, MAX_BRIEFING, tokens_of};
pub(crate) use classify::{may_add, may_classify};
pub use entities::{Entities, NamedEntity};
pub use events::{Event, EventResult, Status};
pub use feedback::Opinion;
pub use forget::Forgotten;
pub use history::{Change, Version};
pub use import::{ImportLine, Imported, LineOutcome, MAX_LINES};
pub(crate) use list::Newest;
pub use list::{List, Listed, Part};
pub use permission::Permission;
pub use ranking::{Breakdown, Signal, Weights};
pub(crate) use read::{hold, look, look_all};
pub(crate) use recall::Sought;
pub use recall::{DEFAULT_THRESHOLD, DEFAULT_TOP_K, MAX_QUERY, MAX_TOP_K, Recall, Recalled, Recollection};
pub(crate) use rehome::{check_home, may_take};
pub use remember::{Extractor, Message, Outcome, Remember, Remembered};
pub use revise::{MAX_BATCH, Revision};
pub use scope_param::ScopeParam;
pub use service::{Degraded, Memories};
pub use stats::Stats;
pub(crate) use store::grants::linked;
pub(crate) use store::row::{classification, metadata};
pub use suggest::Suggest;
pub use types::{Homes, Labels, Lifecycle, Memory, Metadata, Scopes};
pub use upkeep::{retier_scopes, sample_terms};
pub use validate::MAX_TEXT;
