//! Compliance tags: the kind of an action, and which frameworks require a record of it.

/// A kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Content was shown, or who sees it.
    DataAccess,
    /// Content was added, changed or removed.
    DataChange,
    /// Somebody authenticated, failed to, or changed how they do.
    Authentication,
    /// Permissions to see or do something were changed.
    AccessControl,
    /// The behaviour of the installation was changed, or its log was read.
    Administration,
}

impl Kind {
    /// Derives the kind from the action's noun and verb.
    fn of(action: &str) -> Self {
        let (noun, verb) = action.split_once('.').unwrap_or((action, ""));
        match (noun, verb) {
            (
                _,
                "access" | "check" | "enhance" | "export" | "history" | "list" | "open" | "preview" | "read"
                | "replay" | "search" | "simulate_scopes" | "suggest" | "view",
            ) if noun != "audit" => Self::DataAccess,
            ("memory" | "context" | "entity", _) => Self::DataChange,
            ("session" | "password" | "api_key" | "oauth" | "account", _) => Self::Authentication,
            ("audit" | "enterprise" | "quota", _) => Self::Administration,
            _ => Self::AccessControl,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::DataAccess => "data-access",
            Self::DataChange => "data-change",
            Self::Authentication => "authentication",
            Self::AccessControl => "access-control",
            Self::Administration => "administration",
        }
    }

    /// The frameworks that require a record. GDPR art. 5 and 30 and HIPAA § 164.312(b) ask who used personal data; SOC
    /// 2 CC6 and ISO 27001 A.8.15 ask how access is controlled and used.
    fn frameworks(self) -> &'static [&'static str] {
        match self {
            Self::DataAccess | Self::DataChange => &["gdpr", "hipaa", "iso27001"],
            Self::Authentication | Self::AccessControl => &["gdpr", "hipaa", "iso27001", "soc2"],
            Self::Administration => &["iso27001", "soc2"],
        }
    }
}

/// Every tag that a row can have: its kind, the class of what it shows or changes, and the frameworks.
const TAGS: [&str; 13] = [
    "data-access",
    "data-change",
    "authentication",
    "access-control",
    "administration",
    "class:public",
    "class:internal",
    "class:confidential",
    "class:restricted",
    "gdpr",
    "hipaa",
    "iso27001",
    "soc2",
];

/// Checks a tag that somebody looks for.
pub(super) fn check(wanted: &str) -> Result<(), String> {
    match TAGS.contains(&wanted) {
        true => Ok(()),
        false => Err(format!("expected one of {}, found {wanted:?}", TAGS.join(", "))),
    }
}

/// The tag of the action's kind.
pub(super) fn kind(action: &str) -> &'static str {
    Kind::of(action).name()
}

/// The frameworks that require a record of the action; those that the enterprise has chosen become tags. A refusal is
/// for all.
pub(super) fn frameworks(action: &str, denied: bool) -> &'static [&'static str] {
    if denied { Kind::AccessControl.frameworks() } else { Kind::of(action).frameworks() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_from_the_action() {
        assert_eq!(kind("memory.search"), "data-access");
        assert_eq!(kind("member.list"), "data-access");
        assert_eq!(kind("memory.forget"), "data-change");
        assert_eq!(kind("session.start"), "authentication");
        assert_eq!(kind("member.change"), "access-control");
        assert_eq!(kind("audit.read"), "administration");
        assert_eq!(kind("audit.export"), "administration");
        assert!(frameworks("memory.read", false).contains(&"gdpr"));
        assert!(frameworks("memory.read", true).contains(&"soc2"));
    }

    /// Over the reviewed list of what each operation writes.
    #[test]
    fn what_only_reads_is_not_tagged_as_a_change() {
        let reads = ["POST /v1/access/check ", "tool explain_access "];
        let mut seen = 0;
        for line in include_str!("../../../tests/audit/trail.txt").lines() {
            if !line.starts_with("GET ") && !reads.iter().any(|read| line.starts_with(read)) {
                continue;
            }
            let words = line.split_whitespace().map(|word| word.trim_end_matches(','));
            for action in
                words.filter(|word| super::super::actions::is_known(word) && *word != "access.refuse")
            {
                seen += 1;
                assert!(matches!(kind(action), "data-access" | "administration"), "{line}");
            }
        }
        assert!(seen > 30, "{seen}");
    }

    #[test]
    fn only_tags_that_rows_can_have_are_looked_for() {
        for action in ["memory.read", "memory.forget", "session.start", "member.add", "audit.read"] {
            assert_eq!(check(kind(action)), Ok(()));
            assert!(frameworks(action, false).iter().all(|tag| check(tag).is_ok()));
        }
        assert!(check("class:restricted").is_ok() && check("zzz").is_err());
    }
}
