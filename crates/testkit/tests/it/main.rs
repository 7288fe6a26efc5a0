//! CDS from end to end: real server, real workers, real client.

mod away;
mod chaos;
mod disk;
mod fence;
mod follow;
mod full_database;
mod hooks;
mod limits;
mod local;
mod loss;
mod news;
mod people;
mod program;
mod release;
mod restart;
mod servers;
mod stop;
mod waits;
