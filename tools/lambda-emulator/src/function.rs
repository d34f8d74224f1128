//! One deployed function: as many environments as there are concurrent events, kept warm.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::{Environment, HttpEvent, InvokeError, Output, RequestSource, SpawnOptions, Timings, reply};

/// A function and its environments. Clones refer to the same function; the processes end with the last clone.
#[derive(Clone, Debug)]
pub struct Function {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: SpawnOptions,
    output: Output,
    permits: Semaphore,
    /// The most recently used one is last and is taken first, so that the others age, as in Lambda.
    idle: Mutex<Vec<Environment>>,
    cold_starts: AtomicUsize,
}

impl Function {
    /// Creates a function without an environment: the first event starts one, as in Lambda.
    pub fn new(options: SpawnOptions) -> Self {
        let output = Output::new(&options.name, options.forward_output);
        let permits = Semaphore::new(options.max_environments.max(1));
        let inner =
            Inner { options, output, permits, idle: Mutex::default(), cold_starts: AtomicUsize::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// Creates a function with one environment that is ready for work.
    ///
    /// # Errors
    /// If it does not start: [`InvokeError::Spawn`] and the `Init` kinds.
    pub async fn spawn(options: SpawnOptions) -> Result<Self, InvokeError> {
        let function = Self::new(options);
        let mut environment = function.inner.start().await?;
        environment.ready().await?;
        function.inner.idle().push(environment);
        Ok(function)
    }

    /// Sends an HTTP request as a caller on this machine.
    ///
    /// # Errors
    /// Any [`InvokeError`].
    pub async fn invoke(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, InvokeError> {
        self.invoke_http(&HttpEvent::new(&request, &RequestSource::local())).await
    }

    /// Sends an HTTP API event and reads the reply as a response.
    ///
    /// # Errors
    /// Any [`InvokeError`].
    pub async fn invoke_http(&self, event: &HttpEvent) -> Result<http::Response<Bytes>, InvokeError> {
        let result = self.invoke_raw(event.to_json()).await.and_then(|reply| reply::to_response(&reply));
        if let Err(error @ InvokeError::MalformedReply(_)) = &result {
            self.inner.output.push(&format!("lambda-emulator: {error}"));
        }
        result
    }

    /// Sends any event and returns the raw reply.
    ///
    /// The invocation runs to its end even if the caller stops waiting, as in Lambda when a client disconnects.
    ///
    /// # Errors
    /// Any [`InvokeError`] but [`InvokeError::MalformedReply`].
    pub async fn invoke_raw(&self, event: Bytes) -> Result<Bytes, InvokeError> {
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move { inner.run(event).await }).await.map_err(|_| InvokeError::Closed)?
    }

    /// The name of the function.
    pub fn name(&self) -> &str {
        &self.inner.options.name
    }

    /// What its environments printed, and one line for each failed invocation.
    pub fn output(&self) -> &Output {
        &self.inner.output
    }

    /// The number of environments started so far.
    pub fn cold_starts(&self) -> usize {
        self.inner.cold_starts.load(Ordering::Relaxed)
    }

    /// The timings of the idle environments.
    pub fn idle_timings(&self) -> Vec<Timings> {
        self.inner.idle().iter().map(Environment::timings).collect()
    }

    /// Removes an idle environment and returns it, to freeze, inspect or kill it. It does not come back.
    pub fn take_idle(&self) -> Option<Environment> {
        self.inner.idle().pop()
    }

    /// Freezes every idle environment until its next event.
    pub async fn freeze_all(&self) {
        let environments = std::mem::take(&mut *self.inner.idle());
        for environment in environments {
            self.inner.freeze_and_keep(environment).await;
        }
    }
}

impl Inner {
    async fn run(self: Arc<Self>, event: Bytes) -> Result<Bytes, InvokeError> {
        let _permit = self.permits.acquire().await.map_err(|_| InvokeError::Closed)?;
        let result = match self.checkout().await {
            Ok(mut environment) => {
                let result = environment.invoke_raw(event).await;
                self.checkin(environment);
                result
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            self.output.push(&format!("lambda-emulator: {error}"));
        }
        result
    }

    async fn checkout(&self) -> Result<Environment, InvokeError> {
        loop {
            // Bound outside the condition: the guard must not live across the await below.
            let idle = self.idle().pop();
            let Some(mut environment) = idle else { return self.start().await };
            if environment.is_usable() {
                return Ok(environment);
            }
        }
    }

    fn checkin(self: &Arc<Self>, mut environment: Environment) {
        if !environment.is_usable() {
            return;
        }
        if self.options.freeze_idle {
            // Not before the reply: the process must first ask for its next event.
            let inner = Arc::clone(self);
            tokio::spawn(async move { inner.freeze_and_keep(environment).await });
        } else {
            self.idle().push(environment);
        }
    }

    async fn freeze_and_keep(&self, mut environment: Environment) {
        match environment.freeze().await {
            Ok(()) => self.idle().push(environment),
            Err(error) => self.output.push(&format!("lambda-emulator: cannot freeze: {error}")),
        }
    }

    async fn start(&self) -> Result<Environment, InvokeError> {
        self.cold_starts.fetch_add(1, Ordering::Relaxed);
        Environment::spawn_into(&self.options, self.output.clone()).await
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
