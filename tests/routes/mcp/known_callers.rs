//! Callers whom the process knows are checked where their request is answered (`docs/adr/0027-known-callers.md`): whatever
//! ends or changes their authority holds for the next request, whether it reads a memory, searches or only makes a mistake.

use chrono::TimeDelta;
use http::StatusCode;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role, ScopeKind};

use super::client::{call, modern, refused};
use crate::harness::{Actor, Answer, Client as _, TestApp};

/// Requests by which a caller becomes known, and by which they are then answered as such.
async fn reads(caller: &Actor, id: &str) -> [Answer; 3] {
    let tool = async |name: &str, arguments: Value| {
        modern(caller, "tools/call", json!({ "name": name, "arguments": arguments })).await
    };
    [
        tool("get_memory", json!({ "memory_id": id })).await,
        tool("search_memories", json!({ "query": "the office cat" })).await,
        tool("get_memory", json!({ "memory_id": "what is this?" })).await,
    ]
}

async fn remembered(caller: &Actor, scope: &str) -> String {
    let added =
        call(caller, "add_memory", json!({ "text": "The office cat is called Ferris", "scope": scope }));
    added.await["results"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_credential_that_is_revoked_is_refused_the_next_time() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let id = remembered(&alice, "personal").await;
    let superuser = app.database().superuser().await;
    for (end, caller) in [
        ("UPDATE api_keys SET revoked_at = now() WHERE id = $1", alice.with_api_key().await),
        ("UPDATE sessions SET revoked_at = now() WHERE id = $1", alice.with_new_login().await),
    ] {
        for _ in 0..2 {
            for answer in reads(&caller, &id).await {
                answer.ok();
            }
        }
        let credential: uuid::Uuid = match end.contains("api_keys") {
            true => superuser.query_one("SELECT id FROM api_keys", &[]).await.unwrap().get(0),
            false => caller.session.uuid(),
        };
        superuser.execute(end, &[&credential]).await.unwrap();
        for answer in reads(&caller, &id).await {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{end}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_expired_key_and_a_deactivated_account_are_refused_the_next_time() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let bob = alice.enterprise_colleague("bob", Role::Member).await.with_api_key().await;
    let id = remembered(&alice, "enterprise").await;
    let superuser = app.database().superuser().await;
    let key = alice.with_api_key().await;
    for caller in [&bob, &key, &bob, &key] {
        for answer in reads(caller, &id).await {
            answer.ok();
        }
    }
    let ends = app.now() + TimeDelta::seconds(5);
    let expire = "UPDATE api_keys SET expires_at = $1 WHERE user_id = $2";
    superuser.execute(expire, &[&ends, &alice.user.uuid()]).await.unwrap();
    for answer in reads(&key, &id).await {
        answer.ok();
    }
    app.advance(TimeDelta::seconds(5));
    let deactivate = "UPDATE users SET status = 'deactivated' WHERE id = $1";
    superuser.execute(deactivate, &[&bob.user.uuid()]).await.unwrap();
    for caller in [&bob, &key] {
        for answer in reads(caller, &id).await {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_narrowed_or_lowered_shows_less_the_next_time() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let id = remembered(&alice, "personal").await;
    let superuser = app.database().superuser().await;
    let caller = alice.with_api_key().await;
    for (narrow, then) in [
        ("UPDATE api_keys SET ceiling = 'public'", "memory not found"),
        (
            "UPDATE api_keys SET ceiling = NULL, within_scopes = ARRAY[(SELECT min(id) FROM scopes WHERE kind = 'public')]",
            "memory not found",
        ),
        (
            "UPDATE api_keys SET within_scopes = NULL, scopes = '{tenancy:read}'",
            "this API key lacks the scope memories:read",
        ),
    ] {
        superuser.batch_execute("UPDATE api_keys SET ceiling = NULL, within_scopes = NULL").await.unwrap();
        for _ in 0..2 {
            call(&caller, "get_memory", json!({ "memory_id": id })).await;
        }
        superuser.batch_execute(narrow).await.unwrap();
        assert_eq!(refused(&caller, "get_memory", json!({ "memory_id": id })).await, then, "{narrow}");
    }
    // What is refused is recorded once, in the name of the key.
    let denied = "SELECT count(*) FROM audit_log WHERE outcome = 'denied' AND actor_method = 'api_key'";
    assert_eq!(superuser.query_one(denied, &[]).await.unwrap().get::<_, i64>(0), 3);
}

#[tokio::test]
async fn a_role_that_is_taken_away_hides_the_memory_the_next_time() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "Cats").await;
    let bob = alice
        .colleague("bob", &team, Role::Member)
        .await
        .with_narrow_api_key(&[ApiKeyVerb::MemoriesRead])
        .await;
    let id = remembered(&alice, &team.label()).await;
    for _ in 0..2 {
        call(&bob, "get_memory", json!({ "memory_id": id })).await;
    }
    let superuser = app.database().superuser().await;
    superuser.execute("DELETE FROM memberships WHERE user_id = $1", &[&bob.user.uuid()]).await.unwrap();
    assert_eq!(refused(&bob, "get_memory", json!({ "memory_id": id })).await, "memory not found");
    let found = call(&bob, "search_memories", json!({ "query": "the office cat" })).await;
    assert_eq!(found["results"], json!([]));
}

#[tokio::test]
async fn what_known_callers_are_shown_is_recorded_as_for_all_others() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "Cats").await;
    let ids = [remembered(&alice, "personal").await, remembered(&alice, &team.label()).await];
    let superuser = app.database().superuser().await;
    for policy in [
        "SELECT",
        "INSERT INTO audit_policies (enterprise_id, reads, frameworks, updated_at)
         SELECT id, 'durable', '{soc2,hipaa,gdpr}', now() FROM enterprises",
        "UPDATE audit_policies SET reads = 'buffered', frameworks = '{gdpr}'",
    ] {
        superuser.batch_execute(policy).await.unwrap();
        let caller = alice.with_api_key().await;
        let mut recorded = Vec::new();
        for known in [false, true] {
            for answer in reads(&caller, &ids[0]).await {
                answer.ok();
            }
            app.advance(TimeDelta::seconds(1));
            let tools = ids.iter().map(|id| ("get_memory", json!({ "memory_id": id })));
            for (tool, arguments) in tools.chain([("search_memories", json!({ "query": "the office cat" }))])
            {
                if !known {
                    superuser
                        .batch_execute("UPDATE enterprises SET tree_epoch = gen_random_uuid()")
                        .await
                        .unwrap();
                }
                call(&caller, tool, arguments).await;
            }
            let rows = "SELECT jsonb_agg(to_jsonb(l) - ARRAY['id', 'xid', 'request_id', 'at'] ORDER BY l.action, l.scope_id)
                          FROM audit_log l WHERE l.at = $1 AND l.action IN ('memory.read', 'memory.search')";
            recorded.push(superuser.query_one(rows, &[&app.now()]).await.unwrap().get::<_, Value>(0));
        }
        assert_eq!(recorded[0], recorded[1], "{policy}");
        assert_eq!(recorded[1].as_array().unwrap().len(), 3, "{policy}");
    }
}

#[tokio::test]
async fn a_role_that_is_given_is_seen_at_once_and_leaves_no_refusal_in_the_log() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "team").await;
    let bob = alice.stranger("bob").await;
    let own = remembered(&bob, "personal").await;
    for _ in 0..2 {
        for answer in reads(&bob, &own).await {
            answer.ok();
        }
    }
    let role = json!({ "email": bob.email, "role": "member" });
    alice.post(&format!("/v1/organizations/{}/members", team.id), role).await.ok();
    let arguments = json!({ "query": "the office cat", "filters": { "scope": team.label() } });
    let found = call(&bob, "search_memories", arguments).await;
    assert!(found["results"].is_array(), "{found}");
    let denied = "SELECT count(*) FROM audit_log WHERE outcome = 'denied'";
    let denied: i64 = app.database().superuser().await.query_one(denied, &[]).await.unwrap().get(0);
    assert_eq!(denied, 0);
}

#[tokio::test]
async fn every_request_of_a_known_caller_costs_one_token() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let id = remembered(&alice, "personal").await;
    let remaining = |answer: &Answer| {
        let left = answer.header("x-ratelimit-remaining").unwrap();
        left.parse::<i64>().unwrap()
    };
    let mut before = remaining(&modern(&alice, "tools/list", json!({})).await);
    for round in 0..3 {
        let answers = reads(&alice, &id).await;
        let listed = modern(&alice, "tools/list", json!({})).await;
        for answer in answers.iter().chain([&listed]) {
            let after = remaining(answer);
            assert!(before - after <= 1, "round {round}: {before} to {after}: {answer}");
            before = after;
        }
    }
}

#[tokio::test]
async fn a_search_that_fails_after_its_caller_was_confirmed_is_answered_and_not_repeated() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    remembered(&alice, "personal").await;
    let search = async || {
        let call = json!({ "name": "search_memories", "arguments": { "query": "the office cat" } });
        modern(&alice, "tools/call", call).await
    };
    search().await.ok();
    let superuser = app.database().superuser().await;
    // What the sequence counts stays counted when the transaction is rolled back.
    superuser
        .batch_execute(
            "CREATE SEQUENCE public.attempts;
             GRANT USAGE ON SEQUENCE public.attempts TO PUBLIC;
             CREATE OR REPLACE FUNCTION mem0.ceiling() RETURNS public.classification LANGUAGE plpgsql STABLE AS $$
             BEGIN
                 PERFORM nextval('public.attempts');
                 RAISE EXCEPTION 'too slow' USING ERRCODE = 'query_canceled';
             END $$",
        )
        .await
        .unwrap();
    // Some of them ask the database for tokens, and then nothing is presumed.
    for attempt in 1..=6_i64 {
        let answer = search().await.json();
        let told = &answer["result"]["content"][0]["text"];
        assert_eq!(told, "the database is not available right now", "{answer}");
        let attempts = "SELECT last_value FROM public.attempts";
        let attempts: i64 = superuser.query_one(attempts, &[]).await.unwrap().get(0);
        assert_eq!(attempts, attempt);
    }
    // Somebody whose authority is gone is told so, whatever else would fail.
    superuser.execute("UPDATE sessions SET revoked_at = now()", &[]).await.unwrap();
    search().await.assert_status(401);
}
