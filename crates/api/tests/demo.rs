//! To have the engine of a demo killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use axum::http::Method;
use serde_json::json;

use crate::support::{Api, request};

static KILLED: AtomicBool = AtomicBool::new(false);

#[tokio::test]
async fn only_a_demo_is_killed_and_answers_before() {
    let real = Api::new().await;
    let demo = Api::configured(|config| config.kill = Some(|| KILLED.store(true, Ordering::SeqCst))).await;

    let engine = demo.get("/healthz").await.expect(200)["demo_engine"].clone();
    let kill = || request(Method::POST, &format!("demo/kill?engine={engine}"), &[], "");
    let refused = real.send(kill()).await;
    assert_eq!(real.get("/healthz").await.expect(200)["is_demo"], json!(false));
    assert_eq!(demo.get("/healthz").await.expect(200)["is_demo"], json!(true));
    let earlier = request(Method::POST, "demo/kill?engine=1", &[], "");
    assert_eq!(demo.send(earlier).await.status, 202, "that engine is gone already");
    let foreign = request(Method::POST, "demo/kill", &[("origin", "http://elsewhere.example")], "");
    demo.send(foreign).await.expect(403);
    assert!(!KILLED.load(Ordering::SeqCst), "nobody was to be killed");
    let accepted = demo.send(kill()).await;

    assert!(
        refused.problem().starts_with("404 no-such-route: Only a demo can be killed"),
        "{}",
        refused.text
    );
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    while !KILLED.load(Ordering::SeqCst) {
        thread::yield_now();
    }
}
