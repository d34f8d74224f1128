//! What the enterprise's plan allows and how much of it is used, for its administrators.

use serde::Serialize;

use crate::access::TenantTx;
use crate::db::StoreError;

/// A plan and its use.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// What it allows; null where it sets no limit.
    pub limits: Limits,
    /// How much is used.
    pub used: Used,
}

/// What a plan allows.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// Memories.
    pub memories: Option<i64>,
    /// Active accounts of people.
    pub members: Option<i32>,
    /// Active service accounts.
    pub service_accounts: Option<i32>,
    /// Levels of the tree, including the enterprise.
    pub depth: Option<i32>,
    /// Bytes of a request's body.
    pub body_bytes: Option<i32>,
    /// Requests a minute with one key, by one user, and by the whole enterprise.
    pub requests_per_minute: Requests,
}

/// Requests a minute.
#[derive(Debug, Clone, Serialize)]
pub struct Requests {
    /// With one API key.
    pub key: Option<i32>,
    /// By one user.
    pub user: Option<i32>,
    /// By the whole enterprise.
    pub enterprise: Option<i32>,
}

/// How much of a plan is used.
#[derive(Debug, Clone, Serialize)]
pub struct Used {
    /// Memories. Beyond 10,000, the number is up to a minute old.
    pub memories: i64,
    /// Active accounts of people.
    pub members: i64,
    /// Active service accounts.
    pub service_accounts: i64,
    /// Levels of the tree, including the enterprise.
    pub depth: i32,
}

/// Returns the plan of the caller's enterprise and how much of it is used.
pub async fn plan(tx: &TenantTx<'_>) -> Result<Option<Plan>, StoreError> {
    const USE: &str = "-- quota.use
        SELECT p.name, p.memories, p.members, p.service_accounts, p.depth, p.body_bytes, p.key_per_minute,
               p.user_per_minute, p.tenant_per_minute, mem0.memories_in_use() AS used_memories,
               (SELECT count(*) FROM users u
                 WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = 'person') AS used_members,
               (SELECT count(*) FROM users u
                 WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = 'service') AS used_service_accounts,
               (SELECT max(cardinality(s.path)) FROM scopes s
                 WHERE s.enterprise_id = $1 AND s.kind NOT IN ('user', 'public', 'context')) AS used_depth
          FROM plans p
         WHERE p.name = coalesce((SELECT e.plan FROM enterprise_plans e WHERE e.enterprise_id = $1), 'enterprise')";
    let row = tx.query_opt(USE, &[&tx.caller().enterprise_id().uuid()]).await?;
    Ok(row.map(|row| Plan {
        name: row.get("name"),
        limits: Limits {
            memories: row.get("memories"),
            members: row.get("members"),
            service_accounts: row.get("service_accounts"),
            depth: row.get("depth"),
            body_bytes: row.get("body_bytes"),
            requests_per_minute: Requests {
                key: row.get("key_per_minute"),
                user: row.get("user_per_minute"),
                enterprise: row.get("tenant_per_minute"),
            },
        },
        used: Used {
            memories: row.get("used_memories"),
            members: row.get("used_members"),
            service_accounts: row.get("used_service_accounts"),
            depth: row.get("used_depth"),
        },
    }))
}
