//! The installation: health, who is asking, the overview.

use doorward_shared::admin::{Me, Overview};

use super::{Api, ApiError};

impl Api {
    /// `GET /health/ready`: whether the server and its database are there. Needs no token.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn ready(&self) -> Result<(), ApiError> {
        self.read(&["health", "ready"]).done().await
    }

    /// `GET /me`: the token's name and role.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn me(&self) -> Result<Me, ApiError> {
        self.read(&["me"]).answer().await
    }

    /// `GET /overview`: the installation at a glance, with the activity of the last `days` (1 to 90).
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn overview(&self, days: u32) -> Result<Overview, ApiError> {
        self.read(&["overview"]).with("days", days).answer().await
    }

    /// `GET /metrics`: in the text format of Prometheus.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn metrics(&self) -> Result<String, ApiError> {
        self.read(&["metrics"]).text().await
    }
}
