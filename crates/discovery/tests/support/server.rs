//! A server that answers as a test says, byte by byte, and remembers what it was asked. Blocking, on threads of its
//! own: it goes on whatever the test's runtime does.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part; a failing helper fails the test"
)]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// More than any answer may have.
pub const FLOOD: usize = 50 << 20;
/// The most memory that a process may ever have had after such an answer; unbounded it would be far more.
pub const MEMORY_LIMIT_MIB: u64 = 64;

/// A root that nobody has the key of, for clients of an endpoint that speaks plain HTTP: the machine's own need not be
/// there.
pub const ROOT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBkDCCATegAwIBAgIUVcOX2iNt5N27kw6wG4Qr9Z07vowwCgYIKoZIzj0EAwIw\n\
HjEcMBoGA1UEAwwTaXNzdWVyLmV4YW1wbGUudGVzdDAeFw0yNjExMjIyMDI2MjRa\n\
Fw0zNjExMTkyMDI2MjRaMB4xHDAaBgNVBAMME2lzc3Vlci5leGFtcGxlLnRlc3Qw\n\
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARA+KkzVPZMxI8wOfky9KpRhAr0Uu6X\n\
0h2CH6D6mKyr17GWwCI0bnNeDBXTaDxmKzY1MZcniraUG9lAINWsusmRo1MwUTAd\n\
BgNVHQ4EFgQUbe/gm6HbYxqhRxA0WaT3rZY5LOcwHwYDVR0jBBgwFoAUbe/gm6Hb\n\
YxqhRxA0WaT3rZY5LOcwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBE\n\
AiAyEBkBsmk4wyK4LNqcD1JPk6xMu8w5faOwp7zRYG1y5gIgSH6iZEac/Hj5/mKL\n\
A5dDmYNmXvkd8UGyFGNn13QwnQQ=\n\
-----END CERTIFICATE-----\n\n";

/// A connection.
pub trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// The server. Its threads end with the process.
pub struct Server {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Speaks plain HTTP; `answer` sees the head of the request.
    pub fn plain(answer: impl Fn(&str, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start(|stream| Some(Box::new(stream)), answer)
    }

    /// Speaks over whatever `wrap` makes of a connection.
    pub fn start(
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Wire>> + Send + Sync + 'static,
        answer: impl Fn(&str, &mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        let (wrap, answer) = (Arc::new(wrap), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, wrap, answer) = (Arc::clone(&seen), Arc::clone(&wrap), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(mut wire) = wrap(stream) else { return };
                    let Some(head) = read_request(&mut *wire) else { return };
                    seen.lock().unwrap().push(head.clone());
                    // Whoever has seen enough hangs up.
                    let _ = answer(&head, &mut *wire).and_then(|()| wire.flush());
                });
            }
        });
        Self { address, heads }
    }

    /// `http://ADDRESS`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// The head of one request; its body is read as well, so that closing does not reset the connection.
fn read_request(wire: &mut dyn Wire) -> Option<String> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut piece = [0; 4096];
        let count = wire.read(&mut piece).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut left = length.unwrap_or(0).saturating_sub(bytes.len() - end);
    while left > 0 {
        let mut piece = [0; 4096];
        left = left.saturating_sub(wire.read(&mut piece).ok().filter(|count| *count > 0)?);
    }
    Some(head)
}

/// A whole answer.
pub fn reply(wire: &mut dyn Write, status: u16, headers: &str, body: &str) -> io::Result<()> {
    write!(wire, "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A head, and [`FLOOD`] bytes after it.
pub fn flood(wire: &mut dyn Write, head: &str, filler: &[u8]) -> io::Result<()> {
    wire.write_all(head.as_bytes())?;
    let piece = filler.repeat(((64 << 10) / filler.len()).max(1));
    for _ in 0..FLOOD / piece.len() {
        wire.write_all(&piece)?;
    }
    Ok(())
}

/// [`FLOOD`] bytes in chunks of HTTP.
pub fn flood_in_chunks(wire: &mut dyn Write, head: &str, filler: u8) -> io::Result<()> {
    let chunk = [b"10000\r\n".as_slice(), &[filler; 0x1_0000], b"\r\n"].concat();
    flood(wire, &format!("{head}Transfer-Encoding: chunked\r\n\r\n"), &chunk)
}

/// The same few bytes again and again, slowly, for as long as anybody listens.
pub fn drip(wire: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    loop {
        wire.write_all(bytes)?;
        wire.flush()?;
        thread::sleep(Duration::from_millis(20));
    }
}

/// The most memory that this process has had so far.
pub fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// An error with its causes, as it is shown.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text.push_str(": ");
        text.push_str(&current.to_string());
        cause = current.source();
    }
    text
}
