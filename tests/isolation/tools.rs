//! The MCP tools, called about things of a tenant's.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::harness::{Actor, Client as _, Tables, World};
use crate::operations::Call;

/// Calls every tool that the server lists as every visitor: its name, and how each was answered.
pub(super) async fn visit_all(
    world: &World,
    elsewhere: &Actor,
    uncovered: &mut String,
) -> Vec<(String, Vec<String>)> {
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let listed = world.owner.post("/mcp", list).await.ok();
    let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let mut rows = Vec::new();
    for tool in tools.iter().map(|tool| tool["name"].as_str().unwrap()) {
        let variants = arguments(tool, world);
        if variants.is_empty() {
            let _ = writeln!(uncovered, "tool {tool}");
        }
        for (variant, arguments) in variants {
            let visitors = Visitor::all(world, elsewhere).await;
            let mut before = world.tables().await;
            let mut answers = Vec::new();
            for visitor in visitors {
                answers.push(visit(world, &mut before, &visitor, tool, &arguments).await);
            }
            rows.push((format!("{tool}{variant}"), answers));
        }
    }
    rows
}

/// Calls a tool and checks what always holds: `401`, `refused` or `answered`.
async fn visit(
    world: &World,
    before: &mut Tables,
    visitor: &Visitor,
    tool: &str,
    arguments: &Value,
) -> String {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments },
    });
    let call = Call {
        name: format!("tool {tool}"),
        method: Method::POST,
        path: "/mcp".to_owned(),
        body: Some(body),
    };
    let answer = visitor.call(&call).await;
    let after = world.tables().await;
    let who = format!("tool {tool} of {visitor}");
    visitor.assert_learned_nothing(world, &answer, &arguments.to_string());
    if visitor.actor().is_none() {
        answer.assert_problem(401, "unauthenticated", None);
        visitor.assert_changed_nothing(before, &after, false, &who);
        return "401".to_owned();
    }
    let result = answer.ok();
    let refused = match &result["result"]["isError"] {
        Value::Bool(refused) => *refused,
        _ => panic!("{who}: {answer}"),
    };
    assert!(!answer.text().contains("internal error"), "{who}: {answer}");
    visitor.assert_changed_nothing(before, &after, !refused, &who);
    *before = after;
    let names_a_thing = ["memory_id", "scope"].iter().any(|name| arguments[*name] != Value::Null);
    if matches!(visitor, Visitor::Outsider(_)) && names_a_thing {
        let said = result["result"]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(refused && said.ends_with("not found"), "{who}: {answer}");
    }
    if refused { "refused" } else { "answered" }.to_owned()
}

/// The ways to call a tool, in words and as arguments; none if it is not known here.
fn arguments(tool: &str, world: &World) -> Vec<(&'static str, Value)> {
    let team = world.team.label();
    let query = format!("when does the {} open", world.marker);
    let about = |rest: Value| {
        let with = |id: &str| {
            let mut arguments = rest.clone();
            arguments["memory_id"] = json!(id);
            arguments
        };
        vec![("", with(&world.team_memory)), (" (personal)", with(&world.personal_memory))]
    };
    match tool {
        "search_memories" => {
            vec![(" (team)", json!({ "query": query, "scope": team })), (" (all)", json!({ "query": query }))]
        }
        "add_memory" => vec![
            (" (team)", json!({ "text": "the lift is out of order", "scope": team })),
            (" (own)", json!({ "text": "the lift is out of order" })),
        ],
        "get_memories" => vec![(" (team)", json!({ "scope": team })), (" (all)", json!({}))],
        "get_memory" | "delete_memory" => about(json!({})),
        "update_memory" => about(json!({ "text": "changed by somebody" })),
        _ => Vec::new(),
    }
}
