//! Requests that lost a race against another change of the same rows are retried from the beginning: PostgreSQL aborts
//! one of two transactions that wait for each other, and refuses a row that references something just deleted.
//!
//! An aborted transaction has changed nothing, so this does what a client would do when told to retry, only sooner. The
//! credential is checked again, too: anything revoked in the meantime no longer applies.
//!
//! If a request was refused before its body was read, the rest of the body is read if it is short (64 KiB), up to 1 MiB
//! if the credential was refused, or up to 16 MiB if it was refused for its length. Otherwise the connection would close
//! before the client has read the response, or under the next request that it sends. Many clients read no response after
//! a failed write, and would not learn that their token has expired.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;

use crate::{random, telemetry};

/// The maximum number of attempts per request.
const ATTEMPTS: u32 = 4;

/// The maximum pause before the second attempt, doubled before each further one.
const PAUSE: Duration = Duration::from_millis(20);

/// Answers a request, retrying if necessary. Also returns what is left of its body.
pub(super) async fn run(next: &Next, request: Request, arrival: &Arrival) -> (Response, Rest) {
    let (parts, body) = request.into_parts();
    let tape = Tape::new(body, arrival.clone());
    let mut attempt = 1;
    loop {
        let request = Request::from_parts(parts.clone(), tape.play());
        let response = next.clone().run(request).await;
        // Not determined by the status: MCP reports failures in its own responses.
        if !telemetry::take_lost_race() || attempt == ATTEMPTS {
            let winding = Winding::after(response.status());
            return (response, Rest(tape, winding));
        }
        telemetry::forget_failure();
        telemetry::forget_refusal();
        tokio::time::sleep(pause(attempt)).await;
        attempt += 1;
    }
}

/// Returns a random pause, so that two requests that collided do not collide again.
fn pause(attempt: u32) -> Duration {
    let longest = PAUSE * 2_u32.pow(attempt - 1);
    let share = random::bytes::<1>().map_or(255, |[byte]| byte);
    longest * (u32::from(share) + 1) / 256
}

/// What is left of the body of a request that was answered.
pub(super) struct Rest(Tape, Winding);

impl Rest {
    /// Reads it if it is not too much. After the time limit of the request, which the answer has kept.
    pub(super) async fn read(self) {
        let Self(tape, winding) = self;
        tape.wind(winding).await;
    }
}

/// Whether a request waits for more of its body; all clones share it.
#[derive(Clone, Default)]
pub(super) struct Arrival(Arc<AtomicBool>);

impl Arrival {
    /// Whether the client owes the next part.
    pub(super) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The limits for reading a body only for the sake of the connection.
const SHORT: Winding = Winding { bytes: 64 * 1024, time: Duration::from_secs(1), chunked: false };

/// The same for a body that came with a refused credential. Messages of MCP are no longer.
const REFUSED: Winding = Winding { bytes: 1024 * 1024, time: Duration::from_secs(10), chunked: true };

/// The same for a body that was too long: it is already on its way.
const LONG: Winding = Winding { bytes: 16 * 1024 * 1024, time: Duration::from_secs(10), chunked: true };

/// How much of an unread body is drained.
struct Winding {
    bytes: u64,
    time: Duration,
    /// Whether this includes bodies whose length is not known.
    chunked: bool,
}

impl Winding {
    fn after(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => REFUSED,
            StatusCode::PAYLOAD_TOO_LARGE => LONG,
            _ => SHORT,
        }
    }
}

/// A body that can be replayed: whatever was read of it is kept.
struct Tape(Arc<Mutex<Recording>>);

struct Recording {
    read: Vec<Bytes>,
    /// What has not been read yet; `None` at the end.
    rest: Option<BodyDataStream>,
    /// The length of the body, if the client declared it.
    length: Option<u64>,
    arrival: Arrival,
}

impl Tape {
    fn new(body: Body, arrival: Arrival) -> Self {
        let length = body.size_hint().exact();
        let rest = (!body.is_end_stream()).then(|| body.into_data_stream());
        Self(Arc::new(Mutex::new(Recording { read: Vec::new(), rest, length, arrival })))
    }

    /// Reads what is left of the body, if it is not too much.
    async fn wind(self, Winding { bytes, time, chunked }: Winding) {
        let rest = {
            let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = recording.length.map_or(chunked, |length| length <= bytes);
            // It will not be replayed.
            recording.read.clear();
            if fits { recording.rest.take() } else { None }
        };
        let Some(mut rest) = rest else { return };
        let end = async {
            let mut read = 0;
            while let Some(Ok(more)) = rest.next().await {
                read += more.len() as u64;
                if read > bytes {
                    break;
                }
            }
        };
        // A client that takes longer loses the connection.
        let _ = tokio::time::timeout(time, end).await;
    }

    /// Returns the body from its beginning.
    fn play(&self) -> Body {
        let recording = Arc::clone(&self.0);
        if recording.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Body::empty();
        }
        let mut position = 0;
        Body::from_stream(stream::poll_fn(move |context| {
            let mut recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = recording.read.get(position) {
                position += 1;
                return Poll::Ready(Some(Ok(known.clone())));
            }
            let Some(rest) = &mut recording.rest else { return Poll::Ready(None) };
            let next = rest.poll_next_unpin(context);
            recording.arrival.0.store(next.is_pending(), Ordering::Relaxed);
            match ready!(next) {
                Some(Ok(bytes)) => {
                    recording.read.push(bytes.clone());
                    position += 1;
                    Poll::Ready(Some(Ok(bytes)))
                }
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                None => {
                    recording.rest = None;
                    Poll::Ready(None)
                }
            }
        }))
    }
}

impl Recording {
    fn is_empty(&self) -> bool {
        self.read.is_empty() && self.rest.is_none()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_is_read_again_from_its_beginning_however_far_it_was_read() {
        let parts = ["one ", "two ", "three"].map(|part| Ok::<_, std::io::Error>(Bytes::from(part)));
        let tape = Tape::new(Body::from_stream(stream::iter(parts)), Arrival::default());
        let mut first = tape.play();
        assert_eq!(first.frame().await.unwrap().unwrap().into_data().unwrap(), "one ");
        for _ in 0..2 {
            assert_eq!(tape.play().collect().await.unwrap().to_bytes(), "one two three");
        }
        assert!(Tape::new(Body::empty(), Arrival::default()).play().is_end_stream());
    }

    #[tokio::test]
    async fn what_is_left_of_a_short_body_is_read_and_a_long_one_is_not() {
        let [short, refused, long] = [SHORT, REFUSED, LONG].map(|winding| winding.bytes as usize);
        for (length, status, read) in [
            (2, 400, true),
            (short + 1, 400, false),
            (short + 1, 401, true),
            (refused, 403, true),
            (refused + 1, 401, false),
            (refused + 1, 413, true),
            (long, 413, true),
            (long + 1, 413, false),
        ] {
            let tape = Tape::new(Body::from(vec![b'x'; length]), Arrival::default());
            let recording = Arc::clone(&tape.0);
            tape.wind(Winding::after(StatusCode::from_u16(status).unwrap())).await;
            assert_eq!(recording.lock().unwrap().rest.is_none(), read, "{length} {status}");
        }
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_read_only_so_far() {
        let sent = Arc::new(Mutex::new(0));
        let count = Arc::clone(&sent);
        let parts = stream::iter(0..100).map(move |_| {
            *count.lock().unwrap() += 1;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1024 * 1024]))
        });
        Tape::new(Body::from_stream(parts), Arrival::default()).wind(LONG).await;
        assert_eq!(*sent.lock().unwrap(), 17);
    }

    #[tokio::test]
    async fn it_is_known_who_waits_for_whom() {
        let arrival = Arrival::default();
        let part = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
        let tape = Tape::new(Body::from_stream(part.chain(stream::pending())), arrival.clone());
        let mut body = tape.play();
        body.frame().await.unwrap().unwrap();
        assert!(!arrival.is_awaited());
        assert!(tokio::time::timeout(Duration::from_millis(1), body.frame()).await.is_err());
        assert!(arrival.is_awaited());
    }

    #[test]
    fn pauses_grow_and_never_exceed_their_bound() {
        for attempt in 1..ATTEMPTS {
            assert!(pause(attempt) <= PAUSE * 2_u32.pow(attempt - 1));
        }
    }
}
