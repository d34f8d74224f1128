//! HTTP support shared by every function: extractors, errors as problem+json, request ids, limits, the canonical log
//! line.
//!
//! Start with [`Routes`] (how a function declares its routes) and [`service`] (what wraps them).

mod again;
mod body;
mod caller;
mod cors;
mod digits;
mod encoding;
mod idempotent;
mod json;
mod lines;
mod mem0;
mod path;
mod problem;
mod query;
mod rates;
mod request;
mod resource;
mod room;
mod routes;
mod service;
mod strict;
mod surrogates;
mod words;

pub use body::{BodyError, body};
pub use caller::{Presented, Presumed};
pub use cors::{every_page, pages_of};
pub use encoding::plain;
pub use idempotent::{Idempotent, IdempotentEmpty, refuse_key};
pub use json::{Json, parse, read};
pub use lines::Lines;
pub(crate) use mem0::dress;
pub use path::Path;
pub(crate) use problem::problem_of;
pub use query::Query;
pub use rates::{Unproven, body_limit};
pub use request::Request;
pub use room::{has_room, require_measured_room, require_room, room};
pub(crate) use room::{has_room_for, listed, texts};
pub use routes::{Operation, Routes};
pub use service::{SourceIp, health, service};
pub use strict::value;
