//! What [`crate::update`] wants done, and the doing of it. Whatever takes time runs beside the loop and answers with a
//! [`Message`].

use std::{collections::HashMap, sync::Arc};

use tokio::{sync::mpsc::UnboundedSender, task::AbortHandle};

use crate::{
    backend::{Admin, Call, Export},
    message::{Message, Reply, RequestId},
    secret::Secret,
};

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the server.
    Call(RequestId, Box<Call>),
    /// Forget about a call or an export: its answer is not wanted any more.
    Cancel(RequestId),
    /// Write an export.
    Export(RequestId, Box<Export>),
    /// Hand a secret to the terminal's clipboard.
    Copy(Secret),
    /// Draw every cell again, whatever the terminal shows.
    Redraw,
}

/// Carries calls out, side by side.
#[derive(Debug)]
pub(crate) struct Performer<A> {
    api: Arc<A>,
    answers: UnboundedSender<Message>,
    running: HashMap<RequestId, AbortHandle>,
}

impl<A: Admin> Performer<A> {
    pub(crate) fn new(api: Arc<A>, answers: UnboundedSender<Message>) -> Self {
        Self { api, answers, running: HashMap::new() }
    }

    /// Starts a call.
    pub(crate) fn call(&mut self, id: RequestId, call: Call) {
        let (api, answers) = (Arc::clone(&self.api), self.answers.clone());
        let task = tokio::spawn(async move {
            let result = api.call(call).await;
            // Nobody listens once the app has ended.
            let _ = answers.send(Message::Reply(Reply { id, result }));
        });
        self.keep(id, task.abort_handle());
    }

    /// Starts an export.
    pub(crate) fn export(&mut self, id: RequestId, export: Export) {
        let (api, answers) = (Arc::clone(&self.api), self.answers.clone());
        let progress = answers.clone();
        let task = tokio::spawn(async move {
            // One message a percent is enough to draw a bar; an export of millions of rows arrives in far more pieces.
            let mut told = None;
            let tell = move |at: crate::api::Progress| {
                let step = at.total.map_or(at.rows / 1_000, |total| at.rows.saturating_mul(100) / total.max(1));
                if told != Some(step) {
                    told = Some(step);
                    let _ = progress.send(Message::Progress(id, at));
                }
            };
            let result = api.export(export, tell).await;
            let _ = answers.send(Message::Exported(id, result));
        });
        self.keep(id, task.abort_handle());
    }

    /// Ends a call before its answer.
    pub(crate) fn cancel(&mut self, id: RequestId) {
        if let Some(task) = self.running.remove(&id) {
            task.abort();
        }
    }

    fn keep(&mut self, id: RequestId, task: AbortHandle) {
        self.running.retain(|_, task| !task.is_finished());
        self.running.insert(id, task);
    }
}

impl<A> Drop for Performer<A> {
    fn drop(&mut self) {
        self.running.values().for_each(AbortHandle::abort);
    }
}
