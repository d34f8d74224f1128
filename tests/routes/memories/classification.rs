//! `classification`: how far a memory may go, and who sees it through which credential.

use serde_json::{Value, json};
use shared::access::{AuthContext, Classification, Role, ScopeKind};
use shared::ids::MemoryId;
use shared::memory::filter::Filter;
use shared::memory::{List, Memories, Part, Recall, Remember, Scopes};

use super::{add, list, one, remember, remember_with, team};
use crate::harness::{Actor, Client as _, Node, TestApp};

/// The caller as a channel that only so much may be said in.
async fn below(actor: &Actor, ceiling: Classification) -> AuthContext {
    actor.context().await.below(ceiling)
}

async fn class_of(actor: &Actor, id: &str) -> Value {
    actor.get(&one(id)).await.ok()["classification"].clone()
}

#[tokio::test]
async fn a_memory_has_the_class_given_or_what_its_scope_says() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let plain = remember(&alice, "I like tea").await;
    assert_eq!(class_of(&alice, &plain).await, "internal");
    let given = remember_with(&alice, "I earn little", json!({ "classification": "restricted" })).await;
    assert_eq!(class_of(&alice, &given).await, "restricted");
    let everyone = remember_with(&alice, "We close at noon", json!({ "scope": "public" })).await;
    assert_eq!(class_of(&alice, &everyone).await, "public");

    let policy = json!({ "default_classification": "confidential" });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", team.id), policy).await.ok();
    let body = json!({ "scope": team.label() });
    let confidential = remember_with(&alice, "The offer is at 40", body.clone()).await;
    assert_eq!(class_of(&alice, &confidential).await, "confidential");
    // All that one capture says has its class.
    let facts = add(&alice, &["The plan is A", "The price is B"], body).await.ok();
    for fact in facts["results"].as_array().unwrap() {
        assert_eq!(class_of(&alice, fact["id"].as_str().unwrap()).await, "confidential");
    }
    let lines = format!(
        "{}\n{}",
        json!({ "memory": "Line one", "scope": team.label() }),
        json!({ "memory": "Line two", "scope": "enterprise", "classification": "restricted" })
    );
    let import = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let imported = alice.send(import.body(lines.into()).unwrap()).await.ok();
    assert_eq!(class_of(&alice, imported["results"][0]["id"].as_str().unwrap()).await, "confidential");
    assert_eq!(imported["results"][1]["event"], "REFUSE", "{imported}");
}

#[tokio::test]
async fn what_is_too_confidential_for_a_scope_is_refused() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    for (scope, class) in
        [("public", "internal"), ("enterprise", "confidential"), ("enterprise", "restricted")]
    {
        let refused = add(&alice, &["a secret"], json!({ "scope": scope, "classification": class })).await;
        let detail = refused.assert_problem(403, "forbidden", None);
        assert!(detail.starts_with(&format!("{class} memories may not be seen beyond")), "{detail}");
    }
    add(&alice, &["a secret"], json!({ "classification": "secret" })).await.assert_problem(
        400,
        "invalid",
        Some("classification"),
    );
    assert_eq!(list(&alice, json!({ "scope": "all" })).await, [""; 0]);

    let policy = json!({ "audiences": { "restricted": "person" } });
    alice.put("/v1/enterprise/sharing-policy", policy).await.ok();
    let restricted = json!({ "scope": team.label(), "classification": "restricted" });
    add(&alice, &["a secret"], restricted).await.assert_problem(403, "forbidden", None);
    let internal = remember_with(&alice, "The team meets on Monday", json!({ "scope": team.label() })).await;
    alice.put(&one(&internal), json!({ "classification": "restricted" })).await.assert_problem(
        403,
        "forbidden",
        None,
    );
    assert_eq!(class_of(&alice, &internal).await, "internal");
    let raised = alice.put(&one(&internal), json!({ "classification": "confidential" })).await.ok();
    assert_eq!((&raised["classification"], &raised["version"]), (&json!("confidential"), &json!(2)));
}

#[tokio::test]
async fn above_a_ceiling_nothing_is_there_by_any_way() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let memories = Memories::in_process(app.gate().clone());
    let ids: Vec<MemoryId> = {
        let mut ids = Vec::new();
        for class in Classification::ALL {
            let text = format!("The {class} code word is walnut");
            let id = remember_with(&alice, &text, json!({ "classification": class })).await;
            ids.push(id.parse().unwrap());
        }
        ids
    };
    for (most, ceiling) in Classification::ALL.into_iter().enumerate() {
        let caller = below(&alice, ceiling).await;
        let found = memories.recall(&caller, Recall { threshold: 0.0, ..Recall::new("code word") }).await;
        let found = found.unwrap().found;
        assert_eq!(found.len(), most + 1, "{ceiling}");
        assert!(found.iter().all(|found| found.memory.classification <= ceiling), "{ceiling}");
        let all = List {
            filter: Filter::everything(),
            scopes: Scopes::All,
            latest_only: false,
            part: Part::After(None, 50),
        };
        assert_eq!(memories.list(&caller, all).await.unwrap().memories.len(), most + 1, "{ceiling}");
        for (place, id) in ids.iter().enumerate() {
            let visible = place <= most;
            assert_eq!(memories.read(&caller, *id).await.is_ok(), visible, "{ceiling} {place}");
            assert_eq!(
                memories.history(&caller, *id, 0, usize::MAX).await.is_ok(),
                visible,
                "{ceiling} {place}"
            );
            if !visible {
                assert!(memories.forget(&caller, *id, false).await.is_err(), "{ceiling} {place}");
            }
        }
    }
}

#[tokio::test]
async fn a_lowered_class_does_not_show_what_was_said_under_the_higher_one() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let memories = Memories::in_process(app.gate().clone());
    let id =
        remember_with(&alice, "The merger is with Acme", json!({ "classification": "restricted" })).await;
    let redacted = json!({ "text": "There is a merger", "classification": "internal" });
    alice.put(&one(&id), redacted).await.ok();
    alice.put(&one(&id), json!({ "text": "There is a merger in May" })).await.ok();
    let caller = below(&alice, Classification::Internal).await;
    let id: MemoryId = id.parse().unwrap();
    assert_eq!(memories.read(&caller, id).await.unwrap().content, "There is a merger in May");
    let numbers = |versions: Vec<shared::memory::Version>| -> Vec<i32> {
        versions.iter().map(|version| version.number).collect()
    };
    assert_eq!(numbers(memories.history(&caller, id, 0, 2).await.unwrap()), [3]);
    let whole = below(&alice, Classification::Restricted).await;
    assert_eq!(numbers(memories.history(&whole, id, 0, 2).await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn nobody_makes_what_they_could_not_see() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let memories = Memories::in_process(app.gate().clone());
    let caller = below(&mia, Classification::Internal).await;
    let request = Remember {
        messages: vec![shared::memory::Message {
            role: "user".to_owned(),
            content: "a secret".to_owned(),
            name: None,
        }],
        classification: Some(Classification::Confidential),
        ..Remember::default()
    };
    let refused = memories.remember(&caller, request, None).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this credential reaches internal memories at most, and cannot make one confidential"
    );
}

/// What is confidential is for one organization, whichever of its class, its home and the tree changes last.
#[tokio::test]
async fn nothing_brings_what_is_confidential_to_another_organization() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let [alpha, beta] = [
        alice.node_in(&north, ScopeKind::Team, "Alpha").await,
        alice.node_in(&north, ScopeKind::Team, "Beta").await,
    ];
    let gamma = alice.node_in(&south, ScopeKind::Team, "Gamma").await;
    let share = async |id: &str, with: &str| {
        alice.post(&format!("/v1/memories/{id}/shares/"), json!({ "with": with })).await.ok();
    };
    let secret = json!({ "scope": alpha.label(), "classification": "confidential" });
    let secret = remember_with(&alice, "The price is 42 million", secret).await;
    share(&secret, &beta.label()).await;
    // The tree.
    let below = |node: &Node| json!({ "parent": node.id });
    let detail = alice
        .post(&format!("/v1/organizations/{}/move", beta.id), below(&south))
        .await
        .assert_problem(409, "conflict", None);
    assert!(
        detail.starts_with("memories of this team or shared with it, classified confidential"),
        "{detail}"
    );
    let heir = json!({ "heir": gamma.id, "members": "move" });
    let dissolved = alice.post(&format!("/v1/organizations/{}/dissolve", beta.id), heir).await;
    dissolved.assert_problem(409, "conflict", None);
    // Its class.
    let open = remember_with(&alice, "We are looking for a price", json!({ "scope": alpha.label() })).await;
    share(&open, &gamma.label()).await;
    let raised = alice.put(&one(&open), json!({ "classification": "confidential" })).await;
    let detail = raised.assert_problem(403, "forbidden", None);
    assert!(detail.contains("may not be seen in another organization"), "{detail}");
    assert_eq!(class_of(&alice, &open).await, "internal");
    // Its home.
    let home = json!({ "scope": gamma.label() });
    let moved = alice.put(&format!("/v1/memories/{secret}/scope/"), home).await;
    moved.assert_problem(403, "forbidden", None);
    // With both teams it may go.
    alice.post(&format!("/v1/organizations/{}/move", north.id), below(&south)).await.ok();
}

/// What is somebody's own, or in a context, belongs to the organizations of its author.
#[tokio::test]
async fn what_people_and_contexts_have_goes_to_no_other_organization_with_a_team_either() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let [alpha, beta] = [
        alice.node_in(&north, ScopeKind::Team, "Alpha").await,
        alice.node_in(&north, ScopeKind::Team, "Beta").await,
    ];
    let gamma = alice.node_in(&south, ScopeKind::Team, "Gamma").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let ben = alice.colleague("ben", &beta, Role::Member).await;
    let share = async |actor: &Actor, id: &str| {
        let shared = actor.post(&format!("/v1/memories/{id}/shares/"), json!({ "with": beta.label() })).await;
        shared.ok()["share"]["id"].as_str().unwrap().to_owned()
    };
    let path = format!("/v1/organizations/{}", beta.id);
    let refused = async || {
        let moved = alice.post(&format!("{path}/move"), json!({ "parent": south.id })).await;
        let detail = moved.assert_problem(409, "conflict", None);
        assert!(detail.contains("shared with it, classified confidential"), "{detail}");
        let heir = json!({ "heir": gamma.id, "members": "move" });
        alice.post(&format!("{path}/dissolve"), heir).await.assert_problem(409, "conflict", None);
    };
    let made = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = json!({ "scope": format!("context:{}", made["id"].as_str().unwrap()) });
    for place in [json!({ "scope": "personal" }), context] {
        let mut more = place;
        more["classification"] = json!("confidential");
        let secret = remember_with(&ann, "The price is 42 million", more).await;
        let shared = share(&ann, &secret).await;
        refused().await;
        ann.delete(&format!("/v1/memories/{secret}/shares/{shared}/")).await.ok();
    }
    // Whoever goes along takes their own with them.
    let secret = json!({ "classification": "confidential" });
    let own = remember_with(&ben, "Our price is 41 million", secret).await;
    share(&ben, &own).await;
    alice.post(&format!("{path}/move"), json!({ "parent": south.id })).await.ok();
}

/// A narrower audience is not got around by moving what is shared already below it.
#[tokio::test]
async fn a_node_does_not_move_below_one_that_lets_fewer_see_what_it_shares() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let narrow = alice.node_in(&north, ScopeKind::Division, "Narrow").await;
    let policy = json!({ "audiences": { "internal": "team" } });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", narrow.id), policy).await.ok();
    let id = remember_with(&alice, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let shared =
        alice.post(&format!("/v1/memories/{id}/shares/"), json!({ "with": "enterprise" })).await.ok();
    let path = format!("/v1/organizations/{}/move", alpha.id);
    let below = json!({ "parent": narrow.id });
    alice.post(&path, below.clone()).await.assert_problem(409, "conflict", None);
    let share = shared["share"]["id"].as_str().unwrap();
    alice.delete(&format!("/v1/memories/{id}/shares/{share}/")).await.ok();
    alice.post(&path, below).await.ok();
}

/// As the guide says: what is a person's own is of each organization in which they hold a role.
#[tokio::test]
async fn what_is_confidential_and_ones_own_goes_to_ones_own_organizations() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [alpha, beta, gamma] =
        [team(&alice, "Alpha").await, team(&alice, "Beta").await, team(&alice, "Gamma").await];
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let joined = json!({ "user_id": ann.user, "role": "viewer" });
    alice.post(&format!("/v1/organizations/{}/members", beta.id), joined).await.ok();
    let memory = remember_with(&ann, "I leave in May", json!({ "classification": "confidential" })).await;
    let share = async |node: &Node| {
        ann.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": node.label() })).await
    };
    share(&alpha).await.assert_status(201);
    share(&beta).await.assert_status(201);
    let detail = share(&gamma).await.assert_problem(403, "forbidden", None);
    assert_eq!(detail, "confidential memories may not be seen in another organization");
}
