//! What flows can reach in a network that has everything they must not: private addresses, the metadata service of a cloud,
//! this server, and a name server that lies. Each address says who called it.

mod names;
mod network;
mod redirects;
mod targets;
mod witness;
