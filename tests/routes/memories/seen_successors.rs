//! A memory is superseded only for those who see what superseded it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{add, list, one, remember_with, search, texts};
use crate::harness::{Actor, Client as _, Node, TestApp};
use crate::routes::mcp::client::call;

const OLD: &str = "The gate is number 7";
const NEW: &str = "The gate is number 9";

/// Whether somebody takes the old memory for current, in every way in which they can ask.
async fn is_current(who: &Actor, old: &str) -> bool {
    let memory = who.get(&one(old)).await.ok();
    let state = (memory["lifecycle_state"].clone(), memory["replaced_by"].clone());
    let all = json!({ "scope": "all", "latest_only": true });
    let listed = texts(&who.post("/v3/memories/", all.clone()).await.ok());
    let mut query = all.clone();
    query["query"] = json!("which gate?");
    query["threshold"] = json!(0);
    let found = texts(&who.post("/v3/memories/search/", query.clone()).await.ok());
    let named = json!({ "scope": "all", "latest_only": true, "filters": { "user_id": "gate" } });
    let paged = who.post("/v3/memories/?page=1&page_size=10", named).await.ok();
    let whole = |answer: Value| answer.to_string().contains(OLD);
    let latest = json!({ "latest_only": true });
    let levels = whole(who.post("/v1/memories/hierarchical/", latest).await.ok());
    let asked = json!({ "latest_only": true, "query": "which gate?", "threshold": 0 });
    let ranked = whole(who.post("/v1/memories/hierarchical/", asked.clone()).await.ok());
    let over_mcp = whole(call(who, "search_memories", query).await)
        && whole(call(who, "get_memories", all).await)
        && whole(call(who, "get_hierarchical_memories", asked).await);
    let current = state == (json!("active"), Value::Null);
    let ways = [
        listed.contains(&OLD.to_owned()),
        found.contains(&OLD.to_owned()),
        paged["count"] == json!(if current { 1 } else { 0 }),
        levels,
        ranked,
        over_mcp,
    ];
    match current {
        true => assert_eq!(ways, [true; 6], "listed, found, counted, by level, ranked by level, over MCP"),
        false => assert_eq!(ways, [false, false, true, false, false, false], "{memory}"),
    }
    current
}

/// A team in which an old memory was superseded, and somebody else in it.
struct Superseded {
    app: TestApp,
    owner: Actor,
    team: Node,
    mia: Actor,
    ned: Actor,
    old: String,
    new: String,
}

impl Superseded {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let owner = app.owner("alice").await;
        let north = owner.node(ScopeKind::Organization, "North").await;
        let team = owner.node_in(&north, ScopeKind::Team, "Alpha").await;
        let (mia, ned) = (
            owner.colleague("mia", &team, Role::Member).await,
            owner.colleague("ned", &team, Role::Member).await,
        );
        let old = remember_with(&mia, OLD, json!({ "scope": team.label(), "user_id": "gate" })).await;
        let more = json!({ "scope": team.label(), "supersedes": [old] });
        let new = remember_with(&mia, NEW, more).await;
        Self { app, owner, team, mia, ned, old, new }
    }
}

#[tokio::test]
async fn what_moved_away_with_its_author_supersedes_for_its_author_only() {
    let it = Superseded::new().await;
    assert!(!is_current(&it.ned, &it.old).await && !is_current(&it.mia, &it.old).await);
    it.mia.put(&format!("/v1/memories/{}/scope/", it.new), json!({ "scope": "personal" })).await.ok();
    assert!(is_current(&it.ned, &it.old).await, "ned does not see the successor");
    assert!(!is_current(&it.mia, &it.old).await, "mia does");
    // Editing the old one changes nothing for those who see the new one.
    let lead = it.owner.colleague("lead", &it.team, Role::Admin).await;
    lead.put(&one(&it.old), json!({ "categories": ["gates"] })).await.ok();
    assert!(is_current(&it.ned, &it.old).await && !is_current(&it.mia, &it.old).await);
    // For ned it is said already.
    let again = json!({ "messages": OLD, "infer": false, "scope": it.team.label(), "user_id": "gate" });
    let again = it.ned.post("/v3/memories/add/", again).await.ok();
    assert_eq!(again["results"][0]["id"], json!(it.old), "{again}");
    // And it can be superseded, for everybody who sees that.
    let more = json!({ "scope": it.team.label(), "supersedes": [it.old] });
    let third = remember_with(&lead, "The gate is number 11", more).await;
    for who in [&it.ned, &it.mia] {
        assert_eq!(who.get(&one(&it.old)).await.ok()["replaced_by"], json!(third));
    }
}

#[tokio::test]
async fn who_supersedes_it_anew_leaves_what_superseded_it_for_others() {
    let it = Superseded::new().await;
    it.mia.put(&format!("/v1/memories/{}/scope/", it.new), json!({ "scope": "personal" })).await.ok();
    let lead = it.owner.colleague("lead", &it.team, Role::Admin).await;
    let more = json!({ "scope": it.team.label(), "supersedes": [it.old], "classification": "confidential" });
    let third = remember_with(&lead, "The gate is number 11", more.clone()).await;
    // Of those two, mia's key shows the one that it showed before.
    let body = json!({ "name": "low", "scopes": ["memories:read"], "ceiling": "internal" });
    let low = it.mia.with_key(&it.mia.post("/v1/api-keys", body.clone()).await.ok());
    let by = async |who: &Actor| who.get(&one(&it.old)).await.ok()["replaced_by"].clone();
    assert_eq!(
        (by(&low).await, by(&it.mia).await, by(&it.ned).await),
        (json!(it.new), json!(third), json!(third))
    );
    assert!(!is_current(&low, &it.old).await);
    let ned = it.ned.with_key(&it.ned.post("/v1/api-keys", body.clone()).await.ok());
    assert!(is_current(&ned, &it.old).await, "it shows neither");
    // Who sees what superseded it is told.
    let again = add(&it.mia, &["The gate is number 13"], more).await.assert_problem(409, "conflict", None);
    assert_eq!(again, format!("{} is superseded already, by {third}", it.old));
    // Without the latest, everything is as it was before.
    lead.delete(&one(&third)).await.ok();
    assert_eq!(
        (by(&low).await, by(&it.mia).await, by(&it.ned).await),
        (json!(it.new), json!(it.new), Value::Null)
    );
    assert!(is_current(&it.ned, &it.old).await);
    it.mia.delete(&one(&it.new)).await.ok();
    assert!(is_current(&low, &it.old).await);
}

#[tokio::test]
async fn an_earlier_successor_that_is_gone_comes_back_no_more() {
    let it = Superseded::new().await;
    it.mia.put(&format!("/v1/memories/{}/scope/", it.new), json!({ "scope": "personal" })).await.ok();
    let lead = it.owner.colleague("lead", &it.team, Role::Admin).await;
    let more = json!({ "scope": it.team.label(), "supersedes": [it.old] });
    let third = remember_with(&lead, "The gate is number 11", more).await;
    it.mia.delete(&one(&it.new)).await.ok();
    for who in [&it.mia, &it.ned] {
        assert_eq!(who.get(&one(&it.old)).await.ok()["replaced_by"], json!(third));
    }
    lead.delete(&one(&third)).await.ok();
    assert!(is_current(&it.mia, &it.old).await && is_current(&it.ned, &it.old).await);
}

#[tokio::test]
async fn a_recipient_of_the_old_one_alone_and_a_key_with_a_ceiling_see_it_as_current() {
    let it = Superseded::new().await;
    let outside = it.owner.node(ScopeKind::Organization, "South").await;
    let gus = it.owner.colleague("gus", &outside, Role::Member).await;
    let with = json!({ "with": format!("person:{}", gus.user) });
    it.mia.post(&format!("/v1/memories/{}/shares/", it.old), with.clone()).await.ok();
    assert!(is_current(&gus, &it.old).await);
    it.mia.post(&format!("/v1/memories/{}/shares/", it.new), with).await.ok();
    assert!(!is_current(&gus, &it.old).await, "now gus sees the new one, too");

    it.mia.put(&one(&it.new), json!({ "classification": "confidential" })).await.ok();
    let body = json!({ "name": "low", "scopes": ["memories:read"], "ceiling": "internal" });
    let made = it.ned.post("/v1/api-keys", body).await.ok();
    assert!(is_current(&it.ned.with_key(&made), &it.old).await);
    assert!(!is_current(&it.ned, &it.old).await);
}

#[tokio::test]
async fn the_next_successor_that_is_seen_is_named() {
    let it = Superseded::new().await;
    let more = json!({ "scope": it.team.label(), "supersedes": [it.new] });
    let latest = remember_with(&it.mia, "The gate is number 11", more).await;
    it.mia.put(&format!("/v1/memories/{}/scope/", it.new), json!({ "scope": "personal" })).await.ok();
    let named = async |who: &Actor| who.get(&one(&it.old)).await.ok()["replaced_by"].clone();
    assert_eq!((named(&it.mia).await, named(&it.ned).await), (json!(it.new), json!(latest)));
    it.mia.put(&one(&latest), json!({ "expiration_date": "2026-03-03" })).await.ok();
    it.app.advance(TimeDelta::days(2));
    assert!(is_current(&it.ned, &it.old).await, "none that ned sees is left");
    assert_eq!(named(&it.mia).await, json!(it.new));
    let all = json!({ "scope": "all" });
    assert_eq!(list(&it.ned, all.clone()).await, [OLD]);
    assert_eq!(search(&it.ned, "which gate?", all).await, [OLD]);
}
