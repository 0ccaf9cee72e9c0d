//! Context of every tenant operation: the application, the tenant and the request's metadata.

use std::sync::Arc;

use super::tenant_cache::TenantSnapshot;
use crate::{app::App, domain::RequestMeta};

#[derive(Debug, Clone)]
pub struct RequestContext {
    pub app: Arc<App>,
    /// The tenant in its state at the start of the request.
    pub tenant: Arc<TenantSnapshot>,
    /// Request id, client address and user agent.
    pub meta: RequestMeta,
}
