//! Storing a workflow: what it names must exist, who gets which level, what is filled in (spec 3.2.4, 3.2.5, 3.15).

use super::{
    imports::Import,
    projects::{groups_of, workflow_level},
    refuse::{Tried, missing, numbered},
};
use crate::http::error::{Error, Result};
use cds_model::{GroupId, WorkflowId};
use cds_store::{
    Tx,
    entities::{self, Entity, Kind},
    groups, projects, workflows,
};
use cds_workflow::{
    Severity,
    def::{self, Permissions},
    error_ids as ids,
    validate::{Issue, validate_workflow},
};

/// Payload keys that become tags where the root has a repository and the file does not say.
const DEFAULT_TAGS: &str = "git.branch,git.author";

impl Import<'_> {
    /// Stores a workflow.
    pub fn workflow(&mut self, tx: &mut Tx<'_>, mut def: def::Workflow) -> Tried<()> {
        let project = self.project.id;
        let known = workflows::named(tx, project, &def.name)?;
        // A definition that can't be read keeps nobody from writing a good one over it.
        let old = match workflows::get(tx, project, &def.name) {
            Err(cds_store::Error::Json { .. }) => None,
            found => found?,
        };
        if let Some(old) = &known {
            self.may_change(tx, old)?;
            let owner = &old.from_repository;
            self.may_replace("Workflow", &def.name, owner, ids::ALREADY_EXISTS, ids::WORKFLOW_OWNED)?;
            if self.rules.repository.is_empty() && !owner.is_empty() {
                detach_all(tx, project, owner)?;
            }
        }
        self.references(tx, &mut def)?;
        let own = match &known {
            Some(old) => workflows::groups(tx, old.id)?,
            None => Vec::new(),
        };
        let of_project = projects::groups(tx, project)?;
        let now = if own.is_empty() { &of_project } else { &own };
        let mut wanted = std::mem::take(&mut def.permissions);
        if !self.rules.repository.is_empty() {
            // A repository says what is done, not who may do it (spec 3.2.5).
            wanted.clear();
            for node in &mut def.nodes {
                let before = old.as_ref().and_then(|o| o.def.nodes.iter().find(|n| n.name == node.name));
                node.permissions = before.map(|n| n.permissions.clone()).unwrap_or_default();
            }
        }
        let granted = self.granted(tx, &wanted, now, &of_project)?;
        // A grant that can't be read has level 0, and is no fault of the file.
        let readable = |g: &&projects::Grant| g.level > 0;
        let effective: Permissions = if wanted.is_empty() {
            now.iter().filter(readable).map(|g| (g.name.clone(), g.level)).collect()
        } else {
            wanted
        };
        def.permissions = effective;
        check(&validate_workflow(&def))?;
        def.permissions.clear();
        match &old {
            Some(old) if def.history_length == 0 => def.history_length = old.def.history_length,
            Some(_) => {}
            None if known.is_some() => {}
            None => self.default_tags(tx, &mut def)?,
        }
        self.warnings.extend(cds_workflow::lint::broken_scripts(&def));
        def.from_repository.clone_from(&self.rules.repository);
        let row = workflows::Workflow {
            id: known.as_ref().map_or_else(WorkflowId::new, |o| o.id),
            project,
            name: def.name.clone(),
            from_repository: self.rules.repository.clone(),
            created: old.as_ref().map_or(self.now, |o| o.created),
            last_modified: self.now,
            last_number: 0,
            def,
        };
        let done = if known.is_some() {
            workflows::update(tx, &row)?;
            "updated"
        } else {
            workflows::insert(tx, &row)?;
            "created"
        };
        if !granted.is_empty() {
            for g in own.iter().filter(|g| !granted.iter().any(|(id, _)| *id == g.group)) {
                workflows::delete_group(tx, row.id, g.group)?;
            }
            for (group, level) in granted {
                workflows::put_group(tx, row.id, group, level)?;
            }
        }
        self.messages.push(format!("Workflow {} has been {done}", row.name));
        Ok(())
    }

    /// Writing to the project does not do where the workflow has groups of its own.
    fn may_change(&self, tx: &mut Tx<'_>, w: &workflows::Named) -> Tried<()> {
        let level = projects::level(tx, self.project.id, self.caller.user)?;
        let mine = groups_of(tx, self.caller.user)?;
        if workflow_level(tx, self.caller, &mine, level, w.id)? < 7 {
            return Err(Error::forbidden(format!("your groups may not change workflow {}", w.name))
                .id(11)
                .into());
        }
        Ok(())
    }

    /// Pipelines, applications and environments must exist; parameters that a pipeline does not declare are dropped.
    fn references(&mut self, tx: &mut Tx<'_>, def: &mut def::Workflow) -> Tried<()> {
        let project = self.project.id;
        let mut absent = Vec::new();
        for node in &mut def.nodes {
            if !node.pipeline.is_empty() {
                match entities::get::<def::Pipeline>(tx, project, Kind::Pipeline, &node.pipeline)? {
                    None => absent.push(format!("pipeline {} of node {}", node.pipeline, node.name)),
                    Some(p) => node.parameters.retain(|name, _| {
                        let declared = p.def.parameters.contains_key(name);
                        if !declared {
                            self.warnings.push(format!(
                                "warning: pipeline {} has no parameter {name}: its value on node {} was dropped",
                                p.name, node.name
                            ));
                        }
                        declared
                    }),
                }
            }
            for (kind, name) in
                [(Kind::Application, &node.application), (Kind::Environment, &node.environment)]
            {
                if !name.is_empty() && entities::get::<serde_json::Value>(tx, project, kind, name)?.is_none()
                {
                    absent.push(format!("{} {name} of node {}", kind.as_str(), node.name));
                }
            }
        }
        if absent.is_empty() {
            return Ok(());
        }
        let about = format!("project {} does not have {}", self.project.key, absent.join(", "));
        let help = absent.iter().map(|a| format!("{a} does not exist: import it first"));
        Err(numbered(ids::INVALID_WORKFLOW, about).details(help.collect()).into())
    }

    /// Checks the levels that a file gives (spec 3.15); groups by id.
    fn granted(
        &self,
        tx: &mut Tx<'_>,
        wanted: &Permissions,
        now: &[projects::Grant],
        of_project: &[projects::Grant],
    ) -> Tried<Vec<(GroupId, u8)>> {
        let mut all = Vec::new();
        let administered: Vec<GroupId> = groups::of_user(tx, self.caller.user)?
            .into_iter()
            .filter(|(_, admin)| *admin)
            .map(|(g, _)| g.id)
            .collect();
        for (name, level) in wanted {
            let group = groups::by_name(tx, name)?.ok_or_else(|| missing(format!("group {name}")))?;
            let Some(base) = of_project.iter().find(|g| g.group == group.id) else {
                let about = format!("give group {name} a level on project {} first", self.project.key);
                return Err(numbered(ids::GROUP_NOT_IN_PROJECT, about).into());
            };
            if base.level == 7 && *level != 7 {
                return Err(
                    numbered(ids::LESS_THAN_PROJECT, format!("group {name} must have level 7")).into()
                );
            }
            // What a group has already is not granted again.
            let has = now.iter().find(|g| g.group == group.id).map_or(0, |g| g.level);
            if *level > 4 && *level > has && !self.caller.is_admin() && !administered.contains(&group.id) {
                let about = format!("only an administrator of group {name} can give it more than level 4");
                return Err(numbered(ids::NOT_GROUP_ADMIN, about).into());
            }
            all.push((group.id, *level));
        }
        Ok(all)
    }

    /// A first import of a workflow on a repository shows branch and author of its runs.
    fn default_tags(&self, tx: &mut Tx<'_>, def: &mut def::Workflow) -> Tried<()> {
        let Some(root) = def.nodes.first().filter(|n| !n.application.is_empty()) else { return Ok(()) };
        if def.metadata.contains_key("default_tags") {
            return Ok(());
        }
        let found =
            entities::get::<def::Application>(tx, self.project.id, Kind::Application, &root.application)?;
        if found.is_some_and(|a| !a.def.repo.is_empty()) {
            def.metadata.insert("default_tags".into(), DEFAULT_TAGS.into());
        }
        Ok(())
    }
}

/// Refuses a workflow with errors, listing all of them.
fn check(issues: &[Issue]) -> Result<()> {
    let errors: Vec<&Issue> = issues.iter().filter(|i| i.severity == Severity::Error).collect();
    let Some(first) = errors.first() else { return Ok(()) };
    let id = ids::by_id(first.id).copied().unwrap_or(ids::INVALID_WORKFLOW);
    let about = match errors.len() {
        1 => first.message.clone(),
        n => format!("{} (and {} more)", first.message, n - 1),
    };
    Err(numbered(id, about).details(errors.iter().map(ToString::to_string).collect()))
}

/// A repository that loses its workflow loses all that it brought along (spec 3.2.5).
fn detach_all(tx: &mut Tx<'_>, project: cds_model::ProjectId, repository: &str) -> Tried<()> {
    for kind in [Kind::Application, Kind::Environment, Kind::Pipeline] {
        for e in entities::list::<serde_json::Value>(tx, project, kind)? {
            if e.from_repository == repository {
                let mut def = e.def;
                if let Some(map) = def.as_object_mut() {
                    map.remove("from_repository");
                }
                entities::update(tx, &Entity { def, from_repository: String::new(), ..e })?;
            }
        }
    }
    Ok(())
}
