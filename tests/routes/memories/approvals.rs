//! `/v1/approvals/`: shares that somebody else must approve.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::sharing::approvals;

use super::{one, remember_with};
use crate::harness::{Actor, Answer, Client as _, Node, Tables, TestApp, TwoTeams};

/// Two teams of an organization. Whatever leaves Alpha sideways needs somebody else's approval.
struct Office {
    app: TestApp,
    alice: Actor,
    north: Node,
    alpha: Node,
    beta: Node,
    /// Member and admin of Alpha, member of Beta.
    ann: Actor,
    lead: Actor,
    ben: Actor,
    /// A memory of Ann's in Alpha.
    memory: String,
}

impl Office {
    async fn new() -> Self {
        let rule =
            json!({ "directions": ["across", "out"], "escalate_after_hours": 24, "expires_after_hours": 72 });
        let TwoTeams { app, alice, north, alpha, beta, ann, lead, ben } = TwoTeams::under(rule).await;
        let (ann, lead) = (ann.with_api_key().await, lead.with_api_key().await);
        let (ben, alice) = (ben.with_api_key().await, alice.with_api_key().await);
        let memory = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
        Self { app, alice, north, alpha, beta, ann, lead, ben, memory }
    }

    /// Ann asks to share it with Beta; the request's id.
    async fn ask(&self) -> String {
        let asked = self.share(json!({ "with": self.beta.label(), "reason": "they wait for it" })).await;
        asked.assert_status(202);
        let asked = asked.json();
        assert_eq!(asked["status"], "pending_approval");
        assert_eq!(
            (&asked["approval"]["direction"], &asked["approval"]["status"]),
            (&json!("across"), &json!("pending"))
        );
        asked["approval"]["id"].as_str().unwrap().to_owned()
    }

    async fn share(&self, body: Value) -> Answer {
        self.ann.post(&format!("/v1/memories/{}/shares/", self.memory), body).await
    }

    async fn ben_sees_it(&self) -> bool {
        self.ben.get(&one(&self.memory)).await.status.is_success()
    }
}

async fn decide(actor: &Actor, id: &str, verb: &str) -> Answer {
    actor.post(&format!("/v1/approvals/{id}/{verb}/"), json!({ "reason": "it is fine" })).await
}

async fn withdraw(actor: &Actor, id: &str) -> Answer {
    actor.call(http::Method::POST, &format!("/v1/approvals/{id}/withdraw/"), None).await
}

#[tokio::test]
async fn the_share_begins_with_the_approval() {
    let office = Office::new().await;
    let id = office.ask().await;
    assert!(!office.ben_sees_it().await);
    let shown = office.lead.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!((&shown["can_decide"], &shown["memory"]), (&json!(true), &json!("Alpha ships on Friday")));
    let by_ann = office.ann.get(&format!("/v1/approvals/{id}/")).await.ok();
    assert_eq!(by_ann["can_decide"], false);
    office.ben.get(&format!("/v1/approvals/{id}/")).await.assert_problem(404, "not-found", None);

    let approved = decide(&office.lead, &id, "approve").await.ok();
    assert_eq!(
        (&approved["status"], &approved["decided_by"]),
        (&json!("approved"), &json!(office.lead.user))
    );
    assert!(office.ben_sees_it().await);
    let shares = office.ann.get(&format!("/v1/memories/{}/shares/", office.memory)).await.ok();
    assert_eq!(shares["results"][0]["granted_by"], json!(office.ann.user));
    assert_eq!(shares["results"][0]["approval_id"], json!(id));
    assert_eq!(shares["results"][0]["id"], approved["share_id"]);
    // What needs no approval does not wait.
    office.share(json!({ "with": office.north.label() })).await.assert_status(201);
}

#[tokio::test]
async fn what_is_not_ones_to_decide_or_is_decided_is_refused() {
    let office = Office::new().await;
    let id = office.ask().await;
    let again = json!({ "with": office.beta.label() });
    office.share(again.clone()).await.assert_problem(409, "conflict", None);
    // So that each key was used before.
    for actor in [&office.lead, &office.ben, &office.alice] {
        actor.get("/v1/ping/").await.ok();
    }
    let before = Tables::of(office.app.database(), office.alice.enterprise).await;
    let own = decide(&office.ann, &id, "approve").await.assert_problem(403, "forbidden", None);
    assert_eq!(own, "you cannot decide about your own request");
    decide(&office.ben, &id, "approve").await.assert_problem(404, "not-found", None);
    // Only from above, and it is too early for that.
    decide(&office.alice, &id, "approve").await.assert_problem(403, "forbidden", None);
    withdraw(&office.lead, &id).await.assert_problem(403, "forbidden", None);
    before.assert_unchanged(
        &Tables::of(office.app.database(), office.alice.enterprise).await,
        "a refused decision",
    );
    decide(&office.lead, &id, "deny").await.ok();
    let twice = decide(&office.lead, &id, "approve").await.assert_problem(409, "conflict", None);
    assert_eq!(twice, "the request is denied already");
    withdraw(&office.ann, &id).await.assert_problem(409, "conflict", None);
    assert!(!office.ben_sees_it().await);
    // Denied, it can be asked for anew, and taken back.
    let second = office.ask().await;
    assert_eq!(withdraw(&office.ann, &second).await.ok()["status"], "withdrawn");
    decide(&office.lead, &second, "approve").await.assert_problem(409, "conflict", None);
}

#[tokio::test]
async fn those_above_decide_when_it_has_waited_and_nobody_when_it_is_over() {
    let office = Office::new().await;
    let (first, id) = (office.ask().await, office.memory.clone());
    office.app.advance(TimeDelta::hours(24));
    decide(&office.alice, &first, "approve").await.ok();
    assert!(office.ben_sees_it().await);
    let shares = office.ann.get(&format!("/v1/memories/{id}/shares/")).await.ok();
    let share = shares["results"][0]["id"].as_str().unwrap();
    office.ann.delete(&format!("/v1/memories/{id}/shares/{share}/")).await.ok();
    let second = office.ask().await;
    office.app.advance(TimeDelta::hours(72));
    let late = decide(&office.lead, &second, "approve").await.assert_problem(409, "conflict", None);
    assert_eq!(late, "the request has expired");
    assert_eq!(approvals::expire(office.app.gate()).await.unwrap(), 1);
    assert_eq!(office.ann.get(&format!("/v1/approvals/{second}/")).await.ok()["status"], "expired");
    assert!(!office.ben_sees_it().await);
    office.ask().await;
}

#[tokio::test]
async fn a_delegate_decides_for_a_time() {
    let office = Office::new().await;
    let max = office.alice.colleague("max", &office.alpha, Role::Viewer).await.with_api_key().await;
    let id = office.ask().await;
    decide(&max, &id, "approve").await.assert_problem(404, "not-found", None);
    let path = format!("/v1/organizations/{}/approval-delegates", office.alpha.id);
    let session = office.alice.colleague("other-lead", &office.alpha, Role::Admin).await;
    let until = office.app.now() + TimeDelta::hours(10);
    let new = json!({ "user_id": max.user, "ends_at": until });
    for (wrong, field) in [
        (json!({ "user_id": max.user, "ends_at": office.app.now() }), "ends_at"),
        (json!({ "user_id": session.user, "ends_at": until }), "user_id"),
    ] {
        session.post(&path, wrong).await.assert_problem(400, "invalid", Some(field));
    }
    // A key cannot hand on what its owner may decide.
    office.lead.post(&path, new.clone()).await.assert_problem(403, "forbidden", None);
    let made = session.post(&path, new).await.ok();
    assert_eq!(session.get(&path).await.ok()["results"], json!([made]));
    let waiting = max.get("/v1/approvals/?to_decide=true").await.ok();
    assert_eq!(waiting["results"][0]["id"], json!(id));
    decide(&max, &id, "approve").await.ok();
    session
        .delete(&format!("/v1/approval-delegates/{}", made["id"].as_str().unwrap()))
        .await
        .assert_status(204);
    assert_eq!(max.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_wins_and_the_other_is_told() {
    let office = Office::new().await;
    let other = office.alice.colleague("other", &office.alpha, Role::Admin).await;
    for verbs in [["approve", "approve"], ["approve", "deny"]] {
        let id = office.ask().await;
        let (one, two) = tokio::join!(decide(&office.lead, &id, verbs[0]), decide(&other, &id, verbs[1]));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{one} {two}");
        let status = office.ann.get(&format!("/v1/approvals/{id}/")).await.ok()["status"].clone();
        assert_eq!(office.ben_sees_it().await, status == "approved");
        let shares = office.ann.get(&format!("/v1/memories/{}/shares/", office.memory)).await.ok();
        for share in shares["results"].as_array().unwrap() {
            let share = share["id"].as_str().unwrap();
            office.ann.delete(&format!("/v1/memories/{}/shares/{share}/", office.memory)).await.ok();
        }
    }
}

#[tokio::test]
async fn nothing_is_asked_for_that_nobody_else_could_approve() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.stranger("mia").await;
    let rule = json!({ "approvals": [{ "directions": ["out"], "approver_role": "owner" }] });
    alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let id = remember_with(&alice, "The vault code is seven", json!({})).await;
    let body = json!({ "with": format!("person:{}", mia.user) });
    let path = format!("/v1/memories/{id}/shares/");
    let detail = alice.post(&path, body).await.assert_problem(409, "conflict", None);
    let nobody = "this needs somebody else's approval, and nobody can give it: no other active person holds the role \
                  owner on the enterprise or above it";
    assert_eq!(detail, nobody);
    // Who asks beforehand is told the same.
    let check = json!({
        "user_id": alice.user, "action": "share_own_memory", "memory_id": id,
        "share": { "with": format!("person:{}", mia.user) },
    });
    let verdict = alice.post("/v1/access/check", check).await.ok();
    assert_eq!(verdict["reason"], format!("they would be told: {nobody}"), "{verdict}");
    assert_eq!(verdict["needs_approval_of"], Value::Null, "{verdict}");
}

#[tokio::test]
async fn who_cannot_approve_for_a_password_reset_is_named() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let team = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let nora = alice.colleague("nora", &team, Role::Member).await;
    let rule = json!({ "approvals": [{ "directions": ["public"], "approver_role": "owner" }] });
    alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let reset = "UPDATE users SET password_by = $2 WHERE id = $1";
    let client = app.database().superuser().await;
    client.execute(reset, &[&nora.user.uuid(), &alice.user.uuid()]).await.unwrap();
    let public = json!({ "scope": team.label(), "classification": "public" });
    let id = remember_with(&nora, "We open at nine", public).await;
    let path = format!("/v1/memories/{id}/shares/");
    let detail = nora.post(&path, json!({ "with": "public" })).await.assert_problem(409, "conflict", None);
    let nobody = "this needs somebody else's approval, and nobody can give it: alice cannot, because of a password reset \
                  between the two, and no further active person holds the role owner on the enterprise or above it";
    assert_eq!(detail, nobody);
    let check = json!({
        "user_id": nora.user, "action": "share_own_memory", "memory_id": id, "share": { "with": "public" },
    });
    let verdict = alice.post("/v1/access/check", check).await.ok();
    assert_eq!(verdict["reason"], format!("they would be told: {nobody}"), "{verdict}");
    // Somebody else can, and then it is asked for.
    alice.enterprise_colleague("ben", Role::Owner).await;
    nora.post(&path, json!({ "with": "public" })).await.assert_status(202);
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_shared() {
    let office = Office::new().await;
    let id = office.ask().await;
    let policy = json!({ "audiences": { "internal": "person" } });
    office.alice.put(&format!("/v1/organizations/{}/sharing-policy", office.alpha.id), policy).await.ok();
    decide(&office.lead, &id, "approve").await.assert_problem(403, "forbidden", None);
    assert!(!office.ben_sees_it().await);
    office.ann.delete(&one(&office.memory)).await.ok();
    let gone = decide(&office.lead, &id, "approve").await.assert_problem(409, "conflict", None);
    assert_eq!(gone, "the request is denied already");
}

#[tokio::test]
async fn the_history_is_a_list_and_a_report() {
    let office = Office::new().await;
    let first = office.ask().await;
    decide(&office.lead, &first, "deny").await.ok();
    let second = office.ask().await;
    let ids = |answer: &Value| -> Vec<String> {
        let results = answer["results"].as_array().unwrap().iter();
        results.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    for actor in [&office.ann, &office.lead, &office.alice] {
        assert_eq!(ids(&actor.get("/v1/approvals/").await.ok()), [first.clone(), second.clone()]);
        assert_eq!(ids(&actor.get("/v1/approvals/?status=denied").await.ok()), std::slice::from_ref(&first));
    }
    assert_eq!(ids(&office.ben.get("/v1/approvals/").await.ok()), [""; 0]);
    let part = office.lead.get("/v1/approvals/?limit=1").await.ok();
    let next = part["next"].as_str().unwrap();
    assert_eq!(
        ids(&office.lead.get(&format!("/v1/approvals/?limit=1&cursor={next}")).await.ok()),
        std::slice::from_ref(&second)
    );
    let csv = office.lead.get("/v1/approvals/export/?format=csv").await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text().lines().count(), 3);
    assert!(csv.text().contains(&format!("{first},denied")), "{}", csv.text());
    let terms = "memory_version,escalates_at,with_name,requested_by_name,node_name,decided_by_name";
    assert!(csv.text().lines().next().unwrap().ends_with(terms), "{}", csv.text());
    let asked = office.ann.get(&format!("/v1/approvals/{second}/")).await.ok();
    let columns = csv.text().lines().next().unwrap().split(',').count();
    let row: Vec<&str> = csv.text().lines().nth(2).unwrap().split(',').collect();
    assert_eq!(row.len(), columns, "{row:?}");
    assert_eq!((row[columns - 8], row[columns - 7], row[columns - 6]), ("false", "", "1"));
    assert_eq!(row[columns - 4..], ["Beta", "ann", "Alpha", ""]);
    let escalates: chrono::DateTime<chrono::Utc> = row[columns - 5].parse().unwrap();
    assert_eq!(json!(escalates), asked["escalates_at"]);
    let lines = office.lead.get("/v1/approvals/export/?status=pending").await;
    assert_eq!(lines.text().lines().count(), 1);
    let part = office.lead.get("/v1/approvals/export/?limit=1").await;
    let next = part.header("x-next-cursor").unwrap().to_owned();
    let last = office.lead.get(&format!("/v1/approvals/export/?limit=1&cursor={next}")).await;
    assert!(part.text().contains(&first) && last.text().contains(&second), "{}", last.text());
    assert_eq!(last.header("x-next-cursor"), None);
    office.lead.get("/v1/approvals/export/?format=xml").await.assert_problem(400, "invalid", Some("format"));
    let at = |text: &Value| text.as_str().unwrap().to_owned();
    let asked = [&first, &second].map(|id| format!("/v1/approvals/{id}/"));
    let since = at(&office.ann.get(&asked[1]).await.ok()["requested_at"]);
    for path in ["/v1/approvals/", "/v1/approvals/export/"] {
        let found = async |query: &str| {
            office.lead.get(&format!("{path}?{query}")).await.text().matches("\"status\"").count()
        };
        assert_eq!(found(&format!("from={since}")).await, 2, "{path}");
        assert_eq!(found(&format!("to={since}")).await, 0, "{path}");
        assert_eq!(found(&format!("from={since}&to=2030-01-01T00:00:00Z&status=denied")).await, 1, "{path}");
    }
    let backwards = format!("/v1/approvals/?from={since}&to={since}");
    office.lead.get(&backwards).await.assert_problem(400, "invalid", Some("to"));
    office.lead.get("/v1/approvals/?status=lost").await.assert_problem(400, "invalid", Some("status"));
}

/// A key is for what it is narrowed to, also where others' sharing is decided.
#[tokio::test]
async fn a_narrowed_key_knows_of_no_request_elsewhere() {
    let office = Office::new().await;
    let id = office.ask().await;
    let lead = office.alice.colleague("other-lead", &office.alpha, Role::Admin).await;
    let joined = json!({ "user_id": lead.user, "role": "admin" });
    let alice = office.alice.colleague("owner", &office.north, Role::Owner).await;
    alice.post(&format!("/v1/organizations/{}/members", office.beta.id), joined).await.ok();
    let key = async |within: Value, ceiling: Value| {
        let new = json!({
            "name": "narrow", "scopes": ["memories:read", "memories:write"], "within": within, "ceiling": ceiling,
        });
        lead.with_key(&lead.post("/v1/api-keys", new).await.ok())
    };
    let path = format!("/v1/approvals/{id}/");
    let elsewhere = key(json!([office.beta.label()]), Value::Null).await;
    let below = key(Value::Null, json!("public")).await;
    for narrow in [&elsewhere, &below] {
        narrow.get(&path).await.assert_problem(404, "not-found", None);
        for list in ["/v1/approvals/", "/v1/approvals/?to_decide=true"] {
            assert_eq!(narrow.get(list).await.ok()["results"], json!([]));
        }
        decide(narrow, &id, "approve").await.assert_problem(404, "not-found", None);
        decide(narrow, &id, "deny").await.assert_problem(404, "not-found", None);
    }
    let there = key(json!([office.alpha.label()]), json!("internal")).await;
    assert_eq!(there.get("/v1/approvals/?to_decide=true").await.ok()["results"][0]["id"], json!(id));
    decide(&there, &id, "approve").await.ok();
    assert!(office.ben_sees_it().await);
}

/// A request is decided under the rules of the day on which it is decided.
#[tokio::test]
async fn a_stricter_rule_holds_for_what_is_waiting() {
    let office = Office::new().await;
    let id = office.ask().await;
    let rule = json!({ "approvals": [{ "directions": ["across"], "approver_role": "owner" }] });
    let owner = office.alice.enterprise_colleague("olga", Role::Owner).await;
    owner.put(&format!("/v1/organizations/{}/sharing-policy", office.north.id), rule).await.ok();
    let told = decide(&office.lead, &id, "approve").await.assert_problem(409, "conflict", None);
    assert_eq!(told, "by now this needs another approval, and has to be asked for anew");
    assert!(!office.ben_sees_it().await);
}

/// Whoever has to do with few requests reads those, and not everybody's.
#[tokio::test]
async fn a_list_does_not_look_at_what_concerns_others() {
    let office = Office::new().await;
    let id = office.ask().await;
    decide(&office.lead, &id, "approve").await.ok();
    // As if they had asked and decided very often, and each further question were one too many.
    let copy = "INSERT INTO approvals SELECT (r).* FROM (
                    SELECT jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid())) r
                      FROM approvals a, generate_series(1, 50)) copied;
        CREATE OR REPLACE FUNCTION mem0.deciding_positions(tenant uuid, approval uuid, decider uuid, at timestamptz)
            RETURNS TABLE (node_scope_id bigint, open boolean, rank integer, from_user_id uuid)
            LANGUAGE plpgsql STABLE AS $$ BEGIN RAISE EXCEPTION 'asked about a request of others'; END $$";
    office.app.database().superuser().await.batch_execute(copy).await.unwrap();
    let of_ben = office.ben.get("/v1/approvals/").await.ok();
    assert_eq!(of_ben["results"], json!([]), "{of_ben}");
    let of_ann = office.ann.get("/v1/approvals/?limit=10").await.ok();
    assert_eq!(of_ann["results"].as_array().unwrap().len(), 10);
    // Whoever answers for the node reads what became of all of them.
    let of_lead = office.lead.get("/v1/approvals/?status=approved&limit=100").await.ok();
    assert_eq!(of_lead["results"].as_array().unwrap().len(), 51);
}

/// When the share would have ended, there is nothing left to decide, and nothing in the way of another request.
#[tokio::test]
async fn a_request_ends_with_the_share_that_it_asks_for() {
    let office = Office::new().await;
    let until = |hours| json!({ "with": office.beta.label(), "expires_at": office.app.now() + TimeDelta::hours(hours) });
    let asked = office.share(until(1)).await.assert_status(202).json();
    let id = asked["approval"]["id"].as_str().unwrap();
    assert_eq!(asked["approval"]["expires_at"], asked["approval"]["share_expires_at"]);
    office.app.advance(TimeDelta::hours(2));
    let told = decide(&office.lead, id, "approve").await.assert_problem(409, "conflict", None);
    assert_eq!(told, "the request has expired");
    assert_eq!(office.lead.get("/v1/approvals/?to_decide=true").await.ok()["results"], json!([]));
    let again = office.share(until(100)).await.assert_status(202).json();
    assert_eq!(office.ann.get(&format!("/v1/approvals/{id}/")).await.ok()["status"], "expired");
    // As before where the share would last for longer.
    let at = (&again["approval"]["requested_at"], &again["approval"]["expires_at"]);
    let [from, to] =
        [at.0, at.1].map(|at| at.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(to - from, TimeDelta::hours(72));
}
