//! Finding things by their words over all that the caller may read.

use super::projects::{effective, groups_of, level_by};
use crate::{App, auth::Caller, auth::policy::R, http::error::Result};
use cds_api::SearchHit;
use cds_model::WorkflowId;
use cds_store::{
    entities::{self, Kind},
    projects, runs, workflows,
};

/// Hits of one answer.
const MOST: usize = 50;
/// Runs of one answer.
const MOST_RUNS: usize = 10;

/// What was typed, as words: what stands between the words of a name is not typed exactly.
#[derive(Debug, PartialEq)]
struct Wanted(Vec<String>);

impl Wanted {
    fn of(text: &str) -> Self {
        let mut words = Vec::new();
        for word in split(text) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Self(words)
    }

    /// How well something fits, the smaller the better: it is called so, begins so, has every word in its name, or in
    /// what stands beside it. `None` = not.
    fn rank(&self, name: &str, beside: &[&str]) -> Option<u8> {
        let low = name.to_lowercase();
        let inside = |text: &str| self.0.iter().all(|word| text.contains(word.as_str()));
        if !inside(&low) {
            let all = beside.iter().fold(low, |all, text| all + "\n" + &text.to_lowercase());
            return inside(&all).then_some(3);
        }
        let (own, typed) = (split(name).collect::<Vec<_>>().join(" "), self.0.join(" "));
        Some(if own == typed {
            0
        } else if own.starts_with(&typed) {
            1
        } else {
            2
        })
    }

    /// The number of a run that is asked for, and the words beside it.
    fn run(&self) -> Option<(i64, Wanted)> {
        let at = self.0.iter().position(|word| word.bytes().all(|b| b.is_ascii_digit()))?;
        let mut others = self.0.clone();
        let number = others.remove(at).parse().ok()?;
        (!others.is_empty()).then_some((number, Wanted(others)))
    }
}

fn split(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| c.is_whitespace() || "-_/#".contains(c));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// What was found, with how well it fits.
struct Found(Vec<(u8, SearchHit)>);

impl Found {
    fn add(&mut self, rank: u8, kind: &str, name: &str, project_key: &str, description: &str) {
        let (kind, name) = (kind.to_string(), name.to_string());
        let (project_key, description) = (project_key.to_string(), description.to_string());
        self.0.push((rank, SearchHit { kind, name, project_key, description, number: None }));
    }
}

impl App {
    /// Whatever has all the words of a text in its name, its project's or its description; the best first.
    pub async fn search(&self, caller: &Caller, text: &str) -> Result<Vec<SearchHit>> {
        let (caller, wanted) = (caller.clone(), Wanted::of(text));
        if wanted.0.is_empty() {
            return Ok(Vec::new());
        }
        let run = wanted.run();
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
            let mut found = Found(Vec::new());
            // Workflows of which there may be a run of the number that was typed.
            let mut ran: Vec<(u8, WorkflowId, usize, String)> = Vec::new();
            for (at, (project, level)) in all.iter().enumerate() {
                let (key, title) = (project.key.as_str(), project.name.as_str());
                if let Some(rank) = wanted.rank(title, &[key, "project", &project.description]) {
                    let rank = if wanted.0.join(" ") == key.to_lowercase() { 0 } else { rank };
                    found.add(rank, "project", title, key, &project.description);
                }
                let mut grants = None;
                for workflows::Described { id, name, description, last_number } in
                    workflows::described(tx, project.id)?
                {
                    let rank = wanted.rank(&name, &[key, title, "workflow", &description]);
                    // Looked for only where there may be one: numbers are in names, too, and workflows are many.
                    let of_run = run.as_ref().filter(|(number, _)| *number <= last_number);
                    let of_run = of_run.and_then(|(_, others)| others.rank(&name, &[key, title, "run"]));
                    if rank.is_none() && of_run.is_none() {
                        continue;
                    }
                    if grants.is_none() {
                        grants = Some(workflows::groups_in(tx, project.id)?);
                    }
                    let grants = grants.as_ref().and_then(|g| g.get(&id)).map_or(&[][..], Vec::as_slice);
                    if level_by(&caller, &mine, *level, grants) < R {
                        continue;
                    }
                    if let Some(rank) = rank {
                        found.add(rank, "workflow", &name, key, &description);
                    }
                    if let Some(rank) = of_run {
                        ran.push((rank, id, at, name));
                    }
                }
                if effective(&caller, *level) < R {
                    continue;
                }
                for kind in [Kind::Application, Kind::Pipeline, Kind::Environment] {
                    for (name, description) in entities::described(tx, project.id, kind)? {
                        if let Some(rank) = wanted.rank(&name, &[key, title, kind.as_str(), &description]) {
                            found.add(rank, kind.as_str(), &name, key, &description);
                        }
                    }
                }
            }
            found.0.sort_by_cached_key(|(rank, hit)| (*rank, hit.name.to_lowercase()));
            let mut hits: Vec<SearchHit> = found.0.into_iter().map(|(_, hit)| hit).take(MOST).collect();
            let Some((number, _)) = run else { return Ok(hits) };
            ran.sort_by_cached_key(|(rank, _, _, name)| (*rank, name.to_lowercase()));
            let mut found = Vec::new();
            for (_, workflow, at, name) in ran {
                if runs::list::by_number(tx, workflow, number)?.is_none() {
                    continue;
                }
                let (kind, project_key) = ("run".to_string(), all[at].0.key.clone());
                found.push(SearchHit {
                    kind,
                    name,
                    project_key,
                    description: String::new(),
                    number: Some(number),
                });
                if found.len() == MOST_RUNS {
                    break;
                }
            }
            hits.truncate(MOST - found.len());
            hits.splice(0..0, found);
            Ok(hits)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn words_in_any_order_and_what_fits_best() {
        let rank = |typed, name| Wanted::of(typed).rank(name, &["SHOP", "workflow", "Builds and ships"]);
        assert_eq!(rank("release_train", "release-train"), Some(0));
        assert_eq!(rank("RELEASE", "release-train"), Some(1));
        assert_eq!(rank("train release", "release-train"), Some(2));
        for beside in ["shop train", "ships", "workflow release"] {
            assert_eq!(rank(beside, "release-train"), Some(3), "{beside}");
        }
        assert_eq!(rank("release plane", "release-train"), None);
    }

    #[test]
    fn the_number_of_a_run() {
        assert_eq!(Wanted::of("nightly #12").run(), Some((12, Wanted::of("nightly"))));
        for none in ["#12", "nightly", "nightly 99999999999999999999", "v2 nightly"] {
            assert_eq!(Wanted::of(none).run(), None, "{none}");
        }
    }
}
