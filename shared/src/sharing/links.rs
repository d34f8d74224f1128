//! Links: a public memory, or the public memories of a context, for anybody who has the address, without an account.
//!
//! The token is shown once and stored as a hash. A link shows the texts and nothing of who keeps them, and ends with its
//! time, with its revocation, and at once for a memory that is no longer public. Whoever opens one is in the audit log, by
//! their address.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::authority::{Held, homes};
use super::store::links;
use super::types::check_end;
use super::{Direction, Subject};
use crate::access::{
    ApiKeyVerb, Audience, AuthContext, Classification, Gate, RequestInfo, Role, ScopeKind, SecretHash,
    TenantTx,
};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::{LinkId, MemoryId, UserId};
use crate::limits;
use crate::memory::Permission;
use crate::random;
use crate::tenancy::policies;

/// What tokens begin with, so that one found in a wrong place can be recognized.
const TOKEN_PREFIX: &str = "m0ln_";

/// Most live links to one memory or context.
const MOST: usize = 100;

/// Memories of a context that one answer shows.
const PART: i32 = 100;
const MOST_PARTS: i32 = 1000;

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
#[serde(untagged)]
pub enum Opened {
    /// A memory.
    Memory(Linked),
    /// A context, and a part of what in it is public.
    Context {
        /// What it is called.
        name: String,
        /// What it is for, possibly empty.
        description: String,
        /// The oldest first.
        memories: Vec<Linked>,
        /// Whether there are more.
        more: bool,
    },
}

/// A public memory as a link shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// The text.
    pub memory: String,
    /// What it is about.
    pub categories: Vec<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Makes a link to a public memory or to a context, for who may share it.
pub async fn create(ctx: &AuthContext, db: &Database, subject: Subject, new: NewLink) -> Result<NewlyLinked> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_end("expires_at", new.expires_at, ctx.request().at)?;
    let tx = ctx.begin(db, "public_link.create").await?;
    let held = Held::take(&tx, subject).await?;
    let authority = held.authority(&tx).await?;
    if authority.via.is_some() && authority.most < Permission::Admin {
        return Err(Error::Forbidden("what was shared with you cannot be given to anybody".to_owned()));
    }
    check_class(&tx, &held).await?;
    check_approved(&tx, &held, authority.role).await?;
    if links::list(&tx, subject).await?.iter().filter(|link| link.live).count() >= MOST {
        return Err(Error::Conflict(format!("there can be at most {MOST} links to it, revoke one first")));
    }
    let token = random::secret(TOKEN_PREFIX)?;
    let link = LinkId::generate();
    links::insert(&tx, link, subject, &SecretHash::of(&token), new.expires_at).await?;
    let details =
        json!({ "of": subject.label(), "expires_at": new.expires_at, "direction": Direction::Public });
    record(&tx, "public_link.create", link, &held, details).await?;
    let link = links::list(&tx, subject).await?.into_iter().find(|made| made.id == link);
    tx.commit().await?;
    Ok(NewlyLinked { link: link.ok_or(Error::NotFound { what: "link" })?, token })
}

/// The links that were not revoked, oldest first, for who may share what they are to.
pub async fn list(ctx: &AuthContext, db: &Database, subject: Subject) -> Result<Vec<Link>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let tx = ctx.begin(db, "public_link.list").await?;
    let held = Held::look(&tx, subject).await?;
    held.authority(&tx).await?;
    let links = links::list(&tx, subject).await?;
    let shown = Entry::new("public_link.list", subject.label()).memories(subject.memory()).within(held.home);
    audit::commit_read(tx, shown).await?;
    Ok(links)
}

/// Ends a link.
pub async fn revoke(ctx: &AuthContext, db: &Database, subject: Subject, link: LinkId) -> Result<()> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    let tx = ctx.begin(db, "public_link.revoke").await?;
    let held = Held::take(&tx, subject).await?;
    held.authority(&tx).await?;
    if !links::revoke(&tx, subject, link).await? {
        return Err(Error::NotFound { what: "link" });
    }
    record(&tx, "public_link.revoke", link, &held, json!({ "of": subject.label() })).await?;
    tx.commit().await?;
    Ok(())
}

/// What a token opens, for anybody; of a context that part, from 1. The row that says so is in the same transaction.
pub async fn open(gate: &Gate, request: &RequestInfo, token: &str, part: i32) -> Result<Opened> {
    let missing = || Error::NotFound { what: "link" };
    if !token.starts_with(TOKEN_PREFIX) || token.len() > 100 {
        return Err(missing());
    }
    if !(1..=MOST_PARTS).contains(&part) {
        return Err(Error::invalid("page", format!("must be from 1 to {MOST_PARTS}")));
    }
    let hash = SecretHash::of(token);
    let tx = gate.sign_in("public_link.open").await?;
    let found = links::find(&tx, &hash, request.at).await?.ok_or_else(missing)?;
    limits::admit_link(&tx, found.link, request.at).await?;
    let mut shown = links::read(&tx, &hash, request.at, ((part - 1) * PART, PART + 1)).await?;
    let more = shown.len() > PART as usize;
    shown.truncate(PART as usize);
    let (ids, mut memories): (Vec<MemoryId>, Vec<Linked>) = shown.into_iter().unzip();
    let mut entry =
        Entry::new("public_link.open", found.link).memories(ids).classified([Classification::Public]);
    entry.scope = found.context.as_ref().map(|(scope, ..)| *scope);
    let opened = match found.context {
        Some((_, name, description)) => Opened::Context { name, description, memories, more },
        None => Opened::Memory(memories.pop().ok_or_else(missing)?),
    };
    audit::record_link(&tx, request, found.enterprise, found.link, entry).await?;
    tx.commit().await?;
    Ok(opened)
}

/// Refuses what may not be seen by anybody. Of a context a link shows only what is public, and that must be for anybody
/// wherever it lives.
async fn check_class(tx: &TenantTx<'_>, held: &Held) -> Result<()> {
    let Subject::Context(_) = held.subject else {
        return held.policy.check(held.class, Audience::Link);
    };
    held.policy.check(Classification::Public, Audience::Link)?;
    for (home, class) in homes(tx, held.home).await? {
        if class == Classification::Public
            && let Some(policy) = policies::effective(tx, home).await?
        {
            policy.check(class, Audience::Link)?;
        }
    }
    Ok(())
}

/// Where somebody has to agree before something is shared with everyone, a link needs that, too: a share with `public` that
/// was approved. What lives there is for everyone already.
async fn check_approved(tx: &TenantTx<'_>, held: &Held, role: Option<Role>) -> Result<()> {
    let rule = held.policy.rule_for(Direction::Public, Classification::Public, role);
    if rule.is_none() || held.policy.kind == ScopeKind::Public {
        return Ok(());
    }
    let agreed =
        held.grants(tx).await?.iter().any(|share| share.with == "public" && share.approval_id.is_some());
    agreed.then_some(()).ok_or_else(|| {
        Error::Forbidden(
            "this needs somebody else's approval: share it with public, and make links once that is approved"
                .to_owned(),
        )
    })
}

async fn record(
    tx: &TenantTx<'_>,
    action: &'static str,
    link: LinkId,
    held: &Held,
    details: serde_json::Value,
) -> Result<()> {
    let entry = Entry::new(action, link).memories(held.subject.memory()).within(held.home);
    audit::record(tx, entry.with(details)).await?;
    Ok(())
}
