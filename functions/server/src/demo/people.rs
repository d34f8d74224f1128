//! The people and teams of Northwind.

/// A node of the demo's tree.
pub(super) struct Node {
    pub(super) key: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) parent: Option<&'static str>,
}

/// Three levels, with two teams in different divisions. Parents come first.
pub(super) const TREE: [Node; 5] = [
    Node { key: "organization", kind: "organization", name: "Northwind Energy", parent: None },
    Node { key: "engineering", kind: "division", name: "Engineering", parent: Some("organization") },
    Node { key: "commercial", kind: "division", name: "Commercial", parent: Some("organization") },
    Node { key: "platform", kind: "team", name: "Platform", parent: Some("engineering") },
    Node { key: "field-sales", kind: "team", name: "Field Sales", parent: Some("commercial") },
];

/// A person with their only role.
pub(super) struct Person {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) role: &'static str,
    pub(super) node: &'static str,
}

/// The person who registers the enterprise, and so owns it and every organization in it.
pub(super) const OWNER: Person =
    Person { key: "olivia", name: "Olivia Novak", role: "owner", node: "organization" };

/// The people who are invited.
pub(super) const INVITED: [Person; 4] = [
    Person { key: "adam", name: "Adam Fischer", role: "admin", node: "engineering" },
    Person { key: "mia", name: "Mia Tanaka", role: "member", node: "platform" },
    Person { key: "tom", name: "Tom Okafor", role: "member", node: "field-sales" },
    Person { key: "vera", name: "Vera Lindqvist", role: "viewer", node: "organization" },
];
