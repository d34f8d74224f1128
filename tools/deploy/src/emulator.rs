//! ministack: an emulator of AWS that runs packaged functions as processes on this machine, without Docker.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use crate::tools;

const START: Duration = Duration::from_secs(60);

/// A running emulator in its own process group, which includes the functions.
#[derive(Debug)]
pub struct Emulator {
    port: u16,
    pid: i32,
}

impl Emulator {
    /// Starts an emulator that keeps all of its files below `directory`; it runs until [`Emulator::stop_at`].
    pub async fn start(directory: &Path, port: u16) -> Result<Self> {
        let program = tools::ministack()?;
        Self::stop_at(directory)?;
        let temporary = directory.join("tmp");
        // Unpacked functions of an emulator that ended before it could clean up.
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir_all(&temporary)?;
        let log = File::create(directory.join("emulator.log"))?;
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path()).env("HOME", directory).env("TMPDIR", &temporary);
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(directory);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().context("cannot start ministack")?;
        let emulator = Self { port, pid: i32::try_from(child.id())? };
        fs::write(pid_file(directory), emulator.pid.to_string())?;
        let started = Instant::now();
        while !emulator.is_ready().await {
            if child.try_wait()?.is_some() || started.elapsed() > START {
                let log = fs::read_to_string(directory.join("emulator.log")).unwrap_or_default();
                bail!("ministack does not start on port {port}:\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(emulator)
    }

    /// Stops the emulator of this directory and its functions. Returns whether it was running.
    pub fn stop_at(directory: &Path) -> Result<bool> {
        let file = pid_file(directory);
        let Ok(text) = fs::read_to_string(&file) else { return Ok(false) };
        let pid: i32 = text.trim().parse().context("the emulator's pid file")?;
        let ran = is_ministack(pid) && killpg(Pid::from_raw(pid), Signal::SIGTERM).is_ok();
        let started = Instant::now();
        while ran && is_ministack(pid) {
            if started.elapsed() > Duration::from_secs(5) {
                let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "a tool that waits for a process, with nothing beside it"
            )]
            std::thread::sleep(Duration::from_millis(50));
        }
        // Functions that outlived it are in its group. A foreign group that reuses its id is left alone.
        if ran {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
        fs::remove_file(file)?;
        Ok(ran)
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> String {
        // By name: buckets are subdomains of it.
        format!("http://localhost:{}", self.port)
    }

    /// The environment variables that direct AWS clients to the emulator.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// Calls an action of a service with the query protocol and returns its answer, which is XML.
    pub async fn call(&self, service: &str, action: &str) -> Result<String> {
        // The signature is not checked, but its credential scope selects the service.
        let credential =
            format!("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request");
        #[expect(clippy::disallowed_methods, reason = "a tool, not the product")]
        let request = reqwest::Client::new()
            .post(format!("http://127.0.0.1:{}/", self.port))
            .header("authorization", credential)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("Action={action}"));
        Ok(request.send().await?.error_for_status()?.text().await?)
    }

    /// Reads from a service that is selected by its path and returns its answer, which is JSON.
    pub async fn read(&self, path: &str) -> Result<Value> {
        #[expect(clippy::disallowed_methods, reason = "a tool, not the product")]
        let answer = reqwest::get(format!("http://127.0.0.1:{}{path}", self.port)).await?;
        Ok(serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?)
    }

    async fn is_ready(&self) -> bool {
        let url = format!("http://127.0.0.1:{}/_ministack/health", self.port);
        #[expect(clippy::disallowed_methods, reason = "a tool, not the product")]
        let answer = reqwest::get(url).await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }
}

fn pid_file(directory: &Path) -> PathBuf {
    directory.join("emulator.pid")
}

/// Returns whether the process is still an emulator; process ids are reused.
fn is_ministack(pid: i32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.windows(b"ministack".len()).any(|part| part == b"ministack")
}

#[expect(clippy::disallowed_methods, reason = "the child's PATH, not a setting of the product")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
