//! `steadflow keys`, and the key that other commands show.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{Folder, Server};

/// Makes a key, and returns it.
fn key(folder: &Folder, more: &[&str]) -> String {
    let run = folder.run(&[&["keys", "create", "--role"], more].concat()).expect(0);
    assert!(!run.stderr.contains("sf_live_"), "{}", run.stderr);
    run.stdout.trim_end().to_owned()
}

#[test]
fn a_key_is_made_listed_and_deleted_in_the_database() {
    let folder = Folder::new();

    let made = key(&folder, &["operator", "--name", "CI", "--address", "203.0.113.7"]);
    let listed = folder.run(&["keys", "list"]).expect(0).stdout;
    let deleted = folder.run(&["keys", "delete", &made[..16]]).expect(0);
    let gone = folder.run(&["keys", "delete", &made[..16]]).expect(1);

    let as_json =
        folder.run(&["keys", "create", "--role", "viewer", "--expires-in", "1", "--json"]).expect(0);
    let as_json: Value = serde_json::from_str(&as_json.stdout).expect("it is JSON and nothing else");

    assert!(as_json["key"].as_str().is_some_and(|key| key.starts_with("sf_live_")), "{as_json}");
    assert!(as_json["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{as_json}");
    assert!(made.starts_with("sf_live_") && made.len() == 57, "the key is all of standard output");
    assert!(listed.contains(&made[..16]) && !listed.contains(&made[..20]), "{listed}");
    assert!(
        listed.contains("CI") && listed.contains("operator") && listed.contains("203.0.113.7/32"),
        "{listed}"
    );
    assert!(deleted.stderr.contains("worth nothing from now on"), "{}", deleted.stderr);
    assert!(gone.stderr.contains("`steadflow keys list` shows all."), "{}", gone.stderr);
    let mode = std::fs::metadata(folder.path().join("steadflow.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn keys_are_made_for_roles_networks_and_tenants_that_there_are() {
    let folder = Folder::new();

    folder.run(&["keys", "create"]).expect(2);
    folder.run(&["keys", "create", "--role", "root"]).expect(2);
    let network = folder.run(&["keys", "create", "--role", "viewer", "--address", "*"]).expect(2);
    let tenant = folder.run(&["keys", "create", "--role", "viewer", "--tenant", "nobody"]).expect(1);
    let nothing = folder.run(&["keys", "list", "--database", "sqlite:none.db"]).expect(1);

    assert!(network.stderr.contains("Use one such as 203.0.113.7 or 203.0.113.0/24."), "{}", network.stderr);
    assert!(tenant.stderr.contains("There is no tenant `nobody`."), "{}", tenant.stderr);
    assert!(nothing.stderr.contains("There is no database at none.db."), "{}", nothing.stderr);
}

#[test]
fn commands_show_the_key_of_the_environment_or_of_a_file() {
    let folder = Folder::new();
    let viewer = key(&folder, &["viewer"]);
    folder.write("viewer.key", format!("{viewer}\n"));
    let server = Server::start(&folder, &["--auth", "on"]);
    let list = ["executions", "list", "--server", &server.base];

    let without = folder.run(&list).expect(1);
    let of_file = folder.run(&[&list[..], &["--key-file", "viewer.key"]].concat()).expect(0);
    let of_environment = folder.command(&list).env("STEADFLOW_KEY", &viewer).output().unwrap();
    let missing = folder.run(&[&list[..], &["--key-file", "none.key"]].concat()).expect(1);
    let far = ["executions", "list", "--server", "http://flows.example", "--key-file", "viewer.key"];
    let far = folder.run(&far).expect(1);
    let health = folder.run(&["health", "--server", &server.base]);

    assert!(without.stderr.contains("the variable STEADFLOW_KEY has the key"), "{}", without.stderr);
    assert_eq!(of_file.stdout, "No executions.\n");
    assert!(of_environment.status.success());
    assert!(missing.stderr.contains("Could not read the API key in none.key"), "{}", missing.stderr);
    assert!(far.stderr.contains("without TLS, where others can read it"), "{}", far.stderr);
    health.expect(0);
}

#[test]
fn a_link_to_join_is_made_in_the_database_and_both_are_in_the_audit_log() {
    let folder = Folder::new();
    key(&folder, &["viewer"]);

    let made = folder.run(&["invite", "--role", "admin", "--public-url", "https://flows.example/"]).expect(0);
    let as_json = folder.run(&["invite", "--role", "admin", "--json"]).expect(0);
    let as_json: Value = serde_json::from_str(&as_json.stdout).expect("it is JSON and nothing else");
    let refused = folder.run(&["invite", "--role", "admin", "--email", "ann"]).expect(1);
    let log = folder.run(&["verify", "--export"]).expect(0).stdout;

    let url = as_json["url"].as_str().expect("it has a link");
    assert!(url.starts_with("http://127.0.0.1:8080/join/") && as_json["expires_at"].is_string(), "{as_json}");
    let link = made.stdout.trim_end();
    let token = link.strip_prefix("https://flows.example/join/").expect("it is where people find the server");
    assert_eq!(token.len(), 43, "the link is all of standard output");
    assert!(made.stderr.contains("Anyone who has it can use it, once"), "{}", made.stderr);
    assert!(refused.stderr.contains("`ann` is no e-mail address."), "{}", refused.stderr);
    assert!(
        log.contains("create_key") && log.contains("create_invitation") && log.contains("command line"),
        "{log}"
    );
    assert!(!log.contains(token));
}
