//! Dissolving a node: everything that belongs to it goes to an heir, and nothing is lost.
//!
//! Its memories go first, in batches that commit one by one while nobody can add any; then, in one transaction with the
//! last batch, its child nodes, people, groups, service accounts, invitations and keys, and the node itself. Interrupted
//! anywhere it can be asked for again, with the same heir or another: what was handed over stays where it is.

use std::time::{Duration, Instant};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::placement::{a, check_depth, check_kind};
use super::{estate, store};
use crate::access::{Action, Audience, AuthContext, Classification, ReadableScope, Role};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::{NodeId, ScopeId};
use crate::limits::quotas;
use crate::tenancy::locked::Locked;
use crate::tenancy::place::Place;
use crate::tenancy::{policies, rank};

/// Memories handed over in one transaction.
const BATCH: i32 = 1000;

/// How long one request goes on before it answers that there is more to do.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a node is to be dissolved. All of it must be said.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dissolution {
    /// Who gets what it has.
    pub heir: Heir,
    /// What becomes of the roles that people and groups hold on it, and of open invitations.
    pub members: Members,
}

/// Who gets what a node has.
#[derive(Debug, Clone, Copy)]
pub enum Heir {
    /// Whatever is right above it.
    Parent,
    /// The enterprise.
    Enterprise,
    /// Another node.
    Node(NodeId),
}

/// What becomes of roles on a node that is dissolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// They are held on the heir.
    Move,
    /// Whoever held one is a viewer of the heir.
    MoveAsViewers,
    /// They end.
    Leave,
}

/// How far a dissolution is.
#[derive(Debug, Clone, Serialize)]
pub struct Dissolved {
    /// Whether the node is gone. If not, there were more memories than one request moves: ask again.
    pub done: bool,
    /// Who got what it had.
    pub heir: Place,
    /// Memories that went to the heir in this request.
    pub memories: i64,
    /// And everything else, once it is done.
    #[serde(flatten)]
    pub estate: Option<Estate>,
}

/// What went with a node, memories aside.
#[derive(Debug, Clone, Serialize)]
pub struct Estate {
    /// Nodes that stood right below it, and stand below the heir with everything of theirs.
    pub nodes: i64,
    /// People who held a role on it.
    pub members: i64,
    /// Groups that were kept there.
    pub groups: i64,
    /// Service accounts that it owned.
    pub service_accounts: i64,
    /// Invitations that were open.
    pub invitations: i64,
    /// Keys that were narrowed to it.
    pub api_keys: i64,
}

/// Dissolves a node.
pub async fn dissolve(ctx: &AuthContext, db: &Database, id: NodeId, wish: Dissolution) -> Result<Dissolved> {
    ctx.authorize_verb(Action::DeleteNode.verb())?;
    let scope = ctx.node(id)?.id;
    let (started, mut memories) = (Instant::now(), 0);
    loop {
        let tx = ctx.begin(db, "node.dissolve").await?;
        let tree = Locked::take(&tx).await?;
        let (node, heir) = checked(&tree, scope, wish).await?;
        store::hold(&tree, scope).await?;
        let moved = estate::hand_over_memories(&tree, scope, heir.id, BATCH).await?;
        memories += i64::from(moved);
        let details = json!({ "heir": heir.label(), "memories": moved });
        if moved < BATCH {
            let estate = estate::dissolve(&tree, scope, heir.id, wish.members).await?;
            let details = json!({
                "kind": node.kind, "name": node.name, "heir": heir.label(), "members": wish.members,
                "memories": memories, "estate": estate,
            });
            audit::record(&tx, Entry::new("organization.dissolve", id).within(scope).with(details)).await?;
            tx.commit().await?;
            return Ok(Dissolved { done: true, heir: (&heir).into(), memories, estate: Some(estate) });
        }
        let entry = Entry::new("organization.hand_over_memories", id).within(scope).with(details);
        audit::record(&tx, entry).await?;
        tx.commit().await?;
        if started.elapsed() > PATIENCE {
            return Ok(Dissolved { done: false, heir: (&heir).into(), memories, estate: None });
        }
    }
}

/// The node and its heir as they are now, if the one may be dissolved into the other.
async fn checked(
    tree: &Locked<'_, '_>,
    scope: ScopeId,
    wish: Dissolution,
) -> Result<(ReadableScope, ReadableScope)> {
    let ctx = tree.caller();
    let node = tree.scope(scope).await?;
    let heir = match wish.heir {
        Heir::Parent => {
            *node.path.iter().rev().nth(1).ok_or_else(|| Error::internal("a node has no parent"))?
        }
        Heir::Enterprise => ctx.enterprise()?.id,
        Heir::Node(id) => ctx.node(id)?.id,
    };
    let heir = tree.scope(heir).await?;
    ctx.authorize(Action::DeleteNode, &node)?;
    ctx.authorize(Action::CreateNode, &heir)?;
    if heir.path.contains(&node.id) {
        return Err(Error::Conflict("a node cannot inherit from itself or from what is above it".to_owned()));
    }
    let highest = store::usage(tree, scope).await?.highest_role;
    rank::may_touch(&node, highest)?;
    let given = match wish.members {
        Members::Leave => None,
        Members::MoveAsViewers => highest.map(|_| Role::Viewer),
        Members::Move => highest,
    };
    if let Some(role) = given {
        ctx.authorize(Action::ManageMembers, &heir)?;
        rank::may_grant(&heir, role)?;
    }
    check_audience(tree, &node, &heir).await?;
    let below = store::height(tree, &node).await? - 1;
    if below > 0 {
        for kind in estate::kinds_below(tree, scope).await? {
            check_kind(kind, &heir)?;
        }
        check_depth(&heir, below, quotas::depth(tree).await?)?;
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
    Err(Error::Conflict(format!(
        "{memories} of this {} {} classified {} and may not be seen by {}: choose another heir, or move or reclassify {them} \
         first",
        node.kind,
        if count == 1 { "is" } else { "are" },
        names.join(" or "),
        a(heir.kind)
    )))
}

impl<'de> Deserialize<'de> for Heir {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match std::borrow::Cow::<'de, str>::deserialize(deserializer)?.as_ref() {
            "parent" => Ok(Self::Parent),
            "enterprise" => Ok(Self::Enterprise),
            id => id
                .parse()
                .map(Self::Node)
                .map_err(|error| D::Error::custom(format!("{error}, or parent, or enterprise"))),
        }
    }
}
