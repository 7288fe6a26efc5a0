//! Retries, errors and empty answers against a server that plays a script of answers.

use cds_client::{Client, ClientError};
use reqwest::Method;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Plays one answer for each connection; an empty answer hangs up. Returns the address and the requests seen.
async fn play(answers: Vec<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let n = socket.read(&mut buffer).await.unwrap();
            log.lock().unwrap().push(String::from_utf8_lossy(&buffer[..n]).into_owned());
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, seen)
}

const DOWN: &str = "HTTP/1.1 503 Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n42";

#[tokio::test]
async fn get_is_repeated_after_a_lost_connection_and_5xx() {
    let (address, seen) = play(vec!["", DOWN, FINE]).await;
    let client = Client::new(&address, Some(cds_model::Secret::new("tok".into()))).unwrap();
    assert_eq!(client.get::<u32>("/v1/x").await.unwrap(), 42);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen[2].contains("authorization: Bearer tok"), "{}", seen[2]);
}

#[tokio::test]
async fn post_is_not_repeated_unless_it_may_be() {
    let (address, seen) = play(vec![DOWN, DOWN, FINE]).await;
    let client = Client::new(&address, None).unwrap();
    let error = client.post::<u32>("/v1/x", &1).await.unwrap_err();
    assert!(error.is_transient() && error.is_code("http_503"), "{error:?}");
    assert_eq!(seen.lock().unwrap().len(), 1);
    let call = client.call(Method::POST, "/v1/x").json(&1).unwrap().idempotent();
    assert_eq!(call.send::<u32>().await.unwrap(), 42);
}

#[tokio::test]
async fn refusals_carry_everything_and_are_final() {
    let body = r#"{"code":"not_found","message":"no project X","id":5,"details":["look"],"request_id":"r7"}"#;
    let answer: &'static str =
        Box::leak(format!("HTTP/1.1 404 N\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_boxed_str());
    let (address, seen) = play(vec![answer]).await;
    let error = Client::new(&address, None).unwrap().get::<u32>("/v1/x").await.unwrap_err();
    let ClientError::Api(f) = &error else { panic!("{error:?}") };
    assert_eq!((f.status.as_u16(), f.id, f.request_id.as_str()), (404, Some(5), "r7"));
    assert_eq!(error.to_string(), "no project X\nlook");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn no_content_and_nobody_there() {
    let (address, _) = play(vec!["HTTP/1.1 204 N\r\n\r\n"]).await;
    let client = Client::new(&address, None).unwrap();
    assert!(client.worker_take_nth(1, std::time::Duration::ZERO).await.unwrap().is_none());
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::new(&format!("http://{closed}"), None).unwrap();
    let error = client.call(Method::GET, "/v1/x").once().send_unit().await.unwrap_err();
    assert!(matches!(error, ClientError::Connection { .. }), "{error:?}");
}

#[tokio::test]
async fn large_answers_stream() {
    let (address, _) = play(vec![FINE, FINE]).await;
    let client = Client::new(&address, None).unwrap();
    let mut body = client.call(Method::GET, "/v1/x").send_download().await.unwrap();
    assert_eq!(body.length(), Some(2));
    assert_eq!(body.chunk().await.unwrap().unwrap(), "42");
    let body = client.call(Method::GET, "/v1/x").send_download().await.unwrap();
    assert!(body.bytes(1).await.is_err());
}
