//! A server that answers as ours never would, and records the requests it got.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

/// One that runs.
pub(super) struct Peer {
    pub(super) url: String,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    /// Starts one with the same answer for everybody.
    pub(super) async fn answering(status: u16, kind: &'static str, body: &'static str) -> Self {
        Self::with(move || {
            Response::builder().status(status).header(CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
        })
        .await
    }

    pub(super) async fn with(answer: impl Fn() -> Response<Body> + Clone + Send + Sync + 'static) -> Self {
        let shown = Arc::<Mutex<Vec<String>>>::default();
        let keep = Arc::clone(&shown);
        let router = Router::new().fallback(move |request: Request| {
            let credential = request.headers().get(AUTHORIZATION).map(|it| it.to_str().unwrap().to_owned());
            keep.lock().unwrap().push(credential.unwrap_or_default());
            std::future::ready(answer())
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shown }
    }

    /// The credentials of the requests since the last time, in their order; empty for none.
    pub(super) fn shown(&self) -> Vec<String> {
        std::mem::take(&mut self.shown.lock().unwrap())
    }
}
