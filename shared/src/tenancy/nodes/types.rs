//! Inputs and outputs of the node services.

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::access::{Role, ScopeKind};
use crate::error::{Error, Result};
use crate::ids::NodeId;

/// The maximum size of the settings as JSON text, in bytes.
const MAX_SETTINGS: usize = 16 * 1024;

/// A node, as its reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Its kind, which never changes.
    pub kind: ScopeKind,
    /// Its name.
    pub name: String,
    /// Its name in memory requests: `team:org_…`.
    pub scope: String,
    /// The node above it; null directly below the enterprise.
    pub parent: Option<NodeId>,
    /// The nodes above it, from the top down.
    pub ancestors: Vec<NodeId>,
    /// Its level; the enterprise is level 1.
    pub level: usize,
    /// Settings chosen by its administrators.
    pub settings: Settings,
    /// The reader's effective role on it; null if they only see it from below.
    pub role: Option<Role>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last renamed, reconfigured or moved.
    pub updated_at: DateTime<Utc>,
}

/// A node to create.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNode {
    /// Its kind.
    #[serde(deserialize_with = "node_kind")]
    pub kind: ScopeKind,
    /// Its name.
    pub name: String,
    /// The node above it; the enterprise if none is given.
    #[serde(default)]
    pub parent: Option<NodeId>,
    /// Its settings.
    #[serde(default)]
    pub settings: Settings,
}

/// Deserializes a kind of node; scopes have other kinds as well.
fn node_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScopeKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    let kind = ScopeKind::ALL.into_iter().find(|kind| kind.is_node() && kind.as_str() == text);
    kind.ok_or_else(|| {
        let kinds = "organization, division, department, unit or team";
        D::Error::custom(format!("unknown kind {text:?}, expected {kinds}"))
    })
}

/// Changes to a node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeChange {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// New settings, replacing all existing ones.
    #[serde(default)]
    pub settings: Option<Settings>,
}

/// Which nodes to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Listing {
    /// Only those directly below this parent.
    pub parent: Option<Parent>,
    /// Only those of this kind.
    pub kind: Option<ScopeKind>,
}

/// The parent of the nodes to list.
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
            id => id
                .parse()
                .map(Self::Node)
                .map_err(|error| D::Error::custom(format!("{error}, or enterprise"))),
        }
    }
}

/// A JSON object of limited size. The platform gives it no meaning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// Returns the settings as JSON, unless they are too large.
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
