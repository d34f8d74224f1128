//! Where a memory of a person's own, or in a context, may go depends on its author, whoever sends it there.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{add, one, remember_with};
use crate::harness::{Actor, Answer, Client as _, Node, TestApp};

/// Mia of a team in Europe, Gus of one in America, and a context of Mia's.
struct Oceans {
    app: TestApp,
    alice: Actor,
    europe: Node,
    alpha: Node,
    america: Node,
    gamma: Node,
    mia: Actor,
    gus: Actor,
    /// A viewer of Gamma.
    uma: Actor,
    context: String,
}

impl Oceans {
    async fn new() -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let europe = alice.node(ScopeKind::Organization, "Europe").await;
        let alpha = alice.node_in(&europe, ScopeKind::Team, "Alpha").await;
        let america = alice.node(ScopeKind::Organization, "America").await;
        let gamma = alice.node_in(&america, ScopeKind::Team, "Gamma").await;
        let mia = alice.colleague("mia", &alpha, Role::Member).await;
        let gus = alice.colleague("gus", &gamma, Role::Member).await;
        let uma = alice.colleague("uma", &gamma, Role::Viewer).await;
        let made = mia.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
        let context = made["id"].as_str().unwrap().to_owned();
        Self { app, alice, europe, alpha, america, gamma, mia, gus, uma, context }
    }

    async fn rule(&self, rule: Value) {
        self.alice.put("/v1/enterprise/sharing-policy", json!({ "approvals": [rule] })).await.ok();
    }

    async fn of_mia(&self, text: &str, class: &str) -> String {
        remember_with(&self.mia, text, json!({ "classification": class })).await
    }

    async fn in_context(&self, who: &Actor, text: &str, class: &str) -> String {
        remember_with(who, text, json!({ "scope": self.scope(), "classification": class })).await
    }

    fn scope(&self) -> String {
        format!("context:{}", self.context)
    }

    async fn join(&self, by: &Actor, who: &Actor, role: &str) -> Answer {
        let member = json!({ "user_id": who.user, "role": role });
        by.post(&format!("/v1/contexts/{}/members/", self.context), member).await
    }

    async fn share_context(&self, by: &Actor, with: &str) -> Answer {
        by.post(&format!("/v1/contexts/{}/shares/", self.context), json!({ "with": with })).await
    }

    /// Shares the context with Gus, which somebody approves, and makes him its administrator.
    async fn let_gus_in(&self) {
        let asked = self.share_context(&self.mia, &person(&self.gus)).await.assert_status(202).json();
        let approve = format!("/v1/approvals/{}/approve/", asked["approval"]["id"].as_str().unwrap());
        self.alice.post(&approve, json!({})).await.ok();
        self.join(&self.mia, &self.gus, "admin").await.assert_status(201);
    }
}

fn person(who: &Actor) -> String {
    format!("person:{}", who.user)
}

async fn share(who: &Actor, memory: &str, with: &str) -> Answer {
    who.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": with })).await
}

async fn put(who: &Actor, memory: &str, scope: &str) -> Answer {
    who.put(&format!("/v1/memories/{memory}/scope/"), json!({ "scope": scope })).await
}

#[tokio::test]
async fn recipients_share_no_further_than_the_author_may() {
    let oceans = Oceans::new().await;
    let (mia, gus, gamma) = (&oceans.mia, &oceans.gus, oceans.gamma.label());
    for class in ["confidential", "restricted"] {
        let memory = oceans.of_mia(&format!("the {class} price"), class).await;
        let given = json!({ "with": person(gus), "permission": "admin" });
        mia.post(&format!("/v1/memories/{memory}/shares/"), given).await.assert_status(201);
        let refusal = format!("{class} memories may not be seen in another organization");
        for who in [mia, gus] {
            assert_eq!(share(who, &memory, &gamma).await.assert_problem(403, "forbidden", None), refusal);
        }
        oceans.uma.get(&one(&memory)).await.assert_problem(404, "not-found", None);
        // Where its author belongs it may go.
        share(gus, &memory, &oceans.alpha.label()).await.assert_status(201);
    }
    oceans.rule(json!({ "directions": ["out"] })).await;
    let memory = oceans.of_mia("the list price", "internal").await;
    let given = json!({ "with": person(gus), "may_reshare": true });
    let asked = mia.post(&format!("/v1/memories/{memory}/shares/"), given).await.assert_status(202).json();
    let approve = format!("/v1/approvals/{}/approve/", asked["approval"]["id"].as_str().unwrap());
    oceans.alice.post(&approve, json!({})).await.ok();
    let asked = share(gus, &memory, &gamma).await.assert_status(202).json();
    assert_eq!(asked["approval"]["direction"], "out");
    oceans.uma.get(&one(&memory)).await.assert_problem(404, "not-found", None);
    let approve = format!("/v1/approvals/{}/approve/", asked["approval"]["id"].as_str().unwrap());
    oceans.alice.post(&approve, json!({})).await.ok();
    oceans.uma.get(&one(&memory)).await.ok();
}

#[tokio::test]
async fn administrators_of_a_context_send_nothing_further_than_its_authors_may() {
    let oceans = Oceans::new().await;
    let (mia, gus, gamma) = (&oceans.mia, &oceans.gus, oceans.gamma.label());
    oceans.join(mia, gus, "admin").await.assert_status(201);
    let own = oceans.in_context(gus, "what Gus knows", "confidential").await;
    let other = gus.post("/v1/contexts/", json!({ "name": "Gus" })).await.ok();
    let other = format!("context:{}", other["id"].as_str().unwrap());
    for class in ["confidential", "restricted"] {
        let memory = oceans.in_context(mia, &format!("the {class} plan"), class).await;
        let refusal = format!("{class} memories may not be seen in another organization");
        assert_eq!(share(gus, &memory, &gamma).await.assert_problem(403, "forbidden", None), refusal);
        assert_eq!(put(gus, &memory, &gamma).await.assert_problem(403, "forbidden", None), refusal);
        oceans.share_context(gus, &gamma).await.assert_problem(403, "forbidden", None);
        // Nor by way of a context of their own.
        put(gus, &memory, &other).await.ok();
        put(gus, &memory, &gamma).await.assert_problem(403, "forbidden", None);
        oceans.uma.get(&one(&memory)).await.assert_problem(404, "not-found", None);
    }
    share(gus, &own, &gamma).await.assert_status(201);
    share(mia, &own, &oceans.america.label()).await.assert_status(201);
    oceans.share_context(mia, &gamma).await.assert_status(201);
    // Mia's would be seen abroad now.
    let more = json!({ "scope": oceans.scope(), "classification": "confidential" });
    add(mia, &["another plan"], more.clone()).await.assert_problem(403, "forbidden", None);
    add(gus, &["what else Gus knows"], more).await.ok();
}

#[tokio::test]
async fn rules_ask_for_what_administrators_of_a_context_send_out() {
    let oceans = Oceans::new().await;
    let (mia, gus, gamma) = (&oceans.mia, &oceans.gus, oceans.gamma.label());
    oceans.rule(json!({ "directions": ["out"] })).await;
    oceans.let_gus_in().await;
    let memory = oceans.in_context(mia, "the plan", "public").await;
    assert_eq!(share(gus, &memory, &gamma).await.assert_status(202).json()["approval"]["direction"], "out");
    put(gus, &memory, &gamma).await.assert_problem(403, "forbidden", None);
    oceans.share_context(gus, &gamma).await.assert_status(202);
    oceans.join(gus, &oceans.uma, "viewer").await.assert_problem(403, "forbidden", None);
    oceans.uma.get(&one(&memory)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn what_was_approved_for_one_author_was_not_for_another() {
    let oceans = Oceans::new().await;
    let (mia, gus, gamma) = (&oceans.mia, &oceans.gus, oceans.gamma.label());
    oceans.join(mia, gus, "admin").await.assert_status(201);
    // To Mia he is no stranger.
    let both = json!({ "user_id": gus.user, "role": "viewer" });
    oceans.alice.post(&format!("/v1/organizations/{}/members", oceans.europe.id), both).await.ok();
    oceans.rule(json!({ "directions": ["up"] })).await;
    // For Gus, Gamma is home.
    let asked = oceans.share_context(gus, &gamma).await.assert_status(202).json();
    assert_eq!(asked["approval"]["direction"], "up");
    let approve = format!("/v1/approvals/{}/approve/", asked["approval"]["id"].as_str().unwrap());
    oceans.alice.post(&approve, json!({})).await.ok();
    oceans.rule(json!({ "directions": ["up", "out"], "classifications": ["public"] })).await;
    let public = json!({ "scope": oceans.scope(), "classification": "public" });
    add(mia, &["from Mia"], public.clone()).await.assert_problem(403, "forbidden", None);
    let lower = oceans.in_context(mia, "from Mia", "internal").await;
    let raise = json!({ "classification": "public" });
    let refused = mia.put(&one(&lower), raise).await.assert_problem(409, "conflict", None);
    assert!(refused.contains("approval"), "{refused}");
}

/// Gus joined because a share was approved, which showed the memory as it was then.
#[tokio::test]
async fn whoever_does_not_see_the_whole_history_takes_it_nowhere() {
    let oceans = Oceans::new().await;
    let (mia, gus) = (&oceans.mia, &oceans.gus);
    oceans.rule(json!({ "directions": ["out"] })).await;
    let memory = oceans.in_context(mia, "a secret draft", "internal").await;
    oceans.app.advance(chrono::TimeDelta::minutes(1));
    mia.put(&one(&memory), json!({ "text": "the clean text" })).await.ok();
    oceans.app.advance(chrono::TimeDelta::minutes(1));
    oceans.let_gus_in().await;
    let history = format!("/v1/memories/{memory}/history/");
    let seen = gus.get(&history).await.ok();
    assert_eq!(seen.as_array().unwrap().len(), 1, "{seen}");
    let other = gus.post("/v1/contexts/", json!({ "name": "Gus" })).await.ok();
    let other = format!("context:{}", other["id"].as_str().unwrap());
    let refused = put(gus, &memory, &other).await.assert_problem(403, "forbidden", None);
    assert!(refused.starts_with("you do not see what it said before"), "{refused}");
    assert_eq!(gus.get(&history).await.ok(), seen);
    // What was added since they see from the beginning.
    oceans.app.advance(chrono::TimeDelta::minutes(1));
    let later = oceans.in_context(mia, "what comes later", "internal").await;
    let refused = put(gus, &later, &other).await.assert_problem(403, "forbidden", None);
    assert!(refused.starts_with("this needs somebody else's approval"), "{refused}");
    put(mia, &memory, "personal").await.ok();
}

/// In their own scope everybody is the owner, and in a context whoever made it.
#[tokio::test]
async fn rules_about_roles_ask_for_what_is_a_persons_own_or_in_a_context() {
    let oceans = Oceans::new().await;
    let (alice, mia) = (&oceans.alice, &oceans.mia);
    let rule =
        json!({ "directions": ["out", "public"], "author_roles": ["member"], "approver_role": "admin" });
    let of_team = remember_with(mia, "the team's", json!({ "scope": oceans.alpha.label() })).await;
    oceans.rule(rule).await;
    let gus = person(&oceans.gus);
    let own = oceans.of_mia("the price of tea", "public").await;
    share(mia, &own, &gus).await.assert_status(202);
    share(mia, &own, &oceans.gamma.label()).await.assert_status(202);
    mia.post(&format!("/v1/memories/{own}/links/"), json!({})).await.assert_problem(403, "forbidden", None);
    oceans.share_context(mia, &gus).await.assert_status(202);
    oceans.in_context(mia, "for whoever may see it", "internal").await;
    oceans.join(mia, &oceans.gus, "viewer").await.assert_problem(403, "forbidden", None);
    share(mia, &of_team, &gus).await.assert_status(202);
    // Within the organization nothing is asked.
    share(mia, &own, &oceans.alpha.label()).await.assert_status(201);
    // Who holds a higher role is not asked, in their own scope as elsewhere.
    let by_alice = remember_with(alice, "the owner's", json!({})).await;
    share(alice, &by_alice, &gus).await.assert_status(201);
    let lead = alice.colleague("lead", &oceans.alpha, Role::Admin).await;
    let by_lead = remember_with(&lead, "the lead's", json!({})).await;
    share(&lead, &by_lead, &gus).await.assert_status(201);
    // Somebody else shares what a member wrote as the member would.
    mia.post(&format!("/v1/memories/{own}/shares/"), json!({ "with": person(&lead), "permission": "admin" }))
        .await
        .assert_status(201);
    share(&lead, &own, &gus).await.assert_status(202);
    // A member of one team who leads another does not take its memories out by way of that or their own scope.
    let other = alice.node_in(&oceans.europe, ScopeKind::Team, "Other").await;
    let joins = json!({ "user_id": mia.user, "role": "admin" });
    alice.post(&format!("/v1/organizations/{}/members", other.id), joins).await.ok();
    for to in ["personal", &other.label()] {
        put(mia, &of_team, to).await.assert_problem(403, "forbidden", None);
    }
}

/// What a node narrows to an organization stays in one, like what is confidential.
#[tokio::test]
async fn an_audience_of_an_organization_is_one_organization() {
    let oceans = Oceans::new().await;
    let (alice, mia, gus) = (&oceans.alice, &oceans.mia, &oceans.gus);
    let of_team = remember_with(mia, "the team's", json!({ "scope": oceans.alpha.label() })).await;
    let own = oceans.of_mia("Mia's", "internal").await;
    let refusal = "internal memories may not be seen in another organization here";
    for audience in ["organization", "team"] {
        let policy = json!({ "audiences": { "internal": audience } });
        alice.put("/v1/enterprise/sharing-policy", policy).await.ok();
        for memory in [&of_team, &own] {
            let refused = share(mia, memory, &oceans.gamma.label()).await;
            assert_eq!(refused.assert_problem(403, "forbidden", None), refusal);
            share(mia, memory, "enterprise").await.assert_problem(403, "forbidden", None);
        }
        oceans.uma.get(&one(&of_team)).await.assert_problem(404, "not-found", None);
    }
    share(mia, &own, &oceans.alpha.label()).await.assert_status(201);
    share(mia, &of_team, &person(gus)).await.assert_status(201);
    // Nor does a team take it along to another organization, once it is shared within its own.
    let sibling = alice.node_in(&oceans.europe, ScopeKind::Team, "Sibling").await;
    share(mia, &of_team, &sibling.label()).await.assert_status(201);
    let to = json!({ "parent": oceans.america.id });
    let path = format!("/v1/organizations/{}/move", sibling.id);
    alice.post(&path, to).await.assert_problem(409, "conflict", None);
}
