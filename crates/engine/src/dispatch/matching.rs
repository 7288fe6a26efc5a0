//! Requirements against offers (spec 13.2, 13.4: workers on a host, without models).

use super::HatcheryView;
use cds_workflow::def::Requirement;
use std::fmt;

/// Something a job asks for and a hatchery does not offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The requirement in the form of a pipeline file, e.g. `binary: docker`.
    pub wanted: String,
    /// What the hatchery offers instead, in words.
    pub offered: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.wanted, self.offered)
    }
}

impl std::error::Error for Mismatch {}

/// Whether a hatchery's workers offer all that is asked for; the error is the first thing they do not.
pub fn matches(requirements: &[Requirement], hatchery: &HatcheryView) -> Result<(), Mismatch> {
    match each(requirements, hatchery).next() {
        None => Ok(()),
        Some(mismatch) => Err(mismatch),
    }
}

/// Everything that is asked for and not offered.
pub fn mismatches(requirements: &[Requirement], hatchery: &HatcheryView) -> Vec<Mismatch> {
    each(requirements, hatchery).collect()
}

fn each<'a>(
    requirements: &'a [Requirement],
    hatchery: &'a HatcheryView,
) -> impl Iterator<Item = Mismatch> + 'a {
    // A job that names no region belongs to the hatcheries without one.
    let unasked = !requirements.iter().any(|r| r.kind == "region") && !hatchery.region.is_empty();
    let unasked = unasked.then(|| Mismatch {
        wanted: "region: \"\"".into(),
        offered: format!("it serves only jobs that ask for region {}", hatchery.region),
    });
    unasked.into_iter().chain(requirements.iter().filter_map(|r| one(r, hatchery)))
}

fn one(requirement: &Requirement, hatchery: &HatcheryView) -> Option<Mismatch> {
    let Requirement { name, kind, value } = requirement;
    let equal = |offered: &str, what: &str| (value != offered).then(|| format!("its {what} is {offered:?}"));
    let cannot = |what: &str| Some(format!("it starts plain processes and has no {what}"));
    let offered = match kind.as_str() {
        "binary" => (!hatchery.binaries.contains(value) && !hatchery.binaries.contains(name))
            .then(|| "it is not in the PATH of its workers".to_string()),
        "hostname" => equal(&hatchery.hostname, "host name"),
        "os-architecture" => equal(&hatchery.os_arch, "os-architecture"),
        "region" => equal(&hatchery.region, "region"),
        "memory" => match value.trim().parse::<u64>() {
            Ok(wanted) if wanted <= hatchery.memory_mb => None,
            Ok(_) => Some(format!("its workers have {} MiB", hatchery.memory_mb)),
            Err(_) => Some("this is not a number of MiB".to_string()),
        },
        // Secrets are given to the job by the server; every worker can take them.
        "secret" => None,
        "model" => cannot("worker models"),
        "service" => cannot("service containers"),
        "plugin" => cannot("plugins"),
        "flavor" => cannot("machine flavors"),
        _ => Some("no hatchery of this version knows this kind of requirement".to_string()),
    };
    offered.map(|offered| Mismatch { wanted: text_of(requirement), offered })
}

/// A requirement as a pipeline file has it.
fn text_of(r: &Requirement) -> String {
    if r.kind == "service" { format!("service: {}", r.name) } else { format!("{}: {}", r.kind, r.value) }
}
