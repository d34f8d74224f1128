//! Requests of several rounds: every kind of question, sealed state, and missing or wrong answers.

use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;

pub(super) const TOOLS: &[&str] = &[
    "test_streaming_elicitation",
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
];

const PURPOSE: &str = "mcp.diagnostics";

fn form(question: &str, field: &str, kind: &str) -> Value {
    json!({ "method": "elicitation/create", "params": {
        "message": question,
        "requestedSchema": {
            "type": "object", "properties": { field: { "type": kind } }, "required": [field],
        },
    } })
}

fn sampling(question: &str, most: u32) -> Value {
    json!({ "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": question } }],
        "maxTokens": most,
    } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

/// Returns the answer of the first round: the questions.
fn ask(questions: Value, state: Option<String>) -> Value {
    let mut result = json!({ "resultType": "input_required", "inputRequests": questions });
    if let Some(state) = state {
        result["requestState"] = json!(state);
    }
    result
}

fn done(text: String) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": false })
}

/// Returns the answer to a question, if the client brings one; it must be an object.
fn answer<'a>(params: &'a Object, question: &str) -> Result<Option<&'a Value>, Fault> {
    match params.get("inputResponses") {
        None => Ok(None),
        Some(Value::Object(responses)) => match responses.get(question) {
            None => Ok(None),
            Some(answer @ Value::Object(_)) => Ok(Some(answer)),
            Some(_) => Err(Fault::params(format!("inputResponses.{question} must be an object"))),
        },
        Some(_) => Err(Fault::params("inputResponses must be an object")),
    }
}

pub(super) async fn call(exchange: &Exchange<'_>, name: &str, params: &Object) -> Result<Value, Fault> {
    let state = state(exchange, params).await?;
    let name_form = form("What is your name?", "name", "string");
    match name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            Ok(match answer(params, "user_name")? {
                Some(answer) => done(format!("Hello, {}!", answer["content"]["name"])),
                None => ask(json!({ "user_name": name_form }), None),
            })
        }
        "test_input_required_result_sampling" => Ok(match answer(params, "capital_question")? {
            Some(answer) => done(answer["content"]["text"].to_string()),
            None => ask(json!({ "capital_question": sampling("What is the capital of France?", 100) }), None),
        }),
        "test_input_required_result_list_roots" => Ok(match answer(params, "client_roots")? {
            Some(answer) => done(format!("Roots: {}", answer["roots"])),
            None => ask(json!({ "client_roots": roots() }), None),
        }),
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            match (answer(params, "confirm")?, state) {
                (Some(_), Some(_)) => Ok(done("state-ok".to_owned())),
                _ => {
                    let state = seal(exchange, "asked").await?;
                    Ok(ask(json!({ "confirm": form("Please confirm", "ok", "boolean") }), Some(state)))
                }
            }
        }
        "test_input_required_result_multiple_inputs" => {
            let answers = ["user_name", "greeting", "client_roots"].map(|name| answer(params, name));
            if state.is_some() && answers.iter().all(|answer| matches!(answer, Ok(Some(_)))) {
                return Ok(done("All three were answered.".to_owned()));
            }
            let questions = json!({
                "user_name": name_form, "greeting": sampling("Generate a greeting", 50), "client_roots": roots(),
            });
            Ok(ask(questions, Some(seal(exchange, "asked").await?)))
        }
        "test_input_required_result_multi_round" => match (state.as_deref(), answer(params, "step2")?) {
            (Some("second"), Some(_)) => Ok(done("Both steps were answered.".to_owned())),
            (Some("first"), _) if answer(params, "step1")?.is_some() => {
                let second = form("Step 2: What is your favorite color?", "color", "string");
                Ok(ask(json!({ "step2": second }), Some(seal(exchange, "second").await?)))
            }
            _ => {
                let first = form("Step 1: What is your name?", "name", "string");
                Ok(ask(json!({ "step1": first }), Some(seal(exchange, "first").await?)))
            }
        },
        // Ask only what the client can answer.
        _ => {
            let mut questions = Object::new();
            if exchange.terms.can_ask() {
                questions.insert("user_name".to_owned(), name_form);
            }
            if exchange.terms.capabilities.contains_key("sampling") {
                questions.insert("greeting".to_owned(), sampling("Generate a greeting", 50));
            }
            let answered = params.get("inputResponses").is_some();
            Ok(if answered || questions.is_empty() {
                done("Nothing to ask.".to_owned())
            } else {
                ask(Value::Object(questions), None)
            })
        }
    }
}

pub(super) fn prompt(params: &Object) -> Result<Value, Fault> {
    Ok(match answer(params, "user_context")? {
        Some(answer) => {
            let text = format!("Context: {}", answer["content"]["context"]);
            json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }] })
        }
        None => {
            let question = form("What context should the prompt use?", "context", "string");
            ask(json!({ "user_context": question }), None)
        }
    })
}

async fn seal(exchange: &Exchange<'_>, state: &str) -> Result<String, Fault> {
    let at = exchange.caller.request().at;
    Ok(exchange.state.keys.seal(PURPOSE, state.as_bytes(), at).await?)
}

async fn state(exchange: &Exchange<'_>, params: &Object) -> Result<Option<String>, Fault> {
    let Some(sealed) = params.get("requestState") else { return Ok(None) };
    let at = exchange.caller.request().at;
    let opened = exchange.state.keys.open(PURPOSE, sealed.as_str().unwrap_or_default(), at).await?;
    let state = opened.and_then(|bytes| String::from_utf8(bytes).ok());
    state.map(Some).ok_or_else(|| Fault::params("requestState is not valid"))
}
