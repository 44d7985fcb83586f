//! The `--help` texts.

use crate::support::Folder;

/// Returns all commands with their own help, as arguments.
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
fn no_command_shows_the_help() {
    let run = Folder::new().run(&[]).expect(2);

    assert!(run.stderr.contains("Usage: steadflow [OPTIONS] <COMMAND>"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn similar_commands_and_options_are_suggested() {
    let folder = Folder::new();

    let command = folder.run(&["server"]).expect(2);
    let option = folder.run(&["serve", "--databse", "sqlite:x.db"]).expect(2);

    insta::assert_snapshot!(command.stderr, @r"
    error: unrecognized subcommand 'server'

      tip: some similar subcommands exist: 'restore', 'secrets', 'serve'

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
fn version_is_printed() {
    let run = Folder::new().run(&["--version"]).expect(0);

    assert_eq!(run.stdout, format!("steadflow {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(own_help(&[]), @r#"
    A durable execution engine for agentic flows.

    Settings come from options, then from STEADFLOW_* variables, then from `steadflow.toml` in the
    working directory. Secrets of flows come from STEADFLOW_SECRET_* variables; `run` uses only those
    that are named with `--secret`.

    Usage: steadflow [OPTIONS] <COMMAND>

    Commands:
      serve         Start the server: REST API, studio and engine in one process
      dev           Write flows in files, with a server that follows them
      run           Run a flow without a server and print its result
      validate      Check files with flows and agents
      import        Make flow documents of flow files of n8n, Dify and AWS Step Functions
      apply         Make a running server have the flows and agents that files say
      export        Write the flows and agents of a running server to files, one for each
      diff          Show what differs between files and a running server
      flows         List, show, run, pause and resume flows of a running server, and keep them as files
      agents        List, show and test agents of a running server, and keep them as files
      executions    List, show, retry, fork, cancel and watch executions of a running server
      pause         Pause everything on a running server: nothing new starts until `resume`
      resume        Resume everything that `steadflow pause` has paused
      approvals     List, show, approve and reject what waits for a person
      webhooks      List and show the webhooks of a running server, and call them
      keys          Make, list and delete API keys
      invite        Make a link with which somebody becomes a member
      tenants       Make, limit, disable, export and delete tenants
      secrets       List, set and delete the stored secrets of a running server
      health        Check whether a server accepts new work
      doctor        Check a database or, with --server, a running server
      compact       Write a database again, without the room that is free in it
      backup        Make a backup of a database, also while a server uses it
      restore       Make a database of a backup
      move          Move a database to another one, such as from SQLite to PostgreSQL
      revoke-links  End all links to decide with that were made before
      verify        Check that nobody has changed the audit log
      openapi       Print the OpenAPI 3.1 document of the REST API
      completions   Print completions of commands and options for a shell
      bench         Measure the speed of this machine
      help          Print this message or the help of the given subcommand(s)

    Options:
          …

      -V, --version
              Print version

    Examples:
      steadflow serve --demo                      start a server with example flows
      steadflow dev flows                         write flows in files, with a server that follows them
      steadflow run examples/parallel.json        run a flow without a server
      steadflow validate flows/*.json             check flow documents
      steadflow apply flows --dry-run             see what these files would change on the server
      steadflow flows run "Refund review"         run a flow on the server, and follow it
      steadflow executions list --status failed   list failed executions of the server
      steadflow executions retry <ID>             retry one of them
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is one text")]
fn help_of_serve() {
    let help = own_help(&["serve"]);
    let (options, _) = help.split_once("      --lease-").expect("this comes after these");
    insta::assert_snapshot!(options, @"
    Start the server: REST API, studio and engine in one process

    On SIGTERM or Ctrl-C, the server accepts no new work, gives running attempts `--grace-seconds` to
    finish, and releases the others to the next start without counting them as failed. A second signal
    stops it immediately, without data loss.

    Usage: steadflow serve [OPTIONS]

    Options:
          --listen <ADDRESS>
              Address to listen on. Others than loopback addresses need TLS or a proxy, and a public URL
              [default: 127.0.0.1:8080]

              [env: STEADFLOW_LISTEN=]

          --tls-cert <FILE>
              Certificate of the server, with those that lead to its root, as PEM: the server then
              speaks TLS [default: none]

              [env: STEADFLOW_TLS_CERT=]

          --tls-key <FILE>
              Private key of the certificate, as PEM

              [env: STEADFLOW_TLS_KEY=]

          --behind-proxy <ADDRESS>
              Address or network of a proxy that clients come through, and from which alone connections
              are then accepted. May be repeated

              [env: STEADFLOW_BEHIND_PROXY=]

          --database <URL>
              Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default:
              sqlite:steadflow.db]

              [env: STEADFLOW_DATABASE=]

          --auth <WHETHER>
              Whether requests must show an API key. `off` is for loopback addresses only [default: off
              there, else on]

              [env: STEADFLOW_AUTH=]
              [possible values: on, off]

          --blobs <URL>
              Storage for records of 64 KiB or more, as `file:PATH` or `s3://BUCKET/PREFIX` [default:
              they are in the database]

              [env: STEADFLOW_BLOBS=]

          --blobs-endpoint <URL>
              Endpoint of `s3://`, such as `https://s3.example.org` [default: that of AWS for the
              region]

              [env: STEADFLOW_BLOBS_ENDPOINT=]

          --blobs-region <REGION>
              Region of `s3://` [default: us-east-1]

              [env: STEADFLOW_BLOBS_REGION=]

          --requests-per-key <COUNT>
              Requests a second that one API key or sign-in may make, and ten times as many at once; 0
              for no limit [default: 1000]

              [env: STEADFLOW_REQUESTS_PER_KEY=]

          --requests-per-address <COUNT>
              Requests a second that clients of one address may make, other than those of this machine;
              0 for no limit [default: 1000]

              [env: STEADFLOW_REQUESTS_PER_ADDRESS=]

          --egress-allow <LIST>
              Non-public addresses, networks and host names that flows may call, separated by commas

              [env: STEADFLOW_EGRESS_ALLOW=]

          --egress-proxy <URL>
              Proxy for the calls of flows, such as `http://proxy.example:3128` [default: none]

              [env: STEADFLOW_EGRESS_PROXY]

          --egress-no-proxy <LIST>
              Hosts that are called without the proxy, separated by commas [default: the variable
              `NO_PROXY`]

              [env: STEADFLOW_EGRESS_NO_PROXY=]

          --smtp-url <URL>
              Mail server, such as `smtp://user:password@mail.example.com:587`, or `smtps://…` for TLS
              from the beginning [default: none]

              [env: STEADFLOW_SMTP_URL]

          --mail-from <ADDRESS>
              Sender of mails, such as `Flows <flows@example.com>`

              [env: STEADFLOW_MAIL_FROM=]

          --mail-from-allow <ADDRESS>
              Further sender that flows may name: an address, or a domain such as `@example.com`. May be
              repeated

              [env: STEADFLOW_MAIL_FROM_ALLOW=]

          --public-url <URL>
              Where people find the studio, for links in messages, such as `https://flows.example.org`
              [default: the address to listen on]

              [env: STEADFLOW_PUBLIC_URL=]

          --master-key-file <FILE>
              File with the master key, which encrypts stored secrets: 32 bytes in Base64, readable by
              its owner alone [default: DATABASE.master-key with SQLite, made with the first secret]

              [env: STEADFLOW_MASTER_KEY_FILE=]

          --next-master-key-file <FILE>
              File with the master key that takes over with `steadflow secrets rotate` [default: none]

              [env: STEADFLOW_NEXT_MASTER_KEY_FILE=]

          --allowed-host <HOST>
              Additional host name of this server, such as that of a proxy. May be repeated

              [env: STEADFLOW_ALLOWED_HOSTS=]

          --allowed-origin <ORIGIN>
              Origin whose pages may call this server, such as `https://app.example`. May be repeated

              [env: STEADFLOW_ALLOWED_ORIGINS=]

          --demo
              Add example flows, and a demo service for them that fails on purpose

          --grace-seconds <SECONDS>
              Time that running attempts get to finish when the server stops [default: 10]

              [env: STEADFLOW_GRACE_SECONDS=]
    ");
}

#[test]
fn help_of_serve_on_what_is_kept_and_traced() {
    let help = own_help(&["serve"]);
    let (_, options) = help.split_once("--allowed-origin").expect("these come before");
    let (options, _) = options.split_once("      …\n").expect("examples come after the options");
    let (_, options) = options.split_once("[env: STEADFLOW_GRACE_SECONDS=]\n").expect("this comes before");
    insta::assert_snapshot!(options, @r#"
          --lease-seconds <SECONDS>
              With PostgreSQL: how long the work of a process waits before another one takes it over,
              after the process has gone without a word; 3 to 120 [default: 15]

              [env: STEADFLOW_LEASE_SECONDS=]

          --keep-completed-days <DAYS>
              Days for which completed executions are kept; fractions are possible [default: for ever]

              [env: STEADFLOW_KEEP_COMPLETED_DAYS=]

          --keep-failed-days <DAYS>
              Days for which failed executions are kept [default: for ever]

              [env: STEADFLOW_KEEP_FAILED_DAYS=]

          --keep-cancelled-days <DAYS>
              Days for which cancelled executions are kept [default: for ever]

              [env: STEADFLOW_KEEP_CANCELLED_DAYS=]

          --database-max-mib <MIB>
              Largest size of the database in MiB [default: as much as the disk has]

              [env: STEADFLOW_DATABASE_MAX_MIB=]

          --reserve-mib <MIB>
              Room in MiB that is held back for executions that run: with less, new ones are refused
              [default: 64]

              [env: STEADFLOW_RESERVE_MIB=]

          --otlp-endpoint <URL>
              OpenTelemetry collector that traces of executions are sent to, such as
              `http://127.0.0.1:4318` [default: none]

              [env: STEADFLOW_OTLP_ENDPOINT=]

          --trace-ratio <RATIO>
              Share of executions that are traced, from 0 to 1 [default: 1]

              [env: STEADFLOW_TRACE_RATIO=]

          --trace-content
              Add what was asked and answered to traces, and the messages of errors

              [env: STEADFLOW_TRACE_CONTENT=]

    "#);
}

#[test]
fn examples_of_serve() {
    let help = own_help(&["serve"]);
    let (_, examples) = help.split_once("      …\n\n").expect("they come after the options");
    insta::assert_snapshot!(examples, @r#"
    Examples:
      steadflow serve
      steadflow serve --demo
      steadflow serve --listen 127.0.0.1:9000 --database sqlite:/var/lib/steadflow/flows.db
      steadflow serve --egress-allow 127.0.0.1,10.1.0.0/16,models.internal

    steadflow.toml (all keys are optional):
      listen = "127.0.0.1:8080"
      auth = "on"
      database = "sqlite:steadflow.db"
      egress_allow = ["10.1.0.0/16", "models.internal"]
      egress_proxy = "http://proxy.example:3128"
      egress_no_proxy = ["models.internal"]
      allowed_hosts = ["flows.example.org"]
      allowed_origins = ["https://app.example.org"]
      grace_seconds = 10
      log = "info"
      log_format = "text"
      server = "http://127.0.0.1:8080"
      database_max_mib = 10240
      reserve_mib = 64
      secret_hosts = { OPENAI_KEY = ["api.openai.com"] }

      [blobs]
      storage = "file:/var/lib/steadflow/blobs"

      [traces]
      otlp_endpoint = "http://127.0.0.1:4318"
      ratio = 0.1
      content = false

      [keep]
      completed_days = 30
      failed_days = 90
      [keep.flows.01900000-0000-7000-8000-000000000001]
      completed_days = 7

      [mcp.files]
      command = ["/usr/bin/node", "/srv/mcp/files/index.js"]
      env = { TOKEN = "${secrets.FILES_TOKEN}" }
      cwd = "/data"
    "#);
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(own_help(&["run"]), @r#"
    Run a flow without a server and print its result

    Shows the attempts on standard error, and prints the result as JSON to standard output. FLOW.json is
    a flow document, or `{"flow": {…}, "agents": [{"id": "…", …}]}` if the flow needs agents. If the
    flow calls `http://demo-peer`, as the examples do, a demo service that fails on purpose runs with
    it.

    Exit status: 0 completed, 1 failed, 2 invalid document, 130 cancelled with Ctrl-C.

    Usage: steadflow run [OPTIONS] <FLOW.json>

    Arguments:
      <FLOW.json>
              Flow document; `-` reads from standard input

    Options:
          --trigger <JSON>
              Trigger data, as JSON or @FILE [default: the `example` of the flow's trigger, or {}]

          --database <URL>
              Store the execution in this database [default: in memory only]

          --secret <NAME>
              Secret that the flow may use, from its STEADFLOW_SECRET_* variable, or from a file as
              NAME=@FILE. May be repeated [default: none]

          --egress-allow <LIST>
              Non-public addresses, networks and host names that flows may call, separated by commas

              [env: STEADFLOW_EGRESS_ALLOW=]

          --egress-proxy <URL>
              Proxy for the calls of flows, such as `http://proxy.example:3128` [default: none]

              [env: STEADFLOW_EGRESS_PROXY]

          --egress-no-proxy <LIST>
              Hosts that are called without the proxy, separated by commas [default: the variable
              `NO_PROXY`]

              [env: STEADFLOW_EGRESS_NO_PROXY=]

          --timeout <SECONDS>
              Timeout of the whole execution. Overrides the flow's `timeout_seconds`

          …

    Examples:
      steadflow run examples/parallel.json
      steadflow run examples/parallel.json --trigger '{"vendor": "ACME", "risk": 12}'
      steadflow run flow.json --trigger @order.json --timeout 60 | jq .total
      steadflow run flow.json --secret API_KEY --secret SIGNING_KEY=@key.txt
    "#);
}

#[test]
fn help_of_validate() {
    insta::assert_snapshot!(own_help(&["validate"]), @"
    Check files with flows and agents

    Prints each error as `file:line: pointer: message`, where `pointer` is a JSON pointer into the
    document.

    Exit status: 0 all documents are valid, 2 some are not.

    Usage: steadflow validate [OPTIONS] <FILE>...

    Arguments:
      <FILE>...
              Flow documents, in the same format as for `run`, and agent documents; `-` reads from
              standard input

    Options:
          --json
              Print JSON

          …
    ");
}

#[test]
fn help_of_executions() {
    insta::assert_snapshot!(own_help(&["executions"]), @r#"
    List, show, retry, fork, cancel and watch executions of a running server

    Usage: steadflow executions [OPTIONS] <COMMAND>

    Commands:
      list               List executions, newest first
      show               Show an execution with its nodes and attempts; long values are shown in part
      retry              Retry a failed or cancelled execution, or all that a filter fits
      fork               Start a new execution from a completed node of another one
      cancel             Cancel an unfinished execution, or all that a filter fits
      stop-compensation  End an execution that is undoing what it did, without the rest
      watch              Follow an execution until it ends
      help               Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    Examples:
      steadflow executions list --status failed --limit 50
      steadflow executions watch 0197a3c2-…
      steadflow executions retry 0197a3c2-… --from failed
      steadflow executions retry --filter error-class=timeout --filter since=2h --dry-run
      steadflow executions cancel --filter flow="Refund review" --filter status=running,paused

    --filter takes flow (ID or name), status, error-class, node, since and until (a moment, or how
    long ago: 30m, 2h, 7d), search (text in the ID, the context ID or the error message), fingerprint
    and context-id.
    "#);
    insta::assert_snapshot!(own_help(&["executions", "list"]), @"
    List executions, newest first

    Usage: steadflow executions list [OPTIONS]

    Options:
          --flow <ID>
              Only executions of this flow

          --parent <ID>
              Only the child executions of this execution

          --children
              Also child executions, which are left out otherwise

          --status <STATUS>
              Only executions with this status: pending, running, paused, completed, failed or cancelled

          --search <TEXT>
              Only executions with this text in their ID, context ID or error message

          --filter <NAME=VALUE>
              Further condition, such as `node=charge` or `since=2h`. May be repeated; every one has to
              fit

          --limit <N>
              Maximum number of executions, 1-1000

              [default: 20]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_approvals() {
    insta::assert_snapshot!(own_help(&["approvals"]), @"
    List, show, approve and reject what waits for a person

    Usage: steadflow approvals [OPTIONS] <COMMAND>

    Commands:
      list     List what waits for a person, that of the newest executions first
      show     Show one with all that a person has to see
      approve  Approve: the call is made once, the request for input is answered, or the node goes on
      reject   Reject: the call is not made, the input is declined, or the node is rejected
      cancel   Make no choice on a request for input
      link     Make a link with which one person can decide without signing in; anyone who has it can
      help     Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["approvals", "approve"]), @"
    Approve: the call is made once, the request for input is answered, or the node goes on

    Usage: steadflow approvals approve [OPTIONS] <ID>

    Arguments:
      <ID>
              ID, as `list` prints it

    Options:
          --comment <TEXT>
              Why. If a call is rejected, the model reads it; of an approval node, it is in the output

          --hash <HASH>
              Hash of the arguments that were seen, as `show` prints it: a call with others is refused
              [default: any]

          --arguments <JSON>
              Arguments to make the call with instead, as JSON or @FILE

          --form <JSON>
              What is filled in for a request for input or an approval node, as JSON or @FILE; `show`
              lists the fields

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_secrets() {
    insta::assert_snapshot!(own_help(&["secrets"]), @"
    List, set and delete the stored secrets of a running server

    Values are never shown.

    Usage: steadflow secrets [OPTIONS] <COMMAND>

    Commands:
      list     List secrets by name, with the hosts that they may be sent to
      set      Store a secret, or replace it: its value is read from standard input
      connect  Print the page of the provider where a person allows an OAuth2 secret
      rotate   Encrypt the stored secrets of all tenants with the next master key of the server
      delete   Delete a stored secret
      help     Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_setting_a_secret() {
    insta::assert_snapshot!(own_help(&["secrets", "set"]), @"
    Store a secret, or replace it: its value is read from standard input

    A line break at the end is not part of the value. Without `--hosts`, the secret is sent nowhere, and
    only verifies calls of webhooks.

    With `--oauth2`, the value of the secret is an access token that the server obtains, and the client
    secret is read from standard input.

    Usage: steadflow secrets set [OPTIONS] <NAME>

    Arguments:
      <NAME>
              Name of the secret: letters, digits and `_`

    Options:
          --hosts <HOST>
              Host that it may be sent to, such as `api.example.com` or `*.example.com`. May be repeated

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    OAuth2:
          --oauth2 <GRANT>
              Obtain an access token by OAuth2: with the credentials of the client alone, or after a
              person has allowed it

              Possible values:
              - client-credentials: With the credentials of the client alone
              - authorization-code: A person allows it once: see `steadflow secrets connect`

          --token-url <URL>
              Token URL of the provider

          --authorization-url <URL>
              URL of the provider where a person allows it

          --issuer <URL>
              Issuer of the provider; if it is given, an answer of another one is refused

          --client-id <ID>
              ID of the client

          --client-auth <HOW>
              How the client sends its secret. With `none`, it has no secret, and nothing is read

              Possible values:
              - basic: In the header `Authorization`
              - post:  In the form
              - none:  It has no secret

              [default: basic]

          --scope <SCOPE>
              Scope to ask for. May be repeated

          --token-parameter <NAME=VALUE>
              Further parameter for the token URL, such as `audience=https://api.example.com`. May be
              repeated

          --authorization-parameter <NAME=VALUE>
              Further parameter for the authorization URL, such as `access_type=offline`. May be
              repeated
    ");
}

#[test]
fn help_of_webhooks() {
    insta::assert_snapshot!(own_help(&["webhooks"]), @"
    List and show the webhooks of a running server, and call them

    Usage: steadflow webhooks [OPTIONS] <COMMAND>

    Commands:
      list  List webhooks with their secrets and last calls, that of the newest flow first
      show  Show a webhook and its last calls: what they started, or why they were refused
      send  Sign a call as its sender does, and make it
      help  Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["webhooks", "send"]), @"
    Sign a call as its sender does, and make it

    With `--wait`, the exit status is 1 if the execution failed or was cancelled.

    Usage: steadflow webhooks send [OPTIONS] <PATH>

    Arguments:
      <PATH>
              Path of the webhook, below /hooks/

    Options:
          --data <BODY>
              Body of the call, or @FILE

              [default: {}]

          --content-type <TYPE>
              Media type of the body

              [default: application/json]

          --secret <NAME>
              Secret to sign with, from its STEADFLOW_SECRET_* variable, or from a file as NAME=@FILE
              [default: the first secret of the webhook that has a variable]

          --event-id <ID>
              ID of the event, for schemes that have it in a header: calls with the same ID start one
              execution [default: a new ID]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --wait <SECONDS>
              Wait for the end of the execution, up to 60 seconds

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_a_fork() {
    insta::assert_snapshot!(own_help(&["executions", "fork"]), @"
    Start a new execution from a completed node of another one

    The other one may have any status. The node and what it leads to runs; the outputs of all other
    completed nodes are reused.

    Usage: steadflow executions fork [OPTIONS] --node <NODE> <ID>

    Arguments:
      <ID>
              ID of the execution

    Options:
          --node <NODE>
              ID of the completed node to start from

          --output <NODE=JSON>
              Output of a node that does not run, as JSON or @FILE, in place of its own. With that of
              `--node`, the nodes that follow on it run. May be repeated

          --trigger <JSON>
              Trigger data, as JSON or @FILE [default: those of the execution]

          --current
              Run the current version of the flow instead of the one of the execution

          --idempotency-key <KEY>
              Key for repeating the command safely: the same key starts only one execution [default: a
              new key]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_commands_for_one_execution() {
    insta::assert_snapshot!(own_help(&["executions", "show"]), @"
    Show an execution with its nodes and attempts; long values are shown in part

    Usage: steadflow executions show [OPTIONS] <ID>

    Arguments:
      <ID>
              ID of the execution

    Options:
          --value <VALUE>
              Print only this value, all of it, as JSON: result, trigger-data, NODE/input or NODE/output

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["executions", "retry"]), @"
    Retry a failed or cancelled execution, or all that a filter fits

    A retry is a new execution with the same trigger data. With --filter, failed executions are retried
    unless it names another status; those that were retried before are skipped, so that doing it twice
    retries once.

    Exit status: 0 done, and what was skipped is named, 1 it ended before all were looked at.

    Usage: steadflow executions retry [OPTIONS] [ID]

    Arguments:
      [ID]
              ID of the execution

    Options:
          --filter <NAME=VALUE>
              All executions that this fits, such as `node=charge` or `since=2h`. May be repeated; every
              one has to fit

          --dry-run
              Only say which executions these are

          --limit <N>
              Maximum number of executions, the newest first [default: all]

          --from <FROM>
              Where to start

              Possible values:
              - start:  Run all nodes again
              - failed: Reuse the outputs of completed nodes, and run the others

              [default: start]

          --idempotency-key <KEY>
              Key for repeating the command safely: the same key starts only one execution [default: a
              new key]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_commands_for_an_execution_that_runs() {
    insta::assert_snapshot!(own_help(&["executions", "cancel"]), @"
    Cancel an unfinished execution, or all that a filter fits

    With --filter, child executions are cancelled with those that started them.

    Exit status: 0 done, and what was skipped is named, 1 it ended before all were looked at.

    Usage: steadflow executions cancel [OPTIONS] [ID]

    Arguments:
      [ID]
              ID of the execution

    Options:
          --filter <NAME=VALUE>
              All executions that this fits, such as `node=charge` or `since=2h`. May be repeated; every
              one has to fit

          --dry-run
              Only say which executions these are

          --limit <N>
              Maximum number of executions, the newest first [default: all]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
    insta::assert_snapshot!(own_help(&["executions", "watch"]), @"
    Follow an execution until it ends

    Exit status: 0 completed, 1 failed or cancelled.

    Usage: steadflow executions watch [OPTIONS] <ID>

    Arguments:
      <ID>
              ID of the execution

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_bench() {
    insta::assert_snapshot!(own_help(&["bench"]), @"
    Measure the speed of this machine

    Starts a temporary server with a new database, sends requests over HTTP, checks that everything was
    stored, and prints a table. The load generator runs on the same machine and uses part of its CPU.

    Usage: steadflow bench [OPTIONS]

    Options:
          --concurrency <LIST>
              Numbers of concurrent executions, each measured separately

              [default: 1,64,512]

          --seconds <SECONDS>
              Duration of each measurement, in seconds

              [default: 5]

          --runs <RUNS>
              Number of repetitions; the table shows the median and the range

              [default: 3]

          --only <ONLY>
              Measurements to run

              Possible values:
              - disk:      Syncs of a small write per second, and rows per second that SQLite writes
              - chain:     A flow of ten sequential `echo` nodes, started and awaited over HTTP
              - calls:     The same with ten calls of a local HTTP service
              - fan-out:   100 parallel `echo` nodes and a join
              - map:       A map of 10,000 `echo` items: items per second, beside the chain, and the
                growth of the server
              - latency:   A flow of one `echo` node, one execution at a time
              - webhook:   A signed webhook, from the call to the result of its flow of one `echo` node,
                one at a time
              - retries:   How late retries start: 200 executions with backoffs of 1 s and 2 s
              - idle:      Memory and CPU time of an idle server
              - followers: The cost of 1,000 clients of the event stream, and the delay of their events
              - agents:    1,000 agents whose models write at the same time: memory of each, and the
                delay of a token on its way to a reader
              - waits:     10,000 executions that wait for a person, and 10,000 that wait for an event:
                memory and database of each
              - sleepers:  Executions that wait for a day: memory of each, and the time until the server
                is ready again after kill -9
              - auth:      The chain with and without an API key, in turn: what it costs to ask for one
              - growth:    Throughput and the requests of the studio at several database sizes. Takes
                minutes and gigabytes

              [default: disk chain calls fan-out map latency webhook retries idle followers agents waits
              sleepers]

          --sleepers <COUNT>
              Number of sleeping executions for `sleepers`

              [default: 100000]

          --growth <LIST>
              Database sizes for `growth`, in node executions

              [default: 0,1000000,5000000]

          --server <URL>
              Measure this server instead. For `calls` and `retries`, start it with `--egress-allow
              127.0.0.1`

          --database <URL>
              Measure with this database of PostgreSQL, which should be empty, instead of a temporary
              one of SQLite

          --processes <COUNT>
              Number of server processes that share the database of PostgreSQL. The connections of
              `chain`, `calls`, `fan-out` and `growth` are spread over all of them; the other
              measurements, and a single connection, use the first one

              [default: 1]

          --dir <DIR>
              Directory of the temporary database, on the disk to measure

              [default: .]

          --json
              Print JSON instead of the table

          …

    Examples:
      steadflow bench
      steadflow bench --concurrency 64 --seconds 10 --runs 5 --only chain --json > bench.json
      steadflow bench --concurrency 64,512 --runs 7 --only auth
    ");
}

#[test]
fn help_of_doctor_and_openapi() {
    insta::assert_snapshot!(own_help(&["doctor"]), @"
    Check a database or, with --server, a running server

    Of a database, checks the consistency. Stop the server first. Changes nothing, except that opening a
    database applies migrations and recovers it after a crash. With a blob storage, it looks whether all
    blobs are there.

    Of a running server, prints a line for each thing: whether it can be reached and is ready, its
    version and clock, what the key may do, and which secrets, webhooks, local commands, quotas and
    alerts need something done. A line begins with ok, warning, fault, or with skipped if the key may
    not see it.

    Exit status: 0 no findings, warnings aside, 1 findings, or the database cannot be opened.

    Usage: steadflow doctor [OPTIONS]

    Options:
          --server <URL>
              Check the running server at this URL instead of a database

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON

          --deep
              Read all blobs, and compare them with their hashes

          --blobs <URL>
              Storage for records of 64 KiB or more, as `file:PATH` or `s3://BUCKET/PREFIX` [default:
              they are in the database]

              [env: STEADFLOW_BLOBS=]

          --blobs-endpoint <URL>
              Endpoint of `s3://`, such as `https://s3.example.org` [default: that of AWS for the
              region]

              [env: STEADFLOW_BLOBS_ENDPOINT=]

          --blobs-region <REGION>
              Region of `s3://` [default: us-east-1]

              [env: STEADFLOW_BLOBS_REGION=]

          --database <URL>
              Database, as `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE` [default:
              sqlite:steadflow.db]

              [env: STEADFLOW_DATABASE=]

          …

    Examples:
      steadflow doctor --database sqlite:/var/lib/steadflow/flows.db
      steadflow doctor --server http://127.0.0.1:8080
      steadflow doctor --server https://flows.example --key-file admin.key --json
    ");
    insta::assert_snapshot!(own_help(&["openapi"]), @r"
    Print the OpenAPI 3.1 document of the REST API

    Usage: steadflow openapi [OPTIONS]

    Options:
          …
    ");
}

#[test]
fn help_of_apply() {
    insta::assert_snapshot!(own_help(&["apply"]), @"
    Make a running server have the flows and agents that files say

    All files are checked before anything is changed. Each that differs from what the server has is then
    saved as a new version, in the order in which they refer to each other. A file is the flow or the
    agent that has its `id` or, if the server has none of this id, its name.

    Exit status: 0 the server has what the files say, 1 something was not done, which is named, 2 a file
    has an error and nothing was changed.

    Usage: steadflow apply [OPTIONS] [PATH]...

    Arguments:
      [PATH]...
              Files, or folders that are searched for files that end with `.json`

              [default: .]

    Options:
          --dry-run
              Only say what would be changed

          --prune
              Also archive the flows of the server that no file has

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    Examples:
      steadflow apply flows --dry-run                 say what would be changed
      steadflow apply flows/refund.json               apply one file
      steadflow apply --server https://flows.example  apply this folder to another server
    ");
}

#[test]
fn help_of_export() {
    insta::assert_snapshot!(own_help(&["export"]), @"
    Write the flows and agents of a running server to files, one for each

    A file that is there already is only written if the server has something else, and keeps its place
    and its name. Nothing is deleted. Values that are secret are not exported.

    Exit status: 0 the files are as the server has it, 2 a file that is there has an error and nothing
    was written.

    Usage: steadflow export [OPTIONS] [DIR]

    Arguments:
      [DIR]
              Folder to write to; it is made if it does not exist

              [default: .]

    Options:
          --folder <FOLDER>
              Only what is in this folder of the server, such as `billing/refunds`, and below it

          --dry-run
              Only say what would be written

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    Examples:
      steadflow export                                write to ./flows and ./agents
      steadflow export backup --folder billing        only the flows in a folder
    ");
}

#[test]
fn help_of_diff() {
    insta::assert_snapshot!(own_help(&["diff"]), @r#"
    Show what differs between files and a running server

    Lines with `-` are what the server has, lines with `+` what the files have.

    Exit status: 0 nothing differs, 1 something does, 2 a file has an error.

    Usage: steadflow diff [OPTIONS] [PATH]...

    Arguments:
      [PATH]...
              Files, or folders that are searched for files that end with `.json`

              [default: .]

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    Examples:
      steadflow diff flows
      steadflow diff flows/refund.json --server https://flows.example
      steadflow flows diff "Refund review" --from 3 --to 5    two versions of a flow
    "#);
}

#[test]
fn help_of_dev() {
    insta::assert_snapshot!(own_help(&["dev"]), @"
    Write flows in files, with a server that follows them

    Starts a server on this machine, applies the flows and agents of a folder as `steadflow apply` does,
    and applies them again whenever a file changes. A file with an error changes nothing: the error is
    printed with its line, and the server goes on with what it has. Nobody has to sign in. Ctrl-C ends
    it.

    Settings come from these options and from `steadflow.toml`, of which those of addresses, sign-in,
    database and master key are left out.

    Usage: steadflow dev [OPTIONS] [DIR]

    Arguments:
      [DIR]
              Folder with flows and agents

              [default: .]

    Options:
          --listen <ADDRESS>
              Loopback address to listen on

              [default: 127.0.0.1:8080]

          --database <URL>
              Database, as `sqlite:PATH` [default: .steadflow/dev.db in the folder]

          --no-open
              Do not open the studio in a browser

          --egress-allow <LIST>
              Non-public addresses, networks and host names that flows may call, separated by commas

              [env: STEADFLOW_EGRESS_ALLOW=]

          --egress-proxy <URL>
              Proxy for the calls of flows, such as `http://proxy.example:3128` [default: none]

              [env: STEADFLOW_EGRESS_PROXY]

          --egress-no-proxy <LIST>
              Hosts that are called without the proxy, separated by commas [default: the variable
              `NO_PROXY`]

              [env: STEADFLOW_EGRESS_NO_PROXY=]

          …

    Examples:
      steadflow dev flows
      steadflow dev --no-open --listen 127.0.0.1:9000
      steadflow dev flows --egress-allow 127.0.0.1    let flows call services on this machine
    ");
}

#[test]
fn help_of_flows() {
    insta::assert_snapshot!(own_help(&["flows"]), @r#"
    List, show, run, pause and resume flows of a running server, and keep them as files

    Usage: steadflow flows [OPTIONS] <COMMAND>

    Commands:
      list    List flows, newest first
      show    Show a flow with its settings, its nodes and what is probably not meant in it
      run     Run a flow on the server, follow it, and print its result as JSON
      pause   Pause a flow: nothing starts until it is resumed; what runs goes on
      resume  Let a paused flow start again
      apply   Make the server have the flows that files say: `steadflow apply`, without agents
      export  Write the flows of the server to files: `steadflow export`, without agents
      diff    Show what differs between files and the server, or between two versions of a flow
      help    Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    Examples:
      steadflow flows list --folder billing
      steadflow flows show "Refund review"
      steadflow flows run "Refund review" --trigger '{"amount": 120}'
      steadflow flows pause 0197a3c2-…
      steadflow flows diff "Refund review" --from 3 --to 5
      steadflow apply flows                           see `steadflow apply --help`
    "#);
}

#[test]
fn help_of_running_a_flow() {
    insta::assert_snapshot!(own_help(&["flows", "run"]), @"
    Run a flow on the server, follow it, and print its result as JSON

    Progress is written to standard error. Ctrl-C ends the command, and not the execution.

    Exit status: 0 completed, 1 failed or cancelled, 130 ended with Ctrl-C.

    Usage: steadflow flows run [OPTIONS] <FLOW>

    Arguments:
      <FLOW>
              ID or name of the flow

    Options:
          --trigger <JSON>
              Trigger data, as JSON or @FILE [default: the `example` of the flow's trigger, or {}]

          --context-id <ID>
              What the execution is about [default: as the flow says]

          --no-wait
              Only start it, and print the ID of the execution

          --idempotency-key <KEY>
              Key for repeating the command safely: the same key starts only one execution [default: a
              new key]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_comparing_flows() {
    insta::assert_snapshot!(own_help(&["flows", "diff"]), @"
    Show what differs between files and the server, or between two versions of a flow

    Exit status: 0 nothing differs, 1 something does, 2 a file has an error.

    Usage: steadflow flows diff [OPTIONS] [PATH]...

    Arguments:
      [PATH]...
              Files or folders; with --from, the ID or the name of a flow

              [default: .]

    Options:
          --from <N>
              Compare this version of the flow with another one

          --to <N>
              The other version [default: the current one]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_agents() {
    insta::assert_snapshot!(own_help(&["agents"]), @r#"
    List, show and test agents of a running server, and keep them as files

    Usage: steadflow agents [OPTIONS] <COMMAND>

    Commands:
      list    List agents, newest first
      show    Show an agent with its skills; secrets are not shown
      test    Test whether an agent can be reached or, with --skill, try one of its skills
      apply   Make the server have the agents that files say: `steadflow apply`, without flows
      export  Write the agents of the server to files: `steadflow export`, without flows
      diff    Show what differs between files and the server
      help    Print this message or the help of the given subcommand(s)

    Options:
          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …

    Examples:
      steadflow agents list
      steadflow agents test "Risk analyst"
      steadflow agents test "Risk analyst" --skill explain --input '{"vendor": "ACME"}'
      steadflow agents export agents
    "#);
}

#[test]
fn help_of_testing_an_agent() {
    insta::assert_snapshot!(own_help(&["agents", "test"]), @"
    Test whether an agent can be reached or, with --skill, try one of its skills

    Without --skill, the least costly call is made that shows it. Nothing is stored.

    Exit status: 0 it works, 1 it does not.

    Usage: steadflow agents test [OPTIONS] <AGENT>

    Arguments:
      <AGENT>
              ID or name of the agent

    Options:
          --skill <NAME>
              Try this skill, at most two minutes, and print what it answers

          --input <JSON>
              Input of the skill, as JSON or @FILE [default: {}]

          --server <URL>
              URL of the server [default: http://127.0.0.1:8080]

              [env: STEADFLOW_SERVER=]

          --key-file <FILE>
              File with the API key to show the server [default: the key in the variable STEADFLOW_KEY]

              [env: STEADFLOW_KEY_FILE=]

          --json
              Print JSON instead of tables

          …
    ");
}

#[test]
fn help_of_completions() {
    insta::assert_snapshot!(own_help(&["completions"]), @"
    Print completions of commands and options for a shell

    Usage: steadflow completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>
              Shell to print them for

              [possible values: bash, elvish, fish, powershell, zsh]

    Options:
          …

    Examples:
      steadflow completions bash > ~/.local/share/bash-completion/completions/steadflow
      steadflow completions zsh > ~/.zfunc/_steadflow
      steadflow completions fish > ~/.config/fish/completions/steadflow.fish
      steadflow completions powershell >> $PROFILE
    ");
}
