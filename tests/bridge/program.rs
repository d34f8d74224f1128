//! The program, started as an AI tool starts it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::OnceCell;

use crate::cargo::cargo;

/// A bridge that runs.
pub(super) struct Bridge {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// Gone with it.
    _home: Option<tempfile::TempDir>,
}

impl Bridge {
    /// Starts it with nothing but this in its environment.
    pub(super) async fn start(url: &str, credential: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(program().await);
        command.args(["mcp", "serve"]).env_clear().env("HOME", home.path()).env("MEM0_URL", url);
        if let Some(credential) = credential {
            command.env("MEM0_API_KEY", credential);
        }
        Self { _home: Some(home), ..Self::spawn(command) }
    }

    /// Starts it with nothing but a home directory, as tools on a desktop do.
    pub(super) async fn at_home(home: &Path) -> Self {
        let mut command = Command::new(program().await);
        command.args(["mcp", "serve"]).env_clear().env("HOME", home);
        Self::spawn(command)
    }

    /// Starts it as that command says.
    pub(super) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output).lines(), _home: None }
    }

    /// Writes a message and reads the next one.
    pub(super) async fn ask(&mut self, message: &Value) -> Value {
        self.tell(message).await;
        self.read().await
    }

    /// Writes a message.
    pub(super) async fn tell(&mut self, message: &Value) {
        self.tell_text(&message.to_string()).await;
    }

    /// Writes a line.
    pub(super) async fn tell_text(&mut self, line: &str) {
        self.tell_bytes(format!("{line}\n").as_bytes()).await;
    }

    /// Writes whatever it is.
    pub(super) async fn tell_bytes(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).await.unwrap();
        self.input.flush().await.unwrap();
    }

    /// Reads a message.
    pub(super) async fn read(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(20), self.output.next_line());
        let line = line.await.expect("no answer within 20 s").unwrap().expect("it has ended");
        serde_json::from_str(&line).unwrap()
    }

    /// Sends it a signal, by name.
    pub(super) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// Ends its input; it must end as well, and successfully.
    pub(super) async fn end(mut self) {
        drop(self.input);
        let status = tokio::time::timeout(Duration::from_secs(10), self.child.wait());
        assert!(status.await.expect("it does not end").unwrap().success());
    }
}

/// The program, built when it is not up to date.
pub(super) async fn program() -> &'static PathBuf {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT
        .get_or_init(async || {
            let mut command = Command::from(cargo());
            command.args(["build", "--quiet", "--locked", "--package", "mem0-cli", "--message-format=json"]);
            let output = command.output().await.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let messages = String::from_utf8(output.stdout).unwrap();
            let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let program =
                built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
            program.expect("cargo names the program")
        })
        .await
}
