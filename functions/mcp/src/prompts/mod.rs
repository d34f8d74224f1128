//! The prompts: what a person can start with from their client's menu. One file each.

mod capture_after_answer;
mod recall_before_answer;
mod summarize_team_knowledge;

use serde::Serialize;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, AuthContext};

use crate::cursor;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;

/// A prompt. The order is the order in which clients see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// A question, with what is remembered about it.
    RecallBeforeAnswer,
    /// Keeping what a conversation settled.
    CaptureAfterAnswer,
    /// What a team knows.
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
    /// The name by which it is asked for.
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

    /// Whether this caller's credential is meant for it at all; otherwise it is not even listed.
    #[must_use]
    pub fn is_open_to(self, caller: &AuthContext) -> bool {
        caller.authorize_verb(self.verb()).is_ok()
    }

    /// As clients see it.
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

    /// Whether it has an argument of this name.
    pub(crate) fn takes(self, argument: &str) -> bool {
        self.describe().arguments.iter().any(|known| known.name == argument)
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        all().into_iter().find(|prompt| prompt.name() == name)
    }
}

/// Title, description, and the arguments: name, description, whether it must be given.
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
        Prompt::CaptureAfterAnswer => capture_after_answer::content(&arguments)?,
        Prompt::SummarizeTeamKnowledge => summarize_team_knowledge::content(exchange, &arguments).await?,
    };
    let messages: Vec<_> =
        content.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
    Ok(json!({ "description": prompt.describe().description, "messages": messages }))
}

/// The arguments of a prompt: strings, known and complete.
struct Arguments<'a>(Option<&'a Object>);

impl<'a> Arguments<'a> {
    fn read(prompt: Prompt, params: &'a Object) -> Result<Self, Fault> {
        let arguments = match params.get("arguments") {
            None => None,
            Some(Value::Object(arguments)) => Some(arguments),
            Some(_) => return Err(Fault::params("arguments must be an object")),
        };
        for (name, value) in arguments.into_iter().flatten() {
            if !prompt.takes(name) {
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

    /// An argument's value; empty is as good as none, because forms send what was left empty.
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0?.get(name)?.as_str().filter(|text| !text.trim().is_empty())
    }
}

/// Text that is ours.
fn text(text: String) -> Value {
    json!({ "type": "text", "text": text })
}

/// A row as it is attached: a text, in which what is escaped once is escaped again.
struct Attached<'a>(&'a Value);

impl serde::Serialize for Attached<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

/// What people wrote, kept apart from what is ours: a resource, marked as data.
fn data(uri: &str, value: &Value) -> Value {
    json!({
        "type": "resource",
        "resource": { "uri": uri, "mimeType": "application/json", "text": value.to_string() },
    })
}
