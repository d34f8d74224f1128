//! The contents of a tenant's tables, to show that a refused request changed nothing.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::EnterpriseId;
use tokio_postgres::SimpleQueryMessage;

use super::TestDatabase;

/// Every row of a tenant, by table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tables(BTreeMap<String, BTreeSet<String>>);

impl Tables {
    /// Reads every table with tenants, including the search projection and the audit log.
    pub(crate) async fn of(database: &TestDatabase, enterprise: EnterpriseId) -> Self {
        let client = database.superuser().await;
        let names = Self::names(client).await;
        // One statement, and so one snapshot. Embeddings are long: a row is represented by its beginning and its hash.
        let rows = names.iter().map(|(table, column)| {
            // These columns only say that other rows have changed, which show it themselves.
            let text = match table.as_str() {
                "enterprises" => "(to_jsonb(t) - 'tree_epoch')::text",
                "memories" => "(to_jsonb(t) - 'opinion')::text",
                _ => "t::text",
            };
            format!(
                "SELECT '{table}', left({text}, 300) || ' ' || md5({text}) FROM {table} t WHERE {column} = '{}'",
                enterprise.uuid()
            )
        });
        let all = rows.collect::<Vec<_>>().join(" UNION ALL ");
        let mut tables: BTreeMap<String, BTreeSet<String>> =
            names.into_iter().map(|(table, _)| (table, BTreeSet::new())).collect();
        for message in client.simple_query(&all).await.unwrap() {
            if let SimpleQueryMessage::Row(row) = message {
                let (table, text) = (row.get(0).unwrap(), row.get(1).unwrap());
                tables.get_mut(table).unwrap().insert(text.to_owned());
            }
        }
        Self(tables)
    }

    /// The tables, each with the column that identifies the tenant.
    pub(crate) async fn names(client: &tokio_postgres::Client) -> Vec<(String, &'static str)> {
        let with_tenant = "SELECT c.relname::text, EXISTS (
                   SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'enterprise_id')
              FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             ORDER BY 1";
        let rows = client.query(with_tenant, &[]).await.unwrap();
        // It counts requests, whatever their outcome.
        let rows = rows.iter().filter(|row| row.get::<_, &str>(0) != "rate_limits");
        let named = rows.filter_map(|row| match (row.get::<_, String>(0), row.get(1)) {
            (table, true) => Some((table, "enterprise_id")),
            (table, false) if table == "enterprises" => Some((table, "id")),
            _ => None,
        });
        named.collect()
    }

    /// The number of rows of a table.
    pub(crate) fn count(&self, table: &str) -> usize {
        self.0[table].len()
    }

    /// The tables without rows.
    pub(crate) fn empty(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table.as_str()).collect()
    }

    /// Removes the rows that concern this person: those that contain their id.
    pub(crate) fn without(mut self, person: shared::ids::UserId) -> Self {
        let id = person.uuid().to_string();
        for rows in self.0.values_mut() {
            rows.retain(|row| !row.contains(&id));
        }
        self
    }

    /// Asserts that nothing changed between then and now; the audit log may record a refusal.
    #[track_caller]
    pub(crate) fn assert_unchanged(&self, now: &Self, by: &str) {
        let changed = self.changes(now, true);
        assert!(changed.is_empty(), "{by} changed\n{}", changed.join("\n"));
    }

    /// Asserts that every row of then is still there unchanged; new rows are allowed.
    #[track_caller]
    pub(crate) fn assert_kept(&self, now: &Self, by: &str) {
        let changed = self.changes(now, false);
        assert!(changed.is_empty(), "{by} changed\n{}", changed.join("\n"));
    }

    fn changes(&self, now: &Self, additions: bool) -> Vec<String> {
        let mut changed = Vec::new();
        // It is derived from the other tables, and any request may refresh it.
        for (table, before) in self.0.iter().filter(|(table, _)| *table != "kept_scopes") {
            let after = &now.0[table];
            changed.extend(before.difference(after).map(|row| format!("{table}: - {row}")));
            if additions {
                // A refusal is recorded in the audit log.
                let noted = |row: &&String| table == "audit_log" && row.contains(",denied,");
                let added = after.difference(before).filter(|row| !noted(row));
                changed.extend(added.map(|row| format!("{table}: + {row}")));
            }
        }
        changed
    }
}
