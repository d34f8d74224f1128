//! Tamper evidence: changes to the log are detected, even by somebody with full access to the database.

use serde_json::{Value, json};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::harness::{Actor, Client as _, TestApp};

/// An owner with some rows in the log, all of them chained.
async fn chained() -> (TestApp, Actor) {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    for number in 0..6 {
        owner.post("/v3/memories/", json!({ "page": 1, "page_size": number + 1 })).await.ok();
        app.advance(chrono::TimeDelta::minutes(1));
    }
    seal(&app, &owner).await;
    (app, owner)
}

/// Chains until nothing of the tenant's waits; transactions of other tests may hold it up.
pub(crate) async fn seal(app: &TestApp, owner: &Actor) {
    let open = "SELECT count(*) FROM audit_log l WHERE enterprise_id = $1
                   AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.enterprise_id = $1 AND c.id = l.id)";
    loop {
        shared::audit::chain::seal(app.gate()).await.unwrap();
        let client = app.database().superuser().await;
        if client.query_one(open, &[&owner.enterprise.uuid()]).await.unwrap().get::<_, i64>(0) == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Somebody with all the power there is, for whom no trigger fires.
async fn intruder(app: &TestApp) -> &Client {
    let client = app.database().superuser().await;
    client.batch_execute("SET session_replication_role = replica").await.unwrap();
    client
}

pub(crate) async fn verify(owner: &Actor) -> Value {
    owner.post("/v1/audit/verify", json!({})).await.ok()
}

pub(crate) async fn tamper(app: &TestApp, owner: &Actor, sql: &str) {
    let sql = sql.replace("$tenant", &format!("'{}'", owner.enterprise.uuid()));
    intruder(app).await.batch_execute(&sql).await.unwrap();
}

/// The id of a row in the chain.
async fn link(app: &TestApp, owner: &Actor, seq: i64) -> String {
    let id = "SELECT id FROM audit_chain WHERE enterprise_id = $1 AND seq = $2";
    let client = app.database().superuser().await;
    let row = client.query_one(id, &[&owner.enterprise.uuid(), &seq]).await.unwrap();
    shared::ids::AuditId(row.get(0)).to_string()
}

#[tokio::test]
async fn an_untouched_log_is_intact() {
    let (app, owner) = chained().await;
    let verified = verify(&owner).await;
    assert_eq!((&verified["intact"], &verified["problem"]), (&json!(true), &Value::Null), "{verified}");
    assert_eq!((&verified["to"]["seq"], &verified["unsealed"]), (&json!(6), &json!(0)), "{verified}");
    // The verification's own row comes next.
    seal(&app, &owner).await;
    let head = owner.get("/v1/audit/anchor").await.ok();
    assert_eq!(head["seq"], 7);
    let anchors = json!({ "after": verified["to"], "anchors": [verified["to"]] });
    let continued = owner.post("/v1/audit/verify", anchors).await.ok();
    assert_eq!((&continued["intact"], &continued["from"]), (&json!(true), &json!(6)), "{continued}");
}

#[tokio::test]
async fn a_changed_row_is_named() {
    let (app, owner) = chained().await;
    let changes = [
        "actor_id = gen_random_uuid()",
        "action = 'memory.read'",
        "ip = '192.0.2.1'",
        "memory_ids = ARRAY[gen_random_uuid()]",
        "details = '{\"a\": 1}'",
        "outcome = 'denied'",
    ];
    let client = intruder(&app).await;
    let third = "SELECT id FROM audit_chain WHERE enterprise_id = $1 AND seq = 3";
    let third: uuid::Uuid = client.query_one(third, &[&owner.enterprise.uuid()]).await.unwrap().get(0);
    for change in changes {
        client
            .batch_execute(&format!("CREATE TABLE kept AS SELECT * FROM audit_log WHERE id = '{third}'"))
            .await
            .unwrap();
        client.batch_execute(&format!("UPDATE audit_log SET {change} WHERE id = '{third}'")).await.unwrap();
        let found = verify(&owner).await;
        assert_eq!(found["intact"], false, "{change}");
        assert_eq!(
            (&found["problem"]["fault"], &found["problem"]["seq"]),
            (&json!("changed"), &json!(3)),
            "{change}"
        );
        assert_eq!(found["problem"]["id"], shared::ids::AuditId(third).to_string());
        let repair = format!(
            "DELETE FROM audit_log WHERE id = '{third}'; INSERT INTO audit_log SELECT * FROM kept; DROP TABLE kept"
        );
        client.batch_execute(&repair).await.unwrap();
        assert_eq!(verify(&owner).await["intact"], true, "{change} and back");
    }
}

#[tokio::test]
async fn a_removed_row_is_named_with_and_without_its_link() {
    let (app, owner) = chained().await;
    let second = link(&app, &owner, 2).await;
    let row = "DELETE FROM audit_log l USING audit_chain c
                WHERE c.enterprise_id = $tenant AND c.id = l.id AND c.seq = 2";
    tamper(&app, &owner, row).await;
    let found = verify(&owner).await["problem"].clone();
    assert_eq!(
        (&found["fault"], &found["seq"], &found["id"]),
        (&json!("removed"), &json!(2), &json!(second))
    );
    tamper(&app, &owner, "DELETE FROM audit_chain WHERE enterprise_id = $tenant AND seq = 2").await;
    let found = verify(&owner).await["problem"].clone();
    assert_eq!((&found["fault"], &found["seq"]), (&json!("removed"), &json!(2)), "{found}");
}

#[tokio::test]
async fn a_chain_that_was_cut_off_is_noticed_and_one_that_was_rewritten_by_its_anchor() {
    let (app, owner) = chained().await;
    let anchor = owner.get("/v1/audit/anchor").await.ok();
    let anchor = json!({ "seq": anchor["seq"], "hash": anchor["hash"] });
    tamper(
        &app,
        &owner,
        "DELETE FROM audit_log l USING audit_chain c WHERE c.enterprise_id = $tenant AND c.id = l.id AND c.seq > 4;
         DELETE FROM audit_chain WHERE enterprise_id = $tenant AND seq > 4",
    )
    .await;
    let found = verify(&owner).await["problem"].clone();
    assert_eq!((&found["fault"], &found["seq"]), (&json!("removed"), &json!(5)), "{found}");
    // Somebody who knows how the chain is made makes it anew, the head as well.
    let rewrite = "
        DELETE FROM audit_chain WHERE enterprise_id = $tenant;
        DELETE FROM audit_heads WHERE enterprise_id = $tenant;
        UPDATE audit_log SET ip = 'elsewhere' WHERE enterprise_id = $tenant;
        UPDATE audit_horizon SET xid = '0'";
    tamper(&app, &owner, rewrite).await;
    seal(&app, &owner).await;
    assert_eq!(verify(&owner).await["intact"], true, "in itself");
    let found = owner.post("/v1/audit/verify", json!({ "anchors": [anchor] })).await.ok();
    assert_eq!(
        (&found["intact"], &found["problem"]["fault"]),
        (&json!(false), &json!("rewritten")),
        "{found}"
    );
}

#[tokio::test]
async fn an_inserted_row_is_named_whenever_it_says_it_was_written() {
    let (app, owner) = chained().await;
    let copy = |xid: &str| {
        format!(
            "INSERT INTO audit_log SELECT (r).* FROM (
                 SELECT jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'xid', {xid})) r
                   FROM audit_log l WHERE l.enterprise_id = $tenant ORDER BY at LIMIT 1) forged"
        )
    };
    // As if it had always been there.
    tamper(&app, &owner, &copy("l.xid::text")).await;
    let found = verify(&owner).await["problem"].clone();
    assert_eq!((&found["fault"], &found["seq"]), (&json!("inserted"), &Value::Null), "{found}");

    let (app, owner) = chained().await;
    app.advance(chrono::TimeDelta::days(1));
    owner.post("/v3/memories/", json!({})).await.ok();
    seal(&app, &owner).await;
    // Written now, about yesterday.
    tamper(&app, &owner, &copy("pg_current_xact_id()::text")).await;
    seal(&app, &owner).await;
    let found = verify(&owner).await["problem"].clone();
    assert_eq!((&found["fault"], &found["seq"]), (&json!("inserted"), &json!(8)), "{found}");
}

#[tokio::test]
async fn a_changed_order_is_named() {
    let (app, owner) = chained().await;
    tamper(
        &app,
        &owner,
        "UPDATE audit_chain SET seq = -seq WHERE enterprise_id = $tenant AND seq IN (3, 4);
         UPDATE audit_chain SET seq = 7 + seq WHERE enterprise_id = $tenant AND seq < 0",
    )
    .await;
    let found = verify(&owner).await["problem"].clone();
    assert_eq!((&found["fault"], &found["seq"]), (&json!("reordered"), &json!(3)), "{found}");
}

#[tokio::test]
async fn the_daily_check_follows_every_chain_and_finds_the_same() {
    let (app, owner) = chained().await;
    let checked = shared::audit::chain::check(app.gate()).await.unwrap().unwrap();
    let head = owner.get("/v1/audit/anchor").await.ok();
    assert_eq!((checked.enterprise, checked.problem), (owner.enterprise, None));
    assert_eq!((json!(checked.to.seq), json!(checked.to.hash)), (head["seq"].clone(), head["hash"].clone()));
    assert_eq!(shared::audit::chain::check(app.gate()).await.unwrap(), None, "not again on the same day");
    let changes = [
        ("changed", "UPDATE audit_log SET ip = 'elsewhere' WHERE enterprise_id = $tenant"),
        ("removed", "DELETE FROM audit_chain WHERE enterprise_id = $tenant"),
    ];
    for (fault, change) in changes {
        tamper(&app, &owner, &format!("{change}; DELETE FROM audit_checks")).await;
        let problem = shared::audit::chain::check(app.gate()).await.unwrap().unwrap().problem.unwrap();
        assert_eq!((json!(problem.fault), problem.seq), (json!(fault), Some(1)));
    }
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_chained_all_the_same() {
    let (app, owner) = chained().await;
    let slow: tokio_postgres::Config = app.database().superuser_url().await.parse().unwrap();
    let (slow, connection) = slow.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let insert = format!(
        "BEGIN; INSERT INTO audit_log (enterprise_id, id, at, actor_method, action)
                VALUES ('{}', gen_random_uuid(), '{}', 'none', 'memory.list')",
        owner.enterprise.uuid(),
        app.now().to_rfc3339()
    );
    slow.batch_execute(&insert).await.unwrap();
    // Begun later, committed earlier.
    owner.post("/v3/memories/", json!({})).await.ok();
    shared::audit::chain::seal(app.gate()).await.unwrap();
    let head = owner.get("/v1/audit/anchor").await.ok();
    assert_eq!((&head["seq"], &head["unsealed"]), (&json!(6), &json!(1)), "waits for the older one: {head}");
    slow.batch_execute("COMMIT").await.unwrap();
    seal(&app, &owner).await;
    let verified = verify(&owner).await;
    assert_eq!(verified["intact"], true, "{verified}");
    let late = owner.get("/v1/audit?action=memory.list&limit=1").await.ok();
    assert_eq!(late["results"][0]["seq"], 7, "in the order in which they began: {late}");
}

#[tokio::test]
async fn nobody_can_change_the_log_in_passing() {
    let (app, owner) = chained().await;
    let client = app.database().superuser().await;
    let refused = async |client: &Client, sql: &str| {
        let error = client.batch_execute(sql).await.expect_err(sql);
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {error:?}");
    };
    let part = "SELECT tableoid::regclass::text FROM audit_log WHERE enterprise_id = $1 LIMIT 1";
    let part: String = client.query_one(part, &[&owner.enterprise.uuid()]).await.unwrap().get(0);
    for table in ["audit_log", &part, "audit_chain"] {
        refused(client, &format!("UPDATE {table} SET at = at")).await;
        refused(client, &format!("DELETE FROM {table}")).await;
        refused(client, &format!("TRUNCATE {table}")).await;
    }
    let app_role = app.database().as_app().await;
    for table in ["audit_log", "audit_chain", "audit_heads", "audit_horizon"] {
        refused(
            &app_role,
            &format!("UPDATE {table} SET xid = '0'").replace(
                "xid = '0'",
                match table {
                    "audit_log" => "action = ''",
                    "audit_horizon" => "xid = '0'",
                    _ => "seq = 0",
                },
            ),
        )
        .await;
        refused(&app_role, &format!("DELETE FROM {table}")).await;
    }
}

#[tokio::test]
async fn the_months_ahead_have_their_partitions() {
    let app = TestApp::new().await;
    assert_eq!(shared::audit::chain::extend(app.gate()).await.unwrap(), 0, "they were made with the schema");
    let client = app.database().superuser().await;
    let last = "SELECT format('DROP TABLE %s', max(inhrelid::regclass::text)) FROM pg_inherits
                 WHERE inhparent = 'audit_log'::regclass AND inhrelid::regclass::text ~ '[0-9]$'";
    let drop: String = client.query_one(last, &[]).await.unwrap().get(0);
    client.batch_execute(&drop).await.unwrap();
    assert_eq!(shared::audit::chain::extend(app.gate()).await.unwrap(), 1);
}

#[tokio::test]
async fn an_anchor_beyond_the_chain_is_unknown_and_there_are_not_endlessly_many() {
    let (_app, owner) = chained().await;
    let invented = json!({ "seq": 1_000_000, "hash": "00".repeat(32) });
    let found = owner.post("/v1/audit/verify", json!({ "anchors": [invented] })).await.ok();
    assert_eq!(
        (&found["intact"], &found["problem"]["fault"], &found["problem"]["seq"]),
        (&json!(false), &json!("unknown"), &json!(1_000_000)),
        "{found}"
    );
    let short = json!({ "anchors": [invented, { "seq": 1, "hash": "00" }] });
    let refused = owner.post("/v1/audit/verify", short).await;
    let detail = refused.assert_problem(400, "invalid", Some("anchors[1].hash"));
    assert_eq!(detail, "anchors[1].hash: must be 64 hexadecimal digits");
    let many = vec![invented; 1001];
    let refused = owner.post("/v1/audit/verify", json!({ "anchors": many })).await;
    refused.assert_problem(400, "invalid", Some("anchors"));
}

/// Rows that were written before they had a place hash to what they did.
#[tokio::test]
async fn rows_from_before_there_were_places_still_verify() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    owner.post("/v3/memories/", json!({})).await.ok();
    tamper(&app, &owner, "UPDATE audit_log SET place = NULL WHERE enterprise_id = $tenant").await;
    seal(&app, &owner).await;
    let hashes = "SELECT bool_and(mem0.audit_row_hash(l) = sha256(convert_to((
                        SELECT string_agg(coalesce(octet_length(value) || ':' || value, '-'), ',' ORDER BY place)
                          FROM unnest(ARRAY[
                                l.enterprise_id::text, l.id::text, (extract(epoch FROM l.at) * 1000000)::bigint::text,
                                l.actor_id::text, l.actor_method, l.credential_id::text, l.action, l.target,
                                l.scope_id::text, l.outcome, l.operation, l.request_id::text, l.ip, l.user_agent,
                                l.memory_ids::text, l.tags::text, l.details::text, l.xid::text
                               ]) WITH ORDINALITY v (value, place)), 'UTF8'))), count(*)
                    FROM audit_log l WHERE l.enterprise_id = $1 AND l.place IS NULL";
    let client = app.database().superuser().await;
    let row = client.query_one(hashes, &[&owner.enterprise.uuid()]).await.unwrap();
    assert!(row.get::<_, bool>(0) && row.get::<_, i64>(1) > 0);
    // And the place of a row is as little to be changed as the rest of it.
    let team = owner.node(shared::access::ScopeKind::Organization, "North").await;
    seal(&app, &owner).await;
    assert_eq!(verify(&owner).await["intact"], true);
    let tampered = format!("UPDATE audit_log SET place = NULL WHERE target = '{}'", team.id);
    tamper(&app, &owner, &tampered).await;
    assert_eq!(verify(&owner).await["problem"]["fault"], "changed");
}
