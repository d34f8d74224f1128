//! The clients: each has one connection and sends its next request when the last is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Request;
use tokio::sync::Mutex;

use crate::client::{Client, succeeded};
use crate::statistics::{Samples, milliseconds};

/// Clients with open connections. Clones refer to the same clients.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<[Mutex<Client>]>);

impl Crowd {
    /// Connects this many clients with this key.
    pub(crate) async fn gather(address: SocketAddr, api_key: &str, clients: u16) -> Result<Self> {
        let connect = async || {
            let mut client = Client::connect(address).await?;
            client.authorize(api_key);
            anyhow::Ok(Mutex::new(client))
        };
        Ok(Self(try_join_all((0..clients).map(|_| connect())).await?.into()))
    }
}

/// Sends every request once and returns in milliseconds how long each answer took. Fails unless every answer contains
/// `expected`, because refusals are quick.
pub(crate) async fn drive(
    crowd: &Crowd,
    requests: impl IntoIterator<Item = Request<Bytes>>,
    expected: &str,
) -> Result<Samples> {
    let requests = std::cell::RefCell::new(requests.into_iter());
    let each = crowd.0.iter().map(async |client| {
        let mut client = client.lock().await;
        let mut samples = Samples::default();
        loop {
            // Whichever client is free takes the next one.
            let Some(request) = requests.borrow_mut().next() else { break };
            let path = request.uri().path().to_owned();
            let started = Instant::now();
            let answer = client.send(request).await.with_context(|| format!("asking {path}"))?;
            samples.push(milliseconds(started.elapsed()));
            succeeded(&path, &answer)?;
            let body = String::from_utf8_lossy(answer.body());
            ensure!(body.contains(expected), "{path} answered without {expected}: {body}");
        }
        anyhow::Ok(samples)
    });
    let mut all = Samples::default();
    for samples in try_join_all(each).await? {
        all.append(samples);
    }
    Ok(all)
}
