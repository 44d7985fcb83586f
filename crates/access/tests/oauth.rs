//! The tokens of OAuth2 secrets, with a token endpoint that answers as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use steadflow_access::{
    ClientAuth, ConnectError, Connection, MasterKey, MasterKeySource, NewSecret, NewValue, Oauth,
    OauthConfig, OauthGrant, Returned, Vault,
};
use steadflow_core::caller::Caller;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_nodes::{EgressPolicy, NoAgents, Nodes, NodesConfig, Secret, Secrets};
use steadflow_store::{MemoryStore, OauthTokens};
use uuid::Uuid;
use wiremock::matchers::{body_string_contains, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

const OURS: TenantId = TenantId::DEFAULT;
const THEIRS: TenantId = TenantId::new(Uuid::from_u128(7));
const REDIRECT: &str = "https://flows.example/oauth/callback";

struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: TenantId, _: &str) -> Option<Secret> {
        None
    }
}

/// A vault, and what asks for its tokens, at a time that the test sets.
struct Rig {
    provider: MockServer,
    store: MemoryStore,
    vault: Vault,
    oauth: Oauth,
    seconds: Arc<AtomicI64>,
}

impl Rig {
    async fn new(grant: OauthGrant) -> Self {
        let (provider, store) = (MockServer::start().await, MemoryStore::new());
        let (vault, oauth, seconds) = process(&store).await;
        let rig = Self { provider, store, vault, oauth, seconds };
        rig.put(grant).await;
        rig
    }

    async fn put(&self, grant: OauthGrant) {
        let url = |path: &str| format!("{}{path}", self.provider.uri());
        let config = OauthConfig {
            grant,
            token_url: url("/token"),
            authorization_url: (grant == OauthGrant::AuthorizationCode).then(|| url("/authorize")),
            issuer: None,
            client_id: "client".to_owned(),
            client_secret: Some("canary-secret".to_owned()),
            client_auth: ClientAuth::Post,
            scopes: Vec::new(),
            token_parameters: BTreeMap::new(),
            authorization_parameters: BTreeMap::new(),
        };
        config.check().expect("it is right");
        let new = NewSecret {
            tenant: OURS,
            name: "KEY".into(),
            value: NewValue::Oauth(Box::new(config)),
            hosts: "127.0.0.1".into(),
            at: self.now(),
            by: "ada".into(),
        };
        self.vault.put(new).await.expect("it is stored");
    }

    fn now(&self) -> Timestamp {
        at(self.seconds.load(Ordering::SeqCst))
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Answers the next requests so, `times` of them.
    async fn answers(&self, times: u64, with: &str, answer: ResponseTemplate) {
        let mock = Mock::given(method("POST")).and(body_string_contains(with)).respond_with(answer);
        mock.up_to_n_times(times).mount(&self.provider).await;
    }

    async fn requests(&self) -> usize {
        self.provider.received_requests().await.expect("they are recorded").len()
    }

    async fn obtain(&self) -> Result<(), Failure> {
        self.oauth.obtain(OURS, "KEY").await
    }

    fn token(&self) -> Option<String> {
        self.vault.token(OURS, "KEY", self.now()).map(|token| token.to_string())
    }

    /// Begins an authorization, and returns its state.
    async fn begin(&self, browser: Option<&str>) -> String {
        let begun = self.oauth.begin(&Caller::LOCAL, "KEY", REDIRECT, browser).await.expect("it begins");
        let state = begun.url.query_pairs().find(|(name, _)| name == "state");
        state.expect("it has a state").1.into_owned()
    }

    async fn finish(&self, state: &str, returned: Returned<'_>) -> Result<(), Failure> {
        let finished = self.oauth.take(state).await.expect("an answer").expect("it is open");
        self.oauth.finish(finished, returned).await
    }

    async fn connection(&self) -> (Connection, Option<Arc<str>>) {
        let mut all = self.oauth.statuses(OURS).await.expect("an answer");
        let status = all.remove("KEY").expect("it is there");
        (status.connection, status.error)
    }
}

/// Starts another process with the same data.
async fn process(store: &MemoryStore) -> (Vault, Oauth, Arc<AtomicI64>) {
    let key = MasterKey::parse(b"1AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").expect("a key");
    let vault = Vault::open(Arc::new(store.reopen()), MasterKeySource::Given(key)).await.expect("it opens");
    let policy = EgressPolicy::parse("127.0.0.1").expect("an address");
    let nodes =
        Nodes::new(NodesConfig { policy, ..NodesConfig::new(Arc::new(NoAgents), Arc::new(NoSecrets)) });
    let seconds = Arc::new(AtomicI64::new(1_000));
    let clock = Arc::clone(&seconds);
    let client = nodes.expect("a client").client();
    let oauth = Oauth::new(vault.clone(), client, move || at(clock.load(Ordering::SeqCst)));
    (vault, oauth, seconds)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn tokens(access: &str, refresh: Option<&str>) -> ResponseTemplate {
    let mut body = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 100 });
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
    }
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn one_call_gets_the_token_for_all_that_wait_and_it_outlives_a_restart() {
    let rig = Rig::new(OauthGrant::ClientCredentials).await;
    rig.answers(1, "client_credentials", tokens("one", None).set_delay(Duration::from_millis(50))).await;
    assert_eq!(rig.token(), None);

    let obtained = join_all((0..20).map(|_| rig.obtain())).await;

    assert!(obtained.iter().all(Result::is_ok), "{obtained:?}");
    assert_eq!((rig.token().as_deref(), rig.requests().await), (Some("one"), 1));
    let (later, oauth, _) = process(&rig.store).await;
    assert_eq!(later.token(OURS, "KEY", rig.now()), None);
    oauth.obtain(OURS, "KEY").await.expect("it is stored");
    assert_eq!(later.token(OURS, "KEY", rig.now()).expect("it is there").as_str(), "one");
    assert_eq!(later.token(THEIRS, "KEY", rig.now()), None, "it is another tenant's");
    assert_eq!(rig.requests().await, 1);
    rig.pass(96);
    assert_eq!(rig.token(), None, "it is replaced before it expires");
    rig.answers(1, "client_credentials", tokens("two", None)).await;
    rig.obtain().await.expect("there is another one");
    assert_eq!(rig.token().as_deref(), Some("two"));
    rig.put(OauthGrant::ClientCredentials).await;
    assert_eq!(rig.token(), None, "it was obtained for another configuration");
}

#[tokio::test]
async fn what_may_pass_is_retried_and_a_token_that_counts_is_used_meanwhile() {
    let rig = Rig::new(OauthGrant::ClientCredentials).await;
    rig.answers(1, "", ResponseTemplate::new(429).insert_header("retry-after", "7")).await;

    let limited = join_all((0..5).map(|_| rig.obtain())).await;

    for limited in limited {
        let failure = limited.expect_err("there is none");
        assert_eq!(
            (failure.class, failure.retry_after),
            (ErrorClass::RateLimited, Some(Duration::from_secs(7)))
        );
    }
    assert_eq!(rig.requests().await, 1, "who waits shares the answer");
    assert_eq!(rig.connection().await.0, Connection::Failing);
    rig.answers(1, "", tokens("one", None)).await;
    rig.obtain().await.expect("there is one");
    rig.pass(96);
    rig.answers(1, "", ResponseTemplate::new(503)).await;
    rig.obtain().await.expect("the token counts until it expires");
    assert_eq!(rig.token().as_deref(), Some("one"));
    rig.pass(5);
    assert_eq!(rig.token(), None);
    rig.answers(1, "", ResponseTemplate::new(503)).await;
    assert_eq!(rig.obtain().await.expect_err("there is none").class, ErrorClass::Unavailable);
}

#[tokio::test]
async fn a_token_that_a_service_refuses_is_replaced_but_not_each_time() {
    let rig = Rig::new(OauthGrant::ClientCredentials).await;
    rig.answers(1, "", tokens("one", None)).await;
    rig.obtain().await.expect("there is one");

    assert!(rig.vault.refuse_token(OURS, "KEY", "one", rig.now()));
    assert!(rig.vault.refuse_token(OURS, "KEY", "one", rig.now()), "another call has had it, too");
    assert_eq!(rig.token(), None);
    rig.answers(1, "", ResponseTemplate::new(503)).await;
    assert!(rig.obtain().await.is_err(), "the one that was refused is not used again");
    rig.answers(1, "", tokens("two", None)).await;
    rig.obtain().await.expect("there is another one");

    assert_eq!(rig.token().as_deref(), Some("two"));
    assert!(!rig.vault.refuse_token(OURS, "KEY", "two", rig.now()), "it was just replaced");
    rig.pass(31);
    assert!(rig.vault.refuse_token(OURS, "KEY", "two", rig.now()));
}

#[tokio::test]
async fn a_refresh_token_is_replaced_and_kept_where_there_is_no_new_one() {
    let rig = Rig::new(OauthGrant::AuthorizationCode).await;
    let unconnected = rig.obtain().await.expect_err("nobody has allowed it");
    assert!(unconnected.message.contains("not connected"), "{}", unconnected.message);
    assert_eq!(rig.connection().await.0, Connection::NeedsConnection);
    rig.answers(1, "code=c0de", tokens("one", Some("r1"))).await;
    let state = rig.begin(None).await;
    rig.finish(&state, Returned { code: Some("c0de"), ..Returned::default() })
        .await
        .expect("it is connected");
    assert!(rig.oauth.take(&state).await.expect("an answer").is_none(), "a state counts once");

    for (refresh, answer) in
        [("r1", tokens("two", Some("r2"))), ("r2", tokens("three", None)), ("r2", tokens("four", None))]
    {
        rig.pass(96);
        rig.answers(1, &format!("refresh_token={refresh}"), answer).await;
        rig.obtain().await.expect("there is another one");
    }

    assert_eq!(rig.token().as_deref(), Some("four"));
    assert_eq!(rig.connection().await, (Connection::Ready, None));
    rig.pass(96);
    let revoked = json!({ "error": "invalid_grant", "error_description": "r2 and canary-secret" });
    rig.answers(1, "refresh_token=r2", ResponseTemplate::new(400).set_body_json(revoked)).await;
    let revoked = rig.obtain().await.expect_err("it is revoked");
    assert_eq!(revoked.class, ErrorClass::Configuration);
    assert!(
        revoked.message.contains("`invalid_grant`") && !revoked.message.contains("canary"),
        "{}",
        revoked.message
    );
    let again = rig.obtain().await.expect_err("it is revoked");
    assert_eq!(again.message, revoked.message, "the provider is not asked again");
    assert_eq!(rig.connection().await, (Connection::NeedsConnection, Some(revoked.message.as_str().into())));
}

#[tokio::test]
async fn an_authorization_is_finished_by_the_browser_that_began_it() {
    let rig = Rig::new(OauthGrant::AuthorizationCode).await;
    let code = Returned { code: Some("c0de"), ..Returned::default() };
    let denied = Returned { error: Some("access_denied"), browser: Some("b"), ..Returned::default() };
    let said = Returned { error: Some("<canary>"), browser: Some("b"), ..Returned::default() };

    for (returned, expected) in [
        (code, "another browser"),
        (Returned { browser: Some("c"), ..code }, "another browser"),
        (denied, "`access_denied`"),
        (said, "an error of its own"),
        (Returned { browser: Some("b"), ..Returned::default() }, "neither a code nor an error"),
    ] {
        let state = rig.begin(Some("b")).await;
        let failure = rig.finish(&state, returned).await.expect_err("it is refused");
        assert!(
            failure.message.contains(expected) && !failure.message.contains("canary"),
            "{}",
            failure.message
        );
        assert_eq!(rig.connection().await.1.as_deref(), Some(failure.message.as_str()));
    }
    let late = rig.begin(None).await;
    rig.pass(600);
    assert!(rig.oauth.take(&late).await.expect("an answer").is_none(), "it is over");
    assert!(rig.oauth.take("no state").await.expect("an answer").is_none());
    let replaced = rig.begin(None).await;
    rig.put(OauthGrant::AuthorizationCode).await;
    assert!(rig.oauth.take(&replaced).await.expect("an answer").is_none(), "the secret is another one");
    assert_eq!(rig.requests().await, 0, "the provider was asked nothing");
    rig.put(OauthGrant::ClientCredentials).await;
    let begun = rig.oauth.begin(&Caller::LOCAL, "KEY", REDIRECT, None).await;
    assert!(matches!(begun, Err(ConnectError::NothingToAllow)));
}

#[tokio::test]
async fn tokens_do_not_open_for_another_secret_and_nothing_shows_them() {
    let rig = Rig::new(OauthGrant::ClientCredentials).await;
    rig.answers(1, "", tokens("canary-token", None)).await;
    rig.obtain().await.expect("there is one");
    let stored = rig.store.oauth_tokens(OURS).await.expect("an answer").remove(0);
    let (_, sealed) = stored.state.sealed.clone().expect("it is there");
    assert!(!sealed.windows(6).any(|part| part == b"canary"));
    assert!(!format!("{stored:?}{:?}{:?}", rig.vault, rig.oauth).contains("canary"));

    // Somebody puts the old tokens back into the database after the secret was stored again.
    rig.put(OauthGrant::ClientCredentials).await;
    let claim = steadflow_store::OauthClaim { id: Uuid::from_u128(1), until: rig.now() };
    rig.store.claim_token((OURS, "KEY".into()), None, claim, rig.now()).await.expect("an answer");
    rig.store.settle_token((OURS, "KEY".into()), claim.id, stored.state).await.expect("an answer");
    rig.answers(1, "", tokens("other", None)).await;
    rig.obtain().await.expect("there is another one");

    assert_eq!(rig.token().as_deref(), Some("other"));
}
