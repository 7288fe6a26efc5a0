//! Hears what other servers on the same database have committed.

use super::Shared;
use crate::wake::{Wake, from_text};
use std::{future::poll_fn, sync::mpsc::Sender, time::Duration};
use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

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

async fn listen_once(shared: &Shared, ready: &Sender<()>, first: bool) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = shared.address.config.connect(shared.address.tls.clone()).await?;
    let hear = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(n) = message? {
                shared.cx.wakeups.hear(&from_text(&shared.me, n.payload()));
            }
        }
        Ok(())
    };
    let ask = async {
        client.batch_execute("LISTEN cds").await?;
        if first {
            let _ = ready.send(());
        } else {
            // Whatever was said meanwhile was missed.
            shared.cx.wakeups.hear(&[Wake::All]);
        }
        std::future::pending().await
    };
    tokio::select! { heard = hear => heard, asked = ask => asked }
}
