//! Who comes into a context is checked against everything in it at once, however many people wrote it: the tree is locked
//! meanwhile.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::ids::{ContextId, RequestId, UserId};
use shared::sharing::{Subject, contexts, share};
use shared::telemetry::RequestLog;
use tokio_postgres::Client;

use super::remember_with;
use crate::harness::{Actor, Client as _, Node, TestApp};

/// An enterprise with a rule for which it matters who wrote something and where they belong.
struct Office {
    app: TestApp,
    alice: Actor,
    north: Node,
}

impl Office {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let alice = app.owner("alice").await;
        let north = alice.node(ScopeKind::Organization, "North").await;
        let rule = json!({ "directions": ["out"], "author_roles": ["member"] });
        alice.put("/v1/enterprise/sharing-policy", json!({ "approvals": [rule] })).await.ok();
        Self { app, alice, north }
    }

    /// A context to which each of so many people has added something.
    async fn context(&self, authors: usize) -> (ContextId, Vec<Actor>) {
        let made = self.alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
        let id: ContextId = made["id"].as_str().unwrap().parse().unwrap();
        let mut members = Vec::new();
        for number in 0..authors {
            let member = self.colleague("member").await;
            let body = json!({ "user_id": member.user, "role": "member" });
            self.alice.post(&format!("/v1/contexts/{id}/members/"), body).await.assert_status(201);
            let scope = json!({ "scope": format!("context:{id}") });
            remember_with(&member, &format!("Part {number} is done"), scope).await;
            members.push(member);
        }
        (id, members)
    }

    async fn colleague(&self, name: &str) -> Actor {
        let name = format!("{name}{}", TestApp::unique());
        self.alice.colleague(&name, &self.north, Role::Member).await
    }
}

/// How often a request goes to the database.
async fn round_trips<T>(work: impl Future<Output = T>) -> (T, u32) {
    let mut count = 0;
    let log = RequestLog::new(RequestId::generate());
    let result = log.scope(work, |_, log| count = log.queries()).await;
    (result, count)
}

/// How often it does so to add somebody to a context, and to share it with them.
async fn to_join_and_to_read(office: &Office, context: ContextId) -> (u32, u32) {
    let (member, reader) = (office.colleague("new").await, office.colleague("reader").await);
    let (ctx, db) = (office.alice.context().await, &office.app.gate().db);
    let joins = serde_json::from_value(json!({ "user_id": member.user, "role": "viewer" })).unwrap();
    let (joined, joining) = round_trips(contexts::add_member(&ctx, db, context, joins, None)).await;
    joined.unwrap();
    let with: Value = json!({ "with": format!("person:{}", reader.user) });
    let subject = Subject::Context(context);
    let with = serde_json::from_value(with).unwrap();
    let (shared, sharing) = round_trips(share::share(&ctx, db, subject, with, None)).await;
    shared.unwrap();
    (joining, sharing)
}

#[tokio::test]
async fn who_joins_or_reads_a_context_is_asked_about_once_however_many_wrote_what_is_in_it() {
    let office = Office::new().await;
    let (small, _) = office.context(1).await;
    let (large, _) = office.context(9).await;
    let few = to_join_and_to_read(&office, small).await;
    let many = to_join_and_to_read(&office, large).await;
    assert_eq!(few, many);
    assert!(few.0 <= 16 && few.1 <= 18, "{few:?}");
}

#[tokio::test]
async fn where_somebody_belongs_is_found_once_for_each_person() {
    let office = Office::new().await;
    let (_, people) = office.context(4).await;
    let client = office.app.database().superuser().await;
    client.batch_execute("BEGIN; SET LOCAL track_functions = 'all'").await.unwrap();
    let contexts = "SELECT array_agg(id) FROM scopes WHERE kind = 'context'";
    let context: Vec<i64> = client.query_one(contexts, &[]).await.unwrap().get(0);
    let authors: Vec<UserId> = people.iter().map(|person| person.user).collect();
    let grantees: Vec<i64> = people.iter().map(|person| person.scope.0).collect();
    let (mut homes, mut wrote, mut with) = (Vec::new(), Vec::new(), Vec::new());
    for author in &authors {
        for grantee in &grantees {
            homes.push(context[0]);
            wrote.push(author.uuid());
            with.push(*grantee);
        }
    }
    let directions = "SELECT count(*), count(*) FILTER (WHERE direction = 'across')
                        FROM mem0.directions_of($1, $2, $3, $4)";
    let row = client
        .query_one(directions, &[&office.alice.enterprise.uuid(), &homes, &wrote, &with])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (16, 16));
    assert_eq!(calls(client, "organizations_of").await, 4);
    client.batch_execute("ROLLBACK").await.unwrap();
}

/// How often a function was called in this transaction.
async fn calls(client: &Client, function: &str) -> i64 {
    let calls = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_xact_user_functions
                  WHERE schemaname = 'mem0' AND funcname = $1";
    client.query_one(calls, &[&function]).await.unwrap().get(0)
}
