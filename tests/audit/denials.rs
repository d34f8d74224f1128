//! Refused requests are in the log of whoever was refused.

use chrono::TimeDelta;
use serde_json::json;
use shared::access::Role;
use shared::ids::ApiKeyId;

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

/// A key or account that is over may be tried for ever: it leaves a row a minute for each credential, and none is left by
/// one that nobody ever had.
#[tokio::test]
async fn a_credential_that_is_over_leaves_a_row_a_minute() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let mia = owner.enterprise_colleague("mia", Role::Member).await;
    let make = async |more: serde_json::Value| {
        let mut body = json!({ "name": "mine", "scopes": ["memories:read"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = mia.post("/v1/api-keys", body).await.ok();
        let id: ApiKeyId = made["id"].as_str().unwrap().parse().unwrap();
        (mia.with_key(&made), id)
    };
    let (revoked, first) = make(json!({})).await;
    let (expiring, second) = make(json!({ "expires_at": app.now() + TimeDelta::minutes(1) })).await;
    let unused = json!({ "key": "m0sk_0123456789abcdef0123456789abcdef" });
    mia.delete(&format!("/v1/api-keys/{first}")).await.assert_status(204);
    app.advance(TimeDelta::minutes(2));
    let known = count(&app, owner.enterprise).await;
    for _ in 0..3 {
        for key in [&revoked, &expiring, &mia.with_key(&unused)] {
            key.get("/v1/ping/").await.assert_status(401);
        }
    }
    app.advance(TimeDelta::seconds(61));
    revoked.get("/v1/ping/").await.assert_status(401);
    owner.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    mia.get("/v1/ping/").await.assert_status(401);
    mia.get("/v1/ping/").await.assert_status(401);

    let written = rows(&app, owner.enterprise, known).await;
    let refused = written.iter().filter(|row| row["action"] == "access.refuse");
    let said: Vec<_> = refused
        .map(|row| {
            assert_eq!(
                (&row["outcome"], &row["details"]["status"]),
                (&json!("denied"), &json!(401)),
                "{row}"
            );
            assert_eq!(row["actor_id"], mia.user.uuid().to_string());
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("actor_method"), text("credential_id"), row["details"]["reason"].as_str().unwrap())
        })
        .collect();
    let key = |id: ApiKeyId, why| ("api_key".to_owned(), id.uuid().to_string(), why);
    let session = ("session".to_owned(), mia.session.uuid().to_string(), "the account is deactivated");
    let over = "the key was revoked";
    assert_eq!(said, [key(first, over), key(second, "the key has expired"), key(first, over), session]);
    let shown = owner.get("/v1/audit?outcome=denied").await.ok();
    assert_eq!(shown["results"].as_array().unwrap().len(), 4);
}
