//! Compliance tags: the kind of an action, and which frameworks require a record of it.

/// A kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Content was shown.
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
                "read" | "list" | "search" | "history" | "suggest" | "view" | "open" | "replay" | "enhance",
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
        assert!(frameworks("memory.read", false).contains(&"gdpr"));
        assert!(frameworks("memory.read", true).contains(&"soc2"));
    }
}
