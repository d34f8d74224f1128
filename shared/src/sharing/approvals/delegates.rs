//! Delegates, who decide in another person's place for a limited time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::{Action, AuthContext, ReadableScope, Role};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{DelegateId, UserId};
use crate::page::{Cursor, List, QueryHash};
use crate::sharing::store::{delegates as store, grantees};

/// Maximum duration of a delegation.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Maximum number of current and future delegates of a person on a node.
const MOST: i64 = 100;

/// A request to add a delegate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDelegate {
    /// The delegate.
    pub user_id: UserId,
    /// When the delegation starts; now, if not given.
    #[serde(default)]
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

/// A delegation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delegate {
    /// Its id.
    pub id: DelegateId,
    /// The person whose place the delegate takes.
    pub from: UserId,
    /// Their name.
    #[serde(default)]
    pub from_name: Option<String>,
    /// The delegate.
    pub to: UserId,
    /// Their name.
    #[serde(default)]
    pub to_name: Option<String>,
    /// When it starts.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

/// Adds a delegate on a node that the caller administers.
pub async fn delegate(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    new: NewDelegate,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Delegate>> {
    ctx.session()?;
    let now = ctx.request().at;
    let starts_at = new.starts_at.unwrap_or(now);
    if new.user_id == ctx.user_id() {
        return Err(Error::invalid("user_id", "you cannot delegate to yourself"));
    }
    if new.ends_at <= now || new.ends_at <= starts_at {
        return Err(Error::invalid("ends_at", "must be in the future, and after the beginning"));
    }
    if new.ends_at > now + LONGEST {
        return Err(Error::invalid("ends_at", format!("must be in the next {} days", LONGEST.num_days())));
    }
    if scope.role < Some(Role::Admin) {
        let message = format!("this needs the role admin on {}", scope.in_words());
        return Err(Error::Forbidden(message));
    }
    let tx = ctx.begin(db, "approval_delegate.create").await?;
    let delegate = idempotency::once(&tx, key, async {
        let found = grantees::person(&tx, Some(new.user_id), None).await?;
        if found.ok_or(Error::NotFound { what: "user" })?.service {
            return Err(Error::invalid("user_id", "a person has to decide, service accounts do not"));
        }
        if store::count(&tx, scope.id).await? >= MOST {
            return Err(Error::Conflict(format!(
                "there can be at most {MOST} delegates of yours, end one first"
            )));
        }
        let mut delegate = Delegate {
            id: DelegateId::generate(),
            from: ctx.user_id(),
            from_name: None,
            to: new.user_id,
            to_name: None,
            starts_at,
            ends_at: new.ends_at,
        };
        store::insert(&tx, scope.id, &delegate).await?;
        let details = json!({ "to": delegate.to, "starts_at": starts_at, "ends_at": delegate.ends_at });
        let entry = Entry::new("approval_delegate.create", delegate.id).within(scope.id).with(details);
        audit::record(&tx, entry).await?;
        store::name(&tx, std::slice::from_mut(&mut delegate)).await?;
        Ok(delegate)
    })
    .await?;
    tx.commit().await?;
    Ok(delegate)
}

/// Lists the current and future delegations on a node, for its administrators, earliest to end first.
pub async fn delegates(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Delegate>> {
    ctx.authorize(Action::ListApprovals, scope)?;
    let query = QueryHash::of(&["approval_delegates", &scope.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "approval_delegate.list").await?;
    let mut results = store::list(&tx, scope.id, after, limit + 1).await?;
    store::name(&tx, &mut results).await?;
    audit::commit_read(tx, Entry::of("approval_delegate.list").within(scope.id)).await?;
    let next = Cursor::cut(&mut results, limit, &query, |delegate| Cursor {
        created_at: delegate.ends_at,
        id: delegate.id.uuid(),
    });
    Ok(List { results, next })
}

/// Ends a delegation: for the person who delegated, the delegate, and the node's administrators.
pub async fn end_delegate(ctx: &AuthContext, db: &Database, id: DelegateId) -> Result<()> {
    ctx.session()?;
    let tx = ctx.begin(db, "approval_delegate.end").await?;
    let scope = store::end(&tx, id).await?.ok_or(Error::NotFound { what: "delegate" })?;
    audit::record(&tx, Entry::new("approval_delegate.end", id).within(scope)).await?;
    tx.commit().await?;
    Ok(())
}
