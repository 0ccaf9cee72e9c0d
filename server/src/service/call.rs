//! What every operation for a tenant is given: the installation, the tenant as of now, and where the request came from.

use std::sync::Arc;

use super::snapshot::TenantSnapshot;
use crate::{app::App, domain::RequestMeta};

/// A request to a tenant.
#[derive(Debug, Clone)]
pub struct Call {
    /// The installation.
    pub app: Arc<App>,
    /// The tenant, as of the request's beginning.
    pub tenant: Arc<TenantSnapshot>,
    /// Where the request came from.
    pub meta: RequestMeta,
}
