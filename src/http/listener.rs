//! Connections that cannot be held by a reader who has stopped reading, nor by one who never shakes hands.
use super::tls::Tls;
use axum::serve::Listener;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// Longest time that one write to a connection may wait.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// Longest time that a TLS handshake may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Most handshakes at once: a connection beyond these waits its turn.
const HANDSHAKES_MAX: usize = 256;

pub(super) type Plain = Pin<Box<TimeoutStream<TcpStream>>>;
/// One connection.
pub(super) type Line = Either<Plain, Box<TlsStream<Plain>>>;

/// The far end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// A listener whose connections end when a write waits too long.
pub(super) enum Unhurried {
    Plain(TcpListener),
    /// Shaken hands with, apart: one slow client keeps no other waiting.
    Tls(mpsc::Receiver<(Line, SocketAddr)>),
}

impl Unhurried {
    pub(super) fn new(listener: TcpListener, tls: Option<Tls>) -> Self {
        let Some(tls) = tls else { return Self::Plain(listener) };
        let (ready, shaken) = mpsc::channel(1);
        tokio::spawn(shake(listener, tls, ready));
        Self::Tls(shaken)
    }
}

async fn plain(listener: &mut TcpListener) -> (Plain, SocketAddr) {
    let (stream, peer) = Listener::accept(listener).await;
    // Frames are small and wanted now.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_WAIT));
    (Box::pin(stream), peer)
}

/// Shakes hands until the server has gone: then the listener is closed too.
async fn shake(mut listener: TcpListener, tls: Tls, ready: mpsc::Sender<(Line, SocketAddr)>) {
    let turns = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        let (stream, peer) = tokio::select! {
            () = ready.closed() => return,
            accepted = plain(&mut listener) => accepted,
        };
        let (acceptor, ready) = (tls.acceptor(), ready.clone());
        tokio::spawn(async move {
            let _turn = turn;
            // Whoever fails is told so by the protocol itself.
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WAIT, acceptor.accept(stream)).await {
                let _ = ready.send((Either::Right(Box::new(stream)), peer)).await;
            }
        });
    }
}

impl Unhurried {
    /// The next connection, and its far end.
    pub(super) async fn accept(&mut self) -> (Line, SocketAddr) {
        match self {
            Self::Plain(listener) => {
                let (stream, peer) = plain(listener).await;
                (Either::Left(stream), peer)
            }
            Self::Tls(shaken) => match shaken.recv().await {
                Some(connection) => connection,
                None => std::future::pending().await,
            },
        }
    }
}
