//! The tools: mem0's, with its names and parameters, those that ChatGPT's connectors call, and those about the caller
//! and their scopes. One file each.

mod add_memory;
mod arguments;
mod call;
mod delete_all_memories;
mod delete_entities;
mod delete_memory;
mod description;
mod enhance_prompt;
mod explain_access;
mod fetch;
mod get_event_status;
mod get_hierarchical_memories;
mod get_memories;
mod get_memory;
mod list_entities;
mod list_events;
mod list_scopes;
mod move_memory;
mod nullable;
mod request_approval;
mod search;
mod search_memories;
mod share_memory;
mod update_memory;
mod view;
mod whoami;

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, AuthContext};
use shared::tenancy;

pub(crate) use call::{Call, Halt, call};
pub use description::Description;
pub(crate) use view::{UNTRUSTED, memory as view_memory, place};
pub(crate) use whoami::profile;

use crate::cursor;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::{Object, Request};

macro_rules! tools {
    ($($(#[$doc:meta])* $tool:ident = $module:ident, $verbs:expr;)+) => {
        /// A tool. Clients see them in this order.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Tool {
            $($(#[$doc])* $tool,)+
        }

        impl Tool {
            /// Every tool.
            pub const ALL: &[Self] = &[$(Self::$tool,)+];

            /// The name by which it is called.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$tool => stringify!($module),)+
                }
            }

            /// The scopes of which a credential needs one to call it; empty if any credential may.
            fn verbs(self) -> &'static [ApiKeyVerb] {
                match self {
                    $(Self::$tool => $verbs,)+
                }
            }

            /// Describes it for clients and models.
            #[must_use]
            pub fn describe(self) -> Description {
                match self {
                    $(Self::$tool => $module::describe(),)+
                }
            }

            async fn run(self, call: &Call<'_>) -> Result<Value, Halt> {
                match self {
                    $(Self::$tool => $module::call(call).await,)+
                }
            }
        }
    };
}

const READ: &[ApiKeyVerb] = &[ApiKeyVerb::MemoriesRead];
const WRITE: &[ApiKeyVerb] = &[ApiKeyVerb::MemoriesWrite];

tools! {
    /// Recalls memories by meaning and words.
    SearchMemories = search_memories, READ;
    /// Adds a memory.
    AddMemory = add_memory, WRITE;
    /// Lists memories, newest first.
    GetMemories = get_memories, READ;
    /// Reads a memory.
    GetMemory = get_memory, READ;
    /// Changes a memory.
    UpdateMemory = update_memory, WRITE;
    /// Forgets a memory.
    DeleteMemory = delete_memory, WRITE;
    /// Forgets the memories in one scope that have the given labels.
    DeleteAllMemories = delete_all_memories, WRITE;
    /// Lists the labels that memories have.
    ListEntities = list_entities, READ;
    /// Forgets the memories in one scope that have a label.
    DeleteEntities = delete_entities, WRITE;
    /// Lists the outcomes of earlier requests.
    ListEvents = list_events, READ;
    /// Returns the outcome of one request.
    GetEventStatus = get_event_status, READ;
    /// Lists where the caller can read and write.
    ListScopes = list_scopes, &tenancy::scopes::VERBS;
    /// Returns everything that the caller sees, level by level.
    GetHierarchicalMemories = get_hierarchical_memories, READ;
    /// Puts what is remembered in front of a prompt.
    EnhancePrompt = enhance_prompt, READ;
    /// Shares a memory.
    ShareMemory = share_memory, WRITE;
    /// Asks for the approval that sharing needs.
    RequestApproval = request_approval, WRITE;
    /// Tells who can see a memory and why, and what sharing it would need.
    ExplainAccess = explain_access, READ;
    /// Moves a memory to another scope.
    MoveMemory = move_memory, WRITE;
    /// Tells who the caller is.
    Whoami = whoami, &[];
    /// Recalls memories for ChatGPT's connectors.
    Search = search, READ;
    /// Reads a memory for ChatGPT's connectors.
    Fetch = fetch, READ;
}

impl Tool {
    /// Returns whether this caller's credential may use it; if not, it is not even listed.
    #[must_use]
    pub fn is_open_to(self, caller: &AuthContext) -> bool {
        let verbs = self.verbs();
        verbs.is_empty() || verbs.iter().any(|verb| caller.authorize_verb(*verb).is_ok())
    }

    /// Finds a tool by name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tool| tool.name() == name)
    }
}

/// Whether a request calls a tool that shows memories, changes nothing, and may be used by this caller.
pub(crate) fn shows_memories(request: &Request, caller: &AuthContext) -> bool {
    let name = request.params.get("name").and_then(Value::as_str);
    let tool = name.and_then(Tool::find).filter(|_| request.method == "tools/call");
    let shows = |tool: Tool| {
        matches!(
            tool,
            Tool::SearchMemories | Tool::GetMemories | Tool::GetMemory | Tool::Search | Tool::Fetch
        )
    };
    tool.is_some_and(|tool| shows(tool) && tool.is_open_to(caller))
}

/// `tools/list`
pub(crate) fn list(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let open = Tool::ALL.iter().filter(|tool| tool.is_open_to(exchange.caller));
    let tools = open.map(|tool| json!(tool.describe())).collect::<Vec<_>>();
    #[cfg(feature = "diagnostics")]
    let tools = [tools, crate::diagnostics::tools()].concat();
    let name = |tool: &Value| tool["name"].as_str().unwrap_or_default().to_owned();
    let (tools, next) = cursor::part(tools, "tools", cursor::of(params)?, cursor::PART, name)?;
    let mut result = json!({ "tools": tools });
    if let Some(next) = next {
        result["nextCursor"] = json!(next);
    }
    Ok(result)
}
