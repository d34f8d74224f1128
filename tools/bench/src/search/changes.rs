//! Changes after the import: people and teams move, roles are removed, memories are shared.
//!
//! People and teams change through the API. Memories are shared in the database, by their authors; the projection follows
//! by its trigger.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Result, ensure};
use http::{Method, Request, header};
use serde_json::{Value, json};
use tokio_postgres::Client as Postgres;

use super::company::{Company, Place};
use super::install::Installed;
use crate::client::{Client, succeeded};
use measuring::report::say;

/// Memories shared in one statement: each of their scopes takes a lock.
const AT_ONCE: usize = 500;

/// The reason of these shares, which tells them from those that are made while measuring.
pub(super) const REASON: &str = "loaded";

/// Makes all changes.
pub(super) async fn make(
    address: SocketAddr,
    postgres: &Postgres,
    company: &Company,
    installed: &Installed,
) -> Result<()> {
    let mut owner = Client::connect(address).await?;
    owner.authorize(&installed.key(0));
    let mut moved = 0;
    for team in 0..company.teams {
        let Some(division) = company.team_moves_to(team) else { continue };
        let path = format!("/v1/organizations/{}/move", installed.node(Place::Team(team)));
        let body = json!({ "parent": installed.node(Place::Division(division)) });
        send(&mut owner, Method::POST, &path, Some(body)).await?;
        moved += 1;
    }
    let mut left = 0;
    for person in 0..company.people {
        let target = company.moves_to(person);
        if !company.is_revoked(person) && target.is_none() {
            continue;
        }
        leave(&mut owner, installed, person, company.first_team_of(person)).await?;
        if let Some(team) = target {
            join(&mut owner, installed, person, team).await?;
        }
        left += 1;
    }
    let shared = share(postgres, company, installed).await?;
    say(&format!("  {moved} teams moved, {left} people moved or lost a role, {shared} memories shared"));
    Ok(())
}

/// Removes a person's role in a team.
pub(super) async fn leave(owner: &mut Client, installed: &Installed, person: u32, team: u32) -> Result<()> {
    let path = format!(
        "/v1/organizations/{}/members/{}",
        installed.node(Place::Team(team)),
        installed.person(person)
    );
    send(owner, Method::DELETE, &path, None).await
}

/// Makes a person a member of a team.
pub(super) async fn join(owner: &mut Client, installed: &Installed, person: u32, team: u32) -> Result<()> {
    let path = format!("/v1/organizations/{}/members", installed.node(Place::Team(team)));
    let body = json!({ "user_id": installed.person(person), "role": "member" });
    send(owner, Method::POST, &path, Some(body)).await
}

async fn send(client: &mut Client, method: Method, path: &str, body: Option<Value>) -> Result<()> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let answer = client.send(request.body(body.into())?).await?;
    succeeded(path, &answer)
}

async fn share(postgres: &Postgres, company: &Company, installed: &Installed) -> Result<usize> {
    let places: HashMap<i32, i64> = (company.first..)
        .zip(&company.facts)
        .filter(|(_, fact)| !fact.forgotten)
        .filter_map(|(number, fact)| Some((i32::try_from(number).ok()?, installed.scope(fact.shared?))))
        .collect();
    let numbers: Vec<i32> = places.keys().copied().collect();
    let rows = postgres
        .query(
            "SELECT m.id::text, (m.metadata->>'n')::integer FROM memories m
              WHERE m.enterprise_id = $1::text::uuid AND m.deleted_at IS NULL
                AND (m.metadata->>'n')::integer IN (SELECT unnest($2::integer[]))",
            &[&installed.enterprise, &numbers],
        )
        .await?;
    ensure!(rows.len() * 100 >= numbers.len() * 99, "{} of {} memories to share", rows.len(), numbers.len());
    for chunk in rows.chunks(AT_ONCE) {
        let ids: Vec<String> = chunk.iter().map(|row| row.get(0)).collect();
        let scopes: Vec<i64> = chunk.iter().filter_map(|row| places.get(&row.get(1)).copied()).collect();
        postgres
            .execute(
                "WITH changed AS (
                    UPDATE memories m SET scope_ids = m.scope_ids || s.scope
                      FROM unnest($2::text[], $3::bigint[]) AS s (id, scope)
                     WHERE m.enterprise_id = $1::text::uuid AND m.id = s.id::uuid
                    RETURNING m.enterprise_id, m.id, s.scope, m.author_id
                 )
                 INSERT INTO shares (enterprise_id, id, memory_id, grantee_scope_id, permission, may_reshare, reason,
                                     granted_by, granted_at)
                 SELECT c.enterprise_id, gen_random_uuid(), c.id, c.scope, 'read', false, $4, c.author_id, now()
                   FROM changed c",
                &[&installed.enterprise, &ids, &scopes, &REASON],
            )
            .await?;
    }
    Ok(rows.len())
}
