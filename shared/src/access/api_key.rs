//! API keys as a request presents them: hashed immediately and restricted to verbs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// SHA-256 of a random secret of at least 128 bits, used for storage and lookup. Such a secret needs no slow hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Reads a hash from the database; returns the bytes if they are not a hash.
    pub(crate) fn stored(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        bytes.try_into().map(Self)
    }

    /// The hash as PostgreSQL stores it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// What an API key may be used for, within the limits of its owner's roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ApiKeyVerb {
    /// Recall: search, list, read.
    #[serde(rename = "memories:read")]
    MemoriesRead,
    /// Remember, change and forget.
    #[serde(rename = "memories:write")]
    MemoriesWrite,
    /// Read the tree and its members.
    #[serde(rename = "tenancy:read")]
    TenancyRead,
    /// Change the tree and its members.
    #[serde(rename = "tenancy:write")]
    TenancyWrite,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    AuditRead,
}

impl ApiKeyVerb {
    /// Every verb, in the order in which they are shown.
    pub const ALL: [Self; 5] =
        [Self::MemoriesRead, Self::MemoriesWrite, Self::TenancyRead, Self::TenancyWrite, Self::AuditRead];

    /// The verb as requests, answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MemoriesRead => "memories:read",
            Self::MemoriesWrite => "memories:write",
            Self::TenancyRead => "tenancy:read",
            Self::TenancyWrite => "tenancy:write",
            Self::AuditRead => "audit:read",
        }
    }
}

impl FromStr for ApiKeyVerb {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown scope {text:?}, expected one of {known}")
        })
    }
}
