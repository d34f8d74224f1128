//! Dissolving a node: everything that belongs to it goes to an heir, and nothing is lost.
//!
//! Its memories go first, in batches that commit one by one; then, in one transaction with the last batch, its child
//! nodes, people, groups, service accounts, invitations, keys and approval requests, and the node itself. The first
//! batch is part of the request; each further one is an outbox message, promised by the previous one. If it is
//! interrupted, it continues after the last completed step. If it is refused along the way or cancelled, it ends: what
//! was handed over stays with the heir, each memory with its shares, and a new dissolution can be requested, with the
//! same heir or another.

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::dissolution::{Dissolution, Heir, Members, Status, Wish};
use super::naming::check_names_below;
use super::placement::{a, check_depth, check_kind};
use super::seen::{NAMED, check_seen, counted};
use super::{dissolution_store as store, estate, store as nodes};
use crate::access::{Action, Audience, AuthContext, Classification, Gate, ReadableScope, Role};
use crate::audit::{self, Entry};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::{DissolutionId, MemoryId, NodeId, ScopeId};
use crate::limits::quotas;
use crate::outbox::Message;
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::locked::Locked;
use crate::tenancy::stepwise::{self, State, Stepwise};
use crate::tenancy::{policies, rank};

/// The topic of its messages.
pub const TOPIC: &str = "node.dissolve";

/// The number of memories handed over in one transaction.
const BATCH: i32 = 1000;

/// Dissolves a node, or begins to: the request hands over one batch, and the rest is background work. Repeating the
/// request while it runs returns its progress.
pub async fn dissolve(
    ctx: &AuthContext,
    db: &Database,
    id: NodeId,
    wish: Wish,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Dissolution>> {
    ctx.authorize_verb(Action::DeleteNode.verb())?;
    let tx = ctx.begin(db, "node.dissolve").await?;
    let done = idempotency::once(&tx, key, async {
        let scope = ctx.node(id)?.id;
        let tree = Locked::take(&tx).await?;
        begin(&tree, id, scope, wish).await
    })
    .await?;
    tx.commit().await?;
    Ok(done)
}

async fn begin(tree: &Locked<'_, '_>, id: NodeId, scope: ScopeId, wish: Wish) -> Result<Dissolution> {
    let ctx = tree.caller();
    let heir = heir_of(ctx, &tree.scope(scope).await?, wish.heir)?;
    let (node, heir) = checked(tree, scope, heir, wish.members).await?;
    if let Some(under_way) = store::running(tree, scope).await? {
        if (under_way.heir_scope, under_way.members) == (heir.id, wish.members) {
            stepwise::resume(tree, &under_way).await?;
            return Ok(under_way);
        }
        return Err(Error::Conflict(format!(
            "this {} is being dissolved in another way already, see {}",
            node.kind, under_way.id
        )));
    }
    let mut work = Dissolution::new(ctx, id, &node, &heir, wish.members);
    work.total = estate::count_memories(tree, scope).await?;
    step(tree, &node, &heir, &mut work).await?;
    store::insert(tree, &work).await?;
    stepwise::promise(tree, &work).await?;
    Ok(work)
}

/// Continues a dissolution that was promised.
pub async fn proceed(gate: &Gate, message: &Message) -> Result<()> {
    stepwise::proceed::<Dissolution>(gate, message).await
}

impl Stepwise for Dissolution {
    const NOUN: &'static str = "dissolution";
    const TOPIC: &'static str = TOPIC;
    type Id = DissolutionId;
    /// The present state of the node and its heir.
    type Allowed = (ReadableScope, ReadableScope);

    fn state(&self) -> State<DissolutionId> {
        let running = self.status == Status::Running;
        State { id: self.id, by: self.requested_by, steps: self.steps, at: self.updated_at, running }
    }

    fn uuid(id: DissolutionId) -> Uuid {
        id.uuid()
    }

    async fn hold(tree: &Locked<'_, '_>, id: DissolutionId) -> Result<Option<Self>, StoreError> {
        store::hold(tree, id).await
    }

    async fn update(&self, tree: &Locked<'_, '_>) -> Result<(), StoreError> {
        store::update(tree, self).await
    }

    async fn check(&self, tree: &Locked<'_, '_>) -> Result<Self::Allowed> {
        checked(tree, self.node_scope, self.heir_scope, self.members).await
    }

    async fn step(&mut self, tree: &Locked<'_, '_>, (node, heir): Self::Allowed) -> Result<()> {
        step(tree, &node, &heir, self).await
    }

    fn fail(&mut self, reason: String, at: DateTime<Utc>) -> Entry {
        Self::fail(self, reason, at);
        Entry::new("organization.dissolve", self.node).within(self.node_scope)
    }
}

/// Hands over one batch, and with the last one everything else.
async fn step(
    tree: &Locked<'_, '_>,
    node: &ReadableScope,
    heir: &ReadableScope,
    work: &mut Dissolution,
) -> Result<()> {
    store::hold_scope(tree, node.id).await?;
    let moved = estate::hand_over_memories(tree, node.id, heir.id, BATCH).await?;
    let number = moved.len() as i64;
    work.handed_over(number, tree.caller().request().at);
    let label = heir.label();
    if number < i64::from(BATCH) {
        let keys = estate::keys(tree, node.id).await?;
        let (estate, policy) = estate::dissolve(tree, node.id, heir.id, work.members).await?;
        let details = json!({
            "kind": node.kind, "name": node.name, "heir": label, "members": work.members, "memories": work.memories,
            "estate": estate, "api_keys": keys, "sharing_policy": policy, "dissolution": work.id,
        });
        work.finish(estate);
        let entry = Entry::new("organization.dissolve", work.node).within(node.id);
        audit::record_many(tree, &entry.with(details), &moved).await?;
    } else {
        let details = json!({ "heir": label, "memories": number, "dissolution": work.id });
        let entry = Entry::new("organization.hand_over_memories", work.node).within(node.id);
        audit::record_many(tree, &entry.with(details), &moved).await?;
    }
    Ok(())
}

/// Stops a running dissolution, for the user who requested it and for administrators of the node. What was handed over
/// stays with the heir, everything else stays with the node, which becomes a normal one again. Repeating it changes
/// nothing.
pub async fn cancel(ctx: &AuthContext, db: &Database, id: DissolutionId) -> Result<Dissolution> {
    ctx.authorize_verb(Action::DeleteNode.verb())?;
    let tx = ctx.begin(db, "dissolution.cancel").await?;
    let tree = Locked::take(&tx).await?;
    let mut work = store::list(&tx, Some(id), None, 1).await?.pop().ok_or(NOT_FOUND)?;
    if work.requested_by != ctx.user_id() {
        match tree.scope(work.node_scope).await {
            Ok(node) => ctx.authorize(Action::DeleteNode, &node)?,
            // Nobody is left who could be responsible for the node.
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    match work.status {
        Status::Cancelled => return Ok(work),
        Status::Running => {}
        status => {
            let message = format!("this dissolution is {} already, and cannot be cancelled", status.as_str());
            return Err(Error::Conflict(message));
        }
    }
    work.cancel(ctx.user_id(), ctx.request().at);
    store::update(&tree, &work).await?;
    let details = json!({ "dissolution": work.id, "memories": work.memories });
    let entry = Entry::new("organization.cancel_dissolution", work.node).within(work.node_scope);
    audit::record(&tx, entry.with(details)).await?;
    tx.commit().await?;
    Ok(work)
}

/// The error for a dissolution that the caller cannot see.
const NOT_FOUND: Error = Error::NotFound { what: "dissolution" };

/// Returns a dissolution, for the user who requested it and for administrators of its heir or node.
pub async fn dissolution(ctx: &AuthContext, db: &Database, id: DissolutionId) -> Result<Dissolution> {
    ctx.authorize_verb(Action::ReadNode.verb())?;
    let tx = ctx.begin(db, "dissolution.lookup").await?;
    let found = store::list(&tx, Some(id), None, 1).await?.pop();
    tx.commit().await?;
    found.ok_or(NOT_FOUND)
}

/// Lists the dissolutions that the caller requested, or whose heir or node they administer, oldest first.
pub async fn dissolutions(
    ctx: &AuthContext,
    db: &Database,
    cursor: Option<&str>,
    limit: u32,
) -> Result<List<Dissolution>> {
    ctx.authorize_verb(Action::ReadNode.verb())?;
    let query = QueryHash::of(&["dissolutions"]);
    let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
    let tx = ctx.begin(db, "dissolution.list").await?;
    let mut results = store::list(&tx, None, after, limit + 1).await?;
    tx.commit().await?;
    let next = Cursor::cut(&mut results, limit, &query, |work| Cursor {
        created_at: work.requested_at,
        id: work.id.uuid(),
    });
    Ok(List { results, next })
}

fn heir_of(ctx: &AuthContext, node: &ReadableScope, heir: Heir) -> Result<ScopeId> {
    match heir {
        Heir::Parent => {
            let parent = node.parent();
            parent.ok_or_else(|| Error::internal("a node has no parent"))
        }
        Heir::Enterprise => Ok(ctx.enterprise()?.id),
        Heir::Node(id) => Ok(ctx.node(id)?.id),
    }
}

/// Returns the present state of the node and its heir, if the former may be dissolved into the latter.
async fn checked(
    tree: &Locked<'_, '_>,
    scope: ScopeId,
    heir: ScopeId,
    members: Members,
) -> Result<(ReadableScope, ReadableScope)> {
    let ctx = tree.caller();
    let node = tree.scope(scope).await?;
    let heir = tree.scope(heir).await?;
    ctx.authorize(Action::DeleteNode, &node)?;
    ctx.authorize(Action::CreateNode, &heir)?;
    if heir.path.contains(&node.id) {
        return Err(Error::Conflict("a node cannot inherit from itself or from what is above it".to_owned()));
    }
    rank::may_show_all(ctx, "dissolves no nodes")?;
    let highest = nodes::usage(tree, scope).await?.highest_role;
    rank::may_touch(&node, highest)?;
    let given = match members {
        Members::Leave => None,
        Members::MoveAsViewers => highest.map(|_| Role::Viewer),
        Members::Move => highest,
    };
    if let Some(role) = given {
        ctx.authorize(Action::ManageMembers, &heir)?;
        rank::may_grant(&heir, role)?;
    }
    policies::check_leaves(tree, node.id, heir.id).await?;
    policies::check_crosses(tree, &node, &heir).await?;
    check_audience(tree, &node, &heir).await?;
    check_seen(tree, &node, &heir.path).await?;
    let below = nodes::height(tree, &node).await? - 1;
    if below > 0 {
        for kind in estate::kinds_below(tree, scope).await? {
            check_kind(kind, &heir)?;
        }
        check_depth(&heir, below, quotas::depth(tree).await?)?;
        check_names_below(tree, &node, &heir).await?;
    }
    Ok((node, heir))
}

/// Refuses an heir where more people would see the node's memories than their class allows.
async fn check_audience(tree: &Locked<'_, '_>, node: &ReadableScope, heir: &ReadableScope) -> Result<()> {
    let policy = policies::effective(tree, heir.id).await?.ok_or(Error::NotFound { what: "organization" })?;
    let too_many = |class: &Classification| policy.audience(*class) < Audience::from(heir.kind);
    let classes: Vec<_> = Classification::ALL.into_iter().filter(too_many).collect();
    let count = estate::count_classified(tree, node.id, &classes).await?;
    if count == 0 {
        return Ok(());
    }
    let names: Vec<_> = classes.iter().map(|class| class.as_str()).collect();
    let (memories, them) =
        if count == 1 { ("1 memory".to_owned(), "it") } else { (format!("{count} memories"), "them") };
    let first = estate::list_classified(tree, node.id, &classes, NAMED).await?;
    let first: Vec<String> = first.iter().map(MemoryId::to_string).collect();
    let named =
        counted("memory", "memories", count, &first).map_or_else(String::new, |it| format!(" ({it})"));
    Err(Error::Conflict(format!(
        "{memories} of this {} {} classified {} and may not be seen by {}: choose another heir, or move or reclassify {them} \
         first{named}",
        node.kind,
        if count == 1 { "is" } else { "are" },
        names.join(" or "),
        a(heir.kind)
    )))
}
