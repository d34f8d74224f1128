//! How much an enterprise may have by its plan: memories, members, service accounts, levels of its tree. What it has beyond a smaller plan
//! stays; it only gets no more.

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
            "the plan allows {most} memories, {} are stored: forget some, or ask for a larger plan",
            used.unwrap_or_default()
        ))),
        (None, _) => Ok(()),
    }
}

/// Refuses one more person, or invitation to one, than the plan allows. Hold the tenant's lock to have it exact.
pub async fn members(tx: &Tx, enterprise: EnterpriseId) -> Result<()> {
    const QUOTA: &str = "-- quota.members
        SELECT p.members, (SELECT count(*) FROM users u
                            WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = 'person') AS used
          FROM enterprise_plans e JOIN plans p ON p.name = e.plan
         WHERE e.enterprise_id = $1 AND p.members IS NOT NULL";
    let Some(row) = tx.query_opt(QUOTA, &[&enterprise.uuid()]).await? else { return Ok(()) };
    let (most, used): (i32, i64) = (row.get("members"), row.get("used"));
    if used < i64::from(most) {
        return Ok(());
    }
    Err(Error::QuotaReached(format!(
        "the plan allows {most} members, there are {used}: deactivate some, or ask for a larger plan"
    )))
}

/// Refuses one more service account than the plan allows. Hold the tenant's lock to have it exact.
pub async fn service_accounts(tx: &Tx, enterprise: EnterpriseId) -> Result<()> {
    const QUOTA: &str = "-- quota.service_accounts
        SELECT p.service_accounts, (SELECT count(*) FROM users u
                                     WHERE u.enterprise_id = $1 AND u.status = 'active' AND u.kind = 'service') AS used
          FROM enterprise_plans e JOIN plans p ON p.name = e.plan
         WHERE e.enterprise_id = $1 AND p.service_accounts IS NOT NULL";
    let Some(row) = tx.query_opt(QUOTA, &[&enterprise.uuid()]).await? else { return Ok(()) };
    let (most, used): (i32, i64) = (row.get("service_accounts"), row.get("used"));
    if used < i64::from(most) {
        return Ok(());
    }
    Err(Error::QuotaReached(format!(
        "the plan allows {most} service accounts, there are {used}: deactivate some, or ask for a larger plan"
    )))
}

/// Refuses to let an account be used again that is one more of its kind than the plan allows.
pub async fn reactivation(tx: &Tx, enterprise: EnterpriseId, account: UserId) -> Result<()> {
    const KIND: &str = "-- quota.kind_of_account
        SELECT kind = 'service' FROM users WHERE enterprise_id = $1 AND id = $2";
    let row = tx.query_opt(KIND, &[&enterprise.uuid(), &account.uuid()]).await?;
    match row.is_some_and(|row| row.get(0)) {
        true => service_accounts(tx, enterprise).await,
        false => members(tx, enterprise).await,
    }
}

/// The levels that the tree may have by the plan, the enterprise being the first; none: as many as there can be.
pub async fn depth(tx: &TenantTx<'_>) -> Result<Option<usize>, StoreError> {
    const QUOTA: &str = "-- quota.depth
        SELECT p.depth FROM enterprise_plans e JOIN plans p ON p.name = e.plan
         WHERE e.enterprise_id = $1 AND p.depth IS NOT NULL";
    let row = tx.query_opt(QUOTA, &[&tx.caller().enterprise_id().uuid()]).await?;
    Ok(row.and_then(|row| usize::try_from(row.get::<_, i32>(0)).ok()))
}
