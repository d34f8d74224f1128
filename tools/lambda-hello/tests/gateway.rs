//! Tests the gateway over a real socket with plain HTTP/1.1.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use lambda_emulator::{Function, Gateway, Listening, SpawnOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn listening() -> Result<Listening> {
    let hello = Function::new(SpawnOptions::new("hello", env!("CARGO_BIN_EXE_hello")));
    let misbehave = SpawnOptions::new("misbehave", env!("CARGO_BIN_EXE_misbehave"));
    let misbehave = Function::new(misbehave.timeout(Duration::from_millis(500)));
    let gateway =
        Gateway::new().route("/hello", hello).route("/sleep", misbehave.clone()).route("/exit", misbehave);
    Ok(gateway.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?)
}

/// Sends one request and returns the status code, the head and the body of the response.
async fn exchange(server: &Listening, head: &str, body: &[u8]) -> Result<(u16, String, String)> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let length = body.len();
    let request =
        format!("{head} HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(body).await;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    let response = String::from_utf8(response)?;
    let (head, body) = response.split_once("\r\n\r\n").context("no end of head")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, head.to_owned(), body.to_owned()))
}

#[tokio::test]
async fn a_request_over_tcp_reaches_the_function_of_its_path() -> Result<()> {
    let server = listening().await?;
    let (status, head, body) = exchange(&server, "POST /hello/a%20b?x=1", b"body").await?;
    assert_eq!(status, 200);
    assert!(head.contains("apigw-requestid: "), "{head}");
    let seen: serde_json::Value = serde_json::from_str(&body)?;
    assert_eq!(seen["path"], "/hello/a b");
    assert_eq!(seen["uri"], "http://api.test/hello/a%20b?x=1");
    assert_eq!(seen["body"], "body");
    let port = server.address().port().to_string();
    let headers = seen["headers"].as_array().context("headers")?;
    assert!(headers.contains(&serde_json::json!(["x-forwarded-for", "127.0.0.1"])), "{headers:?}");
    assert!(headers.contains(&serde_json::json!(["x-forwarded-port", port])), "{headers:?}");
    Ok(())
}

#[tokio::test]
async fn the_gateway_answers_in_the_place_of_a_function_that_cannot() -> Result<()> {
    let server = listening().await?;
    let unknown = exchange(&server, "GET /elsewhere", b"").await?;
    assert_eq!((unknown.0, unknown.2.as_str()), (404, r#"{"message":"Not Found"}"#));
    let crashed = exchange(&server, "GET /exit", b"").await?;
    assert_eq!((crashed.0, crashed.2.as_str()), (500, r#"{"message":"Internal Server Error"}"#));
    let late = exchange(&server, "GET /sleep", b"").await?;
    assert_eq!((late.0, late.2.as_str()), (503, r#"{"message":"Service Unavailable"}"#));
    Ok(())
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() -> Result<()> {
    let server = listening().await?;
    let over_lambda = exchange(&server, "POST /hello", &vec![b'x'; 7 << 20]).await?;
    assert_eq!(over_lambda.0, 413);
    Ok(())
}
