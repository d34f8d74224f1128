//! Everything that a user may read, expanded once and then looked up.
//!
//! A user above a thousand teams reads a thousand scopes, so no lookup here iterates over all of them.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{ReadableScope, Role, ScopeKind, ScopeName, SearchTier};
use crate::db::StoreError;
use crate::ids::{NodeId, ScopeId};

/// Readable scopes, from the enterprise down.
#[derive(Debug, Clone, Default)]
pub(super) struct Scopes {
    list: Vec<ReadableScope>,
    by_id: HashMap<ScopeId, usize>,
    by_node: HashMap<NodeId, usize>,
    /// The ids as they appear between the braces of a PostgreSQL array literal.
    printed: String,
    /// The role on each scope as one digit, from 0 for none to 4 for owner.
    ranks: String,
}

impl Scopes {
    /// Reads the columns of `mem0.readable_scopes` from one row; `None` where they are null.
    pub(super) fn from_row(row: &Row) -> Result<Option<Self>, StoreError> {
        let Some(ids) = row.get::<_, Option<Vec<i64>>>("scope_ids") else { return Ok(None) };
        let corrupt = |column, problem| StoreError::Corrupt { table: "scopes", column, problem };
        let kinds: Vec<&str> = row.get("kinds");
        let parents: Vec<Option<i64>> = row.get("parents");
        let (held_on, held_as): (Vec<i64>, Vec<&str>) = (row.get("held_on"), row.get("held_as"));
        let named_ids = row.get::<_, Option<Vec<i64>>>("named_ids").unwrap_or_default();
        let node_ids = row.get::<_, Option<Vec<Uuid>>>("node_ids").unwrap_or_default();
        let names = row.get::<_, Option<Vec<String>>>("names").unwrap_or_default();
        let lengths = [(ids.len(), kinds.len()), (ids.len(), parents.len()), (held_on.len(), held_as.len())];
        let lengths =
            lengths.into_iter().chain([(named_ids.len(), node_ids.len()), (named_ids.len(), names.len())]);
        if let Some(differ) = lengths.into_iter().find(|(one, other)| one != other) {
            return Err(corrupt("path", format!("properties of different numbers of scopes: {differ:?}")));
        }
        let mut held = HashMap::with_capacity(held_on.len());
        for (id, role) in held_on.into_iter().zip(held_as) {
            held.insert(id, role.parse::<Role>().map_err(|problem| corrupt("role", problem))?);
        }
        // A user who reads every node gets the names of all nodes; those whose scope is not in the list are ignored.
        let nodes = node_ids.into_iter().map(NodeId).zip(names);
        let mut nodes: HashMap<i64, (NodeId, String)> = named_ids.into_iter().zip(nodes).collect();
        let mut scopes = Self::default();
        for index in from_the_top(&ids, &parents) {
            let id = ids[index];
            let kind = kinds[index].parse().map_err(|problem| corrupt("kind", problem))?;
            let (node, name) = nodes.remove(&id).unzip();
            let role = held.get(&id).copied();
            let scope = ReadableScope { kind, node, name, role, ..ReadableScope::bare(ScopeId(id)) };
            scopes.push_below(parents[index].map(ScopeId), scope);
        }
        scopes.print();
        Ok(Some(scopes))
    }

    /// Adds a scope with the role held on itself. It takes its path from its parent, and possibly a higher role. A
    /// readable parent must have been added before.
    fn push_below(&mut self, parent: Option<ScopeId>, mut scope: ReadableScope) {
        let above = parent.and_then(|parent| self.get(parent));
        let mut path = above.map_or_else(|| parent.into_iter().collect(), |above| above.path.clone());
        path.push(scope.id);
        scope.role = match scope.kind {
            // Nobody above a person reads their personal scope; the person owns it.
            ScopeKind::User => Some(Role::Owner),
            _ => scope.role.max(above.and_then(|above| above.role)),
        };
        self.push(ReadableScope { path, ..scope });
    }

    fn push(&mut self, scope: ReadableScope) {
        self.by_id.insert(scope.id, self.list.len());
        if let Some(node) = scope.node {
            self.by_node.insert(node, self.list.len());
        }
        self.list.push(scope);
    }

    fn print(&mut self) {
        let ids: Vec<String> = self.list.iter().map(|scope| scope.id.0.to_string()).collect();
        self.printed = ids.join(",");
        let rank = |scope: &ReadableScope| match scope.role {
            None => '0',
            Some(Role::Viewer) => '1',
            Some(Role::Member) => '2',
            Some(Role::Admin) => '3',
            Some(Role::Owner) => '4',
        };
        self.ranks = self.list.iter().map(rank).collect();
    }

    /// Marks the scopes that are searched through the approximate index (`broad`) and those whose vectors are in blocks
    /// (`packed`). Both slices must be in ascending order.
    pub(super) fn read_as(mut self, broad: &[i64], packed: &[i64]) -> Self {
        for scope in &mut self.list {
            scope.tier = match broad.binary_search(&scope.id.0) {
                Ok(_) => SearchTier::Broad,
                Err(_) => SearchTier::Small,
            };
            scope.packed = packed.binary_search(&scope.id.0).is_ok();
        }
        self
    }

    /// The scopes that are one of these roots or below one, with unchanged roles.
    pub(super) fn within(&self, roots: &[ScopeId]) -> Self {
        let mut narrowed = Self::default();
        for scope in self.list.iter().filter(|scope| scope.path.iter().any(|id| roots.contains(id))) {
            narrowed.push(scope.clone());
        }
        narrowed.print();
        narrowed
    }

    /// The same scopes and these others, which are below none of them.
    pub(super) fn with(&self, others: Vec<ReadableScope>) -> Self {
        let mut more = self.clone();
        for scope in others {
            more.push(scope);
        }
        more.print();
        more
    }

    pub(super) fn list(&self) -> &[ReadableScope] {
        &self.list
    }

    pub(super) fn get(&self, id: ScopeId) -> Option<&ReadableScope> {
        self.by_id.get(&id).map(|position| &self.list[*position])
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&ReadableScope> {
        self.by_node.get(&id).map(|position| &self.list[*position])
    }

    pub(super) fn named(&self, name: ScopeName) -> Option<&ReadableScope> {
        // The first three are on the top levels, and so near the front of the list.
        let of_kind = |kind| self.list.iter().find(|scope| scope.kind == kind);
        match name {
            ScopeName::Personal => of_kind(ScopeKind::User),
            ScopeName::Enterprise => of_kind(ScopeKind::Enterprise),
            ScopeName::Public => of_kind(ScopeKind::Public),
            ScopeName::Context(context) => {
                self.node(NodeId(context.uuid())).filter(|scope| scope.kind == ScopeKind::Context)
            }
            ScopeName::Node(kind, node) => self.node(node).filter(|scope| scope.kind == kind),
        }
    }

    pub(super) fn printed(&self) -> &str {
        &self.printed
    }

    pub(super) fn ranks(&self) -> &str {
        &self.ranks
    }
}

/// Returns the positions in an order in which each scope follows its parent, if the parent is present; siblings are in
/// order of age.
fn from_the_top(ids: &[i64], parents: &[Option<i64>]) -> Vec<usize> {
    /// Deeper than any tree can be.
    const LEVELS: usize = 64;
    let positions: HashMap<i64, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let above: Vec<Option<usize>> =
        parents.iter().map(|parent| positions.get(parent.as_ref()?).copied()).collect();
    let level = |index: &usize| std::iter::successors(above[*index], |at| above[*at]).take(LEVELS).count();
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_cached_key(|index| (level(index), ids[*index]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_order_parents_come_first() {
        let (ids, parents) = ([5, 4, 3, 1, 9], [Some(4), Some(3), Some(1), None, Some(77)]);
        let order: Vec<i64> = from_the_top(&ids, &parents).into_iter().map(|index| ids[index]).collect();
        assert_eq!(order, [1, 9, 3, 4, 5], "whose parent cannot be read is at the top");
    }

    fn scopes(tree: &[(i64, ScopeKind, Option<i64>, Option<Role>)]) -> Scopes {
        let mut scopes = Scopes::default();
        for (id, kind, parent, role) in tree {
            let held = ReadableScope { kind: *kind, role: *role, ..ReadableScope::bare(ScopeId(*id)) };
            scopes.push_below(parent.map(ScopeId), held);
        }
        scopes.print();
        scopes
    }

    fn company() -> Scopes {
        scopes(&[
            (1, ScopeKind::Enterprise, None, None),
            (2, ScopeKind::Public, Some(1), None),
            (9, ScopeKind::User, Some(1), None),
            (3, ScopeKind::Organization, Some(1), Some(Role::Admin)),
            (4, ScopeKind::Team, Some(3), Some(Role::Viewer)),
        ])
    }

    #[test]
    fn roles_are_handed_down_and_never_lowered() {
        let scopes = company();
        let role = |id| scopes.get(ScopeId(id)).unwrap().role;
        assert_eq!(
            [1, 2, 9, 3, 4].map(role),
            [None, None, Some(Role::Owner), Some(Role::Admin), Some(Role::Admin)]
        );
        assert_eq!(scopes.get(ScopeId(4)).unwrap().path, [1, 3, 4].map(ScopeId));
        assert_eq!((scopes.printed(), scopes.ranks()), ("1,2,9,3,4", "00433"));
    }

    #[test]
    fn whoever_belongs_to_nothing_still_knows_where_their_scopes_hang() {
        let scopes = scopes(&[(2, ScopeKind::Public, Some(1), None), (9, ScopeKind::User, Some(1), None)]);
        assert_eq!(scopes.named(ScopeName::Public).unwrap().path, [1, 2].map(ScopeId));
        assert!(scopes.named(ScopeName::Enterprise).is_none());
    }

    #[test]
    fn narrowing_keeps_roles_that_come_from_outside() {
        let narrowed = company().within(&[ScopeId(4), ScopeId(9)]);
        let kept: Vec<_> = narrowed.list().iter().map(|scope| (scope.id.0, scope.role)).collect();
        assert_eq!(kept, [(9, Some(Role::Owner)), (4, Some(Role::Admin))]);
        assert!(narrowed.get(ScopeId(3)).is_none());
    }

    #[test]
    fn what_is_added_can_be_named_and_gives_no_role() {
        let context = NodeId::generate();
        let added = ReadableScope {
            kind: ScopeKind::Context,
            node: Some(context),
            ..ReadableScope::bare(ScopeId(7))
        };
        let scopes = company().with(vec![added]);
        let named = scopes.named(ScopeName::Context(crate::ids::ContextId(context.uuid()))).unwrap();
        assert!(named.is_lent());
        assert_eq!((scopes.printed(), scopes.ranks()), ("1,2,9,3,4,7", "004330"));
    }

    #[test]
    fn broad_and_packed_scopes_are_those_named_and_no_others() {
        let read_as = |broad: &[i64], packed: &[i64]| {
            let scopes = company().read_as(&[1, 4], &[2, 3]).read_as(broad, packed);
            let count =
                |is: &dyn Fn(&ReadableScope) -> bool| scopes.list().iter().filter(|it| is(it)).count();
            (count(&|scope| scope.tier == SearchTier::Broad), count(&|scope| scope.packed))
        };
        assert_eq!([read_as(&[], &[]), read_as(&[3, 4, 77], &[9])], [(0, 0), (2, 1)]);
    }
}
