//! Brings the schema of a kept database up to date, even where `migrate` rightly refuses: while migrations are being
//! written they are renumbered, and some are added before others that were already applied. Loading a million memories
//! again for each of those would take longer than measuring them.
//!
//! Only for benchmark data. A migration that was edited after it was applied is refused here, too.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use chrono::Utc;
use refinery::Migration;
use tokio_postgres::Client;

use measuring::report::say;

mod embedded {
    refinery::embed_migrations!("../../shared/migrations");
}

/// Applies new migrations in order, and records every migration under its present number. `owner` owns the schema.
pub(crate) async fn bring_up_to_date(owner: &mut Client) -> Result<()> {
    let there = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
    if !owner.query_one(there, &[]).await?.get::<_, bool>(0) {
        return Ok(());
    }
    let history = "SELECT name, version, checksum FROM refinery_schema_history";
    let applied: HashMap<String, (i32, String)> =
        owner.query(history, &[]).await?.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    let runner = embedded::migrations::runner();
    let mut migrations: Vec<&Migration> = runner.get_migrations().iter().collect();
    migrations.sort_by_key(|migration| migration.version());
    for name in applied.keys() {
        if !migrations.iter().any(|migration| migration.name() == name) {
            bail!(
                "the kept database has the migration {name}, which this build has not: remove its directory"
            );
        }
    }
    for migration in migrations {
        let (name, sql) = (migration.name(), migration.sql().context("embedded migrations have a text")?);
        let transaction = owner.transaction().await?;
        match applied.get(name) {
            Some((version, checksum)) => {
                let then = Migration::unapplied(&format!("V{version}__{name}"), sql)?;
                if then.checksum().to_string() != *checksum {
                    bail!(
                        "the migration {name} was edited after it had been applied: remove the kept directory"
                    );
                }
            }
            None => {
                say(&format!("  applying {name} to the kept database"));
                transaction.batch_execute(sql).await.with_context(|| format!("migration {name}"))?;
            }
        }
        transaction
            .execute(
                "DELETE FROM refinery_schema_history WHERE name = $1 OR version = $2",
                &[&name, &migration.version()],
            )
            .await?;
        let note = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES ($1, $2, $3, $4)";
        #[expect(clippy::disallowed_methods, reason = "a tool: no Clock of the product's")]
        let (at, checksum) = (Utc::now().to_rfc3339(), migration.checksum().to_string());
        transaction.execute(note, &[&migration.version(), &name, &at, &checksum]).await?;
        transaction.commit().await?;
    }
    Ok(())
}
