//! The contents of a node, to be handed to an heir.

use serde_json::Value;

use super::dissolution::{Estate, Members};
use crate::access::{Classification, ScopeKind};
use crate::db::StoreError;
use crate::ids::{ApiKeyId, ContextId, MemoryId, ScopeId, ShareId};
use crate::tenancy::locked::Locked;

/// Hands over some of the node's memories, those that live there and those visible there; returns which.
pub(super) async fn hand_over_memories(
    tree: &Locked<'_, '_>,
    node: ScopeId,
    heir: ScopeId,
    most: i32,
) -> Result<Vec<MemoryId>, StoreError> {
    const HAND_OVER: &str = "-- node.hand_over_memories
        SELECT mem0.hand_over_memory_ids($1, $2, $3)";
    let row = tree.query_one(HAND_OVER, &[&node.0, &heir.0, &most]).await?;
    Ok(row.get::<_, Vec<_>>(0).into_iter().map(MemoryId).collect())
}

/// Returns how many of the node's memories have one of these classes.
pub(super) async fn count_classified(
    tree: &Locked<'_, '_>,
    node: ScopeId,
    classes: &[Classification],
) -> Result<i64, StoreError> {
    const COUNT: &str = "-- node.count_classified
        SELECT mem0.count_classified($1, $2::text[]::classification[])";
    let classes: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    tree.query_one(COUNT, &[&node.0, &classes]).await.map(|row| row.get(0))
}

/// Returns the first of those memories that the caller sees.
pub(super) async fn list_classified(
    tree: &Locked<'_, '_>,
    node: ScopeId,
    classes: &[Classification],
    most: i32,
) -> Result<Vec<MemoryId>, StoreError> {
    const LIST: &str = "-- node.list_classified
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = $1 AND m.home_scope_id = $2 AND m.deleted_at IS NULL
           AND m.classification = ANY ($3::text[]::classification[])
         UNION
        SELECT m.id FROM memories m
         WHERE m.enterprise_id = $1 AND m.scope_ids && ARRAY[$2::bigint] AND cardinality(m.scope_ids) > 1
           AND m.deleted_at IS NULL AND m.classification = ANY ($3::text[]::classification[])
         ORDER BY 1 LIMIT $4::integer";
    let classes: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
    let enterprise = tree.caller().enterprise_id().uuid();
    let rows = tree.query(LIST, &[&enterprise, &node.0, &classes, &most]).await?;
    Ok(rows.iter().map(|row| MemoryId(row.get(0))).collect())
}

/// Returns the classes of memories below a node that would become visible to more people than their class allows if the
/// node were at the end of this path, and that are not now.
pub(super) async fn too_wide_below(
    tree: &Locked<'_, '_>,
    node: ScopeId,
    target: &[ScopeId],
) -> Result<Vec<String>, StoreError> {
    const TOO_WIDE: &str = "-- node.find_too_wide
        SELECT classes FROM mem0.too_wide_below($1, $2)";
    let target: Vec<i64> = target.iter().map(|id| id.0).collect();
    tree.query_one(TOO_WIDE, &[&node.0, &target]).await.map(|row| row.get(0))
}

/// What is in the way of a move, as far as the caller sees it: the first of each, and how many there are.
pub(super) struct InTheWay {
    pub(super) memories: Vec<MemoryId>,
    pub(super) memory_count: i64,
    /// Shares, each with what is shared.
    pub(super) shares: Vec<(ShareId, Subject)>,
    pub(super) share_count: i64,
}

/// What is shared: a memory, or a context that contains one.
pub(super) enum Subject {
    Memory(MemoryId),
    Context(ContextId),
}

/// Returns up to `most` of these memories, and as many of the shares through which they would be seen there.
pub(super) async fn in_the_way_below(
    tree: &Locked<'_, '_>,
    node: ScopeId,
    target: &[ScopeId],
    most: i32,
) -> Result<InTheWay, StoreError> {
    const IN_THE_WAY: &str = "-- node.list_in_the_way
        SELECT memory_id, context_id, share_id, total FROM mem0.in_the_way_below($1, $2, $3)";
    let target: Vec<i64> = target.iter().map(|id| id.0).collect();
    let mut found = InTheWay { memories: Vec::new(), memory_count: 0, shares: Vec::new(), share_count: 0 };
    for row in tree.query(IN_THE_WAY, &[&node.0, &target, &most]).await? {
        let memory = row.get::<_, Option<_>>("memory_id").map(MemoryId);
        let context = row.get::<_, Option<_>>("context_id").map(ContextId);
        match (row.get::<_, Option<_>>("share_id").map(ShareId), memory, context) {
            (None, Some(memory), _) => {
                found.memories.push(memory);
                found.memory_count = row.get("total");
            }
            (Some(share), memory, context) => {
                let subject = memory.map(Subject::Memory).or(context.map(Subject::Context));
                found.shares.extend(subject.map(|subject| (share, subject)));
                found.share_count = row.get("total");
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Returns the kinds of the nodes directly below.
pub(super) async fn kinds_below(tree: &Locked<'_, '_>, node: ScopeId) -> Result<Vec<ScopeKind>, StoreError> {
    const KINDS: &str = "-- node.kinds_below
        SELECT DISTINCT kind FROM scopes WHERE enterprise_id = $1 AND parent_id = $2 ORDER BY kind";
    let rows = tree.query(KINDS, &[&tree.caller().enterprise_id().uuid(), &node.0]).await?;
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "kind", problem };
    rows.iter().map(|row| row.get::<_, &str>(0).parse().map_err(corrupt)).collect()
}

/// Returns how many memories live in the node or are visible there.
pub(super) async fn count_memories(tree: &Locked<'_, '_>, node: ScopeId) -> Result<i64, StoreError> {
    const COUNT: &str = "-- node.count_memories
        SELECT mem0.count_memories_of($1)";
    tree.query_one(COUNT, &[&node.0]).await.map(|row| row.get(0))
}

/// Returns the live keys that are restricted to it.
pub(super) async fn keys(tree: &Locked<'_, '_>, node: ScopeId) -> Result<Vec<ApiKeyId>, StoreError> {
    const KEYS: &str = "-- node.list_keys
        SELECT k.id FROM mem0.keys_within($1) k (id)";
    let rows = tree.query(KEYS, &[&node.0]).await?;
    Ok(rows.iter().map(|row| ApiKeyId(row.get(0))).collect())
}

/// Hands over everything else and deletes the node; also returns its sharing policy, which ends with it.
pub(super) async fn dissolve(
    tree: &Locked<'_, '_>,
    node: ScopeId,
    heir: ScopeId,
    members: Members,
) -> Result<(Estate, Option<Value>), StoreError> {
    const DISSOLVE: &str = "-- node.dissolve
        SELECT nodes, people, kept_groups, service_accounts, invited, api_keys, approvals, approvals_ended, sharing_policy
          FROM mem0.hand_over_node($1, $2, $3, $4, $5)";
    // Memories of users who left that are still being handed to the node go to its heir.
    const FOLLOW: &str = "-- reassignment.follow_heir
        UPDATE reassignments SET heir_scope_id = $3
         WHERE enterprise_id = $1 AND heir_scope_id = $2 AND status = 'running'";
    // Likewise the decision on what several nodes have to approve.
    const PARTS: &str = "-- approval.follow_heir
        SELECT mem0.hand_over_approval_parts($1, $2)";
    let caller = tree.caller();
    tree.execute(FOLLOW, &[&caller.enterprise_id().uuid(), &node.0, &heir.0]).await?;
    let (by, at) = (caller.user_id().uuid(), caller.request().at);
    let row = tree.query_one(DISSOLVE, &[&node.0, &heir.0, &members.as_str(), &by, &at]).await?;
    tree.query_one(PARTS, &[&node.0, &heir.0]).await?;
    let estate = Estate {
        nodes: row.get("nodes"),
        people: row.get("people"),
        groups: row.get("kept_groups"),
        service_accounts: row.get("service_accounts"),
        invitations: row.get("invited"),
        api_keys: row.get("api_keys"),
        approvals: row.get("approvals"),
        approvals_ended: row.get("approvals_ended"),
    };
    Ok((estate, row.get("sharing_policy")))
}
