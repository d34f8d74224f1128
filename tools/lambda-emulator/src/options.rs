//! How a function is deployed: its binary, its variables, its limits.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// How to start an execution environment of one function.
#[derive(Clone, Debug)]
pub struct SpawnOptions {
    /// The name of the function, `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// The executable. The process runs in its directory, which is also `LAMBDA_TASK_ROOT`.
    pub bootstrap: PathBuf,
    /// The function's own variables. They override those that Lambda sets; nothing else is inherited.
    pub env: BTreeMap<String, String>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MB. Reported to the function, not enforced.
    pub memory_mb: u32,
    /// The longest time that one invocation may take; then the process is killed. Lambda allows up to 15 minutes.
    pub timeout: Duration,
    /// The longest time from the start of the process to its first request for work. 10 s, as in Lambda.
    pub init_timeout: Duration,
    /// `AWS_REGION` and the region in the function's ARN.
    pub region: String,
    /// Copies the function's output to this process's standard error as well as keeping it.
    pub forward_output: bool,
    /// Stops idle environments (SIGSTOP) and resumes them for the next event (SIGCONT), as Lambda does. A stopped
    /// process survives if the emulator itself is killed outright, so this is off by default.
    pub freeze_idle: bool,
    /// A control group (its directory) that the process enters before the function begins. Timings start from there.
    pub control_group: Option<PathBuf>,
    /// How many environments of the function may run at once. Lambda refuses the next event; here it waits.
    pub max_environments: usize,
}

impl SpawnOptions {
    /// Options with Lambda's defaults for an HTTP function: 512 MB, 30 s, `us-east-1`.
    pub fn new(name: impl Into<String>, bootstrap: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            bootstrap: bootstrap.into(),
            env: BTreeMap::new(),
            memory_mb: 512,
            timeout: Duration::from_secs(30),
            init_timeout: Duration::from_secs(10),
            region: "us-east-1".into(),
            forward_output: false,
            freeze_idle: false,
            control_group: None,
            max_environments: 64,
        }
    }

    /// Sets one variable of the function.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets the memory size in MB.
    #[must_use]
    pub fn memory_mb(mut self, memory_mb: u32) -> Self {
        self.memory_mb = memory_mb;
        self
    }

    /// Sets the time one invocation may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time initialization may take.
    #[must_use]
    pub fn init_timeout(mut self, timeout: Duration) -> Self {
        self.init_timeout = timeout;
        self
    }

    /// Copies the function's output to standard error.
    #[must_use]
    pub fn forward_output(mut self, forward: bool) -> Self {
        self.forward_output = forward;
        self
    }

    /// Freezes environments between invocations.
    #[must_use]
    pub fn freeze_idle(mut self, freeze: bool) -> Self {
        self.freeze_idle = freeze;
        self
    }

    /// Runs the function in a control group from its first instruction.
    #[must_use]
    pub fn control_group(mut self, directory: impl Into<PathBuf>) -> Self {
        self.control_group = Some(directory.into());
        self
    }

    /// Limits how many environments run at once.
    #[must_use]
    pub fn max_environments(mut self, count: usize) -> Self {
        self.max_environments = count;
        self
    }

    /// The ARN under which the function is told it was invoked.
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:123456789012:function:{}", self.region, self.name)
    }
}
