//! Related origins (WebAuthn §5.11).

use serde::{Deserialize, Serialize};

/// Response of `/.well-known/webauthn`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RelatedOrigins {
    /// Origins of other domains whose pages may use the tenant's RP ID.
    #[cfg_attr(feature = "openapi", schema(example = json!(["https://example.net"])))]
    pub origins: Vec<String>,
}
