//! A running server.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr};

use super::{Folder, Run, signal};

/// A server on a free port. It is killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    log: BufReader<ChildStderr>,
    /// Its messages at startup.
    pub(crate) said: String,
    /// Its address, `http://127.0.0.1:…`.
    pub(crate) base: String,
}

impl Server {
    /// Starts a server with `steadflow.db` in `folder`, and waits for its address.
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--log", "off"];
        let mut process = folder.start(&[&serve, arguments].concat());
        let mut log = BufReader::new(process.stderr.take().expect("it is piped"));
        let mut said = String::new();
        let base = loop {
            let from = said.len();
            let read = log.read_line(&mut said).expect("its log can be read");
            assert!(read > 0, "it ended early:\n{said}");
            if let Some((_, address)) = said[from..].split_once("studio    ") {
                break address.trim_end().trim_end_matches('/').to_owned();
            }
        };
        for _ in 0..2 {
            log.read_line(&mut said).expect("its log can be read");
        }
        Self { process, log, said, base }
    }

    /// Returns the id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Runs `steadflow executions …` with this server.
    pub(crate) fn executions(&self, folder: &Folder, arguments: &[&str]) -> Run {
        folder.run(&[&["executions", "--server", &self.base], arguments].concat())
    }

    /// Stops it with a signal, and returns its exit status and its last messages.
    pub(crate) fn stop(mut self, name: &str) -> (Option<i32>, String) {
        signal(self.process.id(), name);
        let mut last_words = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut last_words).expect("its log can be read");
        (self.process.wait().expect("it ends").code(), last_words)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
