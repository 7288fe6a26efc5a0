//! Files in, definitions out, files again: the rules of the v1 formats, one module per kind.
#![allow(missing_docs)]

mod action;
mod application;
mod export;
mod graph;
mod hostile;
mod lint;
mod pipeline;
mod roundtrip;
mod step;
mod support;
mod validate;
mod workflow;
