//! Redirects of public addresses: to private ones, into what the operator allows, and to this server.

use std::net::IpAddr;

use reqwest::Method;
use serde_json::json;
use steadflow_blackbox::{Setup, Workplace, echo, flow, http, with};

use crate::egress::names::address;
use crate::egress::network::Network;
use crate::egress::targets::{call, run, zones};

#[test]
fn a_redirect_from_a_public_address_leads_to_public_addresses_only() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let server = Setup::new(&workplace)
            .without_egress_to_loopback()
            .arguments(["--egress-allow", "10.0.0.5,loopback.test"])
            .start()
            .await;

        for (to, called) in [
            ("http://10.0.0.5/", &["8.8.8.8"][..]),
            ("http://private.test/", &["8.8.8.8"]),
            ("http://loopback.test/", &["8.8.8.8"]),
            ("http://alias-private.test/", &["8.8.8.8"]),
            ("http://metadata.test/latest/meta-data", &["8.8.8.8"]),
            ("http://[::ffff:10.0.0.5]/", &["8.8.8.8"]),
            ("http://[64:ff9b::a9fe:a9fe]/", &["8.8.8.8"]),
            ("file:///etc/passwd", &["8.8.8.8"]),
            ("http://public.test/to?http://10.0.0.5/", &["8.8.8.8", "8.8.8.8"]),
            ("http://alias.test/", &["8.8.8.8", "8.8.4.4"]),
            ("http://mixed.test/", &["8.8.8.8", "8.8.8.8"]),
        ] {
            let ended = run(server.api(), http("call", &format!("http://public.test/to?{to}"))).await;

            let is_followed = ["http://alias.test/", "http://mixed.test/"].contains(&to);
            assert_eq!(ended["status"], if is_followed { "completed" } else { "failed" }, "{to}: {ended}");
            assert_eq!(network.witness.called(), addresses(called), "{to}");
        }
        // What is allowed is called, if no public address says so.
        for url in ["http://10.0.0.5/", "http://10.0.0.5/to?http://loopback.test/"] {
            let ended = run(server.api(), http("call", url)).await;
            assert_eq!(ended["status"], "completed", "{url}: {ended}");
        }
        assert_eq!(network.witness.called(), addresses(&["10.0.0.5", "10.0.0.5", "127.0.0.1"]));
    });
}

#[test]
fn a_redirect_into_the_network_is_followed_where_the_operator_asks_for_it() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let server = Setup::new(&workplace)
            .without_egress_to_loopback()
            .arguments(["--egress-allow", "redirects:10.0.0.5:80,192.168.1.5"])
            .start()
            .await;
        for (to, called) in [
            ("10.0.0.5", &["8.8.8.8", "10.0.0.5"][..]),
            ("192.168.1.5", &["8.8.8.8"]),
            ("10.0.0.5:81", &["8.8.8.8"]),
        ] {
            run(server.api(), http("call", &format!("http://public.test/to?http://{to}/"))).await;

            assert_eq!(network.witness.called(), addresses(called), "{to}");
        }
    });
}

#[test]
fn agents_and_models_follow_no_redirect() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let server = Setup::new(&workplace).without_egress_to_loopback().start().await;
        for caller in ["http", "llm"] {
            for to in ["10.0.0.5", "metadata.test", "alias.test"] {
                // The path of the skill or the model is behind it, in what the redirect leads to.
                let ended = call(server.api(), caller, &format!("http://public.test/to%3Fhttp://{to}")).await;

                assert_eq!(ended["status"], "failed", "{caller} {to}: {ended}");
                assert_eq!(network.witness.called(), addresses(&["8.8.8.8"]), "{caller} {to}");
            }
        }
    });
}

#[test]
fn a_redirect_to_this_server_deletes_nothing_whatever_is_allowed() {
    Network::run(zones(), async |network| {
        let workplace = Workplace::new();
        let allowed = "redirects:127.0.0.0/8,redirects:loopback.test,redirects:::1,turns-to-itself.test";
        let server = Setup::new(&workplace)
            .without_egress_to_loopback()
            .arguments(["--egress-allow", allowed])
            .start()
            .await;
        let kept = server.api().create_flow(&flow("Kept", &[echo("a", json!(1))], &[])).await;
        let port = server.address().port();
        let own = |host: &str| format!("http://{host}:{port}/api/v1/studio/flows/{kept}");

        for url in [
            own("127.0.0.1"),
            own("loopback.test"),
            own("[::ffff:127.0.0.1]"),
            own("0.0.0.0"),
            format!("http://public.test/to?{}", own("127.0.0.1")),
            format!("http://public.test/to?{}", own("loopback.test")),
            format!("http://turns-to-itself.test/to?{}", own("turns-to-itself.test")),
        ] {
            let delete = with(http("call", &url), &json!({ "input": { "url": url, "method": "DELETE" } }));
            let ended = run(server.api(), delete).await;

            assert_eq!(ended["status"], "failed", "{url}: {ended}");
            assert!(network.witness.called().iter().all(|called| *called == address("8.8.8.8")), "{url}");
        }
        let kept = server.api().call(Method::GET, &format!("flows/{kept}"), &[], None).await;
        assert_eq!(kept.expect("the server answers").status, 200);
    });
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| address(text)).collect()
}
