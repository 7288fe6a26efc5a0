//! `cds migrate`: what a server does with the schema when it starts, without the server.

use crate::{args::StateArgs, lock::lock};
use cds_store::{MasterKey, Store};

pub(crate) fn run(args: StateArgs) -> anyhow::Result<()> {
    crate::log::start()?;
    let settings = super::load_state(&args)?;
    let _lock = lock(&settings.server.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _inside = runtime.enter();
    let key = MasterKey::load_or_create(&settings.server.data.join("secret.key"))?;
    drop(Store::open(&settings.server.database_url(), key)?);
    println!("The schema is up to date.");
    Ok(())
}
