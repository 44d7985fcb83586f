//! Others who use up all connections that a PostgreSQL accepts.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Duration, Instant, sleep};

use crate::postgres::Postgres;

/// How long to wait before another connection is asked for, when there is none.
const PAUSE: Duration = Duration::from_millis(5);

/// Connections that do nothing. They end when the test drops them.
#[derive(Debug)]
pub struct Crowd {
    seats: Vec<UnixStream>,
}

impl Crowd {
    /// Takes all connections that are free.
    ///
    /// # Panics
    /// If the server cannot be reached, or there are none.
    pub async fn take(database: &Postgres) -> Self {
        let mut crowd = Self { seats: Vec::new() };
        while let Some(seat) = sit(database).await {
            crowd.seats.push(seat);
        }
        assert!(!crowd.seats.is_empty(), "the server has no free connection");
        crowd
    }

    /// Takes away the connections of others that have this name, and all that become free, for so long. Returns how many it has.
    ///
    /// # Panics
    /// If the server does not say that it has taken them away.
    pub async fn displace(&mut self, database: &Postgres, name: &str, time: Duration) -> usize {
        let until = Instant::now() + time;
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{name}'\0"
        );
        let mut message = vec![b'Q'];
        message.extend(length(sql.len() + 4));
        message.extend(sql.as_bytes());
        self.seats[0].write_all(&message).await.expect("a connection can be written to");
        while Instant::now() < until {
            match sit(database).await {
                Some(seat) => self.seats.push(seat),
                None => sleep(PAUSE).await,
            }
        }
        self.seats.len()
    }
}

/// Connects, if the server accepts one more.
async fn sit(database: &Postgres) -> Option<UnixStream> {
    let mut stream = UnixStream::connect(database.socket()).await.ok()?;
    let parameters = b"user\0steadflow\0database\0postgres\0application_name\0crowd\0\0";
    let mut message = length(parameters.len() + 8).to_vec();
    message.extend(196_608_u32.to_be_bytes());
    message.extend(parameters);
    stream.write_all(&message).await.ok()?;
    // `R` says that we are in, `E` that there is no room.
    let mut kind = [0];
    stream.read_exact(&mut kind).await.ok()?;
    (kind == *b"R").then_some(stream)
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("messages are short").to_be_bytes()
}
