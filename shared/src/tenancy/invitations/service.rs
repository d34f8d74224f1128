//! Operations for inviters.

use chrono::TimeDelta;
use serde_json::json;

use super::store::{self, NewRow};
use super::{Invitation, Invited, NewInvitation};
use crate::access::{Action, AuthContext, ReadableScope, SecretHash, policy};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::InvitationId;
use crate::limits::quotas;
use crate::page::{Cursor, List, QueryHash};
use crate::random;
use crate::tenancy::locked::Locked;
use crate::tenancy::rank;

/// How long an invitation can be accepted.
pub const VALID_FOR: TimeDelta = TimeDelta::days(7);

/// The prefix of tokens, so that one found in the wrong place can be recognized.
const TOKEN_PREFIX: &str = "m0in_";

/// Invites somebody. An earlier invitation of the same address to the same scope becomes invalid.
pub async fn invite(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    new: NewInvitation,
) -> Result<Invited> {
    let email = new.email.as_str();
    let tx = ctx.begin(db, "invitation.invite").await?;
    let tree = Locked::take(&tx).await?;
    let scope = tree.scope(scope.id).await?;
    ctx.authorize(Action::ManageMembers, &scope)?;
    rank::may_grant(&scope, new.role)?;
    rank::may_let_in(ctx)?;
    // Only within this enterprise: the inviter must not learn whether an address has an account elsewhere.
    if let Some(user) = store::account(&tree, email).await? {
        return Err(Error::Conflict(format!("{email} has an account here, add {user} as a member instead")));
    }
    if let Some(earlier) = store::open_for(&tree, scope.id, email).await? {
        rank::may_touch(&scope, Some(earlier.role))?;
        store::revoke(&tree, earlier.id).await?;
    }
    quotas::members(&tx, ctx.enterprise_id()).await?;
    let token = random::secret(TOKEN_PREFIX)?;
    let hash = SecretHash::of(&token);
    let id = InvitationId::generate();
    let expires_at = ctx.request().at + VALID_FOR;
    let row = NewRow { id, scope: scope.id, email, role: new.role, hash: &hash, expires_at };
    store::insert(&tree, &row).await?;
    let details = json!({ "scope": scope.label(), "role": new.role });
    audit::record(&tx, Entry::new("invitation.create", id).within(scope.id).with(details)).await?;
    let invitation = store::find_open(&tree, id).await?.ok_or(Error::NotFound { what: "invitation" })?;
    tx.commit().await?;
    Ok(Invited { invitation: invitation.shown, token })
}

/// Lists the invitations to a scope that were neither accepted nor revoked, oldest first.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Invitation>> {
    ctx.authorize(Action::ListMembers, scope)?;
    let query = QueryHash::of(&["invitations", &scope.label()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "invitation.list").await?;
    let mut results = store::list(&tx, scope.id, after, limit + 1).await?;
    audit::commit_read(tx, Entry::of("invitation.list").within(scope.id)).await?;
    let next = Cursor::cut(&mut results, limit, &query, |row| Cursor {
        created_at: row.created_at,
        id: row.id.uuid(),
    });
    Ok(List { results, next })
}

/// Revokes an invitation.
pub async fn revoke(ctx: &AuthContext, db: &Database, id: InvitationId) -> Result<()> {
    let tx = ctx.begin(db, "invitation.revoke").await?;
    let tree = Locked::take(&tx).await?;
    let missing = || Error::NotFound { what: "invitation" };
    let invitation = store::find_open(&tree, id).await?.ok_or_else(missing)?;
    // An invitation to a scope that the caller cannot see, or whose members they may not list, does not exist for them.
    let readable = ctx.scope(invitation.scope).ok_or_else(missing)?;
    let scope = tree.scope(readable.id).await?;
    if !policy::allows(Action::ListMembers, scope.kind, scope.role) {
        return Err(missing());
    }
    ctx.authorize(Action::ManageMembers, &scope)?;
    rank::may_touch(&scope, Some(invitation.shown.role))?;
    store::revoke(&tree, id).await?;
    audit::record(&tx, Entry::new("invitation.revoke", id).within(scope.id)).await?;
    tx.commit().await?;
    Ok(())
}
