//! Commands that work.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;
use tokio::time::timeout;

use super::{Bench, gone};

#[tokio::test]
async fn a_command_gets_what_the_operator_says_and_nothing_else() {
    let bench = Bench::new("plain");

    let about = bench.call("about", json!({})).await.unwrap();

    assert_eq!(about["arguments"], json!(["plain"]));
    assert_eq!(about["environment"], json!(["TOKEN=••••"]), "its secret does not come back");
    assert_eq!(about["directory"], json!(bench.folder.path()));
    let descriptors: BTreeSet<u64> =
        about["descriptors"].as_array().unwrap().iter().map(|fd| fd.as_u64().unwrap()).collect();
    let inherited = inherited();
    assert!(descriptors.is_superset(&BTreeSet::from([0, 1, 2])), "{descriptors:?}");
    assert!(descriptors.iter().all(|fd| *fd < 3 || inherited.contains(fd)), "{descriptors:?}");
    assert_eq!(about["leads"], json!([true]), "it has a session and a group of its own");
}

/// Returns the descriptors that the parent of the tests has left open for all processes below it.
fn inherited() -> BTreeSet<u64> {
    let opened = std::fs::read_dir("/proc/self/fdinfo").expect("there is /proc").flatten();
    let is_inherited = |info: &str| {
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or_default();
        u32::from_str_radix(flags.trim(), 8).is_ok_and(|flags| flags & 0o2_000_000 == 0)
    };
    let inherited =
        opened.filter(|entry| is_inherited(&std::fs::read_to_string(entry.path()).unwrap_or_default()));
    inherited.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[tokio::test]
async fn both_kinds_of_protocol_are_spoken_by_one_process_for_all_calls() {
    for (mode, has_version) in [("plain", false), ("modern", true), ("dies", false)] {
        let bench = Bench::new(mode);
        let listed = bench.list().await.unwrap();
        let pid = bench.pid().await;

        let calls = (0..50).map(|number| bench.call("echo", json!({ "number": number })));
        let echoed = futures_util::future::try_join_all(calls).await.unwrap();

        assert_eq!(listed["missing"], json!([]), "{mode}");
        assert_eq!(bench.pid().await, pid, "{mode}");
        let numbers = echoed.iter().map(|echoed| echoed["arguments"]["number"].as_u64());
        assert!(numbers.eq((0..50).map(Some)), "{mode}: {echoed:?}");
        let meta = &echoed[0]["meta"];
        assert_eq!(meta["idempotency-key"], "00000000-0000-0000-0000-000000000002:try", "{mode}");
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28", has_version, "{mode}");
    }
}

#[tokio::test]
async fn a_changed_definition_is_not_called() {
    let bench = Bench::new("plain");
    let listed = bench.list().await.unwrap();
    let tool = |listed: &Value| listed["tools"].as_array().unwrap()[2].clone();
    let skill = json!({ "name": "echo", "hash": tool(&listed)["hash"] });
    let script = format!("{}/tests/commands/server.py", env!("CARGO_MANIFEST_DIR"));
    let bench = Bench::of("/usr/bin/python3", &[&script, "plain"], skill);
    let before = bench.call("echo", json!({})).await;
    std::fs::write(bench.folder.path().join("changed"), "").unwrap();

    let after = bench.call("echo", json!({})).await.unwrap_err();

    assert!(before.is_ok(), "{before:?}");
    assert_eq!(after.class, ErrorClass::Configuration);
    assert!(
        after.message.contains("`test` has changed the definition of the tool `echo`"),
        "{}",
        after.message
    );
    assert_eq!(tool(&bench.list().await.unwrap())["is_changed"], true);
}

#[tokio::test]
async fn a_stopped_call_is_cancelled_and_the_command_stays_for_others() {
    let bench = Bench::new("plain");
    let pid = bench.pid().await;
    let other = bench.call("never", json!({}));
    tokio::pin!(other);

    let stopped = timeout(Duration::from_millis(200), async {
        tokio::join!(bench.call("never", json!({})), &mut other)
    });

    assert!(stopped.await.is_err());
    let about = bench.call("about", json!({})).await.unwrap();
    assert_eq!((&about["pid"], &about["seen"]), (&json!(pid), &json!(["notifications/cancelled", "ping"])));
}

#[tokio::test]
async fn nothing_is_left_of_a_command_that_is_no_longer_needed() {
    let bench = Bench::new("stubborn");
    let pids = bench.call("fork", json!({})).await.unwrap();
    let pids: Vec<u64> = pids.as_array().unwrap().iter().map(|pid| pid.as_u64().unwrap()).collect();

    drop(bench);

    assert_eq!(pids.len(), 3);
    for pid in pids {
        gone(pid).await;
    }
}
