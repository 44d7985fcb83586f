//! Passkeys: what a device signs counts if all of it is right, once.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steadflow_access::{
    Authenticator, Browser, CEREMONY_TTL, Checked, Joining, PASSKEYS_MAX, PasskeyAnswer, PasskeyReason,
    PasskeyRefused, PasskeySite, People, RECENT_FOR, SignInWays, SignedIn, first_admin,
};
use steadflow_core::access::{CredentialKind, Principal};
use steadflow_core::caller::Role;
use steadflow_core::ids::TenantId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{MemoryStore, PasskeyRecord, PrincipalChange, Store};

use super::NOW;

const ORIGIN: &str = "https://flows.example.org";
const PASSWORD: &str = "correct horse";
/// Somebody is there, and the device has made sure who; with the key that it has made.
const VERIFIED: u8 = 0x05;
const MADE: u8 = 0x45;

struct Place {
    people: People,
    store: Arc<dyn Store>,
    authenticator: Authenticator,
}

/// A device with one key, and what it says.
struct Device {
    pair: EcdsaKeyPair,
    credential: Vec<u8>,
    counter: u32,
    flags: u8,
    site: &'static str,
    client: Value,
}

/// What a device has answered.
#[derive(Clone)]
struct Said {
    cookie: String,
    credential: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    fn new(credential: &[u8]) -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key is made");
        let pair = EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).expect("it is one");
        let client = json!({ "origin": ORIGIN, "crossOrigin": false });
        let site = "flows.example.org";
        Self { pair, credential: credential.to_vec(), counter: 0, flags: VERIFIED, site, client }
    }

    fn key(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [&head[..], &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat()
    }

    fn say(&self, kind: &str, cookie: &str, challenge: &str) -> Said {
        let mut client = self.client.clone();
        for (name, value) in [("type", kind), ("challenge", challenge)] {
            client.as_object_mut().expect("an object").entry(name).or_insert(json!(value));
        }
        let client = client.to_string();
        let head = [&Sha256::digest(self.site)[..], &[self.flags], &self.counter.to_be_bytes()].concat();
        let made = [
            &[0; 16][..],
            &[0, u8::try_from(self.credential.len()).expect("it is short")],
            &self.credential,
            &self.key(),
        ];
        let made = if self.flags & 0x40 == 0 { Vec::new() } else { made.concat() };
        let data = [head, made].concat();
        let signed = [&data[..], &Sha256::digest(&client)[..]].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).expect("it signs");
        Said {
            cookie: cookie.to_owned(),
            credential: encoded(&self.credential),
            client_data: encoded(client.as_bytes()),
            authenticator_data: encoded(&data),
            signature: encoded(signature.as_ref()),
        }
    }
}

impl Said {
    fn answer(&self) -> PasskeyAnswer<'_> {
        PasskeyAnswer {
            cookie: Some(&self.cookie),
            credential: &self.credential,
            client_data: &self.client_data,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
        }
    }
}

fn browser() -> Browser {
    let address = Some(IpAddr::from([192, 0, 2, 1]));
    Browser { address, shared: address, ..Browser::default() }
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(std::time::Duration::from_secs(seconds))
}

impl Place {
    /// Returns a place where the first admin has just joined with a password.
    async fn new() -> (Self, SignedIn) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let authenticator = Authenticator::new(Arc::clone(&store));
        let ways = SignInWays { passkeys: PasskeySite::of(ORIGIN), ..SignInWays::default() };
        let people = People::new(Arc::clone(&store), authenticator.clone(), ways);
        let link = first_admin(&store, NOW).await.expect("a link").expect("there is no admin");
        let joining =
            Joining { name: "Ann".into(), email: "ann@example.org".into(), password: PASSWORD.into() };
        let ann = people.join(&link, joining, &browser(), NOW).await.expect("the link is valid");
        (Self { people, store, authenticator }, ann)
    }

    async fn principal(&self, signed_in: &SignedIn) -> Arc<Principal> {
        let hash = signed_in.token.hash(CredentialKind::SignIn);
        match self.authenticator.check(hash, None, NOW).await.expect("it answers") {
            Checked::Known(principal) => principal,
            Checked::Unknown | Checked::TooMany | Checked::TooFast(_) => panic!("nobody"),
        }
    }

    async fn add(&self, of: &SignedIn, device: &Device) -> Result<PasskeyRecord, PasskeyRefused> {
        let principal = self.principal(of).await;
        let (asked, ..) = self.people.ask_new_passkey(&principal, None, &browser(), NOW).await?;
        let said = device.say("webauthn.create", &asked.cookie, &asked.challenge);
        self.people.add_passkey(&principal, "Phone", said.answer(), NOW).await
    }

    /// Has a device answer a question.
    async fn said(&self, device: &Device, now: Timestamp) -> Said {
        let asked = self.people.ask_passkey(now).await.expect("it is asked");
        device.say("webauthn.get", &asked.cookie, &asked.challenge)
    }

    async fn enter(&self, said: &Said, now: Timestamp) -> Result<SignedIn, PasskeyRefused> {
        self.people.sign_in_with_passkey(said.answer(), &browser(), now).await
    }
}

fn reason<T>(refused: Result<T, PasskeyRefused>) -> PasskeyReason {
    let refused = refused.err().expect("it is refused");
    let PasskeyRefused::Refused(reason) = refused else { panic!("{refused}") };
    reason
}

#[tokio::test]
async fn a_passkey_signs_in_who_has_it_once_for_each_question() {
    let (place, ann) = Place::new().await;
    let mut device = Device { flags: MADE, ..Device::new(b"one") };
    let added = place.add(&ann, &device).await.unwrap();
    assert_eq!((&*added.name, added.principal), ("Phone", ann.person.id));
    assert_eq!(reason(place.add(&ann, &device).await), PasskeyReason::Used, "there is one of that name");

    device.flags = VERIFIED;
    let said = place.said(&device, NOW).await;
    let signed_in = place.enter(&said, NOW).await.unwrap();
    assert_eq!(signed_in.person.id, ann.person.id);
    assert_eq!(reason(place.enter(&said, NOW).await), PasskeyReason::Used);
    device.counter = 7;
    let said = place.said(&device, later(1)).await;
    place.enter(&said, later(1)).await.unwrap();
    let said = place.said(&device, later(2)).await;
    assert_eq!(
        reason(place.enter(&said, later(2)).await),
        PasskeyReason::Used,
        "it has not counted on: a copy"
    );
    device.counter = 8;
    let said = place.said(&device, later(3)).await;
    assert_eq!(reason(place.enter(&said, later(3).plus(CEREMONY_TTL)).await), PasskeyReason::NotAsked);
    let other = Said { cookie: place.said(&device, later(3)).await.cookie, ..said.clone() };
    assert_eq!(reason(place.enter(&other, later(3)).await), PasskeyReason::Challenge, "another browser");
    place.enter(&said, later(3)).await.unwrap();

    let change = PrincipalChange { is_disabled: Some(true), at: NOW, ..PrincipalChange::default() };
    let second = super::person(9, Role::Admin);
    assert!(place.store.create_principal(second).await.unwrap());
    place.people.change(TenantId::DEFAULT, ann.person.id, change).await.unwrap();
    device.counter = 9;
    let said = place.said(&device, later(4)).await;
    assert_eq!(reason(place.enter(&said, later(4)).await), PasskeyReason::Disabled);
    place.people.delete(TenantId::DEFAULT, ann.person.id).await.unwrap();
    let said = place.said(&device, later(5)).await;
    assert_eq!(reason(place.enter(&said, later(5)).await), PasskeyReason::Unknown);
}

#[tokio::test]
async fn what_a_device_says_counts_only_if_all_of_it_is_right() {
    let (place, ann) = Place::new().await;
    let device = || Device::new(b"one");
    let owner = Device { flags: MADE, ..device() };
    place.add(&ann, &owner).await.unwrap();
    let pair = owner.pair;
    let right = Device { pair, ..device() };
    let with = |client: Value| Device { client, ..device() };

    for (other, expected) in [
        (device(), PasskeyReason::Signature),
        (Device { credential: b"two".to_vec(), ..device() }, PasskeyReason::Unknown),
        (Device { flags: 0x01, ..device() }, PasskeyReason::NotVerified),
        (Device { flags: 0x04, ..device() }, PasskeyReason::NotVerified),
        (Device { site: "evil.example", ..device() }, PasskeyReason::Origin),
        (with(json!({ "origin": "https://evil.example" })), PasskeyReason::Origin),
        (with(json!({ "origin": "https://flows.example.org:8443" })), PasskeyReason::Origin),
        (with(json!({ "origin": ORIGIN, "crossOrigin": true })), PasskeyReason::Origin),
        (with(json!({})), PasskeyReason::Origin),
        (with(json!({ "origin": ORIGIN, "type": "webauthn.create" })), PasskeyReason::Malformed),
        (with(json!({ "origin": ORIGIN, "challenge": "YQ" })), PasskeyReason::Challenge),
    ] {
        let said = place.said(&other, NOW).await;
        assert_eq!(reason(place.enter(&said, NOW).await), expected, "{}", other.client);
    }
    let said = place.said(&right, NOW).await;
    for (other, expected) in [
        (Said { signature: encoded(b"none"), ..said.clone() }, PasskeyReason::Signature),
        (Said { signature: "=".into(), ..said.clone() }, PasskeyReason::Malformed),
        (Said { authenticator_data: encoded(&[0; 36]), ..said.clone() }, PasskeyReason::Malformed),
        (Said { client_data: encoded(b"{\"type\":1,\"type\":2}"), ..said.clone() }, PasskeyReason::Malformed),
        (Said { cookie: String::new(), ..said.clone() }, PasskeyReason::NotAsked),
    ] {
        assert_eq!(reason(place.enter(&other, NOW).await), expected);
    }
    place.enter(&said, NOW).await.unwrap();
}

#[tokio::test]
async fn a_passkey_is_added_after_a_recent_sign_in_or_with_the_password() {
    let (place, ann) = Place::new().await;
    let principal = place.principal(&ann).await;
    let ask = async |password: Option<&str>, now| {
        place.people.ask_new_passkey(&principal, password.map(str::to_owned), &browser(), now).await
    };
    let late = NOW.plus(RECENT_FOR);

    assert!(matches!(ask(None, late).await, Err(PasskeyRefused::NotRecent(_))));
    assert!(matches!(ask(Some("wrong horse"), late).await, Err(PasskeyRefused::NotRecent(_))));
    let (asked, person, known) = ask(Some(PASSWORD), late).await.unwrap();
    assert_eq!((person.id, known.len()), (ann.person.id, 0));

    let device = Device { flags: MADE, ..Device::new(b"one") };
    let said = device.say("webauthn.create", &asked.cookie, &asked.challenge);
    let to_sign_in = place.people.ask_passkey(late).await.unwrap();
    let other = device.say("webauthn.create", &to_sign_in.cookie, &to_sign_in.challenge);
    let add = async |said: &Said, name| place.people.add_passkey(&principal, name, said.answer(), late).await;
    assert_eq!(reason(add(&other, "Phone").await), PasskeyReason::NotAsked, "that was another question");
    assert!(matches!(add(&said, "").await, Err(PasskeyRefused::Name)));
    let unverified = Device { flags: 0x41, ..Device::new(b"one") };
    let unverified = unverified.say("webauthn.create", &asked.cookie, &asked.challenge);
    assert_eq!(reason(add(&unverified, "Phone").await), PasskeyReason::NotVerified);
    add(&said, "Phone").await.unwrap();
    for number in 1..PASSKEYS_MAX {
        let device = Device { flags: MADE, ..Device::new(&number.to_be_bytes()) };
        place.add(&ann, &device).await.unwrap();
    }
    assert!(matches!(ask(None, NOW).await, Err(PasskeyRefused::Full)));
}
