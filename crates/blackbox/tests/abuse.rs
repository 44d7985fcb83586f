//! Attacks on a server with 4 GiB of address space: documents, peers, readers and clients that ask for more than there is.
//! Meanwhile somebody else's flow runs, and `/healthz` is asked; both must stay quick.
//!
//! Each attack is made in a short form with the other tests, and in a long one, with the release build, by `make abuse`.

mod calls;
mod canaries;
mod connections;
mod documents;
mod doors;
mod executions;
mod keys;
mod load;
mod mirror;
mod overshoot;
mod providers;
mod readers;
