//! The whole cluster on this machine, each part a process.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

use crate::client::{self, Outcome};
use crate::{Measure, Result, Tables, Target, data};

pub(crate) async fn run(measure: &Measure) -> Result<()> {
    let folder = TempDir::new()?;
    let tables = Tables {
        folder: folder.path().join("tables"),
        scale: measure.scale,
        partitions: measure.partitions,
    };
    data::write(&tables).await?;
    println!("| executors | rows | files | MB | seconds | against the first |");
    println!("|---|---|---|---|---|---|");
    let mut first = None;
    for executors in &measure.executors {
        let mut best: Option<Outcome> = None;
        for run in 0..measure.runs.max(1) {
            let to = match &measure.target.to {
                Some(to) => to.join(&format!("{executors}-{run}/"))?,
                None => Url::from_directory_path(folder.path().join(format!("{executors}-{run}")))
                    .map_err(|()| "the folder has no URL")?,
            };
            let target = Target { to: Some(to) };
            let cluster = Cluster::start(*executors, measure.bind, &target)?;
            let outcome = client::run(cluster.scheduler, &tables, &target).await?;
            if best.is_none_or(|best| outcome.time < best.time) {
                best = Some(outcome);
            }
        }
        let Some(best) = best else { continue };
        let seconds = best.time.as_secs_f64();
        let ratio = *first.get_or_insert(seconds) / seconds;
        let (rows, files, megabytes) = (best.rows, best.files, best.bytes / 1_000_000);
        println!(
            "| {executors} | {rows} | {files} | {megabytes} | {seconds:.2} | {ratio:.2} times as quick |"
        );
    }
    Ok(())
}

/// A scheduler and executors, which end when this is dropped.
struct Cluster {
    scheduler: u16,
    processes: Vec<Process>,
}

impl Cluster {
    fn start(executors: usize, bind: bool, target: &Target) -> Result<Self> {
        let scheduler = free_port()?;
        let mut cluster = Self {
            scheduler,
            processes: Vec::new(),
        };
        cluster.add(None, "scheduler", &[("--port", scheduler)], target)?;
        wait_for(scheduler)?;
        for core in 0..executors {
            let (port, control) = (free_port()?, free_port()?);
            let ports = [
                ("--scheduler", scheduler),
                ("--port", port),
                ("--control-port", control),
            ];
            cluster.add(bind.then_some(core), "executor", &ports, target)?;
            wait_for(port)?;
        }
        Ok(cluster)
    }

    fn add(
        &mut self,
        core: Option<usize>,
        role: &str,
        ports: &[(&str, u16)],
        target: &Target,
    ) -> Result<()> {
        let program = std::env::current_exe()?;
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg(role).stdout(Stdio::null());
        for (name, port) in ports {
            command.args([*name, &port.to_string()]);
        }
        if let Some(to) = &target.to {
            command.args(["--to", to.as_str()]);
        }
        self.processes.push(Process(command.spawn()?));
        Ok(())
    }
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until somebody listens on `port`.
fn wait_for(port: u16) -> Result<()> {
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begin.elapsed() > Duration::from_secs(30) {
            return Err(format!("nobody listens on port {port}").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
