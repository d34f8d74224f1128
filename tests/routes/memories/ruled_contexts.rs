//! Contexts and approval rules: pinning shows a memory to everybody in the context, and nobody gets in past the rules.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{add, list, one, remember_with};
use crate::harness::{Actor, Answer, Client as _, TwoTeams};

/// Ann's context, for herself so far, beside a rule of her team's, and two people of another organization.
struct Launch {
    teams: TwoTeams,
    /// Of Alpha, too.
    max: Actor,
    xi: Actor,
    yu: Actor,
    context: String,
}

impl Launch {
    async fn under(rule: Value) -> Self {
        let teams = TwoTeams::under(rule).await;
        let south = teams.alice.node(ScopeKind::Organization, "South").await;
        let max = teams.alice.colleague("max", &teams.alpha, Role::Member).await;
        let xi = teams.alice.colleague("xi", &south, Role::Member).await;
        let yu = teams.alice.colleague("yu", &south, Role::Member).await;
        let made = teams.ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
        let context = made["id"].as_str().unwrap().to_owned();
        Self { teams, max, xi, yu, context }
    }

    async fn memory(&self, text: &str, class: &str) -> String {
        let more = json!({ "scope": self.teams.alpha.label(), "classification": class });
        remember_with(&self.teams.ann, text, more).await
    }

    async fn pin(&self, memory: &str) -> Answer {
        let with = json!({ "with": format!("context:{}", self.context) });
        self.teams.ann.post(&format!("/v1/memories/{memory}/shares/"), with).await
    }

    async fn join(&self, who: &Actor) -> Answer {
        let body = json!({ "user_id": who.user, "role": "viewer" });
        self.teams.ann.post(&format!("/v1/contexts/{}/members/", self.context), body).await
    }

    async fn approve(&self, asked: &Answer) -> Answer {
        asked.assert_status(202);
        let id = asked.json()["approval"]["id"].as_str().unwrap().to_owned();
        self.teams.lead.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await
    }
}

#[tokio::test]
async fn whoever_comes_into_a_context_is_asked_for_like_whom_it_is_shared_with() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    let first = launch.memory("Alpha ships on Friday", "internal").await;
    let pinned = launch.pin(&first).await.assert_status(201).json();
    launch.join(&launch.max).await.assert_status(201);
    let detail = launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
    let xi = format!("person:{}", launch.xi.user);
    let expected = format!(
        "somebody has to agree before xi ({xi}) may see what is in this context: share the context with them first, \
         without an end, which asks for that"
    );
    assert_eq!(detail, expected);
    launch.xi.get(&one(&first)).await.assert_problem(404, "not-found", None);
    let members = launch.teams.ann.get(&format!("/v1/contexts/{}/members/", launch.context)).await.ok();
    assert_eq!(members["results"].as_array().unwrap().len(), 2, "nothing changed: {members}");
    // As it says.
    let shares = format!("/v1/contexts/{}/shares/", launch.context);
    let asked = launch.teams.ann.post(&shares, json!({ "with": xi })).await;
    let shared = launch.approve(&asked).await.ok();
    launch.xi.get(&one(&first)).await.ok();
    let share = shared["share_id"].as_str().unwrap();
    launch.teams.ann.delete(&format!("{shares}{share}/")).await.ok();
    // Where nothing is under the rule any more they may come.
    let pin = pinned["share"]["id"].as_str().unwrap();
    launch.teams.ann.delete(&format!("/v1/memories/{first}/shares/{pin}/")).await.ok();
    launch.join(&launch.xi).await.assert_status(201);
}

#[tokio::test]
async fn what_is_pinned_goes_where_the_members_are() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    launch.join(&launch.xi).await.assert_status(201);
    // By name, so that its class lets it.
    let memory = launch.memory("Alpha ships on Monday", "confidential").await;
    let asked = launch.pin(&memory).await;
    assert_eq!(asked.assert_status(202).json()["approval"]["direction"], "out");
    launch.xi.get(&one(&memory)).await.assert_problem(404, "not-found", None);
    launch.approve(&asked).await.ok();
    launch.xi.get(&one(&memory)).await.ok();
    // They agreed to that for whoever is there.
    launch.join(&launch.yu).await.assert_status(201);
    launch.yu.get(&one(&memory)).await.ok();
    // Whose account is out of use may be back one day.
    for them in [&launch.xi, &launch.yu] {
        launch.teams.alice.post(&format!("/v1/users/{}/deactivate", them.user), json!({})).await.ok();
    }
    let second = launch.memory("Alpha ships on Tuesday", "internal").await;
    launch.pin(&second).await.assert_status(202);
}

#[tokio::test]
async fn what_was_agreed_to_for_one_organization_was_not_for_another() {
    let launch = Launch::under(json!({ "directions": ["across", "out"] })).await;
    let memory = launch.memory("Alpha ships on Friday", "internal").await;
    let asked = launch.pin(&memory).await;
    assert_eq!(asked.assert_status(202).json()["approval"]["direction"], "across");
    // Nothing is in it yet, so that anybody may come, and what was asked for is something else from then on.
    launch.join(&launch.xi).await.assert_status(201);
    let detail = launch.approve(&asked).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "by now this needs another approval, and has to be asked for anew");
    let leave = format!("/v1/contexts/{}/members/{}/", launch.context, launch.xi.user);
    launch.teams.ann.delete(&leave).await.assert_status(204);
    launch.approve(&asked).await.ok();
    launch.join(&launch.max).await.assert_status(201);
    launch.max.get(&one(&memory)).await.ok();
    launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn a_memory_comes_to_live_in_a_context_only_if_those_there_may_see_it() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    launch.teams.alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    launch.join(&launch.xi).await.assert_status(201);
    let note = remember_with(&launch.teams.ann, "The price is 42", json!({})).await;
    let scope = json!({ "scope": format!("context:{}", launch.context) });
    let moved = launch.teams.ann.put(&format!("/v1/memories/{note}/scope/"), scope).await;
    let detail = moved.assert_problem(403, "forbidden", None);
    assert!(detail.starts_with("this needs somebody else's approval"), "{detail}");
}

/// Raising a class asks for what was pinned as for what was shared.
#[tokio::test]
async fn a_rule_about_classes_sees_who_is_in_a_context() {
    let launch = Launch::under(json!({ "directions": ["out"], "classifications": ["confidential"] })).await;
    launch.join(&launch.max).await.assert_status(201);
    let inside = launch.memory("Alpha ships on Friday", "internal").await;
    launch.pin(&inside).await.assert_status(201);
    let raise = json!({ "classification": "confidential" });
    launch.teams.ann.put(&one(&inside), raise.clone()).await.ok();
    launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
    launch.teams.lead.put(&one(&inside), json!({ "classification": "internal" })).await.ok();
    launch.join(&launch.xi).await.assert_status(201);
    launch.teams.ann.put(&one(&inside), raise).await.assert_problem(409, "conflict", None);
}

/// And whom it is shared with.
#[tokio::test]
async fn a_rule_about_classes_sees_whom_a_context_is_shared_with() {
    let launch = Launch::under(json!({ "directions": ["out"], "classifications": ["confidential"] })).await;
    let inside = launch.memory("Alpha ships on Friday", "internal").await;
    let pinned = launch.pin(&inside).await.assert_status(201).json();
    let xi = json!({ "with": format!("person:{}", launch.xi.user) });
    launch.teams.ann.post(&format!("/v1/contexts/{}/shares/", launch.context), xi).await.assert_status(201);
    launch.xi.get(&one(&inside)).await.ok();
    let raise = json!({ "classification": "confidential" });
    let raised = launch.teams.ann.put(&one(&inside), raise.clone()).await;
    let detail = raised.assert_problem(409, "conflict", None);
    let pin = pinned["share"]["id"].as_str().unwrap();
    assert!(detail.contains(&format!("end {pin} first")), "{detail}");
    launch.teams.ann.delete(&format!("/v1/memories/{inside}/shares/{pin}/")).await.ok();
    launch.teams.ann.put(&one(&inside), raise).await.ok();
}

/// They see it all already.
#[tokio::test]
async fn a_person_with_an_approved_share_of_a_context_may_join_it() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    let memory = launch.memory("Alpha ships on Friday", "internal").await;
    launch.pin(&memory).await.assert_status(201);
    let shares = format!("/v1/contexts/{}/shares/", launch.context);
    let xi = format!("person:{}", launch.xi.user);
    // A role has no end.
    let until = json!({ "with": xi, "expires_at": launch.teams.app.now() + TimeDelta::days(1) });
    launch.approve(&launch.teams.ann.post(&shares, until).await).await.ok();
    launch.xi.get(&one(&memory)).await.ok();
    launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
    let asked = launch.teams.ann.post(&shares, json!({ "with": xi, "expires_at": null })).await;
    launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
    launch.approve(&asked).await.ok();
    launch.join(&launch.yu).await.assert_problem(403, "forbidden", None);
    launch.join(&launch.xi).await.assert_status(201);
    launch.xi.get(&format!("/v1/contexts/{}/", launch.context)).await.ok();
}

#[tokio::test]
async fn nothing_is_added_to_a_context_past_the_rules_about_those_it_is_shared_with() {
    let launch = Launch::under(json!({ "directions": ["public"] })).await;
    let (ann, alice) = (&launch.teams.ann, &launch.teams.alice);
    let rule = json!({
        "directions": ["out"], "classifications": ["confidential", "restricted"], "approver_role": "owner",
    });
    alice.put("/v1/enterprise/sharing-policy", json!({ "approvals": [rule] })).await.ok();
    let scope = format!("context:{}", launch.context);
    let shares = format!("/v1/contexts/{}/shares/", launch.context);
    let xi = json!({ "with": format!("person:{}", launch.xi.user) });
    let max = json!({ "with": format!("person:{}", launch.max.user) });
    let share = async |with: &Value| ann.post(&shares, with.clone()).await;
    let of = |class: &str| json!({ "scope": scope, "classification": class });
    // Of the same organization: the rule is not about that.
    share(&max).await.assert_status(201);
    let near = remember_with(ann, "The offer is at 40", of("confidential")).await;
    launch.max.get(&one(&near)).await.ok();
    ann.delete(&one(&near)).await.ok();

    let shared = share(&xi).await.assert_status(201).json();
    let expected = "this context is shared with somebody who may see what is confidential only after an approval: end \
                    that share first, and ask for it anew afterwards";
    let added = add(ann, &["The price is 42"], of("confidential")).await;
    assert_eq!(added.assert_problem(403, "forbidden", None), expected);
    let line = json!({ "memory": "The price is 43", "scope": scope, "classification": "confidential" });
    let import = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let imported = ann.send(import.body(line.to_string().into()).unwrap()).await;
    assert_eq!(imported.assert_problem(403, "forbidden", None), expected);
    assert_eq!(list(ann, json!({ "scope": scope })).await, Vec::<String>::new());
    // What the rule is not about.
    let open = remember_with(ann, "The launch is in May", of("internal")).await;
    launch.xi.get(&one(&open)).await.ok();

    // As it says. What was approved holds for what is as confidential, not for more.
    let share_id = shared["share"]["id"].as_str().unwrap();
    ann.delete(&format!("{shares}{share_id}/")).await.ok();
    let secret = remember_with(ann, "The price is 42", of("confidential")).await;
    let asked = share(&xi).await.assert_status(202).json();
    launch.xi.get(&one(&secret)).await.assert_problem(404, "not-found", None);
    let asked = asked["approval"]["id"].as_str().unwrap();
    alice.post(&format!("/v1/approvals/{asked}/approve/"), json!({})).await.ok();
    launch.xi.get(&one(&secret)).await.ok();
    let next = remember_with(ann, "The date is the first", of("confidential")).await;
    launch.xi.get(&one(&next)).await.ok();
    add(ann, &["The buyer is Beta"], of("restricted")).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn nothing_public_is_added_to_a_context_past_a_rule_about_its_links() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    let (ann, alice) = (&launch.teams.ann, &launch.teams.alice);
    let links = format!("/v1/contexts/{}/links/", launch.context);
    ann.post(&links, json!({})).await.ok();
    let rule = json!({ "directions": ["public"], "approver_role": "owner" });
    alice.put("/v1/enterprise/sharing-policy", json!({ "approvals": [rule] })).await.ok();
    let public = json!({ "scope": format!("context:{}", launch.context), "classification": "public" });
    let detail = add(ann, &["We open at nine"], public).await.assert_problem(403, "forbidden", None);
    assert!(detail.starts_with("a link to this context would open what is public"), "{detail}");
}

/// Whether the person comes before the memory or after it.
#[tokio::test]
async fn nothing_is_added_to_a_context_past_the_rules_about_its_members() {
    let launch = Launch::under(json!({ "directions": ["public"] })).await;
    let (ann, alice) = (&launch.teams.ann, &launch.teams.alice);
    let rule =
        json!({ "directions": ["out"], "classifications": ["confidential"], "approver_role": "owner" });
    alice.put("/v1/enterprise/sharing-policy", json!({ "approvals": [rule] })).await.ok();
    launch.join(&launch.max).await.assert_status(201);
    let scope = format!("context:{}", launch.context);
    let of = |class: &str| json!({ "scope": scope, "classification": class });
    // Max is of the same organization.
    remember_with(ann, "The offer is at 40", of("confidential")).await;
    launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
    let second = ann.post("/v1/contexts/", json!({ "name": "Second" })).await.ok();
    let launch = Launch { context: second["id"].as_str().unwrap().to_owned(), ..launch };
    let (ann, alice) = (&launch.teams.ann, &launch.teams.alice);
    let scope = format!("context:{}", launch.context);
    let of = |class: &str| json!({ "scope": scope, "classification": class });
    launch.join(&launch.xi).await.assert_status(201);

    let expected = "a member of this context may see what is confidential only after an approval: take them out of the \
                    context first, and share it with them afterwards, which asks for that";
    let added = add(ann, &["The price is 42"], of("confidential")).await;
    assert_eq!(added.assert_problem(403, "forbidden", None), expected);
    let line = json!({ "memory": "The price is 43", "scope": scope, "classification": "confidential" });
    let import = http::Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    let imported = ann.send(import.body(line.to_string().into()).unwrap()).await;
    assert_eq!(imported.assert_problem(403, "forbidden", None), expected);
    let open = remember_with(ann, "The launch is in May", of("internal")).await;
    let raise = json!({ "classification": "confidential" });
    let raised = ann.put(&one(&open), raise.clone()).await.assert_problem(409, "conflict", None);
    assert_eq!(raised, expected);
    // As it says.
    let leave = format!("/v1/contexts/{}/members/{}/", launch.context, launch.xi.user);
    ann.delete(&leave).await.assert_status(204);
    ann.put(&one(&open), raise).await.ok();
    let shares = format!("/v1/contexts/{}/shares/", launch.context);
    let xi = json!({ "with": format!("person:{}", launch.xi.user) });
    let asked = ann.post(&shares, xi).await.assert_status(202).json();
    let asked = asked["approval"]["id"].as_str().unwrap();
    alice.post(&format!("/v1/approvals/{asked}/approve/"), json!({})).await.ok();
    launch.join(&launch.xi).await.assert_status(201);
    let next = remember_with(ann, "The price is 44", of("confidential")).await;
    launch.xi.get(&one(&next)).await.ok();
}

/// Members whom an approved share let in see what it shows, and everything that comes later.
#[tokio::test]
async fn whoever_joins_by_an_approval_sees_no_earlier_text() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    let ann = &launch.teams.ann;
    launch.join(&launch.max).await.assert_status(201);
    let pinned = launch.memory("We merge with Beta", "internal").await;
    launch.pin(&pinned).await.assert_status(201);
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    launch.teams.alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let scope = format!("context:{}", launch.context);
    let inside = remember_with(ann, "We merge with Gamma", json!({ "scope": scope })).await;
    let say = async |text: &str| {
        for id in [&pinned, &inside] {
            ann.put(&one(id), json!({ "text": format!("{text} {id}") })).await.ok();
        }
    };
    say("The launch is in May").await;
    launch.join(&launch.xi).await.assert_problem(403, "forbidden", None);
    let xi = json!({ "with": format!("person:{}", launch.xi.user) });
    let shares = format!("/v1/contexts/{}/shares/", launch.context);
    let asked =
        ann.post(&shares, xi).await.assert_status(202).json()["approval"]["id"].as_str().unwrap().to_owned();
    launch.teams.alice.post(&format!("/v1/approvals/{asked}/approve/"), json!({})).await.ok();
    launch.teams.app.advance(TimeDelta::minutes(1));
    say("The launch is in June").await;
    launch.join(&launch.xi).await.assert_status(201);
    let seen = async |actor: &Actor, id: &str| {
        let versions = actor.get(&format!("{}history/", one(id))).await.ok();
        let seen = |it: &Value| {
            (it["version"].as_i64().unwrap(), it["old_memory"].is_null(), it["input"] == json!([]))
        };
        versions.as_array().unwrap().iter().map(seen).collect::<Vec<_>>()
    };
    let from_two = [(2, true, true), (3, false, false)];
    for id in [&pinned, &inside] {
        assert_eq!(seen(&launch.xi, id).await, from_two);
        assert_eq!(seen(&launch.max, id).await.len(), 3, "others see what they saw");
    }
    // What comes in later they see like everybody.
    let later = remember_with(ann, "The hall is booked", json!({ "scope": scope })).await;
    assert_eq!(seen(&launch.xi, &later).await, [(1, true, false)]);
    // The same once the share has ended, and with another role.
    let listed = ann.get(&shares).await.ok();
    let share = listed["results"][0]["id"].as_str().unwrap();
    ann.delete(&format!("{shares}{share}/")).await.ok();
    let role = json!({ "role": "member" });
    ann.put(&format!("/v1/contexts/{}/members/{}/", launch.context, launch.xi.user), role).await.ok();
    for id in [&pinned, &inside] {
        assert_eq!(seen(&launch.xi, id).await, from_two);
    }
}

/// A share that was approved twice shows what the first one showed, and so do the memories to a member.
#[tokio::test]
async fn who_joins_after_a_second_approval_keeps_what_they_saw() {
    let launch = Launch::under(json!({ "directions": ["out"] })).await;
    let ann = &launch.teams.ann;
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    launch.teams.alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let scope = format!("context:{}", launch.context);
    let id = remember_with(ann, "The launch is in April", json!({ "scope": scope })).await;
    let shares = format!("/v1/contexts/{}/shares/", launch.context);
    let mut share = String::new();
    for (text, permission) in [("The launch is in May", "read"), ("The launch is in June", "write")] {
        ann.put(&one(&id), json!({ "text": text })).await.ok();
        let xi = json!({ "with": format!("person:{}", launch.xi.user), "permission": permission });
        let asked = ann.post(&shares, xi).await.assert_status(202).json()["approval"]["id"].clone();
        let path = format!("/v1/approvals/{}/approve/", asked.as_str().unwrap());
        share = launch.teams.alice.post(&path, json!({})).await.ok()["share_id"].as_str().unwrap().to_owned();
        launch.teams.app.advance(TimeDelta::minutes(1));
    }
    launch.join(&launch.xi).await.assert_status(201);
    ann.delete(&format!("{shares}{share}/")).await.ok();
    let history = launch.xi.get(&format!("{}history/", one(&id))).await.ok();
    let versions: Vec<_> = history.as_array().unwrap().iter().map(|it| it["version"].clone()).collect();
    assert_eq!(versions, [2, 3]);
}

/// What is pinned goes as far as the context does, and that is what somebody agrees to.
#[tokio::test]
async fn who_decides_about_a_pin_is_told_who_sees_the_context() {
    let rule = json!({ "directions": ["out"], "classifications": ["confidential"] });
    let launch = Launch::under(rule).await;
    launch.join(&launch.max).await.assert_status(201);
    let xi = json!({ "with": format!("person:{}", launch.xi.user) });
    launch.teams.ann.post(&format!("/v1/contexts/{}/shares/", launch.context), xi).await.assert_status(201);
    let memory = launch.memory("Alpha ships on Friday", "confidential").await;
    let asked = launch.pin(&memory).await.assert_status(202).json();
    assert_eq!(asked["approval"]["direction"], "out");
    let id = asked["approval"]["id"].as_str().unwrap();
    let detail = launch.teams.lead.get(&format!("/v1/approvals/{id}/")).await.ok();
    let recipient = |who: &Actor, name: &str, member: bool| json!({ "with": format!("person:{}", who.user), "name": name, "member": member });
    let expected = [
        recipient(&launch.teams.ann, "ann", true),
        recipient(&launch.max, "max", true),
        recipient(&launch.xi, "xi", false),
    ];
    assert_eq!(detail["recipients"], json!(expected));
    assert_eq!(launch.teams.ann.get(&format!("/v1/approvals/{id}/")).await.ok()["recipients"], Value::Null);
}
