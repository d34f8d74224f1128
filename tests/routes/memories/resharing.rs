//! A reshare depends on the share that allowed it, through any number of people, and ends with it.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::sharing::{in_days, person, revoke, sees, share, shared, shares};
use super::{one, remember_with};
use crate::harness::{Actor, Client as _, Node, TestApp};

const TEXT: &str = "Alpha ships on Friday";

/// A member of team Alpha with a memory of the team's, which bob of team Beta may share on, and by which share.
struct Given {
    app: TestApp,
    owner: Actor,
    alpha: Node,
    beta: Node,
    ann: Actor,
    bob: Actor,
    memory: String,
    first: String,
}

impl Given {
    async fn with(terms: Value) -> Self {
        let (app, owner, _) = TestApp::two_tenants().await;
        let north = owner.node(ScopeKind::Organization, "North").await;
        let alpha = owner.node_in(&north, ScopeKind::Team, "Alpha").await;
        let beta = owner.node_in(&north, ScopeKind::Team, "Beta").await;
        let ann = owner.colleague("ann", &alpha, Role::Member).await;
        let bob = owner.colleague("bob", &beta, Role::Member).await;
        let memory = remember_with(&ann, TEXT, json!({ "scope": alpha.label() })).await;
        let first = shared(&ann, &memory, &person(&bob), terms).await;
        Self { app, owner, alpha, beta, ann, bob, memory, first }
    }

    /// Somebody of a third team.
    async fn stranger(&self, name: &str) -> Actor {
        let east = self.owner.node(ScopeKind::Organization, "East").await;
        self.owner.colleague(name, &east, Role::Member).await
    }

    /// Through which share one was made.
    async fn via(&self, share: &str) -> Value {
        let all = self.ann.get(&shares(&self.memory)).await.ok();
        let all = all["results"].as_array().unwrap().iter();
        all.clone().find(|it| it["id"] == share).unwrap_or_else(|| panic!("no {share}"))["via"].clone()
    }

    async fn take_back(&self, ended: u64) {
        assert_eq!(revoke(&self.ann, &self.memory, &self.first).await.ok(), json!({ "ended": ended }));
    }
}

fn may_reshare() -> Value {
    json!({ "may_reshare": true })
}

#[tokio::test]
async fn whoever_shares_on_twice_has_it_through_what_they_were_given_and_not_through_themselves() {
    let given = Given::with(may_reshare()).await;
    let dan = given.owner.colleague("dan", &given.beta, Role::Member).await;
    let second = shared(&given.bob, &given.memory, &given.beta.label(), may_reshare()).await;
    for again in ["once more", "and again"] {
        let terms = json!({ "may_reshare": true, "reason": again });
        assert_eq!(shared(&given.bob, &given.memory, &given.beta.label(), terms).await, second);
        assert_eq!(given.via(&second).await, given.first);
    }
    assert!(sees(&dan, &given.memory, TEXT).await);
    given.take_back(2).await;
    assert!(!sees(&given.bob, &given.memory, TEXT).await && !sees(&dan, &given.memory, TEXT).await);
    let refused = share(&given.bob, &given.memory, &person(&dan), json!({})).await;
    refused.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn two_who_share_with_each_other_do_not_keep_what_they_were_given() {
    let given = Given::with(may_reshare()).await;
    let cat = given.stranger("cat").await;
    shared(&given.bob, &given.memory, &person(&cat), may_reshare()).await;
    shared(&cat, &given.memory, &person(&given.bob), may_reshare()).await;
    let second = shared(&given.bob, &given.memory, &person(&cat), may_reshare()).await;
    assert_eq!(given.via(&second).await, given.first, "not through what came of it");
    given.take_back(3).await;
    assert!(!sees(&given.bob, &given.memory, TEXT).await && !sees(&cat, &given.memory, TEXT).await);
}

#[tokio::test]
async fn what_was_shared_on_by_pinning_it_ends_with_what_it_was_shared_through() {
    let given = Given::with(may_reshare()).await;
    let context = given.bob.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = format!("context:{}", context["id"].as_str().unwrap());
    for _ in 0..2 {
        let pin = shared(&given.bob, &given.memory, &context, may_reshare()).await;
        assert_eq!(given.via(&pin).await, given.first);
    }
    given.take_back(2).await;
    assert!(!sees(&given.bob, &given.memory, TEXT).await);
}

#[tokio::test]
async fn what_administrators_by_a_share_shared_on_ends_when_they_are_so_no_longer() {
    let given = Given::with(json!({ "permission": "admin" })).await;
    let dan = given.owner.colleague("dan", &given.beta, Role::Member).await;
    for _ in 0..2 {
        shared(&given.bob, &given.memory, &given.beta.label(), json!({ "permission": "admin" })).await;
    }
    shared(&given.ann, &given.memory, &person(&given.bob), json!({ "permission": "read" })).await;
    dan.delete(&one(&given.memory)).await.assert_problem(404, "not-found", None);
    assert!(sees(&given.bob, &given.memory, TEXT).await);
}

#[tokio::test]
async fn an_approval_does_not_loosen_a_share_from_what_it_was_shared_through() {
    let given = Given::with(may_reshare()).await;
    let dan = given.owner.colleague("dan", &given.beta, Role::Member).await;
    let rule = json!({ "approvals": [{ "directions": ["across"] }] });
    given.owner.put(&format!("/v1/organizations/{}/sharing-policy", given.alpha.id), rule).await.ok();
    for reason in ["first", "second"] {
        let terms = json!({ "may_reshare": true, "reason": reason });
        let asked = share(&given.bob, &given.memory, &given.beta.label(), terms).await;
        asked.assert_status(202);
        let id = asked.json()["approval"]["id"].as_str().unwrap().to_owned();
        let approved = given.owner.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await.ok();
        assert_eq!(given.via(approved["share_id"].as_str().unwrap()).await, given.first);
    }
    assert!(sees(&dan, &given.memory, TEXT).await);
    given.take_back(2).await;
    assert!(!sees(&given.bob, &given.memory, TEXT).await && !sees(&dan, &given.memory, TEXT).await);
}

/// Somebody who holds it in two ways shares it in any way that one of them covers, and through that one.
#[tokio::test]
async fn of_several_ways_one_that_covers_what_is_wanted_is_taken() {
    let given = Given::with(may_reshare()).await;
    let dan = given.stranger("dan").await;
    let until = in_days(&given.app, 3);
    let terms = json!({ "permission": "write", "may_reshare": true, "expires_at": until });
    let team = shared(&given.ann, &given.memory, &given.beta.label(), terms).await;
    let made = shared(&given.bob, &given.memory, &person(&dan), json!({})).await;
    assert_eq!(given.via(&made).await, given.first, "to read, without an end");
    let terms = json!({ "permission": "write", "expires_at": in_days(&given.app, 2) });
    let made = shared(&given.bob, &given.memory, &person(&dan), terms).await;
    assert_eq!(given.via(&made).await, team, "to write, until then");
    let terms = json!({ "permission": "write", "expires_at": null });
    let refused = share(&given.bob, &given.memory, &person(&dan), terms).await;
    let detail = refused.assert_problem(403, "forbidden", None);
    assert!(detail.contains("until 2026-03-05T09:00:00Z"), "neither: {detail}");
}

/// A share with those with whom the memory comes to live is needless; what was shared on through it is not.
#[tokio::test]
async fn what_was_shared_on_stays_shared_when_the_memory_comes_to_live_there_and_hangs_on_what_is_left() {
    let given = Given::with(may_reshare()).await;
    let cat = given.stranger("cat").await;
    let both = json!({ "user_id": given.ann.user, "role": "member" });
    given.owner.post(&format!("/v1/organizations/{}/members", given.beta.id), both).await.ok();
    let team = shared(&given.bob, &given.memory, &given.beta.label(), may_reshare()).await;
    let dan = given.owner.colleague("dan", &given.beta, Role::Member).await;
    let third = shared(&dan, &given.memory, &person(&cat), json!({})).await;
    assert_eq!(given.via(&third).await, team);
    let home = json!({ "scope": given.beta.label() });
    given.ann.put(&format!("/v1/memories/{}/scope/", given.memory), home).await.ok();
    assert_eq!(given.via(&third).await, given.first);
    assert!(sees(&cat, &given.memory, TEXT).await);
    given.take_back(2).await;
    assert!(!sees(&cat, &given.memory, TEXT).await && sees(&given.bob, &given.memory, TEXT).await);
}

/// Of two shares that a dissolved node and its heir have of the same person one is left, and it goes no further than what it
/// is through; what is over adds nothing.
#[tokio::test]
async fn shares_that_become_one_go_no_further_than_what_they_are_through() {
    let given = Given::with(may_reshare()).await;
    let north = given.owner.node(ScopeKind::Organization, "South").await;
    let [gamma, delta] = [
        given.owner.node_in(&north, ScopeKind::Team, "Gamma").await,
        given.owner.node_in(&north, ScopeKind::Team, "Delta").await,
    ];
    let cat = given.owner.colleague("cat", &delta, Role::Member).await;
    let until = in_days(&given.app, 1);
    let write = json!({ "permission": "write", "may_reshare": true, "expires_at": until });
    let team = shared(&given.ann, &given.memory, &given.beta.label(), write.clone()).await;
    let longer = shared(&given.bob, &given.memory, &delta.label(), json!({})).await;
    let shorter = shared(&given.bob, &given.memory, &gamma.label(), write).await;
    assert_eq!((given.via(&longer).await, given.via(&shorter).await), (json!(given.first), json!(team)));
    // Tokens do not last as long.
    let (owner, ann, cat) =
        (given.owner.with_api_key().await, given.ann.with_api_key().await, cat.with_api_key().await);
    given.app.advance(chrono::TimeDelta::days(2));
    let heir = json!({ "heir": delta.id, "members": "move" });
    owner.post(&format!("/v1/organizations/{}/dissolve", gamma.id), heir).await.ok();
    cat.put(&one(&given.memory), json!({ "text": "no" })).await.assert_problem(403, "forbidden", None);
    assert!(sees(&cat, &given.memory, TEXT).await);
    revoke(&ann, &given.memory, &given.first).await.ok();
    assert!(!sees(&cat, &given.memory, TEXT).await);
}

/// What there was of this before it was mended: the migration ends what leads to nobody, and nothing else.
#[tokio::test]
async fn shares_that_led_to_nobody_have_ended_with_the_migration() {
    let given = Given::with(may_reshare()).await;
    let cat = given.stranger("cat").await;
    let looped = shared(&given.bob, &given.memory, &given.beta.label(), may_reshare()).await;
    let kept = shared(&given.bob, &given.memory, &person(&cat), json!({})).await;
    let dan = given.owner.colleague("dan", &given.beta, Role::Member).await;
    let database = given.app.database().superuser().await;
    let looped: shared::ids::ShareId = looped.parse().unwrap();
    database.batch_execute("ALTER TABLE shares DROP CONSTRAINT shares_not_through_itself").await.unwrap();
    let itself = "UPDATE shares SET via_share_id = id WHERE id = $1";
    assert_eq!(database.execute(itself, &[&looped.uuid()]).await.unwrap(), 1);
    assert!(sees(&dan, &given.memory, TEXT).await);

    let migration = include_str!("../../../shared/migrations/V82__chains_of_shares.sql");
    let (_, repair) = migration.split_once("-- Shares that there are already.").unwrap();
    database.batch_execute(&format!("-- {repair}")).await.unwrap();
    assert!(!sees(&dan, &given.memory, TEXT).await);
    assert!(sees(&cat, &given.memory, TEXT).await && sees(&given.bob, &given.memory, TEXT).await);
    assert_eq!(given.via(&kept).await, given.first);
    assert!(database.execute(itself, &[&looped.uuid()]).await.is_err(), "nor is there another");
}
