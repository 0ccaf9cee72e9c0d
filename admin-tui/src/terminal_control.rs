//! Operations on the terminal other than drawing and reading.

use crate::secret::Secret;

pub trait TerminalControl {
    /// Copies a text to the terminal's clipboard. Returns whether it was sent.
    fn copy(&mut self, text: &Secret) -> bool;

    /// Starts a synchronized update: the terminal shows nothing new until the frame is complete.
    fn begin_frame(&mut self);

    fn end_frame(&mut self);

    /// Restores the terminal and stops this process, as a job of the shell, until it is resumed.
    fn suspend(&mut self);

    /// Takes the terminal back after this process was resumed, whatever state it is in.
    fn reacquire(&mut self);
}
