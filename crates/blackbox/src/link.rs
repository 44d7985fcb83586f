//! What a process reaches its database through, and what can go wrong there without a word to either side.

use std::future::pending;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::postgres::Postgres;

/// How much is passed on at once.
const PIECE: usize = 16 * 1024;

/// A port that leads to a database. It ends when the test drops it.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    state: watch::Sender<State>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Whether nothing is passed on for now.
    stands_still: bool,
    /// How many times all connections have died.
    deaths: u64,
}

impl Link {
    /// Starts one.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start(database: &Postgres) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = watch::Sender::new(State::default());
        let (known, socket) = (state.subscribe(), database.socket());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, socket.clone(), known.clone()));
            }
        });
        Self { address, state, task }
    }

    /// Returns the URL of the database through it.
    pub fn url(&self) -> String {
        format!("postgres://steadflow@{}/postgres?sslmode=disable", self.address)
    }

    /// Passes nothing on from now on; all connections stay open, and new ones are taken.
    pub fn stand_still(&self) {
        self.state.send_modify(|state| state.stands_still = true);
    }

    /// Passes on again, also what was sent meanwhile.
    pub fn go_on(&self) {
        self.state.send_modify(|state| state.stands_still = false);
    }

    /// Passes on again what new connections send. On those that are open, nothing will ever come again, and nobody is told.
    pub fn go_on_without_the_old(&self) {
        self.state.send_modify(|state| {
            state.deaths += 1;
            state.stands_still = false;
        });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(client: TcpStream, socket: PathBuf, known: watch::Receiver<State>) {
    let Some(server) = connect(&socket).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let born = known.borrow().deaths;
    let there = tokio::spawn(pump(from_client, to_server, born, known.clone()));
    let back = tokio::spawn(async move {
        let mut to_client = to_client;
        pump(from_server, &mut to_client, born, known.clone()).await;
        if known.borrow().deaths != born {
            pending::<()>().await;
        }
    });
    // A client that closes a dead connection is noticed, so that it takes no room for ever.
    let _ = there.await;
    back.abort();
}

async fn connect(socket: &Path) -> Option<UnixStream> {
    UnixStream::connect(socket).await.ok()
}

/// Passes on what comes, until it ends and that may be told. What comes on a dead connection is lost.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    born: u64,
    mut known: watch::Receiver<State>,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let Ok(state) = known.wait_for(|state| !state.stands_still).await.map(|state| *state) else { return };
        if state.deaths == born && to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
    let _ = known.wait_for(|state| !state.stands_still).await;
}
