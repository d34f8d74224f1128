//! One execution environment: one process, one event at a time, from spawn to kill.

use std::{io, process::ExitStatus, time::Duration};

use bytes::Bytes;
use tokio::{process::Child, task::JoinHandle, time};
use uuid::Uuid;

use crate::{
    HttpEvent, InvokeError, Output, SpawnOptions, Timings,
    command::command,
    process, reply,
    runtime_api::{Event, PAYLOAD_LIMIT, RuntimeApi, Signal, SignalKind},
};

/// How long to wait, after a process has ended, for what it sent and printed just before.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a process waits in its control group before it begins: more than two periods of a quota, so that the quota
/// used for entering is available again.
const REST: Duration = Duration::from_millis(50);

/// How long a process may take to finish its last event before it is frozen.
const FREEZE_LIMIT: Duration = Duration::from_secs(1);

/// A running process of a function. Dropping it kills the process.
///
/// After any error except [`InvokeError::Function`], [`InvokeError::EventTooLarge`] and [`InvokeError::ReplyTooLarge`]
/// the environment is no longer usable, as in Lambda: see [`Self::is_usable`].
#[derive(Debug)]
pub struct Environment {
    options: SpawnOptions,
    child: Child,
    pid: u32,
    api: RuntimeApi,
    timings: Timings,
    output: Output,
    pipes: Vec<JoinHandle<()>>,
    /// The process has an event, or has answered it but not yet asked for the next.
    busy: bool,
    frozen: bool,
    usable: bool,
}

impl Environment {
    /// Starts the process. Returns at once; [`Self::ready`] waits for its initialization.
    ///
    /// # Errors
    /// [`InvokeError::Spawn`] or [`InvokeError::RuntimeApi`].
    pub async fn spawn(options: &SpawnOptions) -> Result<Self, InvokeError> {
        Self::spawn_into(options, Output::new(&options.name, options.forward_output)).await
    }

    /// Like [`Self::spawn`], but appends to an existing output.
    pub(crate) async fn spawn_into(options: &SpawnOptions, output: Output) -> Result<Self, InvokeError> {
        let api = RuntimeApi::serve(options.arn(), options.timeout).await.map_err(InvokeError::RuntimeApi)?;
        let spawn_error = |source| InvokeError::Spawn { path: options.bootstrap.clone(), source };
        let mut command = command(options, api.address).map_err(spawn_error)?;
        let mut timings = Timings::starting_now();
        let mut child = command.spawn().map_err(spawn_error)?;
        let pid = child.id().ok_or_else(|| spawn_error(io::ErrorKind::NotFound.into()))?;
        // Cannot fail: the pid is set only here.
        let _ = api.pid.set(pid);
        if options.control_group.is_some() {
            inside(&mut child, pid).await.map_err(spawn_error)?;
            timings = Timings::starting_now();
            process::resume(pid).map_err(spawn_error)?;
        }
        let mut pipes = Vec::new();
        pipes.extend(child.stdout.take().map(|pipe| output.follow(pipe)));
        pipes.extend(child.stderr.take().map(|pipe| output.follow(pipe)));
        let options = options.clone();
        Ok(Self {
            options,
            child,
            pid,
            api,
            timings,
            output,
            pipes,
            busy: false,
            frozen: false,
            usable: true,
        })
    }

    /// Waits until the process first asks for work.
    ///
    /// # Errors
    /// [`InvokeError::Init`], [`InvokeError::InitExited`] or [`InvokeError::InitTimedOut`].
    pub async fn ready(&mut self) -> Result<(), InvokeError> {
        while self.timings.ready_at.is_none() {
            let left = self.options.init_timeout.saturating_sub(self.timings.spawned_at.elapsed());
            let Ok(heard) = time::timeout(left, self.hear()).await else {
                return Err(self.give_up(InvokeError::InitTimedOut(self.options.init_timeout)));
            };
            match heard {
                Heard::Signal(Signal { kind: SignalKind::InitError(report), .. }) => {
                    return Err(self.give_up(InvokeError::Init(report)));
                }
                Heard::Signal(_) => {}
                Heard::Exit(status) => {
                    let output = self.last_output().await;
                    return Err(self.give_up(InvokeError::InitExited { status, output }));
                }
            }
        }
        Ok(())
    }

    /// Sends an HTTP request as an HTTP API event and reads the answer.
    ///
    /// # Errors
    /// Any [`InvokeError`].
    pub async fn invoke(
        &mut self,
        request: &http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, InvokeError> {
        let event = HttpEvent::new(request, &crate::RequestSource::local());
        reply::to_response(&self.invoke_raw(event.to_json()).await?)
    }

    /// Sends a raw event and returns the raw reply. The event may be sent before the process is ready: then it waits,
    /// as the first event of a cold start does.
    ///
    /// # Errors
    /// Any [`InvokeError`] but [`InvokeError::MalformedReply`].
    pub async fn invoke_raw(&mut self, event: Bytes) -> Result<Bytes, InvokeError> {
        if event.len() > PAYLOAD_LIMIT {
            return Err(InvokeError::EventTooLarge { bytes: event.len(), limit: PAYLOAD_LIMIT });
        }
        self.thaw().map_err(|_| InvokeError::Closed)?;
        let request_id = Uuid::new_v4().to_string();
        let trace_id = crate::event::trace_id();
        self.busy = true;
        let event = Event { request_id: request_id.clone(), trace_id, body: event };
        self.api.events.send(event).map_err(|_| InvokeError::Closed)?;
        self.ready().await?;
        // Initialization has its own limit; the event's time runs from here.
        let timeout = self.options.timeout;
        match time::timeout(timeout, self.answer(&request_id)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.give_up(InvokeError::TimedOut(timeout))),
        }
    }

    async fn answer(&mut self, expected: &str) -> Result<Bytes, InvokeError> {
        loop {
            let signal = match self.hear().await {
                Heard::Signal(signal) => signal,
                Heard::Exit(status) => {
                    let output = self.last_output().await;
                    return Err(self.give_up(InvokeError::Exited { status, output }));
                }
            };
            match signal.kind {
                SignalKind::Reply { request_id, body } if request_id == expected => return Ok(body),
                SignalKind::Error { request_id, report } if request_id == expected => {
                    return Err(InvokeError::Function(report));
                }
                SignalKind::TooLarge { request_id, bytes } if request_id == expected => {
                    return Err(InvokeError::ReplyTooLarge { bytes, limit: PAYLOAD_LIMIT });
                }
                SignalKind::InitError(report) => return Err(self.give_up(InvokeError::Init(report))),
                // A request for work, or an answer to an event that was abandoned.
                _ => {}
            }
        }
    }

    /// Waits for the next message of the process, or its end.
    async fn hear(&mut self) -> Heard {
        let signal = tokio::select! {
            biased;
            signal = self.api.signals.recv() => signal,
            status = self.child.wait() => {
                // The last message may still be on its way through the socket.
                match time::timeout(LAST_WORDS, self.api.signals.recv()).await {
                    Ok(signal) => signal,
                    Err(_) => return Heard::Exit(status.unwrap_or_default()),
                }
            }
        };
        match signal {
            Some(signal) => {
                self.note(&signal);
                Heard::Signal(signal)
            }
            // The server ends only with this environment; treat it as the end of the process.
            None => Heard::Exit(self.child.wait().await.unwrap_or_default()),
        }
    }

    fn note(&mut self, signal: &Signal) {
        match signal.kind {
            SignalKind::Next => {
                if self.timings.ready_at.is_none() {
                    self.timings.ready_at = Some(signal.at);
                    self.timings.ready_cpu = signal.cpu;
                } else {
                    self.busy = false;
                }
            }
            SignalKind::InitError(_) => {}
            _ if self.timings.first_answer_at.is_none() => {
                self.timings.first_answer_at = Some(signal.at);
                self.timings.first_answer_cpu = signal.cpu;
            }
            _ => {}
        }
    }

    /// Stops the process until [`Self::thaw`] or the next invocation, as Lambda does between events. First waits until
    /// the process has asked for its next event, which is when Lambda considers an invocation finished.
    ///
    /// # Errors
    /// If the process has not finished its last event within a second, or has ended.
    pub async fn freeze(&mut self) -> io::Result<()> {
        time::timeout(FREEZE_LIMIT, async {
            while self.busy || self.timings.ready_at.is_none() {
                if let Heard::Exit(_) = self.hear().await {
                    self.usable = false;
                    return Err(io::Error::new(io::ErrorKind::NotFound, "the process has ended"));
                }
            }
            process::stop(self.pid)?;
            self.frozen = true;
            while !process::is_stopped(self.pid) {
                time::sleep(Duration::from_micros(200)).await;
            }
            Ok(())
        })
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the process is still busy")))
    }

    /// Resumes a frozen process. Does nothing if it is not frozen.
    ///
    /// # Errors
    /// If the process has ended.
    pub fn thaw(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.frozen) {
            process::resume(self.pid)?;
        }
        Ok(())
    }

    /// Kills the process at once (SIGKILL).
    pub fn kill(&mut self) {
        self.usable = false;
        // An error means that it is dead already.
        let _ = self.child.start_kill();
    }

    /// Whether the process can take another event: it has not ended, failed to initialize or been killed.
    pub fn is_usable(&mut self) -> bool {
        self.usable = self.usable && matches!(self.child.try_wait(), Ok(None));
        self.usable
    }

    /// When the stages of this environment's life happened.
    pub fn timings(&self) -> Timings {
        self.timings
    }

    /// CPU time of the process's live threads so far.
    pub fn cpu_time(&self) -> Option<Duration> {
        process::cpu_time(self.pid)
    }

    /// The largest resident set so far, in bytes.
    pub fn peak_resident_bytes(&self) -> Option<u64> {
        process::peak_resident_bytes(self.pid)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the process printed.
    pub fn output(&self) -> &Output {
        &self.output
    }

    async fn last_output(&mut self) -> String {
        for pipe in self.pipes.drain(..) {
            // A grandchild may hold the pipe open; what has arrived by then must suffice.
            let _ = time::timeout(LAST_WORDS, pipe).await;
        }
        self.output.tail()
    }

    /// Kills a process that is no longer usable and returns the reason.
    fn give_up(&mut self, error: InvokeError) -> InvokeError {
        self.kill();
        error
    }
}

/// Waits until a process has entered its control group and stopped.
async fn inside(child: &mut Child, pid: u32) -> io::Result<()> {
    while !process::is_stopped(pid) {
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("it could not enter its control group: {status}")));
        }
        time::sleep(Duration::from_millis(1)).await;
    }
    time::sleep(REST).await;
    Ok(())
}

enum Heard {
    Signal(Signal),
    Exit(ExitStatus),
}
