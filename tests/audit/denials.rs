//! Refused requests are in the log of whoever was refused.

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

/// An import answers for each line, and is no way to try scopes out unseen either.
#[tokio::test]
async fn probing_scopes_by_the_lines_of_an_import_leaves_a_trace() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let viewer = world.owner.colleague("viewer", &world.team, Role::Viewer).await;
    let foreign = ["team:org_01jd00000000000000000000aa", "team:org_01jd00000000000000000000bb"];
    let lines = [
        json!({ "memory": "The tide is out" }),
        json!({ "memory": "The tide is in", "scope": foreign[0] }),
        json!({ "memory": "The tide is high", "scope": foreign[1] }),
        json!({ "memory": "The tide is low", "scope": world.team.label() }),
    ];
    let body = lines.map(|line| line.to_string()).join("\n");
    let request = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let known = count(&app, world.owner.enterprise).await;
    let answer = viewer.send(request.body(body.into()).unwrap()).await.ok();
    assert_eq!((&answer["added"], &answer["refused"]), (&json!(1), &json!(3)), "{answer}");
    let written = rows(&app, world.owner.enterprise, known).await;
    let denied: Vec<_> = written
        .iter()
        .filter(|row| row["outcome"] == "denied")
        .map(|row| (row["details"]["status"].clone(), row["details"]["scopes"].clone()))
        .collect();
    assert_eq!(
        denied,
        [(json!(403), json!([world.team.label()])), (json!(404), json!(foreign))],
        "{written:?}"
    );
}
