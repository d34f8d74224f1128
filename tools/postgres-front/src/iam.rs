//! Logins by RDS IAM token: the client sends a signed URL as its password, in clear text under TLS; the front logs in
//! to PostgreSQL with the role's real password.
//!
//! The signature is computed here from its specification ("Create a signed AWS API request" in the IAM user guide),
//! not with the crate that clients use, so that a mistake in one is not hidden by the other.

use std::collections::BTreeMap;
use std::io;

use bytes::{BufMut as _, BytesMut};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::state::State;

/// The characters that are not encoded in a canonical query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whose tokens are accepted, and the password that replaces them.
#[derive(Clone, Debug)]
pub struct Iam {
    /// The `AWS_ACCESS_KEY_ID` that may log in.
    pub access_key: String,
    /// The `AWS_SECRET_ACCESS_KEY` that belongs to it.
    pub secret_key: String,
    /// The database's region.
    pub region: String,
    /// The role's password in the upstream PostgreSQL.
    pub password: String,
}

/// The same for one endpoint: the host and port that clients use.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    iam: Iam,
    endpoint: String,
}

impl Iam {
    pub(crate) fn at(self, endpoint: String) -> Door {
        Door { iam: self, endpoint }
    }
}

impl Door {
    /// Performs the login; returns whether the token was valid.
    pub(crate) async fn log_in<C, S>(&self, client: &mut C, server: &mut S, state: &State) -> io::Result<bool>
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let startup = startup(client).await?;
        // AuthenticationCleartextPassword
        client.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).await?;
        client.flush().await?;
        let (_, token) = message(client).await?;
        let token = String::from_utf8_lossy(&token).trim_end_matches('\0').to_owned();
        let user = parameter(&startup, "user").unwrap_or_default();
        if let Err(problem) = self.judge(&token, &user, state.later_by()) {
            state.refused_token();
            refuse(client, &format!("PAM authentication failed for user \"{user}\": {problem}")).await?;
            return Ok(false);
        }
        server.write_all(&startup).await?;
        self.let_in(server).await?;
        // AuthenticationOk; what follows comes from PostgreSQL itself.
        client.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 0]).await?;
        client.flush().await?;
        Ok(true)
    }

    /// Logs in to the upstream server with SCRAM.
    async fn let_in<S: AsyncRead + AsyncWrite + Unpin>(&self, server: &mut S) -> io::Result<()> {
        let (_, asked) = message(server).await?;
        if !asked.starts_with(&10_i32.to_be_bytes()) {
            return Err(io::Error::other("PostgreSQL does not ask for SCRAM"));
        }
        let mut scram = ScramSha256::new(self.iam.password.as_bytes(), ChannelBinding::unsupported());
        let mut buffer = BytesMut::new();
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut buffer)?;
        server.write_all(&buffer).await?;
        scram.update(&message(server).await?.1[4..])?;
        buffer.clear();
        frontend::sasl_response(scram.message(), &mut buffer)?;
        server.write_all(&buffer).await?;
        scram.finish(&message(server).await?.1[4..])?;
        message(server).await.map(drop)
    }

    /// Checks a token: it must be for this database and user, signed with this key, and not expired.
    fn judge(&self, token: &str, user: &str, later_by: i64) -> Result<(), String> {
        let rest = token.strip_prefix(&self.endpoint).ok_or("for another endpoint")?;
        let query = rest.strip_prefix("/?").ok_or("no token")?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut parameters: BTreeMap<String, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(n, v)| (decode(n), decode(v)))
            .collect();
        let signature = parameters.remove("X-Amz-Signature").ok_or("not signed")?;
        let get = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
        if get("Action") != "connect" || get("DBUser") != user {
            return Err("for another user".to_owned());
        }
        let date = get("X-Amz-Date");
        let scope = format!("{}/{}/rds-db/aws4_request", date.get(..8).unwrap_or_default(), self.iam.region);
        if get("X-Amz-Credential") != format!("{}/{scope}", self.iam.access_key) {
            return Err("of another key or for another region".to_owned());
        }
        let at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ").map_err(|error| error.to_string())?;
        let lifetime = get("X-Amz-Expires").parse().ok().filter(|seconds| (1..=900).contains(seconds));
        let expires = at.and_utc() + TimeDelta::seconds(lifetime.ok_or("without an end")?);
        #[allow(clippy::disallowed_methods, reason = "a tool: no Clock of the product's")]
        if Utc::now() + TimeDelta::seconds(later_by) > expires {
            return Err("expired".to_owned());
        }
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let query: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = format!(
            "GET\n/\n{}\nhost:{}\n\nhost\n{}",
            query.join("&"),
            self.endpoint,
            hex(&Sha256::digest(b""))
        );
        let message = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let mut key = format!("AWS4{}", self.iam.secret_key).into_bytes();
        for part in [&date[..8], &self.iam.region, "rds-db", "aws4_request"] {
            key = sign(&key, part.as_bytes())?;
        }
        if hex(&sign(&key, message.as_bytes())?) == signature {
            Ok(())
        } else {
            Err("wrongly signed".to_owned())
        }
    }
}

fn sign(key: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a complete startup message.
async fn startup<C: AsyncRead + Unpin>(client: &mut C) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length).await?;
    let size = usize::try_from(i32::from_be_bytes(length)).unwrap_or(0).clamp(4, 10_000);
    let mut whole = vec![0; size];
    whole[..4].copy_from_slice(&length);
    client.read_exact(&mut whole[4..]).await?;
    Ok(whole)
}

/// Returns a parameter of a startup message.
fn parameter(startup: &[u8], name: &str) -> Option<String> {
    let mut texts =
        startup.get(8..)?.split(|&byte| byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    std::iter::from_fn(|| Some((texts.next()?, texts.next()?)))
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

/// Reads the next message: its type and its body.
async fn message<C: AsyncRead + Unpin>(client: &mut C) -> io::Result<(u8, Vec<u8>)> {
    let kind = client.read_u8().await?;
    let length = usize::try_from(client.read_i32().await?).unwrap_or(0).clamp(4, 1 << 20);
    let mut body = vec![0; length - 4];
    client.read_exact(&mut body).await?;
    Ok((kind, body))
}

/// Sends an `ErrorResponse`: FATAL, 28000.
async fn refuse<C: AsyncWrite + Unpin>(client: &mut C, problem: &str) -> io::Result<()> {
    let fields = format!("SFATAL\0VFATAL\0C28000\0M{problem}\0\0");
    let mut message = BytesMut::new();
    message.put_u8(b'E');
    message.put_i32(i32::try_from(fields.len() + 4).unwrap_or(i32::MAX));
    message.put_slice(fields.as_bytes());
    client.write_all(&message).await?;
    client.flush().await
}
