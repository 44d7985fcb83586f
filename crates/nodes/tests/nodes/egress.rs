//! The guarded client: the addresses it calls, what it sends, and what it accepts.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use steadflow_core::failure::ErrorClass;
use steadflow_core::limits::Limits;
use steadflow_nodes::{EgressTimeouts, Nodes, NodesConfig, OwnListeners};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peers;
use crate::support::{Names, config, http, http_work, result};

#[tokio::test]
async fn addresses_in_every_spelling_are_blocked() {
    let nodes = Nodes::new(config("")).unwrap();
    for host in [
        "169.254.169.254",
        "127.0.0.1",
        "127.1",
        "0",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "192.168.0.1",
        "[::1]",
        "[::]",
        "[fc00::1]",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "①②⑦.⓪.⓪.①",
        "localhost",
        "any.test",
        "any.test.",
    ] {
        let input = json!({ "url": format!("http://{host}/latest/meta-data") });

        let failure = result(nodes.perform(http_work(&input)).await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration, "{host}: {}", failure.message);
        assert!(failure.message.contains("--egress-allow"), "{}", failure.message);
    }
}

#[tokio::test]
async fn urls_with_credentials_or_other_schemes_are_refused() {
    for url in ["http://user@127.0.0.1/", "http://:pw@127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd"] {
        let failure = http(&json!({ "url": url })).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Validation, "{url}: {}", failure.message);
    }
}

#[tokio::test]
async fn redirects_to_urls_with_credentials_are_refused() {
    let target = answering(200).await;
    for credentials in ["user", ":pw", "user:pw"] {
        let front = MockServer::start().await;
        let location = format!("http://{credentials}@{}/", target.address());
        Mock::given(path("/")).respond_with(redirect(302, &location)).mount(&front).await;

        let failure = http(&json!({ "url": front.uri() })).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Validation, "{location}: {}", failure.message);
    }
}

#[tokio::test]
async fn this_server_is_never_called_whatever_is_allowed() {
    let server = answering(200).await;
    let address = *server.address();
    let own = OwnListeners::default();
    let nodes = Nodes::new(NodesConfig {
        own: own.clone(),
        ..config("127.0.0.0/8,::,0.0.0.0,own.test,127.0.0.1:80")
    })
    .unwrap();
    own.add(address, None);
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "0",
        "own.test",
        "localhost",
    ];
    for host in hosts {
        let input = json!({ "url": format!("http://{host}:{}/", address.port()), "method": "DELETE" });

        let failure = result(nodes.perform(http_work(&input)).await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration, "{host}: {}", failure.message);
        assert!(
            failure.message.contains("is this server itself, which flows cannot call"),
            "{}",
            failure.message
        );
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_to_this_server_is_not_followed() {
    let (front, back) = (MockServer::start().await, answering(200).await);
    let own = OwnListeners::default();
    own.add(*back.address(), Some("/open"));
    for (to, is_followed) in [("/flows/1", false), ("/open/../flows/1", false), ("/open/x", true)] {
        let target = format!("http://own.test:{}{to}", back.address().port());
        front.reset().await;
        Mock::given(path("/")).respond_with(redirect(307, &target)).mount(&front).await;
        let nodes = Nodes::new(NodesConfig { own: own.clone(), ..config("127.0.0.1") }).unwrap();
        let input = json!({ "url": front.uri(), "method": "DELETE" });

        let outcome = result(nodes.perform(http_work(&input)).await);

        assert_eq!(outcome.is_ok(), is_followed, "{to}: {outcome:?}");
    }
    assert_eq!(back.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_entry_with_a_port_allows_names_on_this_port_only() {
    let (allowed, other) = (answering(200).await, answering(200).await);
    let (port, other_port) = (allowed.address().port(), other.address().port());
    let nodes = Nodes::new(config(&format!("svc.test:{port}"))).unwrap();
    let call = async |host: &str, port: u16| {
        result(nodes.perform(http_work(&json!({ "url": format!("http://{host}:{port}/") }))).await)
    };

    assert!(call("svc.test", port).await.is_ok());
    for (host, port) in [("svc.test", other_port), ("other.test", port), ("127.0.0.1", port)] {
        assert_eq!(call(host, port).await.unwrap_err().class, ErrorClass::Configuration, "{host}:{port}");
    }
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_blocked_name_does_not_reveal_its_address() {
    let names = Names { known: [("db.test", vec![ip("10.9.8.7")])].into(), ..Names::default() };
    let nodes = Nodes::new(NodesConfig { lookup: Arc::new(names), ..config("") }).unwrap();

    let failure = result(nodes.perform(http_work(&json!({ "url": "http://db.test/" }))).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(failure.message.contains("db.test") && !failure.message.contains("10.9"), "{}", failure.message);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_only_its_allowed_addresses_are_tried() {
    let server = answering(200).await;
    let names =
        Names { known: [("mixed.test", vec![ip("10.9.8.7"), ip("127.0.0.1")])].into(), ..Names::default() };
    let asked = Arc::clone(&names.asked);
    let nodes = Nodes::new(NodesConfig { lookup: Arc::new(names), ..config("127.0.0.1") }).unwrap();
    let url = format!("http://mixed.test:{}/", server.address().port());

    let output = result(nodes.perform(http_work(&json!({ "url": url }))).await).unwrap();

    assert_eq!(output["status"], 200);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_unknown_host_is_a_connection_failure() {
    let failure = http(&json!({ "url": "http://nowhere.example/" })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Connection);
    assert_eq!(failure.message, "The host of nowhere.example was not found.");
}

#[tokio::test]
async fn a_redirect_to_loopback_is_blocked_where_only_the_first_host_is_allowed() {
    let server = MockServer::start().await;
    let inside = format!("http://127.0.0.1:{}/secret", server.address().port());
    Mock::given(path("/")).respond_with(redirect(302, &inside)).mount(&server).await;
    Mock::given(path("/secret")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let nodes = Nodes::new(config("front.test")).unwrap();
    let url = format!("http://front.test:{}/", server.address().port());

    let failure = result(nodes.perform(http_work(&json!({ "url": url }))).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration, "{}", failure.message);
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_origin() {
    let (front, back) = (MockServer::start().await, answering(200).await);
    let target = format!("http://back.test:{}/", back.address().port());
    Mock::given(path("/")).respond_with(redirect(307, &target)).mount(&front).await;
    let input = json!({ "url": front.uri(), "method": "POST", "body": "b", "headers":
        { "Authorization": "Bearer ${secrets.KEY}", "Cookie": "a=b", "X-Api-Key": "literal", "Accept": "a/b" } });

    http(&input).await.unwrap();

    let first = &front.received_requests().await.unwrap()[0];
    let second = &back.received_requests().await.unwrap()[0];
    assert_eq!(first.headers["authorization"], "Bearer sk-4711-key");
    for name in ["authorization", "cookie", "x-api-key", "idempotency-key"] {
        assert!(!second.headers.contains_key(name), "{name}");
    }
    assert_eq!(second.headers["accept"], "a/b");
    assert_eq!(second.headers["content-length"], "0");
    assert!(second.body.is_empty());
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_everything_and_changes_the_method() {
    let server = MockServer::start().await;
    Mock::given(path("/")).respond_with(redirect(303, "/done")).mount(&server).await;
    Mock::given(method("GET"))
        .and(path("/done"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let input =
        json!({ "url": server.uri(), "method": "POST", "body": {}, "headers": { "Authorization": "x" } });

    http(&input).await.unwrap();

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[1].headers["authorization"], "x");
    assert_eq!(requests[0].headers["idempotency-key"], requests[1].headers["idempotency-key"]);
    assert!(requests[1].body.is_empty());
}

#[tokio::test]
async fn a_redirect_loop_ends_after_five() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(redirect(302, "/again")).expect(6).mount(&server).await;

    let failure = http(&json!({ "url": server.uri() })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Rejected);
    assert!(failure.message.ends_with("redirects more than 5 times."), "{}", failure.message);
}

#[tokio::test]
async fn a_refused_connection_names_host_and_port() {
    let address = peers::closed().await;

    let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Connection);
    assert_eq!(failure.message, format!("Connection refused by {address}."));
}

#[tokio::test]
async fn broken_responses_are_connection_failures() {
    let gzip = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00";
    for answer in [
        &b""[..],
        b"\x00\xff garbage \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        gzip,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
    ] {
        let address = peers::answering(answer).await;

        let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

        let shown = String::from_utf8_lossy(answer);
        assert_eq!(failure.class, ErrorClass::Connection, "{shown}: {}", failure.message);
        assert!(failure.message.contains(&address.to_string()), "{}", failure.message);
    }
}

#[tokio::test]
async fn no_more_than_the_content_length_is_read() {
    let address = peers::answering(&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello"[..]).await;

    let output = http(&json!({ "url": format!("http://{address}/") })).await.unwrap();

    assert_eq!(output["body"], "he");
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let (address, sent) = peers::endless(b"HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 64 * 1024]).await;

    let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::OutputTooLarge, "{}", failure.message);
    // Data in socket buffers is read in addition to the limit of 1 MiB.
    assert!(sent.load(Ordering::Relaxed) < 32 * 1024 * 1024);
}

#[tokio::test]
async fn an_endless_head_is_cut() {
    let (address, sent) = peers::endless(b"HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n".repeat(1000)).await;

    let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Connection, "{}", failure.message);
    assert!(sent.load(Ordering::Relaxed) < 32 * 1024 * 1024);
}

#[tokio::test]
async fn the_size_of_a_gzip_bomb_is_counted_after_decoding() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let (address, sent) = peers::endless(head, zeroes_deflated()).await;

    let failure = http(&json!({ "url": format!("http://{address}/") })).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::OutputTooLarge, "{}", failure.message);
    assert!(sent.load(Ordering::Relaxed) < 32 * 1024 * 1024);
}

/// A body that decodes to nothing, with so many bytes: blocks without data, and a file name.
fn gzip_of_nothing(bytes: usize) -> Vec<u8> {
    let named = bytes - 10 - 1 - 5 - 8;
    let head = [&b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"[..], &b"n".repeat(named % 5), b"\0"].concat();
    let (block, last) = (b"\x00\x00\x00\xff\xff", b"\x01\x00\x00\xff\xff");
    [&head[..], &block.repeat(named / 5), last, &[0; 8]].concat()
}

#[tokio::test]
async fn encoded_bodies_are_read_a_little_beyond_the_limit_for_decoded_ones() {
    let limit = Limits::DEFAULT.output_bytes_max;
    let received_max = limit + limit / 16 + 1024;
    for (bytes, class) in [(received_max, None), (received_max + 1, Some(ErrorClass::OutputTooLarge))] {
        let body = gzip_of_nothing(bytes);
        assert_eq!(body.len(), bytes);
        let answer =
            ResponseTemplate::new(200).set_body_bytes(body).insert_header("content-encoding", "gzip");
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;

        let result = http(&json!({ "url": server.uri() })).await;

        assert_eq!(result.err().map(|failure| failure.class), class, "{bytes} bytes");
    }
}

#[tokio::test]
async fn the_beginning_of_an_error_body_is_read_for_its_message() {
    const READ: usize = 64 * 1024;
    let json_of = |bytes: usize| {
        let (start, end) = (r#"{"error":"no luck","pad":""#, r#""}"#);
        [start, &" ".repeat(bytes - start.len() - end.len()), end].concat().into_bytes()
    };
    let broken_gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x07\x00\xf8\xffno luck".to_vec();
    let title = "<title>no luck</title>";
    let html = ["<html><head>", &" ".repeat(READ - 12 - title.len()), title, &" ".repeat(READ)].concat();
    for (what, kind, encoding, body, said) in [
        ("whole JSON", "application/json", "identity", json_of(READ), ": no luck"),
        ("longer JSON", "application/json", "identity", json_of(READ + 1), "…"),
        (
            "a title at the end of what is read",
            "text/html",
            "identity",
            html.into_bytes(),
            "<title>no luck</title>…",
        ),
        ("broken gzip", "text/plain", "gzip", broken_gzip, ": no luck…"),
    ] {
        let answer =
            ResponseTemplate::new(500).set_body_raw(body, kind).insert_header("content-encoding", encoding);
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;

        let message = http(&json!({ "url": server.uri() })).await.unwrap_err().message;

        assert!(message.ends_with(said), "{what}: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_takes_too_long_times_out() {
    let names = Names { never: Some("slow.test"), ..Names::default() };
    let nodes = Nodes::new(NodesConfig { lookup: Arc::new(names), ..config("127.0.0.1") }).unwrap();
    let started = Instant::now();

    let work = http_work(&json!({ "url": "http://slow.test/" }));
    let failure = result(nodes.perform(work).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::Timeout);
    assert!(failure.message.contains("took more than 10 seconds"), "{}", failure.message);
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_silent_service_times_out() {
    let (address, _told) = peers::hanging().await;
    let timeouts = EgressTimeouts { idle: Duration::from_millis(50), ..EgressTimeouts::default() };
    let nodes = Nodes::new(NodesConfig { timeouts, ..config("127.0.0.1") }).unwrap();

    let work = http_work(&json!({ "url": format!("http://{address}/") }));
    let failure = result(nodes.perform(work).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::Timeout);
    let limit = "sent nothing for 0.05 seconds, the limit for nodes without a timeout of their own. Set `timeout_seconds`";
    assert!(failure.message.starts_with(&format!("{address} {limit}")), "{}", failure.message);
}

#[tokio::test]
async fn a_service_that_responds_too_slowly_times_out() {
    let address = dripping().await;
    let timeouts = EgressTimeouts { total: Duration::from_millis(200), ..EgressTimeouts::default() };
    let nodes = Nodes::new(NodesConfig { timeouts, ..config("127.0.0.1") }).unwrap();

    let work = http_work(&json!({ "url": format!("http://{address}/") }));
    let failure = result(nodes.perform(work).await).unwrap_err();

    assert_eq!(failure.class, ErrorClass::Timeout);
    let limit = format!("The call of {address} took more than 0.2 seconds");
    assert!(failure.message.starts_with(&limit), "{}", failure.message);
}

#[tokio::test]
async fn a_bad_certificate_is_permanent_and_a_broken_handshake_is_not() {
    let (untrusted, garbage) = (with_tls().await, peers::blurting(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);

    let permanent =
        http(&json!({ "url": format!("https://localhost:{}/", untrusted.port()) })).await.unwrap_err();
    let passing = http(&json!({ "url": format!("https://{garbage}/") })).await.unwrap_err();

    assert_eq!(permanent.class, ErrorClass::Rejected, "{}", permanent.message);
    assert!(permanent.message.contains("it is self-signed"), "{}", permanent.message);
    assert_eq!(passing.class, ErrorClass::Connection, "{}", passing.message);
}

async fn answering(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    server
}

fn redirect(status: u16, to: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("location", to)
}

/// A deflate block of zeroes, not the last one: a kilobyte that decodes to a megabyte, to be sent repeatedly.
fn zeroes_deflated() -> Vec<u8> {
    // A fixed-Huffman block: one literal 0, 4095 × (length 258, distance 1), end of block. Packed bit by bit.
    let mut bits: Vec<bool> = vec![false, true, false];
    bits.extend([false, false, true, true, false, false, false, false]);
    for _ in 0..4095 {
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    bits.extend([false; 7]);
    // An empty block that ends at a byte boundary follows, so that blocks can be concatenated.
    bits.extend([false, false, false]);
    bits.resize(bits.len().next_multiple_of(8), false);
    let pack = |byte: &[bool]| byte.iter().enumerate().fold(0, |sum, (at, &bit)| sum | u8::from(bit) << at);
    let mut bytes: Vec<u8> = bits.chunks(8).map(pack).collect();
    bytes.extend([0, 0, 0xff, 0xff]);
    bytes
}

/// Sends one byte of the body at a time.
async fn dripping() -> std::net::SocketAddr {
    peers::listening(|mut peer| async move {
        peers::read_head(&mut peer).await;
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        let mut open = peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok();
        while open {
            pace.tick().await;
            open = peer.write_all(b"x").await.is_ok();
        }
    })
    .await
}

/// A TLS server with an untrusted certificate.
async fn with_tls() -> std::net::SocketAddr {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    peers::listening(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let _ = acceptor.accept(peer).await;
        }
    })
    .await
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
