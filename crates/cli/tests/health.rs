//! `steadflow health`.

use std::net::TcpListener;

use crate::support::{Folder, Server};

#[test]
fn server_that_accepts_work_is_healthy() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);

    let run = folder.run(&["health", "--server", &server.base]).expect(0);

    assert_eq!(run.json()["status"], "ok");
    assert_eq!(run.stderr, "");
}

#[test]
fn missing_server_is_not_healthy() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();

    let run = Folder::new().run(&["health", "--server", &format!("http://{free}")]).expect(1);

    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.starts_with(&format!("steadflow: Could not connect to a server at http://{free}.")),
        "{}",
        run.stderr
    );
}

#[test]
fn server_that_does_not_respond_is_not_healthy() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());

    let run = Folder::new().run(&["health", "--server", &base, "--timeout", "0.1"]).expect(1);

    assert!(run.stderr.contains("operation timed out"), "{}", run.stderr);
}

#[test]
fn timeout_is_a_positive_number() {
    let run = Folder::new().run(&["health", "--timeout=-1"]).expect(1);

    assert!(run.stderr.starts_with("steadflow: `-1` is not a valid timeout."), "{}", run.stderr);
}
