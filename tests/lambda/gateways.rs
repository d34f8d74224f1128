//! Creates events as every kind of gateway does: HTTP APIs and function URLs (2.0), REST APIs (1.0).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_emulator::Function;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// How a gateway wraps a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gateway {
    Http { stage: &'static str },
    OwnDomain { stage: &'static str },
    FunctionUrl,
    Rest { stage: &'static str },
}

/// Whom every request comes from.
pub(super) const IP: &str = "203.0.113.7";

/// All of them, with stages that are in the path and such that are not.
pub(super) const ALL: [Gateway; 7] = [
    Gateway::Http { stage: "$default" },
    Gateway::Http { stage: "prod" },
    Gateway::Http { stage: "v1" },
    // Whose paths begin as the stage is called, and have no stage.
    Gateway::OwnDomain { stage: "v1" },
    Gateway::FunctionUrl,
    Gateway::Rest { stage: "prod" },
    Gateway::Rest { stage: "v1" },
];

/// A request, however it will be wrapped.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) query: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) cookies: Vec<String>,
    pub(super) body: Option<String>,
    pub(super) base64: bool,
}

/// An answer, whatever wrapped it.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: u64,
    pub(super) cookies: Vec<String>,
    pub(super) content_type: String,
    /// Whether the body was wrapped in base64, which it is not any more.
    pub(super) base64: bool,
    pub(super) body: String,
}

impl Gateway {
    /// Sends a request to a function.
    pub(super) async fn send(self, function: &Function, sent: &Sent) -> Received {
        let reply = function.invoke_raw(self.event(sent).to_string().into()).await.unwrap();
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        self.received(&reply)
    }

    fn event(self, sent: &Sent) -> Value {
        let body = sent
            .body
            .as_ref()
            .map(|body| if sent.base64 { BASE64_STANDARD.encode(body) } else { body.clone() });
        match self {
            Self::Http { stage } => two(sent, body, stage, "x.execute-api.eu-central-1.amazonaws.com"),
            Self::OwnDomain { stage } => two(sent, body, stage, "api.mem0.test"),
            Self::FunctionUrl => two(sent, body, "$default", "x.lambda-url.eu-central-1.on.aws"),
            Self::Rest { stage } => one(sent, body, stage),
        }
    }

    fn received(self, reply: &Value) -> Received {
        let texts = |list: &Value| -> Vec<String> {
            let list = list.as_array().map_or(&[][..], Vec::as_slice);
            list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let (cookies, content_type) = if let Self::Rest { .. } = self {
            let headers = &reply["multiValueHeaders"];
            (texts(&headers["set-cookie"]), texts(&headers["content-type"]).concat())
        } else {
            // Payload 2.0 has one value for each header, and cookies apart.
            assert_eq!(reply["headers"].get("set-cookie"), None, "{reply}");
            (
                texts(&reply["cookies"]),
                reply["headers"]["content-type"].as_str().unwrap_or_default().to_owned(),
            )
        };
        let (body, base64) = (reply["body"].as_str().unwrap_or_default(), reply["isBase64Encoded"] == true);
        let body = if base64 { BASE64_STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() };
        let status = reply["statusCode"].as_u64().unwrap_or_else(|| panic!("{self:?}: {reply}"));
        Received { status, cookies, content_type, base64, body: String::from_utf8(body).unwrap() }
    }
}

/// Payload 2.0. The stage is in the path of API Gateway's own addresses; all but function URLs decode it.
fn two(sent: &Sent, body: Option<String>, stage: &str, domain: &str) -> Value {
    let bare = stage == "$default" || !domain.contains(".execute-api.");
    let path = if bare { sent.path.to_owned() } else { format!("/{stage}{}", sent.path) };
    let path = if domain.contains(".lambda-url.") {
        path
    } else {
        percent_decode_str(&path).decode_utf8().unwrap().into_owned()
    };
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": sent.query,
        "cookies": sent.cookies, "headers": headers(sent, domain), "body": body, "isBase64Encoded": sent.base64,
        "requestContext": {
            "accountId": "123456789012", "apiId": "x", "domainName": domain, "domainPrefix": "x",
            "http": {
                "method": sent.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": IP, "userAgent": "tests",
            },
            "requestId": "id", "routeKey": "$default", "stage": stage,
            "time": "02/Mar/2026:09:00:00 +0000", "timeEpoch": 1_772_442_000_000_u64,
        },
    })
}

/// Payload 1.0.
fn one(sent: &Sent, body: Option<String>, stage: &str) -> Value {
    let headers = headers(sent, "api.mem0.test");
    let mut multiple: Map<String, Value> =
        headers.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
    multiple.insert("x-many".to_owned(), json!(["1", "2"]));
    if !sent.cookies.is_empty() {
        multiple.insert("cookie".to_owned(), json!([sent.cookies.join("; ")]));
    }
    let mut pairs: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(sent.query.as_bytes()) {
        let values = pairs.entry(name.into_owned()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(json!(value));
    }
    let last: Map<String, Value> = pairs
        .iter()
        .map(|(name, values)| (name.clone(), values.as_array().unwrap().last().unwrap().clone()))
        .collect();
    json!({
        "resource": "/{proxy+}", "path": sent.path, "httpMethod": sent.method, "headers": headers,
        "multiValueHeaders": multiple, "queryStringParameters": last, "multiValueQueryStringParameters": pairs,
        "pathParameters": { "proxy": sent.path.trim_start_matches('/') }, "stageVariables": null, "body": body,
        "isBase64Encoded": sent.base64,
        "requestContext": {
            "accountId": "123456789012", "apiId": "x", "resourceId": "r", "resourcePath": "/{proxy+}",
            "httpMethod": sent.method, "path": format!("/{stage}{}", sent.path), "protocol": "HTTP/1.1",
            "stage": stage, "requestId": "id", "requestTimeEpoch": 1_772_442_000_000_u64,
            "domainName": "api.mem0.test", "identity": { "sourceIp": IP, "userAgent": "tests" },
        },
    })
}

/// Gateways answer under their own names only, so a request names the gateway unless it says otherwise.
fn headers(sent: &Sent, domain: &str) -> Map<String, Value> {
    let always = [("host", domain.to_owned()), ("user-agent", "tests".to_owned())];
    always
        .into_iter()
        .chain(sent.headers.clone())
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}
