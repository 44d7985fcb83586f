//! Commands that fail.

use std::time::Duration;

use serde_json::json;
use steadflow_core::failure::ErrorClass;
use tokio::time::timeout;

use super::{Bench, TOKEN, all_gone, gone};

#[tokio::test]
async fn a_crash_fails_the_calls_under_way_and_the_next_one_starts_the_command_again() {
    let bench = Bench::new("plain");
    let pid = bench.pid().await;

    let (waiting, crashed) = tokio::join!(bench.call("never", json!({})), bench.call("crash", json!({})));

    for failure in [waiting.unwrap_err(), crashed.unwrap_err()] {
        assert_eq!(failure.class, ErrorClass::Connection);
        assert_eq!(
            failure.message,
            "The local command `test` ended with exit status 7. It last wrote to its standard error: first line TOKEN is \
             •••• [1mgone"
        );
        let kept = failure.body.unwrap().to_value().unwrap();
        assert_eq!(kept, "first line\nTOKEN is ••••\n\\u{1b}[1mgone\n");
    }
    assert_ne!(bench.pid().await, pid);
}

/// A mode of the command, a tool and its arguments; the class of the failure, and what its message says.
type Case = (&'static str, &'static str, serde_json::Value, ErrorClass, &'static str);

#[tokio::test]
async fn each_way_to_fail_has_its_class_and_its_name() {
    let cases: [Case; 6] = [
        (
            "exit",
            "echo",
            json!({}),
            ErrorClass::Connection,
            "`test` ended with exit status 3 at its start. It last wrote to its standard error: there is no configuration",
        ),
        (
            "noise",
            "echo",
            json!({}),
            ErrorClass::Rejected,
            "`test` wrote a line that is no message of MCP at its start, and was ended: `Welcome!`",
        ),
        ("plain", "garbage", json!({}), ErrorClass::Rejected, "and was ended: `Listening on port 3000`"),
        (
            "plain",
            "huge",
            json!({ "bytes": 5 << 20 }),
            ErrorClass::OutputTooLarge,
            "`test` wrote a message of more than 4194304 bytes, and was ended.",
        ),
        (
            "plain",
            "spam",
            json!({}),
            ErrorClass::OutputTooLarge,
            "more than 67108864 bytes that are no response",
        ),
        ("plain", "ask", json!({ "times": 101 }), ErrorClass::Rejected, "sent more than 100 requests"),
    ];
    for (mode, tool, arguments, class, said) in cases {
        let bench = Bench::new(mode);

        let failure = bench.call(tool, arguments).await.unwrap_err();

        assert_eq!(failure.class, class, "{}", failure.message);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_said() {
    for (program, said) in [
        (
            "/nowhere/at/all",
            "cannot be run. It last wrote to its standard error: /nowhere/at/all cannot be run: No such",
        ),
        ("/etc/passwd", "/etc/passwd cannot be run: Permission denied"),
    ] {
        let failure = Bench::of(program, &[], json!({})).call("echo", json!({})).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration);
        assert!(failure.message.contains(said), "{}", failure.message);
    }
    let bench = Bench::new("plain");
    std::fs::remove_dir(bench.folder.path()).unwrap();

    let failure = bench.call("echo", json!({})).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Configuration);
    assert!(
        failure.message.contains("could not be started: No such file or directory"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn a_command_that_keeps_failing_is_given_time() {
    let bench = Bench::new("exit");
    let first = bench.call("echo", json!({})).await.unwrap_err();
    let second = bench.call("echo", json!({})).await.unwrap_err();

    let third = bench.call("echo", json!({})).await.unwrap_err();

    assert_eq!((first.retry_after, second.retry_after), (None, None));
    assert!(third.retry_after.is_some_and(|wait| wait <= Duration::from_secs(1)));
    assert!(
        third.message.starts_with(
            "The local command `test` has failed 2 times in a row, and is not started again for "
        ),
        "{}",
        third.message
    );
}

#[tokio::test]
async fn standard_error_neither_stops_the_command_nor_is_kept() {
    let bench = Bench::new("plain");

    let flooded = bench.call("flood", json!({ "mib": 200 })).await;
    let crashed = bench.call("crash", json!({})).await.unwrap_err();

    assert_eq!(flooded.unwrap(), "flood");
    let kept = crashed.body.unwrap().to_value().unwrap();
    let kept = kept.as_str().unwrap();
    assert!(kept.ends_with("gone\n") && kept.len() < 5_000 && !kept.contains(TOKEN), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_never_ready_is_ended() {
    let bench = Bench::new("silent");

    let failure = bench.call("echo", json!({})).await.unwrap_err();

    assert_eq!(failure.class, ErrorClass::Timeout);
    assert!(
        failure.message.contains("`test` was not ready within 60 seconds, and was ended."),
        "{}",
        failure.message
    );
    tokio::time::resume();
    all_gone(bench.folder.path()).await;
}

#[tokio::test]
async fn a_supervisor_that_does_not_end_is_killed_with_its_command() {
    let bench = Bench::new("stubborn");
    let pid = bench.call("freeze", json!({})).await.unwrap().as_u64().unwrap();
    let folder = bench.folder.path().to_owned();

    tokio::time::pause();
    drop(bench.nodes);
    tokio::time::sleep(Duration::from_secs(20)).await;
    tokio::time::resume();

    gone(pid).await;
    all_gone(&folder).await;
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_after_a_call_was_stopped() {
    let bench = Bench::new("stubborn");
    let pid = bench.pid().await;

    let unread = (0..400).map(|_| bench.call("echo", json!({ "text": "x".repeat(1_000) })));
    let calls = async { tokio::join!(bench.call("hang", json!({})), futures_util::future::join_all(unread)) };
    let stopped = timeout(Duration::from_millis(200), calls).await;
    let waiting = bench.call("echo", json!({})).await.unwrap_err();

    assert!(stopped.is_err());
    assert_eq!(waiting.class, ErrorClass::Connection);
    assert_eq!(
        waiting.message,
        "The local command `test` was ended, because it did not answer for 5 seconds after a call had been cancelled. It \
         last wrote to its standard error: it hangs"
    );
    gone(pid).await;
    assert_ne!(bench.pid().await, pid);
}
