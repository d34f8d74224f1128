//! The levels of the hierarchy.

use serde::Serialize;

use crate::access::ScopeKind;

/// A level, from the person's own outwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The person's own memories.
    Personal,
    /// Memories shared with the person by name.
    Shared,
    /// Memories of contexts that the person is a member of.
    Context,
    /// Memories of teams.
    Team,
    /// Memories of divisions, departments and units.
    Division,
    /// Memories of organizations.
    Organization,
    /// Memories of the enterprise.
    Enterprise,
    /// Memories visible to everyone.
    Public,
}

impl Level {
    /// Every level, in the order of responses.
    pub const ALL: [Self; 8] = [
        Self::Personal,
        Self::Shared,
        Self::Context,
        Self::Team,
        Self::Division,
        Self::Organization,
        Self::Enterprise,
        Self::Public,
    ];

    pub(super) fn of(kind: ScopeKind) -> Self {
        match kind {
            ScopeKind::User => Self::Personal,
            ScopeKind::Context => Self::Context,
            ScopeKind::Team => Self::Team,
            ScopeKind::Unit | ScopeKind::Department | ScopeKind::Division => Self::Division,
            ScopeKind::Organization => Self::Organization,
            ScopeKind::Enterprise => Self::Enterprise,
            ScopeKind::Public => Self::Public,
        }
    }
}
