//! The bare function: echoes every request. It is the baseline for other functions.
//!
//! Keep it bare. A cold start measured against it shows the cost of a function's own code only as long as there is
//! nothing here but `lambda_http`.

use lambda_http::{Body, Error, Request, RequestExt as _, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(echo)).await
}

async fn echo(request: Request) -> Result<Response<Body>, Error> {
    let answer = serde_json::json!({
        "method": request.method().as_str(),
        "path": request.raw_http_path(),
        "uri": request.uri().to_string(),
        "headers": request.headers().iter().map(|(name, value)| {
            (name.as_str(), String::from_utf8_lossy(value.as_bytes()))
        }).collect::<Vec<_>>(),
        "body": String::from_utf8_lossy(request.body()),
    });
    Ok(Response::builder().header("content-type", "application/json").body(answer.to_string().into())?)
}
