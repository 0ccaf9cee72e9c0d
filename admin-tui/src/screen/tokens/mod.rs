//! The admin tokens.

mod view;

use doorward_shared::{AdminTokenId, admin::AdminTokenItem};

use crate::{
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{
        Binding, Command, Dialog, FormKind, Key, Keyed, LIST_KEYS, LoadedPage, Page, PagedList, Question, Selection,
        Tone, UpdateContext, bind, pick,
    },
};

impl Keyed for AdminTokenItem {
    fn key(&self) -> String {
        self.secret.id.to_string()
    }
}

#[derive(Debug, Clone, Default)]
pub struct Tokens {
    list: PagedList<AdminTokenItem>,
}

fn confirm_revocation(token: &AdminTokenItem) -> Question {
    let name = &token.secret.name;
    let lines = vec![
        (Tone::Plain, format!("{name} ({}, {}) stops working with the next request.", token.role, token.secret.hint)),
        (Tone::Warn, "If this app uses the token, the session ends.".to_owned()),
    ];
    let call = BackendRequest::RevokeAdminToken(AdminTokenId::new(token.secret.id));
    let (title, done) = (format!("Revoke admin token {name}?"), format!("Revoked admin token {name}"));
    Question::destructive_request(title, "revoke", lines, call, done)
}

impl Page for Tokens {
    fn title(&self) -> String {
        "Admin tokens".to_owned()
    }

    fn bindings(&self, may_change: bool) -> Vec<Binding> {
        let mut bindings = Vec::new();
        if may_change {
            bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create an admin token"));
        }
        if may_change && !self.list.rows.is_empty() {
            let keys = &[Key::Char('d'), Key::Delete];
            bindings.push(bind(keys, Command::Delete, "revoke", "revoke the admin token"));
        }
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match (command, self.list.selected()) {
            (Command::New, _) => cx.show(Dialog::Form(FormKind::CreateToken)),
            (Command::Delete, Some(token)) => cx.show(Dialog::Confirm(confirm_revocation(token))),
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.list.reload(BackendRequest::AdminTokens, cx);
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        self.list.handle_response(response, pick!(BackendResponse::AdminTokens(rows) => LoadedPage::complete(rows)))
    }

    fn is_busy(&self) -> bool {
        self.list.is_pending()
    }

    fn status(&self) -> Option<(String, Tone)> {
        Some((self.list.count("token"), Tone::Dim))
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        Some(self.list.selection_and_len())
    }
}
