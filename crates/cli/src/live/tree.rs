//! A run as a tree: nodes, their stages, their jobs.

use super::{duration, failure, lasted, latest, telling_step};
use cds_api::runs::{JobRun, NodeRun, Run, StageRun};
use cds_model::Status;

/// How the tree is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// With colours.
    pub colour: bool,
    /// The time of day, epoch milliseconds: what runs has lasted until now.
    pub now_ms: i64,
}

/// The tree as text, one line for each thing, the last ends with a line end.
pub fn tree(run: &Run, view: View) -> String {
    let mut text = header(run, view);
    let mut roots: Vec<Branch> = Vec::new();
    let executed: Vec<&NodeRun> = latest(run).collect();
    for name in run.nodes.iter().map(|n| n.name.as_str()) {
        if let Some(node) = executed.iter().find(|n| n.node == name) {
            roots.push(node_branch(node, view));
        } else if let Some(not) = run.not_run.iter().rev().find(|n| n.node == name) {
            let line = format!(
                "{} {name}  {}",
                glyph(Status::Skipped, view),
                dim(&reasons("not run", &not.why), view)
            );
            roots.push(Branch { line, below: Vec::new() });
        } else if !run.brief.status.is_final() {
            let line = format!("{} {}", glyph(Status::NotReached, view), dim(name, view));
            roots.push(Branch { line, below: Vec::new() });
        }
    }
    // A node that has left the graph since.
    for node in &executed {
        if !run.nodes.iter().any(|n| n.name == node.node) {
            roots.push(node_branch(node, view));
        }
    }
    draw(&mut text, "", &roots);
    let last_sub = run.brief.sub_number;
    for info in run.infos.iter().filter(|i| i.sub_number == last_sub && i.level != "Info") {
        text.push_str(&format!("{}: {}\n", info.level.to_lowercase(), info.text));
    }
    text
}

struct Branch {
    line: String,
    below: Vec<Branch>,
}

fn draw(text: &mut String, margin: &str, branches: &[Branch]) {
    for (i, branch) in branches.iter().enumerate() {
        let last = i + 1 == branches.len();
        text.push_str(&format!("{margin}{} {}\n", if last { "└─" } else { "├─" }, branch.line));
        let deeper = format!("{margin}{}", if last { "   " } else { "│  " });
        draw(text, &deeper, &branch.below);
    }
}

fn header(run: &Run, view: View) -> String {
    let b = &run.brief;
    let sub = if b.sub_number > 0 { format!(".{}", b.sub_number) } else { String::new() };
    let took = match b.duration_ms {
        Some(ms) => duration(ms),
        None => lasted(Some(&b.start), None, view.now_ms),
    };
    let mut parts = vec![format!("{} #{}{sub}", b.workflow_name, b.number), status(b.status, view), took];
    if !b.triggered_by.is_empty() {
        parts.push(dim(&format!("by {}", b.triggered_by), view));
    }
    if let Some(branch) = b.tags.iter().find(|t| t.tag == "git.branch") {
        parts.push(dim(&branch.value, view));
    }
    join(parts) + "\n"
}

fn node_branch(node: &NodeRun, view: View) -> Branch {
    let took = if node.status == Status::NotReached || node.stages.is_empty() {
        String::new()
    } else {
        lasted(Some(&node.start), node.done.as_deref(), view.now_ms)
    };
    let sub = if node.sub_number > 0 { format!(" .{}", node.sub_number) } else { String::new() };
    let waits = node.waits.as_ref().map(|w| dim(&format!("waits: {}", w.text), view)).unwrap_or_default();
    let line = join(vec![
        format!("{} {}{}", glyph(node.status, view), node.node, dim(&sub, view)),
        said(node.status, view),
        took,
        waits,
    ]);
    let below = match node.stages.as_slice() {
        // One stage says nothing that its node does not say.
        [only] => job_branches(only, view),
        stages => stages.iter().enumerate().map(|(i, stage)| stage_branch(i, stage, view)).collect(),
    };
    Branch { line, below }
}

fn stage_branch(i: usize, stage: &StageRun, view: View) -> Branch {
    let name = if stage.name.is_empty() { format!("stage {}", i + 1) } else { stage.name.clone() };
    let why = if stage.why.is_empty() { String::new() } else { dim(&reasons("", &stage.why), view) };
    let line = join(vec![format!("{} {name}", glyph(stage.status, view)), said(stage.status, view), why]);
    let below = if stage.status == Status::NotReached { Vec::new() } else { job_branches(stage, view) };
    Branch { line, below }
}

fn job_branches(stage: &StageRun, view: View) -> Vec<Branch> {
    stage.jobs.iter().map(|job| Branch { line: job_line(job, view), below: Vec::new() }).collect()
}

fn job_line(job: &JobRun, view: View) -> String {
    let more = match job.status {
        Status::Waiting | Status::Pending => {
            job.waits.as_ref().map(|w| dim(&format!("waits: {}", w.text), view)).unwrap_or_default()
        }
        Status::Building => telling_step(job)
            .map(|(_, step)| {
                let total = job.attempts.last().map_or(0, |a| a.steps.len());
                dim(format!("step {}/{total} {}", step.step + 1, step.name).trim_end(), view)
            })
            .unwrap_or_default(),
        Status::Fail => failure(job),
        _ => String::new(),
    };
    let attempts =
        if job.attempts.len() > 1 { format!("attempt {}", job.attempts.len()) } else { String::new() };
    join(vec![
        format!("{} {}", glyph(job.status, view), job.name),
        said(job.status, view),
        lasted(job.start.as_deref(), job.done.as_deref(), view.now_ms),
        dim(&attempts, view),
        more,
    ])
}

fn join(parts: Vec<String>) -> String {
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join("  ")
}

fn reasons(what: &str, why: &[String]) -> String {
    match (what, why.is_empty()) {
        (_, true) => what.to_string(),
        ("", false) => why.join("; "),
        (_, false) => format!("{what}: {}", why.join("; ")),
    }
}

fn dim(text: &str, view: View) -> String {
    if view.colour && !text.is_empty() { format!("\x1b[2m{text}\x1b[0m") } else { text.to_string() }
}

fn status(status: Status, view: View) -> String {
    match crate::output::status_colour(status.as_str()).filter(|_| view.colour) {
        Some(on) => format!("{on}{status}\x1b[0m"),
        None => status.to_string(),
    }
}

/// The status in words, where its sign alone would not be clear.
fn said(s: Status, view: View) -> String {
    match s {
        Status::Success | Status::NotReached => String::new(),
        other => status(other, view),
    }
}

fn glyph(s: Status, view: View) -> String {
    let sign = match s {
        Status::Success => "✔",
        Status::Fail => "✘",
        Status::Building => "●",
        Status::Waiting | Status::Pending => "◌",
        Status::Stopped => "■",
        Status::Skipped | Status::Disabled | Status::NeverBuilt => "⊘",
        Status::NotReached => "·",
    };
    match crate::output::status_colour(s.as_str()).filter(|_| view.colour) {
        Some(on) => format!("{on}{sign}\x1b[0m"),
        None => sign.to_string(),
    }
}
