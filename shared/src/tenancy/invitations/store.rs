//! The table `invitations`.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::{Invitation, Status};
use crate::access::{Role, SecretHash, TenantTx};
use crate::db::StoreError;
use crate::ids::{InvitationId, ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;
use crate::tenancy::place::Place;

/// An invitation to insert.
pub(super) struct NewRow<'a> {
    pub(super) id: InvitationId,
    pub(super) scope: ScopeId,
    pub(super) email: &'a str,
    pub(super) role: Role,
    pub(super) hash: &'a SecretHash,
    pub(super) expires_at: DateTime<Utc>,
}

/// An open invitation and the scope it leads to.
pub(super) struct Open {
    pub(super) scope: ScopeId,
    pub(super) shown: Invitation,
}

/// The part of an open invitation that decides whether it may be replaced.
pub(super) struct Earlier {
    pub(super) id: InvitationId,
    pub(super) role: Role,
}

/// Returns the open invitations to a scope, oldest first.
pub(super) async fn list(
    tx: &TenantTx<'_>,
    scope: ScopeId,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Invitation>, StoreError> {
    let open = open(tx, None, Some(scope), after, most).await?;
    Ok(open.into_iter().map(|open| open.shown).collect())
}

/// Returns one open invitation.
pub(super) async fn find_open(tx: &TenantTx<'_>, id: InvitationId) -> Result<Option<Open>, StoreError> {
    Ok(open(tx, Some(id), None, None, 1).await?.pop())
}

async fn open(
    tx: &TenantTx<'_>,
    id: Option<InvitationId>,
    scope: Option<ScopeId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Open>, StoreError> {
    const OPEN: &str = "-- invitation.list_open
        SELECT i.id, i.email, i.role::text, i.invited_by, i.created_at, i.expires_at, i.expires_at <= $2 AS expired,
               i.scope_id, s.kind, n.id AS node_id, n.name
          FROM invitations i
          JOIN scopes s ON s.enterprise_id = i.enterprise_id AND s.id = i.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE i.enterprise_id = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL
           AND ($3::uuid IS NULL OR i.id = $3)
           AND ($4::bigint IS NULL OR i.scope_id = $4)
           AND ($5::timestamptz IS NULL OR (i.created_at, i.id) > ($5, $6::uuid))
         ORDER BY i.created_at, i.id
         LIMIT $7";
    let caller = tx.caller();
    let rows = tx
        .query(
            OPEN,
            &[
                &caller.enterprise_id().uuid(),
                &caller.request().at,
                &id.map(InvitationId::uuid),
                &scope.map(|scope| scope.0),
                &after.map(|at| at.created_at),
                &after.map(|at| at.id),
                &i64::from(most),
            ],
        )
        .await?;
    rows.iter().map(Open::try_from).collect()
}

/// Returns the open invitation of this address to this scope.
pub(super) async fn open_for(
    tree: &Locked<'_, '_>,
    scope: ScopeId,
    email: &str,
) -> Result<Option<Earlier>, StoreError> {
    const OPEN_FOR: &str = "-- invitation.find_open_for
        SELECT id, role::text FROM invitations
         WHERE enterprise_id = $1 AND scope_id = $2 AND email = $3 AND accepted_at IS NULL AND revoked_at IS NULL";
    let enterprise = tree.caller().enterprise_id().uuid();
    let row = tree.query_opt(OPEN_FOR, &[&enterprise, &scope.0, &email]).await?;
    row.map(|row| Ok(Earlier { id: InvitationId(row.get("id")), role: role(&row)? })).transpose()
}

/// Returns the account of this enterprise with this address.
pub(super) async fn account(tree: &Locked<'_, '_>, email: &str) -> Result<Option<UserId>, StoreError> {
    const ACCOUNT: &str = "-- user.find_by_email
        SELECT id FROM users WHERE enterprise_id = $1 AND lower(email) = $2";
    let enterprise = tree.caller().enterprise_id().uuid();
    Ok(tree.query_opt(ACCOUNT, &[&enterprise, &email]).await?.map(|row| UserId(row.get(0))))
}

pub(super) async fn insert(tree: &Locked<'_, '_>, new: &NewRow<'_>) -> Result<(), StoreError> {
    const INSERT: &str = "-- invitation.insert
        INSERT INTO invitations (enterprise_id, id, scope_id, email, role, token_hash, invited_by, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5::text::member_role, $6, $7, $8, $9)";
    let caller = tree.caller();
    tree.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &new.id.uuid(),
            &new.scope.0,
            &new.email,
            &new.role.as_str(),
            &new.hash.as_bytes(),
            &caller.user_id().uuid(),
            &caller.request().at,
            &new.expires_at,
        ],
    )
    .await
    .map(drop)
}

pub(super) async fn revoke(tree: &Locked<'_, '_>, id: InvitationId) -> Result<(), StoreError> {
    const REVOKE: &str = "-- invitation.revoke
        UPDATE invitations SET revoked_at = $3
         WHERE enterprise_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL";
    let caller = tree.caller();
    tree.execute(REVOKE, &[&caller.enterprise_id().uuid(), &id.uuid(), &caller.request().at]).await.map(drop)
}

impl TryFrom<&Row> for Open {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let shown = Invitation {
            id: InvitationId(row.get("id")),
            email: row.get("email"),
            role: role(row)?,
            to: Place::try_from(row)?,
            invited_by: UserId(row.get("invited_by")),
            status: if row.get("expired") { Status::Expired } else { Status::Pending },
            created_at: row.get("created_at"),
            expires_at: row.get("expires_at"),
        };
        Ok(Self { scope: ScopeId(row.get("scope_id")), shown })
    }
}

fn role(row: &Row) -> Result<Role, StoreError> {
    let role = row.get::<_, &str>("role").parse();
    role.map_err(|problem| StoreError::Corrupt { table: "invitations", column: "role", problem })
}
