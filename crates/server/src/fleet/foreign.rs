//! Hatcheries of other servers on the same database. Nobody here gives them work; but why a job waits, and who could
//! take it, depends on them too.

use super::{Fleet, State};
use cds_api::fleet::Offer;
use cds_engine::dispatch::{HatcheryView, Trouble};
use cds_model::{HatcheryId, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};

/// What a server tells the others of a hatchery that is connected to it. Its name and its offer are in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Which one.
    pub hatchery: HatcheryId,
    /// It has been heard of lately.
    pub up: bool,
    /// Workers that were asked for and have not come.
    pub starting: u32,
    /// Workers with a job.
    pub busy: u32,
    /// Workers without one.
    pub idle: u32,
    /// Why its workers do not start, and until when that counts; without a time: until somebody has mended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<(String, Option<Timestamp>)>,
}

/// What dispatch sees of a hatchery that has no workers yet.
pub(super) fn view(id: HatcheryId, name: &str, offer: &Offer) -> HatcheryView {
    HatcheryView {
        id,
        name: name.into(),
        up: true,
        region: offer.region.clone(),
        os_arch: offer.os_arch.clone(),
        hostname: offer.hostname.clone(),
        binaries: offer.binaries.iter().cloned().collect(),
        memory_mb: if offer.memory_mb == 0 { u64::MAX } else { offer.memory_mb },
        max_workers: offer.max_workers,
        ..HatcheryView::default()
    }
}

impl Told {
    /// The same as dispatch sees it there.
    pub fn view(&self, name: &str, offer: &Offer) -> HatcheryView {
        HatcheryView {
            up: self.up,
            starting: self.starting,
            busy: self.busy,
            // Which ones they are is that server's business.
            idle: vec![WorkerId(Default::default()); self.idle as usize],
            trouble: self.trouble.clone().map(|(why, until)| Trouble { why, until }),
            ..view(self.hatchery, name, offer)
        }
    }
}

impl Fleet {
    /// What other servers are told.
    pub fn told(&self) -> Vec<Told> {
        let tell = |v: &HatcheryView| Told {
            hatchery: v.id,
            up: v.up,
            starting: v.starting,
            busy: v.busy,
            idle: v.idle.len() as u32,
            trouble: v.trouble.as_ref().map(|t| (t.why.clone(), t.until)),
        };
        self.lock().views.iter().map(tell).collect()
    }

    /// What other servers have told, all of them.
    pub fn hear(&self, foreign: Vec<HatcheryView>) {
        let mut state = self.lock();
        if state.foreign != foreign {
            state.foreign = foreign;
        }
    }
}

impl State {
    /// Every hatchery there is, each once: one that has moved is where it is up.
    pub(super) fn everywhere(&self) -> Vec<&HatcheryView> {
        let mut all: Vec<&HatcheryView> = self.views.iter().collect();
        for there in &self.foreign {
            match all.iter_mut().find(|known| known.id == there.id) {
                Some(known) if !known.up && there.up => *known = there,
                Some(_) => {}
                None => all.push(there),
            }
        }
        all
    }
}
