//! The company as rows: ten thousand registrations would hash ten thousand passwords.

use anyhow::{Context as _, Result};
use tokio_postgres::Client;

/// People in a team, teams in a division, divisions in an organization.
const TEAM: i64 = 20;
const DIVISION: i64 = 10;
const ORGANIZATION: i64 = 10;

/// Nodes by their number, from which `ids` derives their UUIDs.
const NODES: &str = "
    CREATE TEMPORARY TABLE planned (n bigint, kind text, parent bigint);
    -- Organizations from 1, divisions from 1001, teams from 10001; what is moved is 50000, with units and teams below.
    INSERT INTO planned
    SELECT n, 'organization', 0 FROM generate_series(1, $organizations) n UNION ALL
    SELECT 1000 + n, 'division', 1 + (n - 1) / $divisions_each FROM generate_series(1, $divisions) n UNION ALL
    SELECT 10000 + n, 'team', 1001 + (n - 1) / $teams_each FROM generate_series(1, $teams) n UNION ALL
    SELECT 50000, 'division', 1 UNION ALL
    SELECT 50000 + n, CASE WHEN n <= $units THEN 'unit' ELSE 'team' END,
           CASE WHEN n <= $units THEN 50000 ELSE 50001 + n % $units END
      FROM generate_series(1, $subtree) n;
    CREATE TEMPORARY TABLE placed AS
    WITH RECURSIVE tree AS (
        SELECT 0::bigint AS n, ARRAY[1000000::bigint] AS path, 'enterprise' AS kind, NULL::bigint AS parent UNION ALL
        SELECT p.n, tree.path || (1000000 + p.n), p.kind, 1000000 + p.parent
          FROM planned p JOIN tree ON tree.n = p.parent)
    SELECT * FROM tree;
    INSERT INTO enterprises (id, name, created_at) VALUES (ids('e', 1), 'Bench', now());
    INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
    SELECT ids('e', 1), 1000000 + n, kind, parent, path FROM placed ORDER BY cardinality(path);
    INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
    VALUES (ids('e', 1), 999999, 'public', 1000000, ARRAY[1000000, 999999]);
    INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, created_at, updated_at)
    SELECT ids('e', 1), ids('a', n), 1000000 + n, kind || ' number ' || n, now(), now() FROM placed WHERE n > 0;";

const PEOPLE: &str = "
    INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
    SELECT ids('e', 1), 2000000 + n, 'user', 1000000, ARRAY[1000000, 2000000 + n] FROM generate_series(0, $people - 1) n;
    INSERT INTO users (enterprise_id, id, scope_id, email, created_at, updated_at)
    SELECT ids('e', 1), ids('b', n), 2000000 + n, 'person-' || n || '@bench.example', now(), now()
      FROM generate_series(0, $people - 1) n;
    INSERT INTO api_keys (enterprise_id, id, user_id, name, prefix, secret_hash, scopes, created_at, last_used_at)
    SELECT ids('e', 1), ids('c', n), ids('b', n), 'bench', 'm0sk_bench', sha256(('m0sk_bench_' || n)::bytea),
           '{memories:read,memories:write,tenancy:read,tenancy:write}', now(), now()
      FROM generate_series(0, $people - 1) n;
    INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at)
    SELECT ids('e', 1), ids('b', 0), 1000000, 'owner'::member_role, now() UNION ALL
    SELECT ids('e', 1), ids('b', n), 1010001 + n / $team % $teams, 'member', now() FROM generate_series(1, $people - 1) n
     UNION ALL
    -- One in five belongs to a second team.
    SELECT ids('e', 1), ids('b', n), 1010001 + (n / $team + 7) % $teams, 'viewer', now()
      FROM generate_series(5, $people - 1, 5) n WHERE $teams > 7;
    -- One in twenty has a role on a division through a group.
    INSERT INTO groups VALUES (ids('e', 1), ids('d', 1), 1000000, 'Leads', 'manual', NULL, now(), now());
    INSERT INTO group_roles VALUES (ids('e', 1), ids('d', 1), 1001001, 'viewer', now());
    INSERT INTO group_members
    SELECT ids('e', 1), ids('d', 1), ids('b', n), now() FROM generate_series(1, $people - 1, 20) n;
    SELECT setval('scope_ids', 1000000000000);";

/// A company in the database.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) nodes: u32,
    /// The node that is moved, and its two alternating parents.
    pub(super) subtree: String,
    pub(super) homes: [String; 2],
}

impl Company {
    /// Inserts this many people, their teams, and a division with this many nodes below it.
    pub(super) async fn insert(client: &Client, people: u32, subtree: u32) -> Result<Self> {
        let people = i64::from(people);
        let teams = people / TEAM;
        let divisions = (teams + DIVISION - 1) / DIVISION;
        let organizations = ((divisions + ORGANIZATION - 1) / ORGANIZATION).max(2);
        let fill = |sql: &str| {
            [
                ("$organizations", organizations),
                ("$divisions_each", (divisions + organizations - 1) / organizations),
                ("$divisions", divisions),
                ("$teams_each", DIVISION),
                ("$teams", teams),
                ("$team", TEAM),
                ("$units", i64::from(subtree.div_ceil(50))),
                ("$subtree", i64::from(subtree)),
                ("$people", people),
            ]
            .iter()
            .fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, &value.to_string()))
        };
        let ids = "CREATE FUNCTION ids(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
                   $$ SELECT ('00000000-000' || kind || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$";
        client.batch_execute(ids).await?;
        client.batch_execute(&fill(NODES)).await.context("inserting the tree")?;
        client.batch_execute(&fill(PEOPLE)).await.context("inserting people")?;
        let nodes = client.query_one("SELECT count(*) FROM sub_organizations", &[]).await?;
        let node = |number: u32| format!("00000000-000a-7000-8000-{number:012x}");
        Ok(Self {
            nodes: u32::try_from(nodes.get::<_, i64>(0))?,
            subtree: node(50_000),
            homes: [node(1), node(2)],
        })
    }

    /// The secret of a person's key. Number 0 is the owner.
    pub(super) fn key(&self, person: u32) -> String {
        format!("m0sk_bench_{person}")
    }

    /// Changes the tree, so that every cached expansion becomes invalid.
    pub(super) async fn rename(&self, client: &Client, number: u32) -> Result<()> {
        let rename = "UPDATE sub_organizations SET name = 'renamed ' || $1::bigint WHERE scope_id = 1000001";
        client.execute(rename, &[&i64::from(number)]).await?;
        Ok(())
    }
}
