//! The tenant itself: its name, and its policy for the memories of users who left.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::locked::Locked;
use super::users::{LeaverPolicy, WhoReassigns};
use crate::access::{Action, AuthContext, ReadableScope, Role, TenantTx, policy};
use crate::audit::{self, Entry};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::ids::EnterpriseId;
use crate::limits::usage::{self, Plan};
use crate::name;

/// The maximum time for which personal memories of users who left can be kept, unless they are kept forever.
const MOST_RETENTION_DAYS: i32 = 36_500;

/// The caller's enterprise.
#[derive(Debug, Clone, Serialize)]
pub struct Enterprise {
    /// Its id.
    pub id: EnterpriseId,
    /// Its name.
    pub name: String,
    /// The caller's role on the whole enterprise; null if they only hold one further down.
    pub role: Option<Role>,
    /// What happens to the personal memories of users who left.
    pub leavers: LeaverPolicy,
    /// When it was founded.
    pub created_at: DateTime<Utc>,
    /// Its plan and how much of it is used, for its administrators; null for others.
    pub plan: Option<Plan>,
}

/// Changes to an enterprise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseChange {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// A new policy for the personal memories of users who left.
    #[serde(default)]
    pub leavers: Option<LeaverPolicy>,
}

/// Returns the caller's enterprise. Anyone with an account may see it, whether or not they are a member of anything.
pub async fn lookup(ctx: &AuthContext, db: &Database) -> Result<Enterprise> {
    ctx.authorize_verb(Action::ReadNode.verb())?;
    let tx = ctx.begin(db, "enterprise.lookup").await?;
    let mut enterprise = seen(&tx).await?;
    enterprise.plan = plan(&tx).await?;
    tx.commit().await?;
    Ok(enterprise)
}

/// Renames the enterprise, or changes its policy for the memories of users who left; the latter requires an owner.
pub async fn change(ctx: &AuthContext, db: &Database, change: EnterpriseChange) -> Result<Enterprise> {
    const UPDATE: &str = "-- enterprise.update
        UPDATE enterprises
           SET name = coalesce($2, name),
               leaver_retention_days = CASE WHEN $3 THEN $4 ELSE leaver_retention_days END,
               leaver_reassignment = coalesce($5, leaver_reassignment)
         WHERE id = $1";
    if change.name.is_none() && change.leavers.is_none() {
        return Err(Error::malformed("nothing to change, expected name, leavers or both"));
    }
    let root = ctx.enterprise()?.id;
    let name = change.name.as_deref().map(|text| name::checked(text, "name")).transpose()?;
    let days = change.leavers.and_then(|policy| policy.retention_days);
    if let Some(found) = days.filter(|days| !(1..=MOST_RETENTION_DAYS).contains(days)) {
        let problem = format!("must be from 1 to {MOST_RETENTION_DAYS}, or null, found {found}");
        return Err(Error::invalid("leavers.retention_days", problem));
    }
    let tx = ctx.begin(db, "enterprise.change").await?;
    let tree = Locked::take(&tx).await?;
    let root = tree.scope(root).await?;
    ctx.authorize(Action::ChangeNode, &root)?;
    if change.leavers.is_some() && root.role < Some(Role::Owner) {
        return Err(Error::Forbidden("this needs the role owner on the enterprise".to_owned()));
    }
    let reassignment = change.leavers.map(|policy| policy.reassignment.as_str());
    let enterprise = ctx.enterprise_id();
    tx.execute(UPDATE, &[&enterprise.uuid(), &name, &change.leavers.is_some(), &days, &reassignment]).await?;
    let details = json!({ "name": name, "leavers": change.leavers });
    audit::record(&tx, Entry::new("enterprise.change", enterprise).within(root.id).with(details)).await?;
    let mut enterprise = seen(&tx).await?;
    enterprise.plan = plan(&tx).await?;
    tx.commit().await?;
    Ok(enterprise)
}

/// Returns the plan and its use, if the caller administers the enterprise.
async fn plan(tx: &TenantTx<'_>) -> Result<Option<Plan>> {
    let administers = |root: &ReadableScope| policy::allows(Action::ListAccounts, root.kind, root.role);
    match tx.caller().enterprise().is_ok_and(administers) {
        true => Ok(usage::plan(tx).await?),
        false => Ok(None),
    }
}

/// What happens to the personal memories of users who left.
pub(super) async fn leaver_policy(tx: &TenantTx<'_>) -> Result<LeaverPolicy> {
    Ok(seen(tx).await?.leavers)
}

async fn seen(tx: &TenantTx<'_>) -> Result<Enterprise> {
    const LOOKUP: &str = "-- enterprise.lookup
        SELECT name, created_at, leaver_retention_days, leaver_reassignment FROM enterprises WHERE id = $1";
    let (id, root) = (tx.caller().enterprise_id(), tx.caller().enterprise());
    let row = tx.query_opt(LOOKUP, &[&id.uuid()]).await?.ok_or(Error::NotFound { what: "enterprise" })?;
    let reassignment = match row.get("leaver_reassignment") {
        "owners" => WhoReassigns::Owners,
        "admins" => WhoReassigns::Admins,
        "nobody" => WhoReassigns::Nobody,
        other => {
            let (table, column) = ("enterprises", "leaver_reassignment");
            return Err(StoreError::Corrupt { table, column, problem: format!("unknown {other:?}") }.into());
        }
    };
    Ok(Enterprise {
        id,
        name: row.get("name"),
        role: root.ok().and_then(|root| root.role),
        leavers: LeaverPolicy { retention_days: row.get("leaver_retention_days"), reassignment },
        created_at: row.get("created_at"),
        plan: None,
    })
}
