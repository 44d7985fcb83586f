//! People who sign in at a provider: what it says counts if all of it is right, and who is let in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steadflow_access::{
    ATTEMPT_TTL, Authenticator, Browser, CLOCK_LEEWAY, COMMAND_LINE, Checked, ClientSecret, Grantor,
    GroupRole, Identified, Invited, JoinRefused, Joining, KEYS_READ_AGAIN_AFTER, Oidc, OidcAnswer,
    OidcProvider, OidcReason, OidcRefused, People, SignInRefused, SignInWays, SignedIn, first_admin, invite,
};
use steadflow_core::access::{CredentialKind, Token};
use steadflow_core::caller::{Actor, Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{MemoryStore, PrincipalChange, PrincipalRecord, Store};

use super::provider::{CLIENT, ISSUER, Provider, Token as IdToken, encoded, unsigned};
use super::{NOW, person};

/// A server with one provider.
struct Place {
    people: People,
    provider: Arc<Provider>,
    store: Arc<dyn Store>,
    authenticator: Authenticator,
}

/// What a browser has while somebody is at the provider.
struct Away {
    cookie: String,
    state: String,
    code: String,
}

fn settings() -> OidcProvider {
    OidcProvider {
        id: "example".into(),
        label: "Example".into(),
        issuer: ISSUER.into(),
        client_id: CLIENT.into(),
        client_secret: Some(ClientSecret::new("s:ecret".into())),
        scopes: vec!["openid".into(), "email".into()],
        allowed_domains: Vec::new(),
        trusts_email: false,
        groups_claim: "groups".into(),
        groups: Vec::new(),
        create_as: None,
        tenant: "default".into(),
    }
}

fn browser() -> Browser {
    let address = Some(IpAddr::from([192, 0, 2, 1]));
    Browser { address, shared: address, ..Browser::default() }
}

impl Place {
    /// Ann is an editor, and there is another admin.
    async fn new(settings: OidcProvider) -> Self {
        let place = Self::with(SignInWays::default(), settings);
        for (number, role) in [(1, Role::Editor), (2, Role::Admin)] {
            let email = if number == 1 { "ann@example.org" } else { "root@example.org" };
            let person = PrincipalRecord { email: Some(email.into()), ..person(number, role) };
            assert!(place.store.create_principal(person).await.expect("it answers"));
        }
        place
    }

    fn with(ways: SignInWays, settings: OidcProvider) -> Self {
        let (provider, store): (_, Arc<dyn Store>) = (Provider::new(), Arc::new(MemoryStore::new()));
        let other = OidcProvider { id: "other".into(), ..settings.clone() };
        let oidc = Oidc::new(vec![settings, other], Arc::clone(&provider) as _, "https://flows.example.org/");
        let authenticator = Authenticator::new(Arc::clone(&store));
        let ways = SignInWays { oidc: Some(oidc), ..ways };
        let people = People::new(Arc::clone(&store), authenticator.clone(), ways);
        Self { people, provider, store, authenticator }
    }

    /// Returns another process of the same database.
    fn other_process(&self) -> People {
        let authenticator = Authenticator::new(Arc::clone(&self.store));
        People::new(Arc::clone(&self.store), authenticator, self.people.ways().clone())
    }

    async fn go(&self, invitation: Option<&Token>, now: Timestamp) -> Away {
        let begun =
            self.people.begin_at_provider("example", "/agents", invitation, now).await.expect("it answers");
        let visit = self.provider.visit(&begun.url);
        Away { cookie: begun.cookie, state: visit.parameters["state"].clone(), code: visit.code }
    }

    async fn come_back(&self, away: &Away, now: Timestamp) -> Result<Identified, OidcRefused> {
        self.people.identify("example", away.answer(), &browser(), now).await
    }

    /// Signs somebody in at the provider.
    async fn sign_in(&self, invitation: Option<&Token>, now: Timestamp) -> Result<SignedIn, OidcRefused> {
        let away = self.go(invitation, now).await;
        let identified = self.come_back(&away, now).await?;
        self.people.let_in(identified, &browser(), now).await
    }

    /// Says why somebody is not signed in.
    async fn refused(&self, now: Timestamp) -> OidcReason {
        reason(self.sign_in(None, now).await)
    }

    async fn is_known(&self, signed_in: &SignedIn) -> bool {
        let hash = signed_in.token.hash(CredentialKind::SignIn);
        matches!(self.authenticator.check(hash, None, NOW).await.expect("it answers"), Checked::Known(_))
    }

    async fn invited(&self, email: Option<&str>, of: Option<&PrincipalRecord>) -> Token {
        let principal = of.map(|person| person.id);
        let invited = Invited { email: email.map(Into::into), principal, ..Invited::new(Role::Operator) };
        invite(&self.store, Grantor::local(&Caller::LOCAL), invited, NOW)
            .await
            .expect("it may be")
            .expect("there is room")
            .0
    }
}

impl Away {
    fn answer(&self) -> OidcAnswer<'_> {
        OidcAnswer {
            cookie: Some(&self.cookie),
            state: Some(&self.state),
            code: Some(&self.code),
            ..OidcAnswer::default()
        }
    }
}

fn reason<T>(refused: Result<T, OidcRefused>) -> OidcReason {
    let refused = refused.err().expect("nobody is signed in");
    let OidcRefused::Refused(reason) = refused else { panic!("{refused}") };
    reason
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn claim(name: &'static str, value: Value) -> impl Fn(&mut IdToken) + Send + 'static {
    move |token| token.claims[name] = value.clone()
}

#[tokio::test]
async fn a_member_signs_in_and_is_who_the_provider_names_from_then_on() {
    let place = Place::new(settings()).await;
    let begun = place.people.begin_at_provider("example", "/agents", None, NOW).await.unwrap();
    let asked = place.provider.visit(&begun.url).parameters;
    assert!(begun.url.starts_with("https://login.example.com/auth?tenant=a&response_type=code&"));
    assert_eq!((&*asked["scope"], &*asked["code_challenge_method"]), ("openid email", "S256"));
    assert_eq!(asked["redirect_uri"], "https://flows.example.org/sign-in/example");

    let away = place.go(None, NOW).await;
    let identified = place.come_back(&away, NOW).await.unwrap();
    assert_eq!(identified.return_to, "/agents");
    assert_eq!(identified.caller().actor.id.as_deref(), Some("ann@example.org"));
    let ann = place.people.let_in(identified, &browser(), NOW).await.unwrap();
    assert!(place.is_known(&ann).await);
    assert_eq!((ann.person.role, ann.person.email.as_deref()), (Role::Editor, Some("ann@example.org")));

    // She marries, and the address is given to somebody else.
    place.provider.tweak(claim("email", json!("ann.new@example.org")));
    assert_eq!(place.sign_in(None, later(1)).await.unwrap().person.id, ann.person.id);
    place.provider.tweak(claim("sub", json!("mallory")));
    assert_eq!(place.refused(later(2)).await, OidcReason::OtherSubject);
    place.provider.tweak(|token| {
        token.claims["sub"] = json!("bob");
        token.claims["email"] = json!("bob@example.org");
    });
    assert_eq!(place.refused(later(3)).await, OidcReason::NotAMember);
    place.provider.tweak(|_| ());
    let change = PrincipalChange { is_disabled: Some(true), at: NOW, ..PrincipalChange::default() };
    place.people.change(TenantId::DEFAULT, ann.person.id, change).await.unwrap();
    assert_eq!(place.refused(later(4)).await, OidcReason::Disabled);
    place.people.delete(TenantId::DEFAULT, ann.person.id).await.unwrap();
    assert_eq!(place.refused(later(5)).await, OidcReason::NotAMember);
}

#[tokio::test]
async fn a_token_counts_only_if_all_of_it_is_right() {
    let place = Place::new(settings()).await;
    let seconds = NOW.as_micros() / 1_000_000;
    let leeway = i64::try_from(CLOCK_LEEWAY.as_secs()).unwrap();
    let hash = encoded(&Sha256::digest("access")[..16]);
    let right: Vec<(&str, Value)> = vec![
        ("aud", json!([CLIENT])),
        ("azp", json!(CLIENT)),
        ("exp", json!(seconds - leeway + 30)),
        ("iat", json!(seconds + leeway)),
        ("iat", json!(1.8e9)),
        ("at_hash", json!(hash)),
        ("email_verified", json!("true")),
    ];
    for ((name, value), at) in right.into_iter().zip(1..) {
        place.provider.tweak(claim(name, value.clone()));
        let done = place.sign_in(None, later(at)).await;
        assert!(done.is_ok(), "{name} {value}: {:?}", done.err());
    }

    let wrong: Vec<(&str, Value, OidcReason)> = vec![
        ("iss", json!("https://login.example.com/"), OidcReason::Issuer),
        ("iss", json!("https://evil.example"), OidcReason::Issuer),
        ("iss", Value::Null, OidcReason::Issuer),
        ("aud", json!("another"), OidcReason::Audience),
        ("aud", json!([CLIENT, "another"]), OidcReason::Audience),
        ("aud", json!([]), OidcReason::Audience),
        ("aud", Value::Null, OidcReason::Audience),
        ("azp", json!("another"), OidcReason::Audience),
        ("exp", json!(seconds - leeway), OidcReason::Expired),
        ("exp", json!("soon"), OidcReason::TokenMalformed),
        ("exp", Value::Null, OidcReason::TokenMalformed),
        ("exp", json!(1e300), OidcReason::TokenMalformed),
        ("nbf", json!(seconds + 1_000), OidcReason::Expired),
        ("iat", json!(seconds - 1_000), OidcReason::IssuedAt),
        ("iat", json!(seconds + 1_000), OidcReason::IssuedAt),
        ("nonce", json!("another"), OidcReason::Nonce),
        ("nonce", Value::Null, OidcReason::Nonce),
        ("at_hash", json!(encoded(&[0; 16])), OidcReason::AccessToken),
        ("at_hash", json!(7), OidcReason::AccessToken),
        ("sub", json!(""), OidcReason::TokenMalformed),
        ("sub", json!("a".repeat(256)), OidcReason::TokenMalformed),
        ("sub", json!(7), OidcReason::TokenMalformed),
    ];
    for (name, value, expected) in wrong {
        place.provider.tweak(claim(name, value.clone()));
        assert_eq!(place.refused(NOW).await, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn a_token_is_signed_by_the_provider_in_a_way_that_counts() {
    let place = Place::new(settings()).await;
    let header =
        |name: &'static str, value: Value| move |token: &mut IdToken| token.header[name] = value.clone();
    let none: fn(&Provider, &IdToken) -> String = |_, token| format!("{}.", unsigned(token));
    let twice: fn(&Provider, &IdToken) -> String = |provider, token| {
        let claims = token.claims.to_string().replacen('{', "{\"sub\":\"root\",", 1);
        let text = provider.signed(token);
        let (header, rest) = text.split_once('.').unwrap();
        format!("{header}.{}.{}", encoded(claims.as_bytes()), rest.split_once('.').unwrap().1)
    };

    for (name, value, expected) in [
        ("alg", json!("none"), OidcReason::Algorithm),
        ("alg", json!("HS256"), OidcReason::Algorithm),
        ("alg", Value::Null, OidcReason::Algorithm),
        ("alg", json!("RS256"), OidcReason::UnknownKey),
        ("alg", json!("EdDSA"), OidcReason::UnknownKey),
        ("kid", json!("second"), OidcReason::UnknownKey),
        ("kid", json!(1), OidcReason::TokenMalformed),
        ("crit", json!(["exp"]), OidcReason::TokenMalformed),
    ] {
        place.provider.tweak(header(name, value.clone()));
        assert_eq!(place.refused(NOW).await, expected, "{name} {value}");
    }
    place.provider.tweak(move |token| {
        token.header["alg"] = json!("none");
        token.written = none;
    });
    assert_eq!(place.refused(NOW).await, OidcReason::Algorithm);
    place.provider.tweak(move |token| token.written = none);
    assert_eq!(place.refused(NOW).await, OidcReason::Signature, "there is none");
    place.provider.tweak(|token| {
        token.header["alg"] = json!("HS256");
        token.written = Provider::signed_with_public_key;
    });
    assert_eq!(place.refused(NOW).await, OidcReason::Algorithm, "everybody knows that key");
    place.provider.tweak(|token| token.written = Provider::signed_with_public_key);
    assert_eq!(place.refused(NOW).await, OidcReason::Signature);
    place.provider.tweak(move |token| token.written = twice);
    assert_eq!(place.refused(NOW).await, OidcReason::Signature, "what was signed is other bytes");
    for text in ["", "a.b", "a.b.c.d", "x"] {
        place.provider.tweak(move |token| {
            token.header = json!({ "text": text });
            token.written = |_, token| token.header["text"].as_str().unwrap().to_owned();
        });
        assert_eq!(place.refused(NOW).await, OidcReason::TokenMalformed, "{text}");
    }
    place.provider.tweak(claim("more", json!("a".repeat(70_000))));
    assert_eq!(place.refused(NOW).await, OidcReason::TokenMalformed, "it is longer than any is");
}

#[tokio::test(start_paused = true)]
async fn keys_are_read_again_for_a_new_one_and_no_more_than_once_in_a_minute() {
    let place = Place::new(settings()).await;
    place.sign_in(None, NOW).await.unwrap();
    place.sign_in(None, later(1)).await.unwrap();
    assert_eq!((place.provider.asked("/jwks"), place.provider.asked("-configuration")), (1, 1));

    place.provider.turn_key("second");
    assert_eq!(place.refused(later(2)).await, OidcReason::UnknownKey);
    assert_eq!(place.provider.asked("/jwks"), 1, "it was asked a moment ago");
    tokio::time::advance(KEYS_READ_AGAIN_AFTER).await;
    place.sign_in(None, later(3)).await.unwrap();
    assert_eq!(place.provider.asked("/jwks"), 2);
    for _ in 0..5 {
        place.provider.tweak(|token| token.header["kid"] = json!("third"));
        assert_eq!(place.refused(later(4)).await, OidcReason::UnknownKey);
    }
    assert_eq!(place.provider.asked("/jwks"), 2);

    // A provider that is down keeps nobody out for longer than that.
    place.provider.tweak(|_| ());
    tokio::time::advance(Duration::from_secs(3_600)).await;
    place.provider.go_down(true);
    let begun = place.people.begin_at_provider("example", "/", None, NOW).await;
    assert!(matches!(begun, Err(OidcRefused::Unavailable(_))));
    place.provider.go_down(false);
    place.sign_in(None, later(5)).await.unwrap();
}

#[tokio::test]
async fn an_attempt_is_that_of_its_browser_and_signs_in_once() {
    let place = Place::new(settings()).await;
    let (mine, theirs) = (place.go(None, NOW).await, place.go(None, NOW).await);
    let identify = async |answer, now| place.people.identify("example", answer, &browser(), now).await;

    let no_cookie = OidcAnswer { cookie: None, ..mine.answer() };
    assert_eq!(reason(identify(no_cookie, NOW).await), OidcReason::NoAttempt);
    let other_browser = OidcAnswer { cookie: Some(&theirs.cookie), ..mine.answer() };
    assert_eq!(reason(identify(other_browser, NOW).await), OidcReason::State);
    let no_state = OidcAnswer { state: None, ..mine.answer() };
    assert_eq!(reason(identify(no_state, NOW).await), OidcReason::State);
    let stolen_code = OidcAnswer { code: Some(&theirs.code), ..mine.answer() };
    assert_eq!(reason(identify(stolen_code, NOW).await), OidcReason::Code, "it is for another verifier");
    let elsewhere = place.people.identify("other", mine.answer(), &browser(), NOW).await;
    assert_eq!(reason(elsewhere), OidcReason::NoAttempt, "it was begun at another provider");
    let unknown = place.people.identify("unknown", mine.answer(), &browser(), NOW).await;
    assert!(matches!(unknown, Err(OidcRefused::NoProvider)));
    assert_eq!(reason(identify(mine.answer(), NOW.plus(ATTEMPT_TTL)).await), OidcReason::NoAttempt);
    let foreign = OidcAnswer { issuer: Some("https://evil.example"), ..mine.answer() };
    assert_eq!(reason(identify(foreign, NOW).await), OidcReason::Issuer);
    let refused = OidcAnswer { error: Some("access_denied"), ..mine.answer() };
    assert_eq!(reason(identify(refused, NOW).await), OidcReason::Provider);

    let named = OidcAnswer { issuer: Some(ISSUER), ..mine.answer() };
    let other_process = place.other_process();
    let identified = other_process.identify("example", named, &browser(), NOW).await.unwrap();
    other_process.let_in(identified, &browser(), NOW).await.unwrap();
    assert_eq!(reason(identify(mine.answer(), NOW).await), OidcReason::Code, "the code was used");
    place.provider.forget_codes();
    let again = place.go(None, later(1)).await;
    let [first, second] =
        [place.come_back(&again, later(1)).await.unwrap(), place.come_back(&again, later(1)).await.unwrap()];
    place.people.let_in(first, &browser(), later(1)).await.unwrap();
    let second = place.people.let_in(second, &browser(), later(1)).await;
    assert_eq!(reason(second), OidcReason::Used, "whatever the provider says of the code");
}

#[tokio::test]
async fn a_provider_that_names_itself_in_answers_does_so_in_each() {
    let place = Place::new(settings()).await;
    place.provider.describe(json!({ "authorization_response_iss_parameter_supported": true }));

    assert_eq!(place.refused(NOW).await, OidcReason::Issuer);
}

#[tokio::test]
async fn an_address_matches_a_member_only_if_it_is_known_to_be_theirs() {
    let place = Place::new(settings()).await;
    for (name, value, expected) in [
        ("email_verified", json!(false), OidcReason::EmailNotVerified),
        ("email_verified", json!("false"), OidcReason::EmailNotVerified),
        ("email_verified", json!(1), OidcReason::EmailNotVerified),
        ("email_verified", Value::Null, OidcReason::EmailNotVerified),
        ("email", json!("not an address"), OidcReason::NoEmail),
        ("email", Value::Null, OidcReason::NoEmail),
    ] {
        place.provider.tweak(claim(name, value.clone()));
        assert_eq!(place.refused(NOW).await, expected, "{name} {value}");
    }
    let without = |token: &mut IdToken| {
        token.claims.as_object_mut().unwrap().retain(|name, _| !name.starts_with("email"));
    };
    place.provider.tweak(without);
    place.provider.userinfo(json!({ "sub": "bob", "email": "ann@example.org", "email_verified": true }));
    assert_eq!(place.refused(NOW).await, OidcReason::Subject, "that is about somebody else");
    place.provider.userinfo(json!({ "sub": "ann", "email": "ann@example.org", "email_verified": true }));
    place.sign_in(None, NOW).await.unwrap();

    let trusting =
        OidcProvider { trusts_email: true, allowed_domains: vec!["example.org".into()], ..settings() };
    let place = Place::new(trusting).await;
    place.provider.tweak(|token| token.claims["email_verified"] = Value::Null);
    place.sign_in(None, NOW).await.unwrap();
    for other in ["ann@evil.example", "ann@example.org.evil.example", "ann@sub.example.org"] {
        place.provider.tweak(claim("email", json!(other)));
        assert_eq!(place.refused(NOW).await, OidcReason::Domain, "{other}, although she is known");
    }
}

fn group(name: &str, role: Role, tenant: &str) -> GroupRole {
    GroupRole { group: name.into(), role, tenant: tenant.into() }
}

#[tokio::test]
async fn groups_give_the_role_at_each_sign_in_and_the_last_admin_stays() {
    let groups = vec![
        group("readers", Role::Viewer, "default"),
        group("makers", Role::Editor, "default"),
        group("rulers", Role::Admin, "default"),
        group("makers", Role::Admin, "other"),
    ];
    let place = Place::new(OidcProvider { groups, create_as: Some(Role::Viewer), ..settings() }).await;
    let with = |groups: Value| place.provider.tweak(claim("groups", groups));

    for nothing in [json!(null), json!([]), json!(["cooks"]), json!("Makers"), json!(7)] {
        with(nothing.clone());
        assert_eq!(place.refused(NOW).await, OidcReason::NoGroup, "{nothing}");
    }
    with(json!(["readers", "makers", "cooks"]));
    let first = place.sign_in(None, NOW).await.unwrap();
    assert_eq!(first.person.role, Role::Editor, "the higher one of this tenant");
    assert!(place.is_known(&first).await);
    with(json!("readers"));
    let second = place.sign_in(None, later(1)).await.unwrap();
    assert_eq!(second.person.role, Role::Viewer);
    assert!(!place.is_known(&first).await, "with the role, what was signed in before ends");
    assert!(place.is_known(&second).await);

    place.provider.tweak(|token| {
        token.claims["sub"] = json!("root");
        token.claims["email"] = json!("root@example.org");
        token.claims["groups"] = json!(["readers"]);
    });
    assert_eq!(place.sign_in(None, NOW).await.unwrap().person.role, Role::Admin, "there would be none");
    place.provider.tweak(|token| {
        token.claims["sub"] = json!("eve");
        token.claims["email"] = json!("eve@example.org");
        token.claims["groups"] = json!(["makers"]);
    });
    let eve = place.sign_in(None, NOW).await.unwrap().person;
    assert_eq!((eve.role, &*eve.name, eve.tenant), (Role::Editor, "Ann Example", TenantId::DEFAULT));
    assert_eq!(place.sign_in(None, later(1)).await.unwrap().person.id, eve.id);
}

#[tokio::test]
async fn an_invitation_is_accepted_at_a_provider_once_by_who_was_meant() {
    let place = Place::new(settings()).await;
    let bob = |token: &mut IdToken| {
        token.claims["sub"] = json!("bob");
        token.claims["email"] = json!("bob@example.org");
    };
    place.provider.tweak(bob);
    let of_eve = place.invited(Some("eve@example.org"), None).await;
    let refused = place.sign_in(Some(&of_eve), NOW).await;
    assert!(matches!(refused, Err(OidcRefused::Join(JoinRefused::OtherAddress))));
    let of_bob = place.invited(Some("bob@example.org"), None).await;
    let joined = place.sign_in(Some(&of_bob), NOW).await.unwrap();
    assert_eq!((joined.person.role, joined.person.password.is_none()), (Role::Operator, true));
    assert!(place.is_known(&joined).await);
    let again = place.sign_in(Some(&of_bob), later(1)).await;
    assert!(matches!(again, Err(OidcRefused::Join(JoinRefused::Gone))));
    assert_eq!(place.sign_in(None, later(1)).await.unwrap().person.id, joined.person.id);

    // The provider calls Bob something else by now, and an admin makes him a link.
    place.provider.tweak(move |token| {
        bob(token);
        token.claims["sub"] = json!("robert");
    });
    assert_eq!(place.refused(later(2)).await, OidcReason::OtherSubject);
    let link = place.invited(Some("bob@example.org"), Some(&joined.person)).await;
    assert_eq!(place.sign_in(Some(&link), later(3)).await.unwrap().person.id, joined.person.id);
    assert_eq!(place.sign_in(None, later(4)).await.unwrap().person.id, joined.person.id);
    place.provider.tweak(bob);
    assert_eq!(place.refused(later(5)).await, OidcReason::OtherSubject, "the old name is nobody's");
    let anyone = place.invited(None, None).await;
    let taken = place.sign_in(Some(&anyone), later(6)).await;
    assert!(matches!(taken, Err(OidcRefused::Join(JoinRefused::Taken))));
}

#[tokio::test]
async fn without_passwords_nobody_is_locked_out_for_good() {
    let ways = SignInWays { passwords: false, ..SignInWays::default() };
    let place = Place::with(ways, settings());
    let joining =
        |email: &str| Joining { name: "Ann".into(), email: email.into(), password: "correct horse".into() };
    let join = async |token: &Token, email| place.people.join(token, joining(email), &browser(), NOW).await;

    let first = first_admin(&place.store, NOW).await.unwrap().unwrap();
    let ann = join(&first, "ann@example.org").await.unwrap();
    let again = place.people.sign_in("ann@example.org", "correct horse".into(), &browser(), NOW).await;
    assert!(matches!(again, Err(SignInRefused::PasswordsOff)));
    let invited = place.invited(None, None).await;
    let with_password = join(&invited, "bob@example.org").await;
    assert!(matches!(with_password, Err(JoinRefused::Password(SignInRefused::PasswordsOff))));
    assert_eq!(place.sign_in(None, NOW).await.unwrap().person.id, ann.person.id, "at the provider, she does");

    place.provider.go_down(true);
    let actor = Actor { id: Some(COMMAND_LINE.into()), ..Caller::LOCAL.actor };
    let by = Caller { actor, ..Caller::LOCAL };
    let again = Invited {
        email: ann.person.email.clone(),
        principal: Some(ann.person.id),
        ..Invited::new(Role::Admin)
    };
    let (link, _) = invite(&place.store, Grantor::local(&by), again, NOW).await.unwrap().unwrap();
    assert_eq!(join(&link, "ann@example.org").await.unwrap().person.id, ann.person.id);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_fails_often_waits() {
    let place = Place::new(settings()).await;
    let away = place.go(None, NOW).await;
    for _ in 0..100 {
        let wrong = OidcAnswer { state: Some("wrong"), ..away.answer() };
        assert_eq!(reason(place.people.identify("example", wrong, &browser(), NOW).await), OidcReason::State);
    }

    assert!(matches!(place.come_back(&away, NOW).await, Err(OidcRefused::TooMany(_))));
    let elsewhere = place.people.identify("example", away.answer(), &Browser::default(), NOW).await;
    assert!(elsewhere.is_ok(), "others do not");
}
