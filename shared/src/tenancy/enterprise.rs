//! The tenant itself: what it is called.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::locked::Locked;
use crate::access::{Action, AuthContext, Role, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::EnterpriseId;
use crate::name;

/// The caller's enterprise.
#[derive(Debug, Clone, Serialize)]
pub struct Enterprise {
    /// Its id.
    pub id: EnterpriseId,
    /// What it is called.
    pub name: String,
    /// The caller's role on the whole of it; null when they only hold one further down.
    pub role: Option<Role>,
    /// When it was founded.
    pub created_at: DateTime<Utc>,
}

/// What is to be different about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseChange {
    /// Another name.
    pub name: String,
}

/// The caller's enterprise. Whoever has an account may know it, a member of anything or not.
pub async fn lookup(ctx: &AuthContext, db: &Database) -> Result<Enterprise> {
    ctx.authorize_verb(Action::ReadNode.verb())?;
    let tx = ctx.begin(db, "enterprise.lookup").await?;
    let enterprise = seen(&tx).await?;
    tx.commit().await?;
    Ok(enterprise)
}

/// Renames it.
pub async fn change(ctx: &AuthContext, db: &Database, change: EnterpriseChange) -> Result<Enterprise> {
    const UPDATE: &str = "-- enterprise.update
        UPDATE enterprises SET name = $2 WHERE id = $1";
    let (root, name) = (ctx.enterprise()?.id, name::checked(&change.name, "name")?);
    let tx = ctx.begin(db, "enterprise.change").await?;
    let tree = Locked::take(&tx).await?;
    ctx.authorize(Action::ChangeNode, &tree.scope(root).await?)?;
    tx.execute(UPDATE, &[&ctx.enterprise_id().uuid(), &name]).await?;
    let entry = Entry::new("enterprise.change", ctx.enterprise_id()).within(root);
    audit::record(&tx, entry.with(json!({ "name": name }))).await?;
    let enterprise = seen(&tx).await?;
    tx.commit().await?;
    Ok(enterprise)
}

async fn seen(tx: &TenantTx<'_>) -> Result<Enterprise> {
    const LOOKUP: &str = "-- enterprise.lookup
        SELECT name, created_at FROM enterprises WHERE id = $1";
    let (id, root) = (tx.caller().enterprise_id(), tx.caller().enterprise());
    let row = tx.query_opt(LOOKUP, &[&id.uuid()]).await?.ok_or(Error::NotFound { what: "enterprise" })?;
    let role = root.ok().and_then(|root| root.role);
    Ok(Enterprise { id, name: row.get("name"), role, created_at: row.get("created_at") })
}
