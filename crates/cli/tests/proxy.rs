//! The operator's proxy: where it is set, and what is called without it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use serde_json::json;

use crate::support::{Folder, Run, flow};

#[test]
fn calls_go_through_the_proxy_wherever_it_is_set() {
    let (folder, proxy) = (calling("http://service.invalid/a"), Proxy::start());
    let url = format!("http://user:canary@{}", proxy.address);
    folder.write("proxy.toml", format!("egress_proxy = \"{url}\"\negress_no_proxy = [\"other.invalid\"]"));
    let flag = |command: &mut Command| command.args(["--egress-proxy", &url]).output();
    let variable = |command: &mut Command| command.env("STEADFLOW_EGRESS_PROXY", &url).output();
    let file = |command: &mut Command| command.args(["--config", "proxy.toml"]).output();
    let run = |set: &dyn Fn(&mut Command) -> std::io::Result<std::process::Output>| -> Run {
        let mut command = folder.command(&["run", "flow.json"]);
        set(command.env("NO_PROXY", "*.other.invalid")).expect("the binary starts").into()
    };
    for set in [&flag as &dyn Fn(&mut Command) -> _, &variable, &file] {
        let run = run(set).expect(0);

        assert_eq!(run.json()["body"], json!({ "by": "the proxy" }));
        assert_eq!(proxy.heard.recv().unwrap(), "GET http://service.invalid/a HTTP/1.1");
        assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    }
}

#[test]
fn exceptions_come_from_the_setting_or_from_the_usual_variable() {
    let (folder, proxy) = (calling("http://127.0.0.2.nip.invalid/"), Proxy::start());
    let url = format!("http://{}", proxy.address);
    for (own, usual, is_proxied) in [
        (None, "nip.invalid", false),
        (None, "", true),
        (Some("other.invalid"), "nip.invalid", true),
        (Some("NIP.invalid:80"), "", false),
    ] {
        let mut command = folder.command(&["run", "flow.json", "--egress-proxy", &url]);
        command.env("NO_PROXY", usual).env_remove("no_proxy");
        own.map(|own| command.env("STEADFLOW_EGRESS_NO_PROXY", own));

        let run = Run::from(command.output().expect("the binary starts"));

        assert_eq!(run.code, Some(i32::from(!is_proxied)), "{own:?} {usual}: {}", run.stderr);
        assert_eq!(proxy.heard.try_recv().is_ok(), is_proxied, "{own:?} {usual}");
    }
}

#[test]
fn variables_of_other_programs_set_no_proxy() {
    let (folder, proxy) = (calling("http://service.invalid/"), Proxy::start());
    let mut command = folder.command(&["run", "flow.json"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{}", proxy.address));
    }

    let run = Run::from(command.output().expect("the binary starts")).expect(1);

    assert!(run.stderr.contains("service.invalid"), "{}", run.stderr);
    assert!(proxy.heard.try_recv().is_err());
}

#[test]
fn settings_that_are_not_valid_are_named_without_the_password() {
    let folder = calling("http://service.invalid/");
    let refused = |arguments: &[&str]| {
        folder.run(&[&["run", "flow.json"], arguments].concat()).expect(1).stderr.trim_end().to_owned()
    };

    insta::assert_snapshot!(refused(&["--egress-proxy", "http://user:canary@proxy.example/path"]), @"steadflow: The setting `egress_proxy` is not valid: the URL of a proxy is like http://proxy.example:3128 or http://user:password@proxy.example:3128");
    insta::assert_snapshot!(refused(&["--egress-proxy", "socks5://user:canary@proxy.example"]), @"steadflow: The setting `egress_proxy` is not valid: `socks5` proxies are not supported; the URL begins with http:// or https://");
    insta::assert_snapshot!(refused(&["--egress-proxy", "http://proxy.example", "--egress-no-proxy", "a,10.*"]), @"steadflow: The setting `egress_no_proxy` is not valid: `10.*` is neither `*`, a host name, an IP address nor a network like 10.1.0.0/16, with or without a port");
}

/// Returns a folder with a flow that calls `url`.
fn calling(url: &str) -> Folder {
    let folder = Folder::new();
    let call = json!({ "id": "a", "type": "action", "action": "http_request", "input": { "url": url } });
    folder.write("flow.json", flow(&[call]));
    folder
}

/// A proxy that answers everything itself.
struct Proxy {
    address: String,
    /// The first line of each request.
    heard: Receiver<String>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let (hear, heard) = channel();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut lines = BufReader::new(client.try_clone().expect("it is open")).lines();
                let first = lines.next().and_then(Result::ok).unwrap_or_default();
                // The test may have ended.
                let _ = hear.send(first);
                lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
                let body = "{\"by\":\"the proxy\"}";
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
                let _ = write!(&client, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
            }
        });
        Self { address, heard }
    }
}
