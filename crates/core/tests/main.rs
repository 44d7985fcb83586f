//! Documents, expressions and executions, as users of the crate see them. One binary, so that it is linked once.

mod agents;
mod bounds;
mod delays;
mod documents;
mod exact;
mod expressions;
mod floods;
mod journal;
mod laws;
mod limits;
mod moments;
mod names;
mod node_types;
mod nodes;
mod parts;
mod pausing;
mod records;
mod retries;
mod saving;
mod schemas;
mod stories;
mod support;
mod switch;
mod totals;
mod turns;
