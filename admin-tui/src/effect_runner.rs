//! Runs requests and exports concurrently with the app's loop. Their results become messages.

use std::{any::Any, collections::HashMap, path::PathBuf, sync::Arc};

use tokio::{
    sync::{mpsc::UnboundedSender, oneshot},
    task::{AbortHandle, JoinSet, spawn_blocking},
};

use crate::{
    api::Progress,
    effect::{RequestId, RequestResult},
    message::Message,
    request::{ApiBackend, BackendRequest, ExportRequest},
    settings,
};

/// Runs requests and exports. Dropping the runner cancels those that are pending.
#[derive(Debug)]
pub(crate) struct EffectRunner<A> {
    api: Arc<A>,
    messages: UnboundedSender<Message>,
    running: HashMap<RequestId, AbortHandle>,
    /// The export in progress. Dropping the sender cancels it.
    export: Option<(RequestId, oneshot::Sender<()>)>,
    config_file: Option<PathBuf>,
    tasks: JoinSet<()>,
}

impl<A: ApiBackend> EffectRunner<A> {
    pub(crate) fn new(api: Arc<A>, messages: UnboundedSender<Message>, config_file: Option<PathBuf>) -> Self {
        Self { api, messages, running: HashMap::new(), export: None, config_file, tasks: JoinSet::new() }
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
        let (keep, cancelled) = oneshot::channel::<()>();
        self.export = Some((id, keep));
        self.tasks.spawn(async move {
            // An export arrives in many small chunks. Sends at most one message per percent or, if the exact total
            // is unknown, per 1 000 rows.
            let mut reported = None;
            let report = move |progress: Progress| {
                let step = progress.percent().map_or(progress.rows / 1_000, u64::from);
                if reported.replace(step) != Some(step) {
                    let _ = progress_messages.send(Message::Progress(id, progress));
                }
            };
            // The last step of the export publishes the file and contains no await point. The result therefore always
            // says whether there is a file, even if the export was cancelled at the last moment.
            let result = tokio::select! {
                biased;
                _ = cancelled => None,
                result = api.export(export, report) => Some(result),
            };
            let _ = messages.send(Message::Exported(id, result));
        });
    }

    pub(crate) fn cancel(&mut self, id: RequestId) {
        if let Some(task) = self.running.remove(&id) {
            task.abort();
        }
        self.export.take_if(|(export, _)| *export == id);
    }

    pub(crate) fn save_view(&mut self, name: String, search: Option<String>) {
        let (file, messages) = (self.config_file.clone(), self.messages.clone());
        self.tasks.spawn(async move {
            let result = match file {
                None => Err("there is no config file; set HOME or --config".to_owned()),
                Some(file) => {
                    let shown = file.display().to_string();
                    let saved = spawn_blocking(move || settings::save_view(&file, &name, search.as_deref())).await;
                    saved.map_err(std::io::Error::other).flatten().map_err(|error| format!("{shown}: {error}"))
                }
            };
            let _ = messages.send(Message::ViewsSaved(result));
        });
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
