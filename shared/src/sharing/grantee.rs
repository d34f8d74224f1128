//! Grantees: whom something is shared with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::store::grantees;
use crate::access::{Audience, AuthContext, ScopeKind, ScopeName, TenantTx};
use crate::error::{Error, Result};
use crate::ids::{ScopeId, UserId};

/// A person or scope as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GranteeName {
    /// `person:usr_…`
    Person(UserId),
    /// `person:mia@acme.example`
    Email(String),
    /// `team:org_…`, `enterprise`, `public`, …
    Scope(ScopeName),
}

/// Why a text names no grantee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GranteeError {
    /// It should name a person, and does not.
    #[error("{0:?} names no person, expected person:usr_… or person:<e-mail address>")]
    NoPerson(String),
    /// It is an address without `person:`.
    #[error("write person:{0} for a person")]
    BareAddress(String),
    /// It is the caller's own scope.
    #[error("you cannot share something with yourself: name a person with person:<id or e-mail address>")]
    Oneself,
    /// It has none of the forms of a person or a scope.
    #[error(
        "{0:?} names nobody, expected person:<id or e-mail address>, team:<id>, division:<id>, department:<id>, unit:<id>, \
         organization:<id>, context:<id>, enterprise or public"
    )]
    Nobody(String),
}

impl FromStr for GranteeName {
    type Err = GranteeError;

    fn from_str(text: &str) -> Result<Self, GranteeError> {
        if let Some(person) = text.strip_prefix("person:") {
            if person.contains('@') && person.len() <= 254 && !person.contains('\0') {
                return Ok(Self::Email(person.to_lowercase()));
            }
            return person.parse().map(Self::Person).map_err(|_| GranteeError::NoPerson(text.to_owned()));
        }
        match text.parse::<ScopeName>() {
            Ok(ScopeName::Personal) => Err(GranteeError::Oneself),
            Ok(scope) => Ok(Self::Scope(scope)),
            Err(_) if text.contains('@') && !text.contains(':') => {
                Err(GranteeError::BareAddress(text.to_owned()))
            }
            Err(_) => Err(GranteeError::Nobody(text.to_owned())),
        }
    }
}

impl fmt::Display for GranteeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(user) => write!(f, "person:{user}"),
            Self::Email(email) => write!(f, "person:{email}"),
            Self::Scope(ScopeName::Node(kind, node)) => write!(f, "{kind}:{node}"),
            Self::Scope(ScopeName::Context(context)) => write!(f, "context:{context}"),
            Self::Scope(ScopeName::Enterprise) => f.write_str("enterprise"),
            Self::Scope(ScopeName::Public) => f.write_str("public"),
            Self::Scope(ScopeName::Personal) => f.write_str("personal"),
        }
    }
}

impl Serialize for GranteeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GranteeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A grantee in this enterprise.
#[derive(Debug, Clone)]
pub(super) struct Grantee {
    pub(super) scope: ScopeId,
    pub(super) kind: ScopeKind,
    /// The path from the enterprise down to the scope itself.
    pub(super) path: Vec<ScopeId>,
    /// The person, if the grantee is one.
    pub(super) person: Option<UserId>,
    /// Whether the person is a service account.
    pub(super) service: bool,
    /// The grantee as requests name it.
    pub(super) label: String,
}

impl Grantee {
    /// Returns whether the grantee consists of individually named people: a person, or the members of a context.
    pub(super) fn is_by_name(&self) -> bool {
        matches!(self.kind, ScopeKind::User | ScopeKind::Context)
    }

    /// Returns the audience that it amounts to.
    pub(super) fn audience(&self) -> Audience {
        self.kind.into()
    }

    /// Looks up a grantee on behalf of the sharer. A node or person of another enterprise is not found, whatever its
    /// name.
    pub(super) async fn resolve(tx: &TenantTx<'_>, sharer: &AuthContext, name: &GranteeName) -> Result<Self> {
        if let GranteeName::Scope(ScopeName::Node(kind, node)) = name
            && let Ok(node) = tx.caller().node(*node)
            && node.kind != *kind
        {
            return Err(Error::invalid("with", format!("that node is {}", node.label())));
        }
        let found = match name {
            GranteeName::Person(user) => grantees::person(tx, Some(*user), None).await?,
            GranteeName::Email(email) => grantees::person(tx, None, Some(email)).await?,
            GranteeName::Scope(ScopeName::Node(kind, node)) => {
                grantees::node(tx, *node).await?.filter(|found| found.kind == *kind)
            }
            // Only for members: what is pinned to a context is visible to its members.
            GranteeName::Scope(name @ (ScopeName::Context(_) | ScopeName::Personal)) => {
                let scope = sharer.resolve(*name)?;
                Some(Self {
                    scope: scope.id,
                    kind: scope.kind,
                    path: scope.path.clone(),
                    person: None,
                    service: false,
                    label: scope.label(),
                })
            }
            GranteeName::Scope(ScopeName::Enterprise) => grantees::level(tx, ScopeKind::Enterprise).await?,
            GranteeName::Scope(ScopeName::Public) => grantees::level(tx, ScopeKind::Public).await?,
        };
        let found = found.ok_or_else(|| match name {
            GranteeName::Person(_) => Error::NotFound { what: "person" },
            // What was mistyped is seen best when it is repeated.
            GranteeName::Email(_) => Error::Missing(name.to_string()),
            GranteeName::Scope(_) => Error::NotFound { what: "scope" },
        })?;
        if found.person == Some(sharer.user_id()) {
            return Err(Error::invalid("with", "you cannot share something with yourself"));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let (user, node) = (UserId::generate(), crate::ids::NodeId::generate());
        for name in [
            format!("person:{user}"),
            "person:mia@acme.example".to_owned(),
            format!("team:{node}"),
            "enterprise".to_owned(),
            "public".to_owned(),
        ] {
            assert_eq!(name.parse::<GranteeName>().unwrap().to_string(), name);
        }
        for wrong in ["personal", "person:", "person:org_1", "team:", "everybody", ""] {
            assert!(wrong.parse::<GranteeName>().is_err(), "{wrong:?}");
        }
    }
}
