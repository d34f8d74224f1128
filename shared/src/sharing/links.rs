//! Public links: a public memory, or the public memories of a context, for anyone who has the URL, without an account.
//!
//! The token is shown once and stored as a hash. A link shows the texts, but not whose they are. It ends when it
//! expires or is revoked, with the share that it was made through or needs, and when its creator's account is disabled;
//! for a memory also as soon as that is no longer public or may no longer be shown by links. Every use of a link is
//! recorded in the audit log, with the client's address.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::authority::{Authority, Held};
use super::reach::{Reach, rules_of};
use super::store::links;
use super::types::check_end;
use super::{Direction, Subject};
use crate::access::{ApiKeyVerb, AuthContext, Classification, Gate, RequestInfo, SecretHash, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::http::require_room;
use crate::ids::{LinkId, MemoryId, ShareId, UserId};
use crate::limits;
use crate::memory::Permission;
use crate::page::{Cursor, List, QueryHash};
use crate::random;

/// The prefix of tokens, by which a leaked one can be recognized.
const TOKEN_PREFIX: &str = "m0ln_";

/// Maximum number of live links per memory or context.
const MOST: i64 = 100;

/// Memories of a context per page, and the most that a request can ask for.
const PART: i32 = 100;
/// Memories of a context that can be paged through.
const REACHED: i32 = 100_000;

/// A request to create a link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// When it ends; if not given, only when it is revoked or with the share that it needs.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a link depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ground {
    /// The share through which its creator may make it; `None` if by their role.
    pub(super) via: Option<ShareId>,
    /// Whether it needs an approved share with everyone.
    pub(super) needs_public_share: bool,
    /// When the first of these ends.
    until: Option<DateTime<Utc>>,
}

/// A link that has not been revoked.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// Its id, not its token.
    pub id: LinkId,
    /// Who created it.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it works now.
    pub live: bool,
}

/// A new link with the only copy of its token.
#[derive(Serialize)]
pub struct NewlyLinked {
    /// The link.
    #[serde(flatten)]
    pub link: Link,
    /// The secret token. Shown here and never again.
    pub token: String,
}

/// What a link shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Opened {
    /// A memory.
    Memory(Linked),
    /// A context, and a page of its public memories.
    Context {
        /// Its name.
        name: String,
        /// Its purpose, possibly empty.
        description: String,
        /// The memories, oldest first.
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
    /// Its categories.
    pub categories: Vec<String>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Creates a link to a public memory or to a context, for a caller who may share it.
pub async fn create(ctx: &AuthContext, db: &Database, subject: Subject, new: NewLink) -> Result<NewlyLinked> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    check_end("expires_at", new.expires_at, ctx.request().at)?;
    let tx = ctx.begin(db, "public_link.create").await?;
    let held = Held::take(&tx, subject).await?;
    let authority = may_link(&tx, &held).await?;
    if ctx.within().is_some() {
        return Err(Error::Forbidden(
            "this key is narrowed, and cannot make links, which anybody can open".to_owned(),
        ));
    }
    let reaches = Reach::of_link(&tx, &held).await?;
    reaches.iter().try_for_each(Reach::check_class)?;
    let ground = ground(&tx, &held, &authority, &reaches).await?;
    let expires_at = ground.end(new.expires_at)?;
    if links::count_live(&tx, subject).await? >= MOST {
        return Err(Error::Conflict(format!("there can be at most {MOST} links to it, revoke one first")));
    }
    let token = random::secret(TOKEN_PREFIX)?;
    let id = LinkId::generate();
    let row = links::NewRow { id, subject, hash: &SecretHash::of(&token), ground, expires_at };
    let link = links::insert(&tx, &row).await?;
    let details = json!({
        "of": subject.label(), "expires_at": expires_at, "direction": Direction::Public, "via": ground.via,
    });
    record(&tx, "public_link.create", id, &held, details).await?;
    tx.commit().await?;
    Ok(NewlyLinked { link, token })
}

/// Lists the links that were not revoked, oldest first, for a caller who may make them.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    subject: Subject,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Link>> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesRead)?;
    let query = QueryHash::of(&["links", &subject.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "public_link.list").await?;
    let held = Held::look(&tx, subject).await?;
    may_link(&tx, &held).await?;
    let mut results = links::list(&tx, subject, after, limit + 1).await?;
    let shown = Entry::new("public_link.list", subject.label()).memories(subject.memory()).within(held.home);
    audit::commit_read(tx, shown).await?;
    let next = Cursor::cut(&mut results, limit, &query, |link| Cursor {
        created_at: link.created_at,
        id: link.id.uuid(),
    });
    Ok(List { results, next })
}

/// Revokes a link.
pub async fn revoke(ctx: &AuthContext, db: &Database, subject: Subject, link: LinkId) -> Result<()> {
    ctx.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
    let tx = ctx.begin(db, "public_link.revoke").await?;
    let held = Held::take(&tx, subject).await?;
    may_link(&tx, &held).await?;
    if !links::revoke(&tx, subject, link).await? {
        return Err(Error::NotFound { what: "link" });
    }
    record(&tx, "public_link.revoke", link, &held, json!({ "of": subject.label() })).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns what a token opens, for anyone; for a context, the given page, from 1, of so many memories. The access is
/// recorded in the same transaction.
pub async fn open(
    gate: &Gate,
    request: &RequestInfo,
    token: &str,
    page: Option<i32>,
    size: Option<i32>,
) -> Result<Opened> {
    let missing = || Error::NotFound { what: "link" };
    if !token.starts_with(TOKEN_PREFIX) || token.len() > 100 {
        return Err(missing());
    }
    let (page, size) = (page.unwrap_or(1), size.unwrap_or(PART));
    if !(1..=PART).contains(&size) {
        return Err(Error::invalid("page_size", format!("must be from 1 to {PART}, found {size}")));
    }
    let pages = REACHED / size;
    if !(1..=pages).contains(&page) {
        return Err(Error::invalid("page", format!("must be from 1 to {pages}, found {page}")));
    }
    let hash = SecretHash::of(token);
    let tx = gate.sign_in("public_link.open").await?;
    let found = links::find(&tx, &hash, request.at).await?.ok_or_else(missing)?;
    limits::admit_link(&tx, found.link, request.at).await?;
    let mut shown = links::read(&tx, &hash, request.at, ((page - 1) * size, size + 1)).await?;
    let more = shown.len() > size as usize;
    shown.truncate(size as usize);
    let (ids, mut memories): (Vec<MemoryId>, Vec<Linked>) = shown.into_iter().unzip();
    // What was read counts, and is recorded, whether it fits or not.
    let fits = require_room(&memories, "page_size", "and for more pages");
    let mut entry =
        Entry::new("public_link.open", found.link).memories(ids).classified([Classification::Public]);
    entry.scope = found.context.as_ref().map(|(scope, ..)| *scope);
    let opened = match found.context {
        Some((_, name, description)) => Opened::Context { name, description, memories, more },
        None => Opened::Memory(memories.pop().ok_or_else(missing)?),
    };
    audit::record_link(&tx, request, found.enterprise, found.link, entry).await?;
    tx.commit().await?;
    fits.map(|()| opened)
}

/// Checks that the caller may make links: those who decide about the item, by their role or a share.
async fn may_link(tx: &TenantTx<'_>, held: &Held) -> Result<Authority> {
    let authority = held.authority(tx).await?;
    if authority.via.is_some() && authority.most < Permission::Admin {
        return Err(Error::Forbidden("what was shared with you cannot be given to anybody".to_owned()));
    }
    Ok(authority)
}

/// Returns what a link would depend on. Where sharing with everyone needs approval, a link needs an approved share with
/// `public`.
async fn ground(tx: &TenantTx<'_>, held: &Held, authority: &Authority, reaches: &[Reach]) -> Result<Ground> {
    let mut ground = Ground { via: authority.via, needs_public_share: false, until: authority.until };
    if rules_of(reaches).is_empty() {
        return Ok(ground);
    }
    let agreed = held.grants(tx).await?.into_iter();
    let agreed = agreed.filter(|share| share.with == "public" && share.approval_id.is_some());
    let until = agreed.map(|share| share.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC)).max();
    let until = until.ok_or_else(|| {
        Error::Forbidden(
            "this needs somebody else's approval: share it with public, and make links once that is approved"
                .to_owned(),
        )
    })?;
    ground.needs_public_share = true;
    let until = ground.until.unwrap_or(DateTime::<Utc>::MAX_UTC).min(until);
    ground.until = Some(until).filter(|until| *until < DateTime::<Utc>::MAX_UTC);
    Ok(ground)
}

impl Ground {
    /// Returns the end of a link with the requested end: no later than that of what it depends on.
    fn end(&self, wished: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>> {
        match (wished, self.until) {
            (Some(wished), Some(until)) if wished > until => {
                let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
                Err(Error::Forbidden(format!(
                    "the share that this link needs ends at {until}, make it end by then, or leave expires_at out"
                )))
            }
            (Some(wished), _) => Ok(Some(wished)),
            (None, until) => Ok(until),
        }
    }
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
