//! Tests the emulator with real `lambda_http` binaries: `hello`, which behaves, and `misbehave`, which does not.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::Request;
use lambda_emulator::{Environment, Function, InvokeError, SpawnOptions};
use serde_json::Value;

fn hello() -> SpawnOptions {
    SpawnOptions::new("hello", env!("CARGO_BIN_EXE_hello"))
}

fn misbehave() -> SpawnOptions {
    SpawnOptions::new("misbehave", env!("CARGO_BIN_EXE_misbehave"))
}

fn get(path: &'static str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = http::Uri::from_static(path);
    request
}

#[tokio::test]
async fn a_function_sees_the_request_and_the_caller_sees_its_answer() -> Result<()> {
    let function = Function::spawn(hello()).await?;
    let request = Request::post("http://api.test/v1/things?q=a%20b")
        .header("content-type", "text/plain")
        .header("cookie", "a=1; b=2")
        .header("x-tag", "one")
        .header("x-tag", "two")
        .body(Bytes::from("hällo"))?;
    let response = function.invoke(request).await?;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    let seen = serde_json::from_slice::<Value>(response.body())?;
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["uri"], "http://api.test/v1/things?q=a%20b");
    assert_eq!(seen["body"], "hällo");
    let headers = seen["headers"].as_array().unwrap();
    assert!(headers.contains(&serde_json::json!(["cookie", "a=1; b=2"])), "{headers:?}");
    assert!(headers.contains(&serde_json::json!(["x-tag", "one,two"])), "{headers:?}");
    Ok(())
}

#[tokio::test]
async fn a_process_is_in_its_control_group_before_it_is_the_function_and_counts_from_then() -> Result<()> {
    // A plain directory, because anybody can create one: the file contains what the kernel would be told.
    let group = tempfile::tempdir()?;
    let mut environment = Environment::spawn(&hello().control_group(group.path())).await?;
    let told = std::fs::read_to_string(group.path().join("cgroup.procs"))?;
    assert_eq!(told.trim(), environment.pid().to_string());
    let spawned_at = environment.timings().spawned_at;
    assert_eq!(environment.invoke(&get("/")).await?.status(), 200);
    assert!(environment.timings().ready_at.is_some_and(|ready_at| ready_at > spawned_at));

    let nowhere = hello().control_group(group.path().join("nowhere"));
    let error = Environment::spawn(&nowhere).await.unwrap_err();
    assert!(matches!(&error, InvokeError::Spawn { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn bytes_and_cookies_survive_the_round_trip() -> Result<()> {
    let function = Function::new(misbehave());
    let bytes = Bytes::from_static(&[0, 159, 146, 150, 255]);
    let request = Request::post("/binary").header("content-type", "image/png").body(bytes.clone())?;
    assert_eq!(function.invoke(request).await?.body(), &bytes);

    let response = function.invoke(get("/cookies")).await?;
    assert_eq!(response.status(), 204);
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; HttpOnly", "b=2"]);
    Ok(())
}

#[tokio::test]
async fn a_function_inherits_nothing_but_what_lambda_and_the_caller_set() -> Result<()> {
    let function =
        Function::new(misbehave().env("MEM0_LOG", "debug").env("TZ", "Europe/Berlin").memory_mb(1769));
    let variables = serde_json::from_slice::<Value>(function.invoke(get("/environment")).await?.body())?;
    let variables = variables.as_object().unwrap();
    assert_eq!(variables["MEM0_LOG"], "debug");
    assert_eq!(variables["TZ"], "Europe/Berlin");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "misbehave");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "1769");
    assert_eq!(variables["_HANDLER"], "bootstrap");
    assert!(variables["LAMBDA_TASK_ROOT"].as_str().unwrap().starts_with('/'));
    for inherited in ["HOME", "CARGO_MANIFEST_DIR", "USER"] {
        assert!(!variables.contains_key(inherited), "{inherited}");
    }
    Ok(())
}

#[tokio::test]
async fn an_error_is_reported_and_the_environment_lives_on() -> Result<()> {
    let function = Function::new(misbehave());
    let before = function.invoke(get("/pid")).await?;
    let error = function.invoke(get("/error")).await.unwrap_err();
    let InvokeError::Function(report) = error else { panic!("{error:?}") };
    assert_eq!(report.error_message, "it broke");
    assert_eq!(function.invoke(get("/pid")).await?.body(), before.body());
    assert_eq!(function.cold_starts(), 1);
    Ok(())
}

#[tokio::test]
async fn a_crash_shows_how_it_ended_and_the_next_event_gets_a_new_process() -> Result<()> {
    let function = Function::new(misbehave());
    let error = function.invoke(get("/exit")).await.unwrap_err();
    let InvokeError::Exited { status, output } = error else { panic!("{error:?}") };
    assert_eq!(status.code(), Some(7));
    assert!(output.contains("to standard output"), "{output}");
    assert!(output.contains("to standard error"), "{output}");
    assert_eq!(function.invoke(get("/pid")).await?.status(), 200);
    assert_eq!(function.cold_starts(), 2);
    Ok(())
}

#[tokio::test]
async fn a_function_that_does_not_answer_in_time_is_killed() -> Result<()> {
    let mut environment = Environment::spawn(&misbehave().timeout(Duration::from_millis(200))).await?;
    environment.ready().await?;
    let error = environment.invoke(&get("/sleep")).await.unwrap_err();
    assert!(matches!(error, InvokeError::TimedOut(_)), "{error:?}");
    assert!(!environment.is_usable());
    Ok(())
}

#[tokio::test]
async fn faults_of_initialization_are_told_apart() -> Result<()> {
    let exits = Function::spawn(misbehave().env("MISBEHAVE_AT_INIT", "exit")).await.unwrap_err();
    assert!(matches!(exits, InvokeError::InitExited { status, .. } if status.code() == Some(3)), "{exits:?}");

    let hangs = misbehave().env("MISBEHAVE_AT_INIT", "hang").init_timeout(Duration::from_millis(200));
    let hangs = Function::new(hangs).invoke(get("/")).await.unwrap_err();
    assert!(matches!(hangs, InvokeError::InitTimedOut(_)), "{hangs:?}");

    let missing = Function::spawn(SpawnOptions::new("missing", "/nowhere/bootstrap")).await.unwrap_err();
    assert!(matches!(missing, InvokeError::Spawn { .. }), "{missing:?}");
    Ok(())
}

#[tokio::test]
async fn events_and_replies_over_six_megabytes_are_refused() -> Result<()> {
    let function = Function::new(misbehave());
    let request =
        Request::post("/pid").header("content-type", "text/plain").body("x".repeat(7 << 20).into())?;
    let error = function.invoke(request).await.unwrap_err();
    assert!(matches!(error, InvokeError::EventTooLarge { .. }), "{error:?}");
    let error = function.invoke(get("/large")).await.unwrap_err();
    assert!(matches!(error, InvokeError::ReplyTooLarge { .. }), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_events_get_an_environment_each_and_later_ones_reuse_them() -> Result<()> {
    let function = Function::new(misbehave());
    let (a, b, c) = tokio::join!(
        function.invoke(get("/pause")),
        function.invoke(get("/pause")),
        function.invoke(get("/pause"))
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(function.cold_starts(), 3);
    for _ in 0..5 {
        function.invoke(get("/pid")).await?;
    }
    assert_eq!(function.cold_starts(), 3);

    let one_at_a_time = Function::new(misbehave().max_environments(1));
    let (a, b) = tokio::join!(one_at_a_time.invoke(get("/pause")), one_at_a_time.invoke(get("/pause")));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(one_at_a_time.cold_starts(), 1);
    Ok(())
}

#[tokio::test]
async fn an_invocation_outlives_a_caller_that_hangs_up() -> Result<()> {
    let function = Function::new(misbehave());
    let hung_up = tokio::time::timeout(Duration::from_millis(50), function.invoke(get("/pause"))).await;
    assert!(hung_up.is_err());
    tokio::time::timeout(Duration::from_secs(10), async {
        while function.idle_timings().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await?;
    function.invoke(get("/pid")).await?;
    assert_eq!(function.cold_starts(), 1);
    Ok(())
}

#[tokio::test]
async fn a_cold_start_is_timed() -> Result<()> {
    let mut environment = Environment::spawn(&hello()).await?;
    environment.invoke(&get("/")).await?;
    let timings = environment.timings();
    let (init, cold_start) = (timings.init().unwrap(), timings.cold_start().unwrap());
    assert!(init > Duration::ZERO && init < cold_start, "{timings:?}");
    let (ready, first) = (timings.ready_cpu.unwrap(), timings.first_answer_cpu.unwrap());
    assert!(ready > Duration::ZERO && ready <= first, "{timings:?}");
    assert!(environment.cpu_time().unwrap() >= first);
    assert!(environment.peak_resident_bytes().unwrap() > 1 << 20);
    Ok(())
}

#[tokio::test]
async fn a_frozen_environment_uses_no_cpu_and_answers_after_the_thaw() -> Result<()> {
    let mut environment = Environment::spawn(&hello()).await?;
    environment.invoke(&get("/")).await?;
    environment.freeze().await?;
    let state = std::fs::read_to_string(format!("/proc/{}/stat", environment.pid()))?;
    assert!(state.contains(") T "), "{state}");
    let before = environment.cpu_time();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(environment.cpu_time(), before);
    assert_eq!(environment.invoke(&get("/")).await?.status(), 200);

    let function = Function::new(misbehave().freeze_idle(true));
    for _ in 0..3 {
        assert_eq!(function.invoke(get("/pid")).await?.status(), 200);
    }
    Ok(())
}

#[tokio::test]
async fn dropping_a_function_ends_its_processes() -> Result<()> {
    let function = Function::new(misbehave());
    let pid = String::from_utf8(function.invoke(get("/pid")).await?.body().to_vec())?;
    drop(function);
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    tokio::time::timeout(Duration::from_secs(10), async {
        // A zombie until tokio reaps it.
        while !(state().is_empty() || state().contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await?;
    Ok(())
}
