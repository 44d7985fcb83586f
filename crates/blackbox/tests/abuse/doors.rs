//! Those who guess credentials, and what the others notice of them.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use steadflow_blackbox::{Answer, Api, Server, Setup, Victim, Workplace, admin_key, scaled};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PASSWORD: &str = "correct horse battery";

/// A key that nobody has made, with a checksum that is right, so that it is looked up.
fn unknown_key(number: usize) -> String {
    let key = format!("sf_live_{number:0>43}");
    let hash = Sha256::digest(key.as_bytes());
    let mut rest = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
    let mut checksum = [0; 6];
    for place in checksum.iter_mut().rev() {
        *place = DIGITS[rest as usize % DIGITS.len()];
        rest /= 62;
    }
    key + &String::from_utf8_lossy(&checksum)
}

/// Starts a server that asks for credentials, and that its clients say their addresses to.
async fn server(workplace: &Workplace) -> (Server, String) {
    let database = format!("sqlite:{}", workplace.path().join("steadflow.db").display());
    let key = admin_key(workplace.path(), &database);
    let doors = ["--auth", "on", "--behind-proxy", "127.0.0.1"];
    (Setup::new(workplace).arguments(doors).start().await, key)
}

/// Makes a member, who can sign in.
async fn member(admin: &Api, open: &Api, email: &str) {
    let invited = admin.post("invitations", &json!({ "role": "viewer", "email": email })).await.expect(201);
    let token = invited["url"].as_str().and_then(|url| url.rsplit('/').next()).expect("a link").to_owned();
    let joining = json!({ "name": "Ann", "email": email, "password": PASSWORD });
    let joined = open.post(&format!("/api/v1/invitations/{token}"), &joining).await;
    assert_eq!(joined.status, 204, "{}", joined.body);
}

async fn sign_in(api: &Api, email: &str, password: &str, from: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let headers = [("x-forwarded-for", from)];
    api.call(Method::POST, "/api/v1/session", &headers, Some(&body)).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_keys_and_passwords_leave_others_alone() {
    let workplace = Workplace::new();
    let (server, key) = server(&workplace).await;
    let (admin, open) = (Api::with_key(server.address(), &key), server.api().clone());
    member(&admin, &open, "ann@example.org").await;
    let victim = Victim::with_key(&server, &key).await;
    let from = "203.0.113.9";

    let keys = async {
        let mut refused = Vec::new();
        for number in 0..scaled(1_000, 20_000) {
            let bearer = format!("Bearer {}", unknown_key(number));
            let headers = [("authorization", &*bearer), ("x-forwarded-for", from)];
            refused.push(open.call(Method::GET, "flows", &headers, None).await.expect("an answer").status);
        }
        refused
    };
    let refused = victim.withstands("unknown keys", keys).await;
    let count = |status: u16| refused.iter().filter(|refused| **refused == status).count();
    assert!(count(401) >= 60 && count(401) + count(429) == refused.len(), "{} are 401", count(401));
    assert!(count(429) > 0);
    // A good key that was never shown before, from the same address.
    let new = json!({ "name": "Other", "role": "viewer", "account": "other" });
    let fresh = admin.post("keys", &new).await.expect(201);
    let bearer = format!("Bearer {}", fresh["key"].as_str().expect("a key"));
    let headers = [("authorization", &*bearer), ("x-forwarded-for", from)];
    let asked = Instant::now();
    let answer = open.call(Method::GET, "flows", &headers, None).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());

    let passwords = async {
        let mut refused = Vec::new();
        for number in 0..200 {
            let email = if number % 2 == 0 { "ann@example.org" } else { "nobody@example.org" };
            refused.push(sign_in(&open, email, "wrong horse battery", from).await.status);
        }
        refused
    };
    let refused = victim.withstands("wrong passwords", passwords).await;
    assert!(refused.iter().all(|status| [401, 429].contains(status)), "{refused:?}");
    assert!(refused.contains(&429), "{refused:?}");
    assert_eq!(
        sign_in(&open, "ann@example.org", PASSWORD, "203.0.113.10").await.status,
        204,
        "from elsewhere"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_takes_as_long_for_nobody_as_for_somebody() {
    let workplace = Workplace::new();
    let (server, key) = server(&workplace).await;
    let (admin, open) = (Api::with_key(server.address(), &key), server.api().clone());
    member(&admin, &open, "ann@example.org").await;
    let timed = async |email: &str, number: usize| {
        let asked = Instant::now();
        // Each from an address of its own: none of them waits.
        let refused = sign_in(&open, email, "wrong horse battery", &format!("203.0.113.{number}")).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
        (asked.elapsed(), said(&refused))
    };
    timed("ann@example.org", 200).await;

    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..scaled(20, 60) {
        known.push(timed("ann@example.org", number).await);
        unknown.push(timed(&format!("{number}@example.org"), number + 100).await);
    }

    assert_eq!(known[0].1, unknown[0].1, "the same is said");
    let (known, unknown) = (median(known), median(unknown));
    eprintln!("somebody: {known:?}, nobody: {unknown:?}");
    // Without a hash for nobody, it would be a tenth. Other programs of this machine make single calls longer, and not the median.
    assert!(known < unknown * 3 / 2 && unknown < known * 3 / 2, "somebody: {known:?}, nobody: {unknown:?}");
}

fn said(answer: &Answer) -> Value {
    answer.body["detail"].clone()
}

fn median(mut times: Vec<(Duration, Value)>) -> Duration {
    times.sort_unstable_by_key(|(time, _)| *time);
    times[times.len() / 2].0
}
