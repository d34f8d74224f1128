//! Requests that several nodes must approve: each decides for itself, and the last approval shares.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember_with};
use crate::harness::{Actor, Answer, Client as _, Node, TestApp};

/// Two organizations whose people have to agree to what leaves them, somebody who is in both, and a third.
struct Office {
    app: TestApp,
    alice: Actor,
    alpha: Node,
    gamma: Node,
    west: Node,
    ann: Actor,
    lead: Actor,
    gina: Actor,
    wes: Actor,
    /// Ann's, in Alpha and in Gamma.
    memories: [String; 2],
    /// A context in which both are.
    context: String,
}

impl Office {
    async fn new() -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let [north, south, west] = [
            alice.node(ScopeKind::Organization, "North").await,
            alice.node(ScopeKind::Organization, "South").await,
            alice.node(ScopeKind::Organization, "West").await,
        ];
        let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
        let gamma = alice.node_in(&south, ScopeKind::Team, "Gamma").await;
        let ann = alice.colleague("ann", &alpha, Role::Member).await;
        let both = json!({ "user_id": ann.user, "role": "member" });
        alice.post(&format!("/v1/organizations/{}/members", gamma.id), both).await.ok();
        let [lead, gina, wes] = [
            alice.colleague("lead", &alpha, Role::Admin).await,
            alice.colleague("gina", &gamma, Role::Admin).await,
            alice.colleague("wes", &west, Role::Viewer).await,
        ];
        let rule = json!({ "approvals": [{
            "directions": ["out"], "escalate_after_hours": 24, "expires_after_hours": 72,
        }] });
        for node in [&alpha, &gamma] {
            alice.put(&format!("/v1/organizations/{}/sharing-policy", node.id), rule.clone()).await.ok();
        }
        let memories = [
            remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await,
            remember_with(&ann, "Gamma pays on Monday", json!({ "scope": gamma.label() })).await,
        ];
        let context = context(&ann, "Launch", &memories).await;
        Self { app, alice, alpha, gamma, west, ann, lead, gina, wes, memories, context }
    }

    async fn share(&self, context: &str) -> Answer {
        let with = json!({ "with": self.west.label(), "reason": "they wait for it" });
        self.ann.post(&format!("/v1/contexts/{context}/shares/"), with).await
    }

    async fn ask(&self) -> String {
        let asked = self.share(&self.context).await;
        asked.assert_status(202);
        asked.json()["approval"]["id"].as_str().unwrap().to_owned()
    }

    async fn wes_sees_them(&self) -> bool {
        let mut seen = Vec::new();
        for memory in &self.memories {
            seen.push(self.wes.get(&one(memory)).await.status.is_success());
        }
        assert_eq!(seen[0], seen[1], "all of it or nothing");
        seen[0]
    }
}

/// A context with these pinned to it.
async fn context(actor: &Actor, name: &str, memories: &[String]) -> String {
    let made = actor.post("/v1/contexts/", json!({ "name": name })).await.ok();
    let id = made["id"].as_str().unwrap().to_owned();
    for memory in memories {
        let with = json!({ "with": format!("context:{id}") });
        actor.post(&format!("/v1/memories/{memory}/shares/"), with).await.assert_status(201);
    }
    id
}

async fn decide(actor: &Actor, id: &str, verb: &str, reason: &str) -> Answer {
    actor.post(&format!("/v1/approvals/{id}/{verb}/"), json!({ "reason": reason })).await
}

fn decisions(approval: &Value) -> Vec<(&str, &Value, &Value, &Value)> {
    let parts = approval["decisions"].as_array().unwrap().iter();
    parts
        .map(|it| (it["node"].as_str().unwrap(), &it["decision"], &it["decided_by"], &it["reason"]))
        .collect()
}

#[tokio::test]
async fn each_node_agrees_for_itself_and_the_last_one_shares() {
    let office = Office::new().await;
    let id = office.ask().await;
    let path = format!("/v1/approvals/{id}/");
    let (alpha, gamma) = (office.alpha.label(), office.gamma.label());
    let waiting = office.ann.get(&path).await.ok();
    let null = Value::Null;
    let mut parts = decisions(&waiting);
    parts.sort_by_key(|part| part.0 != alpha);
    assert_eq!(parts, [(alpha.as_str(), &null, &null, &null), (gamma.as_str(), &null, &null, &null)]);

    let first = decide(&office.lead, &id, "approve", "we ship it anyway").await.ok();
    assert_eq!((&first["status"], &first["share_id"]), (&json!("pending"), &Value::Null));
    assert!(!office.wes_sees_them().await, "one of two is not enough");
    let again = decide(&office.lead, &id, "approve", "really").await.assert_problem(409, "conflict", None);
    assert_eq!(again, "this is decided for your node already, and waits for others");
    decide(&office.lead, &id, "deny", "or not").await.assert_problem(409, "conflict", None);
    // It is on the list of whoever has still to decide, and of nobody else.
    for (actor, to_decide) in [(&office.lead, 0), (&office.gina, 1), (&office.ann, 0)] {
        let list = actor.get("/v1/approvals/?to_decide=true").await.ok();
        assert_eq!(list["results"].as_array().unwrap().len(), to_decide, "{list}");
        let shown = actor.get(&path).await.ok();
        assert_eq!(shown["can_decide"], json!(to_decide == 1));
        assert_eq!(actor.get("/v1/approvals/").await.ok()["results"].as_array().unwrap().len(), 1);
    }
    let last = decide(&office.gina, &id, "approve", "we too").await.ok();
    assert_eq!(last["status"], "approved");
    assert!(last["share_id"].is_string());
    assert!(office.wes_sees_them().await);
    let (lead, gina) = (json!(office.lead.user), json!(office.gina.user));
    let mut parts = decisions(&last);
    parts.sort_by_key(|part| part.0 != alpha);
    let (agreed, anyway, too) = (json!("approved"), json!("we ship it anyway"), json!("we too"));
    assert_eq!(parts, [(alpha.as_str(), &agreed, &lead, &anyway), (gamma.as_str(), &agreed, &gina, &too)]);

    // The report has what each said, and the log for whom.
    let csv = office.ann.get("/v1/approvals/export/?format=csv").await;
    for part in [
        format!("Alpha ({alpha}) approved by lead ({})", office.lead.user),
        format!("Gamma ({gamma}) approved by gina ({})", office.gina.user),
    ] {
        assert!(csv.text().contains(&part), "{}", csv.text());
    }
    let lines = office.ann.get("/v1/approvals/export/").await;
    let line: Value = serde_json::from_str(lines.text().lines().next().unwrap()).unwrap();
    assert_eq!(line["decisions"].as_array().unwrap().len(), 2);
    let rows = "SELECT details -> 'for' -> 0, details -> 'share' <> 'null' FROM audit_log
                 WHERE action = 'approval.approve' AND outcome = 'success' ORDER BY at, id";
    let rows = office.app.database().superuser().await.query(rows, &[]).await.unwrap();
    let said: Vec<(Value, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(said, [(json!(alpha), false), (json!(gamma), true)]);
}

#[tokio::test]
async fn a_single_node_that_does_not_agree_ends_it() {
    let office = Office::new().await;
    let id = office.ask().await;
    decide(&office.gina, &id, "approve", "fine").await.ok();
    let denied = decide(&office.lead, &id, "deny", "not before Friday").await.ok();
    assert_eq!(
        (&denied["status"], &denied["decision_reason"]),
        (&json!("denied"), &json!("not before Friday"))
    );
    let said: Vec<&Value> = decisions(&denied).iter().map(|part| part.1).collect();
    assert!(said.contains(&&json!("approved")) && said.contains(&&json!("denied")), "{denied}");
    assert!(!office.wes_sees_them().await);
    let late = decide(&office.gina, &id, "approve", "still").await.assert_problem(409, "conflict", None);
    assert_eq!(late, "the request is denied already");
    // It can be asked for anew, and everybody decides anew.
    let again = office.ask().await;
    let fresh = office.ann.get(&format!("/v1/approvals/{again}/")).await.ok();
    assert!(decisions(&fresh).iter().all(|part| part.1.is_null()), "{fresh}");
}

#[tokio::test]
async fn nobody_agrees_for_a_node_that_is_not_theirs_nor_to_their_own_request() {
    let office = Office::new().await;
    // Ann becomes an administrator of Gamma, and still cannot agree to what she asked for.
    let role = json!({ "role": "admin" });
    let path = format!("/v1/organizations/{}/members/{}", office.gamma.id, office.ann.user);
    office.alice.put(&path, role).await.ok();
    let id = office.ask().await;
    let own = decide(&office.ann, &id, "approve", "mine").await.assert_problem(403, "forbidden", None);
    assert_eq!(own, "you cannot decide about your own request");
    decide(&office.wes, &id, "approve", "please").await.assert_problem(404, "not-found", None);
    // Those above have to wait, and are told for what.
    let above = decide(&office.alice, &id, "approve", "me").await.assert_problem(403, "forbidden", None);
    assert!(above.contains(&office.alpha.label()) && above.contains(&office.gamma.label()), "{above}");
    decide(&office.lead, &id, "approve", "ours").await.ok();
    // Once it has escalated they decide for whoever has not.
    office.app.advance(TimeDelta::hours(25));
    let last = decide(&office.alice, &id, "approve", "Gina is away").await.ok();
    assert_eq!(last["status"], "approved");
    assert!(office.wes_sees_them().await);
    let by: Vec<&Value> = decisions(&last).iter().map(|part| part.2).collect();
    assert!(by.contains(&&json!(office.lead.user)) && by.contains(&&json!(office.alice.user)), "{last}");
}

#[tokio::test]
async fn where_a_node_has_nobody_else_those_above_need_not_wait() {
    let office = Office::new().await;
    // Everybody who could agree for Gamma is Ann herself.
    let rule = json!({ "approvals": [{ "directions": ["out"], "approver_role": "owner" }] });
    office.alice.put(&format!("/v1/organizations/{}/sharing-policy", office.gamma.id), rule).await.ok();
    let path = format!("/v1/organizations/{}/members/{}", office.gamma.id, office.ann.user);
    office.alice.put(&path, json!({ "role": "owner" })).await.ok();
    let root = format!("/v1/users/{}/deactivate", office.gina.user);
    office.alice.post(&root, Value::Null).await.ok();
    let asked = office.share(&office.context).await;
    // The enterprise's owner is above, so it can be asked for, and decided by them at once.
    asked.assert_status(202);
    let id = asked.json()["approval"]["id"].as_str().unwrap().to_owned();
    let partly = decide(&office.alice, &id, "approve", "for Gamma").await.ok();
    assert_eq!(partly["status"], "pending");
    decide(&office.lead, &id, "approve", "for Alpha").await.ok();
    assert!(office.wes_sees_them().await);
}

#[tokio::test]
async fn withdrawn_or_out_of_time_it_is_over_for_everybody() {
    let office = Office::new().await;
    let id = office.ask().await;
    decide(&office.lead, &id, "approve", "fine").await.ok();
    let withdrawn = office.ann.post(&format!("/v1/approvals/{id}/withdraw/"), Value::Null).await.ok();
    assert_eq!(withdrawn["status"], "withdrawn");
    let late = decide(&office.gina, &id, "approve", "fine").await.assert_problem(409, "conflict", None);
    assert_eq!(late, "the request is withdrawn already");
    let id = office.ask().await;
    decide(&office.lead, &id, "approve", "fine").await.ok();
    office.app.advance(TimeDelta::hours(73));
    let late = decide(&office.gina, &id, "approve", "fine").await.assert_problem(409, "conflict", None);
    assert_eq!(late, "the request has expired");
    assert!(!office.wes_sees_them().await);
}

#[tokio::test]
async fn of_two_who_agree_at_once_exactly_one_is_the_last() {
    let office = Office::new().await;
    for _ in 0..3 {
        let id = office.ask().await;
        let (one, two) = tokio::join!(
            decide(&office.lead, &id, "approve", "for Alpha"),
            decide(&office.gina, &id, "approve", "for Gamma")
        );
        let mut statuses = [one.ok()["status"].clone(), two.ok()["status"].clone()];
        statuses.sort_by_key(ToString::to_string);
        assert_eq!(statuses, [json!("approved"), json!("pending")], "{one} {two}");
        let shares = office.ann.get(&format!("/v1/contexts/{}/shares/", office.context)).await.ok();
        let shares = shares["results"].as_array().unwrap();
        assert_eq!(shares.len(), 1);
        let share = shares[0]["id"].as_str().unwrap();
        office.ann.delete(&format!("/v1/contexts/{}/shares/{share}/", office.context)).await.ok();
    }
    // And one of two who decide for the same node.
    let other = office.alice.colleague("other-lead", &office.alpha, Role::Admin).await;
    let id = office.ask().await;
    let (one, two) =
        tokio::join!(decide(&office.lead, &id, "approve", "yes"), decide(&other, &id, "deny", "no"));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    // Approving first, denying later is refused; denying first closes it.
    assert_eq!(statuses, [200, 409], "{one} {two}");
}

#[tokio::test]
async fn whoever_answers_for_the_heir_of_a_node_decides_in_its_place() {
    let office = Office::new().await;
    let id = office.ask().await;
    let wish = json!({ "heir": "parent", "members": "leave" });
    let dissolved = office.alice.post(&format!("/v1/organizations/{}/dissolve", office.gamma.id), wish).await;
    dissolved.assert_status(200);
    // Nobody holds a role on the parent itself, so those above it need not wait.
    let part = office.alice.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!(part["can_decide"], true, "{part}");
    let partly = decide(&office.alice, &id, "approve", "for what was Gamma").await.ok();
    assert_eq!(partly["status"], "pending");
    decide(&office.lead, &id, "approve", "for Alpha").await.ok();
    assert!(office.wes_sees_them().await);
}

#[tokio::test]
async fn what_is_pinned_while_they_think_needs_whoever_it_needs() {
    let office = Office::new().await;
    let id = office.ask().await;
    decide(&office.lead, &id, "approve", "fine").await.ok();
    // A third home, whose people nobody asked.
    let east = office.alice.node(ScopeKind::Organization, "East").await;
    let member = json!({ "user_id": office.ann.user, "role": "member" });
    office.alice.post(&format!("/v1/organizations/{}/members", east.id), member).await.ok();
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    office.alice.put(&format!("/v1/organizations/{}/sharing-policy", east.id), rule).await.ok();
    let _boss = office.alice.colleague("boss", &east, Role::Admin).await;
    let third = remember_with(&office.ann, "East builds on Sunday", json!({ "scope": east.label() })).await;
    let with = json!({ "with": format!("context:{}", office.context) });
    office.ann.post(&format!("/v1/memories/{third}/shares/"), with).await.assert_status(201);
    let late = decide(&office.gina, &id, "approve", "fine").await.assert_problem(409, "conflict", None);
    assert_eq!(
        late,
        "it has changed since the request: ann has to ask again, and you can only deny this one"
    );
    assert!(!office.wes_sees_them().await);
    // Asked for anew, it waits for all three.
    let anew = office.share(&office.context).await.assert_status(202).json();
    assert_eq!(decisions(&anew["approval"]).len(), 3);
    assert_eq!(office.ann.get(&format!("/v1/approvals/{id}/")).await.ok()["status"], "withdrawn");
}

/// Who decides sees what they decide about: the context's name, and what of it lives where they decide.
#[tokio::test]
async fn who_decides_about_a_context_sees_what_is_theirs_to_agree_to() {
    let office = Office::new().await;
    let id = office.ask().await;
    let path = format!("/v1/approvals/{id}/");
    for (actor, memory, text) in [
        (&office.lead, &office.memories[0], "Alpha ships on Friday"),
        (&office.gina, &office.memories[1], "Gamma pays on Monday"),
    ] {
        let shown = actor.get(&path).await.ok();
        assert_eq!(shown["memory"], Value::Null);
        let expected = json!({
            "name": "Launch", "description": "", "more": false,
            "memories": [{
                "id": memory, "memory": text, "classification": "internal", "metadata": {}, "categories": [],
                "user_id": null, "agent_id": null, "app_id": null, "run_id": null,
            }],
        });
        assert_eq!(shown["context"], expected, "{shown}");
    }
    // Who asked, and who has decided, is shown no more than they see anyway.
    assert_eq!(office.ann.get(&path).await.ok()["context"], Value::Null);
    decide(&office.lead, &id, "approve", "we ship it").await.ok();
    assert_eq!(office.lead.get(&path).await.ok()["context"], Value::Null);
}

/// Who agrees to a context agrees to what was in it when it was asked for.
#[tokio::test]
async fn what_is_agreed_to_of_a_context_is_what_was_in_it() {
    let office = Office::new().await;
    let scope = format!("context:{}", office.context);
    let [alpha, gamma] = &office.memories;
    let (shares, own) = (format!("/v1/memories/{gamma}/shares/"), json!({ "scope": scope }));
    for change in ["another text", "another class", "one more", "one less"] {
        let id = office.ask().await;
        let path = format!("/v1/approvals/{id}/");
        assert_eq!(office.lead.get(&path).await.ok()["changed"], false);
        match change {
            "another text" => {
                office.ann.put(&one(alpha), json!({ "text": "Alpha ships on Sunday" })).await.ok();
            }
            "another class" => {
                office.ann.put(&one(alpha), json!({ "classification": "public" })).await.ok();
            }
            "one more" => drop(remember_with(&office.ann, "We launch at ten", own.clone()).await),
            _ => {
                let pinned = office.ann.get(&shares).await.ok();
                let pin = pinned["results"][0]["id"].as_str().unwrap();
                office.ann.delete(&format!("{shares}{pin}/")).await.ok();
            }
        }
        for actor in [&office.ann, &office.lead] {
            assert_eq!(actor.get(&path).await.ok()["changed"], true, "{change}");
        }
        let told = decide(&office.lead, &id, "approve", "fine").await.assert_problem(409, "conflict", None);
        assert_eq!(
            told,
            "it has changed since the request: ann has to ask again, and you can only deny this one"
        );
        let about = json!({ "user_id": office.lead.user, "action": "decide_approval", "approval_id": id });
        let said = office.lead.post("/v1/access/check", about).await.ok();
        let conditions = said["conditions"].to_string();
        assert!(conditions.contains("they can only deny it") && conditions.contains(&told), "{said}");
    }
    let id = office.ask().await;
    decide(&office.lead, &id, "approve", "fine").await.ok();
    office.wes.get(&one(alpha)).await.ok();
    office.wes.get(&one(gamma)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_request_ends_when_any_of_its_nodes_is_deleted() {
    for first in [true, false] {
        let office = Office::new().await;
        let id = office.ask().await;
        let (gone, admin, memory, other) = match first {
            true => (&office.alpha, &office.lead, &office.memories[0], &office.gina),
            false => (&office.gamma, &office.gina, &office.memories[1], &office.lead),
        };
        office.ann.delete(&one(memory)).await.ok();
        for member in [&office.ann, admin] {
            let path = format!("/v1/organizations/{}/members/{}", gone.id, member.user);
            office.alice.delete(&path).await.assert_status(204);
        }
        office.alice.delete(&format!("/v1/organizations/{}", gone.id)).await.assert_status(204);
        let ended = other.get(&format!("/v1/approvals/{id}/")).await.ok();
        assert_eq!(
            (&ended["status"], &ended["decision_reason"], &ended["can_decide"]),
            (&json!("denied"), &json!("a node that had to agree was deleted: ask again"), &json!(false)),
            "{ended}"
        );
    }
}

#[tokio::test]
async fn what_is_decided_is_decided_for_a_delegate_who_would_have_got_it_too() {
    let office = Office::new().await;
    let path = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let new = json!({ "user_id": office.wes.user, "ends_at": office.app.now() + TimeDelta::days(2) });
    office.lead.post(&path, new).await.ok();
    let id = office.ask().await;
    let same = async |status: u16, told: &str, reason: &str| {
        let kind = if status == 403 { "forbidden" } else { "conflict" };
        assert_eq!(
            decide(&office.wes, &id, "approve", "read").await.assert_problem(status, kind, None),
            told
        );
        let question = json!({ "user_id": office.wes.user, "action": "decide_approval", "approval_id": id });
        let said = office.lead.post("/v1/access/check", question).await.ok();
        assert_eq!(said["allowed"], json!(false));
        assert!(said["reason"].as_str().unwrap().contains(reason), "{said}");
    };
    let gains = "it is to be shared with you or a scope of yours, and a delegate does not decide about that: somebody else \
                 has to decide";
    same(403, gains, "and a delegate does not decide about that").await;
    decide(&office.lead, &id, "approve", "read").await.ok();
    same(409, "this is decided for your node already, and waits for others", "already, and waits for others")
        .await;
    decide(&office.gina, &id, "approve", "read").await.ok();
    let closed = decide(&office.lead, &id, "approve", "read").await.assert_problem(409, "conflict", None);
    same(409, &closed, &closed).await;
    assert!(office.wes_sees_them().await);
}
