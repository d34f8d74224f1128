//! Applies the schema from the command line.

use anyhow::Result;
use shared::config::DatabaseConfig;
use shared::db::migrate;

use crate::say;

/// Applies the schema to `MEM0_DATABASE_URL`.
pub async fn run() -> Result<()> {
    apply(&DatabaseConfig::from_env(1)?).await
}

pub(crate) async fn apply(config: &DatabaseConfig) -> Result<()> {
    let migrated = migrate::run(config).await?;
    match migrated.applied.len() {
        0 => say(&format!("schema is at version {}", migrated.version)),
        count => say(&format!("applied {count} migrations, schema is at version {}", migrated.version)),
    }
    Ok(())
}
