//! Identifiers: newtypes over UUIDv7, printed with a prefix that says what they name (`mem_01jd…`).
//!
//! The printed form is a TypeID (prefix, underscore, 26 characters of Crockford base32, lower case), so ids sort by
//! creation time, survive a double click and cannot be mistaken for one another. Bare UUIDs are read too, because
//! mem0's clients store those.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a string is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id, expected {prefix}_ followed by 26 characters")]
pub struct ParseIdError {
    /// What was expected, in words: `memory`.
    pub kind: &'static str,
    /// The prefix that was expected: `mem`.
    pub prefix: &'static str,
}

fn encode(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..26).rev().map(|i| ALPHABET[((bits >> (5 * i)) & 31) as usize] as char).collect()
}

fn decode(text: &str) -> Option<Uuid> {
    // 26 characters hold 130 bits, so the first may use only its lower three.
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0u128, |bits, byte| {
            let digit = ALPHABET.iter().position(|known| *known == byte)?;
            Some((bits << 5) | digit as u128)
        })
        .map(Uuid::from_u128)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $kind:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The prefix of the printed form.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id that sorts after earlier ones.
            #[allow(clippy::disallowed_methods, reason = "the one home of id generation")]
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The UUID as PostgreSQL stores it.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .or_else(|| Uuid::try_parse(text).ok())
                    .map(Self)
                    .ok_or(ParseIdError { kind: $kind, prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A tenant.
    EnterpriseId = "ent", "enterprise";
    /// A node below an enterprise: organization, division, department, unit or team.
    NodeId = "org", "organization node";
    /// The dissolution of a node.
    DissolutionId = "dis", "dissolution";
    /// The transfer of the memories of somebody who left.
    ReassignmentId = "rea", "reassignment";
    /// A person or service account.
    UserId = "usr", "user";
    /// A memory.
    MemoryId = "mem", "memory";
    /// One change of a memory.
    VersionId = "ver", "version";
    /// A user's feedback on a memory.
    FeedbackId = "fbk", "feedback";
    /// An API key (its id, not its secret).
    ApiKeyId = "key", "API key";
    /// One login and the refresh tokens that descend from it.
    SessionId = "ses", "session";
    /// A user's grant to an application.
    GrantId = "gnt", "application";
    /// An identity provider that an enterprise trusts.
    IdentityProviderId = "idp", "identity provider";
    /// A refresh token (its id, not its secret).
    RefreshTokenId = "rft", "refresh token";
    /// A named set of people.
    GroupId = "grp", "group";
    /// An invitation to an enterprise.
    InvitationId = "inv", "invitation";
    /// A piece of work that a client can poll.
    EventId = "evt", "event";
    /// One request, as logs, audit rows and error bodies name it.
    RequestId = "req", "request";
    /// A share of a memory or a context.
    ShareId = "shr", "share";
    /// A link to a memory, for anybody (its id, not its token).
    LinkId = "lnk", "link";
    /// A request to let something be shared.
    ApprovalId = "apr", "approval";
    /// Somebody who decides in another's place.
    DelegateId = "dlg", "delegate";
    /// A saved set of memories.
    ContextId = "ctx", "context";
    /// A row of the audit log.
    AuditId = "aud", "audit entry";
}

/// A scope: an enterprise, a node, a person, a context, or the public scope of an enterprise.
///
/// Unique across tenants (one sequence), small enough for index keys, and never shown to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub i64);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_survives_printing_and_parsing(bits in any::<u128>()) {
            let id = MemoryId(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<MemoryId>(), Ok(id));
            prop_assert_eq!(id.uuid().to_string().parse::<MemoryId>(), Ok(id));
        }

        #[test]
        fn printed_ids_sort_as_their_uuids_do(a in any::<u128>(), b in any::<u128>()) {
            let (x, y) = (UserId(Uuid::from_u128(a)), UserId(Uuid::from_u128(b)));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }

        #[test]
        fn no_string_panics(text in any::<String>()) {
            let _ = text.parse::<MemoryId>();
            let _ = format!("mem_{text}").parse::<MemoryId>();
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let user = UserId::generate().to_string();
        assert_eq!(
            user.parse::<MemoryId>().unwrap_err().to_string(),
            "not a valid memory id, expected mem_ followed by 26 characters"
        );
    }

    #[test]
    fn the_overflowing_first_digit_is_refused() {
        assert!("mem_80000000000000000000000000".parse::<MemoryId>().is_err());
    }
}
