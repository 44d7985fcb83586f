//! What a mail server may say.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use steadflow_core::node::EmailInput;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::*;

/// What a server says to whom connects, and to EHLO, MAIL, RCPT, DATA and the end of a mail.
const SAYS: [&str; 6] = ["220 hello", "250 me", "250 ok", "250 ok", "354 go on", "250 taken"];

/// Says these lines, one for each that it is told, but to the lines of a mail.
async fn saying(lines: [&'static str; 6]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut is_in_mail = false;
        let mut heard = String::new();
        for line in lines {
            stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
            loop {
                heard.clear();
                if stream.read_line(&mut heard).await.unwrap() == 0 {
                    return;
                }
                if !is_in_mail || heard == ".\r\n" {
                    break;
                }
            }
            is_in_mail |= heard.starts_with("DATA");
        }
    });
    address
}

async fn sent_to(address: SocketAddr, parameters: &str) -> Result<String, Failure> {
    let url = format!("smtp://{address}{parameters}");
    let server = MailServer::parse(&url, "flows@x.example", &[]).unwrap();
    let input = json!({ "to": "a@x.example", "subject": "s", "text": "t" });
    let mail = Mail::new(&server, &EmailInput::read(&input).unwrap(), Vec::new(), "key").unwrap();
    send(&server, &mail, Duration::from_secs(10), Some(Duration::from_secs(10))).await
}

#[tokio::test]
async fn a_mail_is_taken_with_the_codes_of_its_commands_alone() {
    let taken = sent_to(saying(SAYS).await, "?tls=none").await;
    assert_eq!(taken.unwrap(), "250 taken");

    for (at, says, said) in [
        (2, "354 what", "354 instead of 250"),
        (3, "354 what", "354 instead of 250 or 251"),
        (4, "250 ok", "250 instead of 354"),
        (5, "354 more", "354 instead of 250"),
    ] {
        let mut lines = SAYS;
        lines[at] = says;

        let failure = sent_to(saying(lines).await, "?tls=none").await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Connection, "{}", failure.message);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
    let mut lines = SAYS;
    lines[3] = "251 it is passed on";
    assert!(sent_to(saying(lines).await, "?tls=none").await.is_ok());
}

/// Speaks TLS with a certificate that nobody trusts, after it has said `answer` to STARTTLS.
async fn starting_tls(answer: &'static str) -> SocketAddr {
    let certificate = include_bytes!("../../../tests/nodes/tls/certificate.pem");
    let key = include_bytes!("../../../tests/nodes/tls/key.pem");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(key).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut heard = String::new();
        for line in ["220 hello\r\n", "250-me\r\n250 STARTTLS\r\n", answer] {
            stream.write_all(line.as_bytes()).await.unwrap();
            if line != answer {
                stream.read_line(&mut heard).await.unwrap();
            }
        }
        let _ = acceptor.accept(stream).await;
    });
    address
}

#[tokio::test]
async fn what_comes_before_tls_is_not_taken_for_what_the_server_says_in_it() {
    let honest = sent_to(starting_tls("220 go\r\n").await, "").await.unwrap_err();
    let injected =
        sent_to(starting_tls("220 go\r\n250-me\r\n250 AUTH PLAIN\r\n").await, "").await.unwrap_err();

    assert_eq!(honest.class, ErrorClass::Configuration, "{}", honest.message);
    assert!(honest.message.contains("SSL_CERT_FILE"), "{}", honest.message);
    assert_eq!(injected.class, ErrorClass::Connection, "TLS has failed: {}", injected.message);
    assert!(injected.message.contains("TLS failed"), "{}", injected.message);
}
