//! The store on a real PostgreSQL. One binary, so that it is linked once.

mod common;
mod conformance;
mod damage;
mod group;
mod moving;
mod permits;
mod processes;
mod slots;
mod statements;
mod texts;
