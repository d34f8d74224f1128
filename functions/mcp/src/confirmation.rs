//! Asking the person before something is destroyed or shown to more people, in two rounds of one request (2026-07-28, multi round-trip
//! requests): the first is answered with a question, the second brings the person's answer and the state given out with
//! the question.
//!
//! Nothing is remembered in between. The state is sealed with a key of the installation's and says who asked for what, and
//! until when; it fits no other caller, tool or arguments, and is good for one answer: whoever brings it again is asked
//! again. Clients that cannot put a question to anybody are not asked: the tool's annotations are what their hosts decide by.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::identity::oauth::spent;

use crate::fault::Fault;
use crate::tools::{Call, Halt};

/// How long a question may wait for its answer.
const VALID_FOR: TimeDelta = TimeDelta::minutes(10);
/// What the sealed state is for; a seal made for anything else does not open.
const PURPOSE: &str = "mcp.confirmation";
/// The name of the one question.
const QUESTION: &str = "confirm";

/// What the state says.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct State {
    enterprise: String,
    user: String,
    tool: String,
    /// Of the arguments; see [`digest`].
    arguments: String,
    /// The request in which the question was put, so that no two states are the same.
    request: String,
    /// When the question was put: what was not there then, was not agreed about.
    asked: DateTime<Utc>,
}

/// What a person is asked.
pub(crate) struct Question {
    /// In words for people, with what it is about.
    pub(crate) text: String,
    /// What agreeing is called: `Yes, delete`.
    pub(crate) agree: &'static str,
}

/// Goes on once the person has agreed; when they were asked, or would have been if there were anything to ask: what came later
/// was not there then. None if they cannot be asked. `question` says what they are asked, if that is needed.
///
/// A client that cannot ask goes on at once, but only if it brings neither a state nor an answer: what somebody said counts,
/// whatever the client says that it can do.
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
    let expected = |asked, request| State {
        enterprise: call.exchange.caller.enterprise_id().to_string(),
        user: call.exchange.caller.user_id().to_string(),
        tool: call.tool.name().to_owned(),
        arguments: digest(&Value::Object(call.arguments.clone())),
        request,
        asked,
    };
    if let Some(sealed) = sealed {
        let opened = call.exchange.state.keys.open(PURPOSE, sealed, now).await?;
        let state: Option<State> = opened.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let state = state.ok_or_else(|| Fault::params("requestState is not valid"))?;
        if state != expected(state.asked, state.request.clone()) {
            return Err(Fault::params("requestState belongs to another request").into());
        }
        if state.asked + VALID_FOR > now
            && let Some(answer) = answer
            && spend(call, sealed).await?
        {
            return if answer { Ok(Some(state.asked)) } else { Err(Halt::Declined) };
        }
    }
    // Not asked yet, not answered, too late, or answered before: asked (again).
    if !can_ask {
        return Err(Fault::capability(json!({ "elicitation": { "form": {} } })).into());
    }
    let Some(question) = question().await? else { return Ok(Some(now)) };
    let state = expected(now, call.exchange.caller.request().id.to_string());
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

/// Uses a state up; false if it was used before. Before anything is deleted: what goes wrong then is asked about again,
/// which is better than done twice.
async fn spend(call: &Call<'_>, sealed: &str) -> Result<bool, shared::Error> {
    let caller = call.exchange.caller;
    let now = caller.request().at;
    let tx = caller.begin(&call.exchange.state.gate.db, "confirmation.spend").await?;
    let unused = spent::spend(&tx, caller.enterprise_id(), PURPOSE, sealed, now + VALID_FOR, now).await?;
    tx.commit().await?;
    Ok(unused)
}

/// The state that the client gives back, if this is a second round.
fn returned<'a>(call: &'a Call<'_>) -> Result<Option<&'a str>, Fault> {
    match call.params.get("requestState") {
        None => Ok(None),
        Some(Value::String(state)) => Ok(Some(state)),
        Some(_) => Err(Fault::params("requestState must be a string")),
    }
}

/// What the person said; none if the client brings no answer to our question.
fn answer(call: &Call<'_>) -> Result<Option<bool>, Fault> {
    let responses = match call.params.get("inputResponses") {
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

/// The same for the same arguments, in whatever order they come: objects are kept sorted by name.
fn digest(arguments: &Value) -> String {
    let hash = Sha256::digest(arguments.to_string());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
