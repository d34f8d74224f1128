//! The four-eyes principle: the approver is somebody else than the requester, approves exactly what they were asked,
//! and only what the requester could still ask for.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember_with};
use crate::harness::{Actor, Answer, Client as _, Node, TestApp, TwoTeams};

/// Three teams of an organization. Whatever leaves Alpha sideways needs an approval.
struct Office {
    app: TestApp,
    alice: Actor,
    north: Node,
    alpha: Node,
    beta: Node,
    gamma: Node,
    ann: Actor,
    /// Admins of Alpha.
    adm: Actor,
    lead: Actor,
    ben: Actor,
    cat: Actor,
}

impl Office {
    async fn new() -> Self {
        let rule = json!({ "directions": ["across", "out"] });
        let TwoTeams { app, alice, north, alpha, beta, ann, lead, ben } = TwoTeams::under(rule).await;
        let gamma = alice.node_in(&north, ScopeKind::Team, "Gamma").await;
        let adm = alice.colleague("adm", &alpha, Role::Admin).await;
        let cat = alice.colleague("cat", &gamma, Role::Member).await;
        Self { app, alice, north, alpha, beta, gamma, ann, adm, lead, ben, cat }
    }

    async fn rule(&self, rule: Value) {
        let path = format!("/v1/organizations/{}/sharing-policy", self.alpha.id);
        self.alice.put(&path, json!({ "approvals": [rule] })).await.ok();
    }

    /// A memory of theirs in Alpha.
    async fn memory(&self, author: &Actor, text: &str) -> String {
        remember_with(author, text, json!({ "scope": self.alpha.label() })).await
    }

    fn members(&self, node: &Node, who: &Actor) -> String {
        format!("/v1/organizations/{}/members/{}", node.id, who.user)
    }
}

async fn share(actor: &Actor, memory: &str, body: Value) -> Answer {
    actor.post(&format!("/v1/memories/{memory}/shares/"), body).await
}

/// Asks for it; the request's id.
async fn ask(actor: &Actor, memory: &str, body: Value) -> String {
    let asked = share(actor, memory, body).await;
    asked.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned()
}

async fn approve(actor: &Actor, id: &str) -> Answer {
    actor.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await
}

async fn sees(actor: &Actor, memory: &str) -> bool {
    actor.get(&one(memory)).await.status.is_success()
}

const GAINS: &str = "it is to be shared with you or a scope of yours, and a delegate does not decide about that: somebody else \
                     has to decide";
const NO_MORE: &str = "the person who asked may no longer share it";

#[tokio::test]
async fn who_may_not_share_it_any_more_gets_nothing_approved() {
    let office = Office::new().await;
    let beta = json!({ "with": office.beta.label() });
    // Of what others added only admins share, and this one is none any more.
    let memory = office.memory(&office.ann, "Alpha ships on Friday").await;
    let id = ask(&office.adm, &memory, beta.clone()).await;
    office.alice.put(&office.members(&office.alpha, &office.adm), json!({ "role": "member" })).await.ok();
    assert_eq!(approve(&office.lead, &id).await.assert_problem(409, "conflict", None), NO_MORE);
    assert!(!sees(&office.ben, &memory).await);
    office.alice.put(&office.members(&office.alpha, &office.adm), json!({ "role": "admin" })).await.ok();
    approve(&office.lead, &id).await.ok();
    assert!(sees(&office.ben, &memory).await);
}

#[tokio::test]
async fn what_was_shared_on_ends_with_what_it_came_through_asked_for_or_not() {
    let office = Office::new().await;
    office.rule(json!({ "directions": ["across", "out"], "author_roles": ["member"] })).await;
    let gamma = json!({ "with": office.gamma.label(), "permission": "write", "may_reshare": true });
    let ben = format!("person:{}", office.ben.user);
    // Lowered meanwhile.
    let memory = office.memory(&office.adm, "The vault code is seven").await;
    let much = json!({ "with": ben, "permission": "write", "may_reshare": true, "expires_at": null });
    share(&office.adm, &memory, much.clone()).await.assert_status(201);
    let id = ask(&office.ben, &memory, gamma.clone()).await;
    let until = office.app.now() + TimeDelta::days(5);
    for less in [
        json!({ "with": ben, "permission": "read", "may_reshare": true }),
        json!({ "with": ben, "permission": "write", "may_reshare": true, "expires_at": until }),
        json!({ "with": ben, "permission": "write", "may_reshare": false }),
    ] {
        share(&office.adm, &memory, less).await.assert_status(201);
        assert_eq!(approve(&office.lead, &id).await.assert_problem(409, "conflict", None), NO_MORE);
    }
    assert!(!sees(&office.cat, &memory).await);
    share(&office.adm, &memory, much).await.assert_status(201);
    approve(&office.lead, &id).await.ok();
    assert!(sees(&office.cat, &memory).await);

    // Through a team that they left.
    let memory = office.memory(&office.adm, "Lunch is at noon in the yard").await;
    share(&office.adm, &memory, json!({ "with": office.beta.label(), "may_reshare": true }))
        .await
        .assert_status(201);
    let id = ask(&office.ben, &memory, json!({ "with": office.gamma.label() })).await;
    office.alice.delete(&office.members(&office.beta, &office.ben)).await.assert_status(204);
    assert_eq!(approve(&office.lead, &id).await.assert_problem(409, "conflict", None), NO_MORE);
    // Who has another way by now goes that one, and what they shared ends with it.
    let given = share(&office.adm, &memory, json!({ "with": ben, "may_reshare": true }))
        .await
        .assert_status(201)
        .json();
    approve(&office.lead, &id).await.ok();
    assert!(sees(&office.cat, &memory).await);
    let given = given["share"]["id"].as_str().unwrap();
    let ended = office.adm.delete(&format!("/v1/memories/{memory}/shares/{given}/")).await.ok();
    assert_eq!(ended["ended"], 2);
    assert!(!sees(&office.cat, &memory).await);
}

#[tokio::test]
async fn nobody_decides_in_the_place_of_whoever_asked() {
    let office = Office::new().await;
    let side = office.alice.colleague("side", &office.alpha, Role::Viewer).await;
    let path = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let until = office.app.now() + TimeDelta::days(9);
    let new = json!({ "user_id": side.user, "ends_at": until });
    office.adm.post(&path, new.clone()).await.assert_status(201);
    let memory = office.memory(&office.adm, "Rain stops the cranes").await;
    let id = ask(&office.adm, &memory, json!({ "with": office.beta.label() })).await;
    side.get(&format!("/v1/approvals/{id}/")).await.assert_problem(404, "not-found", None);
    assert_eq!(side.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    approve(&side, &id).await.assert_problem(404, "not-found", None);
    let denied = side.post(&format!("/v1/approvals/{id}/deny/"), json!({})).await;
    denied.assert_problem(404, "not-found", None);
    // In somebody else's place they do.
    office.lead.post(&path, new).await.assert_status(201);
    assert_eq!(side.get("/v1/approvals/?to_decide=true").await.ok()["results"][0]["id"], json!(id));
    approve(&side, &id).await.ok();
    assert!(sees(&office.ben, &memory).await);
}

#[tokio::test]
async fn a_delegate_does_not_decide_what_they_get() {
    let office = Office::new().await;
    let path = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let new = json!({ "user_id": office.ben.user, "ends_at": office.app.now() + TimeDelta::days(9) });
    let made = office.lead.post(&path, new).await.ok();
    assert_eq!((&made["from_name"], &made["to_name"]), (&json!("lead"), &json!("ben")));
    assert_eq!(office.lead.get(&path).await.ok()["results"], json!([made]));
    let memory = office.memory(&office.ann, "Rain stops the cranes").await;
    let to_ben = json!({ "with": format!("person:{}", office.ben.user) });
    let id = ask(&office.ann, &memory, to_ben.clone()).await;
    assert_eq!(office.ben.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    let shown = office.ben.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!((&shown["can_decide"], &shown["memory"]), (&json!(false), &Value::Null));
    for verb in ["approve", "deny"] {
        let told = office.ben.post(&format!("/v1/approvals/{id}/{verb}/"), json!({})).await;
        assert_eq!(told.assert_problem(403, "forbidden", None), GAINS);
    }
    let question = json!({ "user_id": office.ben.user, "action": "decide_approval", "approval_id": id });
    let told = office.lead.post("/v1/access/check", question).await.ok();
    let reason =
        "it is to be shared with them or a scope of theirs, and a delegate does not decide about that";
    assert_eq!((&told["allowed"], &told["reason"]), (&json!(false), &json!(reason)));
    // Nobody asks for the same twice.
    let again = share(&office.ann, &memory, to_ben).await.assert_problem(409, "conflict", None);
    assert_eq!(again, format!("{id} asks for this already, and is not decided yet"));
    approve(&office.lead, &id).await.ok();
    // What others get they decide.
    let id = ask(&office.ann, &memory, json!({ "with": format!("person:{}", office.cat.user) })).await;
    approve(&office.ben, &id).await.ok();
    assert!(sees(&office.cat, &memory).await);
}

#[tokio::test]
async fn a_delegate_does_not_decide_what_they_get_with_others() {
    let office = Office::new().await;
    let path = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let until = office.app.now() + TimeDelta::days(9);
    for delegate in [&office.ben, &office.ann] {
        let new = json!({ "user_id": delegate.user, "ends_at": until });
        office.lead.post(&path, new).await.ok();
    }
    let memory = office.memory(&office.adm, "Rain stops the cranes").await;
    // With ben's team.
    let id = ask(&office.adm, &memory, json!({ "with": office.beta.label() })).await;
    assert_eq!(office.ben.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    let told = approve(&office.ben, &id).await.assert_problem(403, "forbidden", None);
    assert_eq!(told, GAINS);
    let question = json!({ "user_id": office.ben.user, "action": "decide_approval", "approval_id": id });
    assert_eq!(office.lead.post("/v1/access/check", question).await.ok()["allowed"], json!(false));
    // Ann sees it already, and gains nothing.
    approve(&office.ann, &id).await.ok();
    // Ben sees it now, and would get to change it.
    let write = json!({ "with": office.beta.label(), "permission": "write" });
    let id = ask(&office.adm, &memory, write).await;
    assert_eq!(approve(&office.ben, &id).await.assert_problem(403, "forbidden", None), GAINS);
    approve(&office.ann, &id).await.ok();
    assert!(sees(&office.ben, &memory).await);
    // With a context of his.
    let made = office.ben.post("/v1/contexts/", json!({ "name": "Cranes" })).await.ok();
    let context = made["id"].as_str().unwrap();
    let joins = json!({ "user_id": office.adm.user, "role": "member" });
    office.ben.post(&format!("/v1/contexts/{context}/members/"), joins).await.assert_status(201);
    let memory = office.memory(&office.adm, "Snow stops them, too").await;
    let id = ask(&office.adm, &memory, json!({ "with": format!("context:{context}") })).await;
    assert_eq!(approve(&office.ben, &id).await.assert_problem(403, "forbidden", None), GAINS);
    // With somebody else's context that is shared with his team, or with him.
    for with in [office.beta.label(), format!("person:{}", office.ben.user)] {
        let made = office.cat.post("/v1/contexts/", json!({ "name": "Weather" })).await.ok();
        let context = made["id"].as_str().unwrap();
        let joins = json!({ "user_id": office.adm.user, "role": "member" });
        office.cat.post(&format!("/v1/contexts/{context}/members/"), joins).await.assert_status(201);
        let shared = json!({ "with": with });
        office.cat.post(&format!("/v1/contexts/{context}/shares/"), shared).await.assert_status(201);
        let id = ask(&office.adm, &memory, json!({ "with": format!("context:{context}") })).await;
        assert_eq!(approve(&office.ben, &id).await.assert_problem(403, "forbidden", None), GAINS);
    }
    // What goes to others he decides, and what the whole organization gets, of which everybody is who could.
    let id = ask(&office.adm, &memory, json!({ "with": office.gamma.label() })).await;
    approve(&office.ben, &id).await.ok();
    assert!(!sees(&office.ben, &memory).await && sees(&office.cat, &memory).await);
    office.rule(json!({ "directions": ["up"] })).await;
    let id = ask(&office.adm, &memory, json!({ "with": office.north.label() })).await;
    approve(&office.ben, &id).await.ok();
    assert!(sees(&office.ben, &memory).await);
}

#[tokio::test]
async fn programs_decide_about_nothing() {
    let office = Office::new().await;
    let memory = office.memory(&office.adm, "Nina leads the audit").await;
    let id = ask(&office.adm, &memory, json!({ "with": office.beta.label() })).await;
    let accounts = format!("/v1/organizations/{}/service-accounts", office.alpha.id);
    let bot = office.adm.post(&accounts, json!({ "name": "Bot" })).await.ok();
    let member = json!({ "user_id": bot["id"], "role": "admin" });
    office.adm.post(&format!("/v1/organizations/{}/members", office.alpha.id), member).await.ok();
    let keys = format!("/v1/service-accounts/{}/api-keys", bot["id"].as_str().unwrap());
    let key = json!({ "name": "k", "scopes": ["memories:read", "memories:write"] });
    let bot_calls = office.adm.with_key(&office.adm.post(&keys, key).await.ok());
    let told = approve(&bot_calls, &id).await.assert_problem(403, "forbidden", None);
    assert_eq!(told, "a person has to decide, service accounts do not");
    assert_eq!(bot_calls.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    assert_eq!(bot_calls.get(&format!("/v1/approvals/{id}/")).await.ok()["can_decide"], false);
    let question = json!({
        "user_id": bot["id"], "action": "decide_approval", "approval_id": id,
    });
    let told = office.lead.post("/v1/access/check", question).await.ok();
    assert_eq!(
        (&told["allowed"], &told["reason"]),
        (&json!(false), &json!("they are a service account, and a person has to decide"))
    );
    let until = office.app.now() + TimeDelta::days(9);
    let delegates = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let new = json!({ "user_id": bot["id"], "ends_at": until });
    office.adm.post(&delegates, new).await.assert_problem(400, "invalid", Some("user_id"));

    // Nor does whoever has the key decide about what the program asks for.
    let memory = office.memory(&office.ann, "Badges are renewed in March").await;
    let id = ask(&bot_calls, &memory, json!({ "with": office.beta.label() })).await;
    let told = approve(&office.adm, &id).await.assert_problem(403, "forbidden", None);
    assert_eq!(
        told,
        "the request comes from a service account whose key you made (or rotated): somebody else has to decide"
    );
    let question = json!({ "user_id": office.adm.user, "action": "decide_approval", "approval_id": id });
    let told = office.lead.post("/v1/access/check", question).await.ok();
    assert_eq!(
        told["reason"],
        "it comes from a service account whose key they made, so somebody else has to decide"
    );
    approve(&office.lead, &id).await.ok();

    // Where nobody but programs could agree, nothing is asked for.
    office.alice.delete(&office.members(&office.alpha, &office.lead)).await.assert_status(204);
    office.rule(json!({ "directions": ["across"], "escalate_after_hours": 24 })).await;
    let memory = office.memory(&office.adm, "Paint for the hull is ordered").await;
    let asked = share(&office.adm, &memory, json!({ "with": office.beta.label() })).await;
    let asked = asked.assert_status(202).json();
    // So it is for those above, at once.
    assert_eq!(asked["approval"]["escalates_at"], asked["approval"]["requested_at"]);
}

#[tokio::test]
async fn a_delegation_ends_with_the_account_that_gave_it_or_by_an_admin() {
    let office = Office::new().await;
    let side = office.alice.colleague("side", &office.alpha, Role::Viewer).await;
    let path = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let until = office.app.now() + TimeDelta::days(9);
    let new = json!({ "user_id": side.user, "ends_at": until });
    let made = office.adm.post(&path, new).await.ok();
    let memory = office.memory(&office.ann, "The press visit is cancelled").await;
    let id = ask(&office.ann, &memory, json!({ "with": office.beta.label() })).await;
    office.alice.post(&format!("/v1/users/{}/deactivate", office.adm.user), json!({})).await;
    assert_eq!(side.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    approve(&side, &id).await.assert_problem(404, "not-found", None);
    let one = format!("/v1/approval-delegates/{}", made["id"].as_str().unwrap());
    for nobody in [&office.ben, &office.ann] {
        nobody.delete(&one).await.assert_problem(404, "not-found", None);
    }
    office.alice.delete(&one).await.assert_status(204);
    assert_eq!(office.lead.get(&path).await.ok()["results"], json!([]));
    office.alice.delete(&one).await.assert_problem(404, "not-found", None);
    assert!(!sees(&office.ben, &memory).await);
}

#[tokio::test]
async fn what_is_agreed_to_is_what_was_asked_for() {
    let office = Office::new().await;
    let beta = json!({ "with": office.beta.label() });
    for change in [json!({ "text": "Alpha ships on Monday" }), json!({ "classification": "confidential" })] {
        let memory = office.memory(&office.ann, "Old cables go to the depot").await;
        let first = ask(&office.ann, &memory, beta.clone()).await;
        let shown = office.lead.get(&format!("/v1/approvals/{first}/")).await.ok();
        assert_eq!((&shown["memory_version"], &shown["changed"]), (&json!(1), &json!(false)));
        office.ann.put(&one(&memory), change.clone()).await.ok();
        let shown = office.lead.get(&format!("/v1/approvals/{first}/")).await.ok();
        assert_eq!(shown["changed"], true);
        let told = approve(&office.lead, &first).await.assert_problem(409, "conflict", None);
        assert_eq!(
            told,
            "it has changed since the request: ann has to ask again, and you can only deny this one"
        );
        assert!(!sees(&office.ben, &memory).await);
        // Asked for anew, the first is closed.
        let second = ask(&office.ann, &memory, beta.clone()).await;
        assert_eq!(office.ann.get(&format!("/v1/approvals/{first}/")).await.ok()["status"], "withdrawn");
        share(&office.ann, &memory, beta.clone()).await.assert_problem(409, "conflict", None);
        approve(&office.lead, &second).await.ok();
        assert!(sees(&office.ben, &memory).await);
        office.ann.delete(&one(&memory)).await.ok();
    }
}

/// What the others will see: nothing of that is left out, and they see nothing from before.
#[tokio::test]
async fn approvers_see_all_that_will_be_shown() {
    let office = Office::new().await;
    let more = json!({
        "scope": office.alpha.label(), "metadata": { "price": "60M" }, "categories": ["deals"], "user_id": "beta",
    });
    let memory = remember_with(&office.ann, "The code word is Aardvark", more).await;
    office.ann.put(&one(&memory), json!({ "text": "The canteen opens at noon" })).await.ok();
    let ben = format!("person:{}", office.ben.user);
    let id = ask(&office.ann, &memory, json!({ "with": ben })).await;
    let path = format!("/v1/approvals/{id}/");
    let shown = office.lead.get(&path).await.ok();
    assert_eq!(
        (&shown["memory"], &shown["metadata"], &shown["categories"], &shown["user_id"]),
        (&json!("The canteen opens at noon"), &json!({ "price": "60M" }), &json!(["deals"]), &json!("beta"))
    );
    let own = office.ann.get(&path).await.ok();
    assert_eq!((&own["memory"], &own["metadata"]), (&Value::Null, &Value::Null));
    office.lead.post(&format!("{path}approve/"), json!({})).await.ok();
    let history = office.ben.get(&format!("/v1/memories/{memory}/history/")).await.ok();
    assert_eq!(history.as_array().unwrap().len(), 1, "{history}");
    assert_eq!(history[0]["new_memory"], "The canteen opens at noon");
    assert!(!history.to_string().contains("Aardvark"), "{history}");

    let context = office.ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap();
    share(&office.ann, &memory, json!({ "with": format!("context:{context}") })).await.assert_status(202);
    let id = office.lead.get("/v1/approvals/?to_decide=true").await.ok()["results"][0]["id"].clone();
    office.lead.post(&format!("/v1/approvals/{}/approve/", id.as_str().unwrap()), json!({})).await.ok();
    let cat = json!({ "with": format!("person:{}", office.cat.user) });
    let asked =
        office.ann.post(&format!("/v1/contexts/{context}/shares/"), cat).await.assert_status(202).json();
    let path = format!("/v1/approvals/{}/", asked["approval"]["id"].as_str().unwrap());
    let inside = &office.lead.get(&path).await.ok()["context"]["memories"][0];
    assert_eq!((&inside["id"], &inside["metadata"]), (&json!(memory), &json!({ "price": "60M" })));
}

/// Somebody deactivated can have nothing approved, so their request is nobody's task until they are back.
#[tokio::test]
async fn what_a_deactivated_person_asked_for_is_not_listed_to_decide() {
    let office = Office::new().await;
    let memory = office.memory(&office.ann, "Spare keys are in the safe").await;
    let id = ask(&office.ann, &memory, json!({ "with": office.beta.label() })).await;
    let to_decide = async || {
        let listed = office.lead.get("/v1/approvals/?to_decide=true").await.ok();
        listed["results"].as_array().unwrap().iter().any(|asked| asked["id"] == json!(id))
    };
    assert!(to_decide().await);
    office.alice.post(&format!("/v1/users/{}/deactivate", office.ann.user), json!({})).await.ok();
    assert!(!to_decide().await);
    let all = office.lead.get("/v1/approvals/?status=pending").await.ok();
    assert_eq!(all["results"][0]["id"], json!(id), "it is still there");
    let told = approve(&office.lead, &id).await.assert_problem(409, "conflict", None);
    assert_eq!(told, "the account of ann is deactivated: you can only deny this");
    office.alice.post(&format!("/v1/users/{}/reactivate", office.ann.user), json!({})).await.ok();
    assert!(to_decide().await);
    approve(&office.lead, &id).await.ok();
}

/// An administrator who had a password reset may act as that person.
#[tokio::test]
async fn who_reset_somebodys_password_and_they_decide_nothing_of_each_others() {
    let office = Office::new().await;
    let memory = office.memory(&office.adm, "Alpha ships on Friday").await;
    let id = ask(&office.adm, &memory, json!({ "with": office.beta.label() })).await;
    let mark = async |person: &Actor, by: &Actor| {
        let sql = format!(
            "UPDATE users SET password_by = '{}' WHERE id = '{}'",
            by.user.uuid(),
            person.user.uuid()
        );
        office.app.database().superuser().await.batch_execute(&sql).await.unwrap();
    };
    mark(&office.lead, &office.adm).await;
    let told = approve(&office.lead, &id).await.assert_problem(403, "forbidden", None);
    let expected =
        "the requester made the token for your password (or you for theirs): somebody else has to decide";
    assert_eq!(told, expected);
    let question = json!({ "user_id": office.lead.user, "action": "decide_approval", "approval_id": id });
    let told = office.alice.post("/v1/access/check", question).await.ok();
    assert!(told["reason"].as_str().unwrap().starts_with("they made the token for the requester's password"));
    mark(&office.lead, &office.alice).await;
    mark(&office.adm, &office.lead).await;
    approve(&office.lead, &id).await.assert_status(403);
    mark(&office.adm, &office.alice).await;
    approve(&office.lead, &id).await.ok();
}
