//! Classes of information, and how far each may be shared.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::ScopeKind;

/// How confidential something is. Ordered: each class is for a smaller audience than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Classification {
    /// For anyone at all.
    Public,
    /// For the whole enterprise.
    Internal,
    /// For the people of an organization who need it. What is a person's own or in a context belongs to each
    /// organization in which its author holds a role.
    Confidential,
    /// For teams and for named persons, each through a separate share.
    Restricted,
}

impl Classification {
    /// Every class, least confidential first.
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted];

    /// The class of memories where no node sets another one.
    pub const DEFAULT: Self = Self::Internal;

    /// The class as requests, responses and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    /// Returns the widest audience that the class permits anywhere; nodes may allow less.
    #[must_use]
    pub fn widest_audience(self) -> Audience {
        match self {
            Self::Public => Audience::Link,
            Self::Internal => Audience::Enterprise,
            Self::Confidential => Audience::Organization,
            Self::Restricted => Audience::Team,
        }
    }
}

impl FromStr for Classification {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or_else(|| {
            format!("unknown classification {text:?}, expected public, internal, confidential or restricted")
        })
    }
}

/// Deserializes from a string, so that the error for any other value says what is expected.
impl<'de> Deserialize<'de> for Classification {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for Classification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is reached by placing something somewhere. Ordered: each audience is wider than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// One person.
    Person,
    /// A team, or the members of a context, who are named individually.
    Team,
    /// A division, department or unit.
    Division,
    /// An organization.
    Organization,
    /// Every member of a node of the enterprise.
    Enterprise,
    /// Everyone with an account.
    Public,
    /// Anyone who has a link.
    Link,
}

impl Audience {
    /// Every audience, narrowest first.
    pub const ALL: [Self; 7] = [
        Self::Person,
        Self::Team,
        Self::Division,
        Self::Organization,
        Self::Enterprise,
        Self::Public,
        Self::Link,
    ];

    /// The audience as requests and responses spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Team => "team",
            Self::Division => "division",
            Self::Organization => "organization",
            Self::Enterprise => "enterprise",
            Self::Public => "public",
            Self::Link => "link",
        }
    }

    /// The audience as it appears in a sentence: `may not be seen beyond …`.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Person => "one person",
            Self::Team => "a team",
            Self::Division => "a division",
            Self::Organization => "an organization",
            Self::Enterprise => "the members of the enterprise",
            Self::Public => "every account of the enterprise, also those without a role",
            Self::Link => "those who have a link",
        }
    }
}

impl FromStr for Audience {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|audience| audience.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown audience {text:?}, expected one of {known}")
        })
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl From<ScopeKind> for Audience {
    fn from(kind: ScopeKind) -> Self {
        match kind {
            ScopeKind::User => Self::Person,
            ScopeKind::Team | ScopeKind::Context => Self::Team,
            ScopeKind::Unit | ScopeKind::Department | ScopeKind::Division => Self::Division,
            ScopeKind::Organization => Self::Organization,
            ScopeKind::Enterprise => Self::Enterprise,
            ScopeKind::Public => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_confidential_the_fewer_eyes() {
        let widest = Classification::ALL.map(Classification::widest_audience);
        assert!(widest.windows(2).all(|pair| pair[0] > pair[1]), "{widest:?}");
        assert!(Classification::ALL.is_sorted() && Audience::ALL.is_sorted());
    }

    #[test]
    fn every_class_is_read_as_it_is_written() {
        for class in Classification::ALL {
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        assert!("secret".parse::<Classification>().is_err());
    }
}
