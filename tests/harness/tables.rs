//! What a tenant's tables hold, to show that a refused request changed nothing.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::EnterpriseId;

use super::TestDatabase;

/// Every row of a tenant, by table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tables(BTreeMap<String, BTreeSet<String>>);

impl Tables {
    /// Reads every table that has tenants, the search projection and the audit log among them.
    pub(crate) async fn of(database: &TestDatabase, enterprise: EnterpriseId) -> Self {
        let client = database.superuser().await;
        let tenant = enterprise.uuid();
        let mut tables = BTreeMap::new();
        for (table, column) in Self::names(&client).await {
            // Embeddings are long: a row is told by its beginning and its hash.
            let rows = format!(
                "SELECT left(t::text, 300) || ' ' || md5(t::text) FROM {table} t WHERE {column} = $1"
            );
            let rows = client.query(&rows, &[&tenant]).await.unwrap();
            tables.insert(table, rows.iter().map(|row| row.get(0)).collect());
        }
        Self(tables)
    }

    /// Tables and their column that names the tenant.
    pub(crate) async fn names(client: &tokio_postgres::Client) -> Vec<(String, &'static str)> {
        let with_tenant = "SELECT c.relname::text, EXISTS (
                   SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'enterprise_id')
              FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             ORDER BY 1";
        let rows = client.query(with_tenant, &[]).await.unwrap();
        let named = rows.iter().filter_map(|row| match (row.get::<_, String>(0), row.get(1)) {
            (table, true) => Some((table, "enterprise_id")),
            (table, false) if table == "enterprises" => Some((table, "id")),
            _ => None,
        });
        named.collect()
    }

    /// How many rows a table holds.
    pub(crate) fn count(&self, table: &str) -> usize {
        self.0[table].len()
    }

    /// The tables that hold nothing.
    pub(crate) fn empty(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table.as_str()).collect()
    }

    /// Without the rows that are this person's business: those that contain their id.
    pub(crate) fn without(mut self, person: shared::ids::UserId) -> Self {
        let id = person.uuid().to_string();
        for rows in self.0.values_mut() {
            rows.retain(|row| !row.contains(&id));
        }
        self
    }

    /// Asserts that nothing changed between then and now.
    #[track_caller]
    pub(crate) fn assert_unchanged(&self, now: &Self, by: &str) {
        let changed = self.changes(now, true);
        assert!(changed.is_empty(), "{by} changed\n{}", changed.join("\n"));
    }

    /// Asserts that whatever was there then is there now, unchanged; new rows are allowed.
    #[track_caller]
    pub(crate) fn assert_kept(&self, now: &Self, by: &str) {
        let changed = self.changes(now, false);
        assert!(changed.is_empty(), "{by} changed\n{}", changed.join("\n"));
    }

    fn changes(&self, now: &Self, additions: bool) -> Vec<String> {
        let mut changed = Vec::new();
        for (table, before) in &self.0 {
            let after = &now.0[table];
            changed.extend(before.difference(after).map(|row| format!("{table}: - {row}")));
            if additions {
                changed.extend(after.difference(before).map(|row| format!("{table}: + {row}")));
            }
        }
        changed
    }
}
