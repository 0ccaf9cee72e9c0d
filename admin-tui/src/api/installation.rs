//! The installation: readiness, the caller's identity, overview and metrics.

use doorward_shared::admin::{Me, Overview};

use super::{client::Api, error::ApiError};

impl Api {
    /// `GET /health/ready`: succeeds if the server and its database are available. Needs no token.
    pub async fn ready(&self) -> Result<(), ApiError> {
        self.get(&["health", "ready"]).no_content().await
    }

    pub async fn me(&self) -> Result<Me, ApiError> {
        self.get(&["me"]).json().await
    }

    /// `GET /overview`: summary of the installation, with the activity of the last `days` (1 to 90).
    pub async fn overview(&self, days: u32) -> Result<Overview, ApiError> {
        self.get(&["overview"]).param("days", days).json().await
    }

    /// `GET /metrics`: metrics in the Prometheus text format.
    pub async fn metrics(&self) -> Result<String, ApiError> {
        self.get(&["metrics"]).text().await
    }
}
