//! `POST /v3/memories/search/`: which scopes are searched, and never others.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{remember, remember_with, search, search_answer, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_person_finds_what_their_levels_remember_and_no_more() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let organization = alice.node(ScopeKind::Organization, "North").await;
    let division = alice.node_in(&organization, ScopeKind::Division, "Sales").await;
    let team = alice.node_in(&division, ScopeKind::Team, "Alpha").await;
    let sibling = alice.node_in(&division, ScopeKind::Team, "Beta").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    for (scope, text) in [
        ("enterprise".to_owned(), "The enterprise code word is walnut"),
        (organization.label(), "The organization code word is almond"),
        (division.label(), "The division code word is hazel"),
        (team.label(), "The team code word is pecan"),
        (sibling.label(), "The sibling code word is cashew"),
        ("public".to_owned(), "The public code word is peanut"),
    ] {
        remember_with(&alice, text, json!({ "scope": scope })).await;
    }
    remember(&mia, "My code word is pistachio").await;
    remember(&bob, "The foreign code word is coconut").await;

    let words = async |scope: Value| -> Vec<String> {
        let found = search(&mia, "code word", json!({ "scope": scope, "top_k": 50 })).await;
        let mut words: Vec<String> =
            found.iter().map(|text| text.rsplit(' ').next().unwrap().to_owned()).collect();
        words.sort();
        words
    };
    assert_eq!(words(json!("all")).await, ["almond", "hazel", "peanut", "pecan", "pistachio", "walnut"]);
    assert_eq!(words(json!("personal")).await, ["pistachio"]);
    assert_eq!(words(Value::Null).await, ["pistachio"]);
    assert_eq!(words(json!(team.label())).await, ["pecan"]);
    assert_eq!(words(json!([team.label(), "enterprise"])).await, ["pecan", "walnut"]);
    for scope in [sibling.label(), "team:org_00000000000000000000000000".to_owned()] {
        let answer = search_answer(&mia, "code word", json!({ "scope": scope })).await;
        answer.assert_problem(404, "not-found", None);
    }
    let found = search(&bob, "code word", json!({ "scope": "all" })).await;
    assert_eq!(found, ["The foreign code word is coconut"]);
}

#[tokio::test]
async fn leaving_a_team_takes_effect_with_the_next_request() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    remember_with(&alice, "The team code word is pecan", json!({ "scope": team.label() })).await;
    assert_eq!(search(&mia, "code word", json!({ "scope": "all" })).await.len(), 1);
    let leave = "DELETE FROM memberships WHERE user_id = $1";
    app.database().superuser().await.execute(leave, &[&mia.user.uuid()]).await.unwrap();
    assert!(search(&mia, "code word", json!({ "scope": "all" })).await.is_empty());
}

#[tokio::test]
async fn a_memory_in_several_scopes_is_found_once() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    remember_with(&alice, "The team code word is pecan", json!({ "scope": team.label() })).await;
    let share = "UPDATE memories SET scope_ids = scope_ids || $1::bigint || $2::bigint";
    let client = app.database().superuser().await;
    client.execute(share, &[&alice.scope.0, &alice.root.0]).await.unwrap();
    for scope in ["all", "personal", "enterprise", &team.label()] {
        let body = json!({ "scope": scope });
        assert_eq!(search(&alice, "code word", body.clone()).await.len(), 1, "{scope}");
        let listed = alice.post("/v3/memories/", body).await.ok();
        assert_eq!(
            (&listed["count"], listed["results"].as_array().unwrap().len()),
            (&json!(1), 1),
            "{scope}"
        );
    }
}

#[tokio::test]
async fn broad_scopes_are_searched_like_small_ones() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    for n in 0..40 {
        let scope = if n % 2 == 0 { "personal".to_owned() } else { team.label() };
        remember_with(&alice, &format!("The code of door {n} is {}", 1000 + n), json!({ "scope": scope }))
            .await;
    }
    let found = async || search(&alice, "code of door 7", json!({ "scope": "all", "top_k": 40 })).await;
    let mut expected = found().await;
    assert_eq!(expected[0], "The code of door 7 is 1007");
    let client = app.database().superuser().await;
    for (review, arrived) in [("review_tiers(20, 10)", "broad"), ("review_tiers(1000, 500)", "small")] {
        let changed: i32 =
            client.query_one(&format!("SELECT changed FROM mem0.{review}"), &[]).await.unwrap().get(0);
        assert_eq!(changed, 2, "personal and team");
        loop {
            assert_eq!(found().await, expected, "on the way to {arrived}");
            let more: bool = client.query_one("SELECT mem0.move_tier(7)", &[]).await.unwrap().get(0);
            if !more {
                break;
            }
        }
        let tiers = "SELECT DISTINCT search_tier FROM scopes WHERE id IN ($1, $2)";
        let tiers = client.query(tiers, &[&alice.scope.0, &team.scope.0]).await.unwrap();
        assert_eq!(tiers.iter().map(|row| row.get(0)).collect::<Vec<&str>>(), [arrived]);
        // The best of all, and so at the expense of the worst.
        remember(&alice, &format!("{arrived}: the code of door 7")).await;
        remember_with(&alice, &format!("{arrived}: the team's door"), json!({ "scope": team.label() })).await;
        let now = found().await;
        assert!(now[..3].iter().any(|text| text.starts_with(arrived)), "{now:?}");
        expected = now;
    }
}
