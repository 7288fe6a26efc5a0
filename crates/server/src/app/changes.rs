//! What came since the last run that went well.

use crate::{
    App,
    http::error::{Error, Result},
};
use cds_api::runs::{ChangedRun, Changes};
use cds_engine::state::Run;
use cds_model::Status;
use cds_store::runs::{self, Brief, Filter};

/// More runs than this are only counted.
const MOST: i64 = 50;

impl App {
    /// The runs since the last one before `of` that succeeded.
    pub async fn changes(&self, of: Brief) -> Result<Changes> {
        let branch = of.tags.iter().find(|(tag, _)| tag == "git.branch").map(|(_, value)| value.clone());
        let this = of.clone();
        let (since, same_branch, between, total) = self
            .store()
            .read(move |tx| {
                let green = |branch: Option<String>| Filter {
                    status: Some(Status::Success),
                    below: Some(this.number),
                    branch,
                    limit: 1,
                    ..Filter::default()
                };
                let mut since = None;
                let mut branch = branch.clone();
                if branch.is_some() {
                    since = runs::list(tx, this.workflow, &green(branch.clone()))?.pop();
                }
                if since.is_none() {
                    branch = None;
                    since = runs::list(tx, this.workflow, &green(None))?.pop();
                }
                let same_branch = branch.is_some();
                let after = Filter {
                    above: since.as_ref().map(|s| s.number),
                    below: Some(this.number),
                    branch,
                    limit: MOST - 1,
                    ..Filter::default()
                };
                // Without a green run there is nothing to compare with.
                let (between, count) = match since {
                    Some(_) => {
                        (runs::list(tx, this.workflow, &after)?, runs::count(tx, this.workflow, &after)?)
                    }
                    None => (Vec::new(), 0),
                };
                Ok((since, same_branch, between, count + 1))
            })
            .await
            .map_err(Error::internal)?;
        let mut shown = Vec::with_capacity(between.len() + 1);
        for brief in std::iter::once(&of).chain(&between) {
            shown.push(self.changed(brief).await?);
        }
        let since = match &since {
            Some(brief) => Some(self.changed(brief).await?),
            None => None,
        };
        Ok(Changes { since, same_branch, runs: shown, total })
    }

    async fn changed(&self, brief: &Brief) -> Result<ChangedRun> {
        // One that can't be read is shown by its row: it hides nothing of the others.
        let run = self.load_run(brief.id).await.ok();
        let tag = |name: &str| {
            brief.tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let known = |name: &str| match run.as_ref().and_then(|run| variable(run, name)) {
            Some(value) => value,
            None => tag(name),
        };
        let branch = known("git.branch");
        Ok(ChangedRun {
            number: brief.number,
            status: brief.status,
            start: brief.created.to_rfc3339(),
            triggered_by: brief.triggered_by.clone(),
            hash: known("git.hash"),
            branch: if branch.is_empty() { known("git.tag") } else { branch },
            author: known("git.author"),
            message: known("git.message"),
            payload: run.map(|run| run.head.payload).unwrap_or_default(),
        })
    }
}

/// A variable as the first node that knows it does, else as it came with the payload.
fn variable(run: &Run, name: &str) -> Option<String> {
    let of_nodes = run.nodes.iter().filter_map(|n| n.params.get(name)).map(|p| p.value.clone());
    of_nodes.chain(run.head.payload.get(name).cloned()).find(|value| !value.is_empty())
}
