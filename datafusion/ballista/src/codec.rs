//! Nodes of writes, on their way between the processes of a cluster.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::datasource::physical_plan::FileSink;
use datafusion::datasource::physical_plan::parquet::ParquetSink;
use datafusion::datasource::sink::DataSinkExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use datafusion::physical_expr::{LexRequirement, PhysicalExpr};
use datafusion::physical_expr_common::physical_expr::proto_decode::PhysicalExprDecodeCtx;
use datafusion::physical_expr_common::physical_expr::proto_encode::PhysicalExprEncodeCtx;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_proto_converter, physical_plan_to_bytes_with_proto_converter,
};
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use herringbone_datafusion::{
    HerringboneCountExec, HerringboneSink, HerringboneWriteExec, HerringboneWrites,
};

/// What the bytes of a node of a write begin with. A message of Ballista's begins otherwise: its fields are messages, and
/// the first byte says so.
const MARK: &[u8] = b"herringbone";

/// The kinds of nodes.
const WRITE: u8 = b'w';
const COUNT: u8 = b'c';
const SINK: u8 = b's';

/// Carries the nodes of writes, and what else a codec of Ballista carries.
///
/// A task that is decoded writes with Herringbone, whoever has planned it. So it is all that is needed where executors
/// have no [engine](crate::HerringboneEngine).
#[derive(Debug)]
pub struct HerringboneCodec {
    inner: Arc<dyn PhysicalExtensionCodec>,
}

impl HerringboneCodec {
    /// A codec that leaves all other nodes to `inner`.
    pub fn new(inner: Arc<dyn PhysicalExtensionCodec>) -> Self {
        Self { inner }
    }

    /// The bytes of a node of kind `kind` that writes with `sink`: those of a stock plan that writes the same.
    fn encode(
        &self,
        kind: u8,
        sink: &HerringboneSink,
        order: Option<LexRequirement>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let schema = Arc::clone(sink.config().output_schema());
        let stock = ParquetSink::new(sink.config().clone(), sink.parquet_options().clone());
        let plan = DataSinkExec::new(Arc::new(EmptyExec::new(schema)), Arc::new(stock), order);
        let bytes = physical_plan_to_bytes_with_proto_converter(Arc::new(plan), self, converter)?;
        buf.extend_from_slice(MARK);
        buf.push(kind);
        buf.extend_from_slice(&bytes);
        Ok(())
    }

    fn decode(
        &self,
        kind: u8,
        bytes: &[u8],
        input: Arc<dyn ExecutionPlan>,
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = physical_plan_from_bytes_with_proto_converter(bytes, context, self, converter)?;
        let stock = plan.downcast_ref::<DataSinkExec>();
        let stock = stock.ok_or_else(|| malformed("holds no sink"))?;
        let order = stock.sort_order().clone();
        let sink = stock.sink().downcast_ref::<ParquetSink>();
        let sink = sink.ok_or_else(|| malformed("holds a sink for something else"))?;
        let mut config = FileSink::config(sink).clone();
        // What the user wrote is not among the bytes; it is for display alone.
        if let (true, Some(table)) = (config.original_url.is_empty(), config.table_paths.first()) {
            config.original_url = table.to_string();
        }
        let sink = HerringboneSink::new(config, sink.parquet_options().clone());
        let sink = Arc::new(sink.with_order(order.as_ref()));
        match kind {
            // A task has a part of the partitions, and does not know which.
            WRITE => Ok(Arc::new(
                HerringboneWriteExec::new(input, sink).with_random_names(),
            )),
            COUNT => Ok(Arc::new(HerringboneCountExec::new(input, sink))),
            SINK => Ok(Arc::new(DataSinkExec::new(input, sink, order))),
            _ => Err(malformed("is of a kind that this version does not know")),
        }
    }
}

impl Default for HerringboneCodec {
    fn default() -> Self {
        Self::new(Arc::new(BallistaPhysicalExtensionCodec::default()))
    }
}

impl PhysicalExtensionCodec for HerringboneCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(rest) = buf.strip_prefix(MARK) else {
            let writes = HerringboneWrites::in_one_stream();
            let config = context.session_config().options();
            let inputs = inputs
                .iter()
                .map(|input| writes.rewrite(Arc::clone(input), config))
                .collect::<Result<Vec<_>>>()?;
            return self.inner.try_decode(buf, &inputs, context, converter);
        };
        match (rest, inputs) {
            ([kind, bytes @ ..], [input]) => {
                self.decode(*kind, bytes, Arc::clone(input), context, converter)
            }
            _ => Err(malformed("has no kind, or not one input")),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        if let Some(write) = node.downcast_ref::<HerringboneWriteExec>() {
            return self.encode(WRITE, write.sink(), None, buf, converter);
        }
        if let Some(count) = node.downcast_ref::<HerringboneCountExec>() {
            return self.encode(COUNT, count.sink(), None, buf, converter);
        }
        if let Some(write) = node.downcast_ref::<DataSinkExec>()
            && let Some(sink) = write.sink().downcast_ref::<HerringboneSink>()
        {
            return self.encode(SINK, sink, write.sort_order().clone(), buf, converter);
        }
        self.inner.try_encode(node, buf, converter)
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.inner.try_decode_udf(name, buf)
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.inner.try_encode_udf(node, buf)
    }

    fn try_decode_higher_order_function(
        &self,
        name: &str,
        buf: &[u8],
    ) -> Result<Arc<HigherOrderUDF>> {
        self.inner.try_decode_higher_order_function(name, buf)
    }

    fn try_encode_higher_order_function(
        &self,
        node: &HigherOrderUDF,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        self.inner.try_encode_higher_order_function(node, buf)
    }

    fn try_decode_expr(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn PhysicalExpr>],
        context: &PhysicalExprDecodeCtx<'_>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        self.inner.try_decode_expr(buf, inputs, context)
    }

    fn try_encode_expr(
        &self,
        node: &Arc<dyn PhysicalExpr>,
        buf: &mut Vec<u8>,
        context: &PhysicalExprEncodeCtx<'_>,
    ) -> Result<()> {
        self.inner.try_encode_expr(node, buf, context)
    }

    fn try_decode_udaf(&self, name: &str, buf: &[u8]) -> Result<Arc<AggregateUDF>> {
        self.inner.try_decode_udaf(name, buf)
    }

    fn try_encode_udaf(&self, node: &AggregateUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.inner.try_encode_udaf(node, buf)
    }

    fn try_decode_udwf(&self, name: &str, buf: &[u8]) -> Result<Arc<WindowUDF>> {
        self.inner.try_decode_udwf(name, buf)
    }

    fn try_encode_udwf(&self, node: &WindowUDF, buf: &mut Vec<u8>) -> Result<()> {
        self.inner.try_encode_udwf(node, buf)
    }
}

fn malformed(what: &str) -> DataFusionError {
    DataFusionError::Internal(format!("a node of a write {what}"))
}
