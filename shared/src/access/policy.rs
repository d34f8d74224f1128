//! Who may do what: one exhaustive match, printed to `docs/api/permissions.txt`.
//!
//! A role is always the caller's effective role on the scope that the action touches. "Reader" is anyone who may read
//! the scope at all, even without a role on it, because its memories are for everyone below it.

use super::{ApiKeyVerb, Role, ScopeKind};

/// Something that a caller may want to do to a scope or to its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Search, list and read memories, their history and entities.
    ReadMemories,
    /// Add a memory.
    AddMemory,
    /// Change or delete a memory that the caller added.
    EditOwnMemory,
    /// Change or delete a memory that somebody else added; end a share with this scope.
    EditAnyMemory,
    /// Share a memory that the caller added; a share may also permit this.
    ShareOwnMemory,
    /// Share a memory that somebody else added, or a context; a share may also permit this.
    ShareAnyMemory,
    /// See requests to share, and their outcome.
    ListApprovals,
    /// See a node, its name and its place.
    ReadNode,
    /// Create a node below this one.
    CreateNode,
    /// Rename a node or change its settings.
    ChangeNode,
    /// Move a node; this also needs `CreateNode` on its old and new parent.
    MoveNode,
    /// Delete an empty node, or dissolve one.
    DeleteNode,
    /// See who is a member and who is invited.
    ListMembers,
    /// Invite, add, change and remove members, up to the caller's own role.
    ManageMembers,
    /// Create, rename, fill and delete groups that belong to a node.
    ManageGroups,
    /// Create, rename and deactivate service accounts that a node owns, and issue keys to them.
    ManageServiceAccounts,
    /// Simulate what others may see and do at a node, and why.
    SimulateAccess,
    /// Reassign the personal memories of somebody who left. Checked on the enterprise, whose policy may require more.
    ReassignMemories,
    /// See every account of the enterprise. Checked on the enterprise. Everyone sees their own account.
    ListAccounts,
    /// Deactivate and reactivate accounts. Checked on the enterprise.
    ManageAccounts,
    /// Read the audit log and verify its chain. Checked on the enterprise.
    ReadAudit,
    /// Change what the audit log keeps and how. Checked on the enterprise.
    ManageAudit,
    /// Trust identity providers, which may then vouch for any user of the enterprise. Checked on the enterprise.
    ManageIdentityProviders,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 23] = [
        Self::ReadMemories,
        Self::AddMemory,
        Self::EditOwnMemory,
        Self::EditAnyMemory,
        Self::ShareOwnMemory,
        Self::ShareAnyMemory,
        Self::ListApprovals,
        Self::ReadNode,
        Self::CreateNode,
        Self::ChangeNode,
        Self::MoveNode,
        Self::DeleteNode,
        Self::ListMembers,
        Self::ManageMembers,
        Self::ManageGroups,
        Self::ManageServiceAccounts,
        Self::SimulateAccess,
        Self::ReassignMemories,
        Self::ListAccounts,
        Self::ManageAccounts,
        Self::ReadAudit,
        Self::ManageAudit,
        Self::ManageIdentityProviders,
    ];

    /// The action as requests and responses spell it: `add_memory`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// The verb that an API key needs for the action.
    #[must_use]
    pub fn verb(self) -> ApiKeyVerb {
        match self {
            Self::ReadMemories | Self::ListApprovals => ApiKeyVerb::MemoriesRead,
            Self::AddMemory
            | Self::EditOwnMemory
            | Self::EditAnyMemory
            | Self::ShareOwnMemory
            | Self::ShareAnyMemory => ApiKeyVerb::MemoriesWrite,
            Self::ReadNode | Self::ListMembers | Self::SimulateAccess | Self::ListAccounts => {
                ApiKeyVerb::TenancyRead
            }
            Self::CreateNode
            | Self::ChangeNode
            | Self::MoveNode
            | Self::DeleteNode
            | Self::ManageMembers
            | Self::ManageGroups
            | Self::ManageServiceAccounts
            | Self::ReassignMemories
            | Self::ManageAccounts
            | Self::ManageAudit
            | Self::ManageIdentityProviders => ApiKeyVerb::TenancyWrite,
            Self::ReadAudit => ApiKeyVerb::AuditRead,
        }
    }
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|action| action.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("unknown action {text:?}, expected one of {known}")
        })
    }
}

/// What an action requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Being able to read the scope.
    Reader,
    /// At least this effective role.
    AtLeast(Role),
    /// Nobody may do it: it makes no sense there.
    Nobody,
}

/// Returns what an action requires on a scope of this kind. This is the policy.
#[must_use]
pub fn requirement(action: Action, kind: ScopeKind) -> Requirement {
    use Action as A;
    use Requirement::{AtLeast, Nobody, Reader};
    match kind {
        // A person is the owner of their own scope, and nobody else holds a role on it.
        ScopeKind::User => match action {
            A::ReadMemories
            | A::AddMemory
            | A::EditOwnMemory
            | A::EditAnyMemory
            | A::ShareOwnMemory
            | A::ShareAnyMemory
            | A::ListApprovals => AtLeast(Role::Owner),
            A::ReadNode
            | A::CreateNode
            | A::ChangeNode
            | A::MoveNode
            | A::DeleteNode
            | A::ListMembers
            | A::ManageMembers
            | A::ManageGroups
            | A::ManageServiceAccounts
            | A::SimulateAccess
            | A::ReassignMemories
            | A::ListAccounts
            | A::ManageAccounts
            | A::ReadAudit
            | A::ManageAudit
            | A::ManageIdentityProviders => Nobody,
        },
        // The public scope is below the enterprise and inherits its roles.
        ScopeKind::Public => match action {
            A::ReadMemories => Reader,
            A::AddMemory | A::EditOwnMemory | A::ShareOwnMemory => AtLeast(Role::Member),
            A::EditAnyMemory | A::ShareAnyMemory | A::ListApprovals | A::SimulateAccess => {
                AtLeast(Role::Admin)
            }
            A::ReadNode
            | A::CreateNode
            | A::ChangeNode
            | A::MoveNode
            | A::DeleteNode
            | A::ListMembers
            | A::ManageMembers
            | A::ManageGroups
            | A::ManageServiceAccounts
            | A::ReassignMemories
            | A::ListAccounts
            | A::ManageAccounts
            | A::ReadAudit
            | A::ManageAudit
            | A::ManageIdentityProviders => Nobody,
        },
        ScopeKind::Enterprise => match action {
            A::ReadMemories | A::ReadNode => Reader,
            A::ListMembers => AtLeast(Role::Viewer),
            A::AddMemory | A::EditOwnMemory | A::ShareOwnMemory => AtLeast(Role::Member),
            A::EditAnyMemory
            | A::ShareAnyMemory
            | A::ListApprovals
            | A::CreateNode
            | A::ChangeNode
            | A::ManageMembers
            | A::ManageGroups
            | A::ManageServiceAccounts
            | A::SimulateAccess
            | A::ReassignMemories
            | A::ListAccounts
            | A::ManageAccounts => AtLeast(Role::Admin),
            A::ReadAudit | A::ManageAudit | A::ManageIdentityProviders => AtLeast(Role::Owner),
            A::MoveNode | A::DeleteNode => Nobody,
        },
        // A context has no parent: every role on it was granted on the context itself.
        ScopeKind::Context => match action {
            A::ReadMemories | A::ReadNode => Reader,
            A::ListMembers => AtLeast(Role::Viewer),
            A::AddMemory | A::EditOwnMemory => AtLeast(Role::Member),
            A::EditAnyMemory
            | A::ShareOwnMemory
            | A::ShareAnyMemory
            | A::ListApprovals
            | A::ChangeNode
            | A::DeleteNode
            | A::ManageMembers
            | A::SimulateAccess => AtLeast(Role::Admin),
            A::CreateNode
            | A::MoveNode
            | A::ManageGroups
            | A::ManageServiceAccounts
            | A::ReassignMemories
            | A::ListAccounts
            | A::ManageAccounts
            | A::ReadAudit
            | A::ManageAudit
            | A::ManageIdentityProviders => Nobody,
        },
        ScopeKind::Organization
        | ScopeKind::Division
        | ScopeKind::Department
        | ScopeKind::Unit
        | ScopeKind::Team => match action {
            A::ReadMemories | A::ReadNode => Reader,
            A::ListMembers => AtLeast(Role::Viewer),
            A::AddMemory | A::EditOwnMemory | A::ShareOwnMemory => AtLeast(Role::Member),
            A::EditAnyMemory
            | A::ShareAnyMemory
            | A::ListApprovals
            | A::CreateNode
            | A::ChangeNode
            | A::MoveNode
            | A::DeleteNode
            | A::ManageMembers
            | A::ManageGroups
            | A::ManageServiceAccounts
            | A::SimulateAccess => AtLeast(Role::Admin),
            A::ReassignMemories
            | A::ListAccounts
            | A::ManageAccounts
            | A::ReadAudit
            | A::ManageAudit
            | A::ManageIdentityProviders => Nobody,
        },
    }
}

/// Whether a caller with this effective role on a readable scope may perform the action.
#[must_use]
pub fn allows(action: Action, kind: ScopeKind, role: Option<Role>) -> bool {
    match requirement(action, kind) {
        Requirement::Reader => true,
        Requirement::AtLeast(least) => role.is_some_and(|role| role >= least),
        Requirement::Nobody => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_printed_table_is_the_policy() {
        let mut table = String::from(
            "Who may do what, by effective role on the scope (see shared/src/access/policy.rs). Generated by the test\n\
             the_printed_table_is_the_policy; a change here is a change of policy and wants a review.\n\n",
        );
        let _ = writeln!(
            table,
            "{:<24}{:<14}{:<16}none  viewer  member  admin  owner",
            "action", "scope", "API key verb"
        );
        for action in Action::ALL {
            for kind in ScopeKind::ALL {
                let cells =
                    [None, Some(Role::Viewer), Some(Role::Member), Some(Role::Admin), Some(Role::Owner)]
                        .map(|role| if allows(action, kind, role) { "yes" } else { "-" });
                let _ = writeln!(
                    table,
                    "{:<24}{:<14}{:<16}{:<6}{:<8}{:<8}{:<7}{}",
                    format!("{action:?}"),
                    kind.as_str(),
                    action.verb().as_str(),
                    cells[0],
                    cells[1],
                    cells[2],
                    cells[3],
                    cells[4]
                );
            }
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/permissions.txt");
        let known = std::fs::read_to_string(path).unwrap_or_default();
        if known != table {
            std::fs::write(path, &table).unwrap();
            panic!(
                "docs/api/permissions.txt did not show the policy; it was rewritten, review and commit it"
            );
        }
    }

    #[test]
    fn a_higher_role_is_never_allowed_less() {
        for action in Action::ALL {
            for kind in ScopeKind::ALL {
                let allowed = Role::ALL.map(|role| allows(action, kind, Some(role)));
                assert!(allowed.is_sorted(), "{action:?} on {kind}: {allowed:?}");
            }
        }
    }
}
