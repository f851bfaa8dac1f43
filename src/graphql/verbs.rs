//! A span for each verb that an operation asks for, where traces are exported.
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextResolve, ResolveInfo};
use async_graphql::{ServerResult, Value};
use std::sync::Arc;
use tracing::Instrument;

/// Opens the spans. It costs every field a step, so it is there only when somebody collects them.
pub(super) struct Verbs;

impl ExtensionFactory for Verbs {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Verbs {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        if info.path_node.parent.is_some() || info.is_for_introspection {
            return next.run(ctx, info).await;
        }
        // Its name and nothing else: arguments are people's.
        let span = tracing::error_span!("verb", otel.name = info.name);
        next.run(ctx, info).instrument(span).await
    }
}
