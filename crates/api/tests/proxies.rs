//! Behind a proxy: who a client is, and what browsers are told.

use std::net::IpAddr;

use axum::http::Method;
use serde_json::json;
use steadflow_api::{ClientAddress, ClientIp, Proxies, SecretValues};

use crate::support::{Api, request};

const PROXY: &str = "10.0.0.1";

/// Posts a call without a signature, and returns its status.
async fn call(api: &Api, peer: &str, forwarded: &str) -> u16 {
    let headers = [
        ("x-forwarded-for", forwarded),
        ("x-forwarded-host", "evil.example"),
        ("x-real-ip", "198.51.100.1"),
        ("x-http-method-override", "DELETE"),
    ];
    let mut call = request(Method::POST, "/hooks/push", &headers, "");
    let peer: IpAddr = peer.parse().expect("an address");
    call.extensions_mut().insert(ClientIp(peer));
    call.extensions_mut().insert(ClientAddress::from(peer));
    api.open(call).await.status().as_u16()
}

async fn behind(proxies: Option<Proxies>) -> Api {
    let api = Api::configured(|config| {
        config.proxies = proxies;
        config.secrets = SecretValues::new(|_, _| Some("It's a Secret to Everybody".to_owned()));
    })
    .await;
    let webhook = json!({ "path": "push", "scheme": "github", "secret": "${secrets.HOOK}" });
    api.flow_of(&[json!({ "id": "start", "type": "trigger", "webhook": webhook })]).await;
    api
}

#[tokio::test(start_paused = true)]
async fn clients_of_a_proxy_are_told_apart_by_what_it_says() {
    let api = behind(Some(Proxies::parse([PROXY]).unwrap())).await;

    while call(&api, PROXY, "192.0.2.1").await == 401 {}

    assert_eq!(call(&api, PROXY, "198.51.100.7, 192.0.2.1").await, 429, "what a client adds changes nothing");
    assert_eq!(call(&api, PROXY, "192.0.2.2").await, 401);
    assert_eq!(call(&api, "192.0.2.1", "192.0.2.3").await, 429, "the same client, without the proxy");
}

#[tokio::test(start_paused = true)]
async fn without_a_proxy_nobody_says_who_they_are() {
    let api = behind(None).await;

    while call(&api, PROXY, "192.0.2.1").await == 401 {}

    assert_eq!(call(&api, PROXY, "192.0.2.2").await, 429);
}

#[tokio::test(start_paused = true)]
async fn where_people_come_by_https_browsers_are_told_so_and_the_name_is_known() {
    let transport = async |url: Option<&str>, host: &str| {
        let api = Api::configured(|config| config.public_url = url.map(|url| url.parse().unwrap())).await;
        let answer = api.open(request(Method::GET, "/healthz", &[("host", host)], "")).await;
        let header = answer.headers().get("strict-transport-security").cloned();
        (answer.status().as_u16(), header.map(|header| header.to_str().unwrap().to_owned()))
    };
    let year = Some("max-age=31536000".to_owned());

    assert_eq!(transport(Some("https://flows.example"), "flows.example").await, (200, year.clone()));
    assert_eq!(
        transport(Some("https://flows.example:8443"), "flows.example:8443").await,
        (200, year.clone())
    );
    assert_eq!(transport(Some("https://flows.example"), "evil.example").await, (421, year));
    assert_eq!(transport(Some("http://flows.internal"), "flows.internal").await, (200, None));
    assert_eq!(transport(Some("https://localhost:8443"), "localhost:8443").await, (200, None));
    assert_eq!(transport(None, "localhost").await, (200, None));
}
