//! Events of every gateway there is: HTTP APIs and function URLs (2.0), REST APIs (1.0).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_emulator::Function;
use serde_json::{Map, Value, json};

use super::deployment::Deployment;
use super::visitor::password;

/// How a gateway wraps a request.
#[derive(Clone, Copy, Debug)]
enum Gateway {
    Http { stage: &'static str },
    FunctionUrl,
    Rest { stage: &'static str },
}

const IP: &str = "203.0.113.7";

/// A login by somebody at [`IP`].
fn event(gateway: Gateway, base64: bool) -> Value {
    let body = json!({ "email": "ada@ada.example", "password": password("ada") }).to_string();
    let body = if base64 { BASE64_STANDARD.encode(body) } else { body };
    let path = "/v1/auth/login";
    let headers =
        json!({ "content-type": "application/json", "host": "api.mem0.test", "user-agent": "tests" });
    match gateway {
        Gateway::Http { .. } | Gateway::FunctionUrl => {
            let stage = if let Gateway::Http { stage } = gateway { stage } else { "$default" };
            let path = if stage == "$default" { path.to_owned() } else { format!("/{stage}{path}") };
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "a=1&a=2",
                "cookies": ["theme=dark", "lang=en"], "headers": headers, "body": body, "isBase64Encoded": base64,
                "requestContext": {
                    "accountId": "123456789012", "apiId": "x", "domainName": "api.mem0.test", "domainPrefix": "api",
                    "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": IP, "userAgent": "tests" },
                    "requestId": "id", "routeKey": "$default", "stage": stage,
                    "time": "02/Mar/2026:09:00:00 +0000", "timeEpoch": 1_772_442_000_000_u64,
                },
            })
        }
        Gateway::Rest { stage } => {
            let multiple: Map<String, Value> = headers
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), json!([value])))
                .chain([
                    ("cookie".to_owned(), json!(["theme=dark; lang=en"])),
                    ("x-many".to_owned(), json!(["1", "2"])),
                ])
                .collect();
            json!({
                "resource": "/{proxy+}", "path": path, "httpMethod": "POST", "headers": headers,
                "multiValueHeaders": multiple, "queryStringParameters": { "a": "2" },
                "multiValueQueryStringParameters": { "a": ["1", "2"] }, "pathParameters": { "proxy": "v1/auth/login" },
                "stageVariables": null, "body": body, "isBase64Encoded": base64,
                "requestContext": {
                    "accountId": "123456789012", "apiId": "x", "resourceId": "r", "resourcePath": "/{proxy+}",
                    "httpMethod": "POST", "path": format!("/{stage}{path}"), "protocol": "HTTP/1.1", "stage": stage,
                    "requestId": "id", "requestTimeEpoch": 1_772_442_000_000_u64, "domainName": "api.mem0.test",
                    "identity": { "sourceIp": IP, "userAgent": "tests" },
                },
            })
        }
    }
}

async fn log_in(auth: &Function, event: &Value) -> Value {
    let reply = auth.invoke_raw(event.to_string().into()).await.unwrap();
    serde_json::from_slice(&reply).unwrap()
}

#[tokio::test]
async fn a_request_means_the_same_through_every_gateway_and_its_address_is_the_gateways_word() {
    let deployment = Deployment::new().await;
    deployment.visitor().register("ada").await;
    let auth = deployment.function("auth");
    let addresses = "SELECT count(*) FROM sessions WHERE ip = $1";
    let gateways = [
        Gateway::Http { stage: "$default" },
        Gateway::Http { stage: "prod" },
        Gateway::FunctionUrl,
        Gateway::Rest { stage: "prod" },
        Gateway::Rest { stage: "v1" },
    ];
    let mut sessions = 0;
    for gateway in gateways {
        for base64 in [false, true] {
            let answer = log_in(auth, &event(gateway, base64)).await;
            assert_eq!(answer["statusCode"], 200, "{gateway:?} {base64} {answer}");
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert!(body["access_token"].is_string(), "{gateway:?}");
            sessions += 1;
            let counted = deployment.database.superuser().await.query_one(addresses, &[&IP]).await.unwrap();
            assert_eq!(counted.get::<_, i64>(0), sessions, "{gateway:?}");
        }
    }
    assert_eq!(auth.cold_starts(), 1);
}

#[tokio::test]
async fn an_event_of_no_gateway_is_an_error_that_names_what_is_expected() {
    let deployment = Deployment::new().await;
    let error = deployment.function("admin").invoke_raw("{\"Records\": []}".into()).await.unwrap_err();
    assert!(error.to_string().contains("API Gateway"), "{error}");
    deployment.visitor().register("ada").await.get("/v1/organizations").await.assert_status(200);
}
