//! A web server for a directory of documents, as an issuer of one's own host has one: TLS, GET, and the
//! disturbances of every other outside call.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use issuer_sandbox::Fault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::scenario::OWN_HOST;
use crate::watch::Watch;

/// The server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Web {
    pub(crate) async fn start(
        directory: PathBuf,
        tls: Arc<rustls::ServerConfig>,
        watch: Arc<Watch>,
    ) -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        let acceptor = TlsAcceptor::from(tls);
        let site = Arc::new(Site { directory, known: Mutex::default() });
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, site) = (acceptor.clone(), Arc::clone(&site));
                let watch = Arc::clone(&watch);
                tokio::spawn(async move { serve(stream, &acceptor, &site, &watch).await });
            }
        });
        Ok(Self { port, task })
    }
}

/// The bytes of a document now, and before they last changed.
#[derive(Clone, Debug, Default)]
struct Versions {
    now: Option<Vec<u8>>,
    then: Option<Vec<u8>>,
}

/// A directory of documents, and what was there when each was last asked for.
#[derive(Debug)]
struct Site {
    directory: PathBuf,
    known: Mutex<HashMap<String, Versions>>,
}

impl Site {
    fn read(&self, path: &str) -> Versions {
        let now = std::fs::read(self.directory.join(path)).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = known.entry(path.to_owned()).or_default();
        if versions.now != now {
            versions.then = std::mem::replace(&mut versions.now, now);
        }
        versions.clone()
    }
}

/// One connection, which is closed after one answer.
async fn serve(stream: TcpStream, acceptor: &TlsAcceptor, site: &Site, watch: &Watch) -> Option<()> {
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.ok()? == 0 || request.len() > 65536 {
            return None;
        }
    }
    let text = String::from_utf8(request).ok()?;
    let path = text.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let fault = watch.arrived(&format!("web GET {OWN_HOST}/{path}"), true, 0);
    watch.served();
    let versions = site.read(&path);
    let found = |body: Option<Vec<u8>>| body.map_or((404, b"not found".to_vec()), |body| (200, body));
    let (status, body) = match &fault {
        Fault::Refuse { status, message, .. } => (*status, message.clone().into_bytes()),
        Fault::Stale => found(versions.then),
        _ => found(versions.now),
    };
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let sent = match fault {
        Fault::Silent { .. } => return std::future::pending().await,
        Fault::CutBefore | Fault::CutAfter => return None,
        Fault::CutInBody => &body[..body.len() / 2],
        _ => &body[..],
    };
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(sent).await.ok()?;
    stream.flush().await.ok()?;
    if sent.len() == body.len() {
        stream.shutdown().await.ok()?;
    }
    Some(())
}
