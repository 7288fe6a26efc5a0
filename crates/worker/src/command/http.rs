//! A minimal HTTP client for the local API: the command must start fast and needs nothing more.

use serde::Serialize;
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

/// Sends a request to the worker of this job and returns its answer; the error is the text to print.
pub(super) fn call(
    method: &str,
    path: &str,
    body: &impl Serialize,
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let port = std::env::var("CDS_EXPORT_PORT")
        .map_err(|_| "CDS_EXPORT_PORT not found, are you running inside a CDS worker job?".to_string())?;
    let port: u16 = port.trim().parse().map_err(|_| format!("unable to parse CDS_EXPORT_PORT: '{port}'"))?;
    let body = serde_json::to_vec(body).map_err(|e| e.to_string())?;
    let (status, answer) =
        exchange(port, method, path, &body, limit).map_err(|e| format!("cannot reach the worker: {e}"))?;
    if status < 400 {
        return Ok(answer);
    }
    let text = String::from_utf8_lossy(&answer).trim().to_string();
    Err(if text.is_empty() { format!("the worker answered {status}") } else { text })
}

fn exchange(port: u16, method: &str, path: &str, body: &[u8], limit: Duration) -> io::Result<(u16, Vec<u8>)> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(limit))?;
    let mut request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    socket.write_all(&request)?;
    let mut answer = Vec::new();
    // HTTP/1.0: the answer ends with the connection and is never chunked.
    socket.read_to_end(&mut answer).map_err(|e| match e.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            io::Error::other(format!("no answer within {} s", limit.as_secs()))
        }
        _ => e,
    })?;
    parse(&answer).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some((status, answer[end + 4..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        assert_eq!(parse(b"HTTP/1.0 200 OK\r\na: b\r\n\r\nbody"), Some((200, b"body".to_vec())));
        assert_eq!(parse(b"nonsense"), None);
    }
}
