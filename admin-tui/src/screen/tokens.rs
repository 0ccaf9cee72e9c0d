//! The admin tokens.

use doorward_shared::{AdminTokenId, admin::AdminTokenItem};

use super::Page;
use crate::{
    backend::{Answer, Call},
    keymap::{Binding, Command, Key, MOVES, bind},
    list::{Cursor, Loaded, Paged, Row},
    message::Reply,
    model::{Cx, Tone},
    overlay::{Confirm, Overlay, confirm::Act, forms},
};

impl Row for AdminTokenItem {
    fn key(&self) -> String {
        self.secret.id.to_string()
    }
}

/// The screen.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// The tokens.
    pub list: Paged<AdminTokenItem>,
}

impl Tokens {
    fn confirm_revocation(token: &AdminTokenItem) -> Confirm {
        let name = &token.secret.name;
        let lines = vec![
            (
                Tone::Plain,
                format!("{name} ({}, {}) is refused from the next request on.", token.role, token.secret.hint),
            ),
            (Tone::Warn, "If it is the token in use here, this session ends.".to_owned()),
        ];
        let call = Call::RevokeAdminToken(AdminTokenId::new(token.secret.id));
        let act = Act::Call { call: Box::new(call), done: format!("Revoked admin token {name}"), leave: false };
        Confirm::destroying(format!("Revoke admin token {name}?"), "revoke", lines, act)
    }
}

impl Page for Tokens {
    fn title(&self) -> String {
        "Admin tokens".to_owned()
    }

    fn commands(&self, may_change: bool) -> Vec<Binding> {
        let mut bindings = Vec::new();
        if may_change {
            bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create an admin token"));
            if !self.list.rows.is_empty() {
                bindings.push(bind(
                    &[Key::Char('d'), Key::Delete],
                    Command::Delete,
                    "revoke",
                    "revoke the admin token",
                ));
            }
        }
        bindings.extend(MOVES);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::New => cx.dialog(Overlay::Form(Box::new(forms::create_token()))),
            Command::Delete => {
                if let Some(token) = self.list.selected() {
                    cx.dialog(Overlay::Confirm(Box::new(Self::confirm_revocation(token))));
                }
            }
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        self.list.load(Call::AdminTokens, cx);
    }

    fn settle(&mut self, reply: Reply, _cx: &mut Cx<'_>) -> Option<Reply> {
        self.list.settle(reply, |answer| match answer {
            Answer::AdminTokens(rows) => Some(Loaded::whole(rows)),
            _ => None,
        })
    }

    fn is_busy(&self) -> bool {
        self.list.is_pending()
    }

    fn list(&mut self) -> Option<(&mut Cursor, usize)> {
        Some((&mut self.list.cursor, self.list.rows.len()))
    }
}
