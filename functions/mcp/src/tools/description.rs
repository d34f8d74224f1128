//! How a tool is described to clients and models.

use serde::Serialize;
use serde_json::Value;

/// A tool as `tools/list` answers it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    name: &'static str,
    title: &'static str,
    /// For the model: what it does, and when to use it.
    description: &'static str,
    input_schema: Value,
    output_schema: Value,
    annotations: Annotations,
}

/// Hints by which a host decides what to ask its person.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotations {
    title: &'static str,
    read_only_hint: bool,
    destructive_hint: bool,
    idempotent_hint: bool,
    open_world_hint: bool,
}

/// The effect of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Changes nothing.
    Reads,
    /// Adds something with every call.
    Adds,
    /// Changes or removes what exists; repeating the call has no further effect.
    Replaces,
}

impl Description {
    /// `input` and `output` are JSON Schemas (2020-12) of objects.
    pub(super) fn new(
        name: (&'static str, &'static str),
        description: &'static str,
        input: Value,
        output: Value,
        effect: Effect,
    ) -> Self {
        let (name, title) = name;
        Self {
            name,
            title,
            description,
            input_schema: input,
            output_schema: output,
            annotations: Annotations {
                title,
                read_only_hint: effect == Effect::Reads,
                destructive_hint: effect == Effect::Replaces,
                idempotent_hint: effect != Effect::Adds,
                // Memories are all there is: no tool reaches beyond this installation.
                open_world_hint: false,
            },
        }
    }

    /// Returns whether the tool changes nothing, so that its answer may be withheld.
    pub(super) fn only_reads(&self) -> bool {
        self.annotations.read_only_hint
    }
}
