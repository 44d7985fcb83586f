//! TLS: which certificates are trusted.
//!
//! A certificate that the operator names as trusted may also be the server's own, as self-signed ones in internal networks
//! are: browsers and OpenSSL accept that, while rustls takes it for a CA that must not be a server.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

/// A server's certificate is signed by itself and not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SelfSigned;

impl fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate is self-signed")
    }
}

impl std::error::Error for SelfSigned {}

/// Returns how TLS is spoken: with the certificates of the operating system, and rustls with ring.
///
/// Missing system certificates are only logged, because http still works; containers often have none.
pub fn tls_config() -> Result<rustls::ClientConfig, Error> {
    let found = rustls_native_certs::load_native_certs().certs;
    let mut roots = RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(found.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    // A verifier needs at least one root.
    let mut config = if known == 0 {
        tracing::warn!("no CA certificates found on this system: calls to https URLs will fail");
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        let verifier = Arc::new(Verifier::new(roots, found, provider)?);
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Verifies chains as rustls does, and accepts a trusted certificate that is the server's own.
#[derive(Debug)]
struct Verifier {
    chains: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(
        roots: RootCertStore,
        trusted: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { chains: chains.map_err(|error| Error::General(error.to_string()))?, trusted })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(error) = verified else { return verified };
        // Its validity was checked before this error arises.
        if is_ca_as_server(&error) && self.trusted.iter().any(|trusted| trusted == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let is_untrusted = matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer));
        if (is_untrusted || is_ca_as_server(&error)) && is_self_signed(end_entity) {
            let reason = CertificateError::Other(OtherError(Arc::new(SelfSigned)));
            return Err(Error::InvalidCertificate(reason));
        }
        Err(error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

fn is_ca_as_server(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    matches!(cause.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|parsed| parsed.issuer() == parsed.subject())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::pem::PemObject;

    use super::*;

    const OWN_CA: &[u8] = include_bytes!("../../tests/nodes/tls/own-ca.pem");
    const NO_CA: &[u8] = include_bytes!("../../tests/nodes/tls/certificate.pem");
    const ISSUED: &[u8] = include_bytes!("../../tests/nodes/tls/issued.pem");
    /// In 2030.
    const TODAY: u64 = 1_900_000_000;

    #[test]
    fn a_trusted_certificate_may_be_the_servers_own() {
        assert_eq!(verified(OWN_CA, OWN_CA, "internal.test", TODAY), Ok(()));
    }

    #[test]
    fn trust_does_not_replace_the_other_checks() {
        let name = verified(OWN_CA, OWN_CA, "other.test", TODAY).unwrap_err();
        let time = verified(OWN_CA, OWN_CA, "internal.test", 1).unwrap_err();

        let reasons = (reason(&name), reason(&time));
        assert!(matches!(reasons.0, CertificateError::NotValidForNameContext { .. }), "{name:?}");
        assert!(matches!(reasons.1, CertificateError::NotValidYetContext { .. }), "{time:?}");
    }

    #[test]
    fn an_untrusted_self_signed_certificate_is_called_that() {
        for (trusted, shown) in [(NO_CA, OWN_CA), (OWN_CA, NO_CA)] {
            let error = verified(trusted, shown, "internal.test", TODAY).unwrap_err();

            let CertificateError::Other(OtherError(cause)) = reason(&error) else { panic!("{error:?}") };
            assert!(cause.is::<SelfSigned>());
        }
    }

    #[test]
    fn a_certificate_of_an_unknown_issuer_is_not_called_self_signed() {
        let error = verified(NO_CA, ISSUED, "internal.test", TODAY).unwrap_err();

        assert_eq!(reason(&error), &CertificateError::UnknownIssuer);
    }

    fn verified(trusted: &[u8], shown: &[u8], name: &'static str, now: u64) -> Result<(), Error> {
        let certificate = |pem| CertificateDer::from_pem_slice(pem).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate(trusted)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new(roots, vec![certificate(trusted)], provider).unwrap();
        let (name, now) =
            (ServerName::try_from(name).unwrap(), UnixTime::since_unix_epoch(Duration::from_secs(now)));
        verifier.verify_server_cert(&certificate(shown), &[], &name, &[], now).map(|_| ())
    }

    fn reason(error: &Error) -> &CertificateError {
        let Error::InvalidCertificate(reason) = error else { panic!("{error:?}") };
        reason
    }
}
