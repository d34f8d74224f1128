//! Checks whether anybody finds what they may not see: every result of many searches is compared with the model.
//!
//! Some searches ask about topics, which both companies share. Most ask in the exact words of a memory that the person
//! may see, might once have seen, or that belongs to somebody near: a leaked memory would be their first result.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio_postgres::Client as Postgres;

use super::changes;
use super::company::{Company, Place};
use super::install::Installed;
use super::measure::search;
use crate::client::{Client, succeeded};
use crate::text::{Random, topics};
use measuring::report::say;

/// The number of concurrent clients.
const CLIENTS: u64 = 3;
/// The number of people whose role is removed and restored between two searches.
const INTERRUPTED: u32 = 20;

/// The figures of the test.
#[derive(Debug, Default, Serialize)]
pub(super) struct Leaks {
    pub(super) queries: usize,
    /// Results that were compared with the model.
    pub(super) rows: usize,
    /// Results that the person who asked may not see.
    pub(super) leaked_rows: usize,
    /// Searches in the words of a memory that the person may see, and how many of them found it.
    known_items: usize,
    known_items_found: usize,
    /// Searches in the words of a memory that the person may not see.
    forbidden_items: usize,
}

impl Leaks {
    /// Adds other figures.
    pub(super) fn add(&mut self, other: &Self) {
        self.queries += other.queries;
        self.rows += other.rows;
        self.leaked_rows += other.leaked_rows;
        self.known_items += other.known_items;
        self.known_items_found += other.known_items_found;
        self.forbidden_items += other.forbidden_items;
    }
}

#[derive(Deserialize)]
struct Found {
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    n: u32,
}

/// A company with its memories by place.
pub(super) struct Watched<'a> {
    pub(super) company: &'a Company,
    pub(super) installed: &'a Installed,
    by_place: HashMap<Place, Vec<u32>>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(company: &'a Company, installed: &'a Installed) -> Self {
        let mut by_place: HashMap<Place, Vec<u32>> = HashMap::new();
        for (number, fact) in (company.first..).zip(&company.facts) {
            for place in std::iter::once(fact.home).chain(fact.shared) {
                by_place.entry(place).or_default().push(number);
            }
        }
        Self { company, installed, by_place }
    }

    /// Returns a memory that a person may see, might once have seen, or that is near them; or any.
    fn item(&self, person: u32, random: &mut Random) -> u32 {
        let company = self.company;
        let first = company.first_team_of(person);
        let place = match random.below(8) {
            0 => Place::Person(person),
            1 => Place::Team(first),
            2 => Place::Team(company.moves_to(person).or(company.second_team_of(person)).unwrap_or(first)),
            3 => Place::Division(company.division_at_first(first)),
            4 => Place::Person((person + 3) % company.people),
            5 => Place::Enterprise,
            _ => Place::Team((first + 1) % company.teams),
        };
        match self.by_place.get(&place) {
            Some(numbers) => numbers[random.below(numbers.len())],
            None => company.first + u32::try_from(random.below(company.facts.len())).unwrap_or_default(),
        }
    }

    /// Returns whether a person may find a memory of either company, or one that was added while measuring.
    fn may_find(&self, person: u32, number: u32) -> bool {
        match number.checked_sub(super::ADDED) {
            Some(author) => author == person && self.company.first == 0,
            None => self.company.may_find(person, number),
        }
    }
}

/// Searches this many times, for people of both companies.
pub(super) async fn search_for(
    address: SocketAddr,
    watched: [&Watched<'_>; 2],
    queries: usize,
) -> Result<Leaks> {
    let share = queries.div_ceil(usize::try_from(CLIENTS)?);
    let one = async |number: u64| {
        let mut client = Client::connect(address).await?;
        let mut random = Random(1000 + number);
        let mut leaks = Leaks::default();
        for _ in 0..share {
            // One search in five is by a person of the second company.
            let side = usize::from(random.below(5) == 0);
            probe(&mut client, watched[side], watched[1 - side], &mut random, &mut leaks).await?;
        }
        anyhow::Ok(leaks)
    };
    let mut all = Leaks::default();
    for leaks in try_join_all((0..CLIENTS).map(one)).await? {
        all.add(&leaks);
    }
    Ok(all)
}

async fn probe(
    client: &mut Client,
    watched: &Watched<'_>,
    other: &Watched<'_>,
    random: &mut Random,
    leaks: &mut Leaks,
) -> Result<()> {
    let company = watched.company;
    let person = u32::try_from(random.below(company.people as usize))?;
    let item = match random.below(4) {
        0 => None,
        // A memory of the other company, in its exact words.
        1 => Some((other.company, other.item(person % other.company.people, random))),
        _ => Some((company, watched.item(person, random))),
    };
    let query = match item {
        Some((company, number)) => {
            let topic = company.find(number).map_or(0, |fact| fact.topic);
            topics::memory(u64::from(number), topic)
        }
        None => topics::question(random.next(), company.asks_about(person, random)),
    };
    let numbers = ask(client, watched, person, &query).await?;
    leaks.queries += 1;
    leaks.rows += numbers.len();
    for number in &numbers {
        if !watched.may_find(person, *number) {
            leaks.leaked_rows += 1;
            say(&format!("leak: person {person} of company {} found memory {number}", company.first));
        }
    }
    if let Some((_, number)) = item {
        if watched.may_find(person, number) {
            leaks.known_items += 1;
            leaks.known_items_found += usize::from(numbers.contains(&number));
        } else {
            leaks.forbidden_items += 1;
        }
    }
    Ok(())
}

async fn ask(client: &mut Client, watched: &Watched<'_>, person: u32, query: &str) -> Result<Vec<u32>> {
    client.authorize(&watched.installed.key(person));
    let answer = client.send(search(query)?).await?;
    succeeded("search", &answer)?;
    let found: Found = serde_json::from_slice(answer.body())?;
    Ok(found.results.iter().map(|row| row.metadata.n).collect())
}

/// Removes roles and a key between two searches and restores them: the very next search must take that into account.
pub(super) async fn interrupt(
    address: SocketAddr,
    postgres: &Postgres,
    watched: &Watched<'_>,
) -> Result<Leaks> {
    let (company, installed) = (watched.company, watched.installed);
    let mut owner = Client::connect(address).await?;
    owner.authorize(&installed.key(0));
    let mut client = Client::connect(address).await?;
    let mut leaks = Leaks::default();
    let plain = |person: &u32| {
        company.moves_to(*person).is_none()
            && !company.is_revoked(*person)
            && company.leads(*person).is_none()
            && company.second_team_of(*person).is_none()
            && *person > 0
    };
    let step = (company.people / INTERRUPTED).max(1);
    for person in
        (0..company.people).filter(plain).filter(|person| person % step < 3).take(INTERRUPTED as usize)
    {
        let team = company.first_team_of(person);
        let Some(number) = watched.by_place.get(&Place::Team(team)).and_then(|numbers| {
            numbers.iter().find(|number| company.find(**number).is_some_and(|fact| !fact.forgotten))
        }) else {
            continue;
        };
        let topic = company.find(*number).map_or(0, |fact| fact.topic);
        let query = topics::memory(u64::from(*number), topic);
        let before = ask(&mut client, watched, person, &query).await?;
        changes::leave(&mut owner, installed, person, team).await?;
        let during = ask(&mut client, watched, person, &query).await?;
        changes::join(&mut owner, installed, person, team).await?;
        let after = ask(&mut client, watched, person, &query).await?;
        leaks.queries += 3;
        leaks.rows += during.len();
        leaks.known_items += 2;
        leaks.known_items_found += usize::from(before.contains(number)) + usize::from(after.contains(number));
        // Without their only role, they may see only what is their own or was shared with them.
        let own = |number: u32| {
            number.checked_sub(super::ADDED) == Some(person)
                || company.find(number).is_some_and(|fact| {
                    fact.home == Place::Person(person) || fact.shared == Some(Place::Person(person))
                })
        };
        for number in during.iter().filter(|number| !own(**number)) {
            leaks.leaked_rows += 1;
            say(&format!("leak: person {person} found memory {number} after losing their role"));
        }
    }
    revoked_key(&mut client, postgres, watched).await?;
    Ok(leaks)
}

async fn revoked_key(client: &mut Client, postgres: &Postgres, watched: &Watched<'_>) -> Result<()> {
    const REVOKE: &str =
        "UPDATE api_keys SET revoked_at = CASE WHEN $2 THEN now() END WHERE user_id = $1::text::uuid";
    let person = 2;
    let id = watched.installed.person(person);
    client.authorize(&watched.installed.key(person));
    postgres.execute(REVOKE, &[&id, &true]).await?;
    let refused = client.send(search("anything")?).await?;
    postgres.execute(REVOKE, &[&id, &false]).await?;
    ensure!(refused.status() == 401, "a revoked key was answered with {}", refused.status());
    let answer = client.send(search("anything")?).await?;
    succeeded("search", &answer)
}
