//! `steadflow serve`: its messages, and settings with which it does not start.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Folder, Server, is_running, signal};

#[test]
fn startup_shows_all_addresses_and_a_signal_stops_the_server() {
    for name in ["TERM", "INT"] {
        let folder = Folder::new();
        let server = Server::start(&folder, &[]);
        let (said, base) = (server.said.clone(), server.base.clone());

        let (code, last_words) = server.stop(name);

        assert_eq!(code, Some(0), "{last_words}");
        assert_eq!(
            last_words,
            "Stopping. Waiting for running attempts; send the signal again to stop immediately.\n"
        );
        let version = env!("CARGO_PKG_VERSION");
        assert!(said.starts_with(&format!("Steadflow {version}\n  studio    {base}/\n")), "{said}");
        assert!(
            said.contains(&format!("\n  API       {base}/api/docs\n  database  sqlite:steadflow.db (")),
            "{said}"
        );
    }
}

#[test]
fn what_is_no_address_is_refused() {
    let folder = Folder::new();

    let none = folder.run(&["serve", "--listen", "8080"]).expect(1).stderr;

    assert!(none.starts_with("steadflow: `8080` is not a valid address to listen on."), "{none}");
}

#[test]
fn settings_that_are_found_are_named_and_those_that_are_asked_for_are_not() {
    let folder = Folder::new();
    folder.write("steadflow.toml", "grace_seconds = 3");
    folder.write("other.toml", "grace_seconds = 4");

    let found = Server::start(&folder, &[]).said.clone();
    let asked_for = Server::start(&folder, &["--config", "other.toml"]).said.clone();

    assert!(found.starts_with("settings  ./steadflow.toml\nSteadflow "), "{found}");
    assert!(asked_for.starts_with("Steadflow "), "{asked_for}");
}

#[cfg(target_os = "linux")]
#[test]
fn server_has_no_core_dumps() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);

    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();

    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>(), ["0", "0", "bytes"]);
}

#[test]
fn settings_of_the_environment_and_the_file_are_checked_as_well() {
    let folder = Folder::new();
    let mut command = folder.command(&["serve"]);

    let by_variable = command.env("STEADFLOW_LISTEN", "0.0.0.0:8080").output().unwrap();
    folder.write("steadflow.toml", "listen = \"0.0.0.0:8080\"");
    let by_file = folder.run(&["serve"]).expect(1);

    assert_eq!(by_variable.status.code(), Some(1));
    let by_variable = String::from_utf8(by_variable.stderr).unwrap();
    assert_eq!(by_file.stderr, format!("settings  ./steadflow.toml\n{by_variable}"));
    assert!(by_file.stderr.contains("an address that other machines reach"), "{}", by_file.stderr);
}

#[test]
fn second_server_with_the_same_database_is_refused() {
    let folder = Folder::new();
    let _first = Server::start(&folder, &[]);

    let second = folder.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1);

    insta::assert_snapshot!(second.stderr, @"steadflow: Could not open the database sqlite:steadflow.db: the database steadflow.db is in use by another steadflow process, which holds the lock on steadflow.db.lock; stop that process, or name another database");
}

#[test]
fn address_in_use_is_reported_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let run = Folder::new().run(&["serve", "--log", "off", "--listen", &address]).expect(1);

    let message = format!(
        "steadflow: Could not listen on {address}. Stop the program that uses this address, or use another one with --listen"
    );
    assert!(run.stderr.starts_with(&message), "{}", run.stderr);
}

#[test]
fn invalid_settings_are_reported_with_their_position() {
    let folder = Folder::new();
    folder.write("unknown.toml", "lisen = \"127.0.0.1:9000\"");
    folder.write("broken.toml", "listen = 127.0.0.1:9000");
    let serve = |arguments: &[&str]| folder.run(&[&["serve"], arguments].concat()).expect(1).stderr;

    insta::assert_snapshot!(serve(&["--config", "unknown.toml"]), @r#"
    steadflow: unknown.toml is not valid: TOML parse error at line 1, column 1
      |
    1 | lisen = "127.0.0.1:9000"
      | ^^^^^
    unknown field `lisen`, expected one of `listen`, `tls_cert`, `tls_key`, `behind_proxy`, `auth`, `requests_per_key`, `requests_per_address`, `database`, `egress_allow`, `egress_proxy`, `egress_no_proxy`, `smtp_url`, `mail_from`, `mail_from_allow`, `public_url`, `allowed_hosts`, `allowed_origins`, `grace_seconds`, `lease_seconds`, `log`, `log_format`, `server`, `secret_hosts`, `master_key_file`, `master_key_command`, `next_master_key_file`, `next_master_key_command`, `database_max_mib`, `reserve_mib`, `keep`, `blobs`, `traces`, `password_sign_in`, `oidc`, `mcp`
    "#);
    insta::assert_snapshot!(serve(&["--config", "broken.toml"]), @r"
    steadflow: broken.toml is not valid: TOML parse error at line 1, column 15
      |
    1 | listen = 127.0.0.1:9000
      |               ^^^^^^^^^
    invalid float, expected nothing
    ");
    insta::assert_snapshot!(serve(&["--config", "missing.toml"]), @"steadflow: Could not read the settings in missing.toml: No such file or directory (os error 2)");
    insta::assert_snapshot!(serve(&["--log", "loud=very"]), @r#"steadflow: `loud=very` is not a valid log filter. Use one such as `info` or `warn,steadflow_runtime=debug`: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5"#);
    insta::assert_snapshot!(serve(&["--database", "sqlite:missing/flows.db"]), @"steadflow: Could not open the database sqlite:missing/flows.db: cannot open missing/flows.db.lock: No such file or directory (os error 2); check that the directory exists and may be written to");
    insta::assert_snapshot!(serve(&["--allowed-origin", "*"]), @"steadflow: The setting `allowed_origins` is not valid: `*` would let every web page that a user opens run flows and read their data; name each origin");
    insta::assert_snapshot!(serve(&["--egress-allow", "10.0.0.0/99"]), @"steadflow: The setting `egress_allow` is not valid: `10.0.0.0/99` is neither an IP address, a network like 10.1.0.0/16 nor a host name, with or without a port");
}

#[test]
fn demo_adds_flows_and_runs_some() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--demo"]);

    let list = server.executions(&folder, &["--json", "list"]).expect(0).json();

    let mut names: Vec<&str> =
        list.as_array().unwrap().iter().map(|row| row["flow_name"].as_str().unwrap()).collect();
    names.sort_unstable();
    insta::assert_snapshot!(names.join("\n"), @r"
    Failure handled by an error edge
    Nightly batch
    Order that is undone
    Refund over a limit
    Research agent
    Retries run out
    Review loop
    Ticket router
    Timeout stops a slow call
    Transient failure recovers
    Two checks in parallel
    Two of twelve items fail
    ");
}

#[test]
fn the_engine_of_a_demo_is_started_again_when_it_is_killed() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--demo"]);
    let first = engine_of(&server).unwrap();

    signal(first, "KILL");

    // The socket keeps a request until an engine lives.
    let list = server.executions(&folder, &["--json", "list"]).expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 12);
    until(|| engine_of(&server).is_some_and(|engine| engine != first));
    let (code, last_words) = server.stop("TERM");
    assert_eq!(code, Some(0), "{last_words}");
    assert!(last_words.contains("The engine was killed. Starting it again"), "{last_words}");
    assert!(last_words.ends_with("send the signal again to stop immediately.\n"), "{last_words}");
}

#[test]
fn the_engine_of_a_demo_ends_with_the_process_that_started_it() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--demo"]);
    let engine = engine_of(&server).unwrap();

    server.stop("KILL");

    until(|| !is_running(engine));
}

/// Returns the id of the engine's process, the only child of the demo's.
fn engine_of(server: &Server) -> Option<u32> {
    let id = server.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().last()?.parse().ok()
}

/// Waits until `happened`, for 30 seconds at most.
fn until(happened: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !happened() {
        assert!(Instant::now() < end, "it does not happen");
        thread::sleep(Duration::from_millis(5));
    }
}
