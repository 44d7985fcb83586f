//! Hostile and careless peers: requests that should not be sent, and services that do not respond as they should.

mod peers;
mod requests;
mod starts;
