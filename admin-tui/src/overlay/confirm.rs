//! A question before something that cannot be undone. It names the thing; what is worst is done only when the thing's name
//! was written.

use crate::{
    backend::Call,
    escape::visible,
    field::Field,
    keymap::{Binding, Command, Key, bind},
    message::{Reply, RequestId},
    model::{Cx, Tone},
    screen::Page,
};

/// What a yes does.
#[derive(Debug, Clone)]
pub enum Act {
    /// Asks the server, says so when it is done, and loads the screen afresh; `leave` leaves the screen first.
    Call {
        /// What is asked.
        call: Box<Call>,
        /// What is said when it is done.
        done: String,
        /// Whether what the screen shows is gone then.
        leave: bool,
    },
    /// Leaves the screen.
    Leave,
    /// Ends the app.
    Quit,
}

/// The question.
#[derive(Debug)]
pub struct Confirm {
    /// The question in short.
    pub title: String,
    /// What it is about.
    pub lines: Vec<(Tone, String)>,
    /// What a yes is called.
    pub verb: &'static str,
    /// Whether a yes destroys.
    pub destroys: bool,
    /// What must be written, and what was.
    pub name: Option<(String, Field)>,
    /// Why the server refused.
    pub error: Option<String>,
    act: Act,
    pending: Option<RequestId>,
}

impl Confirm {
    /// A question about something that destroys.
    #[must_use]
    pub fn destroying(title: String, verb: &'static str, lines: Vec<(Tone, String)>, act: Act) -> Self {
        Self { title, lines, verb, destroys: true, name: None, error: None, act, pending: None }
    }

    /// A question about a change that can be changed back.
    #[must_use]
    pub fn changing(title: String, verb: &'static str, lines: Vec<(Tone, String)>, act: Act) -> Self {
        Self { destroys: false, ..Self::destroying(title, verb, lines, act) }
    }

    /// Wants the thing's name written before a yes counts.
    #[must_use]
    pub fn by_name(mut self, name: &str) -> Self {
        self.name = Some((name.to_owned(), Field::default()));
        self
    }

    /// Whether a yes counts now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let written = |(name, field): &(String, Field)| {
            let text = field.text().trim();
            // A name may hold characters that nobody can write: then it is written as it is shown.
            text == name.trim() || text == visible(name.trim())
        };
        self.pending.is_none() && self.name.as_ref().is_none_or(written)
    }
}

impl Page for Confirm {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn commands(&self, _may_change: bool) -> Vec<Binding> {
        const CANCEL: &str = "leave everything as it is";
        let mut bindings = Vec::new();
        if self.name.is_some() {
            bindings.push(bind(&[Key::Enter], Command::Submit, self.verb, "do it, once the name is written"));
            bindings.push(bind(&[Key::Esc], Command::Back, "cancel", CANCEL));
        } else {
            // Not Enter: it is what hands press without reading.
            bindings.push(bind(&[Key::Char('y')], Command::Submit, self.verb, "do it"));
            bindings.push(bind(&[Key::Esc, Key::Char('n'), Key::Char('q')], Command::Back, "cancel", CANCEL));
        }
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut Cx<'_>) {
        match command {
            Command::Submit if self.is_ready() => match &self.act {
                Act::Call { call, .. } => {
                    self.error = None;
                    self.pending = Some(cx.ask(call.as_ref().clone()));
                }
                Act::Leave => {
                    cx.close_dialog();
                    cx.back();
                }
                Act::Quit => cx.quit(),
            },
            Command::Back => {
                if let Some(id) = self.pending.take() {
                    cx.cancel(id);
                    cx.toast(Tone::Warn, "No longer waiting: the server may have done it already");
                    cx.reload();
                }
                cx.close_dialog();
            }
            _ => {}
        }
    }

    fn load(&mut self, _cx: &mut Cx<'_>) {}

    fn settle(&mut self, reply: Reply, cx: &mut Cx<'_>) -> Option<Reply> {
        if self.pending != Some(reply.id) {
            return Some(reply);
        }
        self.pending = None;
        match (reply.result, &self.act) {
            (Ok(_), Act::Call { done, leave, .. }) => {
                cx.close_dialog();
                cx.toast(Tone::Good, done.clone());
                if *leave {
                    cx.back();
                } else {
                    cx.reload();
                }
            }
            (Ok(_), _) => cx.close_dialog(),
            (Err(error), _) => self.error = Some(error.to_string()),
        }
        None
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn is_editing(&self) -> bool {
        self.name.is_some()
    }

    fn field(&mut self) -> Option<&mut Field> {
        self.name.as_mut().map(|(_, field)| field)
    }
}
