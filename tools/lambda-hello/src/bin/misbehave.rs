//! A function with every fault that the emulator must distinguish, chosen by path or by `MISBEHAVE_AT_INIT`.

#![expect(clippy::disallowed_methods, reason = "the environment is what it is asked about")]

use std::time::Duration;

use lambda_http::{Body, Error, Request, RequestExt as _, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let fault = std::env::var("MISBEHAVE_AT_INIT").unwrap_or_default();
    match fault.as_str() {
        "exit" => std::process::exit(3),
        "hang" => tokio::time::sleep(Duration::from_secs(3600)).await,
        _ => {}
    }
    run(service_fn(answer)).await
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "output is what it is asked for")]
async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let path = request.raw_http_path().to_owned();
    match path.trim_start_matches('/') {
        "error" => Err("it broke".into()),
        "exit" => {
            println!("to standard output");
            eprintln!("to standard error");
            std::process::exit(7)
        }
        "sleep" => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(Response::default())
        }
        "pause" => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(Response::default())
        }
        "large" => Ok(Response::new("x".repeat(7 << 20).into())),
        "binary" => Ok(Response::builder().header("content-type", "image/png").body(request.into_body())?),
        "cookies" => Ok(Response::builder()
            .header("set-cookie", "a=1; HttpOnly")
            .header("set-cookie", "b=2")
            .status(204)
            .body(Body::Empty)?),
        "environment" => {
            let variables: std::collections::BTreeMap<_, _> = std::env::vars().collect();
            Ok(Response::new(serde_json::to_string(&variables)?.into()))
        }
        _ => Ok(Response::new(std::process::id().to_string().into())),
    }
}
