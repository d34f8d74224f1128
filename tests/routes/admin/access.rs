//! `/v1/users/{id}/access` and `/v1/access/check`: what others see and may do, and why.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role, ScopeKind};
use shared::ids::UserId;

use crate::harness::{Actor, Client as _, Node, TestApp};

fn access(other: &Actor) -> String {
    format!("/v1/users/{}/access", other.user)
}

fn scopes(list: &Value) -> Vec<String> {
    let rows = list["results"].as_array().unwrap().iter();
    rows.map(|row| {
        format!("{} {}", row["name"].as_str().unwrap_or(row["scope"].as_str().unwrap()), row["role"])
    })
    .collect()
}

async fn may(actor: &Actor, other: &Actor, action: &str, scope: &str) -> Value {
    let body = json!({ "user_id": other.user, "action": action, "scope": scope });
    actor.post("/v1/access/check", body).await.ok()
}

/// Energy > Grid > Lines, and Solar beside it.
async fn company(alice: &Actor) -> [Node; 4] {
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let grid = alice.node_in(&energy, ScopeKind::Division, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let solar = alice.node(ScopeKind::Organization, "Solar").await;
    [energy, grid, lines, solar]
}

#[tokio::test]
async fn an_administrator_learns_what_others_see_and_why() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [energy, grid, _lines, solar] = company(&alice).await;
    let mia = alice.colleague("mia", &grid, Role::Member).await;
    let joined = json!({ "user_id": mia.user, "role": "viewer" });
    alice.post(&format!("/v1/organizations/{}/members", solar.id), joined).await.ok();
    let group = alice.post("/v1/enterprise/groups", json!({ "name": "Leads" })).await.ok();
    let group = group["id"].as_str().unwrap();
    alice
        .put(&format!("/v1/organizations/{}/group-roles/{group}", grid.id), json!({ "role": "admin" }))
        .await
        .ok();
    alice.post(&format!("/v1/groups/{group}/members"), json!({ "user_id": mia.user })).await.ok();

    let all = alice.get(&access(&mia)).await;
    assert_eq!(
        scopes(&all.json()),
        [
            "enterprise null",
            "public null",
            "Energy null",
            "Grid \"admin\"",
            "Lines \"admin\"",
            "Solar \"viewer\""
        ]
    );
    let mut row = all.snapshot()["results"][3].clone();
    let may = row.as_object_mut().unwrap().remove("may").unwrap();
    let may = |action: &str| may.as_array().unwrap().contains(&json!(action));
    assert_eq!(["add_memory", "manage_members", "list_accounts"].map(may), [true, true, false]);
    insta::assert_json_snapshot!(row, @r#"
    {
      "id": "[org#2]",
      "kind": "division",
      "name": "Grid",
      "role": "admin",
      "scope": "division:[org#2]",
      "why": [
        {
          "at": {
            "id": "[org#2]",
            "kind": "division",
            "name": "Grid",
            "scope": "division:[org#2]"
          },
          "role": "member",
          "via": "member"
        },
        {
          "at": {
            "id": "[org#2]",
            "kind": "division",
            "name": "Grid",
            "scope": "division:[org#2]"
          },
          "group": {
            "id": "[grp#1]",
            "name": "Leads"
          },
          "role": "admin",
          "via": "member"
        }
      ]
    }
    "#);
    let why = |row: usize| all.json()["results"][row]["why"].clone();
    assert_eq!(why(0)[0]["via"], "below");
    assert_eq!(why(1)[0]["via"], "everyone");
    assert_eq!((&why(4)[1]["via"], &why(4)[1]["group"]["name"]), (&json!("inherited"), &json!("Leads")));
    // Whoever administers a part learns of that part only; whoever sees nothing there is nobody.
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    assert_eq!(
        scopes(&adam.get(&access(&mia)).await.ok()),
        ["Energy null", "Grid \"admin\"", "Lines \"admin\""]
    );
    let sam = alice.colleague("sam", &solar, Role::Member).await;
    adam.get(&access(&sam)).await.assert_problem(404, "not-found", None);
    sam.get(&access(&mia)).await.assert_problem(404, "not-found", None);
    assert_eq!(
        scopes(&sam.get(&access(&sam)).await.ok()),
        ["enterprise null", "personal \"owner\"", "public null", "Solar \"member\""]
    );
    alice.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    assert_eq!(alice.get(&access(&mia)).await.ok()["results"], json!([]));
}

#[tokio::test]
async fn what_is_simulated_is_what_happens() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [energy, grid, lines, solar] = company(&alice).await;
    let people = [
        alice.colleague("vera", &grid, Role::Viewer).await,
        alice.colleague("mia", &lines, Role::Member).await,
        alice.colleague("adam", &energy, Role::Admin).await,
        alice.stranger("sam").await,
        alice.enterprise_colleague("olga", Role::Owner).await,
    ];
    let labels = [
        energy.label(),
        grid.label(),
        lines.label(),
        solar.label(),
        "enterprise".to_owned(),
        "public".to_owned(),
    ];
    for them in &people {
        for scope in labels.iter().filter(|scope| *scope != "public") {
            let add = json!({ "messages": "a fact", "infer": false, "scope": scope });
            let really = them.post("/v3/memories/add/", add).await.status.is_success();
            let verdict = may(&alice, them, "add_memory", scope).await;
            assert_eq!(verdict["allowed"], really, "{} adds to {scope}: {verdict}", them.email);
            let really = them.post("/v3/memories/", json!({ "scope": scope })).await.status.is_success();
            let verdict = may(&alice, them, "read_memories", scope).await;
            assert_eq!(verdict["allowed"], really, "{} reads {scope}: {verdict}", them.email);
        }
        let new = json!({ "kind": "team", "name": format!("Of {}", them.email), "parent": grid.id });
        let really = them.post("/v1/organizations", new).await.status.is_success();
        assert_eq!(
            may(&alice, them, "create_node", &grid.label()).await["allowed"],
            really,
            "{}",
            them.email
        );
    }
    let verdict = may(&alice, &people[0], "add_memory", &grid.label()).await;
    assert_eq!(
        verdict["reason"],
        format!("add_memory needs the role member on {}, they have the role viewer there", grid.in_words())
    );
    let verdict = may(&alice, &people[3], "read_memories", &grid.label()).await;
    assert_eq!(verdict["reason"], format!("they cannot see {}", grid.in_words()));
}

#[tokio::test]
async fn questions_are_for_administrators_of_what_they_are_about() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let [energy, grid, lines, solar] = company(&alice).await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let mia = alice.colleague("mia", &lines, Role::Member).await;
    let ask = |user: UserId, action: &str, scope: &str| json!({ "user_id": user, "action": action, "scope": scope });
    let path = "/v1/access/check";
    adam.post(path, ask(mia.user, "add_memory", &lines.label())).await.ok();
    for (scope, status, kind) in [
        (solar.label(), 404, "not-found"),
        ("enterprise".to_owned(), 403, "forbidden"),
        ("personal".to_owned(), 400, "invalid"),
        ("public".to_owned(), 403, "forbidden"),
    ] {
        let field = (status == 400).then_some("scope");
        adam.post(path, ask(mia.user, "add_memory", &scope)).await.assert_problem(status, kind, field);
    }
    mia.post(path, ask(mia.user, "add_memory", &lines.label())).await.assert_problem(403, "forbidden", None);
    bob.post(path, ask(mia.user, "add_memory", &lines.label())).await.assert_problem(404, "not-found", None);
    for user in [bob.user, UserId::generate()] {
        alice.post(path, ask(user, "add_memory", &grid.label())).await.assert_problem(404, "not-found", None);
        alice.get(&format!("/v1/users/{user}/access")).await.assert_problem(404, "not-found", None);
    }
    alice.post(path, ask(mia.user, "fly", &grid.label())).await.assert_problem(
        400,
        "invalid",
        Some("action"),
    );
    alice.post(path, ask(mia.user, "add_memory", "moon")).await.assert_problem(400, "invalid", Some("scope"));
    let key = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    key.post(path, ask(mia.user, "add_memory", &grid.label())).await.assert_problem(403, "forbidden", None);
    key.get(&access(&mia)).await.assert_problem(403, "forbidden", None);
}

/// What the policy says is not all that a request needs: what else it depends on, or why it would be refused.
#[tokio::test]
async fn what_depends_on_the_request_is_told_with_the_answer() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [energy, grid, lines, _solar] = company(&alice).await;
    let ada = alice.colleague("ada", &grid, Role::Admin).await;
    let [energy, grid, lines] = [energy.label(), grid.label(), lines.label()];
    let enterprise = "enterprise".to_owned();
    let there = "create_node is needed where it is moved to as well, and that it fits there";
    let leaver = "the account must be deactivated, its role on the enterprise not above theirs, and the heir somebody else";
    for (who, action, scope, condition) in [
        (&alice, "move_node", &grid, Some(there)),
        (&ada, "move_node", &lines, Some(there)),
        (&alice, "delete_node", &lines, None),
        (&alice, "reassign_memories", &enterprise, Some(leaver)),
        (&alice, "add_memory", &energy, None),
    ] {
        let said = may(&alice, who, action, scope).await;
        assert_eq!(said["allowed"], true, "{action} {scope}: {said}");
        let expected = condition.map_or(Value::Null, |condition| json!([condition]));
        assert_eq!(said["conditions"], expected, "{action} {scope}: {said}");
    }
    for (who, action, scope, reason) in [
        // Out of what they do not administer.
        (&ada, "move_node", &grid, "this needs the role admin on Energy (organization:"),
        (&alice, "delete_node", &grid, "they would be told: this division is not empty"),
    ] {
        let said = may(&alice, who, action, scope).await;
        let told = said["reason"].as_str().unwrap();
        assert!(said["allowed"] == false && told.contains(reason), "{action} {scope}: {said}");
        assert_eq!(said["conditions"], Value::Null, "{said}");
    }
}
