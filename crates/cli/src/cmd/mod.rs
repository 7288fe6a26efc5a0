//! The commands, one file for each noun.

mod access;
mod admin;
mod application;
mod completion;
mod consumer;
mod context;
mod encrypt;
mod entity;
mod environment;
mod events;
mod files;
mod group;
mod health;
mod login;
mod pipeline;
mod project;
mod queue;
mod signup;
mod user;
mod version;
mod worker;
mod workflow;
mod workflow_files;
mod workflow_logs;
mod workflow_results;
mod workflow_run;

use crate::registry::Node;

/// Every command, in the order of the help.
pub(crate) fn tree() -> Vec<Node> {
    vec![
        signup::node(),
        login::node(),
        login::logout(),
        signup::reset_password(),
        user::node(),
        consumer::node(),
        consumer::session(),
        context::node(),
        group::node(),
        project::node(),
        application::node(),
        environment::node(),
        pipeline::node(),
        workflow::node(),
        encrypt::node(),
        queue::node(),
        worker::node(),
        worker::hatchery(),
        health::node(),
        events::node(),
        version::node(),
        admin::node(),
        completion::node(),
    ]
}
