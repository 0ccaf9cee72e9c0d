//! Operations on the terminal other than drawing and reading.

use crate::secret::Secret;

pub trait TerminalControl {
    /// Copies a text to the terminal's clipboard. Returns whether it was sent.
    fn copy(&mut self, text: &Secret) -> bool;

    /// Saves the theme with this name for the next start.
    fn keep_theme(&mut self, name: &'static str);

    /// Starts a synchronized update: the terminal shows nothing new until the frame is complete.
    fn begin_frame(&mut self);

    fn end_frame(&mut self);

    /// Restores the terminal and stops this process until the shell resumes it.
    fn suspend(&mut self);

    /// Takes control of the terminal again after this process was resumed. The terminal may be in any state.
    fn reacquire(&mut self);
}
