//! Schedulers and executors of small clusters, and what they have written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballista::prelude::SessionContextExt;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::parquet::file::reader::SerializedFileReader;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext};
use datafusion_proto::physical_plan::PhysicalExtensionCodec;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use herringbone_ballista::{
    HerringboneCodec, HerringboneEngine, scheduler_session, session_config,
};
use object_store::ObjectStore;

/// No test takes longer, whatever hangs.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Fails after the time limit.
pub(crate) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIME_LIMIT, what)
        .await
        .expect("the cluster is not ready in time")
}

/// A scheduler in this process. Returns its port.
pub(crate) async fn start_scheduler(spreads_writes: Spreads) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = SchedulerConfig {
        bind_port: port,
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        executor_timeout_seconds: 3,
        expire_dead_executor_interval_seconds: 1,
        no_executors_grace_period_seconds: 20,
        ..SchedulerConfig::default()
    };
    if let Spreads::Yes = spreads_writes {
        config.override_config_producer = Some(Arc::new(session_config));
        config.override_session_builder = Some(Arc::new(scheduler_session));
        config.override_physical_codec = Some(Arc::new(HerringboneCodec::default()));
    }
    let cluster = BallistaCluster::new_from_config(&config).await.unwrap();
    let scheduler =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config))
            .await
            .unwrap();
    tokio::spawn(start_grpc_service_with_listener(listener, scheduler));
    port
}

/// Whether a scheduler knows of writes by partition, or is a stock one.
#[derive(Clone, Copy)]
pub(crate) enum Spreads {
    Yes,
    No,
}

/// An executor of one core which writes with Herringbone, in this process.
pub(crate) fn start_executor(scheduler: u16) {
    tokio::spawn(run_executor(scheduler, session_config, with_codec(), None));
}

/// The same, with this store for local files.
pub(crate) fn start_executor_with_store(scheduler: u16, files: Arc<dyn ObjectStore>) {
    tokio::spawn(run_executor(
        scheduler,
        session_config,
        with_codec(),
        Some(files),
    ));
}

pub(crate) async fn run_executor(
    scheduler: u16,
    settings: fn() -> SessionConfig,
    codec: Option<Arc<dyn PhysicalExtensionCodec>>,
    files: Option<Arc<dyn ObjectStore>>,
) {
    let work = tempfile::tempdir().unwrap();
    let config = ExecutorProcessConfig {
        port: free_port(),
        grpc_port: free_port(),
        scheduler_host: "127.0.0.1".to_owned(),
        scheduler_port: scheduler,
        scheduler_connect_timeout_seconds: 10,
        vcores: 1,
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        executor_heartbeat_interval_seconds: 1,
        memory_pool_size: Some(256 << 20),
        work_dir: Some(work.path().to_str().unwrap().to_owned()),
        override_config_producer: Some(Arc::new(settings)),
        override_execution_engine: Some(Arc::new(HerringboneEngine::default())),
        override_physical_codec: codec,
        override_runtime_producer: Some(Arc::new(move |_: &SessionConfig| runtime(files.clone()))),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.unwrap();
}

/// What executors need to know the nodes of writes by partition.
pub(crate) fn with_codec() -> Option<Arc<dyn PhysicalExtensionCodec>> {
    Some(Arc::new(HerringboneCodec::default()))
}

fn runtime(files: Option<Arc<dyn ObjectStore>>) -> datafusion::error::Result<Arc<RuntimeEnv>> {
    let runtime = RuntimeEnvBuilder::new().build_arc()?;
    if let Some(files) = files {
        let local = ObjectStoreUrl::local_filesystem();
        runtime.register_object_store(local.as_ref(), files);
    }
    Ok(runtime)
}

/// A process of this program that is an executor, and goes when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(scheduler: u16) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["failures::as_an_executor", "--exact", "--ignored"])
            .env("SCHEDULER_PORT", scheduler.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Kills the process, which has no time for anything.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A client, with a table `t` of `files` files, which are as many partitions, of `rows` rows each.
pub(crate) async fn client(scheduler: u16, folder: &Path, files: i64, rows: i64) -> SessionContext {
    let context = connect(scheduler, session_config(), files).await;
    add_table(&context, folder, files, rows).await;
    context
}

/// A client with no tables yet.
pub(crate) async fn connect(
    scheduler: u16,
    config: SessionConfig,
    partitions: i64,
) -> SessionContext {
    let config = one_file_each(config, usize::try_from(partitions).unwrap());
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .build();
    let url = format!("df://127.0.0.1:{scheduler}");
    let context = SessionContext::remote_with_state(&url, state).await;
    context.unwrap()
}

/// Makes a partition of each file, where files would be cut at any byte.
pub(crate) fn one_file_each(config: SessionConfig, files: usize) -> SessionConfig {
    config
        .with_target_partitions(files)
        .with_repartition_file_scans(false)
}

/// Registers the table `t`: `id` from zero, `part` of three values, and `text`.
pub(crate) async fn add_table(context: &SessionContext, folder: &Path, files: i64, rows: i64) {
    let table = folder.join("t");
    fs::create_dir_all(&table).unwrap();
    for file in 0..files {
        let path = table.join(format!("{file}.parquet"));
        write_stock(&path, rows_from(file * rows, rows)).await;
    }
    let table = url(&table);
    let options = ParquetReadOptions::default();
    context
        .register_parquet("t", &table, options)
        .await
        .unwrap();
}

pub(crate) fn rows_from(first: i64, rows: i64) -> RecordBatch {
    let ids = first..first + rows;
    let parts = ids.clone().map(|id| format!("p{}", id % 3));
    let texts = ids
        .clone()
        .map(|id| format!("this is the row with number {id}"));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone()))),
        ("part", Arc::new(StringArray::from_iter_values(parts))),
        ("text", Arc::new(StringArray::from_iter_values(texts))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// One file, by DataFusion alone.
async fn write_stock(path: &Path, batch: RecordBatch) {
    let context = SessionContext::new();
    let frame: DataFrame = context.read_batch(batch).unwrap();
    let path = path.to_str().unwrap();
    let options = datafusion::dataframe::DataFrameWriteOptions::new().with_single_file_output(true);
    frame.write_parquet(path, options, None).await.unwrap();
}

/// Runs `sql`, which writes. Returns the number of rows.
pub(crate) async fn write(context: &SessionContext, sql: &str) -> datafusion::error::Result<u64> {
    let batches = context.sql(sql).await?.collect().await?;
    let counts = batches.iter().flat_map(|batch| {
        let counts = batch.column(0).as_any().downcast_ref::<UInt64Array>();
        counts.unwrap().values().to_vec()
    });
    Ok(counts.sum())
}

pub(crate) fn url(folder: &Path) -> String {
    format!("file://{}/", folder.display())
}

/// All files below `folder`.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Waits until `folder` has as many files, which are whole.
pub(crate) async fn wait_for_files(folder: &Path, number: usize) -> Vec<PathBuf> {
    let begin = Instant::now();
    loop {
        let mut found = files(folder);
        found.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "parquet")
        });
        if found.len() >= number {
            return found;
        }
        assert!(begin.elapsed() < TIME_LIMIT, "no files were written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How often each `id` is in the files below `folder`.
pub(crate) fn ids(folder: &Path) -> BTreeMap<i64, usize> {
    let mut ids = BTreeMap::new();
    for path in files(folder) {
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        for row in reader.into_iter() {
            let row = row.unwrap();
            let (_, id) = row
                .get_column_iter()
                .find(|(name, _)| *name == "id")
                .unwrap();
            let datafusion::parquet::record::Field::Long(id) = id else {
                panic!("{id} is no number");
            };
            *ids.entry(*id).or_default() += 1;
        }
    }
    ids
}

/// Checks that the files below `folder` hold each of the first `rows` ids once.
pub(crate) fn assert_each_once(folder: &Path, rows: i64) {
    let ids = ids(folder);
    let wrong: Vec<_> = ids
        .iter()
        .filter(|(_, times)| **times != 1)
        .take(3)
        .collect();
    assert!(
        wrong.is_empty(),
        "ids that are there several times: {wrong:?}"
    );
    assert_eq!(
        i64::try_from(ids.len()).unwrap(),
        rows,
        "{:?}",
        files(folder)
    );
    assert_eq!(ids.keys().next_back().copied(), Some(rows - 1));
}

/// The names of all files below `folder`.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let files = files(folder);
    let names = files.iter().map(|file| file.file_name().unwrap());
    names
        .map(|name| name.to_str().unwrap().to_owned())
        .collect()
}

/// Checks that all files below `folder` begin with `prefix`, which only Herringbone heeds.
pub(crate) fn assert_named(folder: &Path, prefix: &str) {
    let names = names(folder);
    assert!(!names.is_empty());
    assert!(
        names.iter().all(|name| name.starts_with(prefix)),
        "{names:?}"
    );
}

/// Lets every partition be written by a task of its own.
pub(crate) async fn spread_writes(context: &SessionContext) {
    let set = "SET herringbone.partition_parallel = true";
    context.sql(set).await.unwrap().collect().await.unwrap();
}
