//! A tenant with rows in every table: data that others must not see, and that a test of everything needs.
//!
//! ```text
//! enterprise (owner)
//! └── organization
//!     ├── division
//!     │   ├── team (member)
//!     │   └── sibling team
//!     └── neighbour division
//! ```
//!
//! Every name and every text in it contains the tenant's marker word, so that a leak is recognized.

use http::{Method, Request};
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::ids::{GrantId, IdentityProviderId, MemoryId};

use super::{Actor, Answer, Client as _, Node, Tables, TestApp, requests};

/// The tenant, and the ids of one object of each kind.
pub(crate) struct World {
    pub(crate) app: TestApp,
    /// A word that occurs nowhere else.
    pub(crate) marker: &'static str,
    pub(crate) owner: Actor,
    pub(crate) member: Actor,
    pub(crate) organization: Node,
    pub(crate) division: Node,
    pub(crate) team: Node,
    pub(crate) sibling: Node,
    /// A division beside the other one.
    pub(crate) neighbour: Node,
    /// A team without memories or people.
    pub(crate) vacant: Node,
    pub(crate) invitation: String,
    pub(crate) api_key: String,
    /// A group owned by the team, with the member in it and a role there.
    pub(crate) group: String,
    /// A service account that the team owns, and one of its keys.
    pub(crate) service_account: String,
    pub(crate) service_key: String,
    /// A personal memory of the owner.
    pub(crate) personal_memory: String,
    /// A memory of the team.
    pub(crate) team_memory: String,
    /// The entity (mem0's `user_id`) that both are about.
    pub(crate) entity: String,
    pub(crate) event: String,
    /// The owner's grant to an application.
    pub(crate) application: String,
    /// The identity provider that is trusted for its people.
    pub(crate) provider: String,
    /// An application that was registered for it.
    pub(crate) client: String,
    /// The share of the personal memory with the member.
    pub(crate) share: String,
    /// A public memory of the owner, and a link to it.
    pub(crate) linked_memory: String,
    pub(crate) link: String,
    /// The owner's request to share the team's memory with the sibling team, and a delegate of
    /// the person who decides about it.
    pub(crate) approval: String,
    pub(crate) delegate: String,
    /// The person who decides about it.
    pub(crate) lead: Actor,
    /// A context of the owner with the member in it, its share with the team, and a link to it.
    pub(crate) context: String,
    pub(crate) context_share: String,
    pub(crate) context_link: String,
    /// The dissolution of a former team.
    pub(crate) dissolution: String,
    /// The reassignment of a former colleague's memories.
    pub(crate) reassignment: String,
}

impl World {
    /// Creates a tenant in that application.
    pub(crate) async fn new(app: &TestApp, marker: &'static str) -> Self {
        let owner = app.registered(marker).await;
        let organization = owner.node(ScopeKind::Organization, &format!("{marker} organization")).await;
        let division = owner.node_in(&organization, ScopeKind::Division, &format!("{marker} division")).await;
        let team = owner.node_in(&division, ScopeKind::Team, &format!("{marker} team")).await;
        let sibling = owner.node_in(&division, ScopeKind::Team, &format!("{marker} sibling")).await;
        let neighbour =
            owner.node_in(&organization, ScopeKind::Division, &format!("{marker} neighbour")).await;
        let vacant = owner.node_in(&division, ScopeKind::Team, &format!("{marker} vacant")).await;
        // Sent with an idempotency key, so that there is a stored answer.
        let change = Request::post(format!("/v1/organizations/{}/move", team.id))
            .header("content-type", "application/json")
            .header("idempotency-key", marker)
            .body(json!({ "parent": division.id }).to_string().into());
        owner.send(change.unwrap()).await.ok();
        let policy = json!({ "audiences": { "restricted": "team" } });
        owner.put("/v1/enterprise/sharing-policy", policy).await.ok();
        let member = owner.colleague(&format!("{marker}-member"), &team, Role::Member).await;
        let invited = json!({ "email": format!("invited@{marker}.example"), "role": "member" });
        let invitation = owner.post("/v1/enterprise/invitations", invited).await.ok();
        let key = json!({ "name": format!("{marker} key"), "scopes": ["memories:read"] });
        let api_key = owner.post("/v1/api-keys", key).await.ok();
        let entity = format!("{marker}-person");
        let (personal_memory, event) = remember(&owner, &entity, "personal", marker).await;
        let (team_memory, _) = remember(&owner, &entity, &team.label(), marker).await;
        let with = json!({ "with": format!("person:{}", member.user) });
        let shared = owner.post(&format!("/v1/memories/{personal_memory}/shares/"), with).await.ok();
        let (linked_memory, link) = linked(&owner, marker).await;
        let (approval, delegate, lead) =
            requests::asked(&owner, &member, &team, &sibling, &team_memory).await;
        let (context, context_share, context_link) = made_context(&owner, &member, &team, marker).await;
        requests::asked_of_several(&owner, &organization, marker).await;
        let dissolution = dissolved(&owner, &division, marker).await;
        let reassignment = reassigned(&owner, &team, marker).await;
        awaits_vector(app, &personal_memory).await;
        was_looked_after(app, &owner).await;
        let group = make_group(&owner, &member, &team).await;
        let (service_account, service_key) = make_service_account(&owner, &team).await;
        has_promised(app, &owner).await;
        let settings = json!({ "reads": "durable", "frameworks": ["gdpr", "soc2"] });
        owner.put("/v1/audit/settings", settings).await.ok();
        was_chained(app, &owner).await;
        let opinion = json!({ "memory_id": team_memory, "feedback": "POSITIVE", "feedback_reason": marker });
        owner.post("/v1/feedback/", opinion).await.ok();
        let (application, provider) = allow_application(app, &owner).await;
        let path = format!("/v1/auth/identity-providers/{provider}/applications");
        let client = text(&owner.post(&path, json!({ "name": marker })).await.ok()["client_id"]);
        Self {
            app: app.clone(),
            marker,
            member,
            organization,
            division,
            team,
            sibling,
            neighbour,
            vacant,
            invitation: text(&invitation["id"]),
            api_key: text(&api_key["id"]),
            group,
            service_account,
            service_key,
            personal_memory,
            team_memory,
            entity,
            event,
            application,
            provider,
            client,
            share: text(&shared["share"]["id"]),
            linked_memory,
            link,
            approval,
            delegate,
            lead,
            context,
            context_share,
            context_link,
            dissolution,
            reassignment,
            owner,
        }
    }

    /// The contents of its tables.
    pub(crate) async fn tables(&self) -> Tables {
        Tables::of(self.app.database(), self.owner.enterprise).await
    }

    /// The ids of all of its objects.
    pub(crate) fn ids(&self) -> Vec<String> {
        vec![
            self.owner.enterprise.to_string(),
            self.owner.user.to_string(),
            self.member.user.to_string(),
            self.owner.session.to_string(),
            self.organization.id.to_string(),
            self.division.id.to_string(),
            self.team.id.to_string(),
            self.sibling.id.to_string(),
            self.neighbour.id.to_string(),
            self.vacant.id.to_string(),
            self.invitation.clone(),
            self.api_key.clone(),
            self.group.clone(),
            self.service_account.clone(),
            self.service_key.clone(),
            self.personal_memory.clone(),
            self.team_memory.clone(),
            self.event.clone(),
            self.application.clone(),
            self.provider.clone(),
            self.client.clone(),
            self.share.clone(),
            self.linked_memory.clone(),
            self.link.clone(),
            self.approval.clone(),
            self.delegate.clone(),
            self.context.clone(),
            self.context_share.clone(),
            self.context_link.clone(),
            self.dissolution.clone(),
            self.reassignment.clone(),
        ]
    }

    /// Asserts that an answer to somebody who may not see this tenant reveals nothing of
    /// it but what was in the request.
    #[track_caller]
    pub(crate) fn assert_not_revealed_by(&self, answer: &Answer, asked: &str) {
        let said = String::from_utf8_lossy(&answer.body).to_lowercase();
        let secrets = self.ids().into_iter().chain([self.marker.to_owned()]);
        for secret in secrets.filter(|secret| !asked.contains(secret.as_str())) {
            assert!(!said.contains(&secret), "{answer} tells {secret}");
        }
    }
}

/// Adds a memory; returns its id and that of its event.
async fn remember(owner: &Actor, entity: &str, scope: &str, marker: &str) -> (String, String) {
    let body = json!({
        "messages": [{ "role": "user", "content": format!("The {marker} of {scope} opens in spring") }],
        "user_id": entity, "scope": scope, "infer": false, "metadata": { "secret": marker },
    });
    let added = owner.post("/v3/memories/add/", body).await.ok();
    (text(&added["results"][0]["id"]), text(&added["event_id"]))
}

/// Inserts rows as if the owner had authorized an application, a device were waiting, questions had been answered, and
/// an identity provider were trusted; returns the ids of the grant and of the provider.
async fn allow_application(app: &TestApp, owner: &Actor) -> (String, String) {
    let (grant, provider) = (GrantId::generate(), IdentityProviderId::generate());
    let all = "WITH session AS (
                   INSERT INTO sessions (enterprise_id, id, user_id, created_at, expires_at)
                   VALUES ($1, $3, $2, $5::timestamptz, $5::timestamptz + interval '1 year')),
               code AS (
                   INSERT INTO oauth_codes (enterprise_id, code_hash, user_id, client_id, redirect_uri, challenge, scopes,
                                            resource, created_at, expires_at, redeemed_at, grant_id)
                   VALUES ($1, uuid_send($3), $2, 'm0cl_w', 'https://app.example/cb', 'c', '{memories:read}', 'r', $5, $5, $5,
                           $3)),
               device AS (
                   INSERT INTO oauth_device_codes (device_code_hash, user_code, client_id, scopes, resource, created_at,
                                                   expires_at, interval_s, enterprise_id, user_id, decision)
                   VALUES (uuid_send($3), $3::text, 'mem0-cli', '{memories:read}', 'r', $5, $5, 5, $1, $2, 'approved')),
               ticket AS (INSERT INTO spent_tickets VALUES ($1, 'test', uuid_send($3), $5::timestamptz + interval '1 year')),
               reset AS (INSERT INTO password_resets
                         VALUES ($1, $2, uuid_send($3), NULL, $5, $5::timestamptz + interval '1 day')),
               provider AS (
                   INSERT INTO identity_providers (enterprise_id, id, name, issuer, jwks, jwks_read_at, domains, created_at,
                                                   created_by)
                   VALUES ($1, $4, 'idp', 'https://idp.example', '{}', $5, '{walrus.example}', $5, $2)
                   RETURNING enterprise_id, id)
               SELECT 1";
    let at = app.now();
    let client = app.database().superuser().await;
    let (tenant, user) = (owner.enterprise.uuid(), owner.user.uuid());
    client.execute(all, &[&tenant, &user, &grant.uuid(), &provider.uuid(), &at]).await.unwrap();
    let terms = "INSERT INTO oauth_grants (enterprise_id, id, user_id, client_id, client_name, kind, scopes, resource,
                                           created_at, last_used_at)
                 VALUES ($1, $2, $3, 'm0cl_w', 'app', 'authorization_code', '{memories:read}', 'https://mem0.test/mcp', $4,
                         $4)";
    client.execute(terms, &[&tenant, &grant.uuid(), &user, &at]).await.unwrap();
    let link = "INSERT INTO identity_links VALUES ($1, $2, 'subject', $3, $4)";
    client.execute(link, &[&tenant, &provider.uuid(), &user, &at]).await.unwrap();
    (grant.to_string(), provider.to_string())
}

/// Dissolves an empty team; returns the id of the dissolution.
async fn dissolved(owner: &Actor, division: &Node, marker: &str) -> String {
    let node = owner.node_in(division, ScopeKind::Team, &format!("{marker} closed")).await;
    let wish = json!({ "heir": "parent", "members": "leave" });
    text(&owner.post(&format!("/v1/organizations/{}/dissolve", node.id), wish).await.ok()["id"])
}

/// Reassigns the memories of a colleague without any to a team; returns the id of the reassignment.
async fn reassigned(owner: &Actor, team: &Node, marker: &str) -> String {
    let leaver = owner.colleague(&format!("{marker}-leaver"), team, Role::Viewer).await;
    owner.call(Method::POST, &format!("/v1/users/{}/deactivate", leaver.user), None).await.ok();
    let path = format!("/v1/users/{}/reassign-memories", leaver.user);
    text(&owner.post(&path, json!({ "scope": team.label() })).await.ok()["id"])
}

/// Creates a context with a member, shared with a team; returns its id, that of the share and that of a link.
async fn made_context(owner: &Actor, member: &Actor, team: &Node, marker: &str) -> (String, String, String) {
    let new = json!({ "name": format!("{marker} launch"), "description": marker });
    let context = text(&owner.post("/v1/contexts/", new).await.ok()["id"]);
    let path = format!("/v1/contexts/{context}");
    owner.post(&format!("{path}/members/"), json!({ "user_id": member.user, "role": "member" })).await.ok();
    let share = owner.post(&format!("{path}/shares/"), json!({ "with": team.label() })).await.ok();
    let link = owner.post(&format!("{path}/links/"), json!({})).await.ok();
    (context, text(&share["share"]["id"]), text(&link["id"]))
}

/// Adds a public memory and a link to it; returns their ids.
async fn linked(owner: &Actor, marker: &str) -> (String, String) {
    let text_of_it = format!("The {marker} exhibition is open to everybody");
    let body = json!({ "messages": text_of_it, "infer": false, "classification": "public" });
    let added = owner.post("/v3/memories/add/", body).await.ok();
    let memory = text(&added["results"][0]["id"]);
    let link = owner.post(&format!("/v1/memories/{memory}/links/"), json!({})).await.ok();
    (memory, text(&link["id"]))
}

/// Inserts rows as if search maintenance had run on an empty tenant.
async fn was_looked_after(app: &TestApp, owner: &Actor) {
    let upkeep = "WITH size AS (INSERT INTO scope_sizes VALUES ($1, $2, 0)),
                       block AS (INSERT INTO vector_blocks (enterprise_id, scope_id, model, memory_ids, codes)
                                 VALUES ($1, $2, 0, ARRAY[gen_random_uuid()], convert_to(repeat('0', 132), 'UTF8'))),
                       unpacked AS (INSERT INTO unpacked_vectors (enterprise_id, scope_id, memory_id, replaces)
                                    VALUES ($1, $2, gen_random_uuid(), true)),
                       sample AS (INSERT INTO term_samples VALUES ($1, 0)),
                       retired AS (INSERT INTO audit_retirements
                                   VALUES ($1, '2020-01-01', 1, 0, '', '2021-02-01', gen_random_uuid())),
                       plan AS (INSERT INTO enterprise_plans VALUES ($1, 'enterprise')),
                       counted AS (INSERT INTO memory_counts VALUES ($1, 2, now()))
                  INSERT INTO frequent_terms VALUES ($1, 'spring', 0.01)";
    let client = app.database().superuser().await;
    client.execute(upkeep, &[&owner.enterprise.uuid(), &owner.scope.0]).await.unwrap();
}

/// Creates a group of one, owned by the node, with a role that its member has anyway; returns its id.
async fn make_group(owner: &Actor, member: &Actor, node: &Node) -> String {
    let new = json!({ "name": format!("{} group", node.name) });
    let group = text(&owner.post(&format!("/v1/organizations/{}/groups", node.id), new).await.ok()["id"]);
    let joined = json!({ "user_id": member.user });
    owner.post(&format!("/v1/groups/{group}/members"), joined).await.ok();
    let role = json!({ "role": "viewer" });
    owner.put(&format!("/v1/organizations/{}/group-roles/{group}", node.id), role).await.ok();
    group
}

/// Creates a service account owned by the node, and a key; returns their ids.
async fn make_service_account(owner: &Actor, node: &Node) -> (String, String) {
    let new = json!({ "name": format!("{} robot", node.name) });
    let path = format!("/v1/organizations/{}/service-accounts", node.id);
    let account = text(&owner.post(&path, new).await.ok()["id"]);
    let key = json!({ "name": format!("{} robot", node.name), "scopes": ["memories:read"], "within": [node.label()] });
    let key = owner.post(&format!("/v1/service-accounts/{account}/api-keys"), key).await.ok();
    (account, text(&key["id"]))
}

/// Waits until the job that chains the audit log has chained every row.
async fn was_chained(app: &TestApp, owner: &Actor) {
    let chained = "SELECT NOT EXISTS (
                       SELECT FROM audit_log l WHERE enterprise_id = $1 AND NOT EXISTS (
                              SELECT FROM audit_chain c WHERE c.enterprise_id = l.enterprise_id AND c.id = l.id))";
    let client = app.database().superuser().await;
    loop {
        // Rows wait while anything older runs in the cluster, which other tests share.
        shared::audit::chain::seal(app.gate()).await.unwrap();
        if client.query_one(chained, &[&owner.enterprise.uuid()]).await.unwrap().get(0) {
            while shared::audit::chain::check(app.gate()).await.unwrap().is_some() {}
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Inserts a row as if the embedding model had been unavailable when the memory was stored.
async fn awaits_vector(app: &TestApp, memory: &str) {
    let id: MemoryId = memory.parse().unwrap();
    let sql = "INSERT INTO embedding_work (enterprise_id, memory_id, due_at)
               SELECT enterprise_id, id, created_at FROM memories WHERE id = $1";
    app.database().superuser().await.execute(sql, &[&id.uuid()]).await.unwrap();
}

/// Inserts a row as if a change had promised work that is done.
async fn has_promised(app: &TestApp, owner: &Actor) {
    let sql = "INSERT INTO outbox (enterprise_id, topic, promised_at, due_at, finished_at) VALUES ($1, 'job.run', $2, $2, $2)";
    app.database().superuser().await.execute(sql, &[&owner.enterprise.uuid(), &app.now()]).await.unwrap();
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
