//! The store on real database files. One binary, so that it is linked once.

mod common;
mod conformance;
mod damage;
mod delete_flow;
mod lists;
mod long_records;
mod space;
mod upgrade;
mod upgrade_long_records;
