//! A join of TPC-H's largest tables, written by all executors of a cluster at once.
//!
//! Everything on this machine, with one executor and then with two:
//!
//! ```text
//! cargo run --release --example ballista -- measure --executors 1 --executors 2
//! ```
//!
//! The parts of a cluster, each a process:
//!
//! ```text
//! cargo run --release --example ballista -- data --folder /tmp/tpch
//! cargo run --release --example ballista -- scheduler --port 50050
//! cargo run --release --example ballista -- executor --scheduler 50050 --port 50061 --control-port 50062
//! cargo run --release --example ballista -- client --scheduler 50050 --folder /tmp/tpch --to file:///tmp/out/
//! ```
//!
//! To write to S3 let `--to` be `s3://bucket/folder/`; endpoint and keys are taken from `AWS_*` in the environment of all
//! processes, which `measure` hands on.

mod client;
mod data;
mod measure;
mod services;

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use url::Url;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Parser)]
#[command(about = "Writes a join of TPC-H's tables with a cluster of Ballista")]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Writes the tables that are joined, if they are not there.
    Data(Tables),
    /// Plans jobs, and hands out tasks.
    Scheduler {
        #[arg(long, default_value_t = 50050)]
        port: u16,
        #[command(flatten)]
        target: Target,
    },
    /// Runs tasks.
    Executor(Executor),
    /// Has the join written, and says what was.
    Client {
        /// The scheduler's port.
        #[arg(long, default_value_t = 50050)]
        scheduler: u16,
        #[command(flatten)]
        tables: Tables,
        #[command(flatten)]
        target: Target,
    },
    /// Does all of this on this machine, for several numbers of executors.
    Measure(Measure),
}

#[derive(Debug, Args, Clone)]
struct Tables {
    /// Where the tables are.
    #[arg(long)]
    folder: PathBuf,
    /// TPC-H's scale factor.
    #[arg(long, default_value_t = 0.2)]
    scale: f64,
    /// Files of each table, and partitions of the join.
    #[arg(long, default_value_t = 8)]
    partitions: usize,
}

#[derive(Debug, Args, Clone)]
struct Target {
    /// The folder that is written to, which all processes must reach.
    #[arg(long)]
    to: Option<Url>,
}

#[derive(Debug, Args)]
struct Executor {
    /// The scheduler's port.
    #[arg(long, default_value_t = 50050)]
    scheduler: u16,
    /// Where other executors and clients fetch results.
    #[arg(long)]
    port: u16,
    /// Where the scheduler sends tasks.
    #[arg(long)]
    control_port: u16,
    /// Tasks at once.
    #[arg(long, default_value_t = 1)]
    cores: usize,
    /// Memory for all tasks, in MiB.
    #[arg(long, default_value_t = 512)]
    memory: u64,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Args)]
struct Measure {
    /// Numbers of executors, each with one core.
    #[arg(long, default_values_t = [1, 2])]
    executors: Vec<usize>,
    /// Runs for each number, of which the quickest counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Binds each executor to a core of its own, by `taskset`.
    #[arg(long)]
    bind: bool,
    #[arg(long, default_value_t = 0.2)]
    scale: f64,
    #[arg(long, default_value_t = 8)]
    partitions: usize,
    #[command(flatten)]
    target: Target,
}

fn main() -> Result<()> {
    let Arguments { role } = Arguments::parse();
    let threads = match &role {
        Role::Executor(executor) => executor.cores,
        _ => 2,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match role {
            Role::Data(tables) => data::write(&tables).await,
            Role::Scheduler { port, target } => services::schedule(port, target).await,
            Role::Executor(executor) => services::execute(executor).await,
            Role::Client {
                scheduler,
                tables,
                target,
            } => {
                let outcome = client::run(scheduler, &tables, &target).await?;
                println!("{outcome}");
                Ok(())
            }
            Role::Measure(measure) => measure::run(&measure).await,
        }
    })
}
