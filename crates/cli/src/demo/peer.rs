//! The demo service, which fails on purpose.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use super::{desk, model, research, support};

/// The path of the demo service in `serve --demo`.
pub(crate) const PATH: &str = "/demo/peer";
/// Maximum number of keys with a call count. When it is reached, all counts are reset.
const KEYS_MAX: usize = 10_000;

/// How often each key was called.
pub(super) type Calls = Arc<Mutex<HashMap<String, u32>>>;

/// The demo service on its own port.
#[derive(Debug)]
pub(crate) struct Peer {
    address: SocketAddr,
}

impl Peer {
    /// Listens on a free loopback port until the process ends.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("Could not find a free port for the demo service")?;
        let address = listener.local_addr().context("The demo service has no address")?;
        tokio::spawn(async move { axum::serve(listener, routes()).await });
        Ok(Self { address })
    }

    /// Returns its base URL.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns its address with the port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

/// Returns the routes of the demo service.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/ok", any(ok))
        .route("/fails-twice/{key}", any(fails_twice))
        .route("/always-503", any(always_503))
        .route("/rate-limited/{key}", any(rate_limited))
        .route("/slow", any(slow))
        .route("/shop/{what}", any(shop))
        .merge(desk::routes())
        .with_state(Calls::default())
        .merge(model::routes())
        .merge(research::routes())
        .merge(support::routes())
}

async fn ok() -> Response {
    Json(json!({ "vendor": "ACME", "risk": 42 })).into_response()
}

/// Counts a call with `key` and returns the number of calls so far.
pub(super) fn count(calls: &Calls, key: String) -> u32 {
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    if calls.len() >= KEYS_MAX {
        calls.clear();
    }
    let count = calls.entry(key).or_default();
    *count += 1;
    *count
}

async fn fails_twice(State(calls): State<Calls>, Path(key): Path<String>) -> Response {
    match count(&calls, key) {
        failed @ 1..=2 => {
            let problem = json!({ "error": "not ready yet", "calls": failed });
            (StatusCode::SERVICE_UNAVAILABLE, Json(problem)).into_response()
        }
        calls => Json(json!({ "vendor": "ACME", "risk": 42, "calls": calls })).into_response(),
    }
}

async fn always_503() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "down for maintenance" }))).into_response()
}

async fn rate_limited(State(calls): State<Calls>, Path(key): Path<String>) -> Response {
    if count(&calls, key) == 1 {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "2")], "slow down").into_response();
    }
    ok().await
}

/// A shop: it does what it is asked to, but has no carrier.
async fn shop(Path(what): Path<String>) -> Response {
    if what == "no-carrier" {
        let problem = json!({ "error": "no carrier delivers to this address" });
        return (StatusCode::CONFLICT, Json(problem)).into_response();
    }
    Json(json!({ "id": format!("{what}-1"), "done": true })).into_response()
}

#[derive(Debug, Deserialize)]
struct Slow {
    #[serde(default)]
    seconds: u64,
}

async fn slow(Query(slow): Query<Slow>) -> Response {
    tokio::time::sleep(Duration::from_secs(slow.seconds.min(600))).await;
    ok().await
}
