//! Sharing concurrent with searching, with deciding, and with the dissolution of the grantee.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn remember(actor: &Actor, text: &str) -> String {
    let added = actor.post("/v3/memories/add/", json!({ "messages": text, "infer": false })).await.ok();
    added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned()
}

async fn finds(actor: &Actor) -> usize {
    let query = json!({ "query": "where is the walrus", "scope": "all" });
    let found = actor.post("/v3/memories/search/", query).await.ok();
    found["results"].as_array().unwrap().len()
}

async fn share(actor: &Actor, memory: &str, with: &str) -> Answer {
    actor.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": with })).await
}

fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap_or_else(|| panic!("{thing}"))
}

#[tokio::test]
async fn a_share_that_is_ended_is_gone_with_the_next_search_however_many_run() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let reader = alice.stranger("reader").await;
    let memory = remember(&alice, "The walrus is in the harbour").await;
    for _ in 0..8 {
        let shared = share(&alice, &memory, &format!("person:{}", reader.user)).await.ok();
        assert_eq!(finds(&reader).await, 1);
        let revoke = async {
            let path = format!("/v1/memories/{memory}/shares/{}/", id(&shared["share"]));
            alice.delete(&path).await.ok();
            // It is answered: nothing that begins now may still see it.
            (finds(&reader).await, reader.get(&format!("/v1/memories/{memory}/")).await)
        };
        let ((after, read), ..) = tokio::join!(revoke, finds(&reader), finds(&reader), finds(&reader));
        assert_eq!(after, 0, "searched after it was ended");
        read.assert_status(404);
    }
}

#[tokio::test]
async fn of_those_who_decide_at_once_one_decides() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let here = alice.node(ScopeKind::Organization, "here").await;
    let there = alice.node(ScopeKind::Organization, "there").await;
    let author = alice.colleague("author", &here, Role::Member).await;
    let reader = alice.colleague("reader", &there, Role::Viewer).await;
    let second = alice.enterprise_colleague("second", Role::Admin).await;
    for round in 0..6 {
        let memory = remember(&author, &format!("The walrus of round {round} is in the harbour")).await;
        let asked = share(&author, &memory, &there.label()).await;
        asked.assert_status(202);
        let asked = asked.json();
        let path = format!("/v1/approvals/{}", id(&asked["approval"]));
        let decide = async |who: &Actor, verb: &str| {
            who.post(&format!("{path}/{verb}/"), json!({ "reason": "now" })).await
        };
        // Two who agree, or one who does and one who does not.
        let other = if round % 2 == 0 { "approve" } else { "deny" };
        let (one, two, search) =
            tokio::join!(decide(&alice, "approve"), decide(&second, other), finds(&reader));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{one}, {two}");
        assert!(search <= round + 1);
        let decision = alice.get(&format!("{path}/")).await.ok();
        let agreed = one.status.is_success() || other == "approve";
        assert_eq!(decision["status"], if agreed { "approved" } else { "denied" }, "{decision}");
        let shares = alice.get(&format!("/v1/memories/{memory}/shares/?ended=true")).await;
        let seen = reader.get(&format!("/v1/memories/{memory}/")).await;
        assert_eq!(seen.status.is_success(), agreed, "{decision}: {seen}, {shares}");
    }
}

/// Either somebody of another organization is in it, and pinning is asked for, or it is pinned, and they do not come in.
#[tokio::test]
async fn nobody_comes_into_a_context_past_what_is_being_pinned_to_it() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    alice.put("/v1/enterprise/sharing-policy", rule).await.ok();
    let here = alice.node(ScopeKind::Organization, "here").await;
    let there = alice.node(ScopeKind::Organization, "there").await;
    let author = alice.colleague("author", &here, Role::Member).await;
    let reader = alice.colleague("reader", &there, Role::Viewer).await;
    for round in 0..8 {
        let memory = remember(&author, &format!("The walrus of round {round} is in the harbour")).await;
        let made = author.post("/v1/contexts/", json!({ "name": format!("round {round}") })).await.ok();
        let (context, join) = (id(&made), json!({ "user_id": reader.user, "role": "viewer" }));
        let members = format!("/v1/contexts/{context}/members/");
        let with = format!("context:{context}");
        let (pinned, joined) = tokio::join!(share(&author, &memory, &with), author.post(&members, join));
        let told = [pinned.status.as_u16(), joined.status.as_u16()];
        assert!([[201, 403], [202, 201]].contains(&told), "{pinned}, {joined}");
        reader.get(&format!("/v1/memories/{memory}/")).await.assert_status(404);
    }
}

#[tokio::test]
async fn a_share_with_a_node_that_is_being_dissolved_reaches_its_heir_or_is_refused() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let top = alice.node(ScopeKind::Organization, "top").await;
    let author = alice.colleague("author", &top, Role::Member).await;
    let reader = alice.colleague("reader", &top, Role::Viewer).await;
    for round in 0..8 {
        let team = alice.node_in(&top, ScopeKind::Team, &format!("team {round}")).await;
        let member = alice.colleague(&format!("member{round}"), &team, Role::Viewer).await;
        let memory = remember(&author, &format!("The walrus of round {round} is in the harbour")).await;
        let label = team.label();
        let dissolve = async {
            let body = json!({ "heir": "parent", "members": "leave" });
            alice.post(&format!("/v1/organizations/{}/dissolve", team.id), body).await
        };
        let (shared, dissolved) = tokio::join!(share(&author, &memory, &label), dissolve);
        assert!(dissolved.status.is_success(), "{dissolved}");
        assert!([201, 404].contains(&shared.status.as_u16()), "{shared}");
        let path = format!("/v1/memories/{memory}/");
        // Whoever left with the team sees nothing of it, whoever belongs to the heir what the team was given.
        member.get(&path).await.assert_status(404);
        let seen = reader.get(&path).await.status.as_u16();
        assert!(seen == 404 || shared.status == 201, "{shared}");
        let shares = author.get(&format!("{path}shares/")).await.ok();
        let live = shares["results"].as_array().unwrap().len();
        assert_eq!(live, usize::from(seen == 200), "a share is seen by those whom it is with: {shares}");
    }
}
