//! The scheduler and the executors.

use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;
use herringbone_ballista::{
    HerringboneCodec, HerringboneEngine, scheduler_session, session_config,
};
use object_store::aws::AmazonS3Builder;

use crate::{Executor, Result, Target};

pub(crate) async fn schedule(port: u16, target: Target) -> Result<()> {
    let config = SchedulerConfig {
        bind_port: port,
        scheduling_policy: TaskSchedulingPolicy::PushStaged,
        override_config_producer: Some(Arc::new(session_config)),
        override_session_builder: Some(Arc::new(move |config| {
            let state = scheduler_session(config)?;
            register(state.runtime_env(), &target)?;
            Ok(state)
        })),
        override_physical_codec: Some(Arc::new(HerringboneCodec::default())),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    let address = format!("127.0.0.1:{port}").parse()?;
    start_server(cluster, address, Arc::new(config)).await?;
    Ok(())
}

pub(crate) async fn execute(executor: Executor) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_string_lossy().into_owned();
    let target = executor.target;
    let spills = folder.path().to_path_buf();
    let config = ExecutorProcessConfig {
        port: executor.port,
        grpc_port: executor.control_port,
        scheduler_host: "127.0.0.1".to_owned(),
        scheduler_port: executor.scheduler,
        scheduler_connect_timeout_seconds: 20,
        vcores: executor.cores,
        task_scheduling_policy: TaskSchedulingPolicy::PushStaged,
        memory_pool_size: Some(executor.memory << 20),
        work_dir: Some(path),
        override_config_producer: Some(Arc::new(session_config)),
        override_execution_engine: Some(Arc::new(HerringboneEngine::default())),
        override_physical_codec: Some(Arc::new(HerringboneCodec::default())),
        override_runtime_producer: Some(Arc::new(move |_: &SessionConfig| {
            let runtime = RuntimeEnvBuilder::new()
                .with_temp_file_path(&spills)
                .build_arc()?;
            register(&runtime, &target)?;
            Ok(runtime)
        })),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await?;
    Ok(())
}

/// Makes a bucket known to `runtime`, if that is what is written to. Local files are known.
pub(crate) fn register(runtime: &RuntimeEnv, target: &Target) -> datafusion::error::Result<()> {
    let Some(url) = target.to.as_ref().filter(|url| url.scheme() == "s3") else {
        return Ok(());
    };
    let bucket = url.host_str().unwrap_or_default();
    let store = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .build()?;
    runtime.register_object_store(url, Arc::new(store));
    Ok(())
}
