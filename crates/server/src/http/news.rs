//! Which requests are news: whoever has a project or a workflow on the screen is told that it was changed.

use axum::{
    extract::RawPathParams,
    http::{Method, StatusCode},
};
use cds_api::runs::Event;

/// The event of a request that was carried out, if it changed what others may be looking at. Runs have events of
/// their own, told with their commits.
pub fn of(method: &Method, path: &str, params: &RawPathParams, status: StatusCode) -> Option<Event> {
    let param = |name: &str| params.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value);
    event(method, path, status, param("key"), param("workflow"))
}

fn event(method: &Method, path: &str, status: StatusCode, key: &str, workflow: &str) -> Option<Event> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if reads || !status.is_success() || !path.starts_with("/v1/projects") || path.contains("/runs") {
        return None;
    }
    let kind = if workflow.is_empty() { "project.updated" } else { "workflow.updated" };
    Some(Event {
        kind: kind.into(),
        project_key: key.into(),
        workflow_name: workflow.into(),
        ..Event::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_were_made_are_news() {
        let of = |method: Method, path: &str, status: u16, key: &str, workflow: &str| {
            let found = event(&method, path, StatusCode::from_u16(status).unwrap(), key, workflow);
            found.map(|e| format!("{} {} {}", e.kind, e.project_key, e.workflow_name))
        };
        assert_eq!(of(Method::POST, "/v1/projects", 201, "", "").unwrap(), "project.updated  ");
        assert_eq!(of(Method::POST, "/v1/projects/{key}/push", 200, "P", "").unwrap(), "project.updated P ");
        let workflow = "/v1/projects/{key}/workflows/{workflow}";
        assert_eq!(of(Method::DELETE, workflow, 204, "P", "w").unwrap(), "workflow.updated P w");
        assert_eq!(of(Method::GET, workflow, 200, "P", "w"), None);
        assert_eq!(of(Method::PUT, workflow, 400, "P", "w"), None);
        assert_eq!(of(Method::POST, "/v1/projects/{key}/workflows/{workflow}/runs", 201, "P", "w"), None);
        assert_eq!(of(Method::POST, "/v1/worker/take", 200, "", ""), None);
    }
}
