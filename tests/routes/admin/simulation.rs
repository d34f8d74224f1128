//! `/v1/access/check` about memories and requests: what others may do to them, and why.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::office::{Office, remember};
use super::text;
use crate::harness::{Actor, Client as _};

#[tokio::test]
async fn what_is_said_about_a_memory_is_what_happens() {
    let office = Office::new().await;
    let olga = office.alice.enterprise_colleague("olga", Role::Owner).await;
    let vera = office.alice.colleague("vera", &office.alpha, Role::Viewer).await;
    let wim = office.alice.colleague("wim", &office.beta, Role::Member).await;
    let ida = office.alice.colleague("ida", &office.beta, Role::Viewer).await;
    office.share(&office.beta.label(), json!({})).await;
    office.share(&format!("person:{}", wim.user), json!({ "permission": "write" })).await;
    office.share(&format!("person:{}", ida.user), json!({ "permission": "admin" })).await;
    let eve = office.alice.stranger("eve").await;
    let path = format!("/v1/memories/{}/", office.memory);
    let shares = format!("{path}shares/");
    for them in [&office.ann, &office.lead, &office.ben, &olga, &vera, &wim, &ida, &eve] {
        let who = &them.email;
        let said = office.may(them, "read_memories").await;
        assert_eq!(said["allowed"], them.get(&path).await.status.is_success(), "{who} reads: {said}");
        let change = json!({ "metadata": { "by": who } });
        let said = office.may(them, "edit_any_memory").await;
        assert_eq!(said["allowed"], them.put(&path, change).await.status.is_success(), "{who} edits: {said}");
        let said = office.may(them, "classify_memory").await;
        let class = json!({ "classification": "confidential" });
        let really = them.put(&path, class).await.status.is_success();
        assert_eq!(said["allowed"], really, "{who} classifies: {said}");
        if really {
            let back = json!({ "classification": "internal" });
            office.ann.put(&path, back).await.ok();
        }
        let said = office.may(them, "share_any_memory").await;
        let with = json!({ "with": format!("person:{}", office.alice.user) });
        let really = them.post(&shares, with).await.status.is_success();
        assert_eq!(said["allowed"], really, "{who} shares: {said}");
    }
    for (them, allowed) in [(&office.ben, false), (&vera, false), (&wim, false), (&ida, true)] {
        let said = office.may(them, "forget_memory").await;
        assert_eq!(said["allowed"], allowed, "{}: {said}", them.email);
    }
    assert!(ida.delete(&path).await.status.is_success());
}

#[tokio::test]
async fn the_reason_names_the_role_or_the_share() {
    let office = Office::new().await;
    let until = "2026-05-01T00:00:00Z";
    let share = office.share(&office.beta.label(), json!({ "expires_at": until })).await;
    let said = office.may(&office.ben, "edit_any_memory").await;
    let ann = office.ann.user;
    let (alpha, beta) = (office.alpha.in_words(), office.beta.in_words());
    let way = format!("it is shared with {beta} to read by ann until 1 May 2026");
    assert_eq!(said["reason"], format!("{way}, and this needs write"));
    assert_eq!(
        said["why"],
        json!([{
            "via": "shared",
            "share": {
                "id": share, "with": office.beta.label(), "with_name": "Beta", "permission": "read",
                "may_reshare": false, "granted_by": ann, "granted_by_name": "ann", "until": until,
            },
        }])
    );
    assert_eq!(office.may(&office.ben, "read_memories").await["reason"], way);
    let said = office.may(&office.ann, "edit_own_memory").await;
    assert_eq!(
        said["reason"],
        format!("edit_own_memory needs the role member on {alpha}, they have the role member there")
    );
    assert_eq!(
        (&said["role"], &said["why"][0]["at"]["scope"]),
        (&json!("member"), &json!(office.alpha.label()))
    );
    // What somebody else added is another action.
    let said = office.may(&office.alice, "edit_own_memory").await;
    assert_eq!(
        said["reason"],
        format!("edit_any_memory needs the role admin on {alpha}, they have the role owner there")
    );
    assert_eq!(said["why"][0]["via"], "inherited");
    // Every other action of the policy is decided where it lives.
    let said = office.may(&office.ann, "manage_members").await;
    assert_eq!(
        said["reason"],
        format!("manage_members needs the role admin on {alpha}, they have the role member there")
    );
    let said = office.may(&office.ben, "add_memory").await;
    assert_eq!(said["reason"], "add_memory is decided where it lives, which they cannot see");
    let eve = office.alice.stranger("eve").await;
    let said = office.may(&eve, "read_memories").await;
    assert_eq!(
        said["reason"],
        format!("it lives in {alpha}, which they cannot see, and no share of it reaches them")
    );

    // Through a credential with a ceiling, and of who left.
    let internal = json!({ "memory_id": office.memory, "ceiling": "public" });
    let said = office.ask(&office.lead, &office.ann, "read_memories", internal).await.ok();
    assert_eq!(
        (&said["allowed"], &said["reason"]),
        (
            &json!(false),
            &json!("it is internal, and a credential with the ceiling public does not show that")
        )
    );
    office.alice.post(&format!("/v1/users/{}/deactivate", office.ben.user), json!({})).await.ok();
    assert_eq!(office.may(&office.ben, "read_memories").await["reason"], "their account is deactivated");
}

#[tokio::test]
async fn a_share_that_is_asked_about_meets_classes_and_rules() {
    let office = Office::new().await;
    let south = office.alice.node(ScopeKind::Organization, "South").await;
    let rule = json!({ "approvals": [{ "directions": ["out"], "author_roles": ["member"] }] });
    office.alice.put(&format!("/v1/organizations/{}/sharing-policy", office.alpha.id), rule).await.ok();
    let with = |grantee: &str| json!({ "memory_id": office.memory, "share": { "with": grantee } });
    let ask = async |them: &Actor, grantee: &str| {
        office.ask(&office.lead, them, "share_own_memory", with(grantee)).await.ok()
    };
    let said = ask(&office.ann, &office.beta.label()).await;
    assert_eq!((&said["allowed"], &said["needs_approval_of"]), (&json!(true), &Value::Null));
    let said = ask(&office.ann, &south.label()).await;
    assert_eq!(said["allowed"], false);
    assert_eq!(
        said["needs_approval_of"],
        json!([{ "role": "admin", "scope": office.alpha.label(), "scope_name": "Alpha" }])
    );
    assert_eq!(ask(&office.lead, &south.label()).await["allowed"], true, "the rule is for members");
    let said = ask(&office.ann, "public").await;
    assert_eq!(
        said["reason"],
        "they would be told: internal memories may not be seen beyond the members of the enterprise here, and this would \
         show it to every account of the enterprise, also those without a role"
    );
    let said = ask(&office.ann, "person:nobody@nowhere.example").await;
    assert_eq!(said["reason"], "they would be told: person:nobody@nowhere.example not found");
    let said = ask(&office.ben, "enterprise").await;
    assert_eq!(said["allowed"], false, "{said}");
    // Nothing was shared by asking.
    let shares = office.ann.get(&format!("/v1/memories/{}/shares/", office.memory)).await.ok();
    assert_eq!(shares["results"], json!([]));
    let past = json!({
        "memory_id": office.memory, "share": { "with": "enterprise", "expires_at": "2020-01-01T00:00:00Z" },
    });
    let past = office.ask(&office.lead, &office.ann, "share_own_memory", past).await;
    past.assert_problem(400, "invalid", Some("share.expires_at"));
}

#[tokio::test]
async fn nobody_learns_of_what_they_do_not_administer() {
    let office = Office::new().await;
    let about = json!({ "memory_id": office.memory });
    office.share(&office.beta.label(), json!({})).await;
    let boss = office.alice.colleague("boss", &office.beta, Role::Admin).await;
    let hidden = office.ask(&boss, &office.ann, "read_memories", about.clone()).await;
    assert_eq!(
        hidden.assert_problem(403, "forbidden", None),
        "this is answered to those who administer where it lives"
    );
    office.ask(&office.ann, &office.ben, "read_memories", about.clone()).await.assert_problem(
        403,
        "forbidden",
        None,
    );
    let eve = office.alice.stranger("eve").await;
    office.ask(&eve, &office.ann, "read_memories", about.clone()).await.assert_problem(
        404,
        "not-found",
        None,
    );
    let foreign = office.app.owner("zoe").await;
    office.ask(&foreign, &foreign, "read_memories", about.clone()).await.assert_problem(
        404,
        "not-found",
        None,
    );
    office.ask(&office.alice, &foreign, "read_memories", about).await.assert_problem(404, "not-found", None);
    // What is somebody's own is nobody else's business, and who administers nobody cannot ask about others.
    let own = remember(&office.ann, "My locker is 14", json!({})).await;
    let about = json!({ "memory_id": own });
    office.ask(&office.alice, &office.ann, "read_memories", about.clone()).await.assert_problem(
        404,
        "not-found",
        None,
    );
    office.ask(&office.ann, &office.ben, "read_memories", about.clone()).await.assert_problem(
        404,
        "not-found",
        None,
    );
    assert_eq!(office.ask(&office.ann, &office.ann, "read_memories", about).await.ok()["allowed"], true);
    // A context that the asker is not in has no name in the reason.
    let context = text(&office.ann.post("/v1/contexts/", json!({ "name": "Plot" })).await.ok()["id"]);
    let join = json!({ "user_id": eve.user, "role": "viewer" });
    office.ann.post(&format!("/v1/contexts/{context}/members/"), join).await.ok();
    office.share(&format!("context:{context}"), json!({})).await;
    let said = office.may(&eve, "read_memories").await;
    assert_eq!((&said["allowed"], &said["why"][0]["share"]["with"]), (&json!(true), &Value::Null));
    assert!(!said.to_string().contains(&context), "{said}");
    for (body, field) in [
        (json!({ "memory_id": office.memory, "scope": "enterprise" }), None),
        (json!({}), None),
        (json!({ "memory_id": office.memory, "share": { "with": "enterprise" } }), Some("share")),
        (json!({ "memory_id": office.memory, "ceiling": "secret" }), Some("ceiling")),
    ] {
        let asked = office.ask(&office.lead, &office.ann, "read_memories", body).await;
        asked.assert_problem(400, "invalid", field);
    }
    let asked =
        office.ask(&office.lead, &office.ann, "decide_approval", json!({ "memory_id": office.memory })).await;
    let told = asked.assert_problem(400, "invalid", Some("action"));
    assert_eq!(told, "action: decide_approval is about a request: send approval_id");
    let about = json!({ "scope": office.alpha.label() });
    let asked = office.ask(&office.lead, &office.ann, "classify_memory", about).await;
    let told = asked.assert_problem(400, "invalid", Some("action"));
    assert_eq!(told, "action: classify_memory is about a memory: send memory_id");
    let past = json!({ "with": office.beta.label(), "expires_at": "2020-01-01T00:00:00Z" });
    let about = json!({ "memory_id": office.memory, "share": past });
    let asked = office.ask(&office.lead, &office.ann, "share_own_memory", about).await;
    asked.assert_problem(400, "invalid", Some("share.expires_at"));
}

#[tokio::test]
async fn a_request_is_decided_by_whom_it_is_said_to_be() {
    let office = Office::new().await;
    let rule = json!({ "approvals": [{ "directions": ["across"], "escalate_after_hours": 24 }] });
    office.alice.put(&format!("/v1/organizations/{}/sharing-policy", office.alpha.id), rule).await.ok();
    let body = json!({ "with": office.beta.label() });
    let asked = office.ann.post(&format!("/v1/memories/{}/shares/", office.memory), body).await;
    let id = text(&asked.json()["approval"]["id"]);
    let max = office.alice.colleague("max", &office.alpha, Role::Viewer).await;
    let until = json!({ "user_id": max.user, "ends_at": "2026-03-03T00:00:00Z" });
    office.lead.post(&format!("/v1/organizations/{}/approval-delegates", office.alpha.id), until).await.ok();
    let about = json!({ "approval_id": id });
    let may = async |them: &Actor, action: &str| {
        let said = office.ask(&office.lead, them, action, about.clone()).await.ok();
        (said["allowed"].as_bool().unwrap(), text(&said["reason"]))
    };
    let alpha = office.alpha.in_words();
    let decide = "decide_approval";
    assert_eq!(
        may(&office.ann, decide).await,
        (false, "they asked for it themselves, and cannot decide about their own request".to_owned())
    );
    assert_eq!(
        may(&office.lead, decide).await,
        (true, format!("they hold the role admin or more on {alpha} itself"))
    );
    assert_eq!(
        may(&max, decide).await,
        (
            true,
            format!("in place of lead ({}), who holds the role admin or more on {alpha}", office.lead.user)
        )
    );
    let (allowed, reason) = may(&office.alice, decide).await;
    assert!(!allowed && reason.ends_with("from 2026-03-03T09:00:00Z on"), "{reason}");
    assert_eq!(
        may(&office.ben, decide).await,
        (false, format!("this needs the role admin on {alpha} itself, or a delegate of one who has it"))
    );
    assert_eq!(
        [may(&office.ann, "list_approvals").await.0, may(&office.ben, "list_approvals").await.0],
        [true, false]
    );
    // Asked by whom it does not concern, or who does not answer for its node.
    office.ask(&office.ben, &office.ann, decide, about.clone()).await.assert_problem(404, "not-found", None);
    office.ask(&office.ann, &office.lead, decide, about.clone()).await.assert_problem(403, "forbidden", None);
    office.ask(&office.lead, &office.ann, "add_memory", about.clone()).await.assert_problem(
        400,
        "invalid",
        Some("action"),
    );
    office.lead.post(&format!("/v1/approvals/{id}/deny/"), json!({})).await.ok();
    assert_eq!(may(&office.lead, decide).await, (false, "the request is denied already".to_owned()));
}

#[tokio::test]
async fn a_context_is_asked_about_by_its_administrators() {
    let office = Office::new().await;
    let context = text(&office.ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let scope = format!("context:{context}");
    let join = json!({ "user_id": office.ben.user, "role": "viewer" });
    office.ann.post(&format!("/v1/contexts/{context}/members/"), join).await.ok();
    let about = json!({ "scope": scope });
    let said = office.ask(&office.ann, &office.ben, "add_memory", about.clone()).await.ok();
    assert_eq!(
        said["reason"],
        format!("add_memory needs the role member on Launch ({scope}), they have the role viewer there")
    );
    office.ask(&office.ben, &office.ann, "add_memory", about.clone()).await.assert_problem(
        403,
        "forbidden",
        None,
    );
    office.ask(&office.alice, &office.ann, "add_memory", about).await.assert_problem(404, "not-found", None);
    // What everybody of the enterprise reads is asked about by who administers the enterprise.
    let said = office.ask(&office.ann, &office.ann, "manage_members", json!({ "scope": scope })).await.ok();
    let condition = said["conditions"][0].as_str().unwrap();
    assert!(said["allowed"] == true && condition.contains("whoever comes in must be allowed"), "{said}");
    let public = json!({ "scope": "public" });
    let said = office.ask(&office.alice, &office.ben, "add_memory", public.clone()).await.ok();
    assert_eq!(said["reason"], "add_memory needs the role member on public, they have none there");
    office.ask(&office.lead, &office.ben, "add_memory", public).await.assert_problem(403, "forbidden", None);
}

/// Whoever may classify a memory may not give it every class: those that they could not are conditions, in the words of the
/// answer that they would get.
#[tokio::test]
async fn the_classes_that_it_could_not_have_are_said() {
    let office = Office::new().await;
    let one = format!("/v1/memories/{}/", office.memory);
    let policy = format!("/v1/organizations/{}/sharing-policy", office.alpha.id);
    let limit = json!({ "audiences": { "internal": "team" } });
    let links = json!({ "approvals": [{ "directions": ["public"], "classifications": ["internal"], "approver_role": "owner" }] });
    for (change, share) in [(limit, None), (links, None), (json!({}), None), (json!({}), Some("enterprise"))]
    {
        office.alice.put(&policy, change.clone()).await.ok();
        if let Some(with) = share {
            office.share(with, json!({})).await;
        }
        for them in [&office.ann, &office.lead] {
            let said = office.may(them, "classify_memory").await;
            let conditions = said["conditions"].as_array().cloned().unwrap_or_default();
            let mut expected = Vec::new();
            for class in ["public", "confidential", "restricted"] {
                let answer = them.put(&one, json!({ "classification": class })).await;
                if answer.status.is_success() {
                    office.alice.put(&one, json!({ "classification": "internal" })).await.ok();
                } else {
                    let told = answer.json()["detail"].as_str().unwrap().to_owned();
                    expected.push(json!(format!("not {class}: they would be told: {told}")));
                }
            }
            match expected.len() {
                3 => assert_eq!(said["allowed"], false, "{said}"),
                _ => assert_eq!(
                    (&said["allowed"], &json!(conditions)),
                    (&json!(true), &json!(expected)),
                    "{change}"
                ),
            }
        }
    }
    let said = office.may(&office.ann, "classify_memory").await;
    assert_eq!(said["conditions"].as_array().unwrap().len(), 2, "{said}");
}

#[tokio::test]
async fn to_ask_which_classes_a_memory_could_have_changes_nothing() {
    let office = Office::new().await;
    let client = office.alice.app().database().superuser().await;
    // Whoever changes a row leaves a trace in it, even if the change is undone.
    let traces =
        "SELECT array_agg((m.id::text, m.xmin::text, m.xmax::text)::text ORDER BY m.id) FROM memories m";
    let traces = async || client.query_one(traces, &[]).await.unwrap().get::<_, Vec<String>>(0);
    let before = traces().await;
    for them in [&office.ann, &office.lead] {
        assert_eq!(office.may(them, "classify_memory").await["allowed"], json!(true));
    }
    assert_eq!(traces().await, before);
}
