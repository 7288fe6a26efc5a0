//! Hears what other servers on the same database have committed.

use super::Shared;
use crate::error::Error;
use crate::wake::{Wake, from_text};
use std::{fmt::Display, future::poll_fn, sync::mpsc::Sender, time::Duration};
use tokio::{sync::Notify, time::timeout};
use tokio_postgres::AsyncMessage;

/// Between questions whether the database is still there: whoever only listens is not told that it is not.
const ASK: Duration = Duration::from_secs(5);
/// Between tries to connect.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn run(shared: &Shared, stop: &Notify, ready: &Sender<()>) {
    let rt = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(rt) => rt,
        Err(e) => return tracing::error!(error = %e, "can't listen to other servers"),
    };
    rt.block_on(async {
        tokio::select! {
            () = stop.notified() => {}
            () = listen(shared, ready) => {}
        }
    });
}

async fn listen(shared: &Shared, ready: &Sender<()>) {
    let mut first = true;
    loop {
        if let Err(e) = listen_once(shared, ready, first).await {
            tracing::warn!(error = %e, "listening to other servers was interrupted");
        }
        first = false;
        tokio::time::sleep(PAUSE).await;
    }
}

fn broken(e: impl Display) -> Error {
    Error::Connection(e.to_string())
}

async fn listen_once(shared: &Shared, ready: &Sender<()>, first: bool) -> Result<(), Error> {
    let address = &shared.address;
    let connecting = address.config.connect(address.tls.clone());
    let connected = timeout(address.connect_limit(), connecting).await.map_err(broken)?;
    let (client, mut connection) = connected.map_err(broken)?;
    let hear = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(n) = message.map_err(broken)? {
                shared.cx.wakeups.hear(&from_text(&shared.me, n.payload()));
            }
        }
        Ok(())
    };
    let ask = async {
        let listening = client.batch_execute("LISTEN cds");
        timeout(address.patience, listening).await.map_err(broken)?.map_err(broken)?;
        if first {
            let _ = ready.send(());
        } else {
            // Whatever was said meanwhile was missed.
            shared.cx.wakeups.hear(&[Wake::All]);
        }
        loop {
            tokio::time::sleep(ASK).await;
            timeout(address.patience, client.batch_execute("")).await.map_err(broken)?.map_err(broken)?;
        }
    };
    tokio::select! { heard = hear => heard, asked = ask => asked }
}
