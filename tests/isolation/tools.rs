//! MCP tools, resources and prompts, called with objects of a tenant.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::harness::{Actor, Client as _, Tables, World};
use crate::operations::Call;

/// One way to use MCP.
pub(crate) struct Use {
    /// `tool get_memory (personal)`, as the matrix names it.
    pub(crate) name: String,
    method: &'static str,
    params: Value,
    /// Whether it names something of the tenant's.
    names_a_thing: bool,
}

impl Use {
    /// As a request.
    pub(crate) fn call(&self) -> Call {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": self.method, "params": self.params });
        Call { name: self.name.clone(), method: Method::POST, path: "/mcp".to_owned(), body: Some(body) }
    }
}

/// Uses every tool, resource and prompt that the server lists as every visitor: its name, and how each was answered.
pub(super) async fn visit_all(
    world: &World,
    elsewhere: &Actor,
    uncovered: &mut String,
) -> Vec<(String, Vec<String>)> {
    let mut rows = Vec::new();
    for used in &uses(world, uncovered).await {
        let visitors = Visitor::all(world, elsewhere).await;
        let mut before = world.tables().await;
        let mut answers = Vec::new();
        for visitor in visitors {
            answers.push(visit(world, &mut before, &visitor, used).await);
        }
        rows.push((used.name.clone(), answers));
    }
    rows
}

/// Every use of every tool, resource and prompt that the server lists.
pub(crate) async fn uses(world: &World, uncovered: &mut String) -> Vec<Use> {
    let mut uses = Vec::new();
    for (method, kind) in
        [("tools/list", "tool"), ("prompts/list", "prompt"), ("resources/templates/list", "resource")]
    {
        let listed = list(world, method).await;
        for name in &listed {
            let found = match kind {
                "tool" => tool(name, world),
                "prompt" => prompt(name, world),
                _ => resource(name, world),
            };
            if found.is_empty() {
                let _ = writeln!(uncovered, "{kind} {name}");
            }
            uses.extend(found);
        }
    }
    uses.push(Use {
        name: "resource profile".to_owned(),
        method: "resources/read",
        params: json!({ "uri": "mem0://profile" }),
        names_a_thing: false,
    });
    for method in ["resources/list", "completion/complete"] {
        let argument = json!({ "name": "scope", "value": "" });
        let reference = json!({ "type": "ref/prompt", "name": "summarize-team-knowledge" });
        let params = json!({ "ref": reference, "argument": argument });
        uses.push(Use { name: method.to_owned(), method, params, names_a_thing: false });
    }
    uses
}

/// The names in a list.
async fn list(world: &World, method: &str) -> Vec<String> {
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
    let listed = world.owner.post("/mcp", list).await.ok();
    let entries = listed["result"].as_object().unwrap().values().find_map(Value::as_array);
    let entries = entries.unwrap_or_else(|| panic!("{listed}"));
    entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

/// Uses it and checks what always holds: `401`, `refused` or `answered`.
async fn visit(world: &World, before: &mut Tables, visitor: &Visitor, used: &Use) -> String {
    let answer = visitor.call(&used.call()).await;
    let after = world.tables().await;
    let who = format!("{} of {visitor}", used.name);
    visitor.assert_learned_nothing(world, &answer, &used.params.to_string());
    if visitor.is_nobody() {
        answer.assert_problem(401, "unauthenticated", None);
        visitor.assert_changed_nothing(before, &after, false, &who);
        return "401".to_owned();
    }
    let message = answer.ok();
    let said = match (&message["error"]["message"], &message["result"]) {
        (Value::String(said), _) => Some(said.as_str()),
        (_, result) if result["isError"] == true => result["content"][0]["text"].as_str(),
        (_, Value::Object(_)) => None,
        _ => panic!("{who}: {answer}"),
    };
    assert!(!answer.text().contains("internal error"), "{who}: {answer}");
    visitor.assert_changed_nothing(before, &after, said.is_none(), &who);
    *before = after;
    if matches!(visitor, Visitor::Outsider(_)) && used.names_a_thing {
        assert!(said.is_some_and(|said| said.ends_with("not found")), "{who}: {answer}");
    }
    if said.is_some() { "refused" } else { "answered" }.to_owned()
}

/// The ways to call a tool; none if it is not known here.
fn tool(tool: &str, world: &World) -> Vec<Use> {
    let team = world.team.label();
    let query = format!("when does the {} open", world.marker);
    let about = |argument: &str, rest: Value| {
        let with = |id: &str| {
            let mut arguments = rest.clone();
            arguments[argument] = json!(id);
            arguments
        };
        vec![("", with(&world.team_memory)), (" (personal)", with(&world.personal_memory))]
    };
    let variants = match tool {
        "search_memories" => {
            vec![(" (team)", json!({ "query": query, "scope": team })), (" (all)", json!({ "query": query }))]
        }
        "search" => vec![("", json!({ "query": query }))],
        "add_memory" => vec![
            (" (team)", json!({ "text": "the lift is out of order", "scope": team })),
            (" (own)", json!({ "text": "the lift is out of order" })),
        ],
        "get_memories" | "list_entities" => {
            vec![(" (team)", json!({ "scope": team })), (" (all)", json!({}))]
        }
        "get_memory" | "delete_memory" => about("memory_id", json!({})),
        "fetch" => about("id", json!({})),
        "update_memory" => about("memory_id", json!({ "text": "changed by somebody" })),
        "delete_all_memories" | "delete_entities" => vec![
            (" (team)", json!({ "user_id": world.entity, "scope": team })),
            (" (own)", json!({ "user_id": world.entity })),
        ],
        "get_event_status" => vec![("", json!({ "event_id": world.event }))],
        "get_hierarchical_memories" => {
            vec![("", json!({})), (" (query)", json!({ "query": query, "threshold": 0.0 }))]
        }
        "enhance_prompt" => vec![
            ("", json!({ "prompt": query, "threshold": 0.0 })),
            (" (include)", json!({ "prompt": "tea", "include": [world.team_memory] })),
            (" (include personal)", json!({ "prompt": "tea", "include": [world.personal_memory] })),
        ],
        "share_memory" => about("memory_id", json!({ "with": "enterprise" })),
        "request_approval" => {
            about("memory_id", json!({ "with": world.neighbour.label(), "reason": "for a change" }))
        }
        "explain_access" => about("memory_id", json!({ "share_with": world.neighbour.label() })),
        // The team's stays under the team's rules.
        "move_memory" => {
            let scope = world.division.label();
            vec![("", json!({ "memory_id": world.personal_memory, "scope": scope }))]
        }
        "list_events" | "list_scopes" | "whoami" => vec![("", json!({}))],
        _ => Vec::new(),
    };
    let into_use = |(variant, arguments): (&str, Value)| Use {
        name: format!("tool {tool}{variant}"),
        method: "tools/call",
        names_a_thing: ["memory_id", "id", "event_id", "scope", "include"]
            .iter()
            .any(|name| !arguments[*name].is_null()),
        params: json!({ "name": tool, "arguments": arguments }),
    };
    variants.into_iter().map(into_use).collect()
}

fn prompt(prompt: &str, world: &World) -> Vec<Use> {
    let team = world.team.label();
    let question = format!("when does the {} open", world.marker);
    let variants = match prompt {
        "recall-before-answer" => vec![
            (" (team)", json!({ "question": question, "scope": team })),
            (" (all)", json!({ "question": question })),
        ],
        "summarize-team-knowledge" => vec![("", json!({ "scope": team }))],
        // Text only: nothing is looked at.
        "capture-after-answer" => vec![("", json!({}))],
        _ => Vec::new(),
    };
    let into_use = |(variant, arguments): (&str, Value)| Use {
        name: format!("prompt {prompt}{variant}"),
        method: "prompts/get",
        names_a_thing: !arguments["scope"].is_null(),
        params: json!({ "name": prompt, "arguments": arguments }),
    };
    variants.into_iter().map(into_use).collect()
}

fn resource(template: &str, world: &World) -> Vec<Use> {
    let uris = match template {
        "memory" => vec![
            ("", format!("mem0://memories/{}", world.team_memory)),
            (" (personal)", format!("mem0://memories/{}", world.personal_memory)),
        ],
        "scope" => vec![("", format!("mem0://scopes/{}", world.team.label()))],
        _ => Vec::new(),
    };
    let into_use = |(variant, uri): (&str, String)| Use {
        name: format!("resource {template}{variant}"),
        method: "resources/read",
        params: json!({ "uri": uri }),
        names_a_thing: true,
    };
    uris.into_iter().map(into_use).collect()
}
