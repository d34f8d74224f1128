//! Rows as CSV (RFC 4180), for people with spreadsheets.

use std::fmt::Write as _;

use super::{Outcome, Record};

const HEADER: &str = "id,at,actor,method,credential,action,target,memories,scope,outcome,operation,request_id,ip,\
                      user_agent,details,tags,seq,hash\r\n";

/// Formats a header and one line per row. Lists are separated by spaces, details are JSON.
#[must_use]
pub fn csv(records: &[Record]) -> String {
    let mut text = HEADER.to_owned();
    for record in records {
        let optional = |value: Option<String>| value.unwrap_or_default();
        let memories: Vec<String> = record.memories.iter().map(ToString::to_string).collect();
        let cells = [
            record.id.to_string(),
            record.at.to_rfc3339(),
            optional(record.actor.map(|actor| actor.to_string())),
            record.method.clone(),
            optional(record.credential.clone()),
            record.action.clone(),
            optional(record.target.clone()),
            memories.join(" "),
            optional(record.scope.map(|scope| scope.to_string())),
            match record.outcome {
                Outcome::Success => "success",
                Outcome::Denied => "denied",
            }
            .to_owned(),
            optional(record.operation.clone()),
            optional(record.request_id.map(|id| id.to_string())),
            optional(record.ip.clone()),
            optional(record.user_agent.clone()),
            record.details.to_string(),
            record.tags.join(" "),
            optional(record.seq.map(|seq| seq.to_string())),
            optional(record.hash.clone()),
        ];
        let cells: Vec<String> = cells.iter().map(|value| cell(value)).collect();
        let _ = write!(text, "{}\r\n", cells.join(","));
    }
    text
}

/// Formats a cell. A value that a spreadsheet would take for a formula gets an apostrophe before it: user agents are
/// written by strangers.
fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    match value.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(cell("a b"), "a b");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("@cmd"), "'@cmd");
    }
}
