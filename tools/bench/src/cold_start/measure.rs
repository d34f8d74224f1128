//! Starts one function again and again and sends it requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use lambda_emulator::Environment;

use super::door::{Door, Login};
use super::quota::Quota;
use super::request::Work;
use super::stage::Subject;
use super::{Phases, Row, Throttled};
use crate::statistics::{Samples, milliseconds, rounded};

/// Requests before a warm measurement: they prepare statements and fill caches.
const WARM_UP: usize = 40;

/// A pause after each cold start, in which the killed process and its database session disappear.
const PAUSE: Duration = Duration::from_millis(30);

/// A function and its measurements so far.
pub(super) struct Measured {
    subject: Subject,
    ready: Samples,
    first: Samples,
    cpu_ready: Samples,
    cpu_first: Samples,
    rss: Samples,
    /// By memory size: first answers and warm ones.
    throttled: BTreeMap<u64, [Samples; 2]>,
    /// Start, TLS, login, answer.
    phases: [Samples; 4],
    warm: Samples,
    warm_cpu: Duration,
    warm_cpu_each: Samples,
}

impl Measured {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            ready: Samples::default(),
            first: Samples::default(),
            cpu_ready: Samples::default(),
            cpu_first: Samples::default(),
            rss: Samples::default(),
            throttled: BTreeMap::new(),
            phases: Default::default(),
            warm: Samples::default(),
            warm_cpu: Duration::ZERO,
            warm_cpu_each: Samples::default(),
        }
    }

    /// Starts it, waits for its first answer and kills it.
    pub(super) async fn start_cold(&mut self, door: &Door, counts: bool) -> Result<()> {
        let mut environment = Environment::spawn(&self.subject.options).await?;
        self.ask(&mut environment, 0).await?;
        let timings = environment.timings();
        let rss = environment.peak_resident_bytes();
        drop(environment);
        tokio::time::sleep(PAUSE).await;
        if !counts {
            return Ok(());
        }
        let missing = || format!("{}: the kernel did not say everything", self.subject.function.title());
        self.ready.push(milliseconds(timings.init().with_context(missing)?));
        self.first.push(milliseconds(timings.cold_start().with_context(missing)?));
        self.cpu_ready.push(milliseconds(timings.ready_cpu.with_context(missing)?));
        self.cpu_first.push(milliseconds(timings.first_answer_cpu.with_context(missing)?));
        #[allow(clippy::cast_precision_loss, reason = "no process is that large")]
        self.rss.push(rss.with_context(missing)? as f64 / 1e6);
        let login = if self.subject.uses_own_login() { door.login } else { Login::Password };
        if let (Some(connection), Some(ready_at), Some(answered_at)) =
            (door.front(login).last_connection(), timings.ready_at, timings.first_answer_at)
            // A connection of this start, made before it was ready.
            && (timings.spawned_at..=ready_at).contains(&connection.encrypted_at)
        {
            let moments =
                [timings.spawned_at, connection.accepted_at, connection.encrypted_at, ready_at, answered_at];
            for (samples, between) in self.phases.iter_mut().zip(moments.windows(2)) {
                samples.push(milliseconds(between[1] - between[0]));
            }
        }
        Ok(())
    }

    /// Like [`Self::start_cold`], with a quota of processor time.
    pub(super) async fn start_throttled(&mut self, memory: u64, quota: &Quota) -> Result<()> {
        let options = self.subject.options.clone().control_group(quota.directory());
        let mut environment = Environment::spawn(&options).await?;
        self.ask(&mut environment, 0).await?;
        let first = environment.timings().cold_start().context("there was no first answer")?;
        self.throttled.entry(memory).or_default()[0].push(milliseconds(first));
        drop(environment);
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    /// Sends one process this many requests under a quota, with pauses in which the quota recovers.
    pub(super) async fn stay_warm_throttled(
        &mut self,
        memory: u64,
        quota: &Quota,
        requests: u32,
    ) -> Result<()> {
        let mut environment = Environment::spawn(&self.subject.options).await?;
        for number in 0..WARM_UP {
            self.ask(&mut environment, number).await?;
        }
        quota.enter(environment.pid()).context("putting a process under a quota")?;
        for number in 0..requests as usize {
            tokio::time::sleep(PAUSE).await;
            let took = self.ask(&mut environment, number).await?;
            self.throttled.entry(memory).or_default()[1].push(milliseconds(took));
        }
        Ok(())
    }

    /// Sends one process this many requests.
    pub(super) async fn stay_warm(&mut self, requests: u32) -> Result<()> {
        let mut environment = Environment::spawn(&self.subject.options).await?;
        for number in 0..WARM_UP {
            self.ask(&mut environment, number).await?;
        }
        let cpu = |environment: &Environment| environment.cpu_time().context("the process is gone");
        let before = cpu(&environment)?;
        let mut last = before;
        for number in 0..requests as usize {
            let took = self.ask(&mut environment, number).await?;
            self.warm.push(milliseconds(took));
            let now = cpu(&environment)?;
            self.warm_cpu_each.push(milliseconds(now - last));
            last = now;
        }
        self.warm_cpu = (last - before) / requests;
        Ok(())
    }

    /// Sends one request and returns how long its answer took.
    async fn ask(&self, environment: &mut Environment, number: usize) -> Result<Duration> {
        let asked = &self.subject.asked;
        let Some(work) = asked.requests.get(number % asked.requests.len()) else {
            bail!("{} is asked nothing", self.subject.function.name);
        };
        let started = Instant::now();
        let result = match work {
            Work::Http(request) => environment.invoke(request).await.map(http::Response::into_body),
            Work::Event(event) => environment.invoke_raw(event.clone()).await,
        };
        let took = started.elapsed();
        let result = result.map_err(anyhow::Error::from).and_then(|answer| asked.check(&answer));
        result.map(|()| took).with_context(|| {
            format!("{} failed; it printed:\n{}", self.subject.function.title(), environment.output().text())
        })
    }

    pub(super) fn row(&self) -> Row {
        let Subject { function, asked, .. } = &self.subject;
        Row {
            name: function.name.clone(),
            build: function.build.clone(),
            request: asked.title,
            zip_bytes: function.zip_bytes,
            bootstrap_bytes: function.bootstrap_bytes,
            starts: self.first.len(),
            ready_ms: self.ready.spread(),
            first_ms: self.first.spread(),
            cpu_ready_ms: self.cpu_ready.spread(),
            cpu_first_ms: self.cpu_first.spread(),
            under_quota: self
                .throttled
                .iter()
                .map(|(&memory_mb, [first, warm])| Throttled {
                    memory_mb,
                    first_ms: first.spread(),
                    warm_ms: warm.percentiles(),
                })
                .collect(),
            phases_ms: (self.phases[0].len() > 0).then(|| {
                let [start, tls, login, answer] =
                    self.phases.each_ref().map(|samples| samples.spread().median);
                Phases { start, tls, login, answer }
            }),
            first_of_hello_connect: None,
            cpu_first_of_hello: None,
            rss_mb: rounded(self.rss.spread().median, 2),
            warm_ms: self.warm.percentiles(),
            warm_cpu_ms: milliseconds(self.warm_cpu),
            warm_cpu_each_ms: self.warm_cpu_each.percentiles(),
        }
    }
}
