//! The listeners: plain HTTP, which is the proxy too, and TLS.
//!
//! As a proxy it follows [RFC 9110, section 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6): CONNECT to
//! a host of AWS ends in the sandbox's own TLS, CONNECT to any other host is refused.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::error::SandboxError;
use crate::host::Host;
use crate::service::Service;
use crate::wire::{self, Cut, Reply, Wire};

/// Marks a request that came through TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThroughTls;

/// What every connection needs; it ends with the sandbox.
#[derive(Clone)]
pub(crate) struct Server {
    service: Arc<Service>,
    tls: TlsAcceptor,
    stopped: watch::Receiver<()>,
}

impl Server {
    /// Connections of a service; they end when `stopped` is told so, or its sender is dropped.
    pub(crate) fn new(
        service: Arc<Service>,
        tls: Arc<rustls::ServerConfig>,
        stopped: watch::Receiver<()>,
    ) -> Self {
        Self { service, tls: TlsAcceptor::from(tls), stopped }
    }

    /// Accepts plain connections.
    pub(crate) fn plain(self, listener: TcpListener) -> JoinHandle<()> {
        self.accept(listener, |server, stream| async move {
            let (line, wire) = wire::share(stream);
            let service = server.clone();
            let answer = service_fn(move |request| service.clone().plain_request(request, wire.clone()));
            server.serve(line, answer).await;
        })
    }

    /// Accepts TLS connections.
    pub(crate) fn encrypted(self, listener: TcpListener) -> JoinHandle<()> {
        self.accept(listener, |server, stream| {
            let (line, wire) = wire::share(stream);
            server.serve_tls(line, wire)
        })
    }

    fn accept<F>(
        mut self,
        listener: TcpListener,
        connection: impl Fn(Self, TcpStream) -> F + Send + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    _ = self.stopped.changed() => return,
                    accepted = listener.accept() => accepted,
                };
                match accepted {
                    Ok((stream, _)) => {
                        // Else the first answer over TLS waits 40 ms for an acknowledgement.
                        let _ = stream.set_nodelay(true);
                        self.clone().spawn(connection(self.clone(), stream));
                    }
                    // Too many open files, say: a connection that ends makes room.
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                }
            }
        })
    }

    /// Runs a connection until it ends or the sandbox does.
    fn spawn(mut self, connection: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(async move {
            tokio::select! {
                _ = self.stopped.changed() => {}
                () = connection => {}
            }
        });
    }

    async fn serve_tls<S>(self, stream: S, wire: Wire)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Who does not trust the authority goes away: nothing to answer.
        let Ok(stream) = self.tls.accept(stream).await else { return };
        let service = Arc::clone(&self.service);
        let answer = service_fn(move |mut request: Request<Incoming>| {
            let (service, wire) = (Arc::clone(&service), wire.clone());
            request.extensions_mut().insert(ThroughTls);
            async move { service.answer(request, &wire).await }
        });
        self.serve(stream, answer).await;
    }

    async fn serve<S, H>(self, stream: S, service: H)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        H: hyper::service::Service<Request<Incoming>, Response = Response<Reply>, Error = Cut> + Send,
        H::Future: Send,
    {
        let mut http = http1::Builder::new();
        // Half-closed clients still get their answer; half-sent heads do not hold a connection for ever.
        http.timer(TokioTimer::new()).half_close(true);
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        // A connection that breaks is the client's to see.
        let _ = connection.await;
    }

    async fn plain_request(self, request: Request<Incoming>, wire: Wire) -> Result<Response<Reply>, Cut> {
        if request.method() != Method::CONNECT {
            return self.service.answer(request, &wire).await;
        }
        let target = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        if !matches!(Host::parse(&target), Host::Aws(_)) || !target.ends_with(":443") {
            let text = format!(
                "The sandbox leads to AWS's hosts, port 443, and to none else: {target} is refused.\n"
            );
            let mut response = Response::new(Reply::from(Full::from(text)));
            *response.status_mut() = StatusCode::FORBIDDEN;
            return Ok(response);
        }
        self.clone().spawn(async move {
            if let Ok(upgraded) = hyper::upgrade::on(request).await {
                self.serve_tls(TokioIo::new(upgraded), wire).await;
            }
        });
        Ok(Response::new(Reply::from(Full::default())))
    }
}

/// Opens a listener; the address that it got.
pub(crate) async fn listen(
    address: SocketAddr,
    anywhere: bool,
) -> Result<(TcpListener, SocketAddr), SandboxError> {
    if !anywhere && !address.ip().is_loopback() {
        return Err(SandboxError::NotLoopback { address });
    }
    let failed = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}
