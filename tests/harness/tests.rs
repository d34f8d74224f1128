//! Checks that the application sees the people of a test as intended.

use shared::access::{ApiKeyVerb, Method, Role, ScopeKind};

use super::{Client, Tables, TestApp};

#[tokio::test]
async fn owners_of_two_tenants_share_no_scope() {
    let (_, alice, bob) = TestApp::two_tenants().await;
    let (seen_by_alice, seen_by_bob) = (alice.context().await, bob.context().await);
    assert_eq!(seen_by_alice.user_id(), alice.user);
    assert_ne!(seen_by_alice.enterprise_id(), seen_by_bob.enterprise_id());
    assert_eq!(seen_by_alice.enterprise().unwrap().role, Some(Role::Owner));
    assert!(seen_by_alice.scopes().iter().all(|scope| seen_by_bob.scope(scope.id).is_none()));
}

#[tokio::test]
async fn a_member_of_a_team_reads_what_is_above_it_and_not_beside_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let research = alice.node(ScopeKind::Organization, "Research").await;
    let team = alice.node_in(&research, ScopeKind::Team, "Search").await;
    let sibling = alice.node_in(&research, ScopeKind::Team, "Storage").await;
    let mia = alice.colleague("mia", &team, Role::Member).await.context().await;
    assert_eq!(mia.scope(team.scope).unwrap().label(), team.label());
    assert_eq!(mia.scope(team.scope).unwrap().role, Some(Role::Member));
    assert_eq!(mia.scope(research.scope).unwrap().role, None);
    assert!(mia.scope(sibling.scope).is_none());
    let stranger = alice.stranger("sam").await.context().await;
    assert!(stranger.scope(team.scope).is_none());
}

#[tokio::test]
async fn an_api_key_is_its_owner_narrowed() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let key = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    let caller = key.context().await;
    assert_eq!(caller.user_id(), alice.user);
    assert!(matches!(caller.method(), Method::ApiKey(_, verbs) if *verbs == [ApiKeyVerb::MemoriesRead]));
    let all = alice.with_api_key().await.context().await;
    assert!(matches!(all.method(), Method::ApiKey(_, verbs) if verbs.len() == ApiKeyVerb::ALL.len()));
}

#[tokio::test]
async fn a_person_made_of_rows_is_like_one_who_registered() {
    let app = TestApp::new().await;
    let (made, registered) = (app.owner("made").await, app.registered("registered").await);
    let database = app.database();
    let made_rows = Tables::of(database, made.enterprise).await;
    let registered_rows = Tables::of(database, registered.enterprise).await;
    for table in ["enterprises", "scopes", "users", "memberships", "sessions"] {
        assert_eq!(made_rows.count(table), registered_rows.count(table), "{table}");
    }
    let answers = [&made, &registered].map(async |actor| {
        let me = actor.get("/v1/auth/me").await.snapshot().to_string();
        me.replace(&actor.email, "email").replace("registered", "name").replace("made", "name")
    });
    let [one, other] = answers;
    assert_eq!(one.await, other.await);
}
