//! The simulator at work: no seed breaks an invariant, and every mutation is caught.

mod mutations;
mod seeds;
