//! Clients that hold connections.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use steadflow_blackbox::{Setup, Victim, Workplace, scaled};
use tokio::time::interval;

/// How often each connection sends another byte of its request.
const BYTE_EVERY: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_never_end_lock_nobody_out() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;

    let attack = async {
        let mut slow = Vec::new();
        for _ in 0..scaled(400, 2_000) {
            slow.push(TcpStream::connect(server.address()).expect("the kernel accepts connections"));
        }
        let mut ticks = interval(BYTE_EVERY);
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ".iter().take(scaled(20, 46)) {
            ticks.tick().await;
            // What the server has closed is no longer slow.
            slow.retain_mut(|connection| connection.write_all(&[*byte]).is_ok());
        }
        slow.len()
    };
    let left = victim.withstands("slow headers", attack).await;

    eprintln!("{left} connections were left");
}
