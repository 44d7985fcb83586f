//! What `--help` says. It is often all that somebody reads.

use crate::support::Folder;

/// All commands that have a help of their own, as arguments.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        let help = help(&command.iter().map(String::as_str).collect::<Vec<_>>());
        let list = help.split_once("\nCommands:\n").and_then(|(_, rest)| rest.split("\n\n").next());
        let names = list.unwrap_or_default().lines().filter_map(|line| line.split_whitespace().next());
        for name in names.filter(|name| *name != "help") {
            found.push([&command[..], &[name.to_owned()]].concat());
        }
        next += 1;
    }
    found
}

fn help(command: &[&str]) -> String {
    Folder::new().run(&[command, &["--help"]].concat()).expect(0).stdout
}

/// The help without the options that all commands share.
fn own_help(command: &[&str]) -> String {
    let help = help(command);
    let (before, rest) = help.split_once("      --config <FILE>").expect("every command takes settings");
    let (_, after) = rest.split_once("Print help (see a summary with '-h')\n").expect("--help comes last");
    let lines = before.lines().chain(["      …"]).chain(after.lines()).map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_command_option_and_argument_is_explained() {
    for command in commands() {
        let help = help(&command.iter().map(String::as_str).collect::<Vec<_>>());
        let mut lines = help.lines().peekable();
        assert!(!lines.peek().unwrap().is_empty(), "{command:?} says what it does");
        while let Some(line) = lines.next() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
            assert!(!line.contains("\\\""), "{command:?}: {line}");
            let entry = line.trim_start();
            let is_entry = line.starts_with("      -") || line.starts_with("  -") || line.starts_with("  <");
            let is_explained =
                entry.contains("  ") || lines.peek().is_some_and(|next| !next.trim().is_empty());
            assert!(!is_entry || is_explained, "{command:?}: {entry} is not explained");
        }
    }
}

#[test]
fn nothing_to_do_shows_the_help() {
    let run = Folder::new().run(&[]).expect(2);

    assert!(run.stderr.contains("Usage: steadflow [OPTIONS] <COMMAND>"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn misspelt_commands_and_options_are_told_what_was_meant() {
    let folder = Folder::new();

    let command = folder.run(&["server"]).expect(2);
    let option = folder.run(&["serve", "--databse", "sqlite:x.db"]).expect(2);

    insta::assert_snapshot!(command.stderr, @r"
    error: unrecognized subcommand 'server'

      tip: a similar subcommand exists: 'serve'

    Usage: steadflow [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(option.stderr, @r"
    error: unexpected argument '--databse' found

      tip: a similar argument exists: '--database'

    Usage: steadflow serve --database <URL>

    For more information, try '--help'.
    ");
}

#[test]
fn version_is_told() {
    let run = Folder::new().run(&["--version"]).expect(0);

    assert_eq!(run.stdout, format!("steadflow {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(own_help(&[]), @r"
    Runs agentic flows so that they finish, or say exactly why not.

    Settings are taken from flags, then from STEADFLOW_* variables, then from `steadflow.toml` in the
    working directory. Secrets of flows are read from `STEADFLOW_SECRET_<NAME>`.

    Usage: steadflow [OPTIONS] <COMMAND>

    Commands:
      serve       Start the server: REST API, studio and engine in one process
      run         Run a flow here, without a server, and print its result
      validate    Check flow documents
      executions  List, show, retry, cancel and watch executions of a running server
      health      Ask a running server whether it takes new work
      doctor      Check a database against the rules that hold in every state
      openapi     Print the description of the REST API (OpenAPI 3.1, JSON)
      bench       Measure speed on this machine
      help        Print this message or the help of the given subcommand(s)

    Options:
          …

      -V, --version
              Print version

    Examples:
      steadflow serve --demo                    a server with flows to look at
      steadflow run examples/parallel.json      run a flow here and print its result
      steadflow validate flows/*.json           check flows before they are used
      steadflow executions list --status failed what failed on the server
      steadflow executions retry <ID>           run it again
    ");
}

#[test]
fn help_of_serve() {
    insta::assert_snapshot!(own_help(&["serve"]), @r#"
    Start the server: REST API, studio and engine in one process

    Stops in order on SIGTERM or Ctrl-C: takes no new work, gives what is under way `--grace-seconds` to
    end, hands the rest to the next start without counting it as a failed attempt. A second signal quits
    at once, which is safe too.

    Usage: steadflow serve [OPTIONS]

    Options:
          --listen <ADDRESS>
              Where to listen. Only loopback addresses: this version has no authentication [default:
              127.0.0.1:8080]

              [env: STEADFLOW_LISTEN=]

          --database <URL>
              Where everything is stored: `sqlite:PATH` [default: sqlite:steadflow.db]

              [env: STEADFLOW_DATABASE=]

          --egress-allow <LIST>
              Addresses, networks and host names that flows may call although they are not public,
              separated by commas

              [env: STEADFLOW_EGRESS_ALLOW=]

          --allowed-host <HOST>
              A further name under which browsers and clients reach this server, such as a proxy's; may
              be repeated

              [env: STEADFLOW_ALLOWED_HOSTS=]

          --demo
              Add flows to look at, and a peer that fails on purpose for them to call

          --grace-seconds <SECONDS>
              How long what is under way may go on after a signal to stop [default: 10]

              [env: STEADFLOW_GRACE_SECONDS=]

          …

    Examples:
      steadflow serve
      steadflow serve --demo
      steadflow serve --listen 127.0.0.1:9000 --database sqlite:/var/lib/steadflow/flows.db
      steadflow serve --egress-allow 127.0.0.1,10.1.0.0/16,models.internal

    steadflow.toml, every key optional:
      listen = "127.0.0.1:8080"
      database = "sqlite:steadflow.db"
      egress_allow = ["10.1.0.0/16", "models.internal"]
      allowed_hosts = ["flows.example.org"]
      grace_seconds = 10
      log = "info"
      log_format = "text"
      server = "http://127.0.0.1:8080"
    "#);
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(own_help(&["run"]), @r#"
    Run a flow here, without a server, and print its result

    Shows each attempt as it goes on standard error, and the result as JSON on standard output.
    FLOW.json is a flow document, or `{"flow": {…}, "agents": [{"id": "…", …}]}` with the agents that it
    needs.

    Exit status: 0 completed, 1 failed, 2 the document is not valid, 130 cancelled by Ctrl-C.

    Usage: steadflow run [OPTIONS] <FLOW.json>

    Arguments:
      <FLOW.json>
              The flow; `-` reads standard input

    Options:
          --trigger <JSON>
              What the flow is started with: JSON, or @FILE

              [default: {}]

          --database <URL>
              Keep the execution in this database [default: in memory, gone afterwards]

          --egress-allow <LIST>
              As in `serve`

              [env: STEADFLOW_EGRESS_ALLOW=]

          --timeout <SECONDS>
              Limit of the whole execution; replaces the flow's `timeout_seconds`

          --demo-peer
              Start the peer that the examples call, which fails on purpose, and point the flow to it

          …

    Examples:
      steadflow run examples/parallel.json --trigger '{"vendor": "ACME", "risk": 82}'
      steadflow run examples/retry-recovers.json --demo-peer
      steadflow run flow.json --trigger @order.json --timeout 60 | jq .total
    "#);
}

#[test]
fn help_of_validate() {
    insta::assert_snapshot!(own_help(&["validate"]), @r"
    Check flow documents

    Prints every fault as `file:pointer: message`, the pointer being a JSON pointer into the document.
    Exit status: 0 all are valid, 2 some are not.

    Usage: steadflow validate [OPTIONS] <FILE>...

    Arguments:
      <FILE>...
              Flow documents, as `run` takes them; `-` reads standard input

    Options:
          …
    ");
}

#[test]
fn help_of_executions() {
    insta::assert_snapshot!(own_help(&["executions"]), @r"
    List, show, retry, cancel and watch executions of a running server

    Usage: steadflow executions [OPTIONS] <COMMAND>

    Commands:
      list    List executions, newest first
      show    Show one execution with its nodes and attempts
      retry   Retry a failed or cancelled execution: a new one with the same trigger data
      cancel  Cancel an unfinished execution
      watch   Follow an execution until it has ended. Exit status 0 only if it completed
      help    Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              The server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --json
              Print the server's JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["executions", "list"]), @r"
    List executions, newest first

    Usage: steadflow executions list [OPTIONS]

    Options:
          --flow <ID>
              Of this flow

          --status <STATUS>
              In this status: pending, running, paused, completed, failed or cancelled

          --search <TEXT>
              With this text in id, context id or error message

          --limit <N>
              At most so many, 1-100

              [default: 20]

          --server <URL>
              The server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --json
              Print the server's JSON instead of tables

          …
    ");
}

#[test]
fn help_of_what_can_be_done_to_an_execution() {
    insta::assert_snapshot!(own_help(&["executions", "show"]), @r"
    Show one execution with its nodes and attempts

    Usage: steadflow executions show [OPTIONS] <ID>

    Arguments:
      <ID>
              The execution

    Options:
          --server <URL>
              The server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --json
              Print the server's JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["executions", "retry"]), @r"
    Retry a failed or cancelled execution: a new one with the same trigger data

    Usage: steadflow executions retry [OPTIONS] <ID>

    Arguments:
      <ID>
              The failed or cancelled execution

    Options:
          --from <FROM>
              Run everything again, or only what has not completed

              Possible values:
              - start:  Everything runs again
              - failed: Outputs of completed nodes are taken over

              [default: start]

          --idempotency-key <KEY>
              Repeat the command with the same key to be sure that it happens once [default: a new one]

          --server <URL>
              The server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --json
              Print the server's JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["executions", "cancel"]), @r"
    Cancel an unfinished execution

    Usage: steadflow executions cancel [OPTIONS] <ID>

    Arguments:
      <ID>
              The execution

    Options:
          --server <URL>
              The server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --json
              Print the server's JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["executions", "watch"]), @r"
    Follow an execution until it has ended. Exit status 0 only if it completed

    Usage: steadflow executions watch [OPTIONS] <ID>

    Arguments:
      <ID>
              The execution

    Options:
          --server <URL>
              The server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --json
              Print the server's JSON instead of tables

          …
    ");
}

#[test]
fn help_of_doctor_and_openapi() {
    insta::assert_snapshot!(own_help(&["doctor"]), @r"
    Check a database against the rules that hold in every state

    Needs the database for itself: stop the server first. Changes nothing but what opening always does
    (migrations, and what a crash has left in the write-ahead log). Exit status: 0 nothing found, 1
    findings, or it cannot be opened.

    Usage: steadflow doctor [OPTIONS]

    Options:
          --database <URL>
              The database [default: sqlite:steadflow.db]

              [env: STEADFLOW_DATABASE=]

          …
    ");
    insta::assert_snapshot!(own_help(&["openapi"]), @r"
    Print the description of the REST API (OpenAPI 3.1, JSON)

    Usage: steadflow openapi [OPTIONS]

    Options:
          …
    ");
}
