//! `tools/call`: finds the tool and turns its outcome into a result.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::access::AuthContext;
use shared::db::Database;
use shared::http::has_room;
use shared::ids::MemoryId;
use shared::memory::filter::Filter;
use shared::memory::{Memories, Memory};
use shared::{Error, Result};

use super::{Tool, arguments};
use crate::exchange::Exchange;
use crate::fault::{Fault, explain};
use crate::json::{self, object};
use crate::message::{Object, given};

/// One call of a tool.
pub(crate) struct Call<'a> {
    pub(crate) exchange: &'a Exchange<'a>,
    pub(crate) tool: Tool,
    pub(crate) arguments: &'a Object,
    /// All parameters, including what a second round brings.
    pub(crate) params: &'a Object,
}

/// Why a tool has no result of its own.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Reported to the model, which may correct itself.
    Error(Error),
    /// Reported to the client: the request itself is wrong.
    Fault(Fault),
    /// The person must be asked first.
    InputRequired(Value),
    /// The person declined.
    Declined,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<'a> Call<'a> {
    /// Deserializes the arguments into the tool's own type.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        arguments::parse(self.arguments)
    }

    /// Does the same for a tool that mem0's clients send `enable_graph`.
    pub(super) fn parse_mem0<T: DeserializeOwned>(&self) -> Result<T> {
        arguments::parse_mem0(self.arguments)
    }

    /// Returns the argument `filters`.
    pub(super) fn filter(&self) -> Result<Filter> {
        Ok(self.exchange.filters.clone().transpose()?.unwrap_or_else(Filter::everything))
    }

    pub(super) fn memories(&self) -> &'a Memories {
        &self.exchange.state.memories
    }

    /// Reads the memory that a question is about, or returns `None` if the caller may change it but not read it.
    pub(super) async fn readable(&self, id: MemoryId) -> Result<Option<Memory>> {
        match self.memories().read(self.caller(), id).await {
            Ok(memory) => Ok(Some(memory)),
            Err(Error::Forbidden(_) | Error::InsufficientScope { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn database(&self) -> &'a Database {
        &self.memories().gate().db
    }

    pub(super) fn caller(&self) -> &'a AuthContext {
        self.exchange.caller
    }
}

/// Returns whether a text is worth measuring: a shorter one fits, however many of its characters are escaped.
fn is_long(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.len() > 500_000)
}

pub(crate) async fn call(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let Some(Value::String(name)) = params.get("name") else {
        return Err(Fault::params("name must be a string"));
    };
    let none = Object::new();
    let arguments = match given(params, "arguments") {
        None => &none,
        Some(Value::Object(arguments)) => arguments,
        Some(_) => return Err(Fault::params("arguments must be an object")),
    };
    #[cfg(feature = "diagnostics")]
    if let Some(result) = crate::diagnostics::call(exchange, name, params).await {
        return result;
    }
    let tool = Tool::find(name).ok_or_else(|| Fault::params(format!("unknown tool {name:?}")))?;
    let failed = |text: String| json!({ "content": [{ "type": "text", "text": text }], "isError": true });
    match tool.run(&Call { exchange, tool, arguments, params }).await {
        Ok(answer) => {
            // For clients that do not read structured content yet.
            let text = Value::String(json::text(&answer));
            if is_long(&text) && tool.describe().only_reads() && !has_room(&[&text, &answer]) {
                return Ok(failed("the answer would have more than 5 MB: ask for fewer at once".to_owned()));
            }
            let text = object([("type", "text".into()), ("text", text)]);
            Ok(object([
                ("content", vec![text].into()),
                ("structuredContent", answer),
                ("isError", false.into()),
            ]))
        }
        // For the client, not for the model: it can ask its person for more scopes.
        Err(Halt::Error(error @ Error::InsufficientScope { .. })) => Err(error.into()),
        Err(Halt::Error(error)) => {
            error.log();
            Ok(failed(explain(&error)))
        }
        Err(Halt::Declined) => Ok(failed("the person declined, nothing was changed".to_owned())),
        Err(Halt::InputRequired(question)) => Ok(question),
        Err(Halt::Fault(fault)) => Err(fault),
    }
}
