//! Tests the event made of a request, field by field.

use serde_json::{Value, json};

use super::*;

fn event(request: http::request::Builder, body: &'static [u8]) -> Value {
    let request = request.body(Bytes::from_static(body)).unwrap();
    let source = RequestSource { ip: "203.0.113.7".parse().unwrap(), port: 8080 };
    serde_json::from_slice(&HttpEvent::new(&request, &source).to_json()).unwrap()
}

#[test]
fn headers_are_lower_case_and_joined_and_cookies_are_apart() {
    let event = event(
        Request::post("http://api.example.com/v1/things?b=2&a=1%201&b=3")
            .header("X-Tag", "one")
            .header("x-tag", "two")
            .header("Cookie", "a=1; b=2")
            .header("Cookie", "c=3")
            .header("Connection", "keep-alive")
            .header("X-Forwarded-For", "198.51.100.1")
            .header("X-Forwarded-Proto", "gopher")
            .header("Content-Type", "application/json; charset=utf-8"),
        b"{}",
    );
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/v1/things");
    assert_eq!(event["rawQueryString"], "b=2&a=1%201&b=3");
    assert_eq!(event["queryStringParameters"], json!({ "a": "1 1", "b": "2,3" }));
    assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
    assert_eq!(event["headers"]["x-tag"], "one,two");
    assert_eq!(event["headers"]["host"], "api.example.com");
    assert_eq!(event["headers"]["content-length"], "2");
    assert_eq!(event["headers"]["x-forwarded-for"], "198.51.100.1, 203.0.113.7");
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
    assert_eq!(event["headers"]["x-forwarded-port"], "8080");
    assert_eq!(event["headers"].get("cookie"), None);
    assert_eq!(event["headers"].get("connection"), None);
    assert_eq!(event["body"], "{}");
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(event["requestContext"]["stage"], "$default");
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "203.0.113.7");
    assert_eq!(event["requestContext"]["domainPrefix"], "api");
    assert_eq!(event["requestContext"]["requestId"].as_str().unwrap().len(), 16);
}

#[test]
fn an_empty_request_has_no_body_query_or_cookies() {
    let event = event(Request::get("/"), b"");
    for absent in ["body", "cookies", "queryStringParameters"] {
        assert_eq!(event.get(absent), None, "{absent}");
    }
    assert_eq!(event["rawQueryString"], "");
    assert_eq!(event["headers"]["host"], "localhost");
}

#[test]
fn the_path_is_decoded_and_cut_at_a_decoded_question_mark() {
    assert_eq!(event(Request::get("/users/a%20b%2Fc%C3%BC"), b"")["rawPath"], "/users/a b/cü");
    assert_eq!(event(Request::get("/users/me%3Fadmin=true?x=1"), b"")["rawPath"], "/users/me");
}

#[test]
fn only_text_travels_as_text() {
    let cases: [(&str, &[u8], bool); 7] = [
        ("text/plain", b"hello", false),
        ("application/xml", b"<a/>", false),
        ("application/json", b"\xff\xfe", true),
        ("application/octet-stream", b"hello", true),
        ("application/x-www-form-urlencoded", b"a=1", true),
        ("application/problem+json", b"{}", true),
        ("", b"hello", true),
    ];
    for (content_type, body, encoded) in cases {
        let mut request = Request::post("/");
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let event = event(request, body);
        assert_eq!(event["isBase64Encoded"], encoded, "{content_type}");
        if encoded {
            assert_eq!(BASE64_STANDARD.decode(event["body"].as_str().unwrap()).unwrap(), body);
        }
    }
    let zipped = Request::post("/").header("content-type", "text/plain").header("content-encoding", "gzip");
    assert_eq!(event(zipped, b"hello")["isBase64Encoded"], true);
}
