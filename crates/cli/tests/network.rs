//! Addresses that other machines reach, and TLS.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{Folder, Server};

const TLS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// Makes a certificate for `flows.example` and its key, as `cert.pem` and `key.pem`.
fn certificate(folder: &Folder) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["flows.example".to_owned()]).expect("a certificate");
    folder.write("cert.pem", cert.pem());
    folder.write("key.pem", signing_key.serialize_pem());
    set_mode(folder, "key.pem", 0o600);
    cert.der().clone()
}

fn set_mode(folder: &Folder, name: &str, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder.path().join(name), permissions).expect("the file is ours");
}

/// Gets `/healthz` over TLS, as `flows.example`.
fn get(server: &Server, trusted: &CertificateDer<'static>) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("it is a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "flows.example".try_into().expect("it is a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = StreamOwned::new(client, TcpStream::connect(address(server))?);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: flows.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map(|_| answer)
}

fn address(server: &Server) -> &str {
    server.base.split_once("://").expect("a URL").1
}

#[test]
fn an_address_that_others_reach_needs_protection() {
    let folder = Folder::new();
    let open = ["serve", "--listen", "0.0.0.0:8080", "--auth", "off"];
    let listen = |more: &[&str]| folder.run(&[&open, more].concat()).expect(1).stderr;
    let public = ["--public-url", "https://flows.example"];
    let proxy = ["--behind-proxy", "10.0.0.1"];

    insta::assert_snapshot!(listen(&[]), @"steadflow: Steadflow cannot listen on 0.0.0.0:8080, an address that other machines reach. This is missing: TLS (`--tls-cert` and `--tls-key`), or the addresses of the proxies in front of it that speak TLS (`--behind-proxy`); the URL under which people find it, which begins with `https://` (`--public-url`, such as `https://flows.example.org`); authentication (`--auth on`, which is the default there). Without that, listen on 127.0.0.1.");
    insta::assert_snapshot!(listen(&public), @"steadflow: Steadflow cannot listen on 0.0.0.0:8080, an address that other machines reach. This is missing: TLS (`--tls-cert` and `--tls-key`), or the addresses of the proxies in front of it that speak TLS (`--behind-proxy`); authentication (`--auth on`, which is the default there). Without that, listen on 127.0.0.1.");
    insta::assert_snapshot!(listen(&proxy), @"steadflow: Steadflow cannot listen on 0.0.0.0:8080, an address that other machines reach. This is missing: the URL under which people find it, which begins with `https://` (`--public-url`, such as `https://flows.example.org`); authentication (`--auth on`, which is the default there). Without that, listen on 127.0.0.1.");
    insta::assert_snapshot!(listen(&[&proxy[..], &["--public-url", "http://flows.example"]].concat()), @"steadflow: Steadflow cannot listen on 0.0.0.0:8080, an address that other machines reach. This is missing: the URL under which people find it, which begins with `https://` (`--public-url`, such as `https://flows.example.org`); authentication (`--auth on`, which is the default there). Without that, listen on 127.0.0.1.");
    insta::assert_snapshot!(listen(&[&proxy[..], &public, &["--demo"]].concat()), @"steadflow: A demo is for this machine only, without TLS: its service answers everybody. Leave out `--demo`, or `--listen` and `--tls-cert`.");
    insta::assert_snapshot!(listen(&["--behind-proxy", "proxy.example"]), @"steadflow: The setting `behind_proxy` is not valid: `proxy.example` is neither an IP address nor a network like 10.1.0.0/16");
    insta::assert_snapshot!(listen(&TLS[..2]), @"steadflow: The setting `tls_cert` needs `tls_key`, the private key of the certificate.");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no database was created");
}

#[test]
fn a_server_with_a_certificate_speaks_tls_only() {
    let folder = Folder::new();
    let trusted = certificate(&folder);
    let server = Server::start(&folder, &[&TLS[..], &["--public-url", "https://flows.example"]].concat());

    let answer = get(&server, &trusted).unwrap();
    let other = get(&server, &certificate(&Folder::new()));
    let mut plain = TcpStream::connect(address(&server)).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let closed = plain.read_to_end(&mut said);

    assert!(server.base.starts_with("https://127.0.0.1:"), "{}", server.base);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    assert!(other.is_err(), "a certificate that is not the server's");
    assert!(closed.is_ok() || closed.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert!(!String::from_utf8_lossy(&said).contains("HTTP"), "{said:?}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_reported() {
    let folder = Folder::new();
    let start = || {
        let stderr = folder.run(&[&["serve", "--listen", "127.0.0.1:0"], &TLS[..]].concat()).expect(1).stderr;
        assert!(!folder.path().join("steadflow.db").exists());
        stderr
    };

    insta::assert_snapshot!(start(), @"steadflow: Could not read the certificate in cert.pem: No such file or directory (os error 2)");
    certificate(&folder);
    set_mode(&folder, "key.pem", 0o604);
    insta::assert_snapshot!(start(), @"steadflow: Others than its owner may use the private key in key.pem. Run `chmod 600 key.pem`.");
    folder.write("key.pem", KeyPair::generate().unwrap().serialize_pem());
    set_mode(&folder, "key.pem", 0o600);
    insta::assert_snapshot!(start(), @"steadflow: The key in key.pem cannot be used with the certificate in cert.pem: keys may not be consistent: KeyMismatch");
    folder.write("key.pem", "nonsense");
    insta::assert_snapshot!(start(), @"steadflow: key.pem has no private key that can be used. It must be PEM, without a password: no items found");
    folder.write("cert.pem", "nonsense");
    insta::assert_snapshot!(start(), @"steadflow: cert.pem has no certificate. It must be PEM, with `-----BEGIN CERTIFICATE-----`.");
}
