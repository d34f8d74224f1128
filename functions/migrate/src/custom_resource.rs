//! Migrating as a CloudFormation custom resource, which a deployment waits for.
//!
//! CloudFormation invokes this function with a pre-signed URL for the answer, valid for this one use, and moves
//! no alias to new code before it gets `SUCCESS`. Every failure must therefore be answered too, or the
//! deployment hangs until it times out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Failure;

/// CloudFormation limits the whole answer to 4 KB.
const LONGEST_REASON: usize = 1000;

/// How often sending the answer is attempted, and how long one attempt may take.
const ATTEMPTS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(10);

/// The request of CloudFormation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Asked {
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
}

impl Asked {
    /// Parses an event; returns `None` if it is not from CloudFormation.
    pub(crate) fn read(event: &Value) -> Option<Self> {
        event.get("ResponseURL")?;
        Self::deserialize(event).ok()
    }

    /// Returns whether the stack is being deleted; if the database remains, it keeps its schema.
    pub(crate) fn is_delete(&self) -> bool {
        self.request_type == "Delete"
    }

    /// Sends the outcome to CloudFormation. If that fails, the error makes Lambda invoke the function again.
    pub(crate) async fn answer(&self, outcome: Result<&Value, &Failure>) -> Result<(), Failure> {
        let answer = self.render(outcome).to_string();
        let client = Client::builder(TokioExecutor::new()).build(connector()?);
        let mut problem = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(250 << attempt)).await;
            }
            // No content type: it is part of what was signed.
            let request = Request::put(&self.response_url).body(Full::new(Bytes::from(answer.clone())))?;
            match tokio::time::timeout(PATIENCE, client.request(request)).await {
                Ok(Ok(accepted)) if accepted.status().is_success() => return Ok(()),
                Ok(Ok(refused)) => problem = refused.status().to_string(),
                Ok(Err(error)) => problem = root_cause(&error),
                Err(_) => "no answer".clone_into(&mut problem),
            }
        }
        // Without the URL, which is a credential.
        Err(format!("CloudFormation could not be told what came of migrating: {problem}").into())
    }

    fn render(&self, outcome: Result<&Value, &Failure>) -> Value {
        let (status, reason, data) = match outcome {
            Ok(data) => ("SUCCESS", String::new(), data.clone()),
            Err(error) => ("FAILED", error.to_string(), json!({})),
        };
        json!({
            "Status": status,
            "Reason": reason.chars().take(LONGEST_REASON).collect::<String>(),
            // One schema per stack, so the resource is never replaced.
            "PhysicalResourceId": self.physical_resource_id.as_deref().unwrap_or("schema"),
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_resource_id,
            "Data": data,
        })
    }
}

type Connector = hyper_rustls::HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>;

fn connector() -> Result<Connector, Failure> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_root_certificates(roots).with_no_client_auth();
    // Emulators use plain HTTP; AWS always gives an https URL.
    Ok(HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build())
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
