//! Approval rules about classifications, and changes of a classification.

use serde_json::json;

use super::{one, remember_with};
use crate::harness::{Client as _, TwoTeams};

#[tokio::test]
async fn another_class_is_no_way_around_a_rule_about_classes() {
    let rule = json!({ "directions": ["across", "out", "public"], "classifications": ["confidential"] });
    let TwoTeams { app: _app, north, alpha, beta, ann, lead, ben, .. } = TwoTeams::under(rule).await;
    let class = |class: &str| json!({ "classification": class });
    let secret = json!({ "scope": alpha.label(), "classification": "confidential" });
    let memory = remember_with(&ann, "Alpha is for sale", secret).await;
    let shares = format!("/v1/memories/{memory}/shares/");
    ann.post(&shares, json!({ "with": beta.label() })).await.assert_status(202);

    // Not by whoever shares it, whatever else they change with it.
    let told = ann.put(&one(&memory), class("internal")).await.assert_problem(403, "forbidden", None);
    let rule_of = format!("a rule of {} about approvals is about what is confidential", alpha.in_words());
    assert_eq!(told, format!("{rule_of}: making it internal needs the role admin there"));
    let batch = json!({ "memories": [{ "memory_id": memory, "classification": "internal" }] });
    ann.put("/v1/batch/", batch).await.assert_problem(403, "forbidden", None);
    assert_eq!(ann.get(&one(&memory)).await.ok()["classification"], "confidential");

    // By those who decide; and back only without what nobody agreed to.
    lead.put(&one(&memory), class("internal")).await.ok();
    let shared = ann.post(&shares, json!({ "with": beta.label() })).await.assert_status(201).json();
    let share = shared["share"]["id"].as_str().unwrap();
    for actor in [&ann, &lead] {
        let told =
            actor.put(&one(&memory), class("confidential")).await.assert_problem(409, "conflict", None);
        assert_eq!(
            told,
            format!(
                "what is confidential needs an approval to be shared so: end {share} first, and ask for that anew afterwards"
            )
        );
    }
    ben.get(&one(&memory)).await.ok();
    ann.delete(&format!("{shares}{share}/")).await.ok();
    ann.put(&one(&memory), class("confidential")).await.ok();
    ben.get(&one(&memory)).await.assert_problem(404, "not-found", None);
    let asked = ann.post(&shares, json!({ "with": beta.label() })).await.assert_status(202).json();
    let id = asked["approval"]["id"].as_str().unwrap();
    lead.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await.ok();
    // What was agreed to stays, whatever its class was meanwhile.
    lead.put(&one(&memory), class("internal")).await.ok();
    ann.put(&one(&memory), class("confidential")).await.ok();
    ben.get(&one(&memory)).await.ok();
    // What goes another way than the rule is about need not end.
    let up = remember_with(&ann, "Alpha hires in May", json!({ "scope": alpha.label() })).await;
    let with = json!({ "with": north.label() });
    ann.post(&format!("/v1/memories/{up}/shares/"), with).await.assert_status(201);
    ann.put(&one(&up), class("confidential")).await.ok();
}

/// What is public is opened by links, and by those to a context that it is in.
#[tokio::test]
async fn making_something_public_is_no_way_around_a_rule_about_links() {
    let rule = json!({ "directions": ["public"] });
    let TwoTeams { app, alice, alpha, ann, lead, .. } = TwoTeams::under(rule.clone()).await;
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap();
    let links = format!("/v1/contexts/{context}/links/");
    let link = ann.post(&links, json!({})).await.ok();
    let memory = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let pin = json!({ "with": format!("context:{context}") });
    ann.post(&format!("/v1/memories/{memory}/shares/"), pin).await.assert_status(201);

    let public = json!({ "classification": "public" });
    // The second sees neither the context nor its link.
    for actor in [&ann, &lead] {
        let told = actor.put(&one(&memory), public.clone()).await.assert_problem(409, "conflict", None);
        assert!(told.starts_with("a link to it, or to a context that it is in, would open"), "{told}");
    }
    let batch = json!({ "memories": [{ "memory_id": memory, "classification": "public" }] });
    ann.put("/v1/batch/", batch).await.assert_problem(409, "conflict", None);
    let address = format!("/v1/links/{}", link["token"].as_str().unwrap());
    assert_eq!(app.anonymous().get(&address).await.ok()["memories"], json!([]));
    // As it says: without the link it may be public, and the next link needs an approval.
    ann.delete(&format!("{links}{}/", link["id"].as_str().unwrap())).await.assert_status(204);
    ann.put(&one(&memory), public.clone()).await.ok();
    ann.post(&links, json!({})).await.assert_problem(403, "forbidden", None);

    // A link from before the rule stays, but does not open anew what was not public in between.
    let policy = format!("/v1/organizations/{}/sharing-policy", alpha.id);
    alice.put(&policy, json!({})).await.ok();
    let open = json!({ "scope": alpha.label(), "classification": "public" });
    let open = remember_with(&ann, "We open at nine", open).await;
    ann.post(&format!("/v1/memories/{open}/links/"), json!({})).await.ok();
    alice.put(&policy, json!({ "approvals": [rule] })).await.ok();
    ann.put(&one(&open), json!({ "classification": "internal" })).await.ok();
    ann.put(&one(&open), public).await.assert_problem(409, "conflict", None);
}

/// A class that more people may see is no way around a limit on who sees the one that it has.
#[tokio::test]
async fn another_class_is_no_way_around_a_limit_on_who_sees_one() {
    let TwoTeams { app: _app, alice, alpha, ann, lead, .. } =
        TwoTeams::under(json!({ "directions": ["up"] })).await;
    let limit = json!({ "audiences": { "internal": "team" } });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", alpha.id), limit).await.ok();
    let memory = remember_with(&ann, "Alpha hires in May", json!({ "scope": alpha.label() })).await;
    let class = |class: &str| json!({ "classification": class });
    let told = ann.put(&one(&memory), class("public")).await.assert_problem(403, "forbidden", None);
    let expected = format!(
        "{} lets what is internal be seen by a team at most: making it public, which more people may see, needs the role \
         admin there",
        alpha.in_words()
    );
    assert_eq!(told, expected);
    ann.put(&one(&memory), class("confidential")).await.assert_problem(403, "forbidden", None);
    // As few see what is restricted, and the way back leaves no limit.
    ann.put(&one(&memory), class("restricted")).await.ok();
    ann.put(&one(&memory), class("internal")).await.ok();
    lead.put(&one(&memory), class("public")).await.ok();
}
