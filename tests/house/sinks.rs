//! The world outside, as messages find it: a mail server and a gateway that take what they are sent, and keep it.
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub text: String,
}

impl Mail {
    /// One of its headers.
    pub fn header(&self, name: &str) -> &str {
        let found = self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {name} in\n{}", self.text))
    }

    /// What stands below its headers.
    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").unwrap().1
    }
}

/// A mail server.
#[derive(Clone)]
pub struct MailServer(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    mails: Mutex<Vec<Mail>>,
    /// Milliseconds until it says that it has a mail.
    slow: AtomicU64,
    /// What it says to whom a mail is for, when it does not take it; 0 when it does.
    refuses: AtomicU16,
    /// The same, once each, before that.
    moods: Mutex<VecDeque<u16>>,
    /// How many mails it was asked to take, whether or not it did.
    asked: AtomicU64,
}

impl MailServer {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Inner {
            address,
            mails: Mutex::default(),
            slow: AtomicU64::new(0),
            refuses: AtomicU16::new(0),
            moods: Mutex::default(),
            asked: AtomicU64::new(0),
        };
        let server = Self(Arc::new(inner));
        let taking = server.clone();
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                let server = taking.clone();
                tokio::spawn(async move { server.speak(line).await });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.0.address)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.0.mails.lock().unwrap().clone()
    }

    pub fn slow(&self, millis: u64) {
        self.0.slow.store(millis, SeqCst);
    }

    pub fn refuse(&self, code: u16) {
        self.0.refuses.store(code, SeqCst);
    }

    /// Does not take the next one.
    pub fn refuse_once(&self, code: u16) {
        self.0.moods.lock().unwrap().push_back(code);
    }

    /// How many mails it was asked to take.
    pub fn asked(&self) -> u64 {
        self.0.asked.load(SeqCst)
    }

    /// Speaks SMTP (RFC 5321), as far as a client that sends one mail needs it; ends when the client goes.
    async fn speak(&self, line: TcpStream) -> Option<()> {
        let mut line = BufReader::new(line);
        line.write_all(b"220 sink ready\r\n").await.ok()?;
        let mut to = String::new();
        loop {
            let mut said = String::new();
            if line.read_line(&mut said).await.ok()? == 0 {
                return None;
            }
            let verb = said.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match &*verb {
                "EHLO" => "250-sink\r\n250 8BITMIME\r\n".to_owned(),
                "RCPT" => {
                    to = said.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    self.0.asked.fetch_add(1, SeqCst);
                    let mood = self.0.moods.lock().unwrap().pop_front();
                    match mood.unwrap_or_else(|| self.0.refuses.load(SeqCst)) {
                        0 => "250 ok\r\n".into(),
                        // As servers do, it names whom it does not take.
                        code => format!("{code} no <{to}> here\r\n"),
                    }
                }
                "DATA" => {
                    line.write_all(b"354 go on\r\n").await.ok()?;
                    let mut text = String::new();
                    while !text.ends_with("\r\n.\r\n") {
                        if line.read_line(&mut text).await.ok()? == 0 {
                            return None;
                        }
                    }
                    let text = text.trim_end_matches(".\r\n").to_owned();
                    self.0.mails.lock().unwrap().push(Mail { to: to.clone(), text });
                    tokio::time::sleep(Duration::from_millis(self.0.slow.load(SeqCst))).await;
                    "250 taken\r\n".into()
                }
                "QUIT" => "221 bye\r\n".into(),
                _ => "250 ok\r\n".into(),
            };
            line.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Hooked {
    pub headers: HeaderMap,
    pub body: String,
}

/// A gateway.
#[derive(Clone)]
pub struct Gateway {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Hooked>>>,
    answers: Arc<AtomicU16>,
    /// What it answers next, once each; 0 is nothing at all.
    moods: Arc<Mutex<VecDeque<u16>>>,
}

impl Gateway {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            answers: Arc::new(AtomicU16::new(200)),
            moods: Arc::default(),
        };
        let taking = gateway.clone();
        let taken = move |headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8(body.to_vec()).unwrap();
            taking.requests.lock().unwrap().push(Hooked { headers, body });
            let mood = taking.moods.lock().unwrap().pop_front();
            let status = mood.unwrap_or_else(|| taking.answers.load(SeqCst));
            async move {
                if status == 0 {
                    std::future::pending::<()>().await;
                }
                (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")])
            }
        };
        let routes = Router::new().fallback(taken);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        gateway
    }

    pub fn url(&self) -> String {
        format!("http://{}/hub", self.address)
    }

    pub fn requests(&self) -> Vec<Hooked> {
        self.requests.lock().unwrap().clone()
    }

    /// Answers the next one so; with 0, never.
    pub fn answer_once(&self, status: u16) {
        self.moods.lock().unwrap().push_back(status);
    }

    pub fn answer(&self, status: u16) {
        self.answers.store(status, SeqCst);
    }
}
