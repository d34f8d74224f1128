//! The prompts that a person can choose in their client's menu. One file each.

mod capture_after_answer;
mod recall_before_answer;
mod summarize_team_knowledge;

use serde::Serialize;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, AuthContext};

use crate::cursor;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::{Object, given};

/// A prompt. Clients see them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Asks a question, with what is remembered about it.
    RecallBeforeAnswer,
    /// Stores what a conversation settled.
    CaptureAfterAnswer,
    /// Summarizes what a team knows.
    SummarizeTeamKnowledge,
}

/// Every prompt.
#[must_use]
pub fn all() -> [Prompt; 3] {
    [Prompt::RecallBeforeAnswer, Prompt::CaptureAfterAnswer, Prompt::SummarizeTeamKnowledge]
}

/// A prompt as `prompts/list` answers it.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone, Serialize)]
struct Argument {
    name: &'static str,
    description: &'static str,
    required: bool,
}

impl Prompt {
    /// The name by which clients ask for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RecallBeforeAnswer => "recall-before-answer",
            Self::CaptureAfterAnswer => "capture-after-answer",
            Self::SummarizeTeamKnowledge => "summarize-team-knowledge",
        }
    }

    fn verb(self) -> ApiKeyVerb {
        match self {
            Self::RecallBeforeAnswer | Self::SummarizeTeamKnowledge => ApiKeyVerb::MemoriesRead,
            Self::CaptureAfterAnswer => ApiKeyVerb::MemoriesWrite,
        }
    }

    /// Returns whether this caller's credential may use it; if not, it is not even listed.
    #[must_use]
    pub fn is_open_to(self, caller: &AuthContext) -> bool {
        caller.authorize_verb(self.verb()).is_ok()
    }

    /// Describes it for clients.
    #[must_use]
    pub fn describe(self) -> Description {
        let (title, description, arguments) = match self {
            Self::RecallBeforeAnswer => recall_before_answer::describe(),
            Self::CaptureAfterAnswer => capture_after_answer::describe(),
            Self::SummarizeTeamKnowledge => summarize_team_knowledge::describe(),
        };
        let arguments = arguments
            .iter()
            .map(|(name, description, required)| Argument { name, description, required: *required })
            .collect();
        Description { name: self.name(), title, description, arguments }
    }

    /// The names of its arguments.
    pub(crate) fn arguments(self) -> Vec<&'static str> {
        self.describe().arguments.iter().map(|known| known.name).collect()
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        all().into_iter().find(|prompt| prompt.name() == name)
    }
}

/// Title, description, and arguments: name, description, whether it is required.
type About = (&'static str, &'static str, &'static [(&'static str, &'static str, bool)]);

/// `prompts/list`
pub(crate) fn list(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let open = all().into_iter().filter(|prompt| prompt.is_open_to(exchange.caller));
    let prompts = open.map(|prompt| json!(prompt.describe())).collect::<Vec<_>>();
    #[cfg(feature = "diagnostics")]
    let prompts = [prompts, crate::diagnostics::prompts()].concat();
    let name = |prompt: &Value| prompt["name"].as_str().unwrap_or_default().to_owned();
    let (prompts, next) = cursor::part(prompts, "prompts", cursor::of(params)?, cursor::PART, name)?;
    let mut result = json!({ "prompts": prompts });
    if let Some(next) = next {
        result["nextCursor"] = json!(next);
    }
    Ok(result)
}

/// `prompts/get`
pub(crate) async fn get(exchange: &Exchange<'_>, params: &Object) -> Result<Value, Fault> {
    let Some(Value::String(name)) = params.get("name") else {
        return Err(Fault::params("name must be a string"));
    };
    #[cfg(feature = "diagnostics")]
    if let Some(result) = crate::diagnostics::prompt(name, params) {
        return result;
    }
    let prompt = Prompt::find(name).ok_or_else(|| Fault::params(format!("unknown prompt {name:?}")))?;
    let arguments = Arguments::read(prompt, params)?;
    exchange.caller.authorize_verb(prompt.verb())?;
    let content = match prompt {
        Prompt::RecallBeforeAnswer => recall_before_answer::content(exchange, &arguments).await?,
        Prompt::CaptureAfterAnswer => capture_after_answer::content(exchange.caller, &arguments)?,
        Prompt::SummarizeTeamKnowledge => summarize_team_knowledge::content(exchange, &arguments).await?,
    };
    let messages: Vec<_> =
        content.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
    Ok(json!({ "description": prompt.describe().description, "messages": messages }))
}

/// The arguments of a prompt: only known ones, all strings, none missing.
struct Arguments<'a>(Option<&'a Object>);

impl<'a> Arguments<'a> {
    fn read(prompt: Prompt, params: &'a Object) -> Result<Self, Fault> {
        let arguments = match given(params, "arguments") {
            None => None,
            Some(Value::Object(arguments)) => Some(arguments),
            Some(_) => return Err(Fault::params("arguments must be an object")),
        };
        for (name, value) in arguments.into_iter().flatten() {
            if !prompt.arguments().contains(&name.as_str()) {
                return Err(Fault::params(format!("unknown argument {name:?}")));
            }
            if value.as_str().is_none_or(|text| text.contains('\0')) {
                return Err(Fault::params(format!("{name}: must be a string without NUL characters")));
            }
        }
        let given = Self(arguments);
        match prompt
            .describe()
            .arguments
            .iter()
            .find(|known| known.required && given.get(known.name).is_none())
        {
            Some(missing) => Err(Fault::params(format!("{}: must be given", missing.name))),
            None => Ok(given),
        }
    }

    /// Returns the value of an argument. Empty counts as absent, because forms send empty fields.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0?.get(name)?.as_str().filter(|text| !text.trim().is_empty())
    }
}

/// Text of our own.
fn text(text: String) -> Value {
    json!({ "type": "text", "text": text })
}

/// A row as it is attached: inside a string, where its escapes are escaped again.
struct Attached<'a>(&'a Value);

impl serde::Serialize for Attached<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

/// Text that people wrote, kept apart from ours: a resource.
fn data(uri: &str, value: &Value) -> Value {
    json!({
        "type": "resource",
        "resource": { "uri": uri, "mimeType": "application/json", "text": value.to_string() },
    })
}
