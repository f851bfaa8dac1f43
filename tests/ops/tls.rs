//! HTTPS and WSS by the operator's certificate, and a certificate that is renewed while the hub runs.
use crate::house::program::Program;
use crate::house::traffic::until;
use crate::house::{Db, House};
use futures_util::{SinkExt, StreamExt};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A certificate of its own, written where the program looks.
fn certify(program: &Program) -> rcgen::Certificate {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(program.folder().join("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(program.folder().join("certificate.pem"), cert.pem()).unwrap();
    cert
}

fn https(certificate: &rcgen::Certificate) -> reqwest::Client {
    let root = reqwest::Certificate::from_pem(certificate.pem().as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([root]).build().unwrap()
}

fn connector(certificate: &rcgen::Certificate, version: &'static SupportedProtocolVersion) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_speaks_tls_and_takes_a_renewed_certificate() {
    let mut house = House::open(Db::Sqlite).await;
    let mut program = Program::of(&mut house).await;
    let first = certify(&program);
    let path = |name: &str| program.folder().join(name).display().to_string();
    program.variables = vec![("HUB_TLS_CERTIFICATE", path("certificate.pem")), ("HUB_TLS_KEY", path("key.pem"))];
    let (good, said) = program.run("config", &["check"]).await;
    assert!(good, "{said}");
    let port = program.address.port();
    let ready = format!("https://localhost:{port}/health/ready");
    let client = https(&first);
    program.start_until(async || client.get(&ready).send().await.is_ok_and(|a| a.status().is_success())).await;
    assert!(reqwest::get(format!("http://{}/health/live", program.address)).await.is_err(), "plain HTTP is answered");

    let token = house.token_of_today("intake");
    let asked = client.post(format!("https://localhost:{port}/graphql")).bearer_auth(&token);
    let asked = asked.header("content-type", "application/json").body(r#"{"query":"{ viewer { role } }"}"#);
    let said: Value = serde_json::from_str(&asked.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(said["data"]["viewer"]["role"], "INTAKE");

    // Somebody who connects and says nothing keeps nobody waiting.
    let silent = TcpStream::connect(program.address).await.unwrap();
    for version in [&TLS12, &TLS13] {
        let stream = TcpStream::connect(program.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector(&first, version).connect(name, stream).await.unwrap();
        let mut request = format!("wss://localhost:{port}/graphql").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        let hello = json!({ "type": "connection_init", "payload": payload }).to_string();
        socket.send(Message::Text(hello.into())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        assert_eq!(answer.into_text().unwrap(), r#"{"type":"connection_ack"}"#);
    }
    drop(silent);

    let second = certify(&program);
    program.signal("HUP").await;
    // Each look is a connection of its own.
    until("the renewed certificate is shown", async || https(&second).get(&ready).send().await.is_ok()).await;
    assert!(https(&first).get(&ready).send().await.is_err(), "the old one is still shown");
    // A broken renewal changes nothing.
    std::fs::write(program.folder().join("certificate.pem"), "-----BEGIN").unwrap();
    program.signal("HUP").await;
    until("it says so", async || program.words().contains("cannot be renewed")).await;
    assert!(https(&second).get(&ready).send().await.is_ok());
    let (good, said) = program.run("config", &["check"]).await;
    assert!(!good && said.contains("tls_certificate"), "{said}");
    program.stop().await;
}
