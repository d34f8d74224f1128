//! People who left: what becomes of the memories that were theirs alone.
//!
//! Their account is deactivated, and what they remembered stays for the time that the enterprise keeps it
//! ([`LeaverPolicy`]). Until then it can be handed to somebody by whom the policy lets; then a job removes it for good.
//! Nobody reads it in between.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Kind, Status, User, store};
use crate::access::{
    Action, Audience, AuthContext, Classification, Gate, ReadableScope, Role, ScopeKind, ScopeName,
};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{ScopeId, UserId};
use crate::tenancy::enterprise;
use crate::tenancy::locked::Locked;
use crate::tenancy::{policies, rank};

/// Memories handed over, or removed, by one statement.
const BATCH: i32 = 1000;

/// What the enterprise wants for the personal memories of people who left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaverPolicy {
    /// Days after the deactivation until they are removed; null: never. It must be said.
    #[serde(deserialize_with = "Option::deserialize")]
    pub retention_days: Option<i32>,
    /// Who may hand them to others.
    pub reassignment: Reassignment,
}

/// Who may hand a leaver's personal memories to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reassignment {
    /// Nobody.
    Nobody,
    /// Owners of the enterprise.
    Owners,
    /// Its admins, too.
    Admins,
}

impl Reassignment {
    /// As the database spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Owners => "owners",
            Self::Admins => "admins",
        }
    }

    /// Whether somebody with this role on the enterprise may.
    fn lets(self, role: Option<Role>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Owners => role >= Some(Role::Owner),
            Self::Admins => role >= Some(Role::Admin),
        }
    }
}

/// Who gets a leaver's personal memories.
#[derive(Debug, Clone, Copy)]
pub enum MemoryHeir {
    /// Somebody, as their own.
    Person(UserId),
    /// A node or the enterprise.
    Scope(ScopeName),
}

/// What was handed over.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Reassigned {
    /// How many memories.
    pub memories: i64,
    /// How many stay where they are, because their class may not be seen by so many.
    pub kept: i64,
    /// How many contexts that nobody else owned; only a person can own one.
    pub contexts: i64,
}

/// Hands the personal memories of somebody who left to an heir, and to a person also the contexts that nobody else owns.
/// Authors stay who they are.
pub async fn reassign(
    ctx: &AuthContext,
    db: &Database,
    user: UserId,
    heir: MemoryHeir,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Reassigned>> {
    ctx.authorize_verb(Action::ReassignMemories.verb())?;
    let root = ctx.enterprise()?.id;
    let tx = ctx.begin(db, "account.reassign_memories").await?;
    let done = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        hand_over(&tree, root, user, heir).await
    })
    .await?;
    tx.commit().await?;
    Ok(done)
}

async fn hand_over(
    tree: &Locked<'_, '_>,
    root: ScopeId,
    user: UserId,
    heir: MemoryHeir,
) -> Result<Reassigned> {
    let root = tree.scope(root).await?;
    tree.caller().authorize(Action::ReassignMemories, &root)?;
    let policy = enterprise::leaver_policy(tree).await?;
    if !policy.reassignment.lets(root.role) {
        let who = policy.reassignment.as_str();
        return Err(Error::Forbidden(format!("the enterprise lets {who} hand over what people left behind")));
    }
    let leaver = account(tree, user).await?;
    rank::may_touch(&root, leaver.role)?;
    if leaver.status != Status::Deactivated {
        return Err(Error::Conflict("this account is active: its memories are its own".to_owned()));
    }
    let (scope, name) = scope_of(tree, user, heir).await?;
    let policy = policies::effective(tree, scope).await?.ok_or(Error::NotFound { what: "scope" })?;
    let few_enough = |class: &Classification| policy.audience(*class) >= Audience::from(policy.kind);
    let classes: Vec<_> = Classification::ALL.into_iter().filter(few_enough).collect();
    let mut memories = 0;
    let kept = loop {
        let (moved, kept) = store::hand_over_personal(tree, user, scope, &classes, BATCH).await?;
        memories += i64::from(moved);
        if moved < BATCH {
            break kept;
        }
    };
    let contexts = match heir {
        MemoryHeir::Person(person) => store::inherit_contexts(tree, user, person).await?,
        MemoryHeir::Scope(_) => 0,
    };
    let details = json!({ "heir": name, "memories": memories, "kept": kept, "contexts": contexts });
    audit::record(tree, Entry::new("account.reassign_memories", user).with(details)).await?;
    Ok(Reassigned { memories, kept, contexts })
}

/// Removes personal memories whose time is over, while there is time; how many.
pub async fn forget(gate: &Gate, has_time: impl Fn() -> bool) -> Result<u64> {
    let mut removed = 0;
    while has_time() {
        let tx = gate.upkeep("account.forget_leavers").await?;
        let (some, more) = store::forget_leavers(&tx, gate.clock.now(), BATCH).await?;
        tx.commit().await?;
        removed += some;
        if !more {
            break;
        }
    }
    Ok(removed)
}

/// The heir's scope, and what the audit log calls it.
async fn scope_of(tree: &Locked<'_, '_>, leaver: UserId, heir: MemoryHeir) -> Result<(ScopeId, String)> {
    let ctx = tree.caller();
    match heir {
        MemoryHeir::Person(id) if id == leaver => {
            Err(Error::Conflict("nobody inherits from themselves".to_owned()))
        }
        MemoryHeir::Person(id) => {
            let person = account(tree, id).await?;
            if person.status != Status::Active || person.kind != Kind::Person {
                return Err(Error::Conflict("the heir is no active person".to_owned()));
            }
            let scope = store::personal_scope(tree, id).await?.ok_or(Error::NotFound { what: "user" })?;
            Ok((scope, id.to_string()))
        }
        MemoryHeir::Scope(name) => {
            let scope: &ReadableScope = ctx.resolve(name)?;
            if !(scope.kind.is_node() || scope.kind == ScopeKind::Enterprise) {
                return Err(Error::invalid("scope", "expected a node or the enterprise"));
            }
            let scope = tree.scope(scope.id).await?;
            ctx.authorize(Action::AddMemory, &scope)?;
            Ok((scope.id, scope.label()))
        }
    }
}

async fn account(tree: &Locked<'_, '_>, id: UserId) -> Result<User> {
    let found = store::list(tree, Some(id), None, None, 1).await?.pop();
    found.ok_or(Error::NotFound { what: "user" })
}
