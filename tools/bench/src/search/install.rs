//! Inserts companies into the database: people, their tree, their roles, and an API key for each person.
//!
//! Directly into the tables, as an operator's migration would: ten thousand registrations
//! would hash ten thousand passwords.

use anyhow::{Context as _, Result};
use tokio_postgres::Client;

use super::company::{Company, Place};

/// Scopes created by others come after all of these.
pub(super) const NEXT_SCOPE: &str = "SELECT setval('scope_ids', 1000000000000)";

/// The ids of a company in the database.
#[derive(Clone, Debug)]
pub(super) struct Installed {
    /// The UUID of its enterprise.
    pub(super) enterprise: String,
    /// Distinguishes the companies' ids.
    tag: u32,
    /// The scope of the enterprise; the others follow.
    first_scope: i64,
    organizations: u32,
    divisions: u32,
    teams: u32,
}

impl Installed {
    /// Plans the ids of a company. `tag` is small and differs between companies.
    pub(super) fn plan(company: &Company, enterprise: String, tag: u32) -> Self {
        let Company { organizations, divisions, teams, .. } = *company;
        let first_scope = 1_000_000 * i64::from(tag + 1);
        Self { enterprise, tag, first_scope, organizations, divisions, teams }
    }

    /// The secret of a person's key.
    pub(super) fn key(&self, person: u32) -> String {
        format!("m0sk_bench_{}_{person}", self.tag)
    }

    /// The UUID of a person, which the API accepts as their id.
    pub(super) fn person(&self, person: u32) -> String {
        self.uuid(9, person)
    }

    /// The scope of a place.
    pub(super) fn scope(&self, place: Place) -> i64 {
        let public = 1;
        let offset = match place {
            Place::Enterprise => 0,
            Place::Organization(number) => public + 1 + number,
            Place::Division(number) => public + 1 + self.organizations + number,
            Place::Team(number) => public + 1 + self.organizations + self.divisions + number,
            Place::Person(number) => public + 1 + self.organizations + self.divisions + self.teams + number,
        };
        self.first_scope + i64::from(offset)
    }

    /// The name of a place in requests of a person who belongs there.
    pub(super) fn name(&self, place: Place) -> String {
        match place {
            Place::Enterprise => "enterprise".to_owned(),
            Place::Person(_) => "personal".to_owned(),
            Place::Organization(_) => format!("organization:{}", self.node(place)),
            Place::Division(_) => format!("division:{}", self.node(place)),
            Place::Team(_) => format!("team:{}", self.node(place)),
        }
    }

    /// The UUID of a node, which the API accepts as its id.
    pub(super) fn node(&self, place: Place) -> String {
        match place {
            Place::Organization(number) => self.uuid(1, number),
            Place::Division(number) => self.uuid(2, number),
            Place::Team(number) => self.uuid(3, number),
            Place::Enterprise | Place::Person(_) => String::new(),
        }
    }

    fn uuid(&self, kind: u32, number: u32) -> String {
        format!("{:08x}-{kind:04x}-7000-8000-{number:012x}", self.tag + 1)
    }

    /// Inserts everything.
    pub(super) async fn insert(&self, client: &Client, company: &Company) -> Result<()> {
        let enterprise = &self.enterprise;
        client
            .execute("INSERT INTO enterprises VALUES ($1::text::uuid, 'Bench', now())", &[enterprise])
            .await
            .context("inserting the enterprise")?;
        self.insert_scopes(client, company).await.context("inserting the tree")?;
        self.insert_people(client, company).await.context("inserting people")
    }

    async fn insert_scopes(&self, client: &Client, company: &Company) -> Result<()> {
        let root = self.scope(Place::Enterprise);
        let mut scopes = Columns::default();
        scopes.push(root, "enterprise", None, vec![root], String::new());
        scopes.push(root + 1, "public", Some(root), vec![root, root + 1], String::new());
        let mut add = |place: Place, kind, above: &[Place]| {
            let mut path: Vec<i64> = above.iter().map(|place| self.scope(*place)).collect();
            let parent = path.last().copied();
            path.push(self.scope(place));
            scopes.push(self.scope(place), kind, parent, path, self.node(place));
        };
        for number in 0..company.organizations {
            add(Place::Organization(number), "organization", &[Place::Enterprise]);
        }
        for number in 0..company.divisions {
            let organization = Place::Organization(company.organization_of(number));
            add(Place::Division(number), "division", &[Place::Enterprise, organization]);
        }
        for number in 0..company.teams {
            let division = company.division_at_first(number);
            let organization = Place::Organization(company.organization_of(division));
            add(Place::Team(number), "team", &[Place::Enterprise, organization, Place::Division(division)]);
        }
        for number in 0..company.people {
            add(Place::Person(number), "user", &[Place::Enterprise]);
        }
        let Columns { ids, kinds, parents, paths, nodes } = scopes;
        client
            .execute(
                "INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
                 SELECT $1::text::uuid, s.id, s.kind, s.parent, s.path::bigint[]
                   FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[]) AS s (id, kind, parent, path)",
                &[&self.enterprise, &ids, &kinds, &parents, &paths],
            )
            .await?;
        client
            .execute(
                "INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, created_at, updated_at)
                 SELECT $1::text::uuid, s.node::uuid, s.id, s.kind || ' ' || s.id, now(), now()
                   FROM unnest($2::bigint[], $3::text[], $4::text[]) AS s (id, kind, node)
                  WHERE s.node <> ''",
                &[&self.enterprise, &ids, &kinds, &nodes],
            )
            .await?;
        Ok(())
    }

    async fn insert_people(&self, client: &Client, company: &Company) -> Result<()> {
        let people: Vec<u32> = (0..company.people).collect();
        let ids: Vec<String> = people.iter().map(|person| self.person(*person)).collect();
        let scopes: Vec<i64> = people.iter().map(|person| self.scope(Place::Person(*person))).collect();
        let keys: Vec<String> = people.iter().map(|person| self.key(*person)).collect();
        client
            .execute(
                "INSERT INTO users (enterprise_id, id, scope_id, email, created_at, updated_at)
                 SELECT $1::text::uuid, p.id::uuid, p.scope, 'person-' || p.scope || '@bench.example', now(), now()
                   FROM unnest($2::text[], $3::bigint[]) AS p (id, scope)",
                &[&self.enterprise, &ids, &scopes],
            )
            .await?;
        client
            .execute(
                "INSERT INTO api_keys (enterprise_id, id, user_id, name, prefix, secret_hash, scopes, created_at)
                 SELECT $1::text::uuid, gen_random_uuid(), p.id::uuid, 'bench', 'm0sk_bench', sha256(p.secret::bytea),
                        '{memories:read,memories:write,tenancy:read,tenancy:write}', now()
                   FROM unnest($2::text[], $3::text[]) AS p (id, secret)",
                &[&self.enterprise, &ids, &keys],
            )
            .await?;
        let mut roles: Vec<(String, i64, &str)> =
            vec![(self.person(0), self.scope(Place::Enterprise), "owner")];
        for person in people {
            let mut join = |place, role| roles.push((self.person(person), self.scope(place), role));
            join(Place::Team(company.first_team_of(person)), "member");
            if let Some(team) = company.second_team_of(person) {
                join(Place::Team(team), "viewer");
            }
            if let Some(division) = company.leads(person) {
                join(Place::Division(division), "member");
            }
        }
        let users: Vec<&str> = roles.iter().map(|(user, _, _)| user.as_str()).collect();
        let scopes: Vec<i64> = roles.iter().map(|(_, scope, _)| *scope).collect();
        let names: Vec<&str> = roles.iter().map(|(_, _, role)| *role).collect();
        client
            .execute(
                "INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at)
                 SELECT $1::text::uuid, m.id::uuid, m.scope, m.role::member_role, now()
                   FROM unnest($2::text[], $3::bigint[], $4::text[]) AS m (id, scope, role)",
                &[&self.enterprise, &users, &scopes, &names],
            )
            .await?;
        Ok(())
    }
}

/// Returns this many UUIDs whose tenants are in this partition of the projection, always the same.
pub(super) async fn in_partition(client: &Client, partition: i32, count: i64) -> Result<Vec<String>> {
    let rows = client
        .query(
            "SELECT id::text
               FROM (SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id
                       FROM generate_series(1, 32 * $2::bigint + 400) n) candidates
              WHERE satisfies_hash_partition('memory_scopes'::regclass, 16, $1::integer, id)
              ORDER BY id LIMIT $2",
            &[&partition, &count],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

#[derive(Default)]
struct Columns {
    ids: Vec<i64>,
    kinds: Vec<&'static str>,
    parents: Vec<Option<i64>>,
    /// As array literals: PostgreSQL has no arrays of arrays of different lengths.
    paths: Vec<String>,
    /// UUIDs, empty for scopes that are not nodes.
    nodes: Vec<String>,
}

impl Columns {
    fn push(&mut self, id: i64, kind: &'static str, parent: Option<i64>, path: Vec<i64>, node: String) {
        let path = path.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        self.ids.push(id);
        self.kinds.push(kind);
        self.parents.push(parent);
        self.paths.push(format!("{{{path}}}"));
        self.nodes.push(node);
    }
}
