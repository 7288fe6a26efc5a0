//! One suite for two databases: [`suite!`] makes of each function a test on SQLite and a test on PostgreSQL.

mod commits;
mod concurrency;
mod crash;
mod nouns;
mod runs;
mod support;
mod tls;
mod transactions;
