//! The command line.

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

const ENVIRONMENT: &str = "\
Environment:
  CDS_CONFIG                               configuration file, if --config is not given
  CDS_SERVER__<KEY>, CDS_HATCHERY__<KEY>   override the configuration file, e.g. CDS_SERVER__SMTP__HOST
  CDS_ADMIN_USERNAME, CDS_ADMIN_PASSWORD   make an administrator on a server that has none
  CDS_LOG                                  what is logged, e.g. debug or info,cds_server=debug [default: info]
  CDS_LOG_FORMAT=json                      one JSON object a line";

const RUN_HELP: &str = "\
Jobs get the files as they are, changed and new ones too, also those of submodules; ignored files are left out.
Nothing of the repository is changed. Ctrl-C stops the run, a second one ends everything at once.

Exit status: 0 success, 1 the run did not succeed, 2 wrong usage or files.

Examples:
  cds run                               the only workflow of .cds/
  cds run build --node unit --logs      one node and what it depends on, with all logs
  cds run --artifacts out               keep what jobs upload
  cds run -d '{\"deploy\":\"no\"}' --var who=me --secret token=VALUE";

/// CDS, a continuous delivery service: server, hatchery and worker in one program.
#[derive(Debug, Parser)]
#[command(name = "cds", version, after_help = ENVIRONMENT, max_term_width = 110)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API, with a hatchery for this machine
    Server(ServerArgs),
    /// Start and end workers on this machine for a server elsewhere
    Hatchery(HatcheryArgs),
    /// Run a workflow of this repository's .cds/ here, on the working tree as it is
    Run(RunArgs),
    /// Run jobs; started by a hatchery
    Worker(WorkerArgs),
    /// The command that scripts of jobs call as `worker`
    #[command(name = "worker-cmd", disable_help_flag = true)]
    WorkerCmd {
        /// See `worker --help` inside a job
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Bring the database's schema up to date, and end
    Migrate(StateArgs),
    /// About the configuration file
    Config(ConfigArgs),
    /// What only the owner of the machine may do
    Admin(AdminArgs),
    /// Simulate servers, hatcheries, workers and people with everything that goes wrong, and check every promise
    #[command(after_help = cds_sim::names())]
    Torture(cds_sim::Torture),
    /// Print the version
    Version,
}

/// Where settings come from.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct FileArgs {
    /// Configuration file (see `cds config example`)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Where state is.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct StateArgs {
    #[command(flatten)]
    pub file: FileArgs,
    /// Directory of all state
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Database: sqlite:PATH or postgres://… [default: SQLite in the data directory]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

/// `cds server`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub state: StateArgs,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub listen: Option<SocketAddr>,
    /// Start no workers on this machine
    #[arg(long)]
    pub no_hatchery: bool,
}

/// `cds hatchery`.
#[derive(Debug, ClapArgs)]
pub(crate) struct HatcheryArgs {
    #[command(flatten)]
    pub file: FileArgs,
    /// Address of the server
    #[arg(long, value_name = "URL")]
    pub api_url: Option<String>,
    /// Token with the scope `hatchery`; everybody on this machine can read it in the list of processes
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,
    /// File that holds the token
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Name, unique on the server
    #[arg(long)]
    pub name: Option<String>,
    /// Directory for workers
    #[arg(long, value_name = "DIR")]
    pub basedir: Option<PathBuf>,
}

/// `cds run`.
#[derive(Debug, ClapArgs)]
#[command(after_help = RUN_HELP)]
pub(crate) struct RunArgs {
    /// Workflow; may be left out if there is only one
    pub workflow: Option<String>,
    /// Payload, a JSON object
    #[arg(short = 'd', long, value_name = "JSON")]
    pub payload: Option<String>,
    /// Run only this node and what it depends on
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Variable of the project: cds.proj.NAME
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,
    /// Secret of the project, and of password variables of the files with this name
    #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = pair)]
    pub secrets: Vec<(String, String)>,
    /// Show the logs of all jobs, not only of those that failed
    #[arg(short = 'v', long)]
    pub logs: bool,
    /// Keep the files that jobs upload in this directory; it is made if need be
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// Print events and the run as JSON, one object a line
    #[arg(long)]
    pub json: bool,
    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("must be NAME=VALUE".into()),
    }
}

/// `cds worker`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "The token to register with is taken from CDS_WORKER_TOKEN.")]
pub(crate) struct WorkerArgs {
    /// Address of the server
    #[arg(long, value_name = "URL")]
    pub api: String,
    /// Name of this worker
    #[arg(long)]
    pub name: String,
    /// Directory for jobs
    #[arg(long, value_name = "DIR")]
    pub basedir: PathBuf,
    /// End at once when this process, which must be the one that started the worker, has ended
    #[arg(long, value_name = "PID")]
    pub parent: Option<i32>,
}

/// `cds config`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// Sub-commands of `cds config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the configuration file and the environment as the server would, and say what is wrong
    Check(FileArgs),
    /// Print a file with every key, its meaning and its default
    Example,
    /// Print the JSON schema of the file
    Schema,
}

/// `cds admin`.
#[derive(Debug, ClapArgs)]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    pub command: AdminCommand,
}

/// Sub-commands of `cds admin`.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Print the token that makes the first user an administrator
    InitToken(StateArgs),
}

/// A host name is looked up; the first address counts.
fn address(text: &str) -> Result<SocketAddr, String> {
    use std::net::ToSocketAddrs;
    let fault = |why: String| format!("'{text}' is not HOST:PORT, e.g. 127.0.0.1:8081 ({why})");
    text.to_socket_addrs()
        .map_err(|e| fault(e.to_string()))?
        .next()
        .ok_or_else(|| fault("the name has no address".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_a_hatchery_starts_is_understood() {
        let words = ["cds", "worker", "--api", "http://127.0.0.1:1", "--name", "w1", "--basedir", "/tmp/w1"];
        let Command::Worker(args) = Args::try_parse_from(words).unwrap().command else { panic!() };
        assert_eq!((args.api.as_str(), args.name.as_str()), ("http://127.0.0.1:1", "w1"));
        assert_eq!(args.parent, None, "its workers are found again by the next one");
    }

    #[test]
    fn an_address_without_a_port_is_explained() {
        let error = Args::try_parse_from(["cds", "server", "--listen", "localhost"]).unwrap_err().to_string();
        assert!(error.contains("is not HOST:PORT"), "{error}");
        assert!(Args::try_parse_from(["cds", "server", "--listen", "127.0.0.1:0"]).is_ok());
    }
}
