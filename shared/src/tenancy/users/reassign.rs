//! Handing the memories of a user who left to an heir, by those whom the policy permits.
//!
//! The first thousand memories are part of the request. Each further thousand is an outbox message, promised by the
//! previous one, on behalf of the requester, as long as they are permitted. If it is interrupted, it continues after
//! the last completed step. If it may not continue, because the user came back or the heir no longer exists, it fails:
//! what was handed over stays with the heir, the rest remains the user's, and it can be requested again.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::reassignment::{HeirView, MemoryHeir, Progress, Reassignment};
use super::{Kind, Status, User, reassignment_store as store, store as users};
use crate::access::{
    Action, Audience, AuthContext, Classification, Gate, ReadableScope, Role, ScopeKind, TenantTx,
};
use crate::audit::{self, Entry};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{ReassignmentId, ScopeId, UserId};
use crate::outbox::Message;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::stepwise::{self, State, Stepwise};
use crate::tenancy::{enterprise, policies, rank};

/// The topic of its messages.
pub const TOPIC: &str = "account.reassign_memories";

/// The number of memories handed over in one transaction.
const BATCH: i32 = 1000;

/// Hands the personal memories of a user who left to an heir, or begins to. If the heir is a person, contexts without
/// another owner follow at the end. Authorship does not change. Repeating the request while it runs returns its
/// progress.
pub async fn reassign(
    ctx: &AuthContext,
    db: &Database,
    user: UserId,
    heir: MemoryHeir,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Reassignment>> {
    ctx.authorize_verb(Action::ReassignMemories.verb())?;
    let root = ctx.enterprise()?.id;
    let tx = ctx.begin(db, "account.reassign_memories").await?;
    let done = idempotency::once(&tx, key, async {
        let tree = Locked::take(&tx).await?;
        begin(&tree, root, user, heir).await
    })
    .await?;
    tx.commit().await?;
    Ok(done)
}

async fn begin(tree: &Locked<'_, '_>, root: ScopeId, user: UserId, heir: MemoryHeir) -> Result<Reassignment> {
    check_leaver(tree, root, user).await?;
    rank::may_show_all(tree.caller(), "hands over no memories")?;
    let (heir, scope) = heir_of(tree, user, heir).await?;
    if let Some(under_way) = store::running(tree, user).await? {
        if under_way.heir_scope != scope {
            let message = format!("this is being handed to another heir already, see {}", under_way.id);
            return Err(Error::Conflict(message));
        }
        stepwise::resume(tree, &under_way).await?;
        return Ok(under_way);
    }
    let mut work = Reassignment::new(tree.caller(), user, heir, scope);
    work.total = store::count_personal(tree, user).await?;
    step(tree, &mut work).await?;
    store::insert(tree, &work).await?;
    stepwise::promise(tree, &work).await?;
    Ok(work)
}

/// Continues a reassignment that was promised.
pub async fn proceed(gate: &Gate, message: &Message) -> Result<()> {
    stepwise::proceed::<Reassignment>(gate, message).await
}

impl Stepwise for Reassignment {
    const NOUN: &'static str = "reassignment";
    const TOPIC: &'static str = TOPIC;
    type Id = ReassignmentId;
    type Allowed = ();

    fn state(&self) -> State<ReassignmentId> {
        let running = self.status == Progress::Running;
        State { id: self.id, by: self.requested_by, steps: self.steps, at: self.updated_at, running }
    }

    fn uuid(id: ReassignmentId) -> Uuid {
        id.uuid()
    }

    async fn hold(tree: &Locked<'_, '_>, id: ReassignmentId) -> Result<Option<Self>, StoreError> {
        store::hold(tree, id).await
    }

    async fn update(&self, tree: &Locked<'_, '_>) -> Result<(), StoreError> {
        store::update(tree, self).await
    }

    async fn check(&self, tree: &Locked<'_, '_>) -> Result<()> {
        still_allowed(tree, self).await
    }

    async fn step(&mut self, tree: &Locked<'_, '_>, (): ()) -> Result<()> {
        step(tree, self).await
    }

    fn fail(&mut self, reason: String, at: DateTime<Utc>) -> Entry {
        Self::fail(self, reason, at);
        Entry::new("account.reassign_memories", self.user_id)
    }
}

/// Hands over one batch, and with the last one the contexts.
async fn step(tree: &Locked<'_, '_>, work: &mut Reassignment) -> Result<()> {
    let policy = policies::effective(tree, work.heir_scope).await?;
    let policy = policy.ok_or(Error::NotFound { what: "scope" })?;
    let few_enough = |class: &Classification| policy.audience(*class) >= Audience::from(policy.kind);
    let classes: Vec<_> = Classification::ALL.into_iter().filter(few_enough).collect();
    let leaver = work.user_id;
    let (moved, left) = store::hand_over(tree, leaver, work.heir_scope, &classes, BATCH).await?;
    let number = moved.len() as i64;
    work.handed_over(number, tree.caller().request().at);
    let (action, details) = if number < i64::from(BATCH) {
        let contexts = match work.heir_user() {
            Some(person) => store::inherit_contexts(tree, leaver, person).await?,
            None => 0,
        };
        work.finish(left, contexts);
        let details = json!({
            "heir": work.heir, "memories": work.memories, "kept": left, "contexts": contexts, "reassignment": work.id,
        });
        ("account.reassign_memories", details)
    } else {
        let details = json!({ "heir": work.heir, "memories": number, "reassignment": work.id });
        ("account.hand_over_memories", details)
    };
    audit::record_many(tree, &Entry::new(action, leaver).within(work.heir_scope).with(details), &moved)
        .await?;
    Ok(())
}

/// Returns a reassignment, for the user who requested it and for the enterprise's administrators.
pub async fn reassignment(ctx: &AuthContext, db: &Database, id: ReassignmentId) -> Result<Reassignment> {
    ctx.authorize_verb(Action::ListAccounts.verb())?;
    let tx = ctx.begin(db, "reassignment.lookup").await?;
    let found = store::list(&tx, Some(id), None, 1).await?.pop();
    tx.commit().await?;
    found.ok_or(Error::NotFound { what: "reassignment" })
}

/// Lists the reassignments that the caller requested, or all of them for administrators of the enterprise, oldest
/// first.
pub async fn reassignments(
    ctx: &AuthContext,
    db: &Database,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Reassignment>> {
    ctx.authorize_verb(Action::ListAccounts.verb())?;
    let query = QueryHash::of(&["reassignments"]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "reassignment.list").await?;
    let mut results = store::list(&tx, None, after, limit + 1).await?;
    tx.commit().await?;
    let next = Cursor::cut(&mut results, limit, &query, |work| Cursor {
        created_at: work.requested_at,
        id: work.id.uuid(),
    });
    Ok(List { results, next })
}

/// Refuses unless the policy permits the caller to hand over this user's memories.
async fn check_leaver(tree: &Locked<'_, '_>, root: ScopeId, user: UserId) -> Result<()> {
    let root = tree.scope(root).await?;
    tree.caller().authorize(Action::ReassignMemories, &root)?;
    check_reassigner(tree, root.role).await?;
    let leaver = account(tree, user).await?;
    rank::may_touch(&root, leaver.role)?;
    if leaver.status != Status::Deactivated {
        return Err(Error::Conflict("this account is active: its memories are its own".to_owned()));
    }
    Ok(())
}

/// Refuses unless the enterprise's policy permits somebody with this role to hand over the memories of users who left.
pub(crate) async fn check_reassigner(tx: &TenantTx<'_>, role: Option<Role>) -> Result<()> {
    let policy = enterprise::leaver_policy(tx).await?;
    if policy.reassignment.lets(role) {
        return Ok(());
    }
    let who = policy.reassignment.as_str();
    Err(Error::Forbidden(format!("the enterprise lets {who} hand over what people left behind")))
}

/// Returns the heir as responses name it, and its scope.
async fn heir_of(tree: &Locked<'_, '_>, leaver: UserId, heir: MemoryHeir) -> Result<(HeirView, ScopeId)> {
    match heir {
        MemoryHeir::Person(id) if id == leaver => {
            Err(Error::Conflict("nobody inherits from themselves".to_owned()))
        }
        MemoryHeir::Person(id) => {
            check_person(tree, id).await?;
            let scope = users::personal_scope(tree, id).await?.ok_or(Error::NotFound { what: "user" })?;
            Ok((HeirView::UserId(id), scope))
        }
        MemoryHeir::Scope(name) => {
            let scope: &ReadableScope = tree.caller().resolve(name)?;
            if !(scope.kind.is_node() || scope.kind == ScopeKind::Enterprise) {
                return Err(Error::invalid("scope", "expected a node or the enterprise"));
            }
            let scope = check_scope(tree, scope.id).await?;
            Ok((HeirView::Scope(scope.label()), scope.id))
        }
    }
}

/// Checks that the work may continue: everything may have changed since it was requested.
async fn still_allowed(tree: &Locked<'_, '_>, work: &Reassignment) -> Result<()> {
    check_leaver(tree, tree.caller().enterprise()?.id, work.user_id).await?;
    match work.heir_user() {
        Some(person) => check_person(tree, person).await,
        None => check_scope(tree, work.heir_scope).await.map(drop),
    }
}

/// Checks the heir, who is never the caller: what a leaver kept to themselves takes two people to read.
async fn check_person(tree: &Locked<'_, '_>, id: UserId) -> Result<()> {
    if id == tree.caller().user_id() {
        return Err(Error::Forbidden(
            "you cannot hand somebody's memories to yourself: name another person or a node as the heir"
                .to_owned(),
        ));
    }
    let person = account(tree, id).await?;
    if person.status != Status::Active || person.kind != Kind::Person {
        return Err(Error::Conflict("the heir must be a person with an active account".to_owned()));
    }
    Ok(())
}

/// Checks that somebody else is at home there, for the same reason: those who only inherit a role from above would not learn
/// of it.
async fn check_scope(tree: &Locked<'_, '_>, scope: ScopeId) -> Result<ReadableScope> {
    let scope = tree.scope(scope).await?;
    tree.caller().authorize(Action::AddMemory, &scope)?;
    if !store::has_others(tree, scope.id).await? {
        return Err(Error::Forbidden(format!(
            "nobody else is at home there: no other active person holds a role in {} or below, name another heir",
            scope.in_words()
        )));
    }
    Ok(scope)
}

async fn account(tree: &Locked<'_, '_>, id: UserId) -> Result<User> {
    users::find(tree, id).await?.ok_or(Error::NotFound { what: "user" })
}

/// Whether the caller sees every reassignment, not only those they requested.
pub(super) fn sees_all(ctx: &AuthContext) -> bool {
    ctx.enterprise().is_ok_and(|root| root.role >= Some(Role::Admin))
}
