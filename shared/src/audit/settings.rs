//! An enterprise's settings for its log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Entry;
use crate::access::{Action, AuthContext, TenantTx};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};

/// How durable the row of a read is when the read is answered. Changes and refusals are always on disk by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// The row is on disk.
    #[default]
    Durable,
    /// The row is on its way to the disk: if the database server crashes, the rows of the last moments (three times
    /// PostgreSQL's `wal_writer_delay`, 0.6 s by default) may be lost. A crash of a function loses nothing.
    Buffered,
}

/// A compliance framework whose auditors read the log; rows that it requires are tagged with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framework {
    /// The EU's General Data Protection Regulation.
    Gdpr,
    /// The US Health Insurance Portability and Accountability Act.
    Hipaa,
    /// ISO/IEC 27001.
    Iso27001,
    /// AICPA SOC 2.
    Soc2,
}

impl Framework {
    fn as_str(self) -> &'static str {
        match self {
            Self::Gdpr => "gdpr",
            Self::Hipaa => "hipaa",
            Self::Iso27001 => "iso27001",
            Self::Soc2 => "soc2",
        }
    }
}

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Settings {
    /// How durable the row of a read is when the read is answered.
    pub reads: Reads,
    /// The frameworks that rows are tagged for.
    pub frameworks: Vec<Framework>,
    /// The minimum number of months to keep rows after their own month; `None` for the plan's value.
    pub retention_months: Option<i32>,
    /// When the settings were last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// New settings, which replace all existing ones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSettings {
    /// How durable the row of a read is when the read is answered.
    pub reads: Reads,
    /// The frameworks that rows are tagged for.
    #[serde(default)]
    pub frameworks: Vec<Framework>,
    /// The minimum number of months to keep rows after their own month, 1 to [`MAX_RETENTION_MONTHS`]; the plan's value
    /// if absent.
    #[serde(default)]
    pub retention_months: Option<i32>,
}

/// A hundred years.
pub const MAX_RETENTION_MONTHS: i32 = 1200;

/// Returns the enterprise's settings.
pub async fn lookup(ctx: &AuthContext, db: &Database) -> Result<Settings> {
    super::authorize(ctx, Action::ReadAudit)?;
    let tx = ctx.begin(db, "audit.settings").await?;
    let settings = find(&tx).await?;
    tx.commit().await?;
    Ok(settings.unwrap_or_default())
}

/// Replaces the enterprise's settings, for requests that begin afterwards.
pub async fn replace(ctx: &AuthContext, db: &Database, new: NewSettings) -> Result<Settings> {
    const REPLACE: &str = "-- audit_policy.upsert
        INSERT INTO audit_policies (enterprise_id, reads, frameworks, retention_months, updated_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (enterprise_id)
            DO UPDATE SET reads = excluded.reads, frameworks = excluded.frameworks,
                          retention_months = excluded.retention_months, updated_at = excluded.updated_at";
    let root = super::authorize(ctx, Action::ManageAudit)?;
    let months = new.retention_months;
    if let Some(found) = months.filter(|months| !(1..=MAX_RETENTION_MONTHS).contains(months)) {
        let message = format!("must be from 1 to {MAX_RETENTION_MONTHS}, found {found}");
        return Err(Error::invalid("retention_months", message));
    }
    let mut frameworks = new.frameworks;
    frameworks.sort_unstable();
    frameworks.dedup();
    let names: Vec<&str> = frameworks.iter().map(|framework| framework.as_str()).collect();
    let reads = match new.reads {
        Reads::Durable => "durable",
        Reads::Buffered => "buffered",
    };
    let now = ctx.request().at;
    let tx = ctx.begin(db, "audit.configure").await?;
    tx.execute(REPLACE, &[&ctx.enterprise_id().uuid(), &reads, &names, &months, &now]).await?;
    let details = json!({ "reads": new.reads, "frameworks": frameworks, "retention_months": months });
    super::record(&tx, Entry::of("audit.configure").within(root.id).with(details)).await?;
    tx.commit().await?;
    Ok(Settings { reads: new.reads, frameworks, retention_months: months, updated_at: Some(now) })
}

async fn find(tx: &TenantTx<'_>) -> Result<Option<Settings>> {
    const FIND: &str = "-- audit_policy.lookup
        SELECT reads, to_jsonb(frameworks) AS frameworks, retention_months, updated_at FROM audit_policies WHERE enterprise_id = $1";
    let Some(row) = tx.query_opt(FIND, &[&tx.caller().enterprise_id().uuid()]).await? else {
        return Ok(None);
    };
    let frameworks = serde_json::from_value(row.get("frameworks")).map_err(|error| {
        let problem = error.to_string();
        Error::from(StoreError::Corrupt { table: "audit_policies", column: "frameworks", problem })
    })?;
    let reads = match row.get("reads") {
        "buffered" => Reads::Buffered,
        _ => Reads::Durable,
    };
    let retention_months = row.get("retention_months");
    Ok(Some(Settings { reads, frameworks, retention_months, updated_at: row.get("updated_at") }))
}
