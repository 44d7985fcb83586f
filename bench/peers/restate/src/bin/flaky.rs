//! An HTTP server that answers 503 to the first two requests for a path, and to the third with the times between them.
//!
//! Takes the address to listen on as its only argument.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use peers::Attempts;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("the address to listen on is missing")?;
    let listener = TcpListener::bind(address).await?;
    let attempts = Arc::new(Attempts::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let attempts = Arc::clone(&attempts);
        tokio::spawn(async move {
            let service = service_fn(|request| std::future::ready(answer(&attempts, &request)));
            // A client that goes away is none of our business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(attempts: &Attempts, request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let gaps = attempts.begin(request.uri().path());
    let body = serde_json::json!({ "gaps_ms": gaps }).to_string();
    let mut response = Response::new(Full::from(body));
    if gaps.is_none() {
        *response.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
    }
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}
