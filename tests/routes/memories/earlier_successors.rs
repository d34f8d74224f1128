//! What superseded a memory before the latest did, for those who see that and not the latest: it ends, and is forgotten, like
//! the latest.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::tenancy::users;

use super::{one, remember_with};
use crate::harness::{Actor, Client as _, Node, TestApp};

/// A team with two administrators and a member, and a key that shows the first of them what is internal at most.
struct Team {
    app: TestApp,
    owner: Actor,
    team: Node,
    mia: Actor,
    low: Actor,
    lead: Actor,
    ned: Actor,
}

impl Team {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let owner = app.owner("alice").await;
        let north = owner.node(ScopeKind::Organization, "North").await;
        let team = owner.node_in(&north, ScopeKind::Team, "Alpha").await;
        let mia = owner.colleague("mia", &team, Role::Admin).await;
        let lead = owner.colleague("lead", &team, Role::Admin).await;
        let ned = owner.colleague("ned", &team, Role::Member).await;
        let body = json!({ "name": "low", "scopes": ["memories:read"], "ceiling": "internal" });
        let low = mia.with_key(&mia.post("/v1/api-keys", body).await.ok());
        Self { app, owner, team, mia, low, lead, ned }
    }

    async fn say(&self, who: &Actor, gate: u32, supersedes: &[&String], class: &str) -> String {
        let more = json!({ "scope": self.team.label(), "supersedes": supersedes, "classification": class });
        remember_with(who, &format!("The gate is number {gate}"), more).await
    }

    /// Takes it away from the team.
    async fn keep(&self, id: &str) {
        self.mia.put(&format!("/v1/memories/{id}/scope/"), json!({ "scope": "personal" })).await.ok();
    }

    /// A memory, what superseded it and only mia sees, and what superseded it then and her key does not show.
    async fn superseded_twice(&self) -> [String; 3] {
        let old = self.say(&self.mia, 1, &[], "internal").await;
        let new = self.say(&self.mia, 2, &[&old], "internal").await;
        self.keep(&new).await;
        let latest = self.say(&self.lead, 3, &[&old], "confidential").await;
        [old, new, latest]
    }
}

/// What superseded a memory, for somebody.
async fn by(who: &Actor, id: &str) -> Value {
    let memory = who.get(&one(id)).await.ok();
    let superseded = memory["lifecycle_state"] == "superseded";
    assert_eq!(superseded, !memory["replaced_by"].is_null(), "{memory}");
    memory["replaced_by"].clone()
}

async fn version(who: &Actor, id: &str) -> Value {
    who.get(&one(id)).await.ok()["version"].clone()
}

/// The details of the last row in the audit log that says that it was released.
async fn released(team: &Team, id: &str) -> Value {
    let rows = team.owner.get(&format!("/v1/audit?memory={id}&action=memory.release")).await.ok();
    rows["results"][0]["details"].clone()
}

#[tokio::test]
async fn what_superseded_one_in_the_middle_is_left_to_those_who_see_it() {
    let team = Team::new().await;
    let old = team.say(&team.mia, 1, &[], "internal").await;
    let middle = team.say(&team.mia, 2, &[&old], "internal").await;
    let hers = team.say(&team.mia, 3, &[&middle], "internal").await;
    team.keep(&hers).await;
    let latest = team.say(&team.lead, 4, &[&middle], "confidential").await;
    team.lead.delete(&one(&middle)).await.ok();
    assert_eq!(
        (by(&team.low, &old).await, by(&team.mia, &old).await, by(&team.ned, &old).await),
        (json!(hers), json!(latest), json!(latest))
    );
    let seen = version(&team.ned, &old).await;
    assert_eq!(released(&team, &old).await, json!({ "version": seen, "replaced_by": latest }));
    team.lead.delete(&one(&latest)).await.ok();
    assert_eq!(
        (by(&team.low, &old).await, by(&team.mia, &old).await, by(&team.ned, &old).await),
        (json!(hers), json!(hers), Value::Null)
    );
}

#[tokio::test]
async fn an_earlier_one_is_released_with_a_version_and_a_row_in_the_log() {
    let team = Team::new().await;
    let [old, new, latest] = team.superseded_twice().await;
    assert_eq!((by(&team.low, &old).await, by(&team.ned, &old).await), (json!(new), json!(latest)));
    let before = version(&team.ned, &old).await.as_i64().unwrap();
    team.mia.delete(&one(&new)).await.ok();
    assert_eq!((by(&team.low, &old).await, by(&team.ned, &old).await), (Value::Null, json!(latest)));
    assert_eq!(version(&team.low, &old).await, before + 1);
    assert_eq!(released(&team, &old).await, json!({ "version": before + 1, "replaced_by": latest }));
    let history = team.ned.get(&format!("/v1/memories/{old}/history/")).await.ok();
    assert_eq!(history.as_array().unwrap().last().unwrap()["version"], before + 1, "{history}");
    // Once, and not again with the latest.
    team.lead.delete(&one(&latest)).await.ok();
    assert_eq!((by(&team.mia, &old).await, version(&team.mia, &old).await), (Value::Null, json!(before + 2)));
}

#[tokio::test]
async fn an_earlier_one_that_is_removed_with_what_a_leaver_left_is_released() {
    let team = Team::new().await;
    let [old, new, latest] = team.superseded_twice().await;
    // It is superseded in turn by what stays, and by what is removed with it.
    let more = json!({ "scope": "personal", "supersedes": [new] });
    let newer = remember_with(&team.mia, "The gate is number 4", more).await;
    let before = version(&team.ned, &old).await.as_i64().unwrap();
    let leave = format!("/v1/users/{}/deactivate", team.mia.user);
    team.owner.post(&leave, json!({})).await.ok();
    let long_ago = "UPDATE users SET deactivated_at = deactivated_at - interval '366 days' WHERE id = $1";
    let database = team.app.database().superuser().await;
    database.execute(long_ago, &[&team.mia.user.uuid()]).await.unwrap();
    assert_eq!(users::forget(team.app.gate(), || true).await.unwrap(), 2, "{new} and {newer}");
    assert_eq!(
        (by(&team.ned, &old).await, version(&team.ned, &old).await),
        (json!(latest), json!(before + 1))
    );
    let row = released(&team, &old).await;
    assert_eq!((&row["version"], &row["replaced_by"]), (&json!(before + 1), &json!(latest)), "{row}");
    team.lead.delete(&one(&latest)).await.ok();
    assert_eq!(by(&team.ned, &old).await, Value::Null);
}

#[tokio::test]
async fn what_an_earlier_one_superseded_can_go_with_it() {
    let team = Team::new().await;
    let [old, new, latest] = team.superseded_twice().await;
    let gone = team.mia.delete(&format!("{}?delete_linked=true", one(&new))).await.ok();
    assert_eq!(gone["cascade_count"], 1, "{gone}");
    team.ned.get(&one(&old)).await.assert_problem(404, "not-found", None);
    team.ned.get(&one(&latest)).await.ok();
}

#[tokio::test]
async fn what_one_superseded_through_another_that_is_not_seen_can_go_with_it() {
    let team = Team::new().await;
    let old = team.say(&team.mia, 1, &[], "internal").await;
    let middle = team.say(&team.mia, 2, &[&old], "internal").await;
    let latest = team.say(&team.mia, 3, &[&middle], "internal").await;
    team.keep(&middle).await;
    assert_eq!(by(&team.lead, &old).await, json!(latest));
    let gone = team.lead.delete(&format!("{}?delete_linked=true", one(&latest))).await.ok();
    assert_eq!(gone["cascade_count"], 1, "{gone}");
    team.mia.get(&one(&old)).await.assert_problem(404, "not-found", None);
    assert_eq!(by(&team.mia, &middle).await, Value::Null, "what she keeps is not touched");
}

/// Each alone would leave the old one to the other.
#[tokio::test]
async fn the_latest_and_an_earlier_one_that_are_forgotten_at_once_leave_nothing_to_each_other() {
    let team = Team::new().await;
    let [old, new, latest] = team.superseded_twice().await;
    let mut busy = team.app.database().another_superuser().await;
    let holding = busy.transaction().await.unwrap();
    let oldest = "SELECT FROM memories WHERE content = 'The gate is number 1' FOR UPDATE";
    holding.query_one(oldest, &[]).await.unwrap();
    let (earlier, later) = (one(&new), one(&latest));
    let wait = async {
        team.app.database().until_waiting(2).await;
        holding.commit().await.unwrap();
    };
    let (first, second, ()) = tokio::join!(team.mia.delete(&earlier), team.lead.delete(&later), wait);
    assert!(first.status.is_success() && second.status.is_success(), "{first}, {second}");
    for who in [&team.low, &team.mia, &team.ned] {
        assert_eq!(by(who, &old).await, Value::Null);
    }
}
