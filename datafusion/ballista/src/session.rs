//! Sessions that know Herringbone.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use ballista_core::utils::default_session_builder;
use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use herringbone_datafusion::HerringboneOptions;

use crate::codec::HerringboneCodec;
use crate::planner::HerringbonePlanner;

/// A configuration for Ballista that knows the settings `herringbone.*`, with their defaults, and the nodes of writes.
/// For clients, and as the `override_config_producer` of schedulers and executors.
pub fn session_config() -> SessionConfig {
    let config = HerringboneOptions::default().register_in(SessionConfig::new_with_ballista());
    config.with_ballista_physical_extension_codec(Arc::new(HerringboneCodec::default()))
}

/// A session of a scheduler which plans writes by partition where these are asked for: as `override_session_builder`.
///
/// # Errors
/// If the session's runtime cannot be made.
pub fn scheduler_session(config: SessionConfig) -> Result<SessionState> {
    let state = default_session_builder(config)?;
    let id = state.session_id().to_owned();
    let planner = HerringbonePlanner::default();
    Ok(SessionStateBuilder::new_from_existing(state)
        .with_session_id(id)
        .with_query_planner(Arc::new(planner))
        .build())
}
