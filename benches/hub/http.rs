//! A client that costs next to nothing: one request at a time over a connection that stays.
use crate::Done;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection.
pub struct Connection {
    stream: TcpStream,
    held: Vec<u8>,
}

/// A POST of a GraphQL request, ready to send.
pub fn post(address: SocketAddr, token: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The bytes after `needle`.
pub fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(needle.len()).position(|window| window == needle)?;
    bytes.get(at + needle.len()..)
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Done<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, held: Vec::with_capacity(65_536) })
    }

    /// Sends a request and answers the body that came back, whatever it says.
    pub async fn ask(&mut self, request: &[u8]) -> Done<&[u8]> {
        self.stream.write_all(request).await?;
        self.held.clear();
        let (mut begins, mut ends) = (0, usize::MAX);
        while self.held.len() < ends {
            if self.stream.read_buf(&mut self.held).await? == 0 {
                return Err("the hub closed the connection".into());
            }
            if begins == 0
                && let Some(body) = after(&self.held, b"\r\n\r\n")
            {
                begins = self.held.len() - body.len();
                let head = String::from_utf8_lossy(&self.held[..begins]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                ends = begins + length.ok_or("an answer without a length")?.trim().parse::<usize>()?;
            }
        }
        Ok(&self.held[begins..ends])
    }

    /// Sends a request whose answer must have no error.
    pub async fn ask_well(&mut self, request: &[u8]) -> Done<&[u8]> {
        let body = self.ask(request).await?;
        if body.starts_with(b"{\"data\"") { Ok(body) } else { Err(String::from_utf8_lossy(body).into_owned().into()) }
    }
}
