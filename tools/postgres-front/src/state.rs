//! The current behaviour of a front.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

/// What happens to the connections of one generation: all that were open at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Flows,
    Silent,
    Cut,
}

/// When the steps of a TLS connection happened.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// TCP was accepted.
    pub accepted_at: Instant,
    /// The TLS handshake was complete.
    pub encrypted_at: Instant,
}

#[derive(Debug)]
pub(crate) struct State {
    upstream: Mutex<SocketAddr>,
    fate: Mutex<watch::Sender<Fate>>,
    refuses: AtomicBool,
    later_by: AtomicI64,
    connections: AtomicUsize,
    refused_tokens: AtomicUsize,
    last: Mutex<Option<Timing>>,
}

impl State {
    pub(crate) fn new(upstream: SocketAddr) -> Self {
        Self {
            upstream: Mutex::new(upstream),
            fate: Mutex::new(watch::Sender::new(Fate::Flows)),
            refuses: AtomicBool::new(false),
            later_by: AtomicI64::new(0),
            connections: AtomicUsize::new(0),
            refused_tokens: AtomicUsize::new(0),
            last: Mutex::default(),
        }
    }

    pub(crate) fn upstream(&self) -> SocketAddr {
        *self.upstream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lead_to(&self, upstream: SocketAddr) {
        *self.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    pub(crate) fn fate(&self) -> watch::Receiver<Fate> {
        self.fate.lock().unwrap_or_else(PoisonError::into_inner).subscribe()
    }

    /// Decides the fate of open connections; later ones are forwarded normally.
    fn decide(&self, fate: Fate) {
        let mut sender = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        sender.send_replace(fate);
        *sender = watch::Sender::new(Fate::Flows);
    }

    pub(crate) fn silence(&self) {
        self.decide(Fate::Silent);
    }

    pub(crate) fn cut(&self) {
        self.decide(Fate::Cut);
    }

    pub(crate) fn refuse(&self, refuse: bool) {
        self.refuses.store(refuse, Ordering::SeqCst);
    }

    pub(crate) fn refuses(&self) -> bool {
        self.refuses.load(Ordering::SeqCst)
    }

    pub(crate) fn judge_tokens_later_by(&self, seconds: i64) {
        self.later_by.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn later_by(&self) -> i64 {
        self.later_by.load(Ordering::SeqCst)
    }

    pub(crate) fn encrypted(&self, timing: Timing) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(timing);
    }

    pub(crate) fn last(&self) -> Option<Timing> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn refused_token(&self) {
        self.refused_tokens.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn refused_tokens(&self) -> usize {
        self.refused_tokens.load(Ordering::SeqCst)
    }
}
