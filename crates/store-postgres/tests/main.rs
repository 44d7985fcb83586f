//! The store on a real PostgreSQL. One binary, so that it is linked once.

#![expect(clippy::duplicate_mod, reason = "what is true without a pooler is true with one")]

mod common;
mod damage;
mod days;
mod direct;
mod moving;
mod pooled;
mod statements;
mod texts;
mod versions;
