//! Runs requests and exports concurrently with the app's loop. Their results become messages.

use std::{any::Any, collections::HashMap, sync::Arc};

use tokio::{
    sync::mpsc::UnboundedSender,
    task::{AbortHandle, JoinSet},
};

use crate::{
    api::Progress,
    effect::{RequestId, RequestResult},
    message::Message,
    request::{ApiBackend, BackendRequest, ExportRequest},
};

/// Runs requests and exports. Dropping it cancels them.
#[derive(Debug)]
pub(crate) struct EffectRunner<A> {
    api: Arc<A>,
    messages: UnboundedSender<Message>,
    running: HashMap<RequestId, AbortHandle>,
    tasks: JoinSet<()>,
}

impl<A: ApiBackend> EffectRunner<A> {
    pub(crate) fn new(api: Arc<A>, messages: UnboundedSender<Message>) -> Self {
        Self { api, messages, running: HashMap::new(), tasks: JoinSet::new() }
    }

    pub(crate) fn request(&mut self, id: RequestId, call: BackendRequest) {
        let (api, messages) = (Arc::clone(&self.api), self.messages.clone());
        let task = self.tasks.spawn(async move {
            let result = api.call(call).await;
            // Sending fails only after the app has ended.
            let _ = messages.send(Message::Response(RequestResult { id, result }));
        });
        self.track(id, task);
    }

    pub(crate) fn export(&mut self, id: RequestId, export: ExportRequest) {
        let (api, messages) = (Arc::clone(&self.api), self.messages.clone());
        let progress_messages = messages.clone();
        let task = self.tasks.spawn(async move {
            // Sends at most one message per percent, because an export arrives in many small chunks.
            let mut reported = None;
            let report = move |progress: Progress| {
                let step = progress.percent().map_or(progress.rows / 1_000, u64::from);
                if reported.replace(step) != Some(step) {
                    let _ = progress_messages.send(Message::Progress(id, progress));
                }
            };
            let result = api.export(export, report).await;
            let _ = messages.send(Message::Exported(id, result));
        });
        self.track(id, task);
    }

    pub(crate) fn cancel(&mut self, id: RequestId) {
        if let Some(task) = self.running.remove(&id) {
            task.abort();
        }
    }

    /// Waits until a task panics and returns the panic's payload. Never returns otherwise.
    pub(crate) async fn panicked(&mut self) -> Box<dyn Any + Send> {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    if let Ok(panic) = error.try_into_panic() {
                        return panic;
                    }
                }
                // The app's loop calls this again after it has started a task.
                None => return std::future::pending().await,
            }
        }
    }

    fn track(&mut self, id: RequestId, task: AbortHandle) {
        self.running.retain(|_, task| !task.is_finished());
        self.running.insert(id, task);
    }
}
