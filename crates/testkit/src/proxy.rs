//! A network between two programs that can be cut: a proxy of TCP connections.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It works.
    Works,
    /// Nobody listens, and what was connected is reset.
    Refuses,
    /// Connections are made and stay, and nothing arrives, in either direction. What was sent arrives when the network
    /// works again: a commit, perhaps, of somebody who has long been given up.
    Swallows,
    /// Questions arrive and answers don't, until the network works again.
    SwallowsAnswers,
    /// Everything arrives so much later.
    Delays(Duration),
}

/// A way to a server that can be cut. Ends with this value.
pub struct Proxy {
    here: SocketAddr,
    state: watch::Sender<Network>,
    /// Keeps the port ours while nobody listens on it.
    _port: TcpSocket,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.tasks.lock().expect("no panic").iter().for_each(JoinHandle::abort);
    }
}

impl Proxy {
    /// A way to `there` (HOST:PORT) on a port of its own.
    pub async fn to(there: &str) -> Self {
        let port = socket(([127, 0, 0, 1], 0).into());
        let here = port.local_addr().expect("an address");
        let (state, seen) = watch::channel(Network::Works);
        let tasks: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
        let listening = listen(here);
        let accept = accept(here, listening, there.into(), seen, tasks.clone());
        tasks.lock().expect("no panic").push(tokio::spawn(accept));
        Self { here, state, _port: port, tasks }
    }

    /// A way to the server of a database's address, and the address of the database by this way.
    pub async fn of(url: &str) -> (Self, String) {
        let (before, rest) = url.split_once("://").expect("an address with a scheme");
        let (host, path) = rest.split_once('/').expect("an address with a database");
        let (user, host) = host.rsplit_once('@').map_or(("", host), |(user, host)| (user, host));
        let there = if host.contains(':') { host.to_string() } else { format!("{host}:5432") };
        let proxy = Self::to(&there).await;
        let url = format!("{before}://{user}@{}/{path}", proxy.here);
        (proxy, url)
    }

    /// Changes the network.
    pub fn set(&self, network: Network) {
        self.state.send_replace(network);
    }
}

/// A socket on this address that shares it with others of ours.
fn socket(at: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a shared port");
    socket.set_reuseport(true).expect("a shared port");
    socket.bind(at).expect("a port");
    socket
}

fn listen(at: SocketAddr) -> TcpListener {
    socket(at).listen(64).expect("a listener")
}

async fn accept(
    here: SocketAddr,
    first: TcpListener,
    there: String,
    mut state: watch::Receiver<Network>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
) {
    let mut listener = Some(first);
    loop {
        let network = *state.borrow_and_update();
        if network == Network::Refuses {
            listener = None;
            if state.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = listener.get_or_insert_with(|| listen(here));
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return },
            accepted = open.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let task = tokio::spawn(connect(client, there.clone(), state.clone()));
                let mut tasks = tasks.lock().expect("no panic");
                tasks.retain(|task| !task.is_finished());
                tasks.push(task);
            }
        }
    }
}

async fn connect(client: TcpStream, there: String, mut state: watch::Receiver<Network>) {
    // Whoever is swallowed at once does not get as far as the server.
    if !passes(&mut state, false).await {
        return;
    }
    let Ok(server) = TcpStream::connect(&there).await else { return };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Either way ends both: the sockets are closed, and what was not read is answered with a reset.
    tokio::select! {
        () = async {
            tokio::join!(
                carry(from_client, to_server, state.clone(), false),
                carry(from_server, to_client, state.clone(), true),
            );
        } => {}
        () = refused(state.clone()) => {}
    }
}

async fn refused(mut state: watch::Receiver<Network>) {
    let _ = state.wait_for(|network| *network == Network::Refuses).await;
}

/// Waits until bytes of this direction get through. False: the connection is over.
async fn passes(state: &mut watch::Receiver<Network>, answers: bool) -> bool {
    let swallowed = |network: &Network| match network {
        Network::Swallows => true,
        Network::SwallowsAnswers => answers,
        Network::Works | Network::Delays(_) | Network::Refuses => false,
    };
    match state.wait_for(|network| !swallowed(network)).await {
        Ok(network) => *network != Network::Refuses,
        Err(_) => false,
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<Network>,
    answers: bool,
) {
    let mut piece = vec![0; 64 << 10];
    loop {
        if !passes(&mut state, answers).await {
            return;
        }
        let Ok(length) = from.read(&mut piece).await else { return };
        if !passes(&mut state, answers).await {
            return;
        }
        let network = *state.borrow();
        if let Network::Delays(late) = network {
            tokio::time::sleep(late).await;
        }
        if length == 0 {
            let _ = to.shutdown().await;
            return;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a word and waits a moment for its echo.
    async fn echo(stream: &mut TcpStream, word: &[u8]) -> Option<Vec<u8>> {
        stream.write_all(word).await.ok()?;
        let mut answer = vec![0; word.len()];
        let read = stream.read_exact(&mut answer);
        tokio::time::timeout(Duration::from_millis(200), read).await.ok()?.ok()?;
        Some(answer)
    }

    #[tokio::test]
    async fn a_network_is_cut_in_every_way() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = server.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        let proxy = Proxy::to(&there).await;
        let mut stream = TcpStream::connect(proxy.here).await.unwrap();
        assert_eq!(echo(&mut stream, b"one").await.as_deref(), Some(&b"one"[..]));
        for silence in [Network::Swallows, Network::SwallowsAnswers] {
            proxy.set(silence);
            assert_eq!(echo(&mut stream, b"two").await, None);
            // What was sent meanwhile comes late, and in order.
            proxy.set(Network::Works);
            let mut late = vec![0; 3];
            stream.read_exact(&mut late).await.unwrap();
            assert_eq!(late, b"two");
        }
        proxy.set(Network::Refuses);
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0, "the connection is over");
        while TcpStream::connect(proxy.here).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        proxy.set(Network::Delays(Duration::from_millis(1)));
        let mut stream = loop {
            if let Ok(stream) = TcpStream::connect(proxy.here).await {
                break stream;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        assert_eq!(echo(&mut stream, b"three").await.as_deref(), Some(&b"three"[..]));
        task.abort();
    }
}
