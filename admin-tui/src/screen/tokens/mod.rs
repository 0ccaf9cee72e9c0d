//! The admin tokens.

mod view;

use doorward_shared::{
    AdminTokenId, ErrorCode,
    admin::{AdminTokenItem, Me, SecretItem},
};

use super::table_sort::{SORT_KEYS, Sorted as _, TableSort};
use crate::{
    effect::RequestResult,
    request::{BackendRequest, BackendResponse},
    ui::{
        Binding, ClickTarget, Command, Dialog, FormKind, Key, Keyed, LIST_KEYS, LoadedPage, Page, PagedList, Question,
        Remote, Rights, Selection, Tone, UpdateContext, bind, pick,
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
    sort: TableSort,
    /// The token that this app uses.
    me: Remote<Me>,
}

impl Tokens {
    fn is_in_use(&self, token: &AdminTokenItem) -> bool {
        self.me.value.as_ref().is_some_and(|me| me.id.uuid() == token.secret.id)
    }

    fn sort_by(&mut self, sort: TableSort) {
        self.sort = sort;
        let offset = self.list.selection.offset;
        self.sort.apply(&mut self.list, offset);
    }

    fn confirm_revocations(&self) -> Option<Question> {
        let mut tokens = self.list.marked();
        // Once the token of this app is revoked, the server refuses all later requests, so this token is revoked last.
        tokens.sort_by_key(|token| self.is_in_use(token));
        let object = |token: &AdminTokenItem| {
            let SecretItem { name, hint, id, .. } = &token.secret;
            let mark = if self.is_in_use(token) { " — this app uses it" } else { "" };
            let call = BackendRequest::RevokeAdminToken(AdminTokenId::new(*id), false);
            (format!("{name} ({}, {hint}){mark}", token.role), call)
        };
        // Only tokens with the role admin can revoke tokens, so this app's token has this role. While it is usable, no
        // other token is the last one with this role. `LastAdminToken` can therefore concern only this app's token.
        let last = tokens.last().filter(|token| self.is_in_use(token));
        let if_refused = last.map(|token| (ErrorCode::LastAdminToken, Box::new(confirm_last_revocation(token))));
        let objects = tokens.into_iter().map(object).collect();
        let lines = vec![(Tone::Plain, "They stop working with the next request:".to_owned())];
        let question = Question::bulk(("revoke", "Revoked"), "admin token", lines, objects)?;
        Some(Question { if_refused, ..question })
    }

    fn confirm_revocation(&self, token: &AdminTokenItem) -> Question {
        let SecretItem { name, hint, id, .. } = &token.secret;
        let mut lines =
            vec![(Tone::Plain, format!("{name} ({}, {hint}) stops working with the next request.", token.role))];
        if self.is_in_use(token) {
            let text = "This app uses the token: you cannot continue without another one.";
            lines.push((Tone::Bad, text.to_owned()));
        }
        let call = BackendRequest::RevokeAdminToken(AdminTokenId::new(*id), false);
        let (title, done) = (format!("Revoke admin token {name}?"), format!("Revoked admin token {name}"));
        let question = Question::destructive_request(title, "revoke", lines, call, done);
        let last = confirm_last_revocation(token);
        Question { if_refused: Some((ErrorCode::LastAdminToken, Box::new(last))), ..question }
    }
}

/// Returns the question that is asked after the server refused to revoke the last token with the role admin.
fn confirm_last_revocation(token: &AdminTokenItem) -> Question {
    let SecretItem { name, id, .. } = &token.secret;
    let lines = vec![
        (Tone::Bad, "No other usable token has the role admin.".to_owned()),
        (Tone::Plain, "Afterwards nothing can be changed through the admin API.".to_owned()),
        (Tone::Plain, "On the server's machine, doorward admin-token create makes a new one.".to_owned()),
        (Tone::Strong, "Type the name to confirm:".to_owned()),
    ];
    let (title, done) = (format!("Revoke the last admin token {name}?"), format!("Revoked admin token {name}"));
    let call = BackendRequest::RevokeAdminToken(AdminTokenId::new(*id), true);
    Question { typed_name: Some(name.clone()), ..Question::destructive_request(title, "revoke", lines, call, done) }
}

impl Page for Tokens {
    fn title(&self) -> String {
        "Admin tokens".to_owned()
    }

    fn bindings(&self, rights: Rights) -> Vec<Binding> {
        let mut bindings = Vec::new();
        if rights.changes {
            bindings.push(bind(&[Key::Char('n')], Command::New, "new", "create an admin token"));
        }
        if rights.changes && !self.list.rows.is_empty() {
            let keys = &[Key::Char('d'), Key::Delete];
            bindings.push(bind(keys, Command::Delete, "revoke", "revoke the admin token, or all marked ones"));
            bindings.extend(self.list.mark_bindings());
        }
        bindings.extend(SORT_KEYS);
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        if self.list.mark(command) {
            return;
        }
        match (command, self.list.selected()) {
            (Command::Delete, _) if !self.list.marked().is_empty() => {
                if let Some(question) = self.confirm_revocations() {
                    cx.show(Dialog::Confirm(question));
                }
            }
            (Command::Sort | Command::Reverse, _) => {
                self.sort_by(self.sort.after(command, AdminTokenItem::COLUMNS));
            }
            (Command::New, _) => cx.show(Dialog::Form(FormKind::CreateToken)),
            (Command::Delete, Some(token)) => cx.show(Dialog::Confirm(self.confirm_revocation(token))),
            _ => {}
        }
    }

    fn load(&mut self, cx: &mut UpdateContext<'_>) {
        self.list.reload(BackendRequest::AdminTokens, cx);
        self.me.load(BackendRequest::Me, cx);
    }

    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        let response = self.me.handle_response(response, pick!(BackendResponse::Me(me) => me))?;
        let tokens = pick!(BackendResponse::AdminTokens(rows) => LoadedPage::complete(rows));
        let offset = self.list.selection.offset;
        let other = self.list.handle_response(response, tokens);
        self.sort.apply(&mut self.list, offset);
        other
    }

    fn is_busy(&self) -> bool {
        self.list.is_pending()
    }

    fn status(&self) -> Option<(String, Tone)> {
        Some((self.list.count("token"), Tone::Dim))
    }

    fn click(&mut self, target: ClickTarget, _cx: &mut UpdateContext<'_>) {
        if let ClickTarget::Column(column) = target {
            self.sort_by(self.sort.by(column));
        }
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        Some(self.list.selection_and_len())
    }
}
