//! Asks the person before something is destroyed or shown to more people. This takes two rounds of one request
//! (2026-07-28, multi round-trip requests): the first is answered with a question, the second brings the person's
//! answer and the state that was issued with the question.
//!
//! The server stores nothing between the rounds. The state is sealed with a key of the installation and says
//! who asked for what, and until when. It is valid only for the same caller, tool and arguments, for what the
//! question showed, and for one answer: a caller that brings it again is asked again. Clients that cannot ask a
//! person are not asked: their hosts decide by the tool's annotations.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::identity::oauth::spent;
use shared::memory::Memory;

use crate::fault::Fault;
use crate::message::given;
use crate::tools::{Call, Halt};

/// How long a question stays valid.
const VALID_FOR: TimeDelta = TimeDelta::minutes(10);
/// What the state is sealed for; a seal made for anything else does not open.
const PURPOSE: &str = "mcp.confirmation";
/// The name of the one question.
const QUESTION: &str = "confirm";

/// The content of the state.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct State {
    enterprise: String,
    user: String,
    tool: String,
    /// A digest of the arguments; see [`digest`].
    arguments: String,
    /// The request that asked the question, which makes every state unique.
    request: String,
    /// When the question was asked: the person did not agree to anything that appeared later.
    asked: DateTime<Utc>,
    /// A digest of [`Question::shown`].
    shown: String,
}

/// The question that a person is asked.
pub(crate) struct Question {
    /// The question in plain words, naming what it is about.
    pub(crate) text: String,
    /// The label for agreeing: `Yes, delete`.
    pub(crate) agree: &'static str,
    /// What the person agrees to besides the arguments. If it has changed when they answer, they are asked again.
    shown: Value,
}

impl Question {
    /// A question about everything that exists when it is asked, which [`confirm`] returns.
    pub(crate) fn until_now(text: String, agree: &'static str) -> Self {
        Self { text, agree, shown: Value::Null }
    }

    /// A question about one memory as it is. The text of a question shortens a long memory, so all of it counts; a
    /// caller who may not read the memory is shown its id only.
    pub(crate) fn about(text: String, agree: &'static str, memory: Option<&Memory>) -> Self {
        let memory = memory.map(|it| json!([it.content, it.home.0, it.classification, it.updated_at]));
        let shown = json!([text, memory]);
        Self { text, agree, shown }
    }
}

/// Continues once the person has agreed. Returns when they were asked, or now if there is nothing to ask
/// about: whatever appears later was not agreed to. Returns `None` if they cannot be asked. `question` builds
/// the question, also when it is answered, to see whether it is still the same.
///
/// A client that cannot ask continues at once, but only if it brings neither a state nor an answer: an answer counts,
/// whatever capabilities the client declares.
pub(crate) async fn confirm(
    call: &Call<'_>,
    question: impl AsyncFnOnce() -> Result<Option<Question>, Halt>,
) -> Result<Option<DateTime<Utc>>, Halt> {
    let (sealed, answer) = (returned(call)?, answer(call)?);
    let can_ask = call.exchange.terms.can_ask();
    if sealed.is_none() && answer.is_none() && !can_ask {
        return Ok(None);
    }
    let now = call.exchange.caller.request().at;
    let expected = |asked, request, shown| State {
        enterprise: call.exchange.caller.enterprise_id().to_string(),
        user: call.exchange.caller.user_id().to_string(),
        tool: call.tool.name().to_owned(),
        arguments: digest(&Value::Object(call.arguments.clone())),
        request,
        asked,
        shown,
    };
    let mut agreed = None;
    if let Some(sealed) = sealed {
        let opened = call.exchange.state.keys.open(PURPOSE, sealed, now).await?;
        let state: Option<State> = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let state = state.ok_or_else(|| Fault::params("requestState is not valid"))?;
        if state != expected(state.asked, state.request.clone(), state.shown.clone()) {
            return Err(Fault::params("requestState belongs to another request").into());
        }
        if state.asked + VALID_FOR > now
            && let Some(answer) = answer
            && spend(call, sealed).await?
        {
            if !answer {
                return Err(Halt::Declined);
            }
            agreed = Some(state);
        }
    }
    let cannot_ask = || Err(Fault::capability(json!({ "elicitation": { "form": {} } })).into());
    if agreed.is_none() && !can_ask {
        return cannot_ask();
    }
    let asked = agreed.as_ref().map_or(now, |state| state.asked);
    let Some(question) = question().await? else { return Ok(Some(asked)) };
    let shown = digest(&question.shown);
    if agreed.is_some_and(|state| state.shown == shown) {
        return Ok(Some(asked));
    }
    // Not asked yet, not answered, too late, already answered, or answered about something else: ask (again).
    if !can_ask {
        return cannot_ask();
    }
    let state = expected(now, call.exchange.caller.request().id.to_string(), shown);
    let state = serde_json::to_vec(&state).map_err(shared::Error::internal)?;
    let sealed = call.exchange.state.keys.seal(PURPOSE, &state, now).await?;
    Err(Halt::InputRequired(json!({
        "resultType": "input_required",
        "inputRequests": { QUESTION: {
            "method": "elicitation/create",
            "params": {
                "mode": "form",
                "message": question.text,
                "requestedSchema": {
                    "type": "object",
                    "properties": { QUESTION: { "type": "boolean", "title": question.agree, "default": false } },
                    "required": [QUESTION],
                },
            },
        } },
        "requestState": sealed,
    })))
}

/// Marks a state as used; returns false if it was used before. This happens before anything is deleted: if the
/// deletion then fails, the person is asked again, which is better than deleting twice.
async fn spend(call: &Call<'_>, sealed: &str) -> Result<bool, shared::Error> {
    let caller = call.exchange.caller;
    let now = caller.request().at;
    let tx = caller.begin(&call.exchange.state.gate.db, "confirmation.spend").await?;
    let unused = spent::spend(&tx, caller.enterprise_id(), PURPOSE, sealed, now + VALID_FOR, now).await?;
    tx.commit().await?;
    Ok(unused)
}

/// Returns the state that the client sends back, if this is a second round.
fn returned<'a>(call: &'a Call<'_>) -> Result<Option<&'a str>, Fault> {
    match given(call.params, "requestState") {
        None => Ok(None),
        Some(Value::String(state)) => Ok(Some(state)),
        Some(_) => Err(Fault::params("requestState must be a string")),
    }
}

/// Returns what the person said, or `None` if the client brings no answer to our question.
fn answer(call: &Call<'_>) -> Result<Option<bool>, Fault> {
    let responses = match given(call.params, "inputResponses") {
        None => return Ok(None),
        Some(Value::Object(responses)) => responses,
        Some(_) => return Err(Fault::params("inputResponses must be an object")),
    };
    let Some(response) = responses.get(QUESTION) else { return Ok(None) };
    match response.get("action").and_then(Value::as_str) {
        Some("accept") => Ok(Some(response["content"][QUESTION] == true)),
        Some("decline" | "cancel") => Ok(Some(false)),
        _ => {
            Err(Fault::params(format!("inputResponses.{QUESTION}.action must be accept, decline or cancel")))
        }
    }
}

/// Returns a digest that does not depend on the order of arguments: objects are kept sorted by name.
fn digest(value: &Value) -> String {
    let hash = Sha256::digest(value.to_string());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
