//! Connections that cannot be held by a reader who has stopped reading.
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

/// Longest time that one write to a connection may wait.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// The far end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// A listener whose connections end when a write waits too long.
pub(super) struct Unhurried(TcpListener);

impl Unhurried {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self(listener)
    }
}

impl Listener for Unhurried {
    type Io = Pin<Box<TimeoutStream<TcpStream>>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Frames are small and wanted now.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_WAIT));
        (Box::pin(stream), peer)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Unhurried>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Unhurried>) -> Self {
        Self(*stream.remote_addr())
    }
}
