//! `steadflow tenants`, in a database that no server uses.

use serde_json::Value;

use crate::support::Folder;

#[test]
fn tenants_are_made_limited_renamed_disabled_and_deleted_in_the_database() {
    let folder = Folder::new();
    let tenants = |more: &[&str]| folder.run(&[&["tenants"], more].concat());

    let made = tenants(&["create", "acme", "--public-url", "https://flows.example"]).expect(0);
    let as_json = tenants(&["create", "other", "--public-url", "https://flows.example", "--json"]).expect(0);
    let as_json: Value = serde_json::from_str(&as_json.stdout).expect("it is JSON and nothing else");
    assert_eq!(as_json["name"], "other");
    assert!(
        as_json["url"].as_str().is_some_and(|url| url.starts_with("https://flows.example/join/")),
        "{as_json}"
    );
    tenants(&["set-quota", "acme", "--executions", "5", "--cost-per-day", "2.5-EUR", "--stored-mib", "10"])
        .expect(0);
    tenants(&["set-quota", "acme", "--executions", "none", "--starts-per-minute", "60"]).expect(0);
    tenants(&["set-quota", "default", "--tokens-per-day", "1000"]).expect(0);
    tenants(&["rename", "acme", "beta"]).expect(0);
    let listed = tenants(&["list"]).expect(0).stdout;
    let shown = tenants(&["show", "beta"]).expect(0).stdout;
    let in_use = tenants(&["delete", "beta", "--confirm", "beta"]).expect(1);
    tenants(&["disable", "beta"]).expect(0);
    let mistyped = tenants(&["delete", "beta", "--confirm", "betta"]).expect(1);
    let deleted = tenants(&["delete", "beta", "--confirm", "beta"]).expect(0);

    assert!(
        made.stdout.starts_with("https://flows.example/join/") && made.stdout.lines().count() == 1,
        "{}",
        made.stdout
    );
    assert!(listed.contains("60 starts per minute; 10 MiB stored; 2.5 EUR per day"), "{listed}");
    assert!(listed.contains("1000 tokens per day"), "{listed}");
    assert!(shown.contains("state       active") && shown.contains("0 that have not ended"), "{shown}");
    assert!(in_use.stderr.contains("Disable it first"), "{}", in_use.stderr);
    assert!(mistyped.stderr.contains("`betta` is not the name of the tenant"), "{}", mistyped.stderr);
    assert!(deleted.stderr.contains("the tenant is deleted, with 0 executions"), "{}", deleted.stderr);
    assert!(!tenants(&["list"]).expect(0).stdout.contains("beta"));
    let log = folder.run(&["verify", "--export"]).expect(0).stdout;
    assert!(log.contains("steadflow tenants delete beta") && log.contains("create_tenant"), "{log}");
}

#[test]
fn what_cannot_be_done_with_a_tenant_says_why() {
    let folder = Folder::new();
    let refused =
        |arguments: &[&str], code: i32| folder.run(&[&["tenants"], arguments].concat()).expect(code).stderr;
    folder.run(&["tenants", "create", "acme"]).expect(0);

    for (arguments, code, said) in [
        (&["create", "acme"][..], 1, "there is a tenant of this name already"),
        (&["create", "Acme"], 1, "lower-case letters"),
        (&["create", "default"], 1, "the tenant that is always there"),
        (&["create", "b", "--email", "nobody"], 1, "is no e-mail address"),
        (&["show", "nobody"], 1, "There is no tenant `nobody`."),
        (&["disable", "default"], 1, "cannot be disabled"),
        (&["delete", "default", "--confirm", "default"], 1, "cannot be deleted"),
        (&["set-quota", "acme", "--executions", "0"], 2, "it is `none`, or more than 0"),
        (&["export", "acme", "--to", "."], 1, "exists already"),
    ] {
        let stderr = refused(arguments, code);
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
