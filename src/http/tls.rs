//! TLS by the operator's certificate, read again when it changes.
use arc_swap::ArcSwap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A certificate and its key, from files that may be renewed.
#[derive(Clone)]
pub struct Tls(Arc<Files>);

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    read: ArcSwap<Read>,
}

struct Read {
    texts: (Vec<u8>, Vec<u8>),
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Reads a PEM certificate chain and its key.
    pub fn open(certificate: &str, key: &str) -> std::io::Result<Self> {
        let (certificate, key) = (PathBuf::from(certificate), PathBuf::from(key));
        let read = ArcSwap::from_pointee(Read::of(texts(&certificate, &key)?)?);
        Ok(Self(Arc::new(Files { certificate, key, read })))
    }

    /// Reads the files again on SIGHUP and when they change, for good; new connections get what they hold then.
    pub async fn follow(self) {
        let mut hangup = signal(SignalKind::hangup()).ok();
        loop {
            let hung_up = async {
                match &mut hangup {
                    Some(hangup) => drop(hangup.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = hung_up => {}
            }
            match self.look() {
                Ok(true) => tracing::info!("the TLS certificate was renewed"),
                Ok(false) => {}
                // A renewal may be half written: the next look finds it whole.
                Err(error) => tracing::warn!(%error, "the TLS certificate cannot be renewed; the one before it stays"),
            }
        }
    }

    fn look(&self) -> std::io::Result<bool> {
        let texts = texts(&self.0.certificate, &self.0.key)?;
        if self.0.read.load().texts == texts {
            return Ok(false);
        }
        self.0.read.store(Arc::new(Read::of(texts)?));
        Ok(true)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.read.load().config.clone())
    }
}

fn texts(certificate: &Path, key: &Path) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let read = |setting, path: &Path| {
        std::fs::read(path).map_err(|error| Error::new(error.kind(), format!("{setting}: {}: {error}", path.display())))
    };
    Ok((read("tls_certificate", certificate)?, read("tls_key", key)?))
}

impl Read {
    fn of(texts: (Vec<u8>, Vec<u8>)) -> std::io::Result<Self> {
        let bad = |what: String| Error::new(ErrorKind::InvalidData, what);
        let chain = CertificateDer::pem_slice_iter(&texts.0).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| bad(format!("tls_certificate: {error}")))?;
        let key = PrivateKeyDer::from_pem_slice(&texts.1).map_err(|error| bad(format!("tls_key: {error}")))?;
        // The library's own: TLS 1.2 and 1.3.
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| bad(format!("tls_certificate and tls_key: {error}")))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { texts, config: Arc::new(config) })
    }
}
