//! A WebSocket client that only counts: no copies, no parsing beyond the frame and one instant.
use crate::Done;
use crate::http::after;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Sockets from one address of this host: ports run out at about 28,000.
const FROM_ONE_ADDRESS: usize = 5_000;

/// An open socket.
pub struct Socket {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come yet.
    held: Vec<u8>,
}

/// What came in one frame.
pub enum Came<'a> {
    Text(&'a [u8]),
    Ping,
    Closed,
}

/// A client's frame. The mask is zero: it is there for proxies, and there is none here.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 0x7E);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 0x7F);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// The first whole frame of some bytes, its opcode, and how long it is.
fn whole(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (opcode, short) = (bytes.first()? & 0x0F, bytes.get(1)? & 0x7F);
    let (length, head) = match short {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    Some((opcode, bytes.get(head..head + length)?, head + length))
}

impl Socket {
    /// Opens the socket with this number, says who it is, and subscribes.
    pub async fn open(address: SocketAddr, number: usize, token: &str, subscribe: &str) -> Done<Self> {
        let from = Ipv4Addr::new(127, 0, 0, u8::try_from(2 + number / FROM_ONE_ADDRESS)?);
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
        let mut stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let hello = format!(
            "GET /graphql HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        );
        stream.write_all(hello.as_bytes()).await?;
        let mut held = Vec::with_capacity(1_024);
        while after(&held, b"\r\n\r\n").is_none() {
            if stream.read_buf(&mut held).await? == 0 {
                return Err("the hub closed a socket at once".into());
            }
        }
        if !held.starts_with(b"HTTP/1.1 101") {
            return Err(String::from_utf8_lossy(&held).into_owned().into());
        }
        let init = format!(r#"{{"type":"connection_init","payload":{{"Authorization":"Bearer {token}"}}}}"#);
        let messages = [frame(1, init.as_bytes()), frame(1, subscribe.as_bytes())].concat();
        stream.write_all(&messages).await?;
        Ok(Self { stream, held: after(&held, b"\r\n\r\n").map(<[u8]>::to_vec).unwrap_or_default() })
    }

    /// Waits for bytes and tells of each whole frame in them. `room` is lent to every socket in turn.
    pub async fn hear(&mut self, room: &std::cell::RefCell<Vec<u8>>, mut tell: impl FnMut(Came<'_>)) -> Done {
        self.stream.readable().await?;
        let mut pings = 0;
        {
            let mut room = room.borrow_mut();
            let count = match self.stream.try_read(&mut room) {
                Ok(0) => {
                    tell(Came::Closed);
                    return Err("closed".into());
                }
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => {
                    tell(Came::Closed);
                    return Err(error.into());
                }
            };
            let mut told = |bytes: &[u8]| {
                let mut done = 0;
                while let Some((opcode, payload, length)) = bytes.get(done..).and_then(whole) {
                    match opcode {
                        1 => tell(Came::Text(payload)),
                        8 => tell(Came::Closed),
                        9 => {
                            pings += 1;
                            tell(Came::Ping);
                        }
                        _ => {}
                    }
                    done += length;
                }
                done
            };
            if self.held.is_empty() {
                let done = told(&room[..count]);
                self.held.extend(&room[done..count]);
            } else {
                self.held.extend(&room[..count]);
                let done = told(&self.held);
                self.held.drain(..done);
            }
        }
        for _ in 0..pings {
            self.stream.write_all(&frame(10, b"")).await?;
        }
        Ok(())
    }
}
