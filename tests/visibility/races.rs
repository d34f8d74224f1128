//! Changes of visibility concurrent with reads and writes: what is taken away is gone with the next request, and
//! nobody gets an error because somebody else was busy.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn search(actor: &Actor) -> Answer {
    actor.post("/v3/memories/search/", json!({ "query": "where is the walrus", "scope": "all" })).await
}

fn found(answer: &Value) -> usize {
    answer["results"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_taken_away_is_gone_with_the_next_search_however_many_run() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let organization = owner.node(ScopeKind::Organization, "organization").await;
    let team = owner.node_in(&organization, ScopeKind::Team, "team").await;
    let body = json!({ "messages": "The walrus is in the harbour", "infer": false, "scope": team.label() });
    owner.post("/v3/memories/add/", body).await.ok();
    let member = owner.stranger("member").await;
    let members = format!("/v1/organizations/{}/members", team.id);
    for _ in 0..8 {
        owner.post(&members, json!({ "user_id": member.user, "role": "member" })).await.ok();
        assert_eq!(found(&search(&member).await.ok()), 1);
        let revoke = async {
            let path = format!("{members}/{}", member.user);
            owner.delete(&path).await.ok();
            // It is answered: nothing that begins now may still see it.
            found(&search(&member).await.ok())
        };
        let (after, during, meanwhile) = tokio::join!(revoke, search(&member), search(&member));
        assert_eq!(after, 0, "searched after it was taken away");
        assert!([during, meanwhile].iter().all(|answer| found(&answer.ok()) <= 1));
        assert_eq!(found(&search(&member).await.ok()), 0);
    }
}

#[tokio::test]
async fn moves_and_writes_at_the_same_time_all_succeed_and_agree_with_the_tree() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let top = owner.node(ScopeKind::Organization, "top").await;
    let (one, two) = (
        owner.node_in(&top, ScopeKind::Division, "one").await,
        owner.node_in(&top, ScopeKind::Division, "two").await,
    );
    let team = owner.node_in(&one, ScopeKind::Team, "team").await;
    let (writer, of_two) = (
        owner.colleague("writer", &team, Role::Member).await,
        owner.colleague("two", &two, Role::Viewer).await,
    );
    let path = format!("/v1/organizations/{}/move", team.id);
    for round in 0..8 {
        let to = if round % 2 == 0 { &two } else { &one };
        let write = async |number: usize| {
            let text = format!("The walrus of round {round} is {number} years old");
            let body = json!({ "messages": text, "infer": false, "scope": team.label() });
            writer.post("/v3/memories/add/", body).await
        };
        let (moved, first, second, read) =
            tokio::join!(owner.post(&path, json!({ "parent": to.id })), write(1), write(2), search(&of_two));
        for answer in [&moved, &first, &second, &read] {
            assert!(answer.status.is_success(), "{answer}");
        }
        let list =
            of_two.post("/v3/memories/?page_size=1000", json!({ "filters": {}, "scope": "all" })).await.ok();
        let expected = if round % 2 == 0 { 2 * (round + 1) } else { 0 };
        assert_eq!(found(&list), expected, "round {round}: {list}");
    }
}

#[tokio::test]
async fn a_deactivation_ends_what_has_not_begun() {
    let app = TestApp::new().await;
    let owner = app.owner("alice").await;
    let member = owner.enterprise_colleague("member", Role::Member).await;
    let path = format!("/v1/users/{}/deactivate", member.user);
    let (ended, during) = tokio::join!(owner.call(http::Method::POST, &path, None), search(&member));
    ended.assert_status(200);
    assert!([200, 401].contains(&during.status.as_u16()), "{during}");
    search(&member).await.assert_problem(401, "unauthenticated", None);
}
