//! Passes on what clients say to PostgreSQL, and keeps every statement that they prepare or send.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The code of an `SSLRequest`.
const ASKS_FOR_TLS: u32 = 80_877_103;

/// A port that leads to a server.
pub(super) struct Recorder {
    port: u16,
    heard: Arc<Mutex<BTreeSet<String>>>,
}

impl Recorder {
    pub(super) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(BTreeSet::new()));
        let hears = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (from, mut to) = client.into_split();
                let (mut answers, onward) = TcpStream::connect(server).await.unwrap().into_split();
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut to).await });
                let heard = Arc::clone(&hears);
                tokio::spawn(async move { listen(from, onward, &heard).await });
            }
        });
        Self { port, heard }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What was heard until now.
    pub(super) fn heard(&self) -> BTreeSet<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Passes on one client's messages, which do not come encrypted.
async fn listen(
    mut from: OwnedReadHalf,
    mut onward: OwnedWriteHalf,
    heard: &Mutex<BTreeSet<String>>,
) -> io::Result<()> {
    // The first messages have no kind: the question whether there is TLS, which is answered no, and the opening.
    loop {
        let opening = body(&mut from, &mut onward).await?;
        onward.write_all(&opening).await?;
        if !opening.starts_with(&ASKS_FOR_TLS.to_be_bytes()) {
            break;
        }
    }
    loop {
        let kind = from.read_u8().await?;
        onward.write_u8(kind).await?;
        let message = body(&mut from, &mut onward).await?;
        onward.write_all(&message).await?;
        let mut texts = message.split(|byte| *byte == 0);
        let statement = match kind {
            // Parse: the name under which it is kept, and the statement.
            b'P' => texts.nth(1),
            // Query.
            b'Q' => texts.next(),
            _ => None,
        };
        if let Some(statement) = statement {
            heard.lock().unwrap().insert(String::from_utf8_lossy(statement).into_owned());
        }
    }
}

/// Reads a message's length and what follows it, and passes on the length.
async fn body(from: &mut OwnedReadHalf, onward: &mut OwnedWriteHalf) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    onward.write_u32(length).await?;
    let mut body = vec![0; length as usize - 4];
    from.read_exact(&mut body).await?;
    Ok(body)
}
