//! Reading and exporting the log.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role};

use crate::harness::{Client as _, TestApp, World};

fn actions(list: &Value) -> Vec<&str> {
    list["results"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn filters_narrow_and_cursors_continue() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let owner = &world.owner;
    owner.get(&format!("/v1/memories/{}/", world.team_memory)).await.ok();
    owner.get("/v1/memories/mem_00000000000000000000000000/").await.assert_status(404);

    let by_memory = owner.get(&format!("/v1/audit?memory={}", world.team_memory)).await.ok();
    assert_eq!(actions(&by_memory), ["memory.read", "memory.judge", "approval.request", "memory.remember"]);
    let first = &by_memory["results"][0];
    assert_eq!(first["actor"], owner.user.to_string());
    assert_eq!(first["credential"], owner.session.to_string());
    assert_eq!(first["scope"], world.team.label());
    assert_eq!(first["operation"], "GET /v1/memories/{id}/");
    let wrong = owner.get("/v1/audit?scope=team:x").await.assert_problem(400, "invalid", Some("scope"));
    assert!(wrong.starts_with("scope: not a valid"), "{wrong}");
    let denied = owner.get("/v1/audit?outcome=denied").await.ok();
    assert_eq!(actions(&denied), ["access.refuse"]);
    let nouns = owner.get("/v1/audit?action=organization.*&limit=1000").await.ok();
    assert!(actions(&nouns).iter().all(|action| action.starts_with("organization.")), "{nouns}");
    // A filter that can match nothing would read as "it did not happen".
    for wrong in ["organization", "org*", "*", "*.read", "memory.serch", "memry.read", ""] {
        let path = format!("/v1/audit?action={wrong}");
        owner.get(&path).await.assert_problem(400, "invalid", Some("action"));
    }
    let unknown = owner.get("/v1/audit/export?tag=zzz").await.assert_problem(400, "invalid", Some("tag"));
    assert!(unknown.starts_with("tag: expected one of data-access, data-change, "), "{unknown}");
    let tagged = owner.get("/v1/audit?tag=data-change&limit=1000").await.ok();
    assert!(actions(&tagged).contains(&"memory.remember"));

    let whole = owner.get("/v1/audit?to=2026-03-02T09:00:01Z&limit=1000&action=memory.*").await.ok();
    let (mut parts, mut path) = (Vec::new(), String::new());
    loop {
        let part =
            owner.get(&format!("/v1/audit?to=2026-03-02T09:00:01Z&limit=2&action=memory.*{path}")).await.ok();
        parts.extend(part["results"].as_array().unwrap().clone());
        let Some(next) = part["next"].as_str() else { break };
        path = format!("&cursor={next}");
    }
    assert_eq!(json!(parts), whole["results"]);
    let other = owner.get(&format!("/v1/audit?limit=2{path}")).await;
    other.assert_problem(400, "invalid", Some("cursor"));
    let wrong = owner.get("/v1/audit?from=2026-03-02T09:00:00Z&to=2026-03-02T09:00:00Z").await;
    wrong.assert_problem(400, "invalid", Some("to"));
}

#[tokio::test]
async fn exports_are_lines_and_tables() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let listed = world.owner.get("/v1/audit?action=memory.remember&limit=1000").await.ok();
    let lines = world.owner.get("/v1/audit/export?action=memory.remember").await;
    lines.assert_status(200);
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let lines: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), actions(&listed).len());
    assert!(lines.len() > 1);
    assert!(lines.iter().all(|line| line["seq"].is_i64()), "{lines:?}");

    let table = world.owner.get("/v1/audit/export?action=memory.remember&format=csv&limit=1").await;
    table.assert_status(200);
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"audit.csv\""));
    assert!(table.header("x-next-cursor").is_some());
    assert_eq!(table.text().lines().count(), 2);
    assert!(table.text().starts_with("id,at,actor,"), "{}", table.text());
    let exported = world.owner.get("/v1/audit?action=audit.export").await.ok();
    assert_eq!(exported["results"].as_array().unwrap().len(), 2, "taking it away is recorded");
}

#[tokio::test]
async fn owners_and_their_keys_for_it_read_the_log() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let admin = owner.enterprise_colleague("admin", Role::Admin).await;
    admin.get("/v1/audit").await.assert_problem(403, "forbidden", None);
    for (query, field) in [
        ("from=-10000-01-01T00:00:00Z", "from"),
        ("to=%2B10000-01-01T00:00:00Z", "to"),
        ("from=soon", "from"),
    ] {
        owner.get(&format!("/v1/audit?{query}")).await.assert_problem(400, "invalid", Some(field));
    }
    admin.post("/v1/audit/verify", json!({})).await.assert_problem(403, "forbidden", None);
    owner.get("/v1/audit").await.ok();
    let auditor = owner.with_narrow_api_key(&[ApiKeyVerb::AuditRead]).await;
    auditor.get("/v1/audit").await.ok();
    auditor.put("/v1/audit/settings", json!({ "reads": "buffered" })).await.assert_status(403);
    auditor.post("/v3/memories/search/", json!({ "query": "anything" })).await.assert_status(403);
    let other = owner.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    other.get("/v1/audit").await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn settings_are_checked_and_apply_from_the_next_row_on() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    assert_eq!(owner.get("/v1/audit/settings").await.ok()["reads"], "durable");
    let wrong = owner.put("/v1/audit/settings", json!({ "reads": "never" })).await;
    wrong.assert_problem(400, "invalid", Some("reads"));
    let wrong = owner.put("/v1/audit/settings", json!({ "reads": "durable", "frameworks": ["pci"] })).await;
    wrong.assert_problem(400, "invalid", Some("frameworks[0]"));
    let set = json!({ "reads": "buffered", "frameworks": ["soc2", "gdpr", "soc2"] });
    let set = owner.put("/v1/audit/settings", set).await.ok();
    assert_eq!((&set["reads"], &set["frameworks"]), (&json!("buffered"), &json!(["gdpr", "soc2"])));
    owner.post("/v3/memories/", json!({})).await.ok();
    let listed = owner.get("/v1/audit?action=memory.list").await.ok();
    assert_eq!(listed["results"][0]["tags"], json!(["data-access", "gdpr"]));
}

/// Rows that show a thousand memories each have 35 kB in an answer, of which Lambda carries 6 MB.
#[tokio::test]
async fn lists_and_exports_of_long_rows_end_early_and_go_on_where_they_ended() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let insert = "
        INSERT INTO audit_log (enterprise_id, id, at, actor_id, actor_method, action, memory_ids)
        SELECT r.enterprise_id, gen_random_uuid(), r.at, r.actor_id, r.actor_method, 'memory.forget_where',
               ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 1000))
          FROM (SELECT * FROM audit_log WHERE actor_id IS NOT NULL LIMIT 1) r, generate_series(1, 150)";
    app.database().superuser().await.batch_execute(insert).await.unwrap();
    for (route, ending) in [("", ""), ("/export", "&format=jsonl"), ("/export", "&format=csv")] {
        let (mut sizes, mut path) = (Vec::new(), String::new());
        loop {
            let asked = format!("/v1/audit{route}?action=memory.forget_where&limit=1000{ending}{path}");
            let part = world.owner.get(&asked).await;
            part.assert_status(200);
            // In base64, as a file that is no text travels.
            assert!(part.body.len() * 4 / 3 < 6_200_000, "{asked}: {}", part.body.len());
            sizes.push(part.text().matches("memory.forget_where").count());
            let next = match route {
                "" => part.json()["next"].as_str().map(str::to_owned),
                _ => part.header("x-next-cursor").map(str::to_owned),
            };
            let Some(next) = next else { break };
            path = format!("&cursor={next}");
        }
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (2, 150), "{route}{ending}: {sizes:?}");
    }
}
