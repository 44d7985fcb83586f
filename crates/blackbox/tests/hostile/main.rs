//! What a hostile or careless world does: requests that nobody should send, and peers that do not answer as they should.

mod peers;
mod requests;
mod starts;
