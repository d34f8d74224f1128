//! Where something happened: a scope as the log stores it, and as readers of the log see it and filter by it.
//!
//! Unlike a scope in other responses, a place does not depend on who reads it: a personal scope names its owner. And it
//! outlives the scope.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::access::ScopeKind;
use crate::ids::{ContextId, NodeId, UserId};

/// A scope: `team:org_…`, `context:ctx_…`, `personal:usr_…`, `enterprise`, `public`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The kind of scope.
    pub kind: ScopeKind,
    /// The node, the context or the person.
    pub id: Option<Uuid>,
}

impl Place {
    /// The place as rows store it: `team:<uuid>`, `user:<uuid>`.
    #[must_use]
    pub fn stored(&self) -> String {
        self.id.map_or_else(|| self.kind.to_string(), |id| format!("{}:{id}", self.kind))
    }

    /// Parses what a row stores; `None` if it is not a place.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (kind, id) = match text.split_once(':') {
            Some((kind, id)) => (kind, Some(id.parse().ok()?)),
            None => (text, None),
        };
        Some(Self { kind: kind.parse().ok()?, id })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.id) {
            (ScopeKind::User, Some(id)) => write!(f, "personal:{}", UserId(id)),
            (ScopeKind::User, None) => f.write_str("personal"),
            (ScopeKind::Context, Some(id)) => write!(f, "context:{}", ContextId(id)),
            (kind, Some(id)) => write!(f, "{kind}:{}", NodeId(id)),
            (kind, None) => write!(f, "{kind}"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "unknown scope {text:?}, expected personal:<user>, team:<id>, division:<id>, department:<id>, unit:<id>, \
                 organization:<id>, context:<id>, enterprise or public"
            )
        };
        let Some((kind, id)) = text.split_once(':') else {
            let kind = text.parse::<ScopeKind>().ok();
            let kind = kind.filter(|kind| matches!(kind, ScopeKind::Enterprise | ScopeKind::Public));
            return kind.map(|kind| Self { kind, id: None }).ok_or_else(wrong);
        };
        let (kind, id) = match kind {
            "personal" => (ScopeKind::User, id.parse::<UserId>().map(UserId::uuid)),
            "context" => (ScopeKind::Context, id.parse::<ContextId>().map(ContextId::uuid)),
            _ => {
                let kind = kind.parse::<ScopeKind>().ok().filter(|kind| kind.is_node());
                (kind.ok_or_else(wrong)?, id.parse::<NodeId>().map(NodeId::uuid))
            }
        };
        Ok(Self { kind, id: Some(id.map_err(|error| error.to_string())?) })
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_printed_and_as_it_is_kept() {
        let id = Some(Uuid::from_u128(7));
        for kind in [ScopeKind::User, ScopeKind::Context, ScopeKind::Team, ScopeKind::Organization] {
            let place = Place { kind, id };
            assert_eq!(place.to_string().parse(), Ok(place));
            assert_eq!(Place::from_stored(&place.stored()), Some(place));
        }
        assert_eq!("enterprise".parse(), Ok(Place { kind: ScopeKind::Enterprise, id: None }));
        for wrong in ["personal", "team", "team:x", "enterprise:org_00000000000000000000000000", ""] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
