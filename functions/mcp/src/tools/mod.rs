//! The tools: mem0's names and parameters, what ChatGPT's connectors call, and who and where the caller is. One file
//! each.

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
mod request_approval;
mod search;
mod search_memories;
mod share_memory;
mod update_memory;
mod view;
mod whoami;

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, AuthContext};

pub(crate) use call::{Call, Halt, call};
pub use description::Description;
pub(crate) use view::{UNTRUSTED, memory as view_memory};
pub(crate) use whoami::profile;

use crate::cursor;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;

macro_rules! tools {
    ($($(#[$doc:meta])* $tool:ident = $module:ident, $verb:expr;)+) => {
        /// A tool. The order is the order in which clients see them.
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

            /// What an API key must be allowed for it; none if any will do.
            fn verb(self) -> Option<ApiKeyVerb> {
                match self {
                    $(Self::$tool => $verb,)+
                }
            }

            /// As clients and models see it.
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

const READ: Option<ApiKeyVerb> = Some(ApiKeyVerb::MemoriesRead);
const WRITE: Option<ApiKeyVerb> = Some(ApiKeyVerb::MemoriesWrite);

tools! {
    /// Recall by meaning and words.
    SearchMemories = search_memories, READ;
    /// Remember.
    AddMemory = add_memory, WRITE;
    /// List, newest first.
    GetMemories = get_memories, READ;
    /// Read one.
    GetMemory = get_memory, READ;
    /// Change one.
    UpdateMemory = update_memory, WRITE;
    /// Forget one.
    DeleteMemory = delete_memory, WRITE;
    /// Forget whatever filters select in one scope.
    DeleteAllMemories = delete_all_memories, WRITE;
    /// The labels that memories have.
    ListEntities = list_entities, READ;
    /// Forget whatever has a label in one scope.
    DeleteEntities = delete_entities, WRITE;
    /// What became of earlier requests.
    ListEvents = list_events, READ;
    /// What became of one of them.
    GetEventStatus = get_event_status, READ;
    /// Where the caller can read and write.
    ListScopes = list_scopes, READ;
    /// Everything that the caller sees, level by level.
    GetHierarchicalMemories = get_hierarchical_memories, READ;
    /// A prompt with what is remembered in front of it.
    EnhancePrompt = enhance_prompt, READ;
    /// Let somebody else see one.
    ShareMemory = share_memory, WRITE;
    /// Ask those who have to agree to that.
    RequestApproval = request_approval, WRITE;
    /// Who sees one and why, and what sharing it would take.
    ExplainAccess = explain_access, READ;
    /// Let one live in another scope.
    MoveMemory = move_memory, WRITE;
    /// Who the caller is.
    Whoami = whoami, None;
    /// Recall as ChatGPT's connectors do it.
    Search = search, READ;
    /// Read one as ChatGPT's connectors do it.
    Fetch = fetch, READ;
}

impl Tool {
    /// Whether this caller's credential is meant for it at all; otherwise it is not even listed.
    #[must_use]
    pub fn is_open_to(self, caller: &AuthContext) -> bool {
        self.verb().is_none_or(|verb| caller.authorize_verb(verb).is_ok())
    }

    /// By name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tool| tool.name() == name)
    }
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
