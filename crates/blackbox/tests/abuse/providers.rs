//! People who sign in at a real provider of OpenID Connect, and what comes back a second time, from others, or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, Url};
use serde_json::{Value, json};
use steadflow_blackbox::{Answer, Api, NodeServer, Setup, Workplace, admin_key};

const SECRET: &str = "s:ecret";

/// A browser, with the cookies of one place.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn header(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep(&mut self, headers: &reqwest::header::HeaderMap) {
        for set in headers.get_all(SET_COOKIE) {
            let pair = set.to_str().expect("a text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a name and a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        self.cookies.retain(|_, value| !value.is_empty());
    }

    /// Asks a server of ours, as a page of it does.
    async fn ask(&mut self, api: &Api, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let cookies = self.header();
        let headers = [("sec-fetch-site", "same-origin"), ("cookie", &*cookies)];
        let answer = api.call(method, path, &headers, body).await.expect("an answer");
        self.keep(&answer.headers);
        answer
    }
}

/// Signs somebody in at the provider, and returns the address that it sends them back to.
async fn log_in(url: &str, name: &str) -> Url {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    let (mut browser, mut url) = (Browser::default(), Url::parse(url).expect("a URL"));
    let provider = url.port();
    while url.port() == provider {
        let request = client.get(url.clone()).header("cookie", browser.header());
        let mut answer: Response = request.send().await.expect("the provider answers");
        browser.keep(answer.headers());
        if answer.status() == 200 {
            let form =
                client.post(url.clone()).header("cookie", browser.header()).body(format!("name={name}"));
            let form = form.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            answer = form.send().await.expect("the provider answers");
            browser.keep(answer.headers());
        }
        let to = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let Some(to) = to else { panic!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()) };
        url = url.join(&to).expect("a URL");
    }
    url
}

/// Returns what the page posts that a provider sends people back to.
fn parameters(url: &Url) -> Value {
    url.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect()
}

fn provider() -> Option<NodeServer> {
    NodeServer::installed("oidc-provider/lib/index.js")?;
    let program: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/support/openid-provider.mjs");
    Some(NodeServer::start(&program, &[]))
}

fn settings(workplace: &Workplace, issuer: &str) {
    std::fs::write(workplace.path().join("secret"), format!("{SECRET}\n")).expect("it can be written");
    let settings = format!(
        "auth = \"on\"\npassword_sign_in = false\n[[oidc]]\nid = \"local\"\nlabel = \"Example\"\nissuer = \"{issuer}\"\n\
         client_id = \"steadflow\"\nclient_secret_file = \"secret\"\n"
    );
    std::fs::write(workplace.path().join("steadflow.toml"), settings).expect("it can be written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_was_invited_joins_at_a_real_provider_and_signs_in_again() {
    let Some(provider) = provider() else { return };
    let workplace = Workplace::new();
    settings(&workplace, provider.url("").trim_end_matches('/'));
    let database = format!("sqlite:{}", workplace.path().join("steadflow.db").display());
    let key = admin_key(workplace.path(), &database);
    let variables = [("STEADFLOW_LOG".to_owned(), "debug".to_owned())];
    let mut server = Setup::new(&workplace).variables(variables).start().await;
    let (api, admin) = (server.api().clone(), Api::with_key(server.address(), &key));
    let ways = api.get("/api/v1/session").await.expect(200);
    assert_eq!(
        ways,
        json!({ "passwords": false, "providers": [{ "id": "local", "label": "Example" }], "passkeys": false })
    );
    let invited = json!({ "role": "operator", "email": "bob@example.org" });
    let invited = admin.post("invitations", &invited).await.expect(201);
    let token = invited["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a link").to_owned();

    let (mut bob, mut others) = (Browser::default(), Browser::default());
    let begin = "/api/v1/session/oidc/local";
    let asked = json!({ "invitation": token, "return_to": "//evil.example" });
    let begun = bob.ask(&api, Method::POST, begin, Some(&asked)).await.expect(200);
    let back = log_in(begun["url"].as_str().expect("a URL"), "bob").await;
    assert_eq!((back.path(), back.port()), ("/sign-in/local", Some(server.address().port())));
    let (answer, sent) = (format!("{begin}/answer"), parameters(&back));
    others.ask(&api, Method::POST, begin, Some(&json!({}))).await.expect(200);
    let stolen = others.ask(&api, Method::POST, &answer, Some(&sent)).await.expect(401);
    let copied = Browser { cookies: bob.cookies.clone() };
    let joined = bob.ask(&api, Method::POST, &answer, Some(&sent)).await.expect(200);

    assert_eq!(joined["return_to"], "/", "that is no page of ours");
    let account = bob.ask(&api, Method::GET, "/api/v1/studio/account", None).await.expect(200);
    assert_eq!((&account["email"], &account["role"]), (&json!("bob@example.org"), &json!("operator")));
    assert_eq!((&account["name"], &account["has_password"]), (&json!("Bob Example"), &json!(false)));
    assert_eq!(account["providers"][0]["label"], "Example");
    let mut copied = copied;
    let again = copied.ask(&api, Method::POST, &answer, Some(&sent)).await.expect(401);
    assert_eq!(stolen, again, "why, nobody is told");
    assert_eq!(again["type"], "/docs/problems#sign-in-refused");
    let log = admin.get("audit").await.expect(200).to_string();
    assert!(log.contains("finish_at_provider") && log.contains("bob@example.org"), "{log}");

    // The server starts without the provider, and lets him in when that is back.
    server.stop().await;
    server.restart().await;
    let api = server.api().clone();
    let begun =
        bob.ask(&api, Method::POST, begin, Some(&json!({ "return_to": "/agents" }))).await.expect(200);
    let back = parameters(&log_in(begun["url"].as_str().expect("a URL"), "bob").await);
    let done = bob.ask(&api, Method::POST, &answer, Some(&back)).await.expect(200);
    assert_eq!(done["return_to"], "/agents");
    for (name, why) in [("unverified", "email_not_verified"), ("carol", "not_a_member")] {
        let mut stranger = Browser::default();
        let begun = stranger.ask(&api, Method::POST, begin, Some(&json!({}))).await.expect(200);
        let back = parameters(&log_in(begun["url"].as_str().expect("a URL"), name).await);
        let refused = stranger.ask(&api, Method::POST, &answer, Some(&back)).await.expect(401);
        assert_eq!(refused, again, "{name}");
        assert!(server.log().contains(why), "{}", server.log());
    }
    let begun = others.ask(&api, Method::POST, begin, Some(&json!({}))).await.expect(200);
    let back = parameters(&log_in(begun["url"].as_str().expect("a URL"), "bob").await);
    drop(provider);
    let down = others.ask(&api, Method::POST, &answer, Some(&back)).await.expect(502);
    assert_eq!(down["type"], "/docs/problems#provider-unavailable");
    server.stop().await;
    server.restart().await;
    let down = others.ask(server.api(), Method::POST, begin, Some(&json!({}))).await.expect(502);
    assert_eq!(down["type"], "/docs/problems#provider-unavailable");

    let log = server.log();
    let code = |sent: &Value| sent["code"].as_str().expect("a code").to_owned();
    for secret in [SECRET, &code(&sent), &code(&back), &token] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
    server.stop().await;
}
