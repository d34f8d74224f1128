//! Reading a document from a URL that a stranger gave: only over https, only from public addresses, only in a single
//! response without redirects, and within limits on size and time. Otherwise this server could be used to reach
//! whatever is near it (server-side request forgery).

mod reach;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

use crate::config::PublicConfig;
use crate::telemetry;
use reach::{PublicOnly, Reach};

/// The maximum size of a document: a few keys, or an application's name and addresses.
const MAX_BYTES: usize = 64 * 1024;
/// The timeout from resolving the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads documents. Cheap to clone, and keeps no connection open: documents are read rarely.
#[derive(Debug, Clone)]
pub struct Fetcher {
    reach: Reach,
}

impl Fetcher {
    /// Creates a fetcher as this installation is configured.
    #[must_use]
    pub fn new(public: &PublicConfig) -> Self {
        Self { reach: if public.reads_documents { Reach::Public } else { Reach::Nowhere } }
    }

    /// A fetcher that reads nothing, for programs that nobody signs in to.
    #[must_use]
    pub fn reading_nothing() -> Self {
        Self { reach: Reach::Nowhere }
    }

    /// A fetcher that reads public documents, as most installations do.
    #[cfg(test)]
    pub(super) fn reading_public() -> Self {
        Self { reach: Reach::Public }
    }

    /// A fetcher that may also read from this machine, over http: for tests, which have no public address.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn reaching_loopback() -> Self {
        Self { reach: Reach::Loopback }
    }

    /// Whether anything is read at all.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.reach != Reach::Nowhere
    }

    pub(super) fn reaches_loopback(&self) -> bool {
        self.reach == Reach::Loopback
    }

    /// Checks that a URL may be read, as far as that can be told without resolving it.
    pub(super) fn check(&self, address: &str) -> Result<Uri, String> {
        let uri: Uri = address.parse().map_err(|_| "this is no address".to_owned())?;
        self.reach.check(&uri)?;
        Ok(uri)
    }

    /// Reads the JSON document at a URL, or returns why it cannot be read, which is also logged.
    pub(super) async fn get(&self, address: &str) -> Result<Bytes, String> {
        let uri = self.check(address)?;
        let read = tokio::time::timeout(PATIENCE, self.read(uri)).await.unwrap_or_else(|_| {
            Err(Unread::Unreached { cause: format!("no answer within {} s", PATIENCE.as_secs()) })
        });
        read.map_err(|unread| {
            unread.log(address);
            unread.told()
        })
    }

    async fn read(&self, uri: Uri) -> Result<Bytes, Unread> {
        let mut tcp = HttpConnector::new_with_resolver(PublicOnly(self.reach));
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(PATIENCE));
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls()?);
        let connector = match self.reach {
            Reach::Public | Reach::Nowhere => builder.https_only().enable_http1().wrap_connector(tcp),
            Reach::Loopback => builder.https_or_http().enable_http1().wrap_connector(tcp),
        };
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        let request = Request::get(uri)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("mem0-enterprise/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new());
        let request = request.map_err(|error| error.to_string())?;
        let answer =
            client.request(request).await.map_err(|error| Unread::Unreached { cause: innermost(&error) })?;
        let (head, body) = answer.into_parts();
        // A redirect leads away from the address that was checked, so it is not followed.
        if head.status != http::StatusCode::OK {
            return Err(format!("it answered {}", head.status.as_u16()).into());
        }
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            return Err("it is not application/json".to_owned().into());
        }
        let body = Limited::new(body, MAX_BYTES).collect().await;
        body.map(|body| body.to_bytes())
            .map_err(|_| format!("it broke off, or has more than {MAX_BYTES} bytes").into())
    }
}

/// Why a document was not read.
#[derive(Debug)]
enum Unread {
    /// Nothing answered that may be asked, or not in time.
    Unreached { cause: String },
    /// What answered was no document.
    Unusable(String),
}

impl From<String> for Unread {
    fn from(problem: String) -> Self {
        Self::Unusable(problem)
    }
}

impl Unread {
    /// What those are told who gave the URL. They must learn nothing about what is near this server, not even which names
    /// resolve here.
    fn told(self) -> String {
        match self {
            Self::Unreached { .. } => {
                "nothing that is public answers at this address, or this installation has no access \
                                       to the Internet"
                    .to_owned()
            }
            Self::Unusable(problem) => problem,
        }
    }

    fn log(&self, address: &str) {
        let request = telemetry::request_id().map(|id| id.to_string());
        match self {
            Self::Unreached { cause } => tracing::warn!(
                request.id = request,
                address,
                cause,
                "a document could not be read; if this installation has no access to the Internet, set \
                 MEM0_READ_DOCUMENTS=off"
            ),
            Self::Unusable(cause) => {
                tracing::warn!(request.id = request, address, cause, "a document could not be read");
            }
        }
    }
}

fn tls() -> Result<ClientConfig, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

/// The innermost cause says the most to operators.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Mutex;

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn operators_are_told_what_could_not_be_read_and_what_to_set() {
        let (log, address) = (Log::default(), "https://nobody.invalid/client.json");
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let _default = tracing::subscriber::set_default(subscriber);
        let told = Fetcher::reading_public().get(address).await.unwrap_err();
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for part in ["WARN", address, "cause", "set MEM0_READ_DOCUMENTS=off"] {
            assert!(logged.contains(part), "{part}: {logged}");
        }
        // Strangers are not told the cause.
        assert!(told.starts_with("nothing that is public answers") && !told.contains("nobody"), "{told}");
    }
}
