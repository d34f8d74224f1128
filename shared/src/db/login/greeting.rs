//! The first part of PostgreSQL's protocol, implemented here over TLS: the startup message and the password, up to the
//! server's verdict. `tokio-postgres` takes over from there, as if it had been let in without being asked for a
//! password.
//!
//! Anything unknown here (another authentication method, an error) is passed on unchanged, so that `tokio-postgres`
//! handles it as usual. Source: "Message Flow" and "SASL Authentication" in PostgreSQL's documentation.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::future::{BoxFuture, Shared};
use postgres_protocol::message::frontend;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::passwords::Login;
use super::progress::{Progress, Stage};
use super::scram::{MECHANISM, Scram};

/// TLS asks the socket for 4 kB at a time, and PostgreSQL answers a search with dozens: one system call instead of three
/// for each record.
type Buffered = BufReader<Socket>;
type Tls = <MakeRustlsConnect as MakeTlsConnect<Buffered>>::Stream;
/// A password that is being fetched.
pub(super) type Fetching = Shared<BoxFuture<'static, Result<Option<Login>, String>>>;

/// The maximum length of a message before the login; errors are a few hundred bytes.
const LONGEST: usize = 64 * 1024;

/// How much is read from the socket at once: a few records as PostgreSQL sends them.
const READ: usize = 32 * 1024;

/// Codes of authentication messages.
const CLEARTEXT: i32 = 3;
const SASL: i32 = 10;
const SASL_CONTINUE: i32 = 11;
const SASL_FINAL: i32 = 12;

/// Sets up TLS and logs in, once.
pub(super) struct Greeter {
    tls: MakeRustlsConnect,
    startup: Startup,
    fetching: Fetching,
    progress: Progress,
}

/// The contents of the startup message, as `tokio-postgres` sends it.
struct Startup {
    user: String,
    rest: Vec<(&'static str, String)>,
}

impl Greeter {
    pub(super) fn new(
        tls: MakeRustlsConnect,
        parameters: &Config,
        fetching: Fetching,
        progress: Progress,
    ) -> Self {
        let optional = [
            ("database", parameters.get_dbname()),
            ("options", parameters.get_options()),
            ("application_name", parameters.get_application_name()),
        ];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned())));
        let rest = [("client_encoding", "UTF8".to_owned())].into_iter().chain(optional).collect();
        let user = parameters.get_user().unwrap_or_default().to_owned();
        Self { tls, startup: Startup { user, rest }, fetching, progress }
    }
}

impl MakeTlsConnect<Socket> for Greeter {
    type Stream = Greeted;
    type TlsConnect = Greeting;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Greeting, io::Error> {
        let tls = <MakeRustlsConnect as MakeTlsConnect<Buffered>>::make_tls_connect(&mut self.tls, domain);
        let tls = tls.map_err(|error| io::Error::other(error.to_string()))?;
        let startup = Startup { user: self.startup.user.clone(), rest: self.startup.rest.clone() };
        Ok(Greeting { tls, startup, fetching: self.fetching.clone(), progress: self.progress.clone() })
    }
}

/// One handshake.
pub(super) struct Greeting {
    tls: <MakeRustlsConnect as MakeTlsConnect<Buffered>>::TlsConnect,
    startup: Startup,
    fetching: Fetching,
    progress: Progress,
}

impl TlsConnect<Socket> for Greeting {
    type Stream = Greeted;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Greeted>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let mut tls = self.tls.connect(BufReader::with_capacity(READ, socket)).await?;
            // Passwords that stringprep (RFC 4013) might change, or a missing password, are left to tokio-postgres.
            match self.fetching.await.map_err(io::Error::other)? {
                Some(login) if login.is_plain() => {
                    let heard = log_in(&mut tls, &self.startup, &login, &self.progress).await?;
                    Ok(Greeted { tls, heard, unsaid: Unsaid::Length([0; 4], 0) })
                }
                _ => Ok(Greeted { tls, heard: Bytes::new(), unsaid: Unsaid::Nothing }),
            }
        })
    }
}

/// Logs in, until the login is accepted or something unknown arrives; returns what `tokio-postgres` is to read next.
async fn log_in(tls: &mut Tls, startup: &Startup, login: &Login, progress: &Progress) -> io::Result<Bytes> {
    let user = login.user.as_deref().unwrap_or(&startup.user);
    let parameters = startup.rest.iter().map(|(name, value)| (*name, value.as_str()));
    let mut message = BytesMut::new();
    frontend::startup_message([("user", user)].into_iter().chain(parameters), &mut message)?;
    tls.write_all(&message).await?;
    tls.flush().await?;

    let asked = read(tls).await?;
    let password = login.password.expose_secret().as_bytes();
    match asked.method() {
        Some(CLEARTEXT) => say(tls, |buffer| frontend::password_message(password, buffer)).await?,
        Some(SASL) if asked.offers(MECHANISM) => return scram(tls, password, progress).await,
        _ => return Ok(asked.0),
    }
    progress.reach(Stage::Asked);
    // The server's verdict, either way.
    Ok(read(tls).await?.0)
}

async fn scram(tls: &mut Tls, password: &[u8], progress: &Progress) -> io::Result<Bytes> {
    let scram = Scram::begin().map_err(io::Error::other)?;
    let first = scram.first();
    say(tls, |buffer| frontend::sasl_initial_response(MECHANISM, first.as_bytes(), buffer)).await?;
    progress.reach(Stage::Asked);
    let challenge = read(tls).await?;
    if challenge.method() != Some(SASL_CONTINUE) {
        return Ok(challenge.0);
    }
    let (answer, expected) = scram.answer(password, challenge.text()?).map_err(io::Error::other)?;
    say(tls, |buffer| frontend::sasl_response(answer.as_bytes(), buffer)).await?;
    let verdict = read(tls).await?;
    if verdict.method() != Some(SASL_FINAL) {
        return Ok(verdict.0);
    }
    expected.verify(verdict.text()?).map_err(io::Error::other)?;
    Ok(read(tls).await?.0)
}

async fn say(tls: &mut Tls, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> io::Result<()> {
    let mut message = BytesMut::new();
    write(&mut message)?;
    tls.write_all(&message).await?;
    tls.flush().await
}

/// A complete message from the server.
struct Message(Bytes);

async fn read(tls: &mut Tls) -> io::Result<Message> {
    let mut head = [0; 5];
    tls.read_exact(&mut head).await?;
    let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let length = usize::try_from(length).ok().filter(|length| (4..=LONGEST).contains(length));
    let length = length.ok_or_else(|| io::Error::other("the server does not speak PostgreSQL's protocol"))?;
    let mut message = vec![0; length + 1];
    message[..5].copy_from_slice(&head);
    tls.read_exact(&mut message[5..]).await?;
    Ok(Message(message.into()))
}

impl Message {
    /// The kind of an authentication message.
    fn method(&self) -> Option<i32> {
        let code = self.0.get(5..9)?;
        (self.0[0] == b'R').then(|| i32::from_be_bytes([code[0], code[1], code[2], code[3]]))
    }

    /// Whether this mechanism is among those listed.
    fn offers(&self, mechanism: &str) -> bool {
        self.0[9..].split(|&byte| byte == 0).any(|name| name == mechanism.as_bytes())
    }

    /// The SASL data in the message.
    fn text(&self) -> io::Result<&str> {
        std::str::from_utf8(&self.0[9..]).map_err(io::Error::other)
    }
}

/// A connection on which the startup message has already been sent.
pub(super) struct Greeted {
    tls: Tls,
    /// Bytes to be read before anything else from the server.
    heard: Bytes,
    unsaid: Unsaid,
}

/// How much of the startup message is still to be withheld from the server.
enum Unsaid {
    /// Its length field, of which this many bytes have arrived.
    Length([u8; 4], usize),
    /// This many bytes.
    Rest(usize),
    Nothing,
}

impl Unsaid {
    /// Returns how many of these bytes are withheld.
    fn swallow(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while let (Self::Length(length, got), Some(&byte)) = (&mut *self, bytes.get(taken)) {
            length[*got] = byte;
            (*got, taken) = (*got + 1, taken + 1);
            if *got == 4 {
                let rest = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(4).saturating_sub(4);
                *self = Self::Rest(rest);
            }
        }
        if let Self::Rest(rest) = self {
            let some = (bytes.len() - taken).min(*rest);
            (*rest, taken) = (*rest - some, taken + some);
            if *rest == 0 {
                *self = Self::Nothing;
            }
        }
        taken
    }
}

impl TlsStream for Greeted {
    fn channel_binding(&self) -> ChannelBinding {
        self.tls.channel_binding()
    }
}

impl AsyncRead for Greeted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.heard.is_empty() {
            return Pin::new(&mut self.tls).poll_read(context, buffer);
        }
        let some = self.heard.len().min(buffer.remaining());
        buffer.put_slice(&self.heard[..some]);
        self.heard.advance(some);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.unsaid.swallow(bytes) {
            0 => Pin::new(&mut self.tls).poll_write(context, bytes),
            withheld => Poll::Ready(Ok(withheld)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_startup_message_is_withheld_however_it_comes() {
        let mut message = BytesMut::new();
        frontend::startup_message([("user", "ada")], &mut message).unwrap();
        let (whole, next) = (message.len(), b"Q\0\0\0\x05\0");
        message.extend_from_slice(next);
        for piece in [1, 3, 5, 7, message.len()] {
            let mut unsaid = Unsaid::Length([0; 4], 0);
            let mut said = Vec::new();
            for bytes in message.chunks(piece) {
                said.extend_from_slice(&bytes[unsaid.swallow(bytes)..]);
            }
            assert_eq!(said, next, "of {whole} bytes in pieces of {piece}");
        }
        // Half of the length field withholds only what has arrived.
        assert_eq!(Unsaid::Length([0; 4], 0).swallow(&[0, 0]), 2);
    }
}
