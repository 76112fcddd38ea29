//! The command line.

use crate::commands;
use crate::commands::bench::sim::Workload;
use crate::output::{Failure, Outcome};
use clap::{Args, Parser, Subcommand, ValueEnum};
use fieldrun_sim::scenario::EngineKind;
use serde::Serialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs aggregate programs: one short text that says what a whole network of devices does.
#[derive(Debug, Parser)]
#[command(
    name = "fieldrun",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  fieldrun demo                              eight services fail and recover in the right order
  fieldrun program.pt                        the same as `fieldrun run program.pt`
  fieldrun run restart.pt -c node.toml       the daemon of one node
  fieldrun new swarm                         a program and its scenario to start from
  fieldrun sim examples/crowd/crowd.toml     a thousand phones in a crowd
  fieldrun check program.pt                  all errors of a program

Exit codes: 0 done, 1 failed, 2 wrong usage, program or file."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch a network of eight services fail and recover in the right order
    Demo(DemoArgs),
    /// Run a program: with a configuration as a node of a cluster, without one alone
    Run(RunArgs),
    /// Write a program and its scenario to start from
    #[command(
        after_help = "Examples:\n  fieldrun new\n  fieldrun new swarm\n  fieldrun new work/swarm"
    )]
    New(NewArgs),
    /// Run a program in a simulated network
    Sim(SimArgs),
    /// Run a scenario with many settings and seeds, and sum up what they come to
    Sweep(SweepArgs),
    /// Run what a manifest describes once more, from the manifest alone, and compare
    Repeat(RepeatArgs),
    /// Put together what the shards of a sweep came to
    Merge(MergeArgs),
    /// Run a program on one lone device and print its value each round
    Eval(EvalArgs),
    /// Report all errors of a program
    Check(CheckArgs),
    /// Read the library: modules, functions, their documentation and text
    #[command(subcommand)]
    Lib(LibCommand),
    /// Put functions of the library, or a program, to the test: many networks, schedules and faults
    Verify(VerifyArgs),
    /// Show who is aligned at a call site, round by round, and why others are not
    Trace(TraceArgs),
    /// Show the code that a program is compiled to
    Disasm(DisasmArgs),
    /// Lay programs out in one style
    Fmt(FmtArgs),
    /// Say what an error or warning means and how to mend it
    #[command(
        after_help = "Examples:\n  fieldrun explain FR-L012\n  fieldrun explain l012\n  fieldrun explain"
    )]
    Explain(ExplainArgs),
    /// Measure: figures beside a yardstick of the same run
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Make and show the cluster's certificates
    #[command(subcommand)]
    Ca(CaCommand),
    /// Show services, nodes and neighbours of the cluster
    Status(StatusArgs),
    /// Print every state change of the cluster as it happens
    Watch(StatusArgs),
    /// Start a service of this node
    Start(ServiceArgs),
    /// Stop a service of this node, and keep it stopped
    Stop(ServiceArgs),
    /// Restart a service of this node, or start a hung one
    Restart(ServiceArgs),
    /// Forget a service's failures, so that programs may start it again
    Reset(ServiceArgs),
    /// Let the daemon read its certificates, peers and values anew, without dropping connections
    #[command(after_help = "\
Read anew: certificate, key, authority and revocation list; peers, [env], position and [admin].
Everything else of node.toml needs a restart, and is named when it differs. When anything is wrong
the daemon goes on with what it has. SIGHUP does the same.")]
    Reload(NodeArgs),
    /// End the daemon; its services run on unless they are to be stopped
    Shutdown(ShutdownArgs),
    /// The services of the examples: see `fieldrun qr-service --help`
    #[command(hide = true, disable_help_flag = true)]
    QrService {
        /// As documented by the service itself.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

/// What of the library is read.
#[derive(Debug, Subcommand)]
pub(crate) enum LibCommand {
    /// List the modules, or the functions of one
    #[command(after_help = "Examples:\n  fieldrun lib list\n  fieldrun lib list spreading")]
    List(LibListArgs),
    /// Show a function or module: its documentation and text
    #[command(
        after_help = "Examples:\n  fieldrun lib show distanceTo\n  fieldrun lib show state:time.wait"
    )]
    Show(LibShowArgs),
    /// Measure what a function guarantees: recovery from faults, rounds, bytes, steps
    #[command(
        after_help = "Examples:\n  fieldrun lib card distanceTo\n  fieldrun lib card --all --out docs/library"
    )]
    Card(LibCardArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LibListArgs {
    /// The module, or the last parts of its name
    pub(crate) module: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LibCardArgs {
    /// A function, as `fieldrun verify --list` lists them
    #[arg(required_unless_present = "all")]
    pub(crate) name: Option<String>,
    /// All of them
    #[arg(long, conflicts_with = "name")]
    pub(crate) all: bool,
    /// Write pages into this folder; with --all also a table of them
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object for each card
    #[arg(long, conflicts_with = "out")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LibShowArgs {
    /// A function, alone or after its module and a dot; or a module
    pub(crate) name: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun verify                                   every function that has a plain algorithm to be held to
  fieldrun verify distanceTo --budget 500
  fieldrun verify program.pt                        do its values recover from any fault?
  fieldrun verify mine.pt --like distanceTo         does it compute what distanceTo does?
  fieldrun verify distanceTo --path my/modules      with a module of your own in place of the library's

A case is a small network (disc, grid, line, star, ring, small world, disconnected), a schedule
(round-robin, reversed, random, clocks that drift) and faults (state and messages made arbitrary,
restarts, loss). After the last fault all values must become right, and stay so. The exit code is 1
if a case fails; it is made as small as it goes, and its scenario file is written for `fieldrun sim`.
The network of a case sets `source`, `destination`, `obstacle`, `value` and `strength` in the
environment. Where faults may leave false values that no source can outdo, nothing is asked.")]
pub(crate) struct VerifyArgs {
    /// A function of the library, or a program [default: all functions]
    #[arg(value_name = "FUNCTION|PROGRAM.pt")]
    pub(crate) subject: Option<String>,
    /// List the functions that have a plain algorithm to be held to
    #[arg(long)]
    pub(crate) list: bool,
    /// Hold the program to what this function of the library computes
    #[arg(long, value_name = "FUNCTION", requires = "subject")]
    pub(crate) like: Option<String>,
    /// Number of cases for each function, or a time for all of them that stands for a number: 50 a
    /// second on any machine [default: 35]
    #[arg(long, value_name = "CASES|TIME")]
    pub(crate) budget: Option<String>,
    /// Another seed gives other cases
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
    /// Folder for the scenario of a case that fails
    #[arg(long, value_name = "DIR", default_value = "fieldrun-out/verify")]
    pub(crate) out: PathBuf,
}

impl SimArgs {
    /// Puts everything that it writes somewhere else.
    pub(crate) fn redirect(&mut self, to: impl Fn(&Path) -> PathBuf) {
        for picture in self.snapshot.chunks_mut(2).filter_map(<[String]>::last_mut) {
            *picture = to(Path::new(picture)).to_string_lossy().into_owned();
        }
        let tables = [&mut self.tables.metrics, &mut self.tables.table];
        let files = [&mut self.out, &mut self.chart, &mut self.csv, &mut self.manifest];
        for file in files.into_iter().chain(tables).flatten() {
            *file = to(file);
        }
    }
}

/// The arguments of `fieldrun sim`, if these are.
pub(crate) fn sim_of(arguments: &[String]) -> Option<SimArgs> {
    let words = std::iter::once("fieldrun").chain(arguments.iter().map(String::as_str));
    match Cli::try_parse_from(words).ok()?.command {
        Command::Sim(args) => Some(args),
        _ => None,
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  fieldrun repeat fieldrun-out/crowd/manifest.json

A manifest is written beside the other files of `fieldrun sim`. It holds the scenario, the program, its
modules, all that the scenario reads, the arguments, and hashes of what came out. The exit code is 1 if
something else comes out now.")]
pub(crate) struct RepeatArgs {
    /// The manifest
    #[arg(value_name = "manifest.json")]
    pub(crate) manifest: PathBuf,
    /// Folder for what it reads and writes
    #[arg(long, value_name = "DIR", default_value = "fieldrun-out/repeat")]
    pub(crate) out: PathBuf,
}

/// Long tables at regular times, for statistics.
#[derive(Debug, Args)]
pub(crate) struct TableArgs {
    /// Write what the network amounts to over time, as .csv, .jsonl or .parquet: seed, t, metric, value
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// A metric of it, such as `mean(result)`, `q90(degree)`, `share(result = on)`; may be repeated
    /// [default: mean, min and max of the result]
    #[arg(long, value_name = "METRIC", requires = "metrics")]
    pub(crate) metric: Vec<String>,
    /// Write what each device has over time, as .csv, .jsonl or .parquet: seed, t, node, x, y, key, value
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// A value of it: `result`, an element `result.0`, `degree`, `rounds`; may be repeated
    /// [default: result]
    #[arg(long, value_name = "KEY", requires = "table")]
    pub(crate) value: Vec<String>,
    /// The simulated time between two samples of them [default: the period of the schedule]
    #[arg(long, value_name = "TIME")]
    pub(crate) sample: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun sweep crowd.toml --vary link.radius=15,22,30 --seeds 20 --metric 'count(result = danger)'
  fieldrun sweep crowd.toml --vary link.loss=0..0.5/6 --vary env.p=0.02,0.04
  fieldrun sweep crowd.toml --vary link.loss=0..0.5 --vary link.radius=15..30 --latin 40
  fieldrun sweep gradient.pt --vary link.radius=8,12 --until-ci 5% --seeds 200
  parallel fieldrun sweep crowd.toml --seeds 100 --out out --shard {}/8 ::: 1 2 3 4 5 6 7 8
  fieldrun merge out

KEY is a key of the scenario file, such as `link.radius`, `group.0.count` (the first group; `group.count`
is all of them) or `program`, or `env.NAME` for an environment value of all devices. Metrics are
count, share, missing, sum, mean, sd, min, median, max and quantiles such as q90, of `result`, of an
element `result.0` of it, of `degree`, `rounds`, `x`, `y` or `z`; count and share take a condition.
Written are runs.csv (all runs), means.csv (mean and 95 % confidence interval over the seeds) and
report.html. A sweep that was ended goes on where it was when it is run again.")]
pub(crate) struct SweepArgs {
    /// A scenario, or a program for a default network of a hundred devices
    #[arg(value_name = "SCENARIO.toml|PROGRAM.pt")]
    pub(crate) scenario: PathBuf,
    /// A key and its values: 1,2,5 or LOW..HIGH/COUNT; with --latin also LOW..HIGH. May be repeated
    #[arg(long, value_name = "KEY=VALUES")]
    pub(crate) vary: Vec<String>,
    /// Draw so many settings as a Latin hypercube, instead of every value with every other
    #[arg(long, value_name = "COUNT", value_parser = at_least_one)]
    pub(crate) latin: Option<usize>,
    /// How many seeds for each setting, at most
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seeds: u64,
    /// The first seed; the others follow it
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(crate) first_seed: u64,
    /// What is measured; may be repeated [default: mean, min and max of the result]
    #[arg(long, value_name = "METRIC")]
    pub(crate) metric: Vec<String>,
    /// The simulated time between two samples [default: about a 60th of the run]
    #[arg(long, value_name = "TIME")]
    pub(crate) sample: Option<String>,
    /// Another simulated time than the scenario's
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// No more seeds for a setting once half the confidence interval of the first metric at the end
    /// is at most this share of the mean, such as 5%; looked at after 5, 10, 15, … seeds
    #[arg(long, value_name = "SHARE")]
    pub(crate) until_ci: Option<String>,
    /// How many runs at once [default: one for each core]; results do not depend on it
    #[arg(long, value_name = "COUNT")]
    pub(crate) jobs: Option<usize>,
    /// Run only this part, such as 1/8, and leave the sum to `fieldrun merge`
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<String>,
    /// Folder of the sweep [default: fieldrun-out/sweep/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Forget the runs and the sweep that the folder holds
    #[arg(long, conflicts_with = "shard")]
    pub(crate) fresh: bool,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
    /// Print one JSON object for each setting
    #[arg(long)]
    pub(crate) json: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a whole number from 1".to_owned()),
        Ok(count) => Ok(count),
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun merge out
  fieldrun merge machine-1 machine-2 --out all --json

Exit codes: 0 all runs are there, 1 some are not, 2 the folders hold no sweep, or different ones.")]
pub(crate) struct MergeArgs {
    /// Folders of one sweep
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Folder for the tables and the page [default: the first]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Sum up what there is, though runs are lacking
    #[arg(long)]
    pub(crate) partial: bool,
    /// Print one JSON object for each setting
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Rounds of the machine beside loops written by hand
    #[command(after_help = "Example:\n  fieldrun bench vm --json > vm.jsonl")]
    Vm(BenchArgs),
    /// The workloads of examples/workloads on a population, beside loops written by hand
    #[command(after_help = "Example:\n  fieldrun bench sim --workload w2 --devices 100000")]
    Sim(BenchSimArgs),
    /// Messages of programs: bytes beyond the envelope, and the time to write and read them
    #[command(after_help = "Example:\n  fieldrun bench wire --json > wire.jsonl")]
    Wire(BenchArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchSimArgs {
    /// One of them [default: all]
    #[arg(long)]
    pub(crate) workload: Option<Workload>,
    /// How many devices; several numbers run one after the other
    #[arg(long, default_value = "1000", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(2..=2_000_000))]
    pub(crate) devices: Vec<u32>,
    /// When they fire
    #[arg(long, default_value = "async")]
    pub(crate) schedule: BenchSchedule,
    /// Threads for rounds in lock-step; rounds at times of their own run on one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: u32,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// When devices of a population fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BenchSchedule {
    /// Each at its own times, every 0.9 to 1.1
    Async,
    /// All at once
    Lockstep,
}

impl BenchSchedule {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Lockstep => "lockstep",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The program
    #[arg(value_name = "PROGRAM.pt")]
    pub(crate) program: PathBuf,
    /// The node's configuration; without it one device runs alone and prints its values
    #[arg(short, long, value_name = "node.toml")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
    /// A value of the environment of a device that runs alone, as JSON
    #[arg(long, value_name = "KEY=JSON", conflicts_with = "config")]
    pub(crate) env: Vec<String>,
    /// Least level of log messages
    #[arg(long, value_name = "LEVEL", default_value = "info",
          value_parser = ["error", "warn", "info", "debug", "trace"])]
    pub(crate) log: String,
    /// Write log messages as JSON
    #[arg(long)]
    pub(crate) log_json: bool,
    /// End when the parent process ends, as daemons of the demo do
    #[arg(long, hide = true)]
    pub(crate) die_with_parent: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  fieldrun demo
  fieldrun demo --program examples/enterprise/restart-manual.pt --keep
  fieldrun demo --db-start 30s --json

The exit code is 0 only if exactly the right services stopped and returned, in the right order.
`fieldrun demo crowd --help` shows the other demonstration: a crowd, simulated and judged.",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(crate) struct DemoArgs {
    #[command(subcommand)]
    pub(crate) other: Option<OtherDemo>,
    /// The program that decides [default: the embedded restart.pt]
    #[arg(long, value_name = "PROGRAM.pt")]
    pub(crate) program: Option<PathBuf>,
    /// The time between two rounds
    #[arg(long, value_name = "TIME", default_value = "200ms")]
    pub(crate) period: String,
    /// How long the supplies database takes to start [default: 1s]
    #[arg(long, value_name = "TIME")]
    pub(crate) db_start: Option<String>,
    /// What services must wait for before they start: `run` demands that all they need runs,
    /// `starting` that it has begun to start [default: `run`, and `starting` for a program that
    /// leaves a hung service to a human]
    #[arg(long, value_name = "STATUS", value_parser = ["run", "starting"])]
    pub(crate) after: Option<String>,
    /// Leave all of it running afterwards, to play with, until Ctrl-C
    #[arg(long)]
    pub(crate) keep: bool,
    /// Print one JSON report at the end and nothing else
    #[arg(long)]
    pub(crate) json: bool,
}

/// A demonstration other than that of services.
#[derive(Debug, Subcommand)]
pub(crate) enum OtherDemo {
    /// Simulate the crowd of a city marathon, and judge its warnings by an oracle that sees everybody
    Crowd(CrowdArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun demo crowd
  fieldrun demo crowd --program published       with the misprint: nobody is ever warned
  fieldrun demo crowd --seed 2 --time 5m --json
  fieldrun demo crowd --program my.pt --scenario my.toml --out my

Written are series.csv (every second), devices.csv (every device and second: where it is, what it says,
what is true), film.svg (four moments) and series.svg (the course of time).")]
pub(crate) struct CrowdArgs {
    /// `published`, `corrected` (without its misprint), `repaired`, `local` (without regions), or a
    /// program of your own that ends with `[tracking, warned]` [default: that of the scenario]
    #[arg(long, value_name = "PROGRAM.pt")]
    pub(crate) program: Option<PathBuf>,
    /// Another network and crowd [default: the embedded marathon.toml]
    #[arg(long, value_name = "SCENARIO.toml")]
    pub(crate) scenario: Option<PathBuf>,
    /// Other people; wins over the scenario
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// Stop after this simulated time
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// What the oracle judges together: the crowded `around` each device, within twice the radius, or
    /// the whole `cluster` that hangs together by such steps
    #[arg(long, value_name = "REGION", value_parser = ["around", "cluster"], default_value = "around")]
    pub(crate) region: String,
    /// The folder for tables and pictures [default: fieldrun-out/NAME; with --json nothing is written]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON report and nothing else
    #[arg(long)]
    pub(crate) json: bool,
    /// Number of threads [default: one for each core]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The program
    #[arg(value_name = "PROGRAM.pt")]
    pub(crate) program: PathBuf,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Shown are the regions of the program (what decides whether its parts run), what it sends to
neighbours, what is left to the reference evaluator and why, and the instructions below the lines
that they come from. Functions stand in the place of their calls.")]
pub(crate) struct DisasmArgs {
    /// The program
    #[arg(value_name = "PROGRAM.pt")]
    pub(crate) program: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun fmt program.pt
  fieldrun fmt --check .
  cat program.pt | fieldrun fmt -

Line breaks inside brackets and between operators stay; what is wider than 100 columns is broken.
The program means the same afterwards, and every comment is kept. One text with syntax errors, and
no file is changed.")]
pub(crate) struct FmtArgs {
    /// Programs, folders of programs, or `-` for standard input to standard output
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write nothing; show what would change, and fail if anything would
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code, such as FR-L012; without it all codes are listed
    pub(crate) code: Option<String>,
    /// Print JSON: one object, or one a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The program
    #[arg(value_name = "PROGRAM.pt")]
    pub(crate) program: PathBuf,
    /// Number of rounds, one second each; 0 only loads the program
    #[arg(long, default_value_t = 1)]
    pub(crate) rounds: u64,
    /// Print one JSON object a round
    #[arg(long)]
    pub(crate) json: bool,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
    /// A value of the environment, as JSON
    #[arg(long, value_name = "KEY=JSON")]
    pub(crate) env: Vec<String>,
    /// Seed of the device's random numbers
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to write to; its last part names the files
    #[arg(value_name = "NAME", default_value = "first")]
    pub(crate) name: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun sim examples/crowd/crowd.toml
  fieldrun sim program.pt --time 2m --snapshot t=60 map.png
  fieldrun sim program.pt --snapshot t=1,5,20 strip.png --snapshot every=1s film.gif
  fieldrun sim program.pt --chart values.svg
  fieldrun sim program.pt --open
  fieldrun sim scenario.toml --json | head
  fieldrun sim scenario.toml --checkpoint every=60s
  fieldrun sim --from fieldrun-out/scenario/60s.checkpoint --set 'node 7 crash' --time 90s

Ctrl-C ends the run and writes what there is: exit code 130; pressed twice, it ends at once. Exit code
1: a round failed with --on-error stop, or a result could not be written.")]
pub(crate) struct SimArgs {
    /// A scenario, or a program for a default network of a hundred devices
    #[arg(value_name = "SCENARIO.toml|PROGRAM.pt", required_unless_present = "from")]
    pub(crate) scenario: Option<PathBuf>,
    /// Print one JSON object for each recorded event, and write no files unless asked to
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the effective scenario, with all that the file leaves out, and run nothing; with --json as JSON
    #[arg(long)]
    pub(crate) explain: bool,
    /// Another seed than the scenario's
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Another simulated time than the scenario's, such as 90s or 5m
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// Write checkpoints into the output folder: `every=60s`, `t=30,90`, or `end`
    #[arg(long, value_name = "WHEN")]
    pub(crate) checkpoint: Option<String>,
    /// Go on from a checkpoint, with the same bits as if the run had never stopped
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "seed")]
    pub(crate) from: Option<PathBuf>,
    /// Do something to the network before it runs on: what if? `node 7 crash`, `node 7 env source=true`,
    /// `node 3 move 10 20`, `link 1 2 cut` and others; may be repeated
    #[arg(long, value_name = "CHANGE")]
    pub(crate) set: Vec<String>,
    /// Whether a round that fails ends the run
    #[arg(
        long,
        value_name = "stop|continue",
        default_value = "continue",
        hide_possible_values = true
    )]
    pub(crate) on_error: OnError,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
    /// Folder for map.svg and values.csv [default: fieldrun-out/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write a picture: of one moment (`end`, `t=60`) a map, of several (`t=1,2,10`, `every=2s`) a film
    /// strip, both as .svg or .png; as .gif an animation. May be repeated
    #[arg(long, num_args = 2, value_names = ["WHEN", "FILE"])]
    pub(crate) snapshot: Vec<String>,
    /// Write a chart of mean, range and counts of the values over time, as .svg or .png
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
    /// Write the table of values to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Watch and play with it in a browser, and write nothing
    #[arg(long, conflicts_with_all = ["json", "out", "snapshot", "chart", "csv", "time"])]
    pub(crate) open: bool,
    /// The port of --open on this machine [default: a free one]
    #[arg(long, requires = "open", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) tables: TableArgs,
    /// Write what is needed to repeat the run to this file [default: manifest.json in the folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// What runs it: complete devices with messages, or columns without, which is for large networks of
    /// still devices with good links; `auto` chooses. Both give the same values
    #[arg(long, value_name = "auto|events|population", value_parser = engine_kind)]
    pub(crate) engine: Option<EngineKind>,
    /// Run it twice, on one thread and on several, and compare every bit; writes no files
    #[arg(long)]
    pub(crate) check_determinism: bool,
    /// Threads [default: all cores]; results do not depend on it
    #[arg(long)]
    pub(crate) threads: Option<usize>,
}

/// What becomes of a run in which a round fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// It ends.
    Stop,
    /// It goes on.
    Continue,
}

fn engine_kind(word: &str) -> Result<EngineKind, String> {
    let found = EngineKind::WORDS.iter().find(|(known, _)| *known == word);
    found.map(|(_, kind)| *kind).ok_or_else(|| "write auto, events or population".to_owned())
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fieldrun trace program.pt --at 3
  fieldrun trace examples/crowd/crowd.toml --at crowd.pt:25 --device 7 --from 20 --rounds 2

For each place on the line that shares something with neighbours (nbr, share, a sensor such as
self.nbrRange(), the reading of a variable that holds a field) it shows the device's own value and
the value and age of each neighbour's; or why a neighbour is not aligned: it took another branch,
called another function, lacks a key, runs another program, expired, left, or cannot be understood.
A line that only calls functions shows the places inside them.")]
pub(crate) struct TraceArgs {
    /// A scenario, or a program for a default network of a hundred devices
    #[arg(value_name = "SCENARIO.toml|PROGRAM.pt")]
    pub(crate) scenario: PathBuf,
    /// The place: of the program itself, or of a file that it loads
    #[arg(long, value_name = "[FILE:]LINE[:COLUMN]")]
    pub(crate) at: String,
    /// The device; may be repeated [default: the first one]
    #[arg(long, value_name = "ID")]
    pub(crate) device: Vec<String>,
    /// How many rounds are shown
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) rounds: u64,
    /// The first round that is shown
    #[arg(long, value_name = "ROUND", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) from: u64,
    /// One JSON object a round
    #[arg(long)]
    pub(crate) json: bool,
    /// Another seed than the scenario's
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Folder of modules; wins over the embedded library
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaCommand {
    /// Make the authority of a new cluster: ca.pem and ca.key
    Init {
        /// The name of the cluster
        #[arg(long)]
        cluster: String,
        /// Where the authority's files are written
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
        /// Days of validity
        #[arg(long, default_value_t = 3650)]
        days: u32,
    },
    /// Issue the certificate of a node: NODE.pem and NODE.key
    Issue {
        /// The name of the node
        node: String,
        /// A service that the node may speak for; may be repeated
        #[arg(long, value_name = "ID")]
        service: Vec<String>,
        /// Where the authority's files are
        #[arg(long, value_name = "DIR", default_value = ".")]
        ca: PathBuf,
        /// Where the node's files are written
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// Days of validity
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// Renew a node's certificate: the same names, for the same key or a new one
    #[command(after_help = "\
Examples:
  fieldrun ca renew n5/n5.pem --ca ca              the same key: only the certificate is replaced
  fieldrun ca renew n5/n5.pem --ca ca --new-key    n5.pem and n5.key; the old ones become *.old
  fieldrun ca renew n5.pem --ca ca --out renewed   written elsewhere, nothing is replaced

The node's key is not needed for a renewal with the same key. `fieldrun reload` takes the new
certificate up without dropping a connection.")]
    Renew {
        /// The certificate that is to be renewed
        #[arg(value_name = "NODE.pem")]
        file: PathBuf,
        /// Where the authority's files are
        #[arg(long, value_name = "DIR", default_value = ".")]
        ca: PathBuf,
        /// Write the new files there instead of replacing the old ones
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Make a new key
        #[arg(long)]
        new_key: bool,
        /// Days of validity
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
    /// Revoke certificates: nodes that load revoked.pem refuse them and cut their connections
    #[command(after_help = "\
Examples:
  fieldrun ca revoke n5 --ca ca --reason \"disk stolen\"   all certificates of node n5
  fieldrun ca revoke --serial 4f0c… --ca ca               one of them
  fieldrun ca revoke --file n5/n5.pem --ca ca             one that is at hand")]
    Revoke(RevokeArgs),
    /// Replace the authority while the cluster runs
    #[command(after_help = "\
Examples:
  fieldrun ca rotate --ca ca             a new authority beside the old; prints the steps to come
  fieldrun ca rotate --ca ca --finish    drops the old one, once every node has a new certificate")]
    Rotate {
        /// Where the authority's files are
        #[arg(long, value_name = "DIR", default_value = ".")]
        ca: PathBuf,
        /// Days of validity of the new authority
        #[arg(long, default_value_t = 3650)]
        days: u32,
        /// Drop the old authority
        #[arg(long)]
        finish: bool,
        /// Drop it even if nodes have no certificate of the new one
        #[arg(long, requires = "finish")]
        force: bool,
    },
    /// List the certificates that were issued, with those to renew
    List {
        /// Where the authority's files are
        #[arg(long, value_name = "DIR", default_value = ".")]
        ca: PathBuf,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Say whom certificates name, what they may publish and how long they are valid
    Show {
        /// A file of certificates, or of revocation lists
        #[arg(value_name = "FILE.pem")]
        file: PathBuf,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["node", "serial", "file"])))]
pub(crate) struct RevokeArgs {
    /// The node whose certificates are to be revoked
    pub(crate) node: Option<String>,
    /// The serial number of the certificate, as `fieldrun ca list` shows it
    #[arg(long, value_name = "HEX")]
    pub(crate) serial: Option<String>,
    /// The file of the certificate
    #[arg(long, value_name = "NODE.pem")]
    pub(crate) file: Option<PathBuf>,
    /// Where the authority's files are
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) ca: PathBuf,
    /// Why, for the list of issued certificates
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The Unix socket of a node's daemon
    #[arg(long, value_name = "SOCKET", env = "FIELDRUN_SOCKET", conflicts_with = "config")]
    pub(crate) socket: Option<PathBuf>,
    /// The node's configuration, which names its socket
    #[arg(short, long, value_name = "node.toml")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// The service's id
    pub(crate) service: String,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShutdownArgs {
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Stop its services first
    #[arg(long)]
    pub(crate) stop_services: bool,
}

/// Reads the command line; `fieldrun program.pt` is short for `fieldrun run program.pt`.
pub(crate) fn parse() -> Cli {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let is_program = |word: &OsString| PathBuf::from(word).extension().is_some_and(|e| e == "pt");
    if words.get(1).is_some_and(is_program) {
        words.insert(1, OsString::from("run"));
    }
    Cli::parse_from(words)
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        self.command.run().unwrap_or_else(|failure: Failure| failure.report())
    }
}

impl Command {
    fn run(self) -> Outcome {
        match self {
            Self::Demo(args) => commands::demo::demo(args),
            Self::Run(args) => commands::node::run(&args),
            Self::New(args) => commands::new::new(&args),
            Self::Sim(args) => commands::sim::sim(&args),
            Self::Eval(args) => commands::program::eval(&args),
            Self::Check(args) => commands::program::check(&args),
            Self::Lib(command) => commands::lib::lib(&command),
            Self::Verify(args) => commands::verify::verify(&args),
            Self::Trace(args) => commands::trace::trace(&args),
            Self::Disasm(args) => commands::program::disasm(&args),
            Self::Fmt(args) => commands::fmt::fmt(&args),
            Self::Explain(args) => commands::explain::explain(&args),
            Self::Bench(command) => commands::bench::bench(command),
            Self::Sweep(args) => commands::sweep::sweep(&args),
            Self::Repeat(args) => commands::manifest::repeat(&args),
            Self::Merge(args) => commands::sweep::merge(&args),
            Self::Ca(command) => commands::ca::ca(command),
            Self::Status(args) => commands::admin::status(&args),
            Self::Watch(args) => commands::admin::watch(&args),
            Self::Start(args) => commands::admin::start(args),
            Self::Stop(args) => commands::admin::stop(args),
            Self::Restart(args) => commands::admin::restart(args),
            Self::Reset(args) => commands::admin::reset(args),
            Self::Reload(args) => commands::admin::reload(&args),
            Self::Shutdown(args) => commands::admin::shutdown(&args),
            Self::QrService { words } => Ok(fieldrun_examples::qr::main(words)),
        }
    }
}
