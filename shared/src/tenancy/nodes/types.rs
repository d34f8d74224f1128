//! Nodes as services take and give them.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::access::{Role, ScopeKind};
use crate::error::{Error, Result};
use crate::ids::NodeId;

/// Most bytes that settings take as JSON text.
const MAX_SETTINGS: usize = 16 * 1024;

/// A node as its reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// What it is; never changes.
    pub kind: ScopeKind,
    /// What it is called.
    pub name: String,
    /// What memory requests call it: `team:org_…`.
    pub scope: String,
    /// The node above it; null directly below the enterprise.
    pub parent: Option<NodeId>,
    /// The nodes above it, from the top down.
    pub ancestors: Vec<NodeId>,
    /// Its level; the enterprise is level 1.
    pub level: usize,
    /// What its administrators chose to keep here.
    pub settings: Settings,
    /// The reader's effective role on it; null when they only see it from below.
    pub role: Option<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last renamed, reconfigured or moved.
    pub updated_at: DateTime<Utc>,
}

/// A node to be made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNode {
    /// What it is.
    #[serde(deserialize_with = "node_kind")]
    pub kind: ScopeKind,
    /// What it is called.
    pub name: String,
    /// The node above it; the enterprise if none is given.
    #[serde(default)]
    pub parent: Option<NodeId>,
    /// Its settings.
    #[serde(default)]
    pub settings: Settings,
}

/// A kind that nodes have; there are scopes of other kinds.
fn node_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScopeKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    let kind = ScopeKind::ALL.into_iter().find(|kind| kind.is_node() && kind.as_str() == text);
    kind.ok_or_else(|| {
        let kinds = "organization, division, department, unit or team";
        D::Error::custom(format!("unknown kind {text:?}, expected {kinds}"))
    })
}

/// What is to be different about a node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeChange {
    /// Another name.
    #[serde(default)]
    pub name: Option<String>,
    /// Other settings, in place of all it had.
    #[serde(default)]
    pub settings: Option<Settings>,
}

/// Which nodes a list has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Those directly below this.
    pub parent: Option<Parent>,
    /// Those of this kind.
    pub kind: Option<ScopeKind>,
}

/// Whose children are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// `enterprise`.
    Enterprise,
    /// A node's id.
    Node(NodeId),
}

impl<'de> Deserialize<'de> for Parent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "enterprise" => Ok(Self::Enterprise),
            id => id.parse().map(Self::Node).map_err(D::Error::custom),
        }
    }
}

/// A JSON object of bounded size. The platform gives it no meaning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// As JSON, unless it is too large.
    pub(super) fn checked(&self) -> Result<Value> {
        let value = Value::Object(self.0.clone());
        if value.to_string().len() > MAX_SETTINGS {
            return Err(Error::invalid(
                "settings",
                format!("settings take at most {MAX_SETTINGS} bytes as JSON"),
            ));
        }
        Ok(value)
    }
}

impl From<Map<String, Value>> for Settings {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}
