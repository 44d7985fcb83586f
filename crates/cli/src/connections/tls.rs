//! TLS of the server's connections, with a certificate that may be replaced while it runs.

use std::fs::Metadata;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::settings::TlsFiles;

/// How long a client may take for its handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether the files have changed, at most.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Permissions of a key's file that let others than its owner use it: reading by its group is one, unless it belongs to root.
const FOR_OTHERS: u32 = 0o077;
const READ_BY_GROUP: u32 = 0o040;

/// Speaks TLS with those who connect.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.certificate.files.fmt(f)
    }
}

impl Tls {
    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// If one of the files cannot be read, is not what it should be, or does not belong to the other.
    pub(crate) fn open(files: TlsFiles) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let certificate = Arc::new(Certificate::open(files, Arc::clone(&provider))?);
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("Could not set up TLS")?
            .with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::clone(&certificate) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// If the client wants something else, or takes too long.
    pub(super) async fn accept(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Error> {
        self.certificate.look(Instant::now());
        let shaken = timeout(HANDSHAKE_MAX, self.acceptor.accept(stream)).await;
        shaken.unwrap_or_else(|_| Err(Error::new(ErrorKind::TimedOut, "the handshake took too long")))
    }
}

/// A certificate with its key, as the files had them last.
#[derive(Debug)]
struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    looked: Mutex<Looked>,
}

/// When the files were looked at, and which ones they were.
#[derive(Debug)]
struct Looked {
    at: Instant,
    found: Option<[Stamp; 2]>,
}

/// What changes with a file's content: when it was written, its length, and which file it is.
type Stamp = (i64, i64, u64, u64);

impl Certificate {
    fn open(files: TlsFiles, provider: Arc<CryptoProvider>) -> anyhow::Result<Self> {
        // Before they are read: what changes meanwhile is read again.
        let found = stamps(&files);
        let current = RwLock::new(Arc::new(read(&files, &provider)?));
        Ok(Self { files, provider, current, looked: Mutex::new(Looked { at: Instant::now(), found }) })
    }

    /// Reads the files again if they have changed. What is wrong with them then leaves what was read before.
    fn look(&self, now: Instant) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(looked.at) < LOOK_EVERY {
            return;
        }
        looked.at = now;
        let found = stamps(&self.files);
        if found == looked.found {
            return;
        }
        looked.found = found;
        drop(looked);
        match read(&self.files, &self.provider) {
            Ok(key) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!("the certificate was replaced");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "the new certificate cannot be used; the one before is used on");
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Returns `None` while one of the files is not there, as when it is being replaced.
fn stamps(files: &TlsFiles) -> Option<[Stamp; 2]> {
    let stamp = |path: &Path| {
        let file = std::fs::metadata(path).ok()?;
        Some((file.mtime(), file.mtime_nsec(), file.len(), file.ino()))
    };
    Some([stamp(&files.certificate)?, stamp(&files.key)?])
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let text = std::fs::read(&files.certificate)
        .with_context(|| format!("Could not read the certificate in {certificate}"))?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.with_context(|| format!("{certificate} is not valid PEM"))?;
    if chain.is_empty() {
        bail!("{certificate} has no certificate. It must be PEM, with `-----BEGIN CERTIFICATE-----`.");
    }
    let key_of = CertifiedKey::from_der(chain, private_key(&files.key)?, provider);
    key_of.with_context(|| format!("The key in {key} cannot be used with the certificate in {certificate}"))
}

fn private_key(path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let shown = path.display();
    let unread = || format!("Could not read the private key in {shown}");
    let file = std::fs::metadata(path).with_context(unread)?;
    if is_open_to_others(&file) {
        bail!("Others than its owner may use the private key in {shown}. Run `chmod 600 {shown}`.");
    }
    let text = std::fs::read(path).with_context(unread)?;
    PrivateKeyDer::from_pem_slice(&text).with_context(|| {
        format!("{shown} has no private key that can be used. It must be PEM, without a password")
    })
}

/// A file of root that a group may read is how secrets are mounted into containers.
fn is_open_to_others(file: &Metadata) -> bool {
    let allowed = if file.uid() == 0 { READ_BY_GROUP } else { 0 };
    file.mode() & FOR_OTHERS & !allowed != 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rcgen::CertifiedKey as Made;
    use rustls::pki_types::CertificateDer;
    use tempfile::TempDir;
    use tokio::net::TcpListener;

    use super::*;

    fn write(folder: &TempDir) -> (TlsFiles, CertificateDer<'static>) {
        let Made { cert, signing_key } =
            rcgen::generate_simple_self_signed(["flows.example".to_owned()]).expect("a certificate");
        let files =
            TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        std::fs::write(&files.certificate, cert.pem()).expect("a file");
        std::fs::write(&files.key, signing_key.serialize_pem()).expect("a file");
        let permissions = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&files.key, permissions).expect("the file is ours");
        (files, cert.der().clone())
    }

    fn current(tls: &Tls) -> CertificateDer<'static> {
        tls.certificate.current.read().unwrap().cert[0].clone()
    }

    #[tokio::test]
    async fn a_certificate_that_was_replaced_is_used_after_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let (files, first) = write(&folder);
        let (tls, start) = (Tls::open(files).unwrap(), Instant::now());

        let (_, second) = write(&folder);

        tls.certificate.look(start + LOOK_EVERY / 2);
        assert_eq!(current(&tls), first);
        tls.certificate.look(start + LOOK_EVERY * 2);
        assert_eq!(current(&tls), second);
    }

    #[tokio::test]
    async fn a_certificate_that_cannot_be_used_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let (files, first) = write(&folder);
        let (tls, start) = (Tls::open(files.clone()).unwrap(), Instant::now());

        std::fs::write(&files.certificate, "half of a").unwrap();
        tls.certificate.look(start + LOOK_EVERY * 2);
        assert_eq!(current(&tls), first);
        std::fs::remove_file(&files.key).unwrap();
        tls.certificate.look(start + LOOK_EVERY * 4);
        assert_eq!(current(&tls), first);
        let (_, last) = write(&folder);
        tls.certificate.look(start + LOOK_EVERY * 6);
        assert_eq!(current(&tls), last);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_shake_hands_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls::open(write(&folder).0).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let began = Instant::now();

        let shaken = tls.accept(stream).await;

        assert_eq!(shaken.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), HANDSHAKE_MAX.as_secs());
    }
}
