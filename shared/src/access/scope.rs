//! Scopes as a caller sees them: their kind, the caller's role, and how requests name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::db::StoreError;
use crate::ids::{ContextId, NodeId, ParseIdError, ScopeId};

/// A role on a node, inherited by everything below it. Ordered: each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May read.
    Viewer,
    /// May also add memories, and change those they added.
    Member,
    /// May also change what others added, the tree and its members.
    Admin,
    /// May also appoint owners. The last owner cannot be removed.
    Owner,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// The role as requests, answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("unknown role {text:?}, expected viewer, member, admin or owner"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kind of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// The whole tenant, root of its tree.
    Enterprise,
    /// A node below the enterprise or another organization.
    Organization,
    /// A node below an organization or a division.
    Division,
    /// A division by another name.
    Department,
    /// A division by another name.
    Unit,
    /// A team.
    Team,
    /// One person's own scope.
    User,
    /// Everyone in the enterprise, including those who are members of no node.
    Public,
    /// A saved set of memories, for people who are named individually.
    Context,
}

impl ScopeKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Enterprise,
        Self::Organization,
        Self::Division,
        Self::Department,
        Self::Unit,
        Self::Team,
        Self::User,
        Self::Public,
        Self::Context,
    ];

    /// The kind as the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enterprise => "enterprise",
            Self::Organization => "organization",
            Self::Division => "division",
            Self::Department => "department",
            Self::Unit => "unit",
            Self::Team => "team",
            Self::User => "user",
            Self::Public => "public",
            Self::Context => "context",
        }
    }

    /// Whether it is a node of the tree that can be created, moved and deleted.
    #[must_use]
    pub fn is_node(self) -> bool {
        !matches!(self, Self::Enterprise | Self::User | Self::Public | Self::Context)
    }
}

impl FromStr for ScopeKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("unknown scope kind {text:?}"))
    }
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How search reads a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchTier {
    /// Exact search in the covering index.
    Small,
    /// Search through the approximate index.
    Broad,
}

/// A scope that the caller may read.
#[derive(Debug, Clone)]
pub struct ReadableScope {
    /// The scope's id.
    pub id: ScopeId,
    /// The scope's kind.
    pub kind: ScopeKind,
    /// The node's public id; `None` for the enterprise, a person and the public scope.
    pub node: Option<NodeId>,
    /// The node's name; `None` in the same cases.
    pub name: Option<String>,
    /// Ancestors from the enterprise down to this scope itself.
    pub path: Vec<ScopeId>,
    /// How search reads it.
    pub tier: SearchTier,
    /// Whether its vectors are stored in blocks, as far as is known.
    pub packed: bool,
    /// The caller's effective role, the highest on the path; `None` if the scope is only visible from below.
    pub role: Option<Role>,
}

impl ReadableScope {
    /// A scope about which nothing else is known yet.
    pub(super) fn bare(id: ScopeId) -> Self {
        let (kind, tier) = (ScopeKind::Team, SearchTier::Small);
        Self { id, kind, node: None, name: None, path: vec![id], tier, packed: false, role: None }
    }

    /// The parent scope; `None` at the top of a tree.
    #[must_use]
    pub fn parent(&self) -> Option<ScopeId> {
        self.path.iter().rev().nth(1).copied()
    }

    /// Whether it is a context that the caller reads because it is shared with them, not as a member.
    #[must_use]
    pub fn is_lent(&self) -> bool {
        self.kind == ScopeKind::Context && self.role.is_none()
    }

    /// The scope as a request names it: `team:org_…`, `personal`.
    #[must_use]
    pub fn label(&self) -> String {
        match (self.kind, self.node) {
            (ScopeKind::User, _) => "personal".to_owned(),
            (ScopeKind::Context, Some(node)) => format!("context:{}", ContextId(node.uuid())),
            (kind, Some(node)) => format!("{kind}:{node}"),
            (kind, None) => kind.to_string(),
        }
    }

    /// The scope in a sentence for people: `Alpha (team:org_…)`, `the enterprise`.
    #[must_use]
    pub fn in_words(&self) -> String {
        in_words(self.name.as_deref(), &self.label())
    }
}

/// Something with a name and an id in a sentence for people: `Alpha (team:org_…)`, `Ann (person:usr_…)`.
#[must_use]
pub fn in_words(name: Option<&str>, label: &str) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({label})"),
        None if label == "enterprise" => "the enterprise".to_owned(),
        None => label.to_owned(),
    }
}

/// Reads a row of `scope_id, kind, path, search_tier, role, node_id, name`.
impl TryFrom<&Row> for ReadableScope {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let corrupt = |column, problem| StoreError::Corrupt { table: "scopes", column, problem };
        let kind = row.get::<_, &str>("kind").parse().map_err(|problem| corrupt("kind", problem))?;
        let role = row.get::<_, Option<&str>>("role").map(str::parse).transpose();
        Ok(Self {
            id: ScopeId(row.get("scope_id")),
            kind,
            node: row.get::<_, Option<_>>("node_id").map(NodeId),
            name: row.get("name"),
            path: row.get::<_, Vec<i64>>("path").into_iter().map(ScopeId).collect(),
            tier: match row.get("search_tier") {
                "broad" => SearchTier::Broad,
                _ => SearchTier::Small,
            },
            packed: false,
            role: role.map_err(|problem| corrupt("role", problem))?,
        })
    }
}

/// A scope as a request names it. What it refers to depends on the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScopeName {
    /// `personal`: the caller's own scope.
    #[default]
    Personal,
    /// `enterprise`.
    Enterprise,
    /// `public`.
    Public,
    /// `team:<id>`, `division:<id>`, `department:<id>`, `unit:<id>`, `organization:<id>`.
    Node(ScopeKind, NodeId),
    /// `context:<id>`.
    Context(ContextId),
}

impl ScopeName {
    /// The context that it names, if it is one.
    #[must_use]
    pub fn context(self) -> Option<ContextId> {
        match self {
            Self::Context(id) => Some(id),
            _ => None,
        }
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Personal => f.write_str("personal"),
            Self::Enterprise => f.write_str("enterprise"),
            Self::Public => f.write_str("public"),
            Self::Node(kind, node) => write!(f, "{kind}:{node}"),
            Self::Context(context) => write!(f, "context:{context}"),
        }
    }
}

impl FromStr for ScopeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "personal" => return Ok(Self::Personal),
            "enterprise" => return Ok(Self::Enterprise),
            "public" => return Ok(Self::Public),
            _ => {}
        }
        let expected = "expected personal, team:<id>, division:<id>, department:<id>, unit:<id>, organization:<id>, \
                        context:<id>, enterprise or public";
        let (kind, id) = text.split_once(':').ok_or_else(|| format!("unknown scope {text:?}, {expected}"))?;
        if kind == "context" {
            let id = id.parse().map_err(|error: ParseIdError| format!("scope {text:?}: {error}"))?;
            return Ok(Self::Context(id));
        }
        let kind = kind.parse::<ScopeKind>().ok().filter(|kind| kind.is_node());
        let kind = kind.ok_or_else(|| format!("unknown scope {text:?}, {expected}"))?;
        let id = id.parse().map_err(|error: ParseIdError| format!("scope {text:?}: {error}"))?;
        Ok(Self::Node(kind, id))
    }
}
