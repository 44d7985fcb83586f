//! The work as a Restate service: a chain of steps, a step that fails twice, and a long sleep.
//!
//! Takes the address to listen on as its only argument.
#![expect(missing_docs, reason = "the macro of the SDK makes methods without them")]

use std::net::SocketAddr;
use std::time::Duration;

use peers::Attempts;
use restate_sdk::prelude::*;

struct Bench {
    attempts: Attempts,
}

#[service]
impl Bench {
    /// Carries out `length` steps, one after the other; each is durable before the next begins.
    #[handler]
    async fn chain(&self, ctx: Context<'_>, length: u32) -> Result<u32, HandlerError> {
        let mut value = 42;
        for _ in 0..length {
            value = ctx.run(move || async move { Ok(value) }).name("echo").await?;
        }
        Ok(value)
    }

    /// Fails twice, with backoffs of 1 s and 2 s; returns the times between the attempts in milliseconds.
    #[handler]
    async fn retry(&self, ctx: Context<'_>, id: String) -> Result<Json<Vec<f64>>, HandlerError> {
        let policy = RunRetryPolicy::new()
            .initial_delay(Duration::from_secs(1))
            .exponentiation_factor(2.0)
            .max_delay(Duration::from_secs(10))
            .max_attempts(5);
        let attempts = &self.attempts;
        let flaky = move || async move {
            let gaps = attempts.begin(&id).ok_or_else(|| std::io::Error::other("fails twice"))?;
            Ok(Json(gaps))
        };
        Ok(ctx.run(flaky).name("flaky").retry_policy(policy).await?)
    }

    /// Sleeps.
    #[handler]
    async fn sleep(&self, ctx: Context<'_>, seconds: u64) -> Result<(), HandlerError> {
        ctx.sleep(Duration::from_secs(seconds)).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr =
        std::env::args().nth(1).ok_or("the address to listen on is missing")?.parse()?;
    let bench = Bench { attempts: Attempts::default() };
    HttpServer::new(Endpoint::builder().bind(bench).build()).listen_and_serve(address).await;
    Ok(())
}
