//! `POST /v1/memories/hierarchical/`: everything that a person sees, ranked level by level, when fifty memories of other people
//! were shared with them one by one.
//!
//! The shares are revoked afterwards, because the model of who may see what ([`super::company`]) does not have them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;
use tokio_postgres::Client as Postgres;

use super::Side;
use super::backends::Backends;
use super::changes;
use super::company::Place;
use super::measure::Searches;
use crate::client::{Client, post, succeeded};
use crate::statistics::{Samples, milliseconds};
use crate::text::{Random, topics};

const HIERARCHICAL: &str = "/v1/memories/hierarchical/";
/// People who ask, and memories shared with each.
const PEOPLE: usize = 20;
const SHARED: usize = 50;
/// Requests before anything counts.
const WARM_UP: usize = 100;

/// Shares, measures and revokes.
pub(super) async fn measure(
    address: SocketAddr,
    postgres: &Postgres,
    side: Side<'_>,
    queries: usize,
) -> Result<Searches> {
    let mut client = Client::connect(address).await?;
    // Of a run that was interrupted.
    revoke(&mut client, postgres, side).await?;
    let people = share(&mut client, postgres, side).await?;
    let searches = ask(&mut client, postgres, side, &people, queries).await?;
    revoke(&mut client, postgres, side).await?;
    Ok(searches)
}

async fn ask(
    client: &mut Client,
    postgres: &Postgres,
    (company, installed): Side<'_>,
    people: &[u32],
    queries: usize,
) -> Result<Searches> {
    let mut random = Random(21);
    let (mut latency, mut cpu) = (Samples::default(), Samples::default());
    let mut backends = Backends::find(postgres).await?;
    for number in 0..WARM_UP + queries {
        if number % 200 == 0 {
            backends = Backends::find(postgres).await?;
        }
        let person = people[random.below(people.len())];
        client.authorize(&installed.key(person));
        let question = topics::question(random.next(), company.asks_about(person, &mut random));
        let request = post(HIERARCHICAL, &json!({ "query": question, "per_level": 10 }))?;
        let before = backends.cpu_time()?;
        let started = Instant::now();
        let answer = client.send(request).await?;
        let took = started.elapsed();
        succeeded(HIERARCHICAL, &answer)?;
        if number >= WARM_UP {
            latency.push(milliseconds(took));
            cpu.push(milliseconds(backends.cpu_time()?.saturating_sub(before)));
        }
    }
    Ok(Searches { latency: latency.percentiles(), db_cpu: cpu.percentiles(), queries })
}

/// Shares personal memories of others with some people, and returns those.
async fn share(client: &mut Client, postgres: &Postgres, (company, installed): Side<'_>) -> Result<Vec<u32>> {
    let mut random = Random(20);
    let mut any = |bound: usize| u32::try_from(random.below(bound)).unwrap_or_default();
    let people: Vec<u32> = (0..PEOPLE).map(|_| any(company.people as usize)).collect();
    let mut shares = Vec::new();
    for person in &people {
        let mut picked = 0;
        while picked < SHARED {
            let number = company.first + any(company.facts.len());
            let fact = company.find(number).filter(|fact| !fact.forgotten && fact.shared.is_none());
            if let Some(Place::Person(author)) = fact.map(|fact| fact.home)
                && author != *person
            {
                shares.push((*person, author, number));
                picked += 1;
            }
        }
    }
    let numbers: Vec<i32> =
        shares.iter().map(|(_, _, number)| i32::try_from(*number)).collect::<Result<_, _>>()?;
    let sql = "SELECT (m.metadata->>'n')::integer, m.id::text FROM memories m
                WHERE m.enterprise_id = $1::text::uuid AND m.deleted_at IS NULL
                  AND (m.metadata->>'n')::integer IN (SELECT unnest($2::integer[]))";
    let rows = postgres.query(sql, &[&installed.enterprise, &numbers]).await?;
    let memories: HashMap<i32, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for ((person, author, _), number) in shares.iter().zip(&numbers) {
        // One in two hundred was taken for a near-duplicate.
        let Some(memory) = memories.get(number) else { continue };
        client.authorize(&installed.key(*author));
        let with = json!({ "with": format!("person:{}", installed.person(*person)) });
        client.post(&format!("/v1/memories/{memory}/shares/"), &with).await?;
    }
    Ok(people)
}

/// Revokes all shares of this company except those with which it was loaded.
async fn revoke(client: &mut Client, postgres: &Postgres, (company, installed): Side<'_>) -> Result<()> {
    let sql = "SELECT s.id::text, s.memory_id::text, (m.metadata->>'n')::integer
                 FROM shares s JOIN memories m ON m.enterprise_id = s.enterprise_id AND m.id = s.memory_id
                WHERE s.enterprise_id = $1::text::uuid AND s.revoked_at IS NULL AND s.reason IS DISTINCT FROM $2";
    for row in postgres.query(sql, &[&installed.enterprise, &changes::REASON]).await? {
        let (share, memory): (String, String) = (row.get(0), row.get(1));
        let fact = company.find(u32::try_from(row.get::<_, i32>(2))?);
        let Some(Place::Person(author)) = fact.map(|fact| fact.home) else { continue };
        client.authorize(&installed.key(author));
        let path = format!("/v1/memories/{memory}/shares/{share}/");
        let request = Request::builder().method(Method::DELETE).uri(&path).body(Bytes::new())?;
        succeeded(&path, &client.send(request).await?)?;
    }
    let left = "SELECT count(*) FROM shares
                 WHERE enterprise_id = $1::text::uuid AND revoked_at IS NULL AND reason IS DISTINCT FROM $2";
    let left: i64 = postgres.query_one(left, &[&installed.enterprise, &changes::REASON]).await?.get(0);
    ensure!(left == 0, "{left} shares could not be revoked");
    Ok(())
}
