//! Variables of projects, applications and environments, and the tokens that stand for secrets in files.

use super::{
    projects,
    refuse::{Fault, Tried, missing, numbered},
};
use crate::{
    App,
    http::error::{Error, Result},
};
use cds_api::projects::{Encrypt, Encrypted, Variable};
use cds_model::{ProjectId, secret::PLACEHOLDER};
use cds_store::{
    Tx,
    entities::{self, Kind},
    secret_tokens, variables,
};
use cds_workflow::{def, error_ids as ids};

/// Types of variables (spec 2.2).
pub const TYPES: [&str; 5] = ["password", "text", "string", "boolean", "number"];

/// Shorter secrets can't be masked in logs: too much innocent text would go with them.
pub const SHORTEST_SECRET: usize = 6;

/// What variables and keys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A project, by key.
    Project(String),
    /// An application: project key, name.
    Application(String, String),
    /// An environment: project key, name.
    Environment(String, String),
}

impl Owner {
    /// The project and the id under which its variables and keys are kept.
    pub fn resolve(&self, tx: &mut Tx<'_>) -> Tried<(ProjectId, String)> {
        match self {
            Owner::Project(key) => {
                let id = projects::find(tx, key)?.id;
                Ok((id, id.to_string()))
            }
            Owner::Application(key, name) => {
                let project = projects::find(tx, key)?.id;
                let found = entities::get::<def::Application>(tx, project, Kind::Application, name)?;
                let found = found.ok_or_else(|| missing(format!("application {name}")))?;
                Ok((project, found.id.to_string()))
            }
            Owner::Environment(key, name) => {
                let project = projects::find(tx, key)?.id;
                let found = entities::get::<def::Environment>(tx, project, Kind::Environment, name)?;
                let found = found.ok_or_else(|| missing(format!("environment {name}")).id(179))?;
                Ok((project, found.id.to_string()))
            }
        }
    }

    /// What the names of its keys begin with (spec 2.1).
    pub fn key_prefix(&self) -> &'static str {
        match self {
            Owner::Project(_) => "proj-",
            Owner::Application(..) => "app-",
            Owner::Environment(..) => "env-",
        }
    }

    /// Key of the project.
    pub fn project(&self) -> &str {
        match self {
            Owner::Project(key) | Owner::Application(key, _) | Owner::Environment(key, _) => key,
        }
    }
}

fn shown(v: variables::Variable) -> Variable {
    let value = if v.secret { PLACEHOLDER.to_string() } else { v.value };
    Variable { name: v.name, kind: v.kind, value }
}

/// Refuses a secret that can't be kept secret.
pub fn check_secret(name: &str, value: &str) -> Result<()> {
    if value.len() >= SHORTEST_SECRET {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "Your value of type password isn't correct: {name} has fewer than {SHORTEST_SECRET} bytes and could not be \
         masked in logs; use a longer secret, or the type string if it is none"
    ))
    .id(175))
}

fn check(v: &Variable) -> Result<()> {
    if v.name.is_empty() || v.name.len() > 255 || v.name.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(Error::bad_request(format!(
            "'{}' is not a variable name: use 1 to 255 characters without blanks",
            v.name
        ))
        .id(74));
    }
    if !TYPES.contains(&v.kind.as_str()) {
        return Err(Error::bad_request(format!(
            "invalid variable type {}: use {}",
            v.kind,
            TYPES.join(", ")
        ))
        .id(74));
    }
    if v.kind == "password" && v.value != PLACEHOLDER {
        check_secret(&v.name, &v.value)?;
    }
    Ok(())
}

fn row(owner: String, v: &Variable) -> variables::Variable {
    variables::Variable {
        owner,
        name: v.name.clone(),
        kind: v.kind.clone(),
        value: v.value.clone(),
        secret: v.kind == "password",
    }
}

fn exists(name: &str) -> Fault {
    Fault::Refused(Error::forbidden(format!("variable already exists: {name}")).id(31))
}

impl App {
    /// Variables of an owner, by name; values of secrets are not shown.
    pub async fn variables(&self, owner: Owner) -> Result<Vec<Variable>> {
        self.reading(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            Ok(variables::list(tx, &id)?.into_iter().map(shown).collect())
        })
        .await
    }

    /// One variable.
    pub async fn variable(&self, owner: Owner, name: String) -> Result<Variable> {
        self.reading(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            let found = variables::get(tx, &id, &name)?;
            Ok(shown(found.ok_or_else(|| missing(format!("variable {name}")))?))
        })
        .await
    }

    /// Adds a variable.
    pub async fn add_variable(&self, owner: Owner, body: Variable) -> Result<Variable> {
        check(&body)?;
        if body.kind == "password" && body.value == PLACEHOLDER {
            return Err(Error::bad_request("this is what a secret shows as, not a secret").id(175));
        }
        self.writing(move |tx| {
            let (project, id) = owner.resolve(tx)?;
            if variables::get(tx, &id, &body.name)?.is_some() {
                return Err(exists(&body.name));
            }
            let row = row(id, &body);
            variables::insert(tx, project, &row)?;
            Ok(shown(row))
        })
        .await
    }

    /// Replaces a variable, its name too. A secret given as it is shown stays as it is.
    pub async fn update_variable(&self, owner: Owner, name: String, body: Variable) -> Result<Variable> {
        check(&body)?;
        self.writing(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            let old = variables::get(tx, &id, &name)?.ok_or_else(|| missing(format!("variable {name}")))?;
            if body.name != name && variables::get(tx, &id, &body.name)?.is_some() {
                return Err(exists(&body.name));
            }
            let mut row = row(id, &body);
            if row.value == PLACEHOLDER && old.secret {
                if !row.secret {
                    return Err(Error::bad_request(format!(
                        "{name} is a secret: give its value again to change its type"
                    ))
                    .id(175)
                    .into());
                }
                row.value = old.value;
            }
            variables::update(tx, &name, &row)?;
            Ok(shown(row))
        })
        .await
    }

    /// Removes a variable.
    pub async fn delete_variable(&self, owner: Owner, name: String) -> Result<()> {
        self.writing(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            if variables::delete(tx, &id, &name)? {
                Ok(())
            } else {
                Err(missing(format!("variable {name}")).into())
            }
        })
        .await
    }

    /// Keeps a secret and gives the token that stands for it in files (spec 3.12).
    pub async fn encrypt(&self, key: &str, body: Encrypt) -> Result<Encrypted> {
        if body.name.is_empty() || body.name.len() > 255 {
            return Err(Error::bad_request("give the secret a name of at most 255 bytes").id(74));
        }
        check_secret(&body.name, &body.value)?;
        let (key, now) = (key.to_string(), self.now());
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?.id;
            let token = secret_tokens::put(tx, project, &body.name, &body.value, now)?;
            Ok(Encrypted { name: body.name.clone(), token })
        })
        .await
    }

    /// Secrets kept this way, by name.
    pub async fn encrypted(&self, key: &str) -> Result<Vec<Encrypted>> {
        let key = key.to_string();
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            let all = secret_tokens::list(tx, project)?;
            Ok(all.into_iter().map(|(name, token)| Encrypted { name, token }).collect())
        })
        .await
    }

    /// Forgets a secret; files with its token can't be imported any more.
    pub async fn delete_encrypted(&self, key: &str, name: &str) -> Result<()> {
        let (key, name) = (key.to_string(), name.to_string());
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?.id;
            let gone = secret_tokens::delete(tx, project, &name)?;
            if gone { Ok(()) } else { Err(missing(format!("secret {name}")).into()) }
        })
        .await
    }
}

/// The secret that a token in a file stands for (spec 3.12).
pub fn open_token(tx: &mut Tx<'_>, project: ProjectId, token: &str, place: &str) -> Tried<String> {
    let invalid = || {
        numbered(
            ids::INVALID_SECRET,
            format!(
                "{place} is not a token of this project; make one with `cdsctl encrypt` and put it there"
            ),
        )
    };
    Ok(secret_tokens::value(tx, project, token)?.ok_or_else(invalid)?)
}
