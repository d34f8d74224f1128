//! Every kind of content, progress, log messages and errors.

use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::message::Object;

pub(super) const TOOLS: &[&str] = &[
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_logging_tool",
    "test_tool_with_progress",
    "test_error_handling",
    "test_missing_capability",
];

/// One red pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn image() -> Value {
    json!({ "type": "image", "data": PNG, "mimeType": "image/png" })
}

fn resource(uri: &str, kind: &str, text: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": text } })
}

pub(super) fn call(exchange: &Exchange<'_>, name: &str) -> Option<Result<Value, Fault>> {
    let notices = &exchange.notices;
    let content = match name {
        "test_simple_text" => vec![text("This is a simple text response for testing.")],
        "test_image_content" => vec![image()],
        "test_audio_content" => vec![json!({ "type": "audio", "data": WAV, "mimeType": "audio/wav" })],
        "test_embedded_resource" => {
            let said = "This is an embedded resource content.";
            vec![resource("test://embedded-resource", "text/plain", said)]
        }
        "test_multiple_content_types" => vec![
            text("Multiple content types test:"),
            image(),
            resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ],
        "test_tool_with_logging" | "test_logging_tool" => {
            for message in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
                notices.log("info", message);
            }
            vec![text("Logged three messages.")]
        }
        "test_tool_with_progress" => {
            for done in [0, 50, 100] {
                notices.progress(done, 100, "working");
            }
            vec![text("Reported progress three times.")]
        }
        "test_error_handling" => {
            let said = text("This tool intentionally returns an error for testing");
            return Some(Ok(json!({ "content": [said], "isError": true })));
        }
        "test_missing_capability" => {
            if !exchange.terms.capabilities.contains_key("sampling") {
                return Some(Err(Fault::capability(json!({ "sampling": {} }))));
            }
            vec![text("The client declares sampling.")]
        }
        "json_schema_2020_12_tool" => vec![text("The schema is what is tested.")],
        _ => return None,
    };
    Some(Ok(json!({ "content": content, "isError": false })))
}

/// A schema that uses features of 2020-12, to check that none of them is lost in transit.
pub(super) fn json_schema_tool() -> Value {
    json!({
        "name": "json_schema_2020_12_tool",
        "description": "Called by the conformance suite.",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
                },
            },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        },
    })
}

pub(crate) fn resources() -> Vec<Value> {
    [("test://static-text", "text/plain"), ("test://static-binary", "image/png"), ("test://watched-resource", "text/plain")]
        .map(|(uri, kind)| json!({ "uri": uri, "name": uri, "description": "Read by the conformance suite.", "mimeType": kind }))
        .into()
}

pub(crate) fn templates() -> Vec<Value> {
    vec![json!({
        "uriTemplate": "test://template/{id}/data", "name": "test_template",
        "description": "Read by the conformance suite.", "mimeType": "application/json",
    })]
}

pub(crate) fn read(uri: &str) -> Option<Value> {
    if let Some(id) = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data")) {
        let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
        return Some(json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() }));
    }
    match uri {
        "test://static-text" => Some(json!({
            "uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource.",
        })),
        "test://static-binary" => Some(json!({ "uri": uri, "mimeType": "image/png", "blob": PNG })),
        "test://watched-resource" => {
            Some(json!({ "uri": uri, "mimeType": "text/plain", "text": "Watched." }))
        }
        _ => None,
    }
}

pub(crate) fn prompts() -> Vec<Value> {
    let argument =
        |name: &str| json!({ "name": name, "description": "Given by the suite.", "required": true });
    let prompts = [
        ("test_simple_prompt", vec![]),
        ("test_prompt_with_arguments", vec![argument("arg1"), argument("arg2")]),
        ("test_prompt_with_embedded_resource", vec![argument("resourceUri")]),
        ("test_prompt_with_image", vec![]),
        ("test_input_required_result_prompt", vec![]),
    ];
    let describe = |(name, arguments): (&str, Vec<Value>)| json!({ "name": name, "description": "Asked for by the conformance suite.", "arguments": arguments });
    prompts.map(describe).into()
}

pub(super) fn prompt(name: &str, params: &Object) -> Option<Result<Value, Fault>> {
    let argument = |name: &str| {
        params.get("arguments").and_then(|arguments| arguments[name].as_str()).unwrap_or_default()
    };
    let content = match name {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1"), argument("arg2"));
            vec![text(&format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))]
        }
        "test_prompt_with_embedded_resource" => vec![
            resource(argument("resourceUri"), "text/plain", "Embedded resource content for testing."),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![image(), text("Please analyze the image above.")],
        _ => return None,
    };
    let messages: Vec<_> =
        content.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
    Some(Ok(json!({ "messages": messages })))
}
