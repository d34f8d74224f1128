//! Questions and answers.

use serde::Serialize;

use crate::access::{Action, Role, ScopeName};
use crate::ids::UserId;
use crate::tenancy::Place;
use crate::tenancy::members::ThroughGroup;

/// May they do that?
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Who.
    pub user: UserId,
    /// What.
    pub action: Action,
    /// Where.
    pub scope: ScopeName,
}

/// Whether they may, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// What decides it, in a sentence.
    pub reason: String,
    /// Their effective role there.
    pub role: Option<Role>,
    /// Where the role, or the sight of the scope, comes from.
    pub why: Vec<Reason>,
}

/// A scope that they can read.
#[derive(Debug, Clone, Serialize)]
pub struct SeenScope {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// Their effective role; null when they read it because they belong to something below.
    pub role: Option<Role>,
    /// What they may do there.
    pub may: Vec<String>,
    /// Where that comes from.
    pub why: Vec<Reason>,
}

/// Where a role, or the sight of a scope, comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// How.
    pub via: Via,
    /// The role that they hold there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Where they hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The group through which they hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<ThroughGroup>,
}

/// How a scope comes to be theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// It is their own.
    Own,
    /// They are a member of it.
    Member,
    /// They hold a role above it.
    Inherited,
    /// They hold a role on something below it, and read what is for everyone below.
    Below,
    /// Everyone of the enterprise reads it.
    Everyone,
}
