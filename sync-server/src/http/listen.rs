//! Taking connections: bounded in number, each with a deadline for its headers, ended gracefully.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// Connections at the same time; more wait to be taken.
const CONNECTIONS_MAX: usize = 4_096;
/// A connection that does not finish its request's headers (or stays idle) this long is closed.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);
/// What is being answered when the server is stopped gets this long to end.
const END_WITHIN: Duration = Duration::from_secs(20);
/// After an error of the system (no more file handles, above all) it is given a moment.
const BREATHER: Duration = Duration::from_millis(200);

/// Answers on `listener` until `stopped`, then lets what is under way come to its end.
pub async fn listen(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        let taken = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            taken = taken => taken,
            () = &mut stopped => break,
        };
        let (stream, address) = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(BREATHER).await;
                continue;
            }
        };
        let connection = graceful.watch(connection(stream, address, router.clone()));
        tokio::spawn(async move {
            // Broken connections are the phones' everyday life; they are not worth a line.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(END_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some calls did not end in time");
    }
}

type Answers = dyn Future<Output = Result<Response, Infallible>> + Send;

fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
) -> http1::Connection<
    TokioIo<TcpStream>,
    impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future = Pin<Box<Answers>>>,
> {
    // Small answers should not wait for more of them; if the system refuses, they wait.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        let answer: Pin<Box<Answers>> = Box::pin(router.clone().oneshot(request));
        answer
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    builder.serve_connection(TokioIo::new(stream), service)
}
