//! `cdsctl group`.

use crate::{
    call::Call,
    config::is_true,
    error::CliError,
    output::Record,
    registry::{Node, Outcome, Res, delete, group, list, plain, show},
};
use cds_api::groups::{Grant, Group};

/// The commands about groups.
pub(crate) fn node() -> Node {
    group("group", "Manage groups of users").alias(&["groups"]).with([
        list("list", "List the groups", all),
        show("show", "Show a group", one).args(&["group-name"]),
        plain("create", "Make a group; you become its administrator", create)
            .alias(&["add"])
            .args(&["group-name"]),
        plain("rename", "Rename a group", rename).args(&["old-name", "new-name"]),
        delete("delete", "Delete a group", remove).args(&["group-name"]),
        plain("grant", "Give a group a level on a project or workflow: 4 read, 5 run, 7 everything", grant)
            .context(&["project-key"])
            .args(&["group-name", "permission"])
            .value("workflow", Some('w'), "On this workflow only")
            .switch("only-project", Some('p'), "Leave the workflows' own permissions as they are"),
        plain("revoke", "Take a group off a project or workflow", revoke)
            .context(&["project-key"])
            .args(&["group-name"])
            .value("workflow", Some('w'), "Off this workflow only"),
        group("member", "Manage members").alias(&["members"]).with([
            list("list", "List the members of a group", members).args(&["group-name"]),
            plain("add", "Add a member, or change whether they administer the group", member_add).args(&[
                "group-name",
                "username",
                "admin",
            ]),
            delete("delete", "Remove a member", member_delete).args(&["group-name", "username"]),
        ]),
    ])
}

fn record(g: &Group) -> Record {
    Record::new().with_key("name", &g.name).with("organization", &g.organization).more("id", &g.id)
}

async fn all(c: Call) -> Res {
    Ok(Outcome::Rows(c.client()?.groups().await?.iter().map(record).collect()))
}

async fn one(c: Call) -> Res {
    Ok(Outcome::One(record(&c.client()?.group(c.arg("group-name")).await?)))
}

async fn create(c: Call) -> Res {
    c.client()?.group_create(c.arg("group-name")).await?;
    Ok(Outcome::Done)
}

async fn rename(c: Call) -> Res {
    c.client()?.group_rename(c.arg("old-name"), c.arg("new-name")).await?;
    Ok(Outcome::Done)
}

async fn remove(c: Call) -> Res {
    c.client()?.group_delete(c.arg("group-name")).await?;
    Ok(Outcome::Done)
}

async fn grant(c: Call) -> Res {
    let (key, name) = (c.arg("project-key"), c.arg("group-name"));
    let level = match c.arg("permission") {
        "4" => 4,
        "5" => 5,
        "7" => 7,
        _ => return Err(CliError::invalid("permission")),
    };
    let body = Grant { level, only_project: c.is_set("only-project") };
    let place = match c.flag("workflow") {
        Some(workflow) => {
            let result = c.client()?.workflow_grant(key, workflow, name, &body).await;
            let place = format!("workflow {key}/{workflow}");
            result.map_err(|e| CliError::from(e).doing(&format!("cannot add group {name} on {place}")))?;
            format!("workflow '{key}/{workflow}'")
        }
        None => {
            let result = c.client()?.project_grant(key, name, &body).await;
            result
                .map_err(|e| CliError::from(e).doing(&format!("cannot add group {name} on project {key}")))?;
            format!("project '{key}'")
        }
    };
    c.app.say(format!("Group '{name}' added on {place} with success"));
    Ok(Outcome::Done)
}

async fn revoke(c: Call) -> Res {
    let (key, name) = (c.arg("project-key"), c.arg("group-name"));
    let place = match c.flag("workflow") {
        Some(workflow) => {
            c.client()?.workflow_revoke(key, workflow, name).await?;
            format!("workflow '{key}/{workflow}'")
        }
        None => {
            c.client()?.project_revoke(key, name).await?;
            format!("project '{key}'")
        }
    };
    c.app.say(format!("Group '{name}' deleted on {place} with success"));
    Ok(Outcome::Done)
}

async fn members(c: Call) -> Res {
    let group = c.client()?.group(c.arg("group-name")).await?;
    let rows = group.members.iter().map(|m| {
        Record::new()
            .with("admin", m.admin)
            .with("fullname", &m.fullname)
            .with_key("id", &m.id)
            .with("organization", &group.organization)
            .with("username", &m.username)
    });
    Ok(Outcome::Rows(rows.collect()))
}

async fn member_add(c: Call) -> Res {
    let admin = match c.arg("admin").to_ascii_lowercase().as_str() {
        text if is_true(text) => true,
        "false" | "no" | "n" | "0" => false,
        _ => return Err(CliError::invalid("admin")),
    };
    c.client()?.group_member_put(c.arg("group-name"), c.arg("username"), admin).await?;
    Ok(Outcome::Done)
}

async fn member_delete(c: Call) -> Res {
    c.client()?.group_member_delete(c.arg("group-name"), c.arg("username")).await?;
    Ok(Outcome::Done)
}
