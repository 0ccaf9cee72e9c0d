//! Rights of the admin token.

use doorward_shared::admin::{Me, Role};

/// Rights of the admin token. Screens offer no command that the server would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// `true` if the token may change data.
    pub changes: bool,
    /// `true` if the token may use the installation and all tenants; `false` for a limited token.
    pub all_tenants: bool,
}

impl Rights {
    /// Returns the rights of a token. Before the server has described the token, there are no rights.
    pub fn of(me: Option<&Me>) -> Self {
        me.map_or_else(Self::default, |me| Self { changes: me.role == Role::Admin, all_tenants: me.tenants.is_none() })
    }
}
