//! Keys that files ask for, made before anything is stored (spec 3.11).

use super::{
    keys::Generated,
    private_keys, projects,
    refuse::{Fault, Tried},
    variables::open_token,
};
use crate::{
    App,
    http::error::{Error, Result},
};
use cds_model::ProjectId;
use cds_store::{
    Tx,
    entities::{self, Kind},
    keys,
};
use cds_workflow::{def, error_ids as ids, parse::File};
use std::{collections::BTreeMap, sync::Arc};

/// Each takes up to seconds of a core.
const MOST: usize = 32;

/// Keys made for an import, by kind, definition and name.
#[derive(Clone, Default)]
pub struct MadeKeys(Arc<BTreeMap<(&'static str, String, String), Generated>>);

impl MadeKeys {
    /// The key made for a definition; none = the stored one stays.
    pub fn get(&self, kind: Kind, definition: &str, key: &str) -> Option<&Generated> {
        self.0.get(&(kind.as_str(), definition.to_string(), key.to_string()))
    }
}

/// What is to be done for a key of a file.
enum Task {
    Generate,
    Complete(String),
}

struct Order {
    kind: Kind,
    definition: String,
    key: String,
    key_kind: String,
    task: Task,
}

/// The table of spec 3.11, for the keys of one definition.
fn orders(
    tx: &mut Tx<'_>,
    project: ProjectId,
    kind: Kind,
    definition: &str,
    wanted: &BTreeMap<String, def::Key>,
    all: &mut Vec<Order>,
) -> Tried<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let id = entities::get::<serde_json::Value>(tx, project, kind, definition)?.map(|e| e.id.to_string());
    for (name, key) in wanted {
        let stored = match &id {
            Some(owner) => keys::get(tx, owner, name)?,
            None => None,
        };
        let task = if !key.value.is_empty() {
            let private = open_token(tx, project, &key.value, &format!("the value of key {name}"))?;
            if stored.is_some_and(|s| s.private == private && s.kind == key.kind) {
                continue;
            }
            Task::Complete(private)
        } else if key.regen == Some(false) && stored.is_some() {
            continue;
        } else {
            Task::Generate
        };
        all.push(Order {
            kind,
            definition: definition.to_string(),
            key: name.clone(),
            key_kind: key.kind.clone(),
            task,
        });
    }
    Ok(())
}

impl App {
    /// Makes the keys that files ask for.
    pub(super) async fn make_keys(&self, project: &str, files: &[File]) -> Result<MadeKeys> {
        let wanted: Vec<(Kind, String, BTreeMap<String, def::Key>)> = files
            .iter()
            .filter_map(|f| match f {
                File::Application(a) => Some((Kind::Application, a.name.clone(), a.keys.clone())),
                File::Environment(e) => Some((Kind::Environment, e.name.clone(), e.keys.clone())),
                _ => None,
            })
            .filter(|(_, _, keys)| !keys.is_empty())
            .collect();
        if wanted.is_empty() {
            return Ok(MadeKeys::default());
        }
        let key = project.to_string();
        let orders = self
            .reading(move |tx| {
                let project = projects::find(tx, &key)?.id;
                let mut all = Vec::new();
                for (kind, name, keys) in &wanted {
                    orders(tx, project, *kind, name, keys, &mut all)?;
                }
                if all.len() > MOST {
                    return Err(Fault::Refused(
                        Error::bad_request(format!(
                            "more than {MOST} keys to make in one import: import fewer files at once"
                        ))
                        .id(74),
                    ));
                }
                Ok(all)
            })
            .await?;
        // Files say `ssh`; which one is the server's choice, as for its projects.
        let (project, ssh) = (project.to_string(), self.config().project_ssh_key.clone());
        tokio::task::spawn_blocking(move || {
            let mut made = BTreeMap::new();
            for order in orders {
                let refuse = |e: String| {
                    Error::bad_request(format!(
                        "key {} of {} {}: {e}",
                        order.key,
                        order.kind.as_str(),
                        order.definition
                    ))
                    .id(ids::UNKNOWN_KEY_TYPE.id.into())
                };
                let key = match &order.task {
                    Task::Complete(private) => private_keys::complete(&order.key_kind, &order.key, private),
                    Task::Generate => {
                        let kind =
                            if order.key_kind == "ssh" { ssh.as_str() } else { order.key_kind.as_str() };
                        super::keys::generate(kind, &order.key, &project)
                    }
                }
                .map_err(refuse)?;
                made.insert((order.kind.as_str(), order.definition.clone(), order.key.clone()), key);
            }
            Ok(MadeKeys(Arc::new(made)))
        })
        .await
        .map_err(Error::internal)?
    }
}
