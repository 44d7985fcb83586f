//! OAuth2 secrets against a real provider: tokens of a client, a grant of a person, refresh tokens that are used once, and what is left
//! when a process is killed or a grant is revoked.
//!
//! Needs Node.js and `oidc-provider` in `e2e/node_modules` (`make test` installs it). Without them the tests say so and end, but fail
//! where `CI` is set.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use steadflow_blackbox::{
    Api, Cluster, NodeServer, Server, Setup, Workplace, eventually, flow, node, run, with,
};

const SOON: Duration = Duration::from_secs(30);
const CLIENT_SECRET: &str = "canary-client-secret";

/// A provider, and a client without redirects.
struct Provider {
    server: NodeServer,
    client: reqwest::Client,
}

impl Provider {
    /// Starts one that sends browsers back to `server`; its access tokens live so many seconds.
    fn start(server: &Server, lifetime: u32) -> Option<Self> {
        Self::before(server, lifetime, "")
    }

    /// Starts one that passes on to an MCP server what has a token.
    fn before(server: &Server, lifetime: u32, mcp: &str) -> Option<Self> {
        NodeServer::installed("oidc-provider/lib/index.js")?;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/support/oauth-provider.mjs");
        let callback = format!("http://{}/oauth/callback", server.address());
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Some(Self {
            server: NodeServer::start(&program, &[&callback, &lifetime.to_string(), mcp]),
            client: client.build().expect("a plain HTTP client can be made"),
        })
    }

    async fn counts(&self) -> Value {
        let answer = self.client.get(self.server.url("/counts")).send().await.expect("an answer");
        serde_json::from_str(&answer.text().await.expect("a body")).expect("it is JSON")
    }

    async fn order(&self, path: &str) {
        let answer = self.client.post(self.server.url(path)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }

    fn of_client(&self) -> Value {
        json!({ "hosts": ["127.0.0.1"], "oauth2": {
            "grant": "client_credentials", "token_url": self.server.url("/token"), "client_id": "machine",
            "client_secret": CLIENT_SECRET, "scopes": ["read"] } })
    }

    fn of_person(&self) -> Value {
        json!({ "hosts": ["127.0.0.1"], "oauth2": {
            "grant": "authorization_code", "token_url": self.server.url("/token"),
            "authorization_url": self.server.url("/auth"), "issuer": self.server.url(""), "client_id": "studio",
            "client_secret": CLIENT_SECRET, "client_auth": "post", "scopes": ["openid", "offline_access", "read"] } })
    }

    /// Allows it as the person of the provider does, with a browser. Returns where that leads to in the studio.
    async fn allow(&self, api: &Api, name: &str) -> String {
        let begun = api.post(&format!("secrets/{name}/authorize"), &Value::Null).await.expect(201);
        let mut at = begun["url"].as_str().expect("a URL").to_owned();
        let callback = begun["redirect_uri"].as_str().expect("a URL");
        let mut cookies: BTreeMap<String, String> = BTreeMap::new();
        while !at.starts_with("/secrets") {
            let all: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let sent = self.client.get(&at).header(COOKIE, all.join("; ")).send().await.expect("an answer");
            for set in sent.headers().get_all(SET_COOKIE) {
                let pair = set.to_str().expect("text").split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').expect("a cookie");
                cookies.insert(name.to_owned(), value.to_owned());
            }
            assert!((300..400).contains(&sent.status().as_u16()), "{at}: {}", sent.status());
            let next = sent.headers()[LOCATION].to_str().expect("a URL");
            let is_ours = next.starts_with("/secrets") || next.starts_with("http");
            at = if is_ours { next.to_owned() } else { self.server.url(next) };
            assert!(!at.starts_with(callback) || at.contains("iss="), "{at}");
        }
        at
    }
}

async fn put(api: &Api, name: &str, body: &Value) -> Value {
    let answer = api.call(Method::PUT, &format!("secrets/{name}"), &[], Some(body)).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Stores a flow that calls the resource of the provider.
async fn calling(api: &Api, provider: &Provider) -> String {
    let input = json!({ "url": provider.server.url("/resource"), "headers": { "Authorization": "Bearer ${secrets.API}" } });
    let call = json!({ "id": "call", "type": "action", "action": "http_request", "input": input });
    api.create_flow(&flow("Calls", &[with(call, &json!({ "retry": { "enabled": false } }))], &[])).await
}

/// Runs a flow, and returns its call.
async fn call(api: &Api, flow: &str) -> Value {
    let execution = api.start(flow, json!({})).await;
    node(&api.finished(&execution, SOON).await, "call").clone()
}

fn output(call: &Value) -> &Value {
    assert_eq!(call["status"], "completed", "{call}");
    assert_eq!(call["attempts"].as_array().map(Vec::len), Some(1), "{call}");
    &call["output_data"]["body"]
}

async fn secret(api: &Api) -> Value {
    found(api).await.expect("it is there")
}

/// Returns the secret as it is listed, if this process knows it.
async fn found(api: &Api) -> Option<Value> {
    let all = api.get("secrets").await.expect(200);
    all.as_array().and_then(|all| all.iter().find(|secret| secret["name"] == "API").cloned())
}

/// Checks that nothing that the provider has given or was given is in a file or a text.
async fn assert_clean(provider: &Provider, directory: &Path, texts: &[Value]) {
    let counts = provider.counts().await;
    let issued = counts["issued"].as_array().expect("a list").iter().filter_map(Value::as_str);
    let hidden: Vec<&str> = issued.chain([CLIENT_SECRET]).collect();
    let files = std::fs::read_dir(directory).expect("a folder can be read").flatten();
    let files =
        files.map(|file| (file.path().display().to_string(), std::fs::read(file.path()).unwrap_or_default()));
    let texts = texts.iter().map(|text| ("an answer".to_owned(), text.to_string().into_bytes()));
    for (name, bytes) in files.chain(texts) {
        let text = String::from_utf8_lossy(&bytes);
        let found = hidden.iter().find(|hidden| text.contains(**hidden));
        assert_eq!(found, None, "it is in {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_calls_a_service_with_the_tokens_of_a_client() {
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).arguments(["--log", "debug"]).start().await;
    let Some(provider) = Provider::start(&server, 3_600) else { return };
    let api = server.api().clone();
    let flow = calling(&api, &provider).await;
    let stored = put(&api, "API", &provider.of_client()).await;
    assert_eq!(
        (&stored["oauth2"]["connection"], &stored["oauth2"]["error"]),
        (&json!("ready"), &Value::Null)
    );

    let first = call(&api, &flow).await;
    server.kill();
    server.restart().await;
    let after_restart = call(&api, &flow).await;
    provider.order("/forget").await;
    let after_refusal = call(&api, &flow).await;

    for call in [&first, &after_restart, &after_refusal] {
        assert_eq!(output(call), &json!({ "client": "machine", "token": "••••" }));
    }
    let counts = provider.counts().await;
    assert_eq!((&counts["tokens"], &counts["refused"]), (&json!(2), &json!(0)), "a token outlives a restart");
    let listed = secret(&api).await;
    assert!(listed["oauth2"]["expires_at"].is_string(), "{listed}");
    let mut wrong = provider.of_client();
    wrong["oauth2"]["client_secret"] = json!("canary-client-secret-that-is-wrong");
    put(&api, "API", &wrong).await;
    let refused = call(&api, &flow).await;
    let attempt = &refused["attempts"][0];
    assert_eq!(attempt["error_class"], "configuration", "{attempt}");
    assert!(attempt["error_message"].to_string().contains("`invalid_client`"), "{attempt}");
    wrong["oauth2"]["token_url"] = json!(provider.server.url("/echo"));
    put(&api, "API", &wrong).await;
    let echoed = call(&api, &flow).await;
    assert!(echoed["attempts"][0]["error_message"].to_string().contains("••••"), "{echoed}");
    let shown = secret(&api).await;
    assert_eq!(shown["oauth2"]["connection"], "failing");
    let listed_by_command =
        run(workplace.path(), &["secrets", "list", "--server", &format!("http://{}", server.address())]);
    assert!(listed_by_command.stdout.contains("OAuth2, failing"), "{}", listed_by_command.stdout);
    let texts = [refused, echoed, shown, json!(listed_by_command.stdout), api.get("audit").await.body];
    server.stop().await;
    assert_clean(&provider, workplace.path(), &texts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_of_an_mcp_server_are_called_with_tokens_that_are_renewed() {
    let Some(program) =
        NodeServer::installed("@modelcontextprotocol/server-everything/dist/transports/streamableHttp.js")
    else {
        return;
    };
    let mcp = NodeServer::start(&program, &[]);
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).arguments(["--log", "debug"]).start().await;
    let Some(provider) = Provider::before(&server, 3_600, &mcp.url("/mcp")) else { return };
    let api = server.api().clone();
    put(&api, "API", &provider.of_client()).await;
    let config = json!({ "url": provider.server.url("/mcp"), "headers": { "Authorization": "Bearer ${secrets.API}" } });
    let agent = json!({ "name": "Everything", "agent_type": "mcp", "config": config, "skills": ["get-sum"] });
    let agent = api.post("agents", &agent).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let tools = api.post(&format!("agents/{agent}/tools"), &json!({})).await.expect(200);
    let sum = json!({ "id": "call", "type": "action", "action": "mcp_tool", "agent_id": agent, "tool": "get-sum",
                      "input": { "a": 2, "b": 3 } });
    let flow = api.create_flow(&flow("Adds", &[sum], &[])).await;

    let first = call(&api, &flow).await;
    provider.order("/forget").await;
    // The session of before ends with its token.
    let after_refusal = call(&api, &flow).await;

    for call in [&first, &after_refusal] {
        assert_eq!(call["output_data"], json!({ "text": "The sum of 2 and 3 is 5." }), "{call}");
    }
    let counts = provider.counts().await;
    assert_eq!(counts["tokens"], 2, "{counts}");
    assert!(counts["mcp"].as_u64() > Some(4), "{counts}");
    let texts = [tools, first, after_refusal, api.get("audit").await.body];
    server.stop().await;
    assert_clean(&provider, workplace.path(), &texts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_is_connected_refreshed_and_named_when_it_is_lost() {
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).start().await;
    let Some(provider) = Provider::start(&server, 3_600) else { return };
    let api = server.api().clone();
    let flow = calling(&api, &provider).await;
    put(&api, "API", &provider.of_person()).await;

    let unconnected = call(&api, &flow).await;
    let led_to = provider.allow(&api, "API").await;
    let first = call(&api, &flow).await;
    provider.order("/forget").await;
    let refreshed = call(&api, &flow).await;

    assert!(
        unconnected["attempts"][0]["error_message"].to_string().contains("is not connected"),
        "{unconnected}"
    );
    assert_eq!(led_to, "/secrets?authorization=connected&name=API");
    for call in [&first, &refreshed] {
        assert_eq!(output(call), &json!({ "client": "studio", "account": "ada", "token": "••••" }));
    }
    assert_eq!(provider.counts().await["refreshes"], 1);

    // A process dies between the answer of the provider and its storing: the refresh token that is stored was used.
    server.kill();
    provider.order("/forget").await;
    server.restart().await;
    provider.order("/hold").await;
    let interrupted = api.start(&flow, json!({})).await;
    eventually("the provider has answered", SOON, async || {
        (provider.counts().await["refreshes"] == 2).then_some(())
    })
    .await;
    server.kill();
    provider.order("/release").await;
    server.restart().await;
    api.finished(&interrupted, SOON).await;
    let lost = call(&api, &flow).await;
    let message = lost["attempts"][0]["error_message"].to_string();
    for said in ["`invalid_grant`", "connect the secret again", "had stopped between the answer"] {
        assert!(message.contains(said), "{said}: {message}");
    }
    let shown = secret(&api).await;
    assert_eq!(shown["oauth2"]["connection"], "needs_connection", "{shown}");

    provider.allow(&api, "API").await;
    assert_eq!(output(&call(&api, &flow).await)["account"], "ada");
    assert_eq!(secret(&api).await["oauth2"]["connection"], "ready");
    provider.order("/revoke").await;
    let revoked = call(&api, &flow).await;
    assert!(revoked["attempts"][0]["error_message"].to_string().contains("`invalid_grant`"), "{revoked}");
    assert_eq!(secret(&api).await["oauth2"]["connection"], "needs_connection");
    let audit = api.get("audit").await.body;
    assert!(audit.to_string().contains("finish_authorization"), "{audit}");
    let texts = [lost, revoked, shown, audit];
    server.stop().await;
    assert_clean(&provider, workplace.path(), &texts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_refresh_at_once_never_lose_the_grant() {
    let cluster = Cluster::start(2).await;
    let Some(provider) = Provider::start(&cluster.servers[0], 3) else { return };
    let [one, other] = [0, 1].map(|number| cluster.servers[number].api().clone());
    let flow = calling(&one, &provider).await;
    put(&one, "API", &provider.of_person()).await;
    provider.allow(&one, "API").await;
    eventually("the other process knows the secret", SOON, async || {
        found(&other).await.filter(|secret| secret["oauth2"]["connection"] == "ready")
    })
    .await;

    // Each token is replaced after less than two seconds.
    let mut rounds = 0;
    while provider.counts().await["refreshes"].as_u64() < Some(3) {
        let mut started = Vec::new();
        for api in [&one, &other].into_iter().cycle().take(10) {
            started.push((api, api.start(&flow, json!({})).await));
        }
        for (api, execution) in started {
            let ended = api.finished(&execution, SOON).await;
            assert_eq!(ended["status"], "completed", "{ended}");
        }
        rounds += 1;
        assert!(rounds < 100, "there is nothing to refresh");
    }

    let counts = provider.counts().await;
    assert_eq!(counts["refused"], 0, "no refresh token is used twice: {counts}");
    assert_eq!(secret(&other).await["oauth2"]["connection"], "ready");
}
