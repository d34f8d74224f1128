//! Quotas of an enterprise's plan: memories, members, service accounts, levels of its tree. What exceeds a smaller plan
//! remains; only additions are refused.

use crate::access::TenantTx;
use crate::db::{StoreError, Tx};
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, UserId};

/// Refuses more memories than the plan allows.
pub async fn memories(tx: &TenantTx<'_>, more: usize) -> Result<()> {
    const QUOTA: &str = "-- quota.memories
        SELECT most, used FROM mem0.memory_quota($1)";
    let row = tx.query_one(QUOTA, &[&i32::try_from(more).unwrap_or(i32::MAX)]).await?;
    match (row.get::<_, Option<i64>>("most"), row.get::<_, Option<i64>>("used")) {
        (Some(most), used) => Err(Error::QuotaReached(format!(
            "the plan allows {most} {}, {} are stored: forget some, or ask for a larger plan",
            if most == 1 { "memory" } else { "memories" },
            used.unwrap_or_default()
        ))),
        (None, _) => Ok(()),
    }
}

/// Refuses one more person, or an invitation to one, than the plan allows. Exact only while the tenant's lock is held.
pub async fn members(tx: &Tx, enterprise: EnterpriseId) -> Result<()> {
    let Some((most, used)) = full(tx, enterprise, "person").await? else { return Ok(()) };
    Err(Error::QuotaReached(format!(
        "the plan allows {most} {}, there are {used}: deactivate some, or ask for a larger plan",
        if most == 1 { "member" } else { "members" }
    )))
}

/// Refuses one more service account than the plan allows. Exact only while the tenant's lock is held.
pub async fn service_accounts(tx: &Tx, enterprise: EnterpriseId) -> Result<()> {
    let Some((most, used)) = full(tx, enterprise, "service").await? else { return Ok(()) };
    Err(Error::QuotaReached(format!(
        "the plan allows {most} {}, there are {used}: deactivate some, or ask for a larger plan",
        if most == 1 { "service account" } else { "service accounts" }
    )))
}

/// Returns how many accounts of a kind the plan allows and how many there are, if there is no room for another.
async fn full(tx: &Tx, enterprise: EnterpriseId, kind: &str) -> Result<Option<(i32, i64)>, StoreError> {
    const QUOTA: &str = "-- quota.accounts
        SELECT q.most, q.used
          FROM (SELECT CASE $2::text WHEN 'service' THEN p.service_accounts ELSE p.members END AS most,
                       (SELECT count(*) FROM users u
                         WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = $2::text) AS used
                  FROM enterprise_plans e JOIN plans p ON p.name = e.plan
                 WHERE e.enterprise_id = $1) q
         WHERE q.used >= q.most";
    let row = tx.query_opt(QUOTA, &[&enterprise.uuid(), &kind]).await?;
    Ok(row.map(|row| (row.get("most"), row.get("used"))))
}

/// Refuses to reactivate an account if the plan does not allow another of its kind.
pub async fn reactivation(tx: &Tx, enterprise: EnterpriseId, account: UserId) -> Result<()> {
    const KIND: &str = "-- quota.kind_of_account
        SELECT kind = 'service' FROM users WHERE enterprise_id = $1 AND id = $2";
    let row = tx.query_opt(KIND, &[&enterprise.uuid(), &account.uuid()]).await?;
    match row.is_some_and(|row| row.get(0)) {
        true => service_accounts(tx, enterprise).await,
        false => members(tx, enterprise).await,
    }
}

/// Returns how many levels the plan allows the tree to have, including the enterprise; `None` if it sets no limit.
pub async fn depth(tx: &TenantTx<'_>) -> Result<Option<usize>, StoreError> {
    const QUOTA: &str = "-- quota.depth
        SELECT p.depth FROM enterprise_plans e JOIN plans p ON p.name = e.plan
         WHERE e.enterprise_id = $1 AND p.depth IS NOT NULL";
    let row = tx.query_opt(QUOTA, &[&tx.caller().enterprise_id().uuid()]).await?;
    Ok(row.and_then(|row| usize::try_from(row.get::<_, i32>(0)).ok()))
}
