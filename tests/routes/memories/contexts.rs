//! `/v1/contexts/`: saved sets of memories with members across teams.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{list, one, remember, remember_with, search, texts};
use crate::harness::{Actor, Client as _, TestApp};

async fn context(actor: &Actor, name: &str) -> String {
    let made = actor.post("/v1/contexts/", json!({ "name": name, "description": "for the launch" })).await;
    made.assert_status(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn join(owner: &Actor, context: &str, member: &Actor, role: &str) {
    let body = json!({ "user_id": member.user, "role": role });
    owner.post(&format!("/v1/contexts/{context}/members/"), body).await.ok();
}

#[tokio::test]
async fn members_across_teams_share_what_lives_in_it_and_what_is_pinned_to_it() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let ben = alice.colleague("ben", &beta, Role::Member).await;
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    ben.get(&format!("/v1/contexts/{launch}/")).await.assert_problem(404, "not-found", None);
    bob.get(&format!("/v1/contexts/{launch}/")).await.assert_problem(404, "not-found", None);
    // Not even who is above everything in the tree is a member by that.
    alice.get(&format!("/v1/contexts/{launch}/")).await.assert_problem(404, "not-found", None);
    join(&ann, &launch, &ben, "member").await;
    assert_eq!(ben.get("/v1/contexts/").await.ok()["results"][0]["role"], "member");

    let own = remember_with(&ben, "The launch is on Friday", json!({ "scope": scope })).await;
    let pinned = remember_with(&ann, "Alpha tests until Thursday", json!({ "scope": alpha.label() })).await;
    let pin = ann.post(&format!("/v1/memories/{pinned}/shares/"), json!({ "with": scope })).await.ok();
    let within = json!({ "scope": scope, "top_k": 10 });
    let mut found = search(&ben, "launch tests Friday Thursday", within.clone()).await;
    found.sort();
    assert_eq!(found, ["Alpha tests until Thursday", "The launch is on Friday"]);
    let levels = ben.post("/v1/memories/hierarchical/", json!({})).await.ok();
    assert_eq!(levels["levels"][0]["level"], "context");
    assert_eq!(texts(&levels["levels"][0]).len(), 2);
    // Pinned, it can be read there and no more.
    ben.put(&one(&pinned), json!({ "text": "no" })).await.assert_problem(403, "forbidden", None);
    let more = json!({ "with": scope, "permission": "write" });
    ann.post(&format!("/v1/memories/{pinned}/shares/"), more).await.assert_problem(
        400,
        "invalid",
        Some("permission"),
    );

    let pin = pin["share"]["id"].as_str().unwrap();
    ann.delete(&format!("/v1/memories/{pinned}/shares/{pin}/")).await.ok();
    ben.get(&one(&pinned)).await.assert_problem(404, "not-found", None);
    ann.delete(&format!("/v1/contexts/{launch}/members/{}/", ben.user)).await.assert_status(204);
    ben.get(&one(&own)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_context_is_shared_with_whatever_is_and_will_be_in_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [ann, ben] = [
        alice.enterprise_colleague("ann", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
    ];
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    let before = remember_with(&ann, "The launch is on Friday", json!({ "scope": scope })).await;
    let shares = format!("/v1/contexts/{launch}/shares/");
    let with = json!({ "with": format!("person:{}", ben.user), "permission": "write" });
    let share = ann.post(&shares, with).await.ok();
    let after = remember_with(&ann, "The launch needs a cake", json!({ "scope": scope })).await;
    let own = remember(&ann, "A note of my own").await;
    ann.post(&format!("/v1/memories/{own}/shares/"), json!({ "with": scope })).await.ok();
    for id in [&before, &after, &own] {
        ben.get(&one(id)).await.ok();
    }
    ben.put(&one(&after), json!({ "text": "The launch needs two cakes" })).await.ok();
    ben.put(&one(&own), json!({ "text": "no" })).await.assert_problem(403, "forbidden", None);
    assert_eq!(ann.get(&shares).await.ok()["results"][0]["permission"], "write");
    let id = share["share"]["id"].as_str().unwrap();
    ann.delete(&format!("{shares}{id}/")).await.ok();
    assert_eq!(list(&ben, json!({ "scope": "all" })).await, [""; 0]);
    // Neither in it nor pinned to it is anything that those it is shared with may not see.
    ann.post(&shares, json!({ "with": "enterprise" })).await.ok();
    let secret =
        json!({ "messages": "a secret", "infer": false, "scope": scope, "classification": "restricted" });
    ann.post("/v3/memories/add/", secret).await.assert_problem(403, "forbidden", None);
    let secret = remember_with(&ann, "my secret", json!({ "classification": "restricted" })).await;
    ann.post(&format!("/v1/memories/{secret}/shares/"), json!({ "with": scope })).await.assert_problem(
        403,
        "forbidden",
        None,
    );
}

#[tokio::test]
async fn a_context_is_changed_by_its_administrators_and_deleted_when_it_is_empty() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [ann, ben] = [
        alice.enterprise_colleague("ann", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
    ];
    let launch = context(&ann, "Launch").await;
    let path = format!("/v1/contexts/{launch}/");
    join(&ann, &launch, &ben, "viewer").await;
    ben.patch(&path, json!({ "name": "No" })).await.assert_problem(403, "forbidden", None);
    let add = json!({ "messages": "no", "infer": false, "scope": format!("context:{launch}") });
    ben.post("/v3/memories/add/", add).await.assert_problem(403, "forbidden", None);
    let changed = ann.patch(&path, json!({ "description": "over" })).await.ok();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Launch"), &json!("over")));
    ann.patch(&path, json!({})).await.assert_problem(400, "invalid", None);
    let own = remember_with(&ann, "It is here", json!({ "scope": format!("context:{launch}") })).await;
    let pinned = remember(&ann, "It is mine").await;
    let with = json!({ "with": format!("context:{launch}") });
    ann.post(&format!("/v1/memories/{pinned}/shares/"), with).await.ok();
    ben.get(&one(&pinned)).await.ok();
    ann.delete(&path).await.assert_problem(409, "conflict", None);
    ann.delete(&one(&own)).await.ok();
    ann.delete(&path).await.assert_status(204);
    ann.get(&path).await.assert_problem(404, "not-found", None);
    ann.get(&one(&pinned)).await.ok();
    ben.get(&one(&pinned)).await.assert_problem(404, "not-found", None);
    assert_eq!(ann.get("/v1/contexts/").await.ok()["results"], json!([]));
    // Nor is it any node of the tree.
    assert_eq!(alice.get("/v1/organizations").await.ok()["results"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn what_was_shared_on_because_it_was_pinned_ends_with_the_context() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [ann, ben, cas] = [
        alice.enterprise_colleague("ann", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
        alice.enterprise_colleague("cas", Role::Member).await,
    ];
    let launch = context(&ann, "Launch").await;
    join(&ann, &launch, &ben, "member").await;
    let pinned = remember(&ann, "It is mine").await;
    let shares = format!("/v1/memories/{pinned}/shares/");
    ann.post(&shares, json!({ "with": format!("context:{launch}"), "may_reshare": true })).await.ok();
    ben.post(&shares, json!({ "with": format!("person:{}", cas.user) })).await.ok();
    cas.get(&one(&pinned)).await.ok();
    ann.delete(&format!("/v1/contexts/{launch}/")).await.assert_status(204);
    cas.get(&one(&pinned)).await.assert_problem(404, "not-found", None);
    assert_eq!(search(&cas, "whose is it", json!({ "scope": "all" })).await, [""; 0]);
    let ended = ann.get(&format!("{shares}?ended=true")).await.ok();
    assert!(ended["results"].as_array().unwrap().iter().all(|share| share["live"] == false), "{ended}");
}

#[tokio::test]
async fn a_context_keeps_an_owner_who_is_there() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let [ann, ben, cas] = [
        alice.enterprise_colleague("ann", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
        alice.enterprise_colleague("cas", Role::Member).await,
    ];
    let launch = context(&ann, "Launch").await;
    join(&ann, &launch, &cas, "viewer").await;
    join(&ann, &launch, &ben, "admin").await;
    let member = |actor: &Actor| format!("/v1/contexts/{launch}/members/{}/", actor.user);
    let needs = "a context needs an active owner who is a person: make somebody else one first, or delete it";
    assert_eq!(ann.delete(&member(&ann)).await.assert_problem(409, "conflict", None), needs);
    let admin = json!({ "role": "admin" });
    assert_eq!(ann.put(&member(&ann), admin.clone()).await.assert_problem(409, "conflict", None), needs);
    ann.put(&member(&cas), json!({ "role": "owner" })).await.ok();
    ann.put(&member(&ann), admin).await.ok();
    // Cas leaves: of those who stay Ben and Ann are admins, and Ann has been there for longest.
    alice.post(&format!("/v1/users/{}/deactivate", cas.user), json!({})).await.ok();
    assert_eq!(ann.get(&format!("/v1/contexts/{launch}/")).await.ok()["role"], "owner");
    assert_eq!(ben.get(&format!("/v1/contexts/{launch}/")).await.ok()["role"], "admin");
    let handed = "SELECT details FROM audit_log WHERE action = 'context.hand_over'";
    let handed: Value = app.database().superuser().await.query_one(handed, &[]).await.unwrap().get(0);
    assert_eq!((&handed["from"], &handed["to"]), (&json!(cas.user), &json!(ann.user)));
    // Who is alone in theirs leaves it to an heir.
    let alone = context(&ben, "Alone").await;
    let kept = remember_with(&ben, "It is here", json!({ "scope": format!("context:{alone}") })).await;
    alice.post(&format!("/v1/users/{}/deactivate", ben.user), json!({})).await.ok();
    let heir = json!({ "user_id": ann.user });
    let done = alice.post(&format!("/v1/users/{}/reassign-memories", ben.user), heir.clone()).await.ok();
    assert_eq!(
        (&done["status"], &done["memories"], &done["contexts"]),
        (&json!("done"), &json!(0), &json!(1))
    );
    assert_eq!(ann.get(&one(&kept)).await.ok()["scope"], format!("context:{alone}"));
    let again = alice.post(&format!("/v1/users/{}/reassign-memories", ben.user), heir).await.ok();
    assert_eq!(again["contexts"], 0);
}

#[tokio::test]
async fn a_link_to_a_context_shows_what_is_public_in_it() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let ann = alice.enterprise_colleague("ann", Role::Member).await;
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    let public = json!({ "scope": scope, "classification": "public" });
    remember_with(&ann, "We open at nine", public).await;
    remember_with(&ann, "The vault code is seven", json!({ "scope": scope })).await;
    let pinned = remember_with(&ann, "Entry is free", json!({ "classification": "public" })).await;
    ann.post(&format!("/v1/memories/{pinned}/shares/"), json!({ "with": scope })).await.ok();
    let links = format!("/v1/contexts/{launch}/links/");
    let ben = alice.enterprise_colleague("ben", Role::Member).await;
    join(&ann, &launch, &ben, "member").await;
    ben.post(&links, json!({})).await.assert_problem(403, "forbidden", None);
    alice.post(&links, json!({})).await.assert_problem(404, "not-found", None);
    let made = ann.post(&links, json!({})).await;
    made.assert_status(201);
    let path = format!("/v1/links/{}", made.json()["token"].as_str().unwrap());
    let opened = app.anonymous().get(&path).await.ok();
    assert_eq!(
        (&opened["name"], &opened["description"], &opened["more"]),
        (&json!("Launch"), &json!("for the launch"), &json!(false))
    );
    let texts: Vec<&Value> = opened["memories"].as_array().unwrap().iter().map(|it| &it["memory"]).collect();
    assert_eq!(texts, ["We open at nine", "Entry is free"]);
    assert!(!opened.to_string().contains("mem_"), "{opened}");
    assert_eq!(app.anonymous().get(&format!("{path}?page=2")).await.ok()["memories"], json!([]));
    app.anonymous().get(&format!("{path}?page=0")).await.assert_problem(400, "invalid", Some("page"));
    // At once without what is not public any more, and with what becomes it.
    ann.put(&one(&pinned), json!({ "classification": "internal" })).await.ok();
    assert_eq!(app.anonymous().get(&path).await.ok()["memories"].as_array().unwrap().len(), 1);
    // Where public memories are not for anybody, none comes behind a link by being pinned or raised.
    let team = alice.node(ScopeKind::Organization, "North").await;
    let policy = json!({ "audiences": { "public": "enterprise" } });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", team.id), policy).await.ok();
    let noted = json!({ "scope": team.label(), "classification": "public" });
    let narrow = remember_with(&ann, "North is closed", noted).await;
    let pin = ann.post(&format!("/v1/memories/{narrow}/shares/"), json!({ "with": scope })).await;
    pin.assert_problem(403, "forbidden", None);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(ann.get(&links).await.ok()["results"][0]["id"], json!(id));
    ann.delete(&format!("{links}{id}/")).await.assert_status(204);
    app.anonymous().get(&path).await.assert_problem(404, "not-found", None);
    ann.post(&format!("/v1/memories/{narrow}/shares/"), json!({ "with": scope })).await.ok();
    ann.post(&links, json!({})).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn whoever_opens_a_link_is_in_the_log_and_slowed_down() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember_with(&alice, "We open at nine", json!({ "classification": "public" })).await;
    let made = alice.post(&format!("/v1/memories/{id}/links/"), json!({})).await.ok();
    let open = async |from: &str| {
        let request = http::Request::get(format!("/v1/links/{}", made["token"].as_str().unwrap()))
            .header("user-agent", "curl/8")
            .extension(shared::http::SourceIp(from.to_owned()));
        app.anonymous().send(request.body(axum::body::Body::empty()).unwrap()).await
    };
    open("203.0.113.7").await.ok();
    let row =
        "SELECT actor_id IS NULL, actor_method, credential_id, ip, user_agent, memory_ids, outcome, tags
                 FROM audit_log WHERE action = 'public_link.open'";
    let client = app.database().superuser().await;
    let row = client.query_one(row, &[]).await.unwrap();
    let memory: shared::ids::MemoryId = id.parse().unwrap();
    let link: shared::ids::LinkId = made["id"].as_str().unwrap().parse().unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, &str>(1), "link");
    assert_eq!(row.get::<_, uuid::Uuid>(2), link.uuid());
    assert_eq!((row.get::<_, &str>(3), row.get::<_, &str>(4)), ("203.0.113.7", "curl/8"));
    assert_eq!(row.get::<_, Vec<uuid::Uuid>>(5), [memory.uuid()]);
    assert_eq!(row.get::<_, Vec<String>>(7), ["data-access", "class:public"]);
    // However many addresses they come from.
    let mut refused = 0;
    for n in 0..310 {
        let answer = open(&format!("203.0.{}.{}", n / 250, n % 250)).await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").is_some());
            refused += 1;
        }
    }
    assert_eq!(refused, 11);
}

#[tokio::test]
async fn a_link_needs_the_approval_that_sharing_with_everyone_needs() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let rule = json!({ "approvals": [{ "directions": ["public"] }] });
    alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let id = remember_with(&mia, "We open at nine", json!({ "classification": "public" })).await;
    let links = format!("/v1/memories/{id}/links/");
    let told = mia.post(&links, json!({})).await.assert_problem(403, "forbidden", None);
    assert!(told.starts_with("this needs somebody else's approval"), "{told}");
    let asked = mia.post(&format!("/v1/memories/{id}/shares/"), json!({ "with": "public" })).await;
    asked.assert_status(202);
    let approval = asked.json()["approval"]["id"].as_str().unwrap().to_owned();
    alice.post(&format!("/v1/approvals/{approval}/approve/"), json!({})).await.ok();
    let made = mia.post(&links, json!({})).await.ok();
    app.anonymous().get(&format!("/v1/links/{}", made["token"].as_str().unwrap())).await.ok();
}

#[tokio::test]
async fn a_key_shows_nobody_more_of_a_context_than_it_sees() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let ann = alice.colleague("ann", &north, Role::Member).await;
    let mia = alice.colleague("mia", &north, Role::Member).await;
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    let inside = json!({ "scope": scope, "classification": "confidential" });
    let secret = remember_with(&ann, "The price is 42", inside).await;
    let verbs = ["memories:read", "memories:write", "tenancy:read", "tenancy:write"];
    let key = json!({ "name": "low", "scopes": verbs, "ceiling": "internal" });
    let key = ann.post("/v1/api-keys", key).await.ok();
    let low = ann.with_key(&key);
    low.get(&one(&secret)).await.assert_problem(404, "not-found", None);

    let expected =
        "something in this context is confidential, and this credential reaches internal memories at most";
    let with = json!({ "with": format!("person:{}", mia.user) });
    let shares = format!("/v1/contexts/{launch}/shares/");
    assert_eq!(low.post(&shares, with.clone()).await.assert_problem(403, "forbidden", None), expected);
    let member = json!({ "user_id": mia.user, "role": "viewer" });
    let members = format!("/v1/contexts/{launch}/members/");
    assert_eq!(low.post(&members, member.clone()).await.assert_problem(403, "forbidden", None), expected);
    mia.get(&one(&secret)).await.assert_problem(404, "not-found", None);
    let check = async |action: &str| {
        let body = json!({ "api_key_id": key["id"], "action": action, "scope": scope });
        ann.post("/v1/access/check", body).await.ok()
    };
    let said = check("manage_members").await;
    assert_eq!((&said["allowed"], &said["stopped_by"]), (&json!(false), &json!(["ceiling"])), "{said}");
    let said = check("share_any_memory").await;
    assert_eq!(said["conditions"][0], format!("not the context as a whole: {expected}"), "{said}");
    // Without that in it.
    ann.delete(&one(&secret)).await.ok();
    low.post(&shares, with).await.assert_status(201);
    low.post(&members, member).await.assert_status(201);
}

/// Whether by sharing or by adding: a narrowed key shows a context to nobody beyond what it reaches.
#[tokio::test]
async fn a_narrowed_key_lets_in_those_whom_it_reaches() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let ann = alice.colleague("ann", &north, Role::Member).await;
    let mia = alice.colleague("mia", &north, Role::Member).await;
    let dan = alice.colleague("dan", &south, Role::Member).await;
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    let verbs = ["memories:read", "memories:write", "tenancy:read", "tenancy:write"];
    let key = async |within: &[&str]| {
        let body = json!({ "name": "narrow", "scopes": verbs, "within": within });
        ann.with_key(&ann.post("/v1/api-keys", body).await.ok())
    };
    let (members, shares) =
        (format!("/v1/contexts/{launch}/members/"), format!("/v1/contexts/{launch}/shares/"));
    let (alone, with_north) =
        (key(&[scope.as_str()]).await, key(&[scope.as_str(), north.label().as_str()]).await);
    for (key, person) in [(&alone, &mia), (&alone, &dan), (&with_north, &dan)] {
        let with = format!("person:{}", person.user);
        let share = key.post(&shares, json!({ "with": with })).await.assert_problem(403, "forbidden", None);
        assert!(share.starts_with(&format!("this key is narrowed, and {with} is beyond it")), "{share}");
        for member in [json!({ "user_id": person.user }), json!({ "email": person.email })] {
            let mut member = member;
            member["role"] = json!("viewer");
            assert_eq!(key.post(&members, member).await.assert_problem(403, "forbidden", None), share);
        }
    }
    join(&with_north, &launch, &mia, "viewer").await;
    join(&ann, &launch, &dan, "viewer").await;
}
