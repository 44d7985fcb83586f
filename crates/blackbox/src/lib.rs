//! The binary as a stranger meets it: started, asked over HTTP, killed, and judged by what others saw of it.
//!
//! [`Server`] is the process, [`Api`] a client of it, [`Peer`] what its flows call. Nothing here links the engine: what
//! these tests know is what the documentation says. Every wait has a deadline and checks a condition.
//!
//! Everything in here is for tests, so what cannot be done panics with a sentence.

mod api;
mod binary;
mod cluster;
mod collector;
mod crowd;
mod document;
mod events;
mod link;
mod mail;
mod model;
mod node_server;
mod peer;
mod pooler;
mod postgres;
mod server;
mod under_way;
mod victim;
mod wait;
mod wire;

pub use api::{Answer, Api, node};
pub use binary::{Run, admin_key, run, steadflow};
pub use cluster::Cluster;
pub use collector::{Collector, Span};
pub use crowd::Crowd;
pub use document::{echo, flow, http, retries, with};
pub use events::{Event, Events};
pub use link::Link;
pub use mail::MailServer;
pub use model::{Hold, Model};
pub use node_server::NodeServer;
pub use peer::{Call, PNG, Peer};
pub use pooler::Pooler;
pub use postgres::{Postgres, TableLock};
pub use server::{Resources, Server, Setup, Workplace};
pub use under_way::UnderWay;
pub use victim::{Victim, scaled};
pub use wait::{Deadline, alone, eventually, millis_between, moment};
pub use wire::{RawAnswer, raw};
