//! What [`crate::update`] wants done, and the doing of it. Whatever takes time runs beside the loop and answers with a
//! [`Message`].

use std::{any::Any, collections::HashMap, sync::Arc};

use tokio::{
    sync::mpsc::UnboundedSender,
    task::{AbortHandle, JoinSet},
};

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
    /// Leave the terminal to the shell, and stop until the shell says to go on.
    Suspend,
    /// Take the terminal again after somebody else had it.
    Retake,
}

/// Carries calls out, side by side. All end when the value is dropped.
#[derive(Debug)]
pub(crate) struct Performer<A> {
    api: Arc<A>,
    answers: UnboundedSender<Message>,
    running: HashMap<RequestId, AbortHandle>,
    tasks: JoinSet<()>,
}

impl<A: Admin> Performer<A> {
    pub(crate) fn new(api: Arc<A>, answers: UnboundedSender<Message>) -> Self {
        Self { api, answers, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Starts a call.
    pub(crate) fn call(&mut self, id: RequestId, call: Call) {
        let (api, answers) = (Arc::clone(&self.api), self.answers.clone());
        let task = self.tasks.spawn(async move {
            let result = api.call(call).await;
            // Nobody listens once the app has ended.
            let _ = answers.send(Message::Reply(Reply { id, result }));
        });
        self.keep(id, task);
    }

    /// Starts an export.
    pub(crate) fn export(&mut self, id: RequestId, export: Export) {
        let (api, answers) = (Arc::clone(&self.api), self.answers.clone());
        let progress = answers.clone();
        let task = self.tasks.spawn(async move {
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
        self.keep(id, task);
    }

    /// Ends a call before its answer.
    pub(crate) fn cancel(&mut self, id: RequestId) {
        if let Some(task) = self.running.remove(&id) {
            task.abort();
        }
    }

    /// Waits for something that was carried out to panic; answers what it panicked with. Without one, this does not end.
    pub(crate) async fn panicked(&mut self) -> Box<dyn Any + Send> {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    if let Ok(panic) = error.try_into_panic() {
                        return panic;
                    }
                }
                // The loop asks again once there is something to wait for.
                None => return std::future::pending().await,
            }
        }
    }

    fn keep(&mut self, id: RequestId, task: AbortHandle) {
        self.running.retain(|_, task| !task.is_finished());
        self.running.insert(id, task);
    }
}
