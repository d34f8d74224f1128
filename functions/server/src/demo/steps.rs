//! The steps that create the demo enterprise.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::api::{Api, text};
use super::content::{Line, lines};
use super::people::{INVITED, OWNER, Person, TREE};
use super::{Credentials, secrets};

/// Memories per request; few enough that progress is visible.
const BATCH: usize = 20;

/// The name of the demo's API key.
const KEY_NAME: &str = "make up";

pub(super) async fn run(router: &Router, directory: &Path) -> Result<Credentials> {
    let started = Instant::now();
    let anonymous = Api::anonymous(router);
    let password = secrets::secret_file(&directory.join("demo-password"))?;
    let (email, owner) = register_owner(&anonymous, &password).await?;
    let enterprise = enterprise(&owner).await?;
    let api_key = api_key(&owner, &anonymous, directory, &enterprise).await?;
    let credentials = Credentials { email, password, api_key };
    // Once complete, the demo belongs to its users and is not changed again.
    let complete = directory.join("demo-complete");
    if fs::read_to_string(&complete).is_ok_and(|made| made.trim() == enterprise) {
        return Ok(credentials);
    }
    crate::say("making the demo enterprise");
    let nodes = make_tree(&owner).await?;
    let people = gather(&anonymous, &owner, &nodes, &credentials).await?;
    remember(&people, &nodes).await?;
    secrets::write_private(&complete, &format!("{enterprise}\n"))?;
    if started.elapsed().as_secs() >= 2 {
        crate::say(&format!("demo enterprise ready after {:.1} s", started.elapsed().as_secs_f32()));
    }
    Ok(credentials)
}

/// Returns the id of a caller's enterprise.
async fn enterprise(api: &Api) -> Result<String> {
    Ok(text(&api.get("/v1/auth/me").await?, "/user/enterprise_id")?.to_owned())
}

/// Returns the owner's account. If the address belongs to an enterprise whose password is lost, tries the next domain.
async fn register_owner(anonymous: &Api, password: &str) -> Result<(String, Api)> {
    for number in 1..100 {
        let domain =
            if number == 1 { "northwind.example".to_owned() } else { format!("northwind{number}.example") };
        let email = format!("{}@{domain}", OWNER.key);
        let account = json!({
            "email": email, "password": password, "name": OWNER.name, "enterprise_name": "Northwind Group",
        });
        let (status, answer) = match login(anonymous, &email, password).await? {
            Some(api) => return Ok((email, api)),
            None => anonymous.try_post("/v1/auth/register", &account).await?,
        };
        match status {
            StatusCode::CONFLICT => {}
            status if status.is_success() => {
                return Ok((email, anonymous.with_token(text(&answer, "/access_token")?)));
            }
            status => bail!("registering {email} answered {status}: {}", answer["detail"]),
        }
    }
    bail!("a hundred demo enterprises are enough: drop the database and start again")
}

async fn login(anonymous: &Api, email: &str, password: &str) -> Result<Option<Api>> {
    let credentials = json!({ "email": email, "password": password });
    let (status, answer) = anonymous.try_post("/v1/auth/login", &credentials).await?;
    match status {
        StatusCode::UNAUTHORIZED => Ok(None),
        status if status.is_success() => Ok(Some(anonymous.with_token(text(&answer, "/access_token")?))),
        status => bail!("logging in as {email} answered {status}: {}", answer["detail"]),
    }
}

/// Returns the ids of the tree's nodes by key, creating those that are missing.
async fn make_tree(owner: &Api) -> Result<BTreeMap<&'static str, String>> {
    let existing = owner.get("/v1/organizations?limit=200").await?;
    let existing = existing["results"].as_array().cloned().unwrap_or_default();
    let mut nodes: BTreeMap<&str, String> = BTreeMap::new();
    for node in &TREE {
        let known = existing.iter().find(|known| known["name"] == node.name && known["kind"] == node.kind);
        let id = match known {
            Some(known) => text(known, "/id")?.to_owned(),
            None => {
                let parent = node.parent.and_then(|key| nodes.get(key));
                let body = json!({ "kind": node.kind, "name": node.name, "parent": parent });
                text(&owner.post("/v1/organizations", &body).await?, "/id")?.to_owned()
            }
        };
        nodes.insert(node.key, id);
    }
    Ok(nodes)
}

/// Returns everybody, logged in. People without an account are invited and accept.
async fn gather(
    anonymous: &Api,
    owner: &Api,
    nodes: &BTreeMap<&str, String>,
    credentials: &Credentials,
) -> Result<BTreeMap<&'static str, Api>> {
    let domain = credentials.email.split_once('@').map_or("northwind.example", |(_, domain)| domain);
    // Looked up rather than tried: failed logins are counted, and those of interrupted starts would add up.
    let accounts = owner.get("/v1/users?limit=200").await?;
    let accounts = accounts["results"].as_array().cloned().unwrap_or_default();
    let mut people = BTreeMap::from([(OWNER.key, owner.clone())]);
    for person in &INVITED {
        let email = format!("{}@{domain}", person.key);
        let api = if accounts.iter().any(|account| account["email"] == email.as_str()) {
            let login = login(anonymous, &email, &credentials.password).await?;
            login.with_context(|| format!("{email} has another password: delete .local to begin anew"))?
        } else {
            join(anonymous, owner, person, nodes, &email, &credentials.password).await?
        };
        people.insert(person.key, api);
    }
    Ok(people)
}

async fn join(
    anonymous: &Api,
    owner: &Api,
    person: &Person,
    nodes: &BTreeMap<&str, String>,
    email: &str,
    password: &str,
) -> Result<Api> {
    let node = nodes.get(person.node).with_context(|| format!("no node {}", person.node))?;
    let invitation = json!({ "email": email, "role": person.role });
    let invitation = owner.post(&format!("/v1/organizations/{node}/invitations"), &invitation).await?;
    let account = json!({
        "email": email, "password": password, "name": person.name, "invitation": text(&invitation, "/token")?,
    });
    let answer = anonymous.post("/v1/auth/register", &account).await?;
    Ok(anonymous.with_token(text(&answer, "/access_token")?))
}

/// Returns the key on disk if it still works for this enterprise, otherwise a new one.
async fn api_key(owner: &Api, anonymous: &Api, directory: &Path, opens: &str) -> Result<String> {
    let file = directory.join("demo-api-key");
    if let Ok(key) = fs::read_to_string(&file) {
        let key = key.trim();
        if !key.is_empty() && enterprise(&anonymous.with_token(key)).await.is_ok_and(|found| found == opens) {
            return Ok(key.to_owned());
        }
    }
    // Created by a start that was interrupted before it could store the key: nobody knows it.
    let lost = owner.get("/v1/api-keys?limit=200").await?;
    for key in lost["results"].as_array().into_iter().flatten().filter(|key| key["name"] == KEY_NAME) {
        owner.delete(&format!("/v1/api-keys/{}", text(key, "/id")?)).await?;
    }
    let scopes = ["memories:read", "memories:write", "tenancy:read", "tenancy:write"];
    let answer = owner.post("/v1/api-keys", &json!({ "name": KEY_NAME, "scopes": scopes })).await?;
    let key = text(&answer, "/key")?.to_owned();
    secrets::write_private(&file, &format!("{key}\n"))?;
    Ok(key)
}

/// Adds missing memories. The near-duplicate gate makes repetition harmless, so an interrupted run starts over.
async fn remember(people: &BTreeMap<&str, Api>, nodes: &BTreeMap<&str, String>) -> Result<()> {
    let mut groups: BTreeMap<(&str, &str), Vec<Line>> = BTreeMap::new();
    for line in lines() {
        groups.entry((line.scope, line.author)).or_default().push(line);
    }
    let total: usize = groups.values().map(Vec::len).sum();
    let (mut added, mut reported) = (0, Instant::now());
    for ((scope, author), lines) in &groups {
        let api = people.get(author).with_context(|| format!("{author} is nobody"))?;
        for batch in lines.chunks(BATCH) {
            let messages: Vec<Value> =
                batch.iter().map(|line| json!({ "role": "user", "content": line.text })).collect();
            let body = json!({ "messages": messages, "infer": false, "scope": label(scope, nodes)? });
            api.post("/v3/memories/add/", &body).await.with_context(|| format!("remembering in {scope}"))?;
            added += batch.len();
            if reported.elapsed().as_secs() >= 2 {
                crate::say(&format!("demo memories: {added} of {total}"));
                reported = Instant::now();
            }
        }
    }
    Ok(())
}

fn label(scope: &str, nodes: &BTreeMap<&str, String>) -> Result<String> {
    let Some(node) = TREE.iter().find(|node| node.key == scope) else { return Ok(scope.to_owned()) };
    let id = nodes.get(scope).with_context(|| format!("no node {scope}"))?;
    Ok(format!("{}:{id}", node.kind))
}
