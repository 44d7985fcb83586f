//! The behaviour of the binary: its output and its exit status.

mod apply;
#[cfg(target_os = "linux")]
mod backup;
mod code;
mod commands;
mod completions;
mod deploy;
mod dev;
mod doctor;
mod exact;
mod examples;
mod executions;
mod files;
mod flows;
mod health;
mod help;
mod import;
mod keys;
mod log;
mod moving;
mod network;
mod openapi;
mod proxy;
mod run;
mod serve;
mod support;
mod tenants;
mod terminal;
mod validate;
mod verify;
