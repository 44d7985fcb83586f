//! A provider of OpenID Connect that says what a test wants, with keys of its own.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steadflow_access::{NoOidcAnswer, OidcHttp, OidcRequest, OidcResponse};
use url::Url;

use super::NOW;

pub(super) const ISSUER: &str = "https://login.example.com";
pub(super) const CLIENT: &str = "steadflow";

/// What is wrong with a token.
pub(super) type Tweak = Box<dyn Fn(&mut Token) + Send>;

/// An ID token before it is signed.
pub(super) struct Token {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// What becomes of its text.
    pub(super) written: fn(&Provider, &Self) -> String,
}

pub(super) struct Provider {
    state: Mutex<State>,
}

struct State {
    /// By their ids.
    keys: Vec<(String, EcdsaKeyPair)>,
    tweak: Option<Tweak>,
    /// What it says of itself beside what it must.
    described: Value,
    userinfo: Value,
    /// The codes that were given out, with the nonce and the challenge that they are for.
    codes: HashMap<String, (String, String)>,
    /// Whether a code works again.
    forgets_codes: bool,
    is_down: bool,
    asked: Vec<String>,
}

/// A browser at the provider.
pub(super) struct Visit {
    pub(super) parameters: HashMap<String, String>,
    pub(super) code: String,
}

impl Provider {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            keys: Vec::new(),
            tweak: None,
            described: json!({}),
            userinfo: json!({ "sub": "ann" }),
            codes: HashMap::new(),
            forgets_codes: false,
            is_down: false,
            asked: Vec::new(),
        };
        let provider = Arc::new(Self { state: Mutex::new(state) });
        provider.turn_key("first");
        provider
    }

    /// Has another key from now on.
    pub(super) fn turn_key(&self, id: &str) {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key is made");
        let pair = EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).expect("it is one");
        self.state.lock().keys = vec![(id.to_owned(), pair)];
    }

    pub(super) fn tweak(&self, tweak: impl Fn(&mut Token) + Send + 'static) {
        self.state.lock().tweak = Some(Box::new(tweak));
    }

    pub(super) fn describe(&self, more: Value) {
        self.state.lock().described = more;
    }

    pub(super) fn userinfo(&self, said: Value) {
        self.state.lock().userinfo = said;
    }

    pub(super) fn go_down(&self, is_down: bool) {
        self.state.lock().is_down = is_down;
    }

    pub(super) fn forget_codes(&self) {
        self.state.lock().forgets_codes = true;
    }

    /// Returns how often something was asked for.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.state.lock().asked.iter().filter(|asked| asked.ends_with(path)).count()
    }

    /// Signs somebody in who was sent to `url`.
    pub(super) fn visit(&self, url: &str) -> Visit {
        let url = Url::parse(url).expect("it is a URL");
        let parameters: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let mut state = self.state.lock();
        let code = format!("code-{}", state.asked.len() + state.codes.len());
        let of = (parameters["nonce"].clone(), parameters["code_challenge"].clone());
        state.codes.insert(code.clone(), of);
        Visit { parameters, code }
    }

    pub(super) fn signed(&self, token: &Token) -> String {
        let text = unsigned(token);
        let state = self.state.lock();
        let (_, pair) = state.keys.last().expect("there is a key");
        let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).expect("it signs");
        format!("{text}.{}", encoded(signature.as_ref()))
    }

    /// Signs with what everybody knows of the key.
    pub(super) fn signed_with_public_key(&self, token: &Token) -> String {
        let text = unsigned(token);
        let state = self.state.lock();
        let (_, pair) = state.keys.last().expect("there is a key");
        let mut mac = Hmac::<Sha256>::new_from_slice(pair.public_key().as_ref()).expect("any length is one");
        mac.update(text.as_bytes());
        format!("{text}.{}", encoded(&mac.finalize().into_bytes()))
    }

    fn answer(&self, request: &OidcRequest) -> Result<OidcResponse, NoOidcAnswer> {
        let path = Url::parse(&request.url).expect("it is a URL").path().to_owned();
        if self.state.lock().is_down {
            return Err(NoOidcAnswer("login.example.com does not answer.".to_owned()));
        }
        self.state.lock().asked.push(path.clone());
        let (status, body) = match &*path {
            "/.well-known/openid-configuration" => (200, self.description()),
            "/jwks" => (200, self.jwks()),
            "/userinfo" => (200, self.state.lock().userinfo.clone()),
            "/token" => self.tokens(request),
            _ => (404, Value::Null),
        };
        Ok(OidcResponse { status, body: body.to_string().into_bytes() })
    }

    fn description(&self) -> Value {
        let mut document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": format!("{ISSUER}/auth?tenant=a"),
            "token_endpoint": format!("{ISSUER}/token"),
            "userinfo_endpoint": format!("{ISSUER}/userinfo"),
            "jwks_uri": format!("{ISSUER}/jwks"),
        });
        for (name, value) in self.state.lock().described.as_object().expect("an object") {
            document[name] = value.clone();
        }
        document
    }

    fn jwks(&self) -> Value {
        let state = self.state.lock();
        let key = |(id, pair): &(String, EcdsaKeyPair)| {
            let point = pair.public_key().as_ref();
            json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": encoded(&point[1..33]), "y": encoded(&point[33..]) })
        };
        json!({ "keys": state.keys.iter().map(key).collect::<Vec<_>>() })
    }

    fn tokens(&self, request: &OidcRequest) -> (u16, Value) {
        let form: HashMap<_, _> = request.form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let refused = (400, json!({ "error": "invalid_grant" }));
        let known = {
            let mut state = self.state.lock();
            let code = form["code"];
            if state.forgets_codes { state.codes.get(code).cloned() } else { state.codes.remove(code) }
        };
        let Some((nonce, challenge)) = known else { return refused };
        if encoded(&Sha256::digest(form["code_verifier"])) != challenge {
            return refused;
        }
        assert_eq!(form["redirect_uri"], "https://flows.example.org/sign-in/example");
        let basic = request.authorization.as_deref().map(String::as_str);
        assert_eq!(basic, Some("Basic c3RlYWRmbG93OnMlM0FlY3JldA=="), "both are encoded");
        let now = NOW.as_micros() / 1_000_000;
        let id = self.state.lock().keys.last().map(|(id, _)| id.clone());
        let mut token = Token {
            header: json!({ "alg": "ES256", "kid": id }),
            claims: json!({
                "iss": ISSUER, "aud": CLIENT, "sub": "ann", "nonce": nonce, "iat": now, "exp": now + 300,
                "email": "Ann@Example.org", "email_verified": true, "name": "Ann Example",
            }),
            written: Self::signed,
        };
        if let Some(tweak) = &self.state.lock().tweak {
            tweak(&mut token);
        }
        let text = (token.written)(self, &token);
        (200, json!({ "access_token": "access", "token_type": "Bearer", "id_token": text }))
    }
}

pub(super) fn unsigned(token: &Token) -> String {
    let part = |value: &Value| encoded(value.to_string().as_bytes());
    format!("{}.{}", part(&token.header), part(&token.claims))
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

impl OidcHttp for Provider {
    fn send(
        &self,
        request: OidcRequest,
    ) -> Pin<Box<dyn Future<Output = Result<OidcResponse, NoOidcAnswer>> + Send + '_>> {
        Box::pin(ready(self.answer(&request)))
    }
}
