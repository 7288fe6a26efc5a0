//! Finding things by name over all that the caller may read.

use super::projects::{effective, groups_of, level_by};
use crate::{App, auth::Caller, http::error::Result};
use cds_api::SearchHit;
use cds_model::WorkflowId;
use cds_store::{
    entities::{self, Kind},
    projects, workflows,
};
use std::collections::HashMap;

/// Hits of one answer.
const MOST: usize = 50;

impl App {
    /// Projects, workflows, applications and pipelines whose name holds a text, case not counted; the best first.
    pub async fn search(&self, caller: &Caller, text: &str) -> Result<Vec<SearchHit>> {
        let (caller, wanted) = (caller.clone(), text.trim().to_lowercase());
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        self.reading(move |tx| {
            let mine = groups_of(tx, caller.user)?;
            let own = projects::of_user(tx, caller.user)?;
            let all: Vec<(projects::Project, u8)> = if caller.is_maintainer() {
                let level =
                    |p: &projects::Project| own.iter().find(|(m, _)| m.id == p.id).map_or(0, |(_, l)| *l);
                projects::list(tx)?.into_iter().map(|p| (level(&p), p)).map(|(l, p)| (p, l)).collect()
            } else {
                own
            };
            let fits = |name: &str| name.to_lowercase().contains(&wanted);
            let mut hits = Vec::new();
            for (project, level) in all {
                let hit = |kind: &str, name: &str, description: &str| SearchHit {
                    kind: kind.into(),
                    name: name.into(),
                    project_key: project.key.clone(),
                    description: description.into(),
                };
                if fits(&project.name) || fits(&project.key) {
                    hits.push(hit("project", &project.name, &project.description));
                }
                let mut grants: Option<HashMap<WorkflowId, Vec<projects::Grant>>> = None;
                for (id, name) in workflows::ids(tx, project.id)? {
                    if !fits(&name) {
                        continue;
                    }
                    if grants.is_none() {
                        grants = Some(workflows::groups_in(tx, project.id)?);
                    }
                    let grants = grants.as_ref().and_then(|g| g.get(&id)).map_or(&[][..], Vec::as_slice);
                    if level_by(&caller, &mine, level, grants) >= 4 {
                        hits.push(hit("workflow", &name, ""));
                    }
                }
                if effective(&caller, level) < 4 {
                    continue;
                }
                for kind in [Kind::Application, Kind::Pipeline] {
                    for e in entities::list::<serde_json::Value>(tx, project.id, kind)? {
                        if fits(&e.name) {
                            let description = e.def.get("description").and_then(|d| d.as_str()).unwrap_or("");
                            hits.push(hit(kind.as_str(), &e.name, description));
                        }
                    }
                }
            }
            let rank = |h: &SearchHit| {
                let name = h.name.to_lowercase();
                (name != wanted, !name.starts_with(&wanted), name)
            };
            hits.sort_by_cached_key(rank);
            hits.truncate(MOST);
            // Definitions are read for what is shown, not for what was looked through.
            for h in hits.iter_mut().filter(|h| h.kind == "workflow") {
                if let Some(project) = projects::by_key(tx, &h.project_key)?
                    && let Ok(Some(w)) = workflows::get(tx, project.id, &h.name)
                {
                    h.description = w.def.description;
                }
            }
            Ok(hits)
        })
        .await
    }
}
