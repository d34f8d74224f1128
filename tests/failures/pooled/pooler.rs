//! A session pooler with a single session: what PgBouncer does with `pool_mode = session`, for one client at a time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// `AuthenticationOk`, the client encoding, and `ReadyForQuery`.
const WELCOME: &[u8] = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x19client_encoding\0UTF8\0Z\0\0\0\x05I";

/// A pooler that is listening, in front of a PostgreSQL.
pub(super) struct Pooler {
    address: SocketAddr,
    /// How many clients have left and were cleaned up after.
    left: watch::Receiver<usize>,
    sessions: Arc<AtomicUsize>,
    prepared: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl Pooler {
    /// Listens on a free port. The first client logs in to PostgreSQL by itself; to later ones the pooler gives the same
    /// session, after this reset.
    pub(super) async fn start(postgres: SocketAddr, reset: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, left) = watch::channel(0);
        let sessions = Arc::new(AtomicUsize::new(0));
        let opened = Arc::clone(&sessions);
        let prepared = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&prepared);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut kept: Option<TcpStream> = None;
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let served = match kept.take() {
                    Some(server) => serve(client, server, true, &seen).await,
                    None => {
                        opened.fetch_add(1, Ordering::Relaxed);
                        serve(client, TcpStream::connect(postgres).await.unwrap(), false, &seen).await
                    }
                };
                let mut server = served.unwrap();
                clean(&mut server, &reset).await.unwrap();
                kept = Some(server);
                sender.send_modify(|left| *left += 1);
            }
        });
        Self { address, left, sessions, prepared, _tasks: tasks }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many sessions PostgreSQL had to start.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// The names of all statements that were prepared so far, in order.
    pub(super) fn prepared(&self) -> Vec<String> {
        self.prepared.lock().unwrap().clone()
    }

    /// Waits until so many clients have left.
    pub(super) async fn until_left(&self, clients: usize) {
        self.left.clone().wait_for(|left| *left >= clients).await.unwrap();
    }
}

/// Serves a client until it leaves; returns the session.
async fn serve(
    client: TcpStream,
    server: TcpStream,
    kept: bool,
    prepared: &Mutex<Vec<String>>,
) -> io::Result<TcpStream> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let startup = message(&mut from_client, 0).await?;
    if kept {
        to_client.write_all(WELCOME).await?;
    } else {
        to_server.write_all(&startup).await?;
    }
    {
        let answers = tokio::io::copy(&mut from_server, &mut to_client);
        let requests = async {
            loop {
                match message(&mut from_client, 1).await {
                    // Terminate is for the session, which is kept.
                    Ok(request) if request[0] != b'X' => {
                        prepared.lock().unwrap().extend(name(&request));
                        to_server.write_all(&request).await?;
                    }
                    Ok(_) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        };
        tokio::select! {
            ended = answers => return Err(io::Error::other(format!("PostgreSQL ended the session: {ended:?}"))),
            ended = requests => ended?,
        }
    }
    from_server.reunite(to_server).map_err(io::Error::other)
}

/// The name of the statement that a message prepares, which is its first line.
fn name(request: &[u8]) -> Option<String> {
    let mut parts = request.strip_prefix(b"P")?.get(4..)?.split(|&byte| byte == 0);
    let sql = std::str::from_utf8(parts.nth(1)?).ok()?;
    Some(sql.lines().next()?.trim_start_matches("-- ").to_owned())
}

/// Runs the reset, and reads until the session is ready again.
async fn clean(server: &mut TcpStream, reset: &str) -> io::Result<()> {
    let length = u32::try_from(reset.len() + 5).map_err(io::Error::other)?;
    let request = [b"Q".as_slice(), &length.to_be_bytes(), reset.as_bytes(), b"\0"].concat();
    server.write_all(&request).await?;
    loop {
        let mut head = [0; 5];
        server.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let mut body = vec![0; length];
        server.read_exact(&mut body).await?;
        match head[0] {
            b'E' => return Err(io::Error::other(String::from_utf8_lossy(&body).into_owned())),
            b'Z' => return Ok(()),
            _ => {}
        }
    }
}

/// Reads a whole message whose length comes after so many bytes.
async fn message(from: &mut OwnedReadHalf, kind: usize) -> io::Result<Vec<u8>> {
    let mut message = vec![0; kind + 4];
    from.read_exact(&mut message).await?;
    let length = message[kind..].iter().fold(0_usize, |length, &byte| length << 8 | usize::from(byte));
    message.resize(kind + length, 0);
    from.read_exact(&mut message[kind + 4..]).await?;
    Ok(message)
}
