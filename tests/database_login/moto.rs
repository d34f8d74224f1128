//! moto as AWS Secrets Manager and S3, in a process of its own: the most real peer available without an account.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use http::Uri;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::python::environment;

/// A running moto. Ends when dropped.
pub(crate) struct Moto {
    pub(crate) url: String,
    http: reqwest::Client,
    _process: Child,
}

impl Moto {
    pub(crate) async fn start() -> Self {
        let python = tokio::task::spawn_blocking(|| {
            let requirements = concat!(env!("CARGO_MANIFEST_DIR"), "/database_login/requirements.txt");
            environment::python("moto", requirements, "moto, a stand-in for AWS (about 40 MB, once)")
        });
        let python = python.await.unwrap();
        // Free a moment ago; moto cannot choose one by itself.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1").env("HOME", "/nonexistent");
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let process = command.spawn().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a client from outside, not the product's own")]
        let http = reqwest::Client::new();
        let moto = Self { url: format!("http://127.0.0.1:{port}"), http, _process: process };
        for _ in 0..600 {
            if moto.http.get(&moto.url).send().await.is_ok() {
                return moto;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("moto does not answer");
    }

    pub(crate) fn uri(&self) -> Uri {
        self.url.parse().unwrap()
    }

    /// Creates a secret, or gives it another value.
    pub(crate) async fn put(&self, name: &str, value: &Value) {
        let created =
            self.call("CreateSecret", &json!({ "Name": name, "SecretString": value.to_string() })).await;
        if !created {
            let put = json!({ "SecretId": name, "SecretString": value.to_string() });
            assert!(self.call("PutSecretValue", &put).await);
        }
    }

    /// What S3 answers, as an administrator of it.
    pub(crate) async fn s3(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> reqwest::Response {
        let scope = "Credential=AKIATEST/20260302/us-east-1/s3/aws4_request";
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}/{path}", self.url))
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn call(&self, action: &str, body: &Value) -> bool {
        let scope = "Credential=AKIATEST/20260302/eu-central-1/secretsmanager/aws4_request";
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{action}"))
            .header("authorization", format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"))
            .body(body.to_string());
        request.send().await.unwrap().status().is_success()
    }
}
