//! Wrong paths and methods.

use std::collections::BTreeSet;

use http::Method;
use shared::http::Operation;

use crate::harness::{Client as _, TestApp, World};
use crate::operations;

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let before = world.tables().await;
    let operations: Vec<_> = server::operations().into_iter().map(|(_, operation)| operation).collect();
    let paths: BTreeSet<_> = operations.iter().map(|operation| operation.path).collect();
    for path in paths {
        let known = operations.iter().filter(|operation| operation.path == path);
        let taken: Vec<Method> = known.clone().map(|operation| operation.method.parse().unwrap()).collect();
        let operation = known.clone().next().unwrap();
        let address = operations::calls(operation, &world).remove(0).path;
        for method in METHODS.into_iter().filter(|method| !taken.contains(method)) {
            for body in [None, Some(&serde_json::json!({}))] {
                let answer = world.owner.call(method.clone(), &address, body).await;
                // mem0's older clients call it so.
                if path == "/v1/memories/" && [Method::GET, Method::POST].contains(&method) {
                    let told = answer.assert_problem(404, "not-found", None);
                    assert!(
                        told.starts_with("mem0's older routes are not part of this installation"),
                        "{told}"
                    );
                    continue;
                }
                answer.assert_problem(405, "method-not-allowed", None);
                let allow = answer.header("allow").unwrap_or_default();
                assert!(
                    taken.iter().all(|method| allow.contains(method.as_str())),
                    "{answer} allows {allow:?}"
                );
            }
        }
    }
    before.assert_unchanged(&world.tables().await, "a wrong method");
}

#[tokio::test]
async fn a_path_is_served_with_and_without_a_slash_and_what_nobody_serves_is_404() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let before = world.tables().await;
    let paths: BTreeSet<_> = server::operations().into_iter().map(|(_, operation)| operation.path).collect();
    for path in &paths {
        let longer = format!("{}/nothing/is/here", path.trim_end_matches('/'));
        for method in METHODS {
            let answer = world.owner.call(method, &longer, None).await;
            answer.assert_problem(404, "not-found", None);
        }
        let other_spelling = match path.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{path}/"),
        };
        // A method that no path takes: what serves it says so.
        let answer = world.owner.call(Method::TRACE, &other_spelling, None).await;
        answer.assert_problem(405, "method-not-allowed", None);
    }
    before.assert_unchanged(&world.tables().await, "an unknown path");
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_refused() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let before = world.tables().await;
    let long = "x".repeat(5000);
    let wrong =
        ["x", "0", "-1", "%20", "%00", "%FF", "%27%3B--", "mem_", &long, "mem_00000000000000000000000000Z"];
    for (_, operation) in server::operations() {
        let Some(call) = operations::calls(&operation, &world).into_iter().next() else { continue };
        let named = world.ids().into_iter().find(|id| call.path.contains(id.as_str()));
        let Some(named) = named else { continue };
        for id in wrong {
            let path = call.path.replace(&named, id);
            let answer = world.owner.call(call.method.clone(), &path, call.body.as_ref()).await;
            let field = answer.json()["field"].as_str().map(str::to_owned);
            match answer.status.as_u16() {
                400 => answer.assert_problem(400, "invalid", field.as_deref()),
                _ => answer.assert_problem(404, "not-found", None),
            };
        }
    }
    before.assert_unchanged(&world.tables().await, "an id that is none");
}

#[tokio::test]
async fn a_query_string_that_cannot_be_understood_is_refused() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let long = format!("cursor={}", "a".repeat(10_000));
    let wrong = [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=99999999999999999999",
        "limit=",
        "cursor=x",
        "cursor=%FF",
        "cursor=%00",
        "cursor=AAAA",
        "cursor=eyJhIjoxfQ",
        "limit=1&limit=2",
        "no_such_parameter=1",
        &long,
    ];
    let mut lists = 0;
    // Pages for people have parameters of their own: `routes::auth::oauth`.
    let asked = |operation: &Operation| operation.method == "GET" && !operation.path.starts_with("/oauth/");
    for (_, operation) in server::operations().into_iter().filter(|(_, operation)| asked(operation)) {
        let call = operations::calls(&operation, &world).remove(0);
        let pages = world.owner.get(&format!("{}?limit=1", call.path)).await;
        // Whoever takes no limit ignores or refuses it; whoever takes one refuses a wrong one. A link that is unknown stays so.
        let is_list = pages.status == 200 && pages.json()["next"].is_string();
        lists += usize::from(is_list);
        for query in wrong {
            let answer = world.owner.get(&format!("{}?{query}", call.path)).await;
            if is_list || answer.status != pages.status {
                let field = answer.json()["field"].as_str().map(str::to_owned);
                answer.assert_problem(400, "invalid", field.as_deref());
            }
        }
    }
    assert!(lists >= 4, "only {lists} lists were seen to have pages");
}
