//! Links: a public memory for anybody who has the address, without an account.
//!
//! The token is shown once and stored as a hash. A link shows the text and nothing of who keeps it, and ends with its time,
//! with its revocation, and at once when the memory is no longer public.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::authority::Held;
use super::store::links;
use super::types::check_end;
use super::{Direction, Subject};
use crate::access::{ApiKeyVerb, Audience, AuthContext, Gate, SecretHash};
use crate::audit::{self, Entry};
use crate::clock::Clock;
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::{LinkId, MemoryId, UserId};
use crate::random;

/// What tokens begin with, so that one found in a wrong place can be recognized.
const TOKEN_PREFIX: &str = "m0ln_";

/// Most live links of one memory.
const MOST: usize = 100;

/// A link to be made.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// When it ends; when it is revoked, if not given.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A link that has not been revoked.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// Its name, not its token.
    pub id: LinkId,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it can be used now.
    pub live: bool,
}

/// A new link with the one copy of its token.
#[derive(Serialize)]
pub struct NewlyLinked {
    /// The link.
    #[serde(flatten)]
    pub link: Link,
    /// What opens it. Shown here and never again.
    pub token: String,
}

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// The text.
    pub memory: String,
    /// What it is about.
    pub categories: Vec<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Makes a link to a public memory, for who may share it.
pub async fn create(ctx: &AuthContext, db: &Database, id: MemoryId, new: NewLink) -> Result<NewlyLinked> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_end("expires_at", new.expires_at, ctx.request().at)?;
    let tx = ctx.begin(db, "public_link.create").await?;
    let held = Held::take(&tx, Subject::Memory(id)).await?;
    let authority = held.authority(&tx).await?;
    if authority.via.is_some() && authority.most < crate::memory::Permission::Admin {
        return Err(Error::Forbidden("what was shared with you cannot be given to anybody".to_owned()));
    }
    held.policy.check(held.class, Audience::Link)?;
    if links::list(&tx, id).await?.iter().filter(|link| link.live).count() >= MOST {
        return Err(Error::Conflict(format!("a memory can have at most {MOST} links, revoke one first")));
    }
    let token = random::secret(TOKEN_PREFIX)?;
    let link = LinkId::generate();
    links::insert(&tx, link, id, &SecretHash::of(&token), new.expires_at).await?;
    let details = json!({ "of": id, "expires_at": new.expires_at, "direction": Direction::Public });
    audit::record(&tx, Entry::new("public_link.create", link).memories([id]).within(held.home).with(details))
        .await?;
    let link = links::list(&tx, id).await?.into_iter().find(|made| made.id == link);
    tx.commit().await?;
    Ok(NewlyLinked { link: link.ok_or(Error::NotFound { what: "link" })?, token })
}

/// The links of a memory that were not revoked, oldest first, for who may share it.
pub async fn list(ctx: &AuthContext, db: &Database, id: MemoryId) -> Result<Vec<Link>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let tx = ctx.begin(db, "public_link.list").await?;
    let held = Held::look(&tx, Subject::Memory(id)).await?;
    held.authority(&tx).await?;
    let links = links::list(&tx, id).await?;
    let shown = Entry::new("public_link.list", id).memories([id]).within(held.home);
    audit::commit_read(tx, shown).await?;
    Ok(links)
}

/// Ends a link.
pub async fn revoke(ctx: &AuthContext, db: &Database, id: MemoryId, link: LinkId) -> Result<()> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    let tx = ctx.begin(db, "public_link.revoke").await?;
    let held = Held::take(&tx, Subject::Memory(id)).await?;
    held.authority(&tx).await?;
    if !links::revoke(&tx, id, link).await? {
        return Err(Error::NotFound { what: "link" });
    }
    let details = json!({ "of": id });
    audit::record(&tx, Entry::new("public_link.revoke", link).memories([id]).within(held.home).with(details))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// What a token opens, for anybody.
pub async fn open(gate: &Gate, clock: &Clock, token: &str) -> Result<Linked> {
    let missing = || Error::NotFound { what: "link" };
    if !token.starts_with(TOKEN_PREFIX) || token.len() > 100 {
        return Err(missing());
    }
    let tx = gate.upkeep("public_link.open").await?;
    let linked = links::open(&tx, &SecretHash::of(token), clock.now()).await?;
    tx.commit().await?;
    linked.ok_or_else(missing)
}
