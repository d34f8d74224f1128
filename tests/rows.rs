//! Row-level security: what the database itself refuses, whatever the application asks for.

use shared::ids::EnterpriseId;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::harness::{Client as _, Tables, TestApp, World};

/// What PostgreSQL says when a policy refuses a row, rather than a missing grant the table.
const POLICY: &str = "violates row-level security policy";

/// What the checking functions of the search say.
const OUTSIDE: &str = "scope outside the visible set";

/// Two tenants with something in every table, and a connection like the application's.
async fn two_worlds() -> (World, World, Client) {
    let app = TestApp::new().await;
    let (ours, theirs) = (World::new(&app, "walrus").await, World::new(&app, "ocelot").await);
    for world in [&ours, &theirs] {
        let empty = world.tables().await;
        assert_eq!(empty.empty(), [""; 0], "a world has something in every table");
    }
    let client = app.database().as_app().await;
    (ours, theirs, client)
}

/// What `access::TenantTx` does at the beginning of a transaction, for a whole session.
async fn bind(client: &Client, enterprise: EnterpriseId, readable: &[i64]) {
    let readable = readable.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let enterprise = enterprise.uuid();
    let bind = format!("SET mem0.enterprise = '{enterprise}'; SET mem0.readable = '{{{readable}}}'");
    client.batch_execute(&bind).await.unwrap();
}

/// Every scope of a tenant, personal ones too: more than anybody may ever read.
async fn every_scope(world: &World) -> Vec<i64> {
    let all = "SELECT id FROM scopes WHERE enterprise_id = $1";
    let client = world.app.database().superuser().await;
    let rows = client.query(all, &[&world.owner.enterprise.uuid()]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Tables of tenants on which the role has the privilege, at least on some column.
async fn tables_open_for(client: &Client, privilege: &str) -> Vec<(String, &'static str)> {
    let mut open = Vec::new();
    for (table, column) in Tables::names(client).await {
        let sql = match privilege {
            "DELETE" => "SELECT has_table_privilege($1::text, $2::text)",
            _ => "SELECT has_any_column_privilege($1::text, $2::text)",
        };
        if client.query_one(sql, &[&table, &privilege]).await.unwrap().get(0) {
            open.push((table, column));
        }
    }
    open
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
}

/// Asserts that a statement is refused for want of a privilege (SQLSTATE 42501) and returns what PostgreSQL says.
async fn refusal(client: &Client, sql: &str) -> String {
    match client.execute(sql, &[]).await {
        Ok(rows) => panic!("{sql} was not refused, it touched {rows} rows"),
        Err(error) => {
            assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {error:?}");
            error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default()
        }
    }
}

#[tokio::test]
async fn a_connection_bound_to_nobody_sees_nothing() {
    let (_ours, _theirs, client) = two_worlds().await;
    let tables = tables_open_for(&client, "SELECT").await;
    assert!(tables.len() >= 8, "{tables:?}");
    for (table, _) in tables {
        assert_eq!(count(&client, &format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_bound_connection_sees_one_tenant_only() {
    let (ours, theirs, client) = two_worlds().await;
    // Even a binding that claims the other tenant's scopes, too, shows only one tenant's rows.
    let claimed = [every_scope(&ours).await, every_scope(&theirs).await].concat();
    bind(&client, ours.owner.enterprise, &claimed).await;
    for (table, column) in tables_open_for(&client, "SELECT").await {
        let tenant = ours.owner.enterprise.uuid();
        let other = format!("SELECT count(*) FROM {table} WHERE {column} <> '{tenant}'");
        let own = format!("SELECT count(*) FROM {table} WHERE {column} = '{tenant}'");
        assert_eq!(count(&client, &other).await, 0, "{table}");
        assert!(count(&client, &own).await > 0, "{table} shows its own tenant something");
    }
}

#[tokio::test]
async fn a_tenants_rows_cannot_be_changed_or_planted_from_another() {
    let (ours, theirs, client) = two_worlds().await;
    let claimed = [every_scope(&ours).await, every_scope(&theirs).await].concat();
    bind(&client, ours.owner.enterprise, &claimed).await;
    // Rows to plant: what the other tenant has, in a place that the application can read.
    let superuser = theirs.app.database().superuser().await;
    let victim = theirs.owner.enterprise.uuid();
    superuser.batch_execute("CREATE SCHEMA loot; GRANT USAGE ON SCHEMA loot TO mem0_app").await.unwrap();
    let before = theirs.tables().await;

    for (table, column) in tables_open_for(&client, "INSERT").await {
        let take = format!(
            "CREATE TABLE loot.{table} AS SELECT * FROM public.{table} WHERE {column} = '{victim}';
             GRANT SELECT ON loot.{table} TO mem0_app"
        );
        superuser.batch_execute(&take).await.unwrap();
        let plant = format!("INSERT INTO public.{table} SELECT * FROM loot.{table}");
        assert!(refusal(&client, &plant).await.contains(POLICY), "{table}");
    }
    for (table, column) in tables_open_for(&client, "UPDATE").await {
        let columns = "SELECT attname::text FROM pg_attribute
                        WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
                          AND has_column_privilege(attrelid, attnum, 'UPDATE')";
        for row in client.query(columns, &[&table]).await.unwrap() {
            let name: &str = row.get(0);
            let touch = format!("UPDATE {table} SET {name} = {name} WHERE {column} = '{victim}'");
            assert_eq!(client.execute(&touch, &[]).await.unwrap(), 0, "{table}.{name}");
            if name == column {
                let give_away = format!("UPDATE {table} SET {column} = '{victim}'");
                assert!(refusal(&client, &give_away).await.contains(POLICY), "{table}");
            }
        }
    }
    for (table, column) in tables_open_for(&client, "DELETE").await {
        let delete = format!("DELETE FROM {table} WHERE {column} = '{victim}'");
        assert_eq!(client.execute(&delete, &[]).await.unwrap(), 0, "{table}");
    }
    before.assert_unchanged(&theirs.tables().await, "another tenant's connection");
}

#[tokio::test]
async fn a_memory_outside_the_readable_scopes_is_not_there() {
    let (ours, _theirs, client) = two_worlds().await;
    let (personal, team) = (ours.owner.scope.0, ours.team.scope.0);
    for (readable, expected) in [(vec![], 0), (vec![personal], 2), (vec![team], 1), (vec![personal, team], 3)]
    {
        bind(&client, ours.owner.enterprise, &readable).await;
        assert_eq!(count(&client, "SELECT count(*) FROM memories").await, expected, "{readable:?}");
        assert_eq!(count(&client, "SELECT count(*) FROM memory_versions").await, expected, "{readable:?}");
    }
    bind(&client, ours.owner.enterprise, &[team]).await;
    // Neither moved out of sight nor into a scope that is not the caller's.
    let hide =
        format!("UPDATE memories SET home_scope_id = {personal}, scope_ids = ARRAY[{personal}::bigint]");
    assert!(refusal(&client, &hide).await.contains(POLICY));
}

#[tokio::test]
async fn the_search_projection_is_read_only_through_its_checking_functions() {
    let (ours, theirs, client) = two_worlds().await;
    let partitions = "SELECT relname::text FROM pg_class WHERE relname ~ '^memory_scopes(_[0-9]+)?$' AND relkind IN ('r', 'p')";
    let partitions = client.query(partitions, &[]).await.unwrap();
    assert_eq!(partitions.len(), 17);
    for role in ["mem0_app", "mem0_identity"] {
        client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        let tables = partitions.iter().map(|row| row.get::<_, &str>(0));
        for table in tables.chain(["vector_blocks", "unpacked_vectors"]) {
            let read = format!("SELECT 1 FROM {table}");
            assert!(refusal(&client, &read).await.contains("permission denied for table"), "{role}: {read}");
        }
    }
    client.batch_execute("SET ROLE mem0_app").await.unwrap();

    let query = "(SELECT array_agg(0.0625)::real[]::vector(256)::halfvec(256) FROM generate_series(1, 256))";
    let search = |scope: i64| {
        format!(
            "SELECT count(*)
               FROM mem0.search_candidates(ARRAY[{scope}::bigint], '{{}}', {query}, 'model', 'spring', 10, 10, NULL)"
        )
    };
    let by_level = |scope: i64, lent: i64| {
        format!(
            "SELECT count(*)
               FROM mem0.search_levels(ARRAY[{scope}::bigint], '{{}}', '{{0}}', {lent}, 1, {query}, 'model', 'spring', 10, 10,
                                       ARRAY[{scope}::bigint], '{{}}', '{{}}')"
        )
    };
    let (own, foreign) = (ours.team.scope.0, theirs.team.scope.0);
    assert!(refusal(&client, &search(own)).await.contains(OUTSIDE), "bound to nobody");
    assert!(refusal(&client, &by_level(own, own)).await.contains(OUTSIDE), "bound to nobody");
    bind(&client, ours.owner.enterprise, &[own]).await;
    assert_eq!(count(&client, &search(own)).await, 1);
    assert_eq!(count(&client, &by_level(own, own)).await, 1);
    assert_eq!(count(&client, &by_level(own, foreign)).await, 1);
    assert!(refusal(&client, &search(foreign)).await.contains(OUTSIDE));
    assert!(refusal(&client, &by_level(foreign, own)).await.contains(OUTSIDE));
    // A binding that claims a foreign scope as readable still searches its own tenant only.
    bind(&client, ours.owner.enterprise, &[own, foreign]).await;
    assert_eq!(count(&client, &search(foreign)).await, 0);
    assert_eq!(count(&client, &by_level(foreign, own)).await, 0);
}

#[tokio::test]
async fn whatever_requests_can_reach_is_under_row_level_security() {
    let app = TestApp::new().await;
    let client = app.database().superuser().await;
    let open = "SELECT c.relname::text
                  FROM pg_class c, (VALUES ('mem0_app'), ('mem0_identity')) r (role)
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relrowsecurity
                   AND (has_any_column_privilege(r.role, c.oid, 'SELECT') OR has_any_column_privilege(r.role, c.oid, 'INSERT')
                        OR has_any_column_privilege(r.role, c.oid, 'UPDATE') OR has_table_privilege(r.role, c.oid, 'DELETE'))
                 GROUP BY 1 ORDER BY 1";
    let open: Vec<String> = client.query(open, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    // The schema's version, and what belongs to no tenant and to sign-in only.
    assert_eq!(open, ["login_attempts", "refinery_schema_history", "signing_keys"]);
    for secret in [
        "login_attempts",
        "signing_keys",
        "sessions",
        "refresh_tokens",
        "api_keys",
        "oauth_client_assertions",
        "oauth_clients",
        "oauth_grants",
        "oauth_codes",
        "oauth_device_codes",
        "identity_providers",
        "identity_links",
    ] {
        let read = "SELECT has_any_column_privilege('mem0_app', $1::text, 'SELECT')";
        assert!(!client.query_one(read, &[&secret]).await.unwrap().get::<_, bool>(0), "{secret}");
    }
    for memory in ["memories", "memory_versions", "memory_scopes", "events"] {
        let read = "SELECT has_any_column_privilege('mem0_identity', $1::text, 'SELECT')";
        assert!(!client.query_one(read, &[&memory]).await.unwrap().get::<_, bool>(0), "{memory}");
    }
}

#[tokio::test]
async fn what_jobs_run_as_calls_its_functions_and_reads_nothing() {
    let app = TestApp::new().await;
    let client = app.database().superuser().await;
    let tables = "SELECT c.relname::text FROM pg_class c
                   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
                     AND (CASE c.relkind WHEN 'S' THEN has_sequence_privilege('mem0_upkeep', c.oid, 'USAGE')
                          ELSE has_any_column_privilege('mem0_upkeep', c.oid, 'SELECT, INSERT, UPDATE')
                               OR has_table_privilege('mem0_upkeep', c.oid, 'DELETE, TRUNCATE') END)";
    let tables: Vec<String> = client.query(tables, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(tables, [""; 0]);
    // What may become it, besides who made it: nobody can do as jobs do who cannot do as requests do.
    let members = "SELECT m.member::regrole::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
                    WHERE m.roleid = 'mem0_upkeep'::regrole AND NOT r.rolcreaterole AND NOT r.rolsuper";
    let members: Vec<String> =
        client.query(members, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(members, ["mem0_app"]);
    let functions = "SELECT p.proname::text FROM pg_proc p
                      WHERE p.pronamespace = 'mem0'::regnamespace AND p.prosecdef
                        AND has_function_privilege('mem0_upkeep', p.oid, 'EXECUTE') ORDER BY 1";
    let functions: Vec<String> =
        client.query(functions, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    insta::assert_snapshot!(functions.join(" "), @"check_audit claim_embedding_work claim_message embedding_progress ensure_audit_partitions expire_approvals expire_shares fail_message finish_embedding_work finish_message forget_leavers forget_rates heads_to_anchor move_tier note_anchor outbox_state pack_vectors prune_idempotency_keys prune_outbox receive_message release_embedding_work retire_audit review_tiers sample_terms seal_audit");
    client.batch_execute("SET ROLE mem0_upkeep").await.unwrap();
    for statement in
        ["SELECT FROM memories", "SELECT FROM users", "SELECT FROM audit_log", "DELETE FROM outbox"]
    {
        assert!(refusal(client, statement).await.contains("permission denied for table"), "{statement}");
    }
    client.batch_execute("RESET ROLE").await.unwrap();
}

#[tokio::test]
async fn functions_that_act_as_their_owner_are_closed_and_pin_their_search_path() {
    let app = TestApp::new().await;
    let client = app.database().superuser().await;
    let definers = "SELECT p.oid::regprocedure::text, coalesce(p.proconfig::text, ''),
                           has_function_privilege('public', p.oid, 'EXECUTE')
                      FROM pg_proc p WHERE p.prosecdef AND p.pronamespace IN ('mem0'::regnamespace, 'public'::regnamespace)";
    let definers = client.query(definers, &[]).await.unwrap();
    assert!(definers.len() >= 5);
    for row in definers {
        let (name, settings, open): (&str, &str, bool) = (row.get(0), row.get(1), row.get(2));
        assert!(settings.contains("search_path=pg_catalog, public"), "{name} {settings}");
        assert!(!open, "{name} can be called by everybody");
    }
}

/// Work of jobs is for their role: not for whoever speaks for a tenant.
#[tokio::test]
async fn requests_cannot_do_the_work_of_jobs() {
    let app = TestApp::new().await;
    let client = app.database().as_app().await;
    for call in [
        "mem0.forget_leavers('2400-01-01', 1000)",
        "mem0.seal_audit(1)",
        "mem0.check_audit(1)",
        "mem0.retire_audit('2400-01-01')",
        "mem0.ensure_audit_partitions(1)",
        "mem0.expire_shares('2400-01-01', 1)",
        "mem0.expire_approvals('2400-01-01')",
        "mem0.forget_rates('2400-01-01')",
        "mem0.pack_vectors()",
        "mem0.outbox_state('2400-01-01')",
    ] {
        let said = refusal(&client, &format!("SELECT {call}")).await;
        assert!(said.contains("permission denied for function"), "{call}: {said}");
    }
}

/// What somebody sent twice and what became of it is theirs alone, whatever a statement forgets to ask for.
#[tokio::test]
async fn a_persons_rows_are_hidden_from_their_colleagues() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let colleague = owner.enterprise_colleague("ben", shared::access::Role::Member).await;
    let request = http::Request::post("/v3/memories/add/")
        .header("content-type", "application/json")
        .header("idempotency-key", "once");
    let body = serde_json::json!({ "messages": "The harbour is closed on Sunday", "infer": false });
    owner.send(request.body(body.to_string().into()).unwrap()).await.ok();
    let client = app.database().as_app().await;
    bind(&client, owner.enterprise, &[]).await;
    for (person, seen) in [(owner.user, 1), (colleague.user, 0)] {
        let who = format!("SET mem0.person = '{}'", person.uuid());
        client.batch_execute(&who).await.unwrap();
        for table in ["idempotency_keys", "events"] {
            assert_eq!(count(&client, &format!("SELECT count(*) FROM {table}")).await, seen, "{table}");
        }
    }
}
