//! What was refused is in the log of whoever was refused.

use serde_json::json;
use shared::access::Role;

use super::{count, rows};
use crate::harness::{Client as _, TestApp, World};

#[tokio::test]
async fn a_refusal_names_who_what_and_why() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let viewer = world.owner.enterprise_colleague("viewer", Role::Viewer).await;
    let known = count(&app, world.owner.enterprise).await;
    viewer.delete(&format!("/v1/memories/{}/", world.team_memory)).await.assert_problem(
        403,
        "forbidden",
        None,
    );
    viewer.get(&format!("/v1/memories/{}/", world.personal_memory)).await.assert_problem(
        404,
        "not-found",
        None,
    );
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "get_memory", "arguments": { "memory_id": world.personal_memory } } });
    viewer.post("/mcp", call).await.ok();
    let read = json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {
        "uri": format!("mem0://memories/{}", world.personal_memory) } });
    viewer.post("/mcp", read).await.ok();

    let written = rows(&app, world.owner.enterprise, known).await;
    let said: Vec<_> = written
        .iter()
        .map(|row| {
            assert_eq!(
                (&row["action"], &row["outcome"]),
                (&json!("access.refuse"), &json!("denied")),
                "{row}"
            );
            assert_eq!(row["actor_id"], viewer.user.uuid().to_string());
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("operation"), text("target"), row["details"]["status"].as_u64().unwrap())
        })
        .collect();
    let (team, personal) = (world.team_memory.clone(), world.personal_memory.clone());
    assert_eq!(
        said,
        [
            ("DELETE /v1/memories/{id}/".to_owned(), team, 403),
            ("GET /v1/memories/{id}/".to_owned(), personal.clone(), 404),
            ("tool get_memory".to_owned(), personal.clone(), 404),
            ("resource".to_owned(), format!("mem0://memories/{personal}"), 404),
        ]
    );
    assert!(written[0]["tags"].as_array().unwrap().contains(&json!("soc2")));
}

#[tokio::test]
async fn a_foreign_tenant_learns_nothing_of_an_attempt_and_the_callers_own_does() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let outsider = app.owner("outsider").await;
    let (theirs, own) = (count(&app, world.owner.enterprise).await, count(&app, outsider.enterprise).await);
    outsider.get(&format!("/v1/memories/{}/", world.team_memory)).await.assert_problem(
        404,
        "not-found",
        None,
    );
    assert_eq!(count(&app, world.owner.enterprise).await, theirs);
    let written = rows(&app, outsider.enterprise, own).await;
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["target"], world.team_memory);
}

/// However somebody names a scope that is none of theirs, it does not exist, and the attempt is in the log.
#[tokio::test]
async fn probing_a_scope_leaves_a_trace_in_a_filter_as_well() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let stranger = world.owner.stranger("stranger").await;
    let scope = "team:org_01jd00000000000000000000aa";
    let filters =
        json!({ "OR": [{ "user_id": "x" }, { "NOT": { "scope": { "in": ["personal", scope] } } }] });
    for (path, body) in [
        ("/v3/memories/search/", json!({ "query": "walrus", "scope": scope })),
        ("/v3/memories/search/", json!({ "query": "walrus", "filters": filters })),
        ("/v3/memories/", json!({ "filters": { "scope": scope } })),
        ("/v1/memories/hierarchical/", json!({ "query": "walrus", "filters": { "scope": scope } })),
    ] {
        let known = count(&app, world.owner.enterprise).await;
        stranger.post(path, body).await.assert_problem(404, "not-found", None);
        let written = rows(&app, world.owner.enterprise, known).await;
        assert_eq!(written.len(), 1, "{path}: {written:?}");
        assert_eq!(
            (&written[0]["action"], &written[0]["outcome"], &written[0]["details"]["status"]),
            (&json!("access.refuse"), &json!("denied"), &json!(404))
        );
    }
}
