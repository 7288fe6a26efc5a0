//! Tags of a run (spec 6.3.5, 6.6.9, 6.13).

use crate::{state::Params, work::Work};

/// Adds a value to a tag: values of one name are a comma-joined list without doubles; empty values are ignored.
pub(crate) fn merge(tags: &mut Vec<(String, String)>, name: &str, value: &str) -> bool {
    if name.is_empty() || value.is_empty() {
        return false;
    }
    match tags.iter_mut().find(|(n, _)| n == name) {
        Some((_, old)) if old.split(',').any(|v| v == value) => return false,
        Some((_, old)) if old.is_empty() => *old = value.to_string(),
        Some((_, old)) => {
            old.push(',');
            old.push_str(value);
        }
        None => tags.push((name.to_string(), value.to_string())),
    }
    true
}

impl Work<'_> {
    /// Adds a value to a tag of the run.
    pub fn add_tag(&mut self, name: &str, value: &str) -> bool {
        merge(&mut self.run.head.tags, name, value)
    }

    /// Repository, branch or tag, hash and author, as the first node that knows them does.
    pub fn git_tags(&mut self, params: &Params) {
        let value = |name: &str| params.get(name).map_or("", |p| p.value.as_str());
        let reference = if value("git.tag").is_empty() { "git.branch" } else { "git.tag" };
        for name in ["git.repository", reference, "git.hash", "git.author"] {
            if !self.run.head.tags.iter().any(|(n, _)| n == name) {
                self.add_tag(name, value(name));
            }
        }
    }

    /// Tags of a new run: who started it, and the payload keys named by the workflow's `default_tags`.
    pub fn first_tags(&mut self) {
        let spec = self.run.spec.clone();
        let head = &self.run.head;
        let by = match head.origin.username.as_str() {
            "" => {
                let named = |key: &str| head.payload.get(key).filter(|v| !v.is_empty());
                named("cds.triggered_by.username").or_else(|| named("cds.hook")).cloned().unwrap_or_default()
            }
            name => name.to_string(),
        };
        self.add_tag("triggered_by", &by);
        let Some(names) = spec.workflow.metadata.get("default_tags") else { return };
        for name in names.split(',').map(str::trim) {
            if let Some(value) = self.run.head.payload.get(name).cloned()
                && !self.run.head.tags.iter().any(|(n, _)| n == name)
            {
                self.add_tag(name, &value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::merge;

    #[test]
    fn values_of_one_name_are_a_list_without_doubles() {
        let mut tags = Vec::new();
        for (name, value, changed) in
            [("a", "1", true), ("a", "2", true), ("a", "1", false), ("a", "", false), ("", "x", false)]
        {
            assert_eq!(merge(&mut tags, name, value), changed, "{name}={value}");
        }
        assert_eq!(tags, [("a".to_string(), "1,2".to_string())]);
    }
}
