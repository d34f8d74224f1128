//! The scopes that a caller can read and write, named as in memory requests.

use serde::Serialize;
use uuid::Uuid;

use crate::access::policy::{self, Action};
use crate::access::{ApiKeyVerb, AuthContext, Lending, ReadableScope, Role, ScopeKind, TenantTx};
use crate::db::Database;
use crate::error::Result;
use crate::page::{Cursor, List, QueryHash};

/// The verbs of which a credential needs one to list scopes: who adds memories has to name a scope as well.
pub const VERBS: [ApiKeyVerb; 3] =
    [ApiKeyVerb::TenancyRead, ApiKeyVerb::MemoriesWrite, ApiKeyVerb::MemoriesRead];

/// A scope that the caller can read.
#[derive(Debug, Clone, Serialize)]
pub struct AccessibleScope {
    /// As memory requests name it: `team:org_…`, `context:ctx_…`, `enterprise`.
    pub scope: String,
    /// The kind of scope.
    pub kind: ScopeKind,
    /// The id of the node or context; null for others.
    pub id: Option<String>,
    /// Its name, the enterprise's for the enterprise; null for the personal and the public scope.
    pub name: Option<String>,
    /// The caller's effective role; null if they can read it only because they belong to something below, or because it
    /// is shared with them.
    pub role: Option<Role>,
    /// Whether this credential may add memories to it.
    pub writable: bool,
    /// For a context that is shared with the caller: the share through which they reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Lending>,
}

/// Lists every scope that the caller may read or search by name: the enterprise, the public scope and their own, then
/// nodes and contexts from the oldest, also contexts that are shared with them. `lister` tells cursors of different lists
/// apart.
pub async fn list(
    ctx: &AuthContext,
    db: &Database,
    lister: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<AccessibleScope>> {
    // If all are missing, the error names the last one, which a client that lists scopes will need next.
    let verb = VERBS.into_iter().find(|verb| ctx.authorize_verb(*verb).is_ok());
    ctx.authorize_verb(verb.unwrap_or(ApiKeyVerb::MemoriesRead))?;
    let query = QueryHash::of(&[lister, &ctx.user_id().to_string()]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "scope.list").await?;
    let shared = ctx.shared_contexts(&tx).await?;
    let own = ctx.scopes().iter().map(|scope| (order(scope), (scope, None)));
    let lent = shared.iter().map(|(scope, lending)| (order(scope), (scope, Some(lending))));
    let mut scopes: Vec<_> = own.chain(lent).collect();
    scopes.sort_by_key(|(order, _)| *order);
    let after = after.map(|after| after.id);
    let mut rest: Vec<_> = scopes.into_iter().filter(|(order, _)| Some(*order) > after).collect();
    let place = |(order, _): &(Uuid, _)| Cursor { created_at: chrono::DateTime::UNIX_EPOCH, id: *order };
    let next = Cursor::cut_at(&mut rest, limit, &query, place);
    let results = rest.into_iter().map(|(_, (scope, lending))| accessible(ctx, scope, lending));
    let mut results: Vec<AccessibleScope> = results.collect();
    for enterprise in results.iter_mut().filter(|scope| scope.kind == ScopeKind::Enterprise) {
        enterprise.name = Some(enterprise_name(&tx).await?);
    }
    tx.commit().await?;
    Ok(List { results, next })
}

async fn enterprise_name(tx: &TenantTx<'_>) -> Result<String> {
    const NAME: &str = "-- scope.find_enterprise_name
        SELECT name FROM enterprises WHERE id = $1";
    Ok(tx.query_one(NAME, &[&tx.caller().enterprise_id().uuid()]).await?.get(0))
}

/// Lists the contexts that are shared with the caller, and how.
pub async fn shared(ctx: &AuthContext, db: &Database) -> Result<Vec<(ReadableScope, Lending)>> {
    let tx = ctx.begin(db, "scope.list_shared").await?;
    let shared = ctx.shared_contexts(&tx).await?;
    tx.commit().await?;
    Ok(shared)
}

fn accessible(ctx: &AuthContext, scope: &ReadableScope, lending: Option<&Lending>) -> AccessibleScope {
    let label = scope.label();
    AccessibleScope {
        id: label.split_once(':').map(|(_, id)| id.to_owned()),
        scope: label,
        kind: scope.kind,
        name: scope.name.clone(),
        role: scope.role,
        writable: policy::allows(Action::AddMemory, scope.kind, scope.role)
            && ctx.authorize_verb(Action::AddMemory.verb()).is_ok(),
        shared: lending.cloned(),
    }
}

/// The sort key: a node's id, which sorts by age. The other scopes have none, and come first in the order of their
/// kinds.
fn order(scope: &ReadableScope) -> Uuid {
    scope.node.map_or_else(|| Uuid::from_u128(scope.kind as u128), |node| node.uuid())
}
