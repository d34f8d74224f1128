//! The tools: mem0's names and parameters, one file each.

mod add_memory;
mod arguments;
mod delete_memory;
mod get_memories;
mod get_memory;
mod search_memories;
mod update_memory;
mod view;

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool as Description, ToolAnnotations};
use serde_json::Value;
use shared::Result;
use shared::access::{ApiKeyVerb, AuthContext};
use shared::memory::Memories;

/// A tool. The order is the order in which clients see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Recall by meaning and words.
    SearchMemories,
    /// Remember.
    AddMemory,
    /// List, newest first.
    GetMemories,
    /// Read one.
    GetMemory,
    /// Change one.
    UpdateMemory,
    /// Forget one.
    DeleteMemory,
}

/// Every tool.
#[must_use]
pub fn all() -> [Tool; 6] {
    use Tool::{AddMemory, DeleteMemory, GetMemories, GetMemory, SearchMemories, UpdateMemory};
    [SearchMemories, AddMemory, GetMemories, GetMemory, UpdateMemory, DeleteMemory]
}

impl Tool {
    /// The name by which it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SearchMemories => "search_memories",
            Self::AddMemory => "add_memory",
            Self::GetMemories => "get_memories",
            Self::GetMemory => "get_memory",
            Self::UpdateMemory => "update_memory",
            Self::DeleteMemory => "delete_memory",
        }
    }

    fn verb(self) -> ApiKeyVerb {
        match self {
            Self::SearchMemories | Self::GetMemories | Self::GetMemory => ApiKeyVerb::MemoriesRead,
            Self::AddMemory | Self::UpdateMemory | Self::DeleteMemory => ApiKeyVerb::MemoriesWrite,
        }
    }

    /// Whether this caller's credential is meant for it at all; otherwise it is not even listed.
    #[must_use]
    pub fn is_open_to(self, caller: &AuthContext) -> bool {
        caller.authorize_verb(self.verb()).is_ok()
    }

    /// As clients and models see it.
    #[must_use]
    pub fn describe(self) -> Description {
        match self {
            Self::SearchMemories => search_memories::describe(),
            Self::AddMemory => add_memory::describe(),
            Self::GetMemories => get_memories::describe(),
            Self::GetMemory => get_memory::describe(),
            Self::UpdateMemory => update_memory::describe(),
            Self::DeleteMemory => delete_memory::describe(),
        }
    }

    /// Calls it.
    pub async fn call(
        self,
        memories: &Memories,
        caller: &AuthContext,
        arguments: JsonObject,
    ) -> Result<Value> {
        match self {
            Self::SearchMemories => search_memories::call(memories, caller, arguments).await,
            Self::AddMemory => add_memory::call(memories, caller, arguments).await,
            Self::GetMemories => get_memories::call(memories, caller, arguments).await,
            Self::GetMemory => get_memory::call(memories, caller, arguments).await,
            Self::UpdateMemory => update_memory::call(memories, caller, arguments).await,
            Self::DeleteMemory => delete_memory::call(memories, caller, arguments).await,
        }
    }
}

/// What a tool does to the world, as hints for clients.
struct Effect {
    read_only: bool,
    destructive: bool,
    idempotent: bool,
}

fn description(
    tool: Tool,
    title: &str,
    text: &'static str,
    input: Value,
    output: Value,
    effect: &Effect,
) -> Description {
    let annotations = ToolAnnotations::with_title(title)
        .read_only(effect.read_only)
        .destructive(effect.destructive)
        .idempotent(effect.idempotent)
        .open_world(false);
    Description::new(tool.name(), text, object(input))
        .with_title(title)
        .with_raw_output_schema(object(output))
        .annotate(annotations)
}

fn object(schema: Value) -> Arc<JsonObject> {
    match schema {
        Value::Object(schema) => Arc::new(schema),
        _ => Arc::default(),
    }
}
