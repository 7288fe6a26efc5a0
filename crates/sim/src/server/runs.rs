//! Runs that people start.

use crate::{faults::Fault, server::Reply, world::Sim};
use cds_engine::{Transition, event::Start};
use cds_model::RunId;

impl Sim {
    pub(super) fn start_run(
        &mut self,
        server: usize,
        key: u64,
        mut start: Start,
    ) -> Result<Option<Reply>, String> {
        if !self.reaches_store(server) {
            return Ok(None);
        }
        let now = self.clock(server);
        // The number is given in the same transaction.
        let of_it = |r: &&crate::store::RunRow| r.run.spec.workflow_id == start.spec.workflow_id;
        start.number = self.store.runs.values().filter(of_it).map(|r| r.run.number).max().unwrap_or(0) + 1;
        start.id = RunId(self.fresh());
        let Transition::Advanced { run, effects } = cds_engine::start(start.clone(), now) else {
            return Err("a start was refused".into());
        };
        cds_engine::invariants::check_start(&run, &effects).map_err(|v| v.to_string())?;
        let (known, id) = (self.store.keys.get(&key).copied(), run.id);
        match self.store.start(key, start, run.clone(), &effects, now) {
            Err(_) => Ok(None),
            Ok(made) => {
                self.note(|| format!("server {server}: request {key} makes or made run {made}"));
                if made == id && known != Some(id) {
                    self.after_commit(&run, &effects);
                    if self.fault(Fault::LostCommit) {
                        return Ok(None);
                    }
                    self.servers[server].memory.carry_out(&run, &effects, now);
                }
                Ok(Some(Reply::Started(key, made)))
            }
        }
    }
}
