//! How the people of a test get their accounts, sessions and keys.
//!
//! Through the domain where it has a function for it, else as rows: a test of memories need not wait for password
//! hashing. The tests of registration and login check that those create the same rows.

use chrono::TimeDelta;
use serde_json::json;
use shared::access::{ApiKeyVerb, Role, SecretHash};
use shared::ids::{ApiKeyId, EnterpriseId, ScopeId, SessionId, UserId};
use shared::tenancy::founding;

use super::tokens::{claims, forge};
use super::{Actor, Client as _, TestApp};

/// Creates an enterprise and its owner.
pub(super) async fn found(app: &TestApp, name: &str) -> Actor {
    let tx = app.gate().sign_in("test.found").await.unwrap();
    let founded = founding::found(&tx, &format!("{name} Ltd"), app.now()).await.unwrap();
    tx.commit().await.unwrap();
    let owner = account(app, founded.enterprise, founded.root, name).await;
    add_membership(&owner, founded.root, Role::Owner).await;
    owner
}

/// The password of everybody who registered.
pub(crate) const PASSWORD: &str = "violet anchor 47 drum";

/// Creates an enterprise and its owner through the route: slower than rows, because the password is really hashed.
pub(super) async fn register(app: &TestApp, name: &str) -> Actor {
    let email = format!("{name}@{name}.example");
    let enterprise = ("enterprise_name", format!("{name} Ltd"));
    registered(app, &email, name, enterprise).await
}

/// Registers an invited person through the route.
pub(super) async fn accept(app: &TestApp, email: &str, invitation: &str) -> Actor {
    registered(app, email, "invited", ("invitation", invitation.to_owned())).await
}

async fn registered(app: &TestApp, email: &str, name: &str, (place, value): (&str, String)) -> Actor {
    let body = json!({ "email": email, "password": PASSWORD, "name": name, place: value });
    let answer = app.anonymous().post("/v1/auth/register", body).await.ok();
    let row = "SELECT u.enterprise_id, u.id, u.scope_id, e.id, s.id
                 FROM users u JOIN scopes e ON e.enterprise_id = u.enterprise_id AND e.kind = 'enterprise'
                 JOIN sessions s ON s.user_id = u.id WHERE u.email = $1";
    let row = app.database().superuser().await.query_one(row, &[&email]).await.unwrap();
    Actor {
        app: app.clone(),
        email: email.to_owned(),
        enterprise: EnterpriseId(row.get(0)),
        user: UserId(row.get(1)),
        scope: ScopeId(row.get(2)),
        root: ScopeId(row.get(3)),
        session: SessionId(row.get(4)),
        token: answer["access_token"].as_str().unwrap().to_owned(),
    }
}

/// Creates an account in somebody's enterprise, with a role there.
pub(super) async fn join(inviter: &Actor, name: &str, scope: ScopeId, role: Role) -> Actor {
    let actor = account(&inviter.app, inviter.enterprise, inviter.root, name).await;
    add_membership(&actor, scope, role).await;
    actor
}

async fn add_membership(actor: &Actor, scope: ScopeId, role: Role) {
    let app = &actor.app;
    let tx = app.gate().sign_in("test.join").await.unwrap();
    founding::join(&tx, actor.enterprise, actor.user, scope, role, None, app.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Creates an account without any membership, logged in.
pub(super) async fn account(app: &TestApp, enterprise: EnterpriseId, root: ScopeId, name: &str) -> Actor {
    let tx = app.gate().sign_in("test.account").await.unwrap();
    let scope = founding::personal_scope(&tx, enterprise).await.unwrap();
    tx.commit().await.unwrap();
    let user = UserId::generate();
    let email = format!("{name}@{}.example", enterprise.to_string().replace('_', "-"));
    let (tenant, id, now) = (enterprise.uuid(), user.uuid(), app.now());
    let client = app.database().superuser().await;
    let insert =
        "INSERT INTO users (enterprise_id, id, scope_id, email, display_name, created_at, updated_at)
                  VALUES ($1, $2, $3, $4, $5, $6, $6)";
    client.execute(insert, &[&tenant, &id, &scope.0, &email, &name, &now]).await.unwrap();
    let (session, token) = login(app, enterprise, user).await;
    Actor { app: app.clone(), email, user, enterprise, scope, root, session, token }
}

/// Creates a login of a user; returns its session and a token for it.
pub(super) async fn login(app: &TestApp, enterprise: EnterpriseId, user: UserId) -> (SessionId, String) {
    let session = SessionId::generate();
    let insert = "INSERT INTO sessions (enterprise_id, id, user_id, created_at, expires_at)
                  VALUES ($1, $2, $3, $4, $5)";
    let (now, expires) = (app.now(), app.now() + TimeDelta::days(30));
    let client = app.database().superuser().await;
    client
        .execute(insert, &[&enterprise.uuid(), &session.uuid(), &user.uuid(), &now, &expires])
        .await
        .unwrap();
    (session, forge(&claims(app, user, enterprise, session), |_| ()))
}

/// Creates an API key of that person for these verbs.
pub(super) async fn api_key(owner: &Actor, verbs: &[ApiKeyVerb]) -> String {
    let id = ApiKeyId::generate();
    let key = format!("m0sk_{}", id.uuid().simple());
    let hash = SecretHash::of(&key);
    let verbs: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    let insert =
        "INSERT INTO api_keys (enterprise_id, id, user_id, name, prefix, secret_hash, scopes, created_at)
                  VALUES ($1, $2, $3, 'test', $4, $5, $6, $7)";
    let (tenant, user, now) = (owner.enterprise.uuid(), owner.user.uuid(), owner.app.now());
    let client = owner.app.database().superuser().await;
    client
        .execute(insert, &[&tenant, &id.uuid(), &user, &&key[..9], &hash.as_bytes(), &verbs, &now])
        .await
        .unwrap();
    key
}
