//! The command line: arguments, settings, and the wiring of the engine, the store, the nodes and the API in one process.
//!
//! Only this crate reads arguments, the environment and settings files, and only it and tests name a concrete store.
//! Results go to standard output; messages go to standard error.

mod agents;
mod approvals;
mod args;
mod backup;
mod bench;
mod blobs;
mod ciphers;
mod client;
mod compact;
mod completions;
mod condition;
mod connections;
mod demo;
mod dev;
mod doctor;
mod document;
mod executions;
mod files;
mod flows;
mod given;
mod health;
mod import;
mod invite;
mod keys;
mod local_audit;
mod memory;
mod moving;
mod named;
mod open_files;
mod openapi;
mod output;
mod pause;
mod providers;
mod revoke_links;
mod run;
mod secrets;
mod serve;
mod settings;
mod shown;
mod source;
mod stored_secrets;
#[cfg(target_os = "linux")]
mod supervisor;
mod tenants;
mod traces;
mod validate;
mod value_address;
mod verify;
mod webhooks;
mod wiring;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use steadflow_runtime::Offload;

use args::{Args, Command, OnDatabase, OnServer};
use client::Server;
use files::Kinds;
use secrets::KnownSecrets;
use settings::{Access, BlobSettings, ServerAddress, SettingsFile};

/// Runs the program with the arguments of the process and returns the exit status: 0 success, 1 failure, 2 invalid
/// arguments or documents, 130 interrupted.
pub fn main() -> ExitCode {
    if let Some(code) = steadflow_sandbox::run_if_asked(std::env::args_os().skip(1)) {
        return code;
    }
    #[cfg(target_os = "linux")]
    if let Some(code) = supervisor::run_if_asked(std::env::args_os().skip(1)) {
        return code;
    }
    let args = Args::parse();
    match dispatch(args) {
        Ok(code) => code,
        Err(error) => {
            output::notes(format_args!("steadflow: {}", described(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Joins the messages of an error and its causes, without causes that a message already contains.
fn described(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn dispatch(args: Args) -> anyhow::Result<ExitCode> {
    let file = SettingsFile::read(args.config.as_deref())?;
    if let Some(path) = file.found() {
        output::note(format_args!("settings  {}", path.display()));
    }
    let log = settings::Log::new(args.log, args.log_format, &file);
    match args.command {
        Command::Serve(serve) => served(*serve, &file, log),
        Command::Dev(dev) => {
            log.start("warn")?;
            memory::protect()?;
            block_on(dev::dev(dev, file))
        }
        Command::Run(mut run) => {
            log.start("error")?;
            memory::protect()?;
            let access = access_of(&mut run, &file)?;
            block_on(run::run(run, access))
        }
        Command::Import(import) => block_on(import::import(import)),
        Command::Validate(validate) => {
            block_on(async { Ok(validate::validate(&validate.files, validate.json).await) })
        }
        Command::OnServer(command) => on_server(command, &file),
        Command::Keys(keys) => {
            log.start("warn")?;
            let database = settings::database(keys.database, &file)?;
            block_on(keys::keys(database, &keys.tenant, keys.command))
        }
        Command::Invite(invite) => {
            log.start("warn")?;
            invited(invite, &file)
        }
        Command::Tenants(tenants) => {
            log.start("warn")?;
            tenants_of(tenants, &file)
        }
        Command::Secrets(secrets) => {
            let server = ServerAddress::new(&secrets.asked, &file)?;
            block_on(stored_secrets::secrets(server, secrets.asked.json, secrets.command))
        }
        Command::Health(health) => {
            let server = ServerAddress::open(health.server, &file);
            block_on(health::health(server, health.timeout))
        }
        Command::OnDatabase(command) => {
            log.start("warn")?;
            on_database(command, &file)
        }
        Command::Openapi => openapi::openapi(),
        Command::Completions(completions) => Ok(completions::completions(completions.shell)),
        Command::Bench(bench) => bench::bench(bench),
    }
}

fn on_server(command: OnServer, file: &SettingsFile) -> anyhow::Result<ExitCode> {
    match command {
        OnServer::Apply(args::ApplyAll { apply, asked }) => {
            let server = Server::new(&ServerAddress::new(&asked, file)?)?;
            block_on(async move { flows::applied(&server, asked.json, Kinds::ALL, apply).await })
        }
        OnServer::Export(args::ExportAll { export, asked }) => {
            let server = Server::new(&ServerAddress::new(&asked, file)?)?;
            block_on(async move { flows::exported(&server, asked.json, Kinds::ALL, export).await })
        }
        OnServer::Diff(args::DiffAll { diff, asked }) => {
            let server = Server::new(&ServerAddress::new(&asked, file)?)?;
            block_on(async move { flows::compared(&server, asked.json, Kinds::ALL, diff).await })
        }
        OnServer::Flows(flows) => {
            let server = ServerAddress::new(&flows.asked, file)?;
            block_on(flows::flows(server, flows.asked.json, flows.command))
        }
        OnServer::Agents(agents) => {
            let server = ServerAddress::new(&agents.asked, file)?;
            block_on(agents::agents(server, agents.asked.json, agents.command))
        }
        OnServer::Executions(executions) => {
            let server = ServerAddress::new(&executions.asked, file)?;
            block_on(executions::executions(server, executions.asked.json, executions.command))
        }
        OnServer::Pause(pause) => {
            let server = ServerAddress::new(&pause.asked, file)?;
            block_on(pause::pause(server, pause))
        }
        OnServer::Resume(resume) => {
            let server = ServerAddress::new(&resume.asked, file)?;
            block_on(pause::resume(server, resume))
        }
        OnServer::Approvals(approvals) => {
            let server = ServerAddress::new(&approvals.asked, file)?;
            block_on(approvals::approvals(server, approvals.asked.json, approvals.command))
        }
        OnServer::Webhooks(webhooks) => {
            let server = ServerAddress::new(&webhooks.asked, file)?;
            block_on(webhooks::webhooks(server, webhooks.asked.json, webhooks.command))
        }
    }
}

fn served(serve: args::Serve, file: &SettingsFile, log: settings::Log) -> anyhow::Result<ExitCode> {
    let settings = settings::ServeSettings::new(serve, file)?;
    log.start("info")?;
    memory::protect()?;
    block_on(serve::serve(settings))
}

fn invited(mut invite: args::Invite, file: &SettingsFile) -> anyhow::Result<ExitCode> {
    let database = settings::database(invite.database.take(), file)?;
    let url = settings::public_url(invite.public_url.take(), file)?;
    let url = url.unwrap_or_else(|| format!("http://{}", settings::LISTEN));
    block_on(invite::invite(database, &url, invite))
}

fn tenants_of(mut tenants: args::Tenants, file: &SettingsFile) -> anyhow::Result<ExitCode> {
    let database = settings::database(tenants.database.take(), file)?;
    if let args::TenantsCommand::Create(new) = &mut tenants.command {
        let url = settings::public_url(new.public_url.take(), file)?;
        new.public_url = Some(url.unwrap_or_else(|| format!("http://{}", settings::LISTEN)));
    }
    let mut blobs = None;
    if let args::TenantsCommand::Export { blobs: flags, .. } = &mut tenants.command {
        blobs = BlobSettings::new(std::mem::take(flags), file)?;
    }
    block_on(tenants::tenants(database, tenants.command, blobs))
}

fn on_database(command: OnDatabase, file: &SettingsFile) -> anyhow::Result<ExitCode> {
    match command {
        OnDatabase::Doctor(args::Doctor { server: server @ Some(_), key_file, json, .. }) => {
            let server = ServerAddress::new(&args::Asked { server, key_file, json }, file)?;
            block_on(doctor::examine(server, json))
        }
        OnDatabase::Doctor(doctor) => {
            let database = settings::database(doctor.database, file)?;
            let blobs = BlobSettings::new(doctor.blobs, file)?;
            block_on(doctor::doctor(database, blobs, doctor.deep, doctor.json))
        }
        OnDatabase::Compact(compact) => {
            compact::compact(&settings::database(compact.database, file)?, compact.json)
        }
        OnDatabase::Backup(args) => {
            let (database, blobs) =
                (settings::database(args.database, file)?, BlobSettings::new(args.blobs, file)?);
            block_on(async move { backup::back_up(&database, blobs, &args.file, args.json).await })
        }
        OnDatabase::Restore(args) => {
            let (database, blobs) =
                (settings::database(args.database, file)?, BlobSettings::new(args.blobs, file)?);
            block_on(async move { backup::restore(&database, blobs, &args.file, args.json).await })
        }
        OnDatabase::Move(args) => block_on(moving::moved(args)),
        OnDatabase::RevokeLinks(revoke) => {
            let database = settings::database(revoke.database, file)?;
            block_on(revoke_links::revoke_links(database))
        }
        OnDatabase::Verify(mut verify) => {
            let database = verify.database.take();
            block_on(verify::verify(verify, || settings::database(database, file)))
        }
    }
}

/// Returns what a flow reaches that `run` runs.
fn access_of(run: &mut args::Run, file: &SettingsFile) -> anyhow::Result<Access> {
    let egress = settings::EgressSettings::new(std::mem::take(&mut run.egress), file)?;
    let secrets = KnownSecrets::named(&run.secret, file.secret_hosts())?;
    // A file that only happens to be in this directory must neither start programs, nor send mail, nor store anything.
    if file.found().is_some() {
        return Ok(Access { egress, secrets, ..Access::default() });
    }
    let (commands, mail) = (file.commands()?, settings::mail_server(args::Mail::default(), file)?);
    let blobs = BlobSettings::new(args::Blobs::default(), file)?;
    let blobs = blobs.map(|blobs| Offload::to(blobs.storage())).unwrap_or_default();
    Ok(Access { egress, secrets, commands, mail, blobs, ..Access::default() })
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("steadflow")
        .build()
        .context("Could not start the worker threads")?;
    let code = runtime.block_on(work);
    // Open connections and calls are dropped; everything they depend on is in the database.
    runtime.shutdown_background();
    code
}
