//! Rate limits by key, user, tenant and IP address, and the quotas of plans.

use chrono::TimeDelta;
use http::Method;
use serde_json::json;
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Answer, Client as _, TestApp};

/// Puts a tenant on a plan, made for the test if it says how.
pub(crate) async fn plan(owner: &Actor, name: &str, made: Option<&str>) {
    let client = owner.app().database().superuser().await;
    if let Some(values) = made {
        client.batch_execute(&format!("INSERT INTO plans VALUES ('{name}', {values})")).await.unwrap();
    }
    let set = "INSERT INTO enterprise_plans VALUES ($1, $2)
               ON CONFLICT (enterprise_id) DO UPDATE SET plan = excluded.plan";
    client
        .execute(set, &[&owner.enterprise.uuid() as &(dyn tokio_postgres::types::ToSql + Sync), &name])
        .await
        .unwrap();
}

async fn ping(actor: &Actor) -> Answer {
    actor.get("/v1/ping/").await
}

/// Requests until one is refused: how many were not, and the refusal.
async fn exhaust(actor: &Actor) -> (usize, Answer) {
    for admitted in 0..1000 {
        let answer = ping(actor).await;
        if answer.status == 429 {
            return (admitted, answer);
        }
        answer.assert_status(200);
    }
    panic!("never refused");
}

#[tokio::test]
async fn answers_say_how_the_caller_stands() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let answer = ping(&owner).await;
    assert_eq!(answer.header("ratelimit-policy"), Some("\"user\";q=12000;w=60, \"tenant\";q=600000;w=60"));
    assert_eq!(answer.header("ratelimit"), Some("\"user\";r=11999;t=1"));
    let key = owner.with_api_key().await;
    let answer = ping(&key).await;
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some("\"key\";q=6000;w=60, \"user\";q=12000;w=60, \"tenant\";q=600000;w=60")
    );
    let told = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| answer.header(name));
    assert_eq!(told, [Some("6000"), Some("5999"), Some("1")]);
    // mem0's clients know these by another name.
    let known =
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| answer.header(name));
    assert_eq!(known, told);
    assert_eq!(app.anonymous().get("/health").await.header("ratelimit"), None, "what nobody limits");
}

#[tokio::test]
async fn a_key_a_user_and_a_tenant_each_have_their_limit() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "small", Some("40, 60, 90, NULL, NULL, NULL, NULL")).await;
    let (one, two) = (owner.with_api_key().await, owner.with_api_key().await);
    let (admitted, refused) = exhaust(&one).await;
    assert_eq!(admitted, 40);
    let said = refused.assert_problem(429, "limit-reached", None);
    assert!(said.starts_with("too many requests with this API key, try again in 2 s"), "{said}");
    assert_eq!(refused.header("retry-after"), Some("2"), "a token comes every second and a half");
    assert_eq!(refused.header("ratelimit"), Some("\"key\";r=0;t=60"));

    let (admitted, refused) = exhaust(&two).await;
    assert_eq!(admitted, 20, "what the user has left");
    assert!(refused.assert_problem(429, "limit-reached", None).contains("of this user"));
    let colleague = owner.enterprise_colleague("colleague", Role::Member).await;
    let (admitted, refused) = exhaust(&colleague).await;
    assert_eq!(admitted, 30, "what the tenant has left");
    assert!(refused.assert_problem(429, "limit-reached", None).contains("of this enterprise"));
    ping(&app.owner("bob").await).await.ok();
    // MCP clients look for it in a message of theirs, under the id of their request.
    let told = one.post("/mcp", json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list" })).await;
    assert_eq!(told.assert_status(429).header("content-type"), Some("application/json"), "{told}");
    assert_eq!((&told.json()["id"], &told.json()["error"]["code"]), (&json!(7), &json!(429)), "{told}");
    let wait = told.json()["error"]["data"]["retry_after"].as_u64().unwrap();
    assert_eq!(told.header("retry-after"), Some(&*wait.to_string()), "{told}");

    app.advance(TimeDelta::seconds(3));
    let (admitted, _) = exhaust(&one).await;
    assert_eq!(admitted, 2, "two tokens of the key came back");
    app.advance(TimeDelta::minutes(5));
    assert_eq!(exhaust(&one).await.0, 40, "never more than a minute's");
}

#[tokio::test]
async fn whoever_is_not_let_in_takes_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let until = app.now() + TimeDelta::minutes(1);
    let asked = json!({ "name": "short", "scopes": ["memories:read"], "expires_at": until });
    let made = owner.post("/v1/api-keys", asked).await.ok();
    let expired = owner.with_key(&made);
    app.advance(TimeDelta::minutes(2));
    const TAKEN: &str = "SELECT coalesce(sum(tokens), 0), count(*) FROM rate_limits";
    let client = app.database().superuser().await;
    let taken = async || {
        let row = client.query_one(TAKEN, &[]).await.unwrap();
        (row.get::<_, f64>(0), row.get::<_, i64>(1))
    };
    let before = taken().await;
    for _ in 0..3 {
        ping(&expired).await.assert_status(401);
    }
    assert_eq!(taken().await, before);
    ping(&owner.with_api_key().await).await.ok();
    assert_ne!(taken().await, before);
}

#[tokio::test]
async fn processes_share_a_limit_and_never_exceed_it() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "small", Some("NULL, 200, NULL, NULL, NULL, NULL, NULL")).await;
    let others = app.with_other_embedder(app.embedder().clone());
    let there = owner.at(&others);
    let mut admitted = 0;
    for _ in 0..150 {
        let (one, two) = tokio::join!(ping(&owner), ping(&there));
        admitted += [one, two].iter().filter(|answer| answer.status == 200).count();
    }
    assert!((190..=200).contains(&admitted), "{admitted} were admitted");
}

#[tokio::test]
async fn who_says_nothing_of_themselves_is_limited_by_their_address() {
    let app = TestApp::new().await;
    let stranger = app.anonymous();
    let refresh =
        async || stranger.post("/v1/auth/refresh", json!({ "refresh_token": "m0rt_unknown" })).await;
    assert_eq!(refresh().await.header("ratelimit-policy"), Some("\"address\";q=600;w=60"));
    let mut last = refresh().await;
    for _ in 0..600 {
        last = refresh().await;
    }
    let said = last.assert_problem(429, "limit-reached", None);
    assert!(said.starts_with("too many requests from this address"), "{said}");
}

#[tokio::test]
async fn a_plan_bounds_memories() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "three", Some("NULL, NULL, NULL, 3, NULL, NULL, NULL")).await;
    let add = async |texts: &[&str]| {
        let messages: Vec<_> = texts.iter().map(|text| json!({ "role": "user", "content": text })).collect();
        owner.post("/v3/memories/add/", json!({ "messages": messages, "infer": false })).await
    };
    add(&["the harbour is closed on Sunday", "my sister lives in Lisbon"]).await.ok();
    let refused = add(&["the boiler needs a part", "we eat at noon"]).await;
    let said = refused.assert_problem(413, "quota-reached", None);
    assert!(said.starts_with("the plan allows 3 memories, 2 are stored"), "{said}");
    let third = add(&["the boiler needs a part"]).await.ok();
    add(&["we eat at noon"]).await.assert_problem(413, "quota-reached", None);
    let line = json!({ "memory": "we eat at noon" }).to_string();
    let import = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let imported = owner.send(import.body(line.into()).unwrap()).await;
    imported.assert_problem(413, "quota-reached", None);
    let id = third["results"][0]["id"].as_str().unwrap();
    owner.delete(&format!("/v1/memories/{id}/")).await.ok();
    add(&["we eat at noon"]).await.ok();
}

#[tokio::test]
async fn a_plan_bounds_members_levels_and_bodies() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "free", None).await;
    let organization = owner.node(ScopeKind::Organization, "organization").await;
    let division = owner.node_in(&organization, ScopeKind::Division, "division").await;
    let team = json!({ "kind": "team", "name": "team", "parent": division.id });
    let refused = owner.post("/v1/organizations", team).await;
    let said = refused.assert_problem(413, "quota-reached", None);
    assert_eq!(said, "the tree would be 4 levels deep, counting the enterprise; the plan allows 3");

    let invite = async |name: &str| {
        let body = json!({ "email": format!("{name}@new.example"), "role": "member" });
        owner.post("/v1/enterprise/invitations", body).await
    };
    for number in 0..3 {
        owner.stranger(&format!("person{number}")).await;
    }
    let invited = invite("fifth").await.ok();
    owner.stranger("quicker").await;
    let said = invite("sixth").await.assert_problem(413, "quota-reached", None);
    assert!(said.starts_with("the plan allows 5 members, there are 5"), "{said}");
    let accept = json!({
        "email": "fifth@new.example", "password": "quite 9 unusual lampposts", "name": "Fifth",
        "invitation": invited["token"],
    });
    app.anonymous().post("/v1/auth/register", accept).await.assert_problem(413, "quota-reached", None);

    let long = "a".repeat(262_144);
    let add = json!({ "messages": long, "infer": false });
    let refused = owner.call(Method::POST, "/v3/memories/add/", Some(&add)).await;
    let said = refused.assert_problem(413, "too-large", None);
    assert!(said.contains("the plan allows 262144"), "{said}");
}

#[tokio::test]
async fn members_do_not_come_back_beyond_the_plan_and_programs_are_no_members() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "trio", Some("NULL, NULL, NULL, NULL, 3, NULL, NULL, NULL, 2")).await;
    let [ann, ben] = [owner.stranger("ann").await, owner.stranger("ben").await];
    let activate =
        async |user: String, verb: &str| owner.post(&format!("/v1/users/{user}/{verb}"), json!({})).await;
    activate(ann.user.to_string(), "deactivate").await.ok();
    let cleo = owner.stranger("cleo").await;
    let refused = activate(ann.user.to_string(), "reactivate").await;
    let said = refused.assert_problem(413, "quota-reached", None);
    assert!(said.starts_with("the plan allows 3 members, there are 3"), "{said}");
    activate(cleo.user.to_string(), "deactivate").await.ok();
    activate(ann.user.to_string(), "reactivate").await.ok();
    assert_eq!(ben.get("/v1/ping/").await.status, 200);

    let make =
        async |name: &str| owner.post("/v1/enterprise/service-accounts", json!({ "name": name })).await;
    let first = make("one").await.ok();
    make("two").await.ok();
    let said = make("three").await.assert_problem(413, "quota-reached", None);
    assert!(said.starts_with("the plan allows 2 service accounts, there are 2"), "{said}");
    let first = first["id"].as_str().unwrap();
    let account =
        async |verb: &str| owner.post(&format!("/v1/service-accounts/{first}/{verb}"), json!({})).await;
    account("deactivate").await.ok();
    make("three").await.ok();
    account("reactivate").await.assert_problem(413, "quota-reached", None);
}

async fn import(actor: &Actor, lines: usize, marker: &str) -> Answer {
    let lines: Vec<String> =
        (0..lines).map(|n| json!({ "memory": format!("{marker} fact number {n}") }).to_string()).collect();
    let request = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    actor.send(request.body(lines.join("\n").into()).unwrap()).await
}

#[tokio::test]
async fn writes_at_the_same_time_do_not_exceed_the_plan_together() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "fifty", Some("NULL, NULL, NULL, 50, NULL, NULL, NULL")).await;
    let (a, b) = tokio::join!(import(&owner, 40, "red"), import(&owner, 40, "blue"));
    let (c, d) = tokio::join!(import(&owner, 40, "green"), import(&owner, 40, "grey"));
    let stored = [a, b, c, d].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(stored, 1);
    let count = "SELECT count(*) FROM memories WHERE enterprise_id = $1 AND deleted_at IS NULL";
    let client = app.database().superuser().await;
    let count: i64 = client.query_one(count, &[&owner.enterprise.uuid()]).await.unwrap().get(0);
    assert_eq!(count, 40);
}

#[tokio::test]
async fn an_import_costs_what_it_brings() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "slow", Some("20, NULL, NULL, NULL, NULL, NULL, NULL")).await;
    let key = owner.with_api_key().await;
    import(&key, 400, "red").await.ok();
    let refused = ping(&key).await;
    assert!(refused.assert_problem(429, "limit-reached", None).contains("with this API key"));
    app.advance(TimeDelta::minutes(2));
    ping(&key).await.ok();
}

#[tokio::test]
async fn messages_are_bounded_by_the_plan_as_other_bodies_are() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    plan(&owner, "short", Some("NULL, NULL, NULL, NULL, NULL, NULL, 20000")).await;
    let call = |text: String| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "add_memory", "arguments": { "text": text } } })
    };
    let refused = owner.post("/mcp", call("a".repeat(30_000))).await;
    assert_eq!(refused.status, 413, "{refused}");
    assert!(refused.text().contains("at most 20000 bytes by the plan"), "{refused}");
    owner.post("/mcp", call("The boiler needs a part".to_owned())).await.ok();
}

#[tokio::test]
async fn wrong_credentials_are_counted_by_their_address() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await.with_api_key().await;
    ping(&owner).await.ok();
    let wrong = owner.with_token("m0sk_00000000000000000000000000000000000000000000");
    for _ in 0..600 {
        ping(&wrong).await.assert_status(401);
    }
    let refused = ping(&wrong).await;
    let said = refused.assert_problem(429, "limit-reached", None);
    assert!(said.starts_with("too many wrong credentials from this address"), "{said}");
    assert_eq!(refused.header("retry-after"), Some("60"));
    ping(&owner).await.ok();
    app.advance(TimeDelta::minutes(1));
    ping(&wrong).await.assert_status(401);
}
