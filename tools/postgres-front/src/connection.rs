//! One connection: `SSLRequest`, TLS, optionally a login by token, and then bytes in both directions.

use std::future::pending;
use std::io;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::iam::Door;
use crate::state::{Fate, State, Timing};

/// "SSLRequest" in "Message Formats" of PostgreSQL's documentation.
const SSL_REQUEST: i32 = 80_877_103;

pub(crate) async fn serve(
    mut client: TcpStream,
    tls: TlsAcceptor,
    iam: Option<Door>,
    state: &State,
) -> io::Result<()> {
    let (fate, accepted_at) = (state.fate(), Instant::now());
    let mut head = [0; 8];
    client.read_exact(&mut head).await?;
    let code = i32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    if code != SSL_REQUEST {
        // Without TLS: a cancellation, or a client that does not use TLS.
        let mut server = connect(state).await?;
        server.write_all(&head).await?;
        return flow(client, server, fate).await;
    }
    client.write_all(b"S").await?;
    let mut client = tls.accept(client).await?;
    state.encrypted(Timing { accepted_at, encrypted_at: Instant::now() });
    let mut server = connect(state).await?;
    if let Some(iam) = iam
        && !iam.log_in(&mut client, &mut server, state).await?
    {
        return client.shutdown().await;
    }
    flow(client, server, fate).await
}

async fn connect(state: &State) -> io::Result<TcpStream> {
    let server = TcpStream::connect(state.upstream()).await?;
    server.set_nodelay(true)?;
    state.connected();
    Ok(server)
}

/// Copies until one side ends, or the connection's fate is decided.
async fn flow<C>(mut client: C, mut server: TcpStream, mut fate: watch::Receiver<Fate>) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut server) => copied.map(drop),
        decided = async { fate.wait_for(|fate| *fate != Fate::Flows).await.map(|fate| *fate) } => match decided {
            // The client's side stays open, so that it learns nothing; PostgreSQL's side is
            // closed, as if the host were gone.
            Ok(Fate::Silent) => {
                drop(server);
                pending().await
            }
            // Nobody decides any more: continue.
            Err(_) => copy_bidirectional(&mut client, &mut server).await.map(drop),
            Ok(_) => Ok(()),
        },
    }
}
