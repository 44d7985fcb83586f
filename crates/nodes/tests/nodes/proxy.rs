//! Calls through a proxy of the operator: what it is asked, what it is never asked, and how it fails.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_nodes::{EgressProxy, Nodes, NodesConfig};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::models::{completion, ok};
use crate::peers;
use crate::support::{Agents, Names, config, http_work, result, skill_work};

/// The password for the proxy, which nothing may show.
const PASSWORD: &str = "canary-5f1d";
/// The header of `us@er` and the password.
const BASIC: &str = "proxy-authorization: Basic dXNAZXI6Y2FuYXJ5LTVmMWQ=";

#[tokio::test]
async fn plain_http_is_asked_for_in_absolute_form() {
    let (peer, proxy) = (answering().await, Proxy::forwarding().await);
    let port = peer.address().port();
    for host in ["peer.test", "only-the-proxy-knows.example", "8.8.8.8"] {
        let url = format!("http://{host}:{port}/a?b=c");
        let input = json!({ "url": url, "method": "POST", "body": "x", "headers": { "X-A": "1" } });

        let output = proxy.call(&input, "").await.unwrap();

        assert_eq!(output["status"], 200);
        let head = proxy.last();
        assert!(head.starts_with(&format!("POST {url} HTTP/1.1\r\n")), "{head}");
        assert!(head.contains(BASIC) && head.contains("x-a: 1"), "{head}");
    }
    for request in peer.received_requests().await.unwrap() {
        assert_eq!(request.url.path(), "/a");
        assert!(!request.headers.contains_key("proxy-authorization"));
    }
}

/// Which certificates are trusted is a variable of the process, so the test runs once more in one of its own.
#[tokio::test]
async fn services_with_tls_are_reached_through_connect() {
    let trusted = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nodes/tls/behind-proxy.pem");
    if std::env::var_os("SSL_CERT_FILE").is_none_or(|file| file != trusted) {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "proxy::services_with_tls_are_reached_through_connect"]);
        let run = again.env("SSL_CERT_FILE", trusted).env_remove("SSL_CERT_DIR").output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
        assert!(String::from_utf8_lossy(&run.stdout).contains("1 passed"), "it ran");
        return;
    }
    let (peer, proxy) = (with_tls().await, Proxy::forwarding().await);
    let url = format!("https://peer.test:{}/secret?token=t", peer.port());

    let output =
        proxy.call(&json!({ "url": url, "headers": { "Authorization": "Bearer t" } }), "").await.unwrap();

    assert_eq!(output["body"], "behind TLS");
    let head = proxy.last();
    assert!(head.starts_with(&format!("CONNECT peer.test:{} HTTP/1.1\r\n", peer.port())), "{head}");
    assert!(head.to_ascii_lowercase().contains(&BASIC.to_ascii_lowercase()), "{head}");
    assert!(!head.contains("Bearer") && !head.contains("token"), "{head}");
}

#[tokio::test]
async fn a_certificate_behind_the_proxy_is_checked() {
    let (peer, proxy) = (with_tls().await, Proxy::forwarding().await);

    let failure =
        proxy.call(&json!({ "url": format!("https://peer.test:{}/", peer.port()) }), "").await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Rejected, "{}", failure.message);
    assert!(failure.message.contains("certificate of peer.test"), "{}", failure.message);
}

#[tokio::test]
async fn what_is_refused_is_refused_before_the_proxy_is_asked() {
    let proxy = Proxy::forwarding().await;
    for url in [
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://0x0a000001/",
        "https://[fc00::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://127.0.0.1/",
        "https://localhost/",
        "http://inside.test/",
        "https://inside.test./",
    ] {
        let failure = proxy.call(&json!({ "url": url }), "").await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration, "{url}: {}", failure.message);
        assert!(failure.message.contains("--egress-allow"), "{}", failure.message);
    }
    assert!(proxy.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_behind_the_proxy_is_checked_like_a_new_call() {
    let (peer, proxy) = (MockServer::start().await, Proxy::forwarding().await);
    let port = peer.address().port();
    let redirect = ResponseTemplate::new(302).insert_header("location", format!("http://10.0.0.1:{port}/"));
    Mock::given(any()).respond_with(redirect).mount(&peer).await;
    let input = json!({ "url": format!("http://peer.test:{port}/") });

    // What flows may call is not what a public peer may send them to.
    for (calls, allowed) in [(1, ""), (2, "10.0.0.1")] {
        let nodes = proxy.nodes(config(allowed), "");
        let failure = result(nodes.perform(http_work(&input)).await).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration, "{}", failure.message);
        assert_eq!(proxy.heard.lock().unwrap().len(), calls);
    }
}

#[tokio::test]
async fn exceptions_are_called_directly_and_checked_there() {
    let (peer, proxy) = (answering().await, Proxy::forwarding().await);
    let input = json!({ "url": format!("http://direct.test:{}/", peer.address().port()) });
    let loopback = json!({ "url": format!("http://127.0.0.1:{}/", peer.address().port()) });
    let nodes = |allowed| proxy.nodes(config(allowed), "direct.test");

    let allowed = result(nodes("127.0.0.1").perform(http_work(&input)).await);
    let refused = result(nodes("").perform(http_work(&input)).await);
    let local = result(nodes("127.0.0.1").perform(http_work(&loopback)).await);

    assert_eq!(allowed.unwrap()["status"], 200);
    assert_eq!(refused.unwrap_err().class, ErrorClass::Configuration);
    assert_eq!(local.unwrap()["status"], 200);
    assert!(proxy.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn models_and_remote_agents_use_the_proxy() {
    let model = peers::answering(ok(&completion(&json!("hello"), &json!("stop")))).await;
    let remote = peers::answering(ok(&json!({ "text": "hello" }))).await;
    for (agent_type, port, agent) in [
        (
            "llm",
            model.port(),
            json!({ "provider": "openai", "model": "m", "base_url": format!("http://peer.test:{}", model.port()) }),
        ),
        ("http", remote.port(), json!({ "endpoint": format!("http://peer.test:{}", remote.port()) })),
    ] {
        let proxy = Proxy::forwarding().await;
        let document = json!({ "name": "a", "agent_type": agent_type, "config": agent, "skills": ["ask"] });
        let agents = Arc::new(Agents(Some(Arc::new(Agent::parse(&document).unwrap()))));
        let nodes = proxy.nodes(NodesConfig { agents, ..config("") }, "");

        let output = result(nodes.perform(skill_work("ask", &json!("hi"))).await);

        assert_eq!(output, Ok(json!({ "text": "hello" })), "{agent_type}");
        assert!(proxy.last().starts_with(&format!("POST http://peer.test:{port}/")), "{}", proxy.last());
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    use ErrorClass::{Configuration, Connection, Rejected, Unavailable};
    let of_proxy = "The operator can set them in `--egress-proxy`";
    for (scheme, answer, class, said) in [
        (
            "https",
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
            Configuration,
            of_proxy,
        ),
        (
            "http",
            "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            Configuration,
            of_proxy,
        ),
        (
            "https",
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            Connection,
            "did not connect to peer.test:443. Check that it allows this host",
        ),
        ("https", "HTTP/1.1 403 Forbidden\r\n\r\n", Connection, "did not connect to peer.test:443"),
        ("https", "SSH-2.0-OpenSSH_9.6\r\n", Connection, "did not connect to peer.test:443"),
        ("https", "", Connection, "did not connect to peer.test:443"),
        (
            "http",
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 12\r\n\r\nno such host",
            Unavailable,
            "HTTP 502 Bad Gateway from peer.test or the proxy proxy.test:",
        ),
        (
            "http",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied",
            Rejected,
            "HTTP 403 Forbidden from peer.test or the proxy proxy.test:",
        ),
        (
            "http",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            Rejected,
            "HTTP 404 Not Found from peer.test.",
        ),
    ] {
        let proxy = Proxy::answering(answer).await;

        let failure = proxy.call(&json!({ "url": format!("{scheme}://peer.test/") }), "").await.unwrap_err();

        assert_eq!(failure.class, class, "{scheme} {answer}: {}", failure.message);
        assert!(failure.message.contains(said), "{scheme} {answer}: {}", failure.message);
        assert!(!format!("{failure:?}").contains(PASSWORD), "{failure:?}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let closed = peers::closed().await;
    for (proxy, said) in [
        (format!("http://u:{PASSWORD}@{closed}"), format!("Could not connect to the proxy {closed}.")),
        (
            format!("http://u:{PASSWORD}@proxy.test:{}", closed.port()),
            format!("Could not connect to the proxy proxy.test:{}.", closed.port()),
        ),
        (
            format!("http://u:{PASSWORD}@nowhere.example:1"),
            "The host of the proxy nowhere.example:1 was not found.".to_owned(),
        ),
    ] {
        for scheme in ["http", "https"] {
            let nodes = nodes_with(&proxy, config(""), "");

            let work = http_work(&json!({ "url": format!("{scheme}://peer.test/") }));
            let failure = result(nodes.perform(work).await).unwrap_err();

            assert_eq!(failure.class, ErrorClass::Connection, "{}", failure.message);
            assert!(failure.message.contains(&said), "{scheme} {proxy}: {}", failure.message);
            assert!(!failure.message.contains(PASSWORD), "{}", failure.message);
        }
    }
}

/// A proxy, and what it was asked.
struct Proxy {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one that knows one address: its host has all names.
    async fn forwarding() -> Self {
        Self::serving(None).await
    }

    /// Starts one that answers everything with `answer`.
    async fn answering(answer: &'static str) -> Self {
        Self::serving(Some(answer)).await
    }

    async fn serving(answer: Option<&'static str>) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        let address = peers::listening(move |mut client| {
            let keep = Arc::clone(&keep);
            async move {
                let head = peers::read_head(&mut client).await;
                keep.lock().unwrap().push(head.clone());
                match answer {
                    Some(answer) => {
                        let _ = client.write_all(answer.as_bytes()).await;
                        let _ = client.shutdown().await;
                    }
                    None => forward(&mut client, &head).await,
                }
            }
        })
        .await;
        Self { port: address.port(), heard }
    }

    async fn call(&self, input: &Value, exceptions: &str) -> Result<Value, Failure> {
        result(self.nodes(config(""), exceptions).perform(http_work(input)).await)
    }

    fn nodes(&self, config: NodesConfig, exceptions: &str) -> Nodes {
        nodes_with(&format!("http://us%40er:{PASSWORD}@proxy.test:{}", self.port), config, exceptions)
    }

    fn last(&self) -> String {
        self.heard.lock().unwrap().last().unwrap().clone()
    }
}

fn nodes_with(proxy: &str, config: NodesConfig, exceptions: &str) -> Nodes {
    let public = vec!["8.8.8.8".parse().unwrap()];
    let inside = vec!["10.9.8.7".parse().unwrap()];
    let names = Names { known: [("peer.test", public), ("inside.test", inside)].into(), ..Names::default() };
    let proxy = Some(EgressProxy::parse(proxy, exceptions).unwrap());
    Nodes::new(NodesConfig { lookup: Arc::new(names), proxy, ..config }).unwrap()
}

/// Does what the client asks for with `head`, at the port that it names on this host.
async fn forward(client: &mut TcpStream, head: &str) {
    let (line, headers) = head.split_once("\r\n").unwrap();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (authority, path) = match target.strip_prefix("http://") {
        Some(rest) => rest.split_at(rest.find('/').unwrap()),
        None => (target, ""),
    };
    let port: u16 = authority.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut service = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    } else {
        let own = |line: &&str| !line.to_ascii_lowercase().starts_with("proxy-");
        let rest: Vec<&str> = headers.split("\r\n").filter(own).collect();
        let head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n{}", rest.join("\r\n"));
        service.write_all(head.as_bytes()).await.unwrap();
    }
    let _ = copy_bidirectional(client, &mut service).await;
}

async fn answering() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    server
}

/// Starts a service with TLS for `peer.test`.
async fn with_tls() -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/behind-proxy.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/behind-proxy-key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor =
        tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate], key).unwrap()));
    peers::listening(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(peer).await else { return };
            let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nbehind TLS";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}
