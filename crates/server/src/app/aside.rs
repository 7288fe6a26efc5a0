//! Runs that are set aside (parked) because their record can't be read: taken up again once it can.

use crate::{
    App,
    http::error::{Error, Result},
    tasks::reconcile_run,
};
use cds_model::RunId;
use cds_store::runs;

impl App {
    /// Tries again to read a run that is set aside. If that goes well it goes on where it was, its jobs back in the
    /// queue; what it has missed meanwhile is told to it.
    ///
    /// # Errors
    /// It is not set aside, it was stopped meanwhile, or it still can't be read: the message says why.
    pub async fn run_unpark(&self, id: RunId) -> Result<()> {
        let (aside, over) = self
            .writing(move |tx| {
                let Some(brief) = runs::find(tx, id)? else { return Ok((false, false)) };
                let over = brief.status.is_final();
                Ok((!over && runs::unpark(tx, id)?, over && brief.parked.is_some()))
            })
            .await?;
        if over {
            return Err(Error::conflict(
                "this run was stopped while it was set aside; it can only be deleted",
            ));
        }
        if !aside {
            return Err(Error::conflict("this run is not set aside"));
        }
        self.live().forget(id);
        self.load_run(id).await?;
        reconcile_run(self, id).await.map_err(Error::internal)?;
        Ok(())
    }

    /// Tries all of them, as a server does when it starts: a newer version may read what an older one could not. Gives
    /// how many go on.
    pub async fn unpark_all(&self) -> std::result::Result<usize, cds_store::Error> {
        let mut count = 0;
        for (id, _) in self.store().read(runs::parked).await? {
            match self.run_unpark(id).await {
                Ok(()) => {
                    tracing::info!(run = %id, "a run that was set aside can be read again and goes on");
                    count += 1;
                }
                Err(e) => tracing::warn!(run = %id, error = %e, "a run stays set aside"),
            }
        }
        Ok(count)
    }
}
